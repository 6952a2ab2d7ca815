"""What one member's training depends on, and the samples that each of its epochs sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.seeds import derive
from landseer.feed.loader import Loader
from landseer.feed.order import count_draws, draw_epoch, interleave
from landseer.feed.source import Source
from landseer.losses.targets import Balance
from landseer.models.targets import ONLY_MASK, TargetSpec
from landseer.train.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that one member's training depends on.

    Attributes:
        member: its name, e.g. `fold0_seed0`.
        folder: where it leaves its files.
        source: all samples; `train` and `held_out` are positions in it.
        weights: importance of each training sample, or None.
        monitor: the score whose best epoch is kept.
        seed: seed of weights, order and augmentation.
        targets: what is learnt.
        balance: whether the weights of several targets' losses are learnt too.
        soft: positions of pseudo-labelled samples.
        mix: their share of the draws of an epoch.
        soft_weight: factor of their loss.
    """

    member: str
    folder: Path
    source: Source
    train: tuple[int, ...]
    held_out: tuple[int, ...]
    weights: NDArray[np.float64] | None
    bands: tuple[Band, ...]
    classes: ClassTable
    monitor: str
    seed: int
    targets: Mapping[str, TargetSpec] = field(default_factory=lambda: dict(ONLY_MASK))
    balance: Balance = "fixed"
    soft: tuple[int, ...] = ()
    mix: float = 0.5
    soft_weight: float = 1.0

    def draws(self, n_draws: int | None) -> tuple[int, int]:
        """Return the labelled and the pseudo-labelled draws of an epoch of so many samples; see `count_draws`."""
        return count_draws(len(self.train), len(self.soft), n_draws, self.mix)


class Data(lightning.LightningDataModule):
    """Hand each epoch its own order of samples."""

    def __init__(self, job: Job, config: TrainConfig) -> None:
        super().__init__()
        self._job, self._config = job, config

    def train_dataloader(self) -> Any:
        """Return the draws of the current epoch."""
        job, config = self._job, self._config
        epoch = self.trainer.current_epoch if self.trainer is not None else 0
        weights = None if config.sampler == "uniform" else job.weights
        n_labelled, n_soft = job.draws(config.samples_per_epoch)
        order = draw_epoch(
            weights,
            len(job.train),
            n_labelled,
            job.seed,
            epoch,
            independent=config.sampler == "weighted_random",
        )
        drawn = np.asarray(job.train, np.int64)[order]
        if n_soft:
            seed = derive(job.seed, "pseudo-labels")
            mine = draw_epoch(None, len(job.soft), n_soft, seed, epoch)
            drawn = interleave(drawn, np.asarray(job.soft, np.int64)[mine])
        return Loader(
            job.source,
            drawn.tolist(),
            batch_size=config.batch_size,
            workers=_workers(config),
            drop_single=True,
        )

    def val_dataloader(self) -> Any:
        """Return the held-out samples, whole."""
        return Loader(
            self._job.source,
            self._job.held_out,
            batch_size=self._config.eval_batch_size or self._config.batch_size,
            workers=_workers(self._config),
        )


def _workers(config: TrainConfig) -> int:
    """Return how many threads read ahead."""
    if config.workers is not None:
        return config.workers
    return 8 if torch.cuda.is_available() else 2
