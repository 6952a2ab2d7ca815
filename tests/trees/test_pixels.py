"""Which pixels are drawn, and that their weights stand for all pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from landseer.trees.config import PixelsConfig, TreesConfig
from landseer.trees.pixels import draw_pixels

IGNORED = 255


def kinds(truth: np.ndarray, usable: np.ndarray, n_classes: int, buffer_px: int) -> np.ndarray:
    """Name each pixel's kind by a slow loop: class number, -1 buffer, -2 rest, -9 not known."""
    found = np.full(truth.shape, -9)
    known = usable & (truth < n_classes)
    others = np.argwhere(known & (truth > 0))
    for row, col in np.argwhere(known):
        if truth[row, col]:
            found[row, col] = truth[row, col]
            continue
        apart = np.hypot(*(others - (row, col)).T).min(initial=np.inf)
        found[row, col] = -1 if buffer_px and apart <= buffer_px else -2
    return found


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    n_classes=st.integers(2, 4),
    buffer_px=st.integers(0, 4),
    rest=st.integers(1, 30),
    most=st.integers(1, 60),
    positives=st.sampled_from([1.0, 0.3]),
)
def test_every_kind_weighs_what_it_has(
    seed: int, n_classes: int, buffer_px: int, rest: int, most: int, positives: float
) -> None:
    rng = np.random.default_rng(seed)
    truth = np.where(rng.random((17, 13)) < 0.1, rng.integers(0, n_classes, (17, 13)), 0)
    truth = np.where(rng.random(truth.shape) < 0.1, IGNORED, truth).astype(np.uint8)
    usable = rng.random(truth.shape) < 0.9
    config = PixelsConfig(positives=positives, buffer_px=buffer_px, rest_per_sample=rest, most=most)
    drawn = draw_pixels(truth, usable, n_classes, config, rng)
    assert (np.diff(drawn.places) > 0).all()
    kind = kinds(truth, usable, n_classes, buffer_px).ravel()
    assert (kind[drawn.places] != -9).all()
    for one in set(kind) - {-9}:
        n, mine = (kind == one).sum(), kind[drawn.places] == one
        assert drawn.weight[mine].sum() == pytest.approx(n, rel=1e-5)
        limit = {-1: n, -2: rest}.get(one, max(1, round(n * positives)))
        assert mine.sum() == min(n, most, limit)


def test_a_weighted_sum_over_what_is_drawn_is_the_sum_over_all_pixels_on_average() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros((40, 40), np.uint8)
    truth[10:14, 20:30] = 1
    value = rng.normal(size=truth.shape) + np.linspace(0, 3, 40)
    config = PixelsConfig(buffer_px=3, rest_per_sample=40, positives=0.5)
    sums = []
    for _ in range(400):
        drawn = draw_pixels(truth, np.ones(truth.shape, bool), 2, config, rng)
        sums.append((value.ravel()[drawn.places] * drawn.weight).sum())
    error = np.std(sums) / np.sqrt(len(sums))
    assert abs(np.mean(sums) - value.sum()) < 4 * error
    assert error < 0.01 * value.sum()


def test_nothing_known_gives_nothing() -> None:
    truth = np.full((5, 5), IGNORED, np.uint8)
    drawn = draw_pixels(truth, np.ones((5, 5), bool), 2, PixelsConfig(), np.random.default_rng(0))
    assert len(drawn.places) == len(drawn.weight) == 0


def test_a_share_of_the_rest() -> None:
    truth = np.zeros((30, 30), np.uint8)
    config = PixelsConfig(rest_share=0.1)
    drawn = draw_pixels(truth, np.ones((30, 30), bool), 2, config, np.random.default_rng(0))
    assert len(drawn.places) == 90
    assert set(drawn.weight.tolist()) == {10.0}


def test_what_a_recipe_may_not_say() -> None:
    with pytest.raises(ValidationError, match="odd side"):
        TreesConfig(neighbourhood=(4,))
    with pytest.raises(ValidationError, match="each model once"):
        TreesConfig(models=("xgboost", "xgboost"))
