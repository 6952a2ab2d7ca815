"""One row of figures per epoch, in a CSV that a restart continues."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning

from landseer.core.files import atomic_path


class History(lightning.Callback):
    """Write `metrics.csv`: epoch, seconds, learning rate, and every logged figure."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[dict[str, str]] = []
        self._started: float | None = None
        self._validated = False

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Read the rows of the epochs that are already done."""
        if self._path.exists():
            with self._path.open(newline="", encoding="utf-8") as file:
                self._rows = list(csv.DictReader(file))

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Note when the epoch began."""
        self._started, self._validated = time.perf_counter(), False

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Note that the epoch has figures of its own."""
        self._validated = True

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Write the epoch's row; a restart ends its last epoch again, which is not counted."""
        if self._started is None:
            return
        figures: dict[str, Any] = {
            name: float(value)
            for name, value in trainer.callback_metrics.items()
            if self._validated or name.startswith("train/")
        }
        lr = trainer.optimizers[0].param_groups[0]["lr"]
        seconds = time.perf_counter() - self._started
        earlier = [row for row in self._rows if int(row["epoch"]) < trainer.current_epoch]
        row = {"epoch": str(trainer.current_epoch), "seconds": f"{seconds:.2f}", "lr": f"{lr:.6g}"}
        row |= {name: f"{value:.6g}" for name, value in sorted(figures.items())}
        self._rows = [*earlier, row]
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        with atomic_path(self._path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(self._rows)


def read_history(path: Path) -> list[dict[str, float]]:
    """Read `metrics.csv`: one dict of figures per epoch; empty cells are left out."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {name: float(value) for name, value in row.items() if value != ""}
            for row in csv.DictReader(file)
        ]
