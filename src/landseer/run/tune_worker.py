"""A process that works on trials: it takes one after another from its master, and ends with it."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

from landseer.errors import LandseerError, StageError
from landseer.tune.trials import Outcome

Report = Callable[[int, float], bool]
"""Tell the master the score so far at a step, from 1; the answer says whether to end here."""


class PrunedError(Exception):
    """What an objective raises to end a trial that a report said should end."""


@dataclass(frozen=True, slots=True)
class Task:
    """A trial as a worker sees it.

    Attributes:
        number: of the trial.
        values: what stands in the recipe, by key.
        folder: for its files; there.
        again_of: number of the stopped trial that it tries again.
    """

    number: int
    values: dict[str, Any]
    folder: Path
    again_of: int | None = None


class Objective(Protocol):
    """What is done for a trial; it is sent to each worker once, and so must be picklable."""

    def prepare(self, n_workers: int) -> None:
        """Get this process ready: threads, libraries."""

    def __call__(self, task: Task, report: Report, folds: dict[str, float]) -> float:
        """Return the trial's score, more being better; note scores of folds as they are known.

        Raises:
            PrunedError: a report said that the trial should end.
        """


def work(link: Connection, objective: Objective, n_workers: int) -> None:
    """Work on trials until the master says that there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_master()
    objective.prepare(n_workers)
    while (task := link.recv()) is not None:
        with _logged(task.folder / "log.txt"):
            outcome = _run(objective, task, link)
        link.send(outcome)


def _run(objective: Objective, task: Task, link: Connection) -> Outcome:
    """Run one trial; whatever it raises is its outcome."""

    def report(step: int, value: float) -> bool:
        link.send((step, value))
        return bool(link.recv())

    started, folds = time.perf_counter(), dict[str, float]()
    try:
        value = objective(task, report, folds)
        if math.isnan(value):
            raise StageError("expected a score; it is undefined (0/0) on the samples of the study")
        outcome = Outcome("done", value, folds)
    except PrunedError:
        outcome = Outcome("pruned", folds=folds)
    except Exception as error:  # noqa: BLE001 - a trial that fails is one of the study's results
        traceback.print_exc()
        outcome = Outcome("failed", folds=folds, error=_said(error))
    return replace(outcome, seconds=time.perf_counter() - started)


def _said(error: Exception) -> str:
    """Return what an error says; one of ours in its own words."""
    return str(error) if isinstance(error, LandseerError) else f"{type(error).__name__}: {error}"


def _end_with_master() -> None:
    """End this process when its master is gone, however that ended."""
    master = multiprocessing.parent_process()
    if master is not None:
        threading.Thread(target=_watch, args=(master.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    """Wait for the master's end."""
    wait([sentinel])
    os._exit(1)


@contextlib.contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Let all that is written to stdout and stderr, by libraries too, go to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with path.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for place, saved in zip((1, 2), kept, strict=True):
            os.dup2(saved, place)
            os.close(saved)
