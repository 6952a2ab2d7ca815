"""A threshold is taken where it is clearly better than the greatest probability, and nowhere else."""

import numpy as np
import pytest

from landseer.metrics.bootstrap import interval
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score
from landseer.raster.write import write_raster
from landseer.select import SelectConfig
from landseer.select.choose import select

FAST = {"resamples": 200, "workers": 1, "metric": "dice_kelp"}
HALF = 32768

weights = pytest.mark.parametrize("weights", ["equal", "fitted", "greedy"])


def centred(world, middle=0.335):
    """Write the world's predictions again, so that their best threshold is near one half."""
    for (tta, seed, sample), q in world.probability.items():
        moved = np.clip(q.astype(int) + HALF - round(middle * 65535), 0, 65535).astype(np.uint16)
        world.probability[tta, seed, sample] = moved
        write_raster(world.oof[tta][seed] / f"{sample}.tif", moved)
    return world


@weights
def test_a_clear_gain_is_taken(build_world, classes, weights: str):
    world = build_world(seeds=(0, 1), noise={("none", 1): 0.14})
    config = SelectConfig(threshold="tune", weights=weights, **FAST)
    tuned = select(world.frame, world.oof, classes, config)
    config = config.model_copy(update={"threshold": "cautious"})
    cautious = select(world.frame, world.oof, classes, config)
    assert tuned.threshold == cautious.threshold == pytest.approx(0.3, abs=0.05)
    assert cautious.crossfit.value == tuned.crossfit.value


@weights
def test_what_may_be_chance_is_left(build_world, classes, weights: str):
    world = centred(build_world(side=6, n=8, n_groups=8))
    config = SelectConfig(threshold="tune", weights=weights, **FAST)
    tuned = select(world.frame, world.oof, classes, config)
    config = config.model_copy(update={"threshold": "cautious"})
    cautious = select(world.frame, world.oof, classes, config)
    assert tuned.threshold not in (None, 0.5)
    assert cautious.threshold is None
    assert {fold.threshold for fold in cautious.folds} == {None}
    config = config.model_copy(update={"threshold": "argmax"})
    greatest = select(world.frame, world.oof, classes, config)
    assert cautious.crossfit.value == greatest.crossfit.value
    rows = {one.option: one for one in cautious.options if one.choice == "decision"}
    assert list(rows) == ["argmax", "tuned", "cautious"]
    assert [row.taken for row in rows.values()] == [False, False, True]
    assert rows["tuned"].value == tuned.crossfit.value


@weights
def test_each_fold_is_decided_on_the_others(build_world, classes, weights: str):
    """A slow loop: what three folds say of thresholds chosen on two of them decides how the fourth is judged."""
    world = centred(build_world(n=16, n_groups=8, side=12, noise={("none", 0): 0.2}), 0.37)
    config = SelectConfig(
        threshold="cautious", threshold_step=0.05, level=0.3, weights=weights, **FAST
    )
    chosen = {f.fold: f.threshold for f in select(world.frame, world.oof, classes, config).folds}
    rows = list(zip(*(world.frame[c] for c in ("sample", "fold", "group")), strict=True))
    clear = {}
    for fold in sorted(chosen):
        mine = [row for row in rows if row[1] != fold]
        thresholds = {
            one: best(world, config, [s for s, f, _ in mine if f != one]) for _, one, _ in mine
        }
        tuned = [matrix(world, s, thresholds[f]) for s, f, _ in mine]
        greatest = [matrix(world, s, 0.5) for s, _, _ in mine]
        both = np.stack([tuned, greatest], axis=1)
        low, _ = interval(
            both,
            [group for _, _, group in mine],
            lambda m: dice(m[0]) - dice(m[1]),
            n=config.resamples,
            level=config.level,
            seed=0,
        )
        clear[fold] = low > 0
        expected = best(world, config, [s for s, _, _ in mine]) if low > 0 else None
        assert chosen[fold] == expected
    assert len(set(clear.values())) == 2


def matrix(world, sample, threshold):
    """Count one sample at a threshold."""
    said = world.probability["none", 0, sample] / 65535 >= threshold
    return confusion_matrix(world.truth[sample], said.astype(np.uint8), 2)


def dice(counts):
    """Score counts."""
    return score(counts, ("background", "kelp"))["dice_kelp"]


def best(world, config, samples):
    """Return the threshold that is best on some samples."""
    return max(config.thresholds, key=lambda t: dice(sum(matrix(world, s, t) for s in samples)))


@weights
def test_without_a_threshold_it_takes_what_is_best_without_one(build_world, classes, weights: str):
    """Views and shares that shine at their own threshold alone go with it: what is left is what `argmax` takes."""
    n_left = 0
    for seed in (10, 15, 17):
        world = misleading(
            build_world(f"w{seed}", n=16, ttas=("none", "flips"), side=16, n_groups=8), seed
        )
        config = SelectConfig(threshold="argmax", weights=weights, prefer="best", **FAST)
        greatest = select(world.frame, world.oof, classes, config)
        config = config.model_copy(update={"threshold": "cautious"})
        cautious = select(world.frame, world.oof, classes, config)
        if cautious.threshold is None:
            n_left += 1
            assert (cautious.tta, cautious.mix) == (greatest.tta, greatest.mix)
            assert cautious.optimistic.value == greatest.optimistic.value
        if {fold.threshold for fold in cautious.folds} == {None}:
            assert cautious.crossfit.value == greatest.crossfit.value
    assert n_left


def misleading(world, seed):
    """Write predictions anew: one set is right at one half; the other is better, but shifted, by place."""
    rng = np.random.default_rng(seed)
    shift = rng.normal(0, 0.12, 8)
    for row in world.frame.itertuples():
        label = world.truth[row.sample]
        noise = rng.normal(0, 0.3, label.shape)
        moved = 0.97 * noise - 0.1 + shift[int(row.group[1:])]
        for tta, one in (("none", noise), ("flips", moved)):
            p = np.clip(0.2 + 0.6 * label + one, 0, 1)
            write_raster(
                world.oof[tta][0] / f"{row.sample}.tif", np.rint(p * 65535).astype(np.uint16)
            )
    return world
