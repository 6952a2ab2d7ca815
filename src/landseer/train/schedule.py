"""How the learning rate changes while a member trains."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer, lr_scheduler

from landseer.train.config import (
    Constant,
    Cosine,
    OneCycle,
    Plateau,
    ScheduleConfig,
    WarmRestarts,
)


def build_schedule(
    config: ScheduleConfig, optimiser: Optimizer, *, n_epochs: int, steps_per_epoch: int
) -> lr_scheduler.LRScheduler | None:
    """Build a schedule that moves with every change of the weights.

    Args:
        config: which schedule.
        optimiser: its first rate is the peak.
        n_epochs: epochs of the whole training.
        steps_per_epoch: changes of the weights per epoch.

    Returns:
        The schedule, or None for a constant rate and for a plateau (see `PlateauStepper`).
    """
    n_steps = max(2, n_epochs * steps_per_epoch)
    match config:
        case OneCycle():
            return _one_cycle(config, optimiser, n_steps)
        case Cosine():
            return _cosine(config, optimiser, n_steps)
        case WarmRestarts():
            return lr_scheduler.CosineAnnealingWarmRestarts(
                optimiser, config.first_epochs * steps_per_epoch, config.factor, config.end_lr
            )
        case Constant() | Plateau():
            return None


class PlateauStepper:
    """Lower the rate when the score no longer rises; looks at each epoch once, also after a restart.

    Args:
        config: after how many epochs, and by how much.
        optimiser: its rates are lowered.
        state: of an earlier one.
        every: how many epochs lie between two scores.
    """

    def __init__(
        self,
        config: Plateau,
        optimiser: Optimizer,
        state: dict[str, Any] | None = None,
        *,
        every: int = 1,
    ) -> None:
        self._schedule = lr_scheduler.ReduceLROnPlateau(
            optimiser,
            "max",
            config.factor,
            config.patience_epochs // every,
            threshold=0.0,
            min_lr=config.end_lr,
        )
        self._last_epoch = -1
        self.load(state)

    def step(self, epoch: int, value: float) -> None:
        """Look at the score of an epoch."""
        if epoch > self._last_epoch:
            self._last_epoch = epoch
            self._schedule.step(value)

    def state(self) -> dict[str, Any]:
        """Return what a restart needs."""
        return {"schedule": self._schedule.state_dict(), "epoch": self._last_epoch}

    def load(self, state: dict[str, Any] | None) -> None:
        """Take up an earlier state."""
        if state is not None:
            self._schedule.load_state_dict(state["schedule"])
            self._last_epoch = int(state["epoch"])


def _one_cycle(config: OneCycle, optimiser: Optimizer, n_steps: int) -> lr_scheduler.LRScheduler:
    """Build a rise and a fall; where the rise ends on the first step, it begins at the peak."""
    total, rise = n_steps + 1, config.rise
    is_at_once = rise * total == 1  # torch divides by the length of the rise
    return lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=float(optimiser.defaults["lr"]),
        total_steps=total,
        pct_start=rise * (1 - 1e-9) if is_at_once else rise,
        div_factor=config.start_divisor,
        final_div_factor=config.end_divisor,
        cycle_momentum=False,
    )


def _cosine(config: Cosine, optimiser: Optimizer, n_steps: int) -> lr_scheduler.LRScheduler:
    """Build a cosine with an optional warm-up."""
    n_warm = int(config.warmup * n_steps)
    cosine = lr_scheduler.CosineAnnealingLR(optimiser, n_steps - n_warm, config.end_lr)
    if n_warm == 0:
        return cosine
    warm = lr_scheduler.LinearLR(optimiser, 0.01, total_iters=n_warm)
    return lr_scheduler.SequentialLR(optimiser, [warm, cosine], milestones=[n_warm])
