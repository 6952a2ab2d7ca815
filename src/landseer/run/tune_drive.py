"""Drive a study: hand trials to worker processes, and write down how each ends before the next begins."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from types import FrameType
from typing import Any

from landseer.errors import StageError
from landseer.run.tune_worker import Objective, Task, work
from landseer.tune.study import Asked, Study
from landseer.tune.trials import Outcome

BEAT_S = 60.0
"""Time between two signs of life, seconds."""

Told = Callable[[int, Outcome], None]
"""Hears how each trial ended."""


@dataclass(slots=True)
class Worker:
    """One process, and the trial that it works on."""

    process: BaseProcess
    link: Connection
    number: int | None = None


def drive(
    study: Study,
    objective: Objective,
    folder: Path,
    *,
    n_trials: int,
    n_workers: int,
    told: Told = lambda number, outcome: None,
) -> None:
    """Run trials until so many have ended by themselves, earlier calls' included.

    Args:
        study: proposes trials and remembers them.
        objective: what is done for each.
        folder: takes a folder per trial.
        n_trials: trials that end well, early or in an error.
        n_workers: processes.
        told: hears how each trial ended, after the study knows it.

    Raises:
        StageError: workers die before they have begun any trial, or the study's database is gone.

    Edges: a trial whose process is killed is begun again, up to three times; a trial that fails counts and the study
        goes on. However this ends, no process is left. Ctrl-C ends the workers at once, and what is being written
        down is first written to its end.
    """
    crew = _Crew(objective, n_workers)
    try:
        _run(study, crew, folder, n_trials, told)
    except BaseException:
        with _to_the_end():
            crew.kill()
        for worker in crew.workers:
            if worker.number is not None:
                with suppress(StageError):
                    study.stopped(worker.number)
        raise
    finally:
        crew.dismiss()


def trial_folder(folder: Path, number: int) -> Path:
    """Return the folder of a trial."""
    return folder / f"{number:04d}"


def _run(study: Study, crew: _Crew, folder: Path, n_trials: int, told: Told) -> None:
    """Hand out trials and take up what comes back."""
    beat = time.monotonic()
    while True:
        with _to_the_end():
            _hand_out(study, crew, folder, study.left(n_trials))
        busy = [worker for worker in crew.workers if worker.number is not None]
        if not busy:
            return
        for worker in crew.heard(busy, BEAT_S / 2):
            with _to_the_end():
                _hear(study, crew, worker, told)
        if time.monotonic() - beat > BEAT_S:
            beat = time.monotonic()
            with _to_the_end():
                study.say_alive()


@contextmanager
def _to_the_end() -> Iterator[None]:
    """Let Ctrl-C wait until what is being written down is written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []

    def wait_for_it(number: int, frame: FrameType | None) -> None:
        pressed.append(number)

    before = signal.signal(signal.SIGINT, wait_for_it)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def _hand_out(study: Study, crew: _Crew, folder: Path, left: int) -> None:
    """Give a trial to each worker that has none, as long as there are any."""
    for _ in range(left):
        worker = crew.idle()
        asked = None if worker is None else study.ask()
        if worker is None or asked is None:
            return
        worker.number = asked.number
        try:
            worker.link.send(_task(asked, folder))
        except OSError:
            study.stopped(asked.number)
            crew.lost(worker)


def _task(asked: Asked, folder: Path) -> Task:
    """Describe a trial to a worker, in the folder where a stopped one left its files."""
    mine = trial_folder(folder, asked.number)
    if asked.again_of is not None and trial_folder(folder, asked.again_of).is_dir():
        if not mine.exists():
            trial_folder(folder, asked.again_of).rename(mine)
    mine.mkdir(parents=True, exist_ok=True)
    return Task(asked.number, asked.values, mine, asked.again_of)


def _hear(study: Study, crew: _Crew, worker: Worker, told: Told) -> None:
    """Take up what one worker sent: a report, an outcome, or nothing any more."""
    number = worker.number
    if number is None:
        return
    try:
        came: Any = worker.link.recv()
        if not isinstance(came, Outcome):
            worker.link.send(study.report(number, *came))
            return
    except (EOFError, OSError):
        study.stopped(number)
        crew.lost(worker)
        return
    crew.has_worked = True
    worker.number = None
    study.end(number, came)
    told(number, came)


class _Crew:
    """The workers: as many as are wanted, each replaced when it is lost.

    Args:
        objective: sent to each.
        n_workers: how many.
    """

    def __init__(self, objective: Objective, n_workers: int) -> None:
        self.workers: list[Worker] = []
        self.has_worked = False
        self._objective, self._n_workers = objective, n_workers
        self._n_lost = 0

    def idle(self) -> Worker | None:
        """Return a worker without a trial, a new one where there are too few; None where all are busy."""
        free = next((worker for worker in self.workers if worker.number is None), None)
        if free is not None and free.process.is_alive():
            return free
        if free is not None:
            self.workers.remove(free)
        if len(self.workers) < self._n_workers:
            self.workers.append(self._begin())
            return self.workers[-1]
        return None

    def heard(self, busy: list[Worker], timeout_s: float) -> list[Worker]:
        """Wait until some workers have something to say."""
        ready = wait([worker.link for worker in busy], timeout_s)
        return [worker for worker in busy if worker.link in ready]

    def lost(self, worker: Worker) -> None:
        """Let a dead worker go.

        Raises:
            StageError: workers die one after another, and none has ended a trial.
        """
        self.workers.remove(worker)
        worker.number = None
        worker.process.join(5)
        self._n_lost += 1
        if not self.has_worked and self._n_lost > self._n_workers + 2:
            raise StageError(
                f"expected worker processes that work; {self._n_lost} died (exit code {worker.process.exitcode}) and "
                "none has ended a trial",
                where="tune.workers",
                do="give fewer workers or smaller batches, for memory may be short; trials/*/log.txt says more",
            )

    def dismiss(self) -> None:
        """Send the workers home."""
        for worker in self.workers:
            if worker.process.is_alive():
                try:
                    worker.link.send(None)
                except OSError:
                    continue
        for worker in self.workers:
            worker.process.join(10)
        self.kill()

    def kill(self) -> None:
        """End every worker at once."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.join()

    def _begin(self) -> Worker:
        """Start a process that Ctrl-C in the terminal does not reach, not even while it starts."""
        context = multiprocessing.get_context("spawn")
        mine, theirs = context.Pipe()
        process = context.Process(
            target=work, args=(theirs, self._objective, self._n_workers), daemon=True
        )
        ensure_running()  # where it starts within start(), it unblocks the signal
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        theirs.close()
        return Worker(process, mine)
