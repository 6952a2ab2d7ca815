"""Means of the weights of one training, made while it goes on: EMA and SWA."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import WeightAveraging

from landseer.feed.loader import Batch
from landseer.train.config import AverageConfig, Ema, Swa
from landseer.train.module import TrainingModule
from landseer.train.norms import retake_norms, running_norms


def build_averaging(
    config: AverageConfig, *, lr: float, n_epochs: int, batches: Callable[[], Iterable[Batch]]
) -> WeightAveraging:
    """Build what keeps the mean of a training's weights.

    Args:
        config: recipe key `train.average`.
        lr: the optimiser's learning rate.
        n_epochs: of the whole training.
        batches: training samples of the current epoch, from which statistics are taken anew.
    """
    if isinstance(config, Ema):
        return WeightAveraging(multi_avg_fn=RunningMean(config.decay))
    return SwaAveraging(config, lr=lr, n_epochs=n_epochs, batches=batches)


class RunningMean:
    """A running mean whose decay grows with the number of steps, so that short trainings gain too."""

    def __init__(self, decay: float) -> None:
        self._decay = decay

    def __call__(
        self,
        means: list[torch.Tensor],
        currents: list[torch.Tensor],
        count: torch.Tensor | int,
    ) -> None:
        """Move the means towards the current tensors; flags and counters are copied."""
        decay = min(self._decay, (1 + float(count)) / (10 + float(count)))
        _move(means, currents, 1 - decay)


def equal_mean(
    means: list[torch.Tensor], currents: list[torch.Tensor], count: torch.Tensor | int
) -> None:
    """Let the current tensors enter an equal mean of `count` earlier ones; flags and counters are copied."""
    _move(means, currents, 1 / (float(count) + 1))


def _move(means: list[torch.Tensor], currents: list[torch.Tensor], share: float) -> None:
    """Move tensors of one type a share of the way."""
    if means[0].is_floating_point():
        torch._foreach_lerp_(means, currents, share)
    else:
        torch._foreach_copy_(means, currents)


def swa_start(config: Swa, n_epochs: int) -> int:
    """Return the first epoch, counted from 0, that has SWA's rate: the last one at the latest."""
    return min(n_epochs - 1, math.ceil(config.start * n_epochs))


def swa_rate(config: Swa, lr: float, position: float) -> float:
    """Return the learning rate of SWA.

    Args:
        config: of SWA.
        lr: the optimiser's learning rate.
        position: epochs since SWA began, with the fraction of the present one.

    Source: Izmailov et al. 2018, arXiv:1803.05407, section 3.1: within a cycle the rate falls in a line.
    """
    high = config.lr if config.lr is not None else lr / 2
    if config.end_lr is None:
        return high
    share = (position % config.cycle_epochs) / config.cycle_epochs or 1.0
    return (1 - share) * high + share * config.end_lr


class SwaAveraging(WeightAveraging):
    """Keep the equal mean of the weights at the end of each cycle, from an epoch on, along a rate of its own.

    Until the first cycle ends the weights themselves are validated and kept. The rate is a function of the step, and
    the mean is part of each checkpoint, so that a restart goes on as the unbroken training.

    Args:
        config: recipe key `train.average`.
        lr: the optimiser's learning rate.
        n_epochs: of the whole training.
        batches: training samples of the current epoch.
    """

    def __init__(
        self, config: Swa, *, lr: float, n_epochs: int, batches: Callable[[], Iterable[Batch]]
    ) -> None:
        super().__init__(multi_avg_fn=equal_mean)
        self._config, self._lr, self._batches = config, lr, batches
        self._start = swa_start(config, n_epochs)

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Set the rate of the coming step."""
        self._set_rate(trainer, batch_idx)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Take the weights at a cycle's end into the mean, before they are validated."""
        self._set_rate(trainer, batch_idx)
        if batch_idx + 1 < trainer.num_training_batches or self._average_model is None:
            return
        done = trainer.current_epoch + 1 - self._start
        if done > 0 and done % self._config.cycle_epochs == 0:
            self._average_model.update_parameters(pl_module)
            self._retake(pl_module)
        elif not int(self._average_model.n_averaged):
            self._average_model.module.load_state_dict(pl_module.state_dict())

    def _set_rate(self, trainer: lightning.Trainer, batch_idx: int) -> None:
        """Set the rate by the step, once SWA has begun."""
        epochs = trainer.current_epoch - self._start
        if epochs < 0:
            return
        position = epochs + (batch_idx + 1) / float(trainer.num_training_batches)
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = swa_rate(self._config, self._lr, position)

    def _retake(self, pl_module: lightning.LightningModule) -> None:
        """Take the statistics of the mean's batch norms anew; frozen ones stay."""
        if not isinstance(pl_module, TrainingModule):
            raise TypeError(f"expected a TrainingModule; got {type(pl_module).__name__}")
        layers = [layer for layer in running_norms(pl_module.model).values() if layer.training]
        self._swap_models(pl_module)
        retake_norms(pl_module, layers, self._batches())
        self._swap_models(pl_module)
