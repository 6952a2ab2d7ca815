"""Timing the operations of some steps: a trace for a browser, and a table for a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from torch.profiler import ProfilerActivity, profile

from landseer.core.files import atomic_path

TRACE, TABLE = "trace.json", "operations.txt"
"""Names of what is written: events for chrome://tracing or ui.perfetto.dev, and operations by the time they took."""

_ROWS = 60


class Profiler(lightning.Callback):
    """Time the operations of the first steps of a training but its very first, in which all is cold.

    Reading is timed with them: from the start of the second step to the end of the last, whatever lies between.
    It changes no weight. A training that goes on after it was killed is not timed again.

    Args:
        folder: where both files are written.
        n_steps: how many steps; fewer where the epoch has not so many.
    """

    def __init__(self, folder: Path, n_steps: int) -> None:
        self._folder, self._n_steps = folder, n_steps
        self._is_done = (folder / TABLE).exists()
        self._running: profile | None = None

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Start with the second step, or with the only one."""
        is_second = batch_idx == 1 or trainer.num_training_batches == 1
        if is_second and not self._is_done and self._running is None:
            running = profile(activities=_activities(), record_shapes=True, acc_events=True)
            running.start()
            self._running = running

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """End with the last step."""
        if batch_idx >= min(self._n_steps, trainer.num_training_batches - 1):
            self._end()

    def on_exception(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        exception: BaseException,
    ) -> None:
        """Stop timing without a file."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def _end(self) -> None:
        """Stop timing and write both files."""
        if self._running is None:
            return
        self._running.stop()
        with atomic_path(self._folder / TRACE) as temporary:
            self._running.export_chrome_trace(str(temporary))
        order = f"self_{'cuda' if torch.cuda.is_available() else 'cpu'}_time_total"
        table = self._running.key_averages().table(sort_by=order, row_limit=_ROWS)
        with atomic_path(self._folder / TABLE) as temporary:
            temporary.write_text(table, encoding="utf-8")
        self._running, self._is_done = None, True


def _activities() -> list[ProfilerActivity]:
    """Return what is timed: the processor, and the GPU where there is one."""
    gpu = [ProfilerActivity.CUDA] if torch.cuda.is_available() else []
    return [ProfilerActivity.CPU, *gpu]
