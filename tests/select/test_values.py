"""Choosing and judging real values: honest across folds, by groups, against slow loops over the arrays themselves."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.seeds import generator
from landseer.errors import DataError, FileReadError, UsageError
from landseer.feed.source import Item, Source
from landseer.models.targets import TargetSpec
from landseer.raster.write import write_raster
from landseer.select import SelectConfig, read_selection
from landseer.select.crossfit import make_parts
from landseer.select.value_counts import ALL_SEEDS, count_values
from landseer.select.values import add_values, select_values

from .value_world import (
    CONFIG,
    REFERENCES,
    SIDE,
    World,
    make_world,
    mean_of_seeds,
    slow_r2,
    slow_rmse,
)


def fold_noise(tta: str, seed: int, fold: int) -> float:
    """`d4` is a little better on folds 0 and 1 and much worse on fold 2, so that folds choose differently."""
    return 1.0 if tta == "none" else {0: 0.7, 1: 0.7, 2: 1.6}[fold]


def test_what_judges_a_fold_was_chosen_on_the_others(tmp_path: Path) -> None:
    world = make_world(tmp_path, noise=fold_noise)
    config = SelectConfig(metric="tall_r2", **CONFIG)
    chosen = select_values(world.trial, world.held, config, seed=1)
    fold_of = dict(zip(world.held.samples, world.held.folds, strict=True))
    tta_of_fold = {}
    for fold in range(3):
        others = [s for s, f in fold_of.items() if f != fold]
        scores = {t: slow_r2(world, "tall", others, lambda _, t=t: t) for t in ("none", "d4")}
        tta_of_fold[fold] = max(scores, key=scores.__getitem__)
    assert tta_of_fold == {0: "none", 1: "none", 2: "d4"}, "the made-up noise should do this"
    assert {fold.fold: fold.tta for fold in chosen.folds} == tta_of_fold
    samples = list(world.held.samples)
    honest = slow_r2(world, "tall", samples, lambda s: tta_of_fold[fold_of[s]])
    assert chosen.crossfit.value == pytest.approx(honest, rel=1e-6)
    assert chosen.scores["tall_r2"] == chosen.crossfit.value
    assert chosen.scores["shift_rmse"] == pytest.approx(
        slow_rmse(world, "shift", samples, lambda s: tta_of_fold[fold_of[s]]), rel=1e-5
    )
    everywhere = {t: slow_r2(world, "tall", samples, lambda _, t=t: t) for t in ("none", "d4")}
    assert chosen.tta == max(everywhere, key=everywhere.__getitem__)
    assert chosen.optimistic.value == pytest.approx(max(everywhere.values()), rel=1e-6)
    assert chosen.optimistic.value > chosen.crossfit.value, "the price of having chosen"
    for fold in chosen.folds:
        mine = [s for s, f in fold_of.items() if f == fold.fold]
        expected = slow_r2(world, "tall", mine, lambda _, t=fold.tta: t)
        assert fold.scores["tall_r2"] == pytest.approx(expected, rel=1e-6)
        assert fold.n_samples == len(mine) == 4
    assert (
        "on the other folds" in chosen.crossfit.counts
        and "12 out-of-fold" in chosen.crossfit.counts
    )
    assert chosen.notes == (
        "each sample was judged by the 1 member(s) of its fold; the model averages 3",
    )


def test_figures_of_groups_sites_samples_and_classes_of_height(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    held, samples = world.held, list(world.held.samples)
    chosen = select_values(
        world.trial, held, SelectConfig(metric="tall_rmse", tta="none", **CONFIG)
    )
    tta = chosen.tta
    for keys, got in ((held.groups, chosen.groups), (held.samples, chosen.samples)):
        assert set(got) == set(keys)
        for key, value in got.items():
            mine = [s for s, k in zip(samples, keys, strict=True) if k == key]
            fold = held.folds[samples.index(mine[0])]
            own = next(f.tta for f in chosen.folds if f.fold == fold)
            assert value == pytest.approx(
                slow_rmse(world, "tall", mine, lambda _, t=own: t), rel=1e-5
            )
    assert set(chosen.sites) == {"ARG", "ATL"} and chosen.n_groups == 6
    for site, scores in chosen.sites.items():
        mine = [s for s, k in zip(samples, held.sites, strict=True) if k == site]
        ttas = {s: chosen.folds[held.folds[samples.index(s)]].tta for s in mine}
        assert scores["tall_rmse"] == pytest.approx(
            slow_rmse(world, "tall", mine, ttas.__getitem__), rel=1e-5
        )
    mean = np.mean([scores["tall_r2"] for scores in chosen.sites.values()])
    assert chosen.scores["tall_r2_sites"] == pytest.approx(mean)
    flow = np.mean([scores["flow_r2"] for scores in chosen.sites.values()])
    assert chosen.scores["geopose_r2"] == pytest.approx((mean + flow) / 2)
    classes = chosen.height_classes["tall"]
    edges = [0, 2, 5, 10, 20, 40, np.inf]
    assert sum(one["n"] for one in classes.values()) == 12 * (SIDE**2 - 3)
    for (low, high), one in zip(pairwise(edges), classes.values(), strict=True):
        errors = []
        for s in samples:
            own = chosen.folds[held.folds[samples.index(s)]].tta
            truth = world.truth[s]["tall"]
            inside = (truth >= low) & (truth < high)
            errors.append((mean_of_seeds(world, own, s)["tall"] - truth)[inside])
        errors = np.concatenate(errors)
        assert one["n"] == len(errors)
        if len(errors):
            assert one["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
            assert one["bias"] == pytest.approx(errors.mean(), rel=1e-3, abs=1e-4)
    assert tta in ("none", "d4")


def test_of_errors_the_lower_is_better(tmp_path: Path) -> None:
    world = make_world(tmp_path, noise=lambda tta, seed, fold: 1.0 if tta == "none" else 0.5)
    for metric in ("tall_rmse", "tall_mae", "px_mae", "lean_error_deg", "flow_epe", "tall_r2"):
        chosen = select_values(world.trial, world.held, SelectConfig(metric=metric, **CONFIG))
        assert chosen.tta == "d4", metric
        tta = next(c for c in chosen.comparisons if c.choice == "tta")
        assert (tta.option, tta.against) == ("d4", "none")
        assert (tta.difference < 0) == (metric != "tall_r2")
        assert tta.difference == pytest.approx(tta.value - tta.against_value)


def test_a_bias_is_chosen_by_its_size(tmp_path: Path) -> None:
    world = make_world(tmp_path, n=6, n_groups=6)
    counts = count_values(world.trial, world.held.positions, workers=1)
    evaluation = world.trial.evaluation
    bias = {
        tta: evaluation.scores(counts[tta, ALL_SEEDS], world.held.sites)["tall_bias"]
        for tta in ("none", "d4")
    }
    chosen = select_values(world.trial, world.held, SelectConfig(metric="tall_bias", **CONFIG))
    assert chosen.tta == min(bias, key=lambda tta: abs(bias[tta]))


def slow_intervals(
    world: World, metric: str, counts: np.ndarray, n: int, seed: int
) -> tuple[float, float]:
    """Draw groups with replacement and pool their samples, one after the other."""
    held, evaluation = world.held, world.trial.evaluation
    names = sorted(set(held.groups))
    picks = generator(seed, "bootstrap").integers(len(names), size=(n, len(names)))
    values = []
    for pick in picks:
        rows = [i for number in pick for i, g in enumerate(held.groups) if g == names[number]]
        values.append(evaluation.scores(counts[rows], [held.sites[i] for i in rows])[metric])
    return tuple(np.quantile([v for v in values if v == v], [0.05, 0.95]))


@pytest.mark.parametrize("metric", ["tall_r2", "geopose_r2", "lean_error_deg_sites"])
def test_intervals_draw_whole_groups(tmp_path: Path, metric: str) -> None:
    world = make_world(tmp_path, ttas=("none",))
    config = SelectConfig(metric=metric, resamples=40, level=0.9, workers=1)
    chosen = select_values(world.trial, world.held, config, seed=7)
    counts = count_values(world.trial, world.held.positions, workers=1)["none", ALL_SEEDS]
    low, high = slow_intervals(world, metric, counts, 40, 7)
    assert (chosen.crossfit.low, chosen.crossfit.high) == pytest.approx((low, high), rel=1e-9)
    assert chosen.crossfit.level == 0.9 and low < chosen.crossfit.value < high
    assert chosen.intervals[metric] == chosen.crossfit
    assert set(chosen.intervals) == set(chosen.scores) == set(world.trial.evaluation.names)
    # samples of one group drawn one by one would say too little doubt
    alone = replace(world.held, groups=world.held.samples)
    narrow = select_values(world.trial, alone, config, seed=7)
    assert narrow.n_groups == 12 and narrow.crossfit.low != chosen.crossfit.low


def test_comparisons_are_paired(tmp_path: Path) -> None:
    """Both candidates have the same large errors: only their difference is certain."""
    world = make_world(
        tmp_path,
        seeds=(0, 1),
        shared=6,
        noise=lambda tta, seed, fold: 2.0 if tta == "none" else 1.5,
    )
    config = SelectConfig(metric="tall_rmse", resamples=100, workers=1)
    chosen = select_values(world.trial, world.held, config, seed=3)
    counts = count_values(world.trial, world.held.positions, workers=1)
    evaluation, held = world.trial.evaluation, world.held
    for choice, one, two in (
        ("tta", ("d4", ALL_SEEDS), ("none", ALL_SEEDS)),
        ("weights", ("none", ALL_SEEDS), ("none", 0)),
    ):
        got = next(c for c in chosen.comparisons if c.choice == choice)
        values = [evaluation.scores(counts[key], held.sites)["tall_rmse"] for key in (one, two)]
        assert (got.value, got.against_value) == pytest.approx(values)
        assert got.high < 0, f"{choice}: more views and more seeds are better"
        assert got.high - got.low < chosen.crossfit.high - chosen.crossfit.low
    weights = next(c for c in chosen.comparisons if c.choice == "weights")
    assert (weights.option, weights.against) == ("all seeds", "seed 0")


def test_several_seeds_are_averaged_each_target_as_it_wants(tmp_path: Path) -> None:
    world = make_world(tmp_path, seeds=(3, 5, 8), ttas=("none",))
    chosen = select_values(world.trial, world.held, SelectConfig(metric="tall_rmse", **CONFIG))
    samples, held = list(world.held.samples), world.held
    assert chosen.crossfit.value == pytest.approx(
        slow_rmse(world, "tall", samples, lambda _: "none"), rel=1e-5
    )
    errors = []
    for s in samples:
        said = mean_of_seeds(world, "none", s)["lean"]
        cosine = said @ world.truth[s]["lean"] / np.linalg.norm(said)
        errors.append(math.degrees(math.acos(min(1.0, cosine))))
    assert chosen.scores["lean_error_deg"] == pytest.approx(np.mean(errors), rel=1e-4)
    assert {(m.fold, m.seed) for m in chosen.members} == {
        (f, s) for f in range(3) for s in (3, 5, 8)
    }
    assert all(m.weight == 1 for m in chosen.members)
    for member in chosen.members:
        mine = [s for s, f in zip(samples, held.folds, strict=True) if f == member.fold]
        own = [world.said["none", member.seed, s]["tall"] - world.truth[s]["tall"] for s in mine]
        assert member.score == pytest.approx(np.sqrt(np.nanmean(np.square(own))), rel=1e-5)
    assert min(m.score for m in chosen.members) > chosen.crossfit.value
    assert "3 member(s)" in chosen.notes[0] and chosen.notes[0].endswith("averages 9")


def test_one_fold_is_cross_fitted_over_its_groups(tmp_path: Path) -> None:
    world = make_world(tmp_path, n_folds=1, noise=lambda tta, seed, fold: 1.0)
    chosen = select_values(world.trial, world.held, SelectConfig(metric="tall_r2", **CONFIG))
    parts = make_parts(world.held.folds, world.held.groups)
    assert [fold.fold for fold in chosen.folds] == [0, 1, 2, 3, 4]
    assert [fold.n_samples for fold in chosen.folds] == np.bincount(parts).tolist()
    samples = np.array(world.held.samples)
    for part, fold in enumerate(chosen.folds):
        others = samples[parts != part].tolist()
        scores = {t: slow_r2(world, "tall", others, lambda _, t=t: t) for t in ("none", "d4")}
        assert fold.tta == max(scores, key=scores.__getitem__)
    assert {m.fold for m in chosen.members} == {0}
    assert any("one fold only" in note for note in chosen.notes)


def test_one_group_cannot_be_cross_fitted_and_says_so(tmp_path: Path) -> None:
    world = make_world(tmp_path, n=4, n_folds=1, n_groups=1)
    chosen = select_values(world.trial, world.held, SelectConfig(metric="tall_r2", **CONFIG))
    assert math.isnan(chosen.crossfit.low) and "these very samples" in chosen.crossfit.counts
    assert chosen.crossfit.value == chosen.optimistic.value
    assert any("nothing could be cross-fitted" in note for note in chosen.notes)


def test_of_equal_views_the_cheaper_is_taken(tmp_path: Path) -> None:
    world = make_world(tmp_path, n=6, ttas=("none",))
    oof = {"none": world.trial.oof["none"], "d4": world.trial.oof["none"]}
    chosen = select_values(
        replace(world.trial, oof=oof), world.held, SelectConfig(metric="tall_r2", **CONFIG)
    )
    assert chosen.tta == "none" and {fold.tta for fold in chosen.folds} == {"none"}
    chosen = select_values(
        replace(world.trial, oof=dict(reversed(oof.items()))),
        world.held,
        SelectConfig(metric="tall_mae", **CONFIG),
    )
    assert chosen.tta == "d4"


def test_choices_that_do_not_apply_are_noted(tmp_path: Path) -> None:
    world = make_world(tmp_path, n=6)
    config = SelectConfig(metric="tall_r2", weights="fold_score", vote="hard", **CONFIG)
    chosen = select_values(world.trial, world.held, config)
    assert "select.weights" in chosen.notes[-1]
    assert (chosen.vote, chosen.threshold, {m.weight for m in chosen.members}) == (
        "soft",
        None,
        {1.0},
    )


def test_a_coarser_reference_is_compared_with_means(tmp_path: Path) -> None:
    specs = {"tall": TargetSpec(quantity="height", reference="coarse")}
    world = make_world(tmp_path, specs=specs, ttas=("none",))
    chosen = select_values(world.trial, world.held, SelectConfig(metric="tall_rmse", **CONFIG))
    # files without georeference cover the same ground: 4 pixels of the reference are 10 of the image
    errors = []
    for s in world.held.samples:
        said = world.said["none", 0, s]["tall"].astype(float)
        truth = world.trial.source.read(world.held.samples.index(s)).values["coarse"]
        fine = np.kron(said, np.ones((2, 2)))
        errors.append(fine.reshape(4, 5, 4, 5).mean((1, 3)) - truth)
    assert chosen.crossfit.value == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=0.05)


def test_unknown_metrics_and_metrics_without_a_value(tmp_path: Path) -> None:
    world = make_world(tmp_path, n=6)
    with pytest.raises(UsageError, match="geopose_r2; got 'dice_kelp'"):
        select_values(world.trial, world.held, SelectConfig(metric="dice_kelp", **CONFIG))
    blank = [
        Item(item.sample, item.image, None, {}, site=item.site) for item in world.trial.source.items
    ]
    source = Source(blank, (), ClassTable((), ()), references=REFERENCES)
    with pytest.raises(DataError, match="expected samples on which tall_r2 is defined"):
        select_values(
            replace(world.trial, source=source),
            world.held,
            SelectConfig(metric="tall_r2", **CONFIG),
        )


def test_missing_predictions_stop(tmp_path: Path) -> None:
    world = make_world(tmp_path, n=6)
    (world.trial.oof["d4"][0] / "tall" / "s03.tif").unlink()
    with pytest.raises(FileReadError):
        select_values(world.trial, world.held, SelectConfig(metric="tall_r2", **CONFIG))


def test_the_same_seed_gives_the_same_selection_and_it_comes_back(tmp_path: Path) -> None:
    world = make_world(tmp_path / "w", n=6)
    one = select_values(world.trial, world.held, SelectConfig(metric="tall_mae", **CONFIG), seed=2)
    two = select_values(
        world.trial, world.held, SelectConfig(metric="tall_mae", resamples=40, workers=3), seed=2
    )
    one.write(tmp_path / "selection.json")
    texts = {
        json.dumps(each.model_dump(), sort_keys=True)
        for each in (one, two, read_selection(tmp_path / "selection.json"))
    }
    assert len(texts) == 1


def test_scores_of_values_join_a_selection_that_a_mask_decided(tmp_path: Path) -> None:
    world = make_world(tmp_path, noise=lambda tta, seed, fold: 1.0 if tta == "none" else 0.5)
    base = select_values(world.trial, world.held, SelectConfig(metric="tall_r2", **CONFIG))
    decided = base.model_copy(
        update={
            "tta": "none",
            "scores": {"dice_kelp": 0.5},
            "intervals": {},
            "sites": {},
            "height_classes": {},
        }
    )
    joined = add_values(decided, world.trial, world.held, SelectConfig(metric="tall_r2", **CONFIG))
    bare = SelectConfig(metric="r2", **CONFIG)  # as a mask of another name than `mask` is judged
    assert add_values(decided, world.trial, world.held, bare) == joined
    samples = list(world.held.samples)
    expected = slow_rmse(world, "tall", samples, lambda _: "none")
    assert joined.scores["tall_rmse"] == pytest.approx(expected, rel=1e-5)
    assert joined.scores["dice_kelp"] == 0.5 and joined.tta == "none"
    assert (
        "dice_kelp" not in joined.intervals
        and "these very samples" in joined.intervals["tall_rmse"].counts
    )
    assert set(joined.sites) == {"ARG", "ATL"} and "tall" in joined.height_classes
    assert joined.model_dump(include={"members", "crossfit"}) == decided.model_dump(
        include={"members", "crossfit"}
    )


def test_bands_are_not_read(tmp_path: Path) -> None:
    world = make_world(tmp_path, n=6)
    for item in world.trial.source.items:
        write_raster(item.image, np.full((SIDE, SIDE), 7, np.uint8))
    with_bands = Source(
        world.trial.source.items, (Band("red", 1),), ClassTable((), ()), references=REFERENCES
    )
    one = count_values(world.trial, world.held.positions, workers=1)
    two = count_values(replace(world.trial, source=with_bands), world.held.positions, workers=2)
    assert (
        one.keys() == two.keys() == {("none", 0), ("d4", 0), ("none", ALL_SEEDS), ("d4", ALL_SEEDS)}
    )
    assert all(np.array_equal(one[key], two[key]) for key in one)
