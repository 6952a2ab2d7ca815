"""Greedy mixtures, shares of many seeds and rules for each class, on made-up predictions."""

import itertools

import numpy as np
import pytest

from landseer.core.classes import ClassTable
from landseer.errors import UsageError
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score
from landseer.predict.oof import read_oof
from landseer.raster.write import write_raster
from landseer.select import SelectConfig
from landseer.select.choose import select
from landseer.select.way import Rule

FAST = {"resamples": 50, "workers": 1}
THREE = ClassTable(("field", "wood", "water"), (0, 1, 2))


def write_noise(world, n_classes, *, seed=3, side=20, rare=1.0):
    """Write labels and predictions that know nothing of each other."""
    rng = np.random.default_rng(seed)
    for row in world.frame.itertuples():
        shares = np.array([1.0] * (n_classes - 1) + [rare])
        label = rng.choice(n_classes, (side, side), p=shares / shares.sum()).astype(np.uint8)
        write_raster(row.label, label)
        for folders in world.oof.values():
            for folder in folders.values():
                planes = rng.dirichlet([1.0] * n_classes, (side, side)).transpose(2, 0, 1)[1:]
                write_raster(
                    folder / f"{row.sample}.tif", np.rint(planes * 65535).astype(np.uint16)
                )


def write_classes(world, noises, *, side=20):
    """Write three classes, the last one rare and predicted too faintly; noise by (set, seed)."""
    rng = np.random.default_rng(5)
    for row in world.frame.itertuples():
        label = rng.choice(3, (side, side), p=[0.5, 0.44, 0.06]).astype(np.uint8)
        write_raster(row.label, label)
        for (name, seed), noise in noises.items():
            logits = 2.0 * np.eye(3)[label] + rng.normal(0, noise, (side, side, 3))
            logits[..., 2] -= 1.5
            p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
            write_raster(
                world.oof[name][seed] / f"{row.sample}.tif",
                np.rint(p.transpose(2, 0, 1)[1:] * 65535).astype(np.uint16),
            )


def recount(world, chosen, n_classes, names):
    """Count a selection's cross-fitted pixels again, from its own words, in a slow loop."""
    folds = {fold.fold: fold for fold in chosen.folds}
    pooled = np.zeros((n_classes, n_classes), int)
    for row in world.frame.itertuples():
        judge = folds[row.fold]
        average = sum(
            part.share * read_oof(world.oof[part.tta][part.seed] / f"{row.sample}.tif")
            for part in judge.mix
        )
        rule = Rule(judge.threshold, judge.class_factors, judge.class_thresholds)
        label = world.labels(row)
        pooled += confusion_matrix(label, rule.decide(average.astype(np.float32)), n_classes)
    return score(pooled, names)


class Labelled:
    """A world whose labels are read from disk."""

    def __init__(self, world):
        self.frame, self.oof = world.frame, world.oof

    def labels(self, row):
        from landseer.raster.read import read_bands

        return read_bands(row.label)[0]


def test_greedy_takes_what_helps_and_its_score_can_be_counted_again(build_world, classes):
    noise = {("none", 0): 0.12, ("none", 1): 0.14, ("none", 2): 0.9, ("d4", 2): 0.9}
    noise |= {("d4", 0): 0.12, ("d4", 1): 0.3}
    world = build_world(seeds=(0, 1, 2), ttas=("none", "d4"), noise=noise)
    config = SelectConfig(metric="dice_kelp", weights="greedy", greedy_steps=8, **FAST)
    chosen = select(world.frame, world.oof, classes, config)
    shares = {(part.tta, part.seed): part.share for part in chosen.mix}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["none", 0] + shares["d4", 0] + shares.get(("none", 1), 0) > 0.7
    assert ("none", 2) not in shares and ("d4", 2) not in shares
    again = recount(Labelled(world), chosen, 2, classes.names)
    assert chosen.crossfit.value == pytest.approx(again["dice_kelp"], abs=2e-4)
    # the path: its first step is the best single prediction, and it is cut at its best step
    taken = [step for step in chosen.steps if step.taken]
    assert len(chosen.steps) == 8 and taken[-1].optimistic == max(
        s.optimistic for s in chosen.steps
    )
    assert [s.taken for s in chosen.steps] == sorted((s.taken for s in chosen.steps), reverse=True)
    worth = next(c for c in chosen.comparisons if c.choice == "weights")
    assert worth.against == "equal none" and worth.low > 0
    singles = {
        pair: select(
            world.frame,
            {pair[0]: {pair[1]: world.oof[pair[0]][pair[1]]}},
            classes,
            SelectConfig(metric="dice_kelp", **FAST),
        ).optimistic.value
        for pair in itertools.product(("none", "d4"), (0, 1, 2))
    }
    assert taken[0].optimistic == pytest.approx(max(singles.values()), abs=1e-9)
    assert chosen.optimistic.value > max(singles.values())


def test_bags_average_and_cheap_steps_are_preferred(build_world, classes):
    noise = {("none", 1): 0.121, ("none", 2): 0.122}
    world = build_world(seeds=(0, 1, 2), noise={**noise, ("none", 0): 0.02})
    base = {"metric": "dice_kelp", "weights": "greedy", "greedy_steps": 6, **FAST}
    bagged = select(
        world.frame, world.oof, classes, SelectConfig(greedy_bags=4, **{**base, "greedy_steps": 2})
    )
    assert sum(m.weight for m in bagged.members if m.fold == 0) == pytest.approx(1)
    cheap = select(
        world.frame, world.oof, classes, SelectConfig(prefer="cheapest_within_noise", **base)
    )
    best = select(world.frame, world.oof, classes, SelectConfig(**base))
    n_cheap, n_best = (sum(s.taken for s in one.steps) for one in (cheap, best))
    assert n_cheap <= n_best and cheap.weight_of(0, 0) >= best.weight_of(0, 0)


def test_many_seeds_are_fitted_between_the_grid_points(build_world, classes):
    noise = {("none", seed): spread for seed, spread in enumerate((0.1, 0.14, 0.3, 0.6))}
    world = build_world(seeds=(0, 1, 2, 3), noise=noise)
    config = SelectConfig(metric="dice_kelp", weights="fitted", threshold_step=0.02, **FAST)
    chosen = select(world.frame, world.oof, classes, config)
    shares = [chosen.weight_of(0, seed) for seed in range(4)]
    assert sum(shares) == pytest.approx(1) and min(shares) >= 0
    assert shares[0] > shares[2] and shares[0] > shares[3] and shares[3] < 0.1
    equal = select(world.frame, world.oof, classes, SelectConfig(metric="dice_kelp", **FAST))
    assert chosen.crossfit.value > equal.crossfit.value + 0.01
    assert next(c for c in chosen.comparisons if c.choice == "weights").option == "fitted"


@pytest.mark.parametrize("exclusive", [True, False])
def test_numbers_for_each_class_beat_the_greatest(build_world, exclusive):
    world = build_world()
    write_classes(world, {("none", 0): 1.0})
    config = SelectConfig(metric="iou_macro", threshold="per_class", **FAST)
    chosen = select(world.frame, world.oof, THREE, config, exclusive=exclusive)
    worth = next(c for c in chosen.comparisons if c.choice == "threshold")
    assert (worth.option, worth.against) == ("per class", "argmax") and worth.low > 0.01
    numbers = chosen.class_factors if exclusive else chosen.class_thresholds
    assert len(numbers) == (3 if exclusive else 2)
    if exclusive:
        assert numbers[0] == 1 and numbers[2] > 1.2  # the faint class is lifted
    else:
        assert numbers[1] < 0.5
    assert [curve.name for curve in chosen.class_curves] == ["wood", "water"]
    for curve in chosen.class_curves:
        assert max(curve.values) >= curve.values[curve.numbers.index(min(curve.numbers))]
    argmax = select(
        world.frame, world.oof, THREE, config.model_copy(update={"threshold": "argmax"})
    )
    assert argmax.crossfit.value == pytest.approx(worth.against_value)
    assert argmax.class_factors == () and argmax.class_curves == ()


NOISE_CASES = {
    "greedy": (2, {"weights": "greedy", "greedy_steps": 6}, tuple(range(8))),
    "fitted": (2, {"weights": "fitted"}, tuple(range(5))),
    "threshold": (2, {"threshold_step": 0.002}, (0,)),
    "factors": (12, {"threshold": "per_class"}, (0,)),
    "greedy classes": (
        3,
        {"weights": "greedy", "greedy_steps": 4, "threshold": "per_class"},
        tuple(range(8)),
    ),
}


@pytest.mark.parametrize("name", NOISE_CASES)
def test_noise_looks_better_than_chance_only_where_it_was_chosen(build_world, name):
    """Labels that nothing can know: choosing lifts the optimistic score, and never the cross-fitted one."""
    n_classes, options, seeds = NOISE_CASES[name]
    world = build_world(seeds=seeds, n=12, n_groups=12, side=8)
    write_noise(world, n_classes, side=8)
    table = ClassTable(tuple("abcdefghijkl"[:n_classes]), tuple(range(n_classes)))
    config = SelectConfig(
        metric="accuracy", resamples=200, workers=1, **{"threshold": "tune", **options}
    )
    chosen = select(world.frame, world.oof, table, config)
    chance = 1 / n_classes
    spread = np.sqrt(chance * (1 - chance) / (12 * 8 * 8))
    assert chosen.optimistic.value > chance + 1.4 * spread
    assert chosen.crossfit.value < chance + 1.3 * spread
    assert chosen.crossfit.value < chosen.optimistic.value
    if chosen.steps:
        assert chosen.steps[-1].crossfit < chance + 3 * spread


def test_hard_votes_are_refused(world, classes):
    with pytest.raises(UsageError, match="soft votes"):
        select(world.frame, world.oof, classes, SelectConfig(weights="greedy", vote="hard"))
