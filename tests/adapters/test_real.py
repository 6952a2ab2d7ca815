"""The folder adapter and the integrity check on real data sets, where they are at hand."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from landseer.adapters import (
    AdapterConfig,
    config_bands,
    config_classes,
    config_references,
    scan_samples,
)
from landseer.audit import examine as audit
from landseer.audit.same_place import add_groups, same_place
from landseer.audit.settings import SamePlaceConfig
from landseer.raster.read import read_bands
from landseer.splits import bar_overlaps, prove, split
from landseer.splits.config import StratifiedGroupKFoldConfig

DATA = Path(os.environ.get("LANDSEER_DATA", Path(__file__).parents[2] / "../shared/data"))
RGB = [{"name": name} for name in ("red", "green", "blue")]
DUBAI = {
    "building": "#3C1098",
    "land": "#8429F6",
    "road": "#6EC1E4",
    "vegetation": "#FEDD3A",
    "water": "#E2A929",
}
HLS = "coastal blue green red nir swir1 swir2 qa merit_dem dem worldcover occurrence".split()


def examine(name, **keys):
    if not (DATA / name).is_dir():
        pytest.skip(f"no {name} under {DATA}")
    config = TypeAdapter(AdapterConfig).validate_python(
        {"adapter": "folder", "root": DATA / name} | keys
    )
    frame, findings = scan_samples(config)
    checked, more = audit.examine(
        frame, config_bands(config), config_classes(config), references=config_references(config)
    )
    return checked, findings + more


@pytest.mark.real
def test_twelve_bands_with_png_labels():
    frame, findings = examine(
        "hls_water_12band", images="images/*.tif", labels="labels/*.png", bands=[{"name": name} for name in HLS],
        classes=[{"name": "land", "value": 0}, {"name": "water", "value": 1}],
    )  # fmt: skip
    assert len(frame) == 249
    assert frame["excluded"].isna().all()
    what = {"band is constant", "the same label as under another image"}
    assert {item.what for item in findings} == what
    assert frame["crs"].isna().all()


@pytest.mark.real
def test_rgb_coded_masks_of_several_sites():
    frame, findings = examine(
        "dubai_landcover", images="tile*/images/image_part_*.jpg", labels="tile*/masks/image_part_*.png", bands=RGB,
        classes=[{"name": name, "value": value} for name, value in DUBAI.items()], ignore=["#9B9B9B", "#000000"],
        site=r"^tile(\d+)/",
    )  # fmt: skip
    assert len(frame) == 63
    assert frame["excluded"].isna().all()
    assert {item.what for item in findings} <= {"image is striped", "images of several sizes"}
    assert sorted(set(frame["site"])) == list("1234567")


@pytest.mark.real
def test_georeferenced_plots():
    frame, findings = examine(
        "neon_idtrees_canopy", images="RGB/*.tif", bands=RGB, site=r"RGB/([A-Z]+)_"
    )
    assert len(frame) == 71
    assert set(frame["crs"]) == {"EPSG:32617"}
    assert set(frame["gsd_m"].round(6)) == {0.1}
    assert frame.geometry.notna().all()
    assert [item.what for item in findings] == [
        "files declare a nodata value that no band of the recipe has"
    ]


NODATA = -3.4e38
CANOPY = {
    "name": "canopy", "files": "CHM/*.tif", "unit": "m", "nodata": NODATA, "minimum": 0, "grid": "own",
}  # fmt: skip


def canopies():
    return examine(
        "neon_idtrees_canopy", images="RGB/*.tif", bands=[one | {"nodata": NODATA} for one in RGB],
        site=r"RGB/([A-Z]+)_", values=[CANOPY],
    )  # fmt: skip


@pytest.mark.real
def test_heights_ten_times_coarser_than_their_images():
    frame, findings = canopies()
    assert findings == []
    assert frame["excluded"].isna().all()
    np.testing.assert_allclose(frame["ref_canopy_covered_pct"], 1)
    for row in frame.to_dict("records"):
        heights = read_bands(Path(row["ref_canopy"]))[0]
        assert row["ref_canopy_valid_pct"] == 1
        assert row["ref_canopy_max"] == pytest.approx(float(heights.max()))
        assert row["ref_canopy_mean"] == pytest.approx(float(heights.mean(dtype=float)))
    # The data set's own README says: 0..37 m, mean 13.3 m; closed canopy at MLBS, open at OSBS.
    assert frame["ref_canopy_mean"].mean() == pytest.approx(13.3, abs=0.3)
    assert (frame["ref_canopy_min"].min(), round(frame["ref_canopy_max"].max())) == (0, 37)
    by_site = frame["ref_canopy_mean"].groupby(frame["site"]).mean()
    assert by_site["MLBS"] > 2 * by_site["OSBS"]


@pytest.mark.real
def test_plots_are_grouped_by_overlap_and_folds_hold_both_forests():
    frame, _ = canopies()
    listed = json.loads((DATA / "neon_idtrees_canopy" / "overlap_groups.json").read_text())
    there = set(frame["sample"])
    expected = {frozenset(group) & there for group in listed} - {frozenset()}
    found = same_place(frame, (), SamePlaceConfig(sites_are_places=False))
    groups = frame["sample"].groupby(frame["sample"].map(found.groups)).apply(frozenset)
    assert set(groups) == expected
    config = StratifiedGroupKFoldConfig(n_folds=5, strata=("site",))
    frame = bar_overlaps(split(add_groups(frame, found.groups), config, seed=42), found.pairs)
    counts = frame.groupby(["fold", "site"]).size().unstack()
    assert counts["MLBS"].tolist() == pytest.approx([7.8] * 5, abs=1)
    assert counts["OSBS"].tolist() == pytest.approx([6.4] * 5, abs=1)
    proof = prove(frame, found.pairs, config)
    assert (proof.cross_fold_pairs, proof.straddling_groups) == (0, 0)


@pytest.mark.real
def test_labels_of_another_size_are_excluded():
    frame, findings = examine(
        "neon_idtrees_canopy",
        images="RGB/*.tif",
        labels="CHM/*.tif",
        bands=RGB,
        classes=[{"name": "a", "value": 0}],
    )
    assert frame["excluded"].notna().all()
    assert "label 20 x 20, image 200 x 200 (rows x columns)" in {item.figure for item in findings}
