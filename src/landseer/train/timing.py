"""How long an epoch's steps wait for data, and how long they compute."""

from __future__ import annotations

import time
from typing import Any

import lightning.pytorch as lightning
import torch


class Timing(lightning.Callback):
    """Log the mean seconds of a step: `train/wait_s` until its data are there, `train/step_s` from then on.

    On a GPU a step ends when the processor has queued it, but for the loss, which it waits for; `train/gpu_mb` is the
    most of its memory that an epoch's steps held.
    """

    def __init__(self) -> None:
        self._last = self._waited = self._computed = 0.0

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start counting."""
        if pl_module.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(pl_module.device)
        self._last, self._waited, self._computed = time.perf_counter(), 0.0, 0.0

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count the time without data."""
        self._waited += self._lap()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count the time with data; log both with the epoch's last step, before its validation."""
        self._computed += self._lap()
        n = batch_idx + 1
        if n == trainer.num_training_batches:
            figures = {"train/wait_s": self._waited / n, "train/step_s": self._computed / n}
            if pl_module.device.type == "cuda":
                held = torch.cuda.max_memory_allocated(pl_module.device)
                figures["train/gpu_mb"] = held / 2**20
            pl_module.log_dict(figures, on_step=False, on_epoch=True, batch_size=1)

    def _lap(self) -> float:
        """Return the seconds since the last call."""
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        return seconds
