"""Searches on sampled pixels against slow ones."""

import numpy as np
import pytest

from landseer.core.classes import ClassTable
from landseer.select import SelectConfig
from landseer.select.crossfit import Judge
from landseer.select.judged import find_judged
from landseer.select.library import Library, draw_library
from landseer.select.search import (
    Searcher,
    best_step,
    class_curve,
    greedy_path,
    simplex_shares,
    weighted_matrix,
)
from landseer.select.way import Rule, Way, columns_of, count_ways

THREE = ClassTable(("a", "b", "c"), (0, 1, 2))


def make_searcher(classes, n=400, n_columns=4, options=(None,), metric="iou_macro", seed=1):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, len(classes), n).astype(np.uint8)
    said = []
    for _ in range(n_columns):
        p = rng.dirichlet([1.0] * len(classes), n).T + 0.3 * np.eye(len(classes))[truth].T
        said.append((p / p.sum(0))[1:])
    library = Library(
        truth,
        np.rint(np.stack(said) * 65535).astype(np.uint16),
        rng.integers(1, 5, n).astype(np.float64),
        np.zeros(n, np.int64),
    )
    judge = Judge(
        metric, classes, (None,) if options == (None,) else (None, *options), np.zeros(1, int)
    )
    return Searcher(judge, library, options)


def test_thresholds_are_counted_as_a_loop_counts_them():
    options = (0.0, 0.1, 0.25, 0.5, 0.9, 1.0)
    two = ClassTable(("a", "b"), (0, 1))
    searcher = make_searcher(two, options=options, metric="dice_b")
    foreground = searcher.library.column(0)
    curve = searcher.curve(foreground)
    for option, value in zip(options, curve, strict=True):
        matrix = searcher.matrix(foreground, Rule(option))
        assert value == pytest.approx(float(searcher.judge.curve(matrix)))


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_class_curve_is_what_deciding_anew_gives(exclusive):
    searcher = make_searcher(THREE)
    foreground = searcher.library.column(0)
    numbers = np.array([1.0, 1.3, 0.8]) if exclusive else np.array([0.45, 0.3])
    for number in (1, 2):
        grid, values = class_curve(searcher, foreground, numbers, number, exclusive=exclusive)
        for place in range(0, len(grid), 7):
            own = numbers.copy()
            own[number if exclusive else number - 1] = grid[place]
            rule = Rule(factors=tuple(own)) if exclusive else Rule(thresholds=tuple(own))
            slow = searcher.judge.curve(searcher.matrix(foreground, rule))
            assert values[place] == pytest.approx(float(slow), abs=1e-12)


def test_greedy_steps_are_the_best_of_all_single_additions():
    searcher = make_searcher(THREE)
    path, values = greedy_path(searcher, range(4), 4)
    for step in range(1, 5):
        tried = []
        for number in range(4):
            mixture = sum(searcher.library.column(i) for i in (*path[: step - 1], number)) / step
            tried.append(searcher.best(mixture)[0])
        assert values[step - 1] == pytest.approx(max(tried))
    assert best_step([0.1, 0.3, float("nan"), 0.3]) == 2


def test_shares_find_the_top_of_a_hill_and_stay_on_the_simplex():
    top = np.array([0.55, 0.05, 0.3, 0.1, 0.0])
    found = simplex_shares(lambda shares: -float(((shares - top) ** 2).sum()), 5)
    assert found.sum() == pytest.approx(1) and found.min() >= 0
    assert np.abs(found - top).max() < 0.02
    np.testing.assert_allclose(simplex_shares(lambda shares: 1.0, 5), 0.2)


def test_a_sample_stands_for_all_and_does_not_grow_with_them(build_world, classes):
    sizes = []
    for n, side in ((24, 20), (24, 60)):
        world = build_world(f"w{side}", n=n, side=side, seeds=(0, 1))
        judged = find_judged(world.frame, world.oof, SelectConfig())
        columns = columns_of(judged)
        library = draw_library(judged, columns, classes, 2400, workers=1)
        sizes.append(library.said.nbytes)
        total = sum(label.size for label in world.truth.values())
        assert library.weight.sum() == pytest.approx(total)
        positive = sum(int(label.sum()) for label in world.truth.values())
        assert library.weight[library.truth == 1].sum() == pytest.approx(positive)
    assert sizes[1] <= 1.1 * sizes[0]
    # unbiased: the counts of many draws average to the exact ones
    way = Way((0.5, 0.5), Rule(0.3))
    exact = count_ways(judged, columns, [way], classes, workers=1)[:, 0].sum(0)
    judge = Judge("dice_kelp", classes, (None, 0.3), np.zeros(24, int))
    drawn = []
    for seed in range(5):
        library = draw_library(judged, columns, classes, 24_000, seed=seed, workers=1)
        average = (library.column(0) + library.column(1)) / 2
        drawn.append(Searcher(judge, library, (0.3,)).matrix(average, Rule(0.3)))
    np.testing.assert_allclose(np.mean(drawn, axis=0), exact, rtol=0.06)


def test_weighted_counts_are_loops():
    rng = np.random.default_rng(0)
    truth, decided = (rng.integers(0, 3, 50).astype(np.uint8) for _ in range(2))
    weight = rng.random(50)
    expected = np.zeros((3, 3))
    for t, d, w in zip(truth, decided, weight, strict=True):
        expected[t, d] += w
    np.testing.assert_allclose(weighted_matrix(truth, decided, weight, 3), expected)
