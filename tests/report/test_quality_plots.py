"""Quality figures of references: how much is known counts, low is bad; what they say is no quality."""

from __future__ import annotations

from pathlib import Path

from landseer.report.quality_plots import plain, quality_columns, quality_section

from .look_data import make_look


def test_only_what_is_known_of_a_reference_is_a_quality(tmp_path: Path) -> None:
    look = make_look(tmp_path)
    known = [0.9, 0.2, 1.0, 0.8, 0.7, 0.6]
    samples = look.samples.assign(
        ref_agl="a.tif", ref_agl_valid_pct=known, ref_agl_max=range(6), ref_agl_mean=range(6), ref_scale=range(6)
    )  # fmt: skip
    seen = make_look(tmp_path, samples=samples)
    columns = quality_columns(seen)
    assert "ref_agl_valid_pct" in columns
    assert not {"ref_agl_max", "ref_agl_mean", "ref_scale"} & set(columns)
    assert plain("ref_agl_valid_pct") == "known pixels of agl"
    assert plain("ref_agl_covered_pct") == "ground covered by agl"
    worst = next(part for part in quality_section(seen)["parts"] if part["kind"] == "table")
    row = next(row for row in worst["rows"] if row[0] == "known pixels of agl")
    assert row[2].startswith("s01 (20.0%), s05 (60.0%)")
