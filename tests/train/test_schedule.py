"""How the learning rate moves, in trainings of any length."""

from __future__ import annotations

import math

import pytest
import torch

from landseer.train.config import OneCycle
from landseer.train.schedule import build_schedule

PEAK = 0.01


def rates_of(config: OneCycle, n_steps: int) -> list[float]:
    """Return the rate before each step and after the last."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)
    schedule = build_schedule(config, optimiser, n_epochs=1, steps_per_epoch=n_steps)
    assert schedule is not None
    rates = [optimiser.param_groups[0]["lr"]]
    for _ in range(n_steps):
        optimiser.step()
        schedule.step()
        rates.append(optimiser.param_groups[0]["lr"])
    return rates


def expected(config: OneCycle, n_steps: int) -> list[float]:
    """Return the same from the formula: two half cosines that meet at the peak, a place between steps or on one."""
    peak_at = config.rise * (n_steps + 1) - 1
    first, last = PEAK / config.start_divisor, PEAK / config.start_divisor / config.end_divisor

    def rate(step: int) -> float:
        if peak_at > 0 and step <= peak_at:
            begin, end, share = first, PEAK, step / peak_at
        else:
            begin, end, share = PEAK, last, (step - peak_at) / (n_steps - peak_at)
        return end + (begin - end) / 2 * (1 + math.cos(math.pi * share))

    return [rate(step) for step in range(n_steps + 1)]


@pytest.mark.parametrize("rise", [0.1, 0.25, 0.3])
@pytest.mark.parametrize("n_steps", [2, 3, 8, 9, 10, 40])
def test_one_cycle_is_two_half_cosines(rise: float, n_steps: int) -> None:
    """A rise of a tenth of 10 rates, or a quarter of 4, ends where it begins."""
    config = OneCycle(rise=rise)
    assert rates_of(config, n_steps) == pytest.approx(expected(config, n_steps), rel=1e-6)
