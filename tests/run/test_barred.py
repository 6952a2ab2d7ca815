"""What a split bars from a fold does not train its members, and what is not used takes no part at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import geopandas as gpd
import pytest

from landseer.core.files import write_json
from landseer.feed.source import Source
from landseer.run.context import Run
from landseer.run.model_stages import Member, make_job, member_key, members_of, trainable
from landseer.samples.table import make_samples, write_samples

Open = Callable[..., Run]


@pytest.fixture
def run(open_demo: Open, data: Path) -> Run:
    """Return a run with a table of five samples: one barred, one put aside, one not used."""
    run = open_demo()
    write_samples(run.path("samples.parquet"), table(["", "0", "", "", "0 1"]))
    write_json(run.path("statistics.json"), {})
    return run


def table(barred: list[str]) -> gpd.GeoDataFrame:
    """Make the table."""
    records: list[dict[str, Any]] = [
        {
            "sample": f"s{n}", "side": "train", "image": f"/{n}.tif", "label": f"/{n}_y.tif", "height": 4, "width": 4,
            "fold": fold, "holdout": n == 3, "weight": 1.0, "barred": barred[n],
        }
        for n, fold in enumerate((0, 1, 1, -1, -1))
    ]  # fmt: skip
    return make_samples(records)


def test_a_member_is_trained_on_what_its_fold_allows(run: Run, tmp_path: Path) -> None:
    frame = trainable(run)
    assert list(frame["sample"]) == ["s0", "s1", "s2"]
    assert members_of(run) == [Member(0, 0), Member(1, 0)]
    jobs = [
        make_job(run, frame, cast(Source, None), member, tmp_path) for member in members_of(run)
    ]
    assert [(job.train, job.held_out) for job in jobs] == [((2,), (0,)), ((0,), (1, 2))]
    assert [len(job.weights) for job in jobs] == [1, 1]


def test_a_member_is_trained_anew_when_its_bars_change(run: Run) -> None:
    barred = member_key(run, Member(0, 0))
    write_samples(run.path("samples.parquet"), table(["", "", "", "", "0 1"]))
    assert member_key(run, Member(0, 0)) != barred
