"""A line per epoch on stderr: which member, how far, how well, how long."""

from __future__ import annotations

import sys
from typing import Any

import lightning.pytorch as lightning

from landseer.core.progress import Progress


class EpochLine(lightning.Callback):
    """Show the steps of an epoch as a bar, and the epoch's figures as one line."""

    def __init__(self, member: str, n_epochs: int) -> None:
        self._member, self._n_epochs = member, n_epochs
        self._bar: Progress | None = None
        self._validated = False

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the epoch's bar."""
        self._validated = False
        label = f"train {self._member} epoch {trainer.current_epoch + 1}/{self._n_epochs}"
        self._bar = Progress(label, int(trainer.num_training_batches))

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Advance the bar."""
        if self._bar is not None:
            self._bar.advance()

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Note that the epoch has a score of its own."""
        self._validated = True

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Say what the epoch reached; a restart ends its last epoch again, which is not said."""
        if self._bar is None:
            return
        figures = trainer.callback_metrics
        parts = [
            f"{name} {float(figures[key]):.4f}"
            for name, key in (("loss", "train/loss"), ("score", "monitor"))
            if key in figures and (self._validated or key != "monitor")
        ]
        end = "\x1b[2K\r" if sys.stderr.isatty() else ""
        sys.stderr.write(
            f"{end}train {self._member} epoch {trainer.current_epoch + 1}/{self._n_epochs}"
            f"  {'  '.join(parts)}\n"
        )
        sys.stderr.flush()
