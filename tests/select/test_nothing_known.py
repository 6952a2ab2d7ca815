"""A class that one fold alone holds: nothing can be chosen for that fold, and nothing stops."""

from pathlib import Path

import numpy as np
import pytest

from landseer.core.classes import ClassTable
from landseer.errors import DataError
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples
from landseer.select import SelectConfig
from landseer.select.choose import select

CLASSES = ClassTable(("land", "kelp", "rare"), (0, 1, 2))


@pytest.fixture
def world(tmp_path: Path):
    """Twelve samples of three folds and two seeds; the rare class lies in fold 0."""
    rng, records = np.random.default_rng(0), []
    oof = {"none": {seed: tmp_path / f"oof/seed{seed}" for seed in (0, 1)}}
    for i in range(12):
        sample, path = f"s{i}", tmp_path / f"labels/s{i}.tif"
        label = rng.integers(0, 2, (8, 8)).astype(np.uint8)
        if i % 3 == 0:
            label[:2] = 2
        write_raster(path, label)
        for folder in oof["none"].values():
            kelp = np.clip(0.3 + 0.4 * (label == 1) + rng.normal(0, 0.1, label.shape), 0, 0.9)
            p = np.stack([kelp, (0.02 + 0.9 * (label == 2)) * (1 - kelp)])
            write_raster(folder / f"{sample}.tif", np.rint(p * 65535).astype(np.uint16))
        place = {"height": 8, "width": 8, "fold": i % 3, "group": f"g{i}", "label": str(path)}
        records.append({"sample": sample, "side": "train", "image": "/none.tif", **place})
    return make_samples(records), oof


@pytest.mark.parametrize("threshold", ["argmax", "per_class"])
@pytest.mark.parametrize("weights", ["equal", "fitted", "greedy", "rank"])
def test_the_fold_is_judged_by_what_is_simplest(world, weights: str, threshold: str):
    frame, oof = world
    config = SelectConfig(
        metric="iou_rare", weights=weights, threshold=threshold, resamples=50, workers=1
    )
    selection = select(frame, oof, CLASSES, config)
    assert 0 < selection.crossfit.value <= 1
    assert any("nothing could be chosen for fold 0" in note for note in selection.notes)
    assert selection.folds[0].class_factors == ()
    assert bool(selection.class_factors) == (threshold == "per_class")


def test_a_metric_that_is_defined_nowhere_stops(world):
    frame, oof = world
    rest = frame[frame["fold"] != 0].reset_index(drop=True)
    for weights in ("equal", "fitted", "greedy"):
        config = SelectConfig(metric="iou_rare", weights=weights, resamples=50, workers=1)
        with pytest.raises(DataError, match="0/0 on all of them"):
            select(rest, oof, CLASSES, config)
