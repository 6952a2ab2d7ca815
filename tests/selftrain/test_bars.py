"""No sample without label teaches a fold that holds out its place, whatever the split is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from landseer.errors import StageError
from landseer.samples.table import make_samples
from landseer.selftrain.bars import may_teach, without_group
from landseer.splits import (
    ByTimeConfig,
    GroupKFoldConfig,
    LeaveOneSiteOutConfig,
    SpatialBlocksConfig,
    bar_overlaps,
    split,
)

NO_PAIRS = pd.DataFrame({"a": [], "b": []})


def table(rows: list[dict[str, Any]]) -> Any:
    """Make a sample table of `sample, side` and more."""
    records = []
    for row in rows:
        groups = {key: row[key] for key in row if key not in ("sample", "side")}
        fixed = {"image": f"/{row['sample']}.tif", "height": 8, "width": 8}
        records.append({"sample": row["sample"], "side": row["side"], **fixed, **groups})
    return make_samples(records)


def places(n: int) -> list[dict[str, Any]]:
    return [{"sample": f"a{i}", "side": "train", "group": f"g{i}", "label": "/l"} for i in range(n)]


def test_what_shows_a_held_out_place_does_not_teach_its_fold() -> None:
    rows = places(6)
    rows += [{"sample": f"t{i}", "side": "test", "group": f"g{i}"} for i in range(6)]
    rows += [{"sample": "u", "side": "test", "group": "far"}]
    config = GroupKFoldConfig(n_folds=3)
    frame = split(table(rows), config, 0)
    may = may_teach(frame, NO_PAIRS, config)
    fold = dict(zip(frame["sample"], frame["fold"], strict=True))
    position = {name: n for n, name in enumerate(frame["sample"])}
    for i in range(6):
        for k in range(3):
            assert may[position[f"t{i}"], k] == (fold[f"a{i}"] != k)
            assert may[position[f"a{i}"], k] == (fold[f"a{i}"] != k)
    assert may[position["u"]].all()


def test_a_strip_of_shared_ground_bars_too_and_what_is_put_aside_bars_everywhere() -> None:
    rows = places(8)
    rows += [
        {"sample": "t", "side": "test", "group": "x"},
        {"sample": "s", "side": "test", "group": "y"},
    ]
    config = GroupKFoldConfig(n_folds=3, holdout=0.25)
    frame = split(table(rows), config, 0)
    held = frame[(frame["side"] == "train") & ~frame["holdout"]].iloc[0]
    aside = frame[frame["holdout"]].iloc[0]["sample"]
    pairs = pd.DataFrame({"a": ["t", aside], "b": [held["sample"], "s"]})
    frame = bar_overlaps(frame, pairs)
    may = may_teach(frame, pairs, config)
    position = {name: n for n, name in enumerate(frame["sample"])}
    assert may[position["t"]].tolist() == [k != held["fold"] for k in range(3)]
    assert not may[position["s"]].any()


def test_a_sample_of_which_nobody_knows_the_place_teaches_nobody() -> None:
    rows = [*places(4), {"sample": "t", "side": "test", "group": None}]
    config = GroupKFoldConfig(n_folds=2)
    frame = split(table(rows), config, 0)
    assert not may_teach(frame, NO_PAIRS, config)[-1].any()
    assert without_group(frame) == ["t"]
    with pytest.raises(StageError, match="column group"):
        may_teach(frame.drop(columns="group"), NO_PAIRS, config)


def test_sites_blocks_buffers_and_dates_hold_for_samples_without_label() -> None:
    rows = []
    for i in range(8):
        spot = {
            "geometry": box(i, 0, i + 0.01, 0.01),
            "site": f"s{i % 4}",
            "date": f"2020-0{i + 1}-01",
        }
        rows.append({"sample": f"a{i}", "side": "train", "group": f"g{i}", "label": "/l", **spot})
        near = spot | {"geometry": box(i + 0.012, 0, i + 0.02, 0.01)}
        rows.append({"sample": f"t{i}", "side": "test", "group": f"h{i}", **near})
    frame = table(rows)
    configs = [
        LeaveOneSiteOutConfig(),
        SpatialBlocksConfig(block_m=50_000, n_folds=2),
        GroupKFoldConfig(n_folds=2, buffer_m=1000),
    ]
    for config in configs:
        done = split(frame, config, 0)
        may = may_teach(done, NO_PAIRS, config)
        fold = dict(zip(done["sample"], done["fold"], strict=True))
        position = {name: n for n, name in enumerate(done["sample"])}
        for i in range(8):
            assert not may[position[f"t{i}"], fold[f"a{i}"]], config.kind
        assert may.any(), config.kind
    config = ByTimeConfig(n_folds=3)
    done = split(frame, config, 0)
    may = may_teach(done, NO_PAIRS, config)
    for k in range(3):
        first = done["date"][done["fold"] == k].min()
        late = np.asarray((done["side"] == "test") & (done["date"] >= first))
        early = np.asarray((done["side"] == "test") & (done["date"] < first))
        assert not may[late, k].any()
        assert may[early, k].all()
