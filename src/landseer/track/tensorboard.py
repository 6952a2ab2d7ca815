"""TensorBoard curves and pictures, where TensorBoard is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import lightning.pytorch as lightning
import numpy as np
from numpy.typing import NDArray


def tensorboard_installed() -> bool:
    """Say whether TensorBoard can be imported."""
    return importlib.util.find_spec("tensorboard") is not None


class TensorBoard(lightning.Callback):
    """Write every logged figure of an epoch as a TensorBoard scalar."""

    def __init__(self, folder: Path) -> None:
        # TensorBoard is an extra and slow to import: only those who use it pay.
        from torch.utils.tensorboard import SummaryWriter

        self._folder = folder
        self._make_writer = SummaryWriter
        self._writer: SummaryWriter | None = None

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Open the log; what a killed run wrote beyond its last whole epoch is purged."""
        self._writer = self._make_writer(str(self._folder), purge_step=trainer.current_epoch)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Write the epoch's figures."""
        if self._writer is not None:
            for name, value in trainer.callback_metrics.items():
                self._writer.add_scalar(name, float(value), trainer.current_epoch)

    def add_image(self, name: str, image_hwc: NDArray[np.uint8], epoch: int) -> None:
        """Write a picture (h, w, 3) uint8."""
        if self._writer is not None:
            self._writer.add_image(name, image_hwc, epoch, dataformats="HWC")

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Close the log."""
        if self._writer is not None:
            self._writer.close()
