"""The selection as a whole, on made-up predictions."""

import math

import numpy as np
import pytest

from landseer.core.classes import ClassTable
from landseer.errors import FileReadError, StageError, UsageError
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score
from landseer.raster.write import write_raster
from landseer.select import SelectConfig, read_selection
from landseer.select.choose import select

FAST = {"resamples": 50, "workers": 1}


def test_threshold_beats_argmax_and_scores_are_true(world, classes):
    config = SelectConfig(metric="dice_kelp", threshold="tune", **FAST)
    chosen = select(world.frame, world.oof, classes, config)
    assert 0.2 < chosen.threshold < 0.45
    by_threshold = chosen.comparisons[0]
    assert (by_threshold.choice, by_threshold.option) == ("threshold", "tuned")
    assert by_threshold.difference > 0.1 and by_threshold.low > 0
    # recompute the honest score from the arrays
    thresholds = {fold.fold: fold.threshold for fold in chosen.folds}
    pooled = np.zeros((2, 2), int)
    for row in world.frame.itertuples():
        decided = world.probability["none", 0, row.sample] >= thresholds[row.fold] * 65535
        own = confusion_matrix(world.truth[row.sample], decided.astype(np.uint8), 2)
        pooled += own
        expected = score(own, classes.names)["dice_kelp"]
        assert chosen.samples[row.sample] == pytest.approx(expected, nan_ok=True)
    assert chosen.crossfit.value == pytest.approx(score(pooled, classes.names)["dice_kelp"])
    assert chosen.scores["dice_kelp"] == chosen.crossfit.value
    assert chosen.crossfit.low < chosen.crossfit.value < chosen.crossfit.high
    assert chosen.optimistic.value >= chosen.crossfit.value
    assert "on the other folds" in chosen.crossfit.counts
    assert (chosen.n_samples, chosen.n_groups, len(chosen.groups)) == (24, 12, 12)
    assert {(m.fold, m.weight) for m in chosen.members} == {(f, 1.0) for f in range(4)}


def test_better_symmetries_are_chosen_and_compared(build_world, classes):
    world = build_world(ttas=("none", "d4"), noise={("d4", 0): 0.06})
    config = SelectConfig(metric="dice_kelp", threshold="tune", **FAST)
    chosen = select(world.frame, world.oof, classes, config)
    assert chosen.tta == "d4"
    tta = next(c for c in chosen.comparisons if c.choice == "tta")
    assert (tta.option, tta.against) == ("d4", "none") and tta.low > 0
    assert [curve.tta for curve in chosen.curves] == ["none", "d4"]
    fixed = select(world.frame, world.oof, classes, SelectConfig(tta="none", **FAST))
    assert fixed.tta == "none" and len(fixed.curves) == 1


def test_fitted_shares_prefer_the_better_seed(build_world, classes):
    world = build_world(seeds=(0, 1), noise={("none", 1): 0.5})
    config = SelectConfig(metric="dice_kelp", weights="fitted", threshold_step=0.05, **FAST)
    chosen = select(world.frame, world.oof, classes, config)
    assert chosen.weight_of(0, 0) > 0.7 > chosen.weight_of(0, 1)
    assert chosen.weight_of(0, 0) + chosen.weight_of(0, 1) == pytest.approx(1)
    fitted = next(c for c in chosen.comparisons if c.choice == "weights")
    assert fitted.difference > 0.02


def test_fold_scores_become_weights(build_world, classes):
    world = build_world(seeds=(0, 1), noise={("none", 1): 0.3})
    config = SelectConfig(metric="dice_kelp", weights="fold_score", **FAST)
    chosen = select(world.frame, world.oof, classes, config)
    best = max(chosen.members, key=lambda member: member.score)
    worst = min(chosen.members, key=lambda member: member.score)
    assert (best.weight, best.seed, worst.weight, worst.seed) == (1.0, 0, pytest.approx(0.2), 1)
    assert any("fold score" in note for note in chosen.notes)


def test_hard_votes_use_a_member_threshold(build_world, classes):
    world = build_world(seeds=(0, 1, 2))
    config = SelectConfig(metric="dice_kelp", vote="hard", threshold_step=0.05, **FAST)
    chosen = select(world.frame, world.oof, classes, config)
    assert chosen.threshold == 0.5 and 0.2 < chosen.member_threshold < 0.45


def test_argmax_and_fixed_thresholds(world, classes):
    argmax = select(world.frame, world.oof, classes, SelectConfig(threshold="argmax", **FAST))
    assert argmax.threshold is None and argmax.curves == () and argmax.comparisons == ()
    fixed = select(world.frame, world.oof, classes, SelectConfig(threshold=0.48, **FAST))
    assert fixed.threshold == 0.48 and fixed.comparisons[0].option == "0.48"


def test_one_fold_is_cross_fitted_over_groups(build_world, classes):
    world = build_world(n_folds=1)
    chosen = select(world.frame, world.oof, classes, SelectConfig(**FAST))
    assert len(chosen.folds) == 5 and len(chosen.members) == 1
    assert any("one fold only" in note for note in chosen.notes)
    single = build_world("b", n_folds=1, n_groups=1)
    chosen = select(single.frame, single.oof, classes, SelectConfig(**FAST))
    assert math.isnan(chosen.crossfit.low) and "these very samples" in chosen.crossfit.counts


def test_many_classes(build_world, tmp_path):
    world = build_world(n=8)
    table = ClassTable(("a", "b", "c"), (0, 1, 2))
    rng = np.random.default_rng(0)
    for sample in world.truth:
        write_raster(
            tmp_path / "world" / "labels" / f"{sample}.tif",
            rng.integers(0, 3, (20, 20)).astype(np.uint8),
        )
        planes = rng.dirichlet([1, 1, 1], (20, 20)).transpose(2, 0, 1)[1:]
        write_raster(
            world.oof["none"][0] / f"{sample}.tif", np.rint(planes * 65535).astype(np.uint16)
        )
    chosen = select(world.frame, world.oof, table, SelectConfig(metric="iou_macro", **FAST))
    assert chosen.threshold is None
    assert 0.1 < chosen.crossfit.value < 0.35 and chosen.crossfit.value == chosen.optimistic.value
    with pytest.raises(UsageError, match="two classes"):
        select(world.frame, world.oof, table, SelectConfig(threshold=0.4))


def test_partly_predicted_folds_are_refused_and_missing_ones_left_out(world, classes):
    folder = world.oof["none"][0]
    frame = world.frame
    for sample in frame["sample"][frame["fold"] == 2]:
        (folder / f"{sample}.tif").unlink()
    chosen = select(frame, world.oof, classes, SelectConfig(**FAST))
    assert [fold.fold for fold in chosen.folds] == [0, 1, 3]
    assert "left out: 2" in chosen.notes[0]
    (folder / f"{frame['sample'][frame['fold'] == 1].iloc[0]}.tif").unlink()
    with pytest.raises(StageError, match="1 are missing"):
        select(frame, world.oof, classes, SelectConfig(**FAST))


def test_held_out_excluded_and_unlabelled_rows_are_not_judged(world, classes):
    frame = world.frame.copy()
    frame.loc[0, "excluded"] = "bad"
    frame.loc[1, "label"] = None
    frame.loc[2, "fold"] = -1
    frame.loc[3, "side"] = "test"
    assert select(frame, world.oof, classes, SelectConfig(**FAST)).n_samples == 20


def test_round_trip(world, classes, tmp_path):
    frame = world.frame
    write_raster(tmp_path / "labels" / "s000.tif", np.zeros((20, 20), np.uint8))
    write_raster(world.oof["none"][0] / "s000.tif", np.zeros((20, 20), np.uint16))
    chosen = select(frame, world.oof, classes, SelectConfig(**FAST))
    assert math.isnan(chosen.samples["s000"])
    chosen.write(tmp_path / "selection.json")
    again = read_selection(tmp_path / "selection.json")
    assert again.samples.keys() == chosen.samples.keys() and math.isnan(again.samples["s000"])
    update = {"samples": {}, "groups": {}}
    assert again.model_copy(update=update) == chosen.model_copy(update=update)
    assert again.groups == chosen.groups
    with pytest.raises(FileReadError, match="no such file"):
        read_selection(tmp_path / "other.json")


def test_same_seed_same_selection(world, classes):
    one = select(world.frame, world.oof, classes, SelectConfig(**FAST))
    two = select(world.frame, world.oof, classes, SelectConfig(resamples=50, workers=2))
    assert one == two


def test_unknown_symmetries_and_metrics(world, classes):
    with pytest.raises(UsageError, match=r"d4"):
        select(world.frame, world.oof, classes, SelectConfig(tta=["none", "d4"]))
    with pytest.raises(UsageError, match="dice_foreground"):
        select(world.frame, world.oof, classes, SelectConfig(metric="kappa"))


@pytest.mark.parametrize("weights", ["equal", "greedy"])
def test_passes_count_every_epoch_that_takes_part(build_world, classes, weights):
    world = build_world(ttas=("none+best1", "none"), seeds=(0, 1))
    config = SelectConfig(weights=weights, resamples=20, workers=1, metric="dice_kelp")
    selection = select(world.frame, world.oof, classes, config, n_epochs=3)
    passes = {one.option: one.passes for one in selection.options if one.choice == "views"}
    assert passes == {"none+best1": 2, "none": 6}
