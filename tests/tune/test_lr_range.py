"""The learning-rate range test on curves whose steepest fall is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from landseer.errors import DataError
from landseer.tune.config import LrRangeConfig
from landseer.tune.lr_range import conclude_range, ramp, runs_away, smooth, without_spikes

CONFIG = LrRangeConfig(low=1e-6, high=1.0, steps=121, smoothing=0.0)


def sigmoid_fall(rates: np.ndarray, at: float) -> np.ndarray:
    """A loss that falls from 1 to 0 around a rate, and blows up from 0.5 on."""
    x = np.log10(rates / at)
    return 1 / (1 + np.exp(6 * x)) + 5 * np.clip(np.log10(rates / 0.3), 0, None)


@pytest.mark.parametrize("at", [1e-4, 1e-3, 1e-2])
def test_the_steepest_fall_is_found(at: float) -> None:
    rates = ramp(CONFIG)
    found = conclude_range(rates, list(sigmoid_fall(rates, at)), CONFIG)
    assert found.is_falling
    assert found.suggested == pytest.approx(at, rel=0.15)
    assert at < found.lowest <= 0.4


def test_batches_without_the_class_are_no_fall() -> None:
    rates = ramp(CONFIG)
    losses = sigmoid_fall(rates, 1e-3)
    losses[[20, 21, 90]] = 0.0
    assert conclude_range(rates, list(losses), CONFIG).suggested == pytest.approx(1e-3, rel=0.15)
    assert (without_spikes(losses)[18:24] > 0.9).all()


def test_a_loss_that_only_rises_suggests_nothing() -> None:
    found = conclude_range(ramp(CONFIG), list(np.linspace(1, 2, 121)), CONFIG)
    assert not found.is_falling
    assert found.summary()["suggested"] is None
    assert "did not fall" in found.sentence()


def test_the_running_mean_of_a_constant_is_the_constant() -> None:
    assert smooth([3.0] * 20, 0.95) == pytest.approx(3.0)
    shares = 0.8 ** np.arange(9)
    slow = [np.average(np.arange(t + 1), weights=shares[t::-1]) for t in range(9)]
    assert smooth(list(range(9)), 0.8) == pytest.approx(slow)


def test_the_test_ends_when_the_loss_runs_away() -> None:
    config = LrRangeConfig(smoothing=0.5)
    calm = [1.0] * 30
    assert not runs_away(calm, config)
    assert runs_away([*calm, 40.0], config)
    assert not runs_away([1.0, 40.0], config)
    assert runs_away([1.0, math.nan], config)


def test_too_few_steps_say_nothing() -> None:
    with pytest.raises(DataError, match="at least 10 steps"):
        conclude_range(ramp(CONFIG), [1.0] * 5 + [math.inf], CONFIG)
