"""The study that remembers all trials and proposes the next."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landseer.core.files import json_number
from landseer.core.seeds import derive, generator
from landseer.errors import StageError
from landseer.tune.config import TuneConfig
from landseer.tune.optuna_library import FrozenTrial, TrialState, optuna, without_advice
from landseer.tune.process import is_alive, own_mark
from landseer.tune.space import Parameters, Search, Values, draw, grid, values_of
from landseer.tune.storage import close_storage, open_storage, reachable
from landseer.tune.trials import Outcome, Result, State, counted

ATTEMPTS = 3
"""How often a trial is begun whose process is killed each time."""

_NOTE = "landseer"


@dataclass(frozen=True, slots=True)
class Asked:
    """A trial to be run.

    Attributes:
        number: of the trial.
        values: what stands in the recipe, by key.
        again_of: number of the stopped trial that it tries again.
    """

    number: int
    values: Values
    again_of: int | None = None


@dataclass(slots=True)
class Study:
    """A study under way. One process speaks for all its workers, so that a file needs no lock.

    Attributes:
        kept: the study as Optuna knows it.
        search: ranges by key.
        seed: root of all draws.
        is_grid: whether every combination is tried once.
        storage: what keeps it.
    """

    kept: optuna.Study
    search: Search
    seed: int
    is_grid: bool = False
    storage: Any = None
    _open: dict[int, optuna.Trial] = field(default_factory=dict)

    def __enter__(self) -> Study:
        return self

    def __exit__(self, *_: object) -> None:
        close_storage(self.storage)

    def ask(self) -> Asked | None:
        """Begin a trial: a stopped one again, or a new one; None where a grid has no more."""
        with reachable():
            waiting = self.kept.get_trials(deepcopy=False, states=(TrialState.WAITING,))
            if self.is_grid and not waiting and not self._queue_combination():
                return None
            trial = self.kept.ask()
            note = dict(trial.user_attrs.get(_NOTE, {}))
            order = note.setdefault("order", trial.number)
            drawn = draw(self.search, trial, generator(self.seed, "order", order))
            self._open[trial.number] = trial
            self._note(trial.number, **note, parameters=drawn, process=own_mark())
            return Asked(trial.number, values_of(self.search, drawn), note.get("again_of"))

    def _queue_combination(self) -> bool:
        """Queue a combination that no trial has; False where all have been."""
        tried = [one.parameters for one in self.results()]
        for parameters in self._combinations():
            if parameters not in tried:
                self.kept.enqueue_trial(parameters)
                return True
        return False

    def _combinations(self) -> Iterator[Parameters]:
        """Yield every combination in an order that the seed decides."""
        every = list(grid(self.search))
        for position in generator(self.seed, "grid").permutation(len(every)):
            yield every[position]

    def queue(self, parameters: Parameters) -> None:
        """Let these be the parameters of the next trial, unless the study has begun."""
        with reachable():
            if not self.kept.get_trials(deepcopy=False):
                self.kept.enqueue_trial(parameters)

    def report(self, number: int, step: int, value: float) -> bool:
        """Note the score of a trial so far; say whether it should end here.

        Args:
            number: of the trial.
            step: from 1.
            value: more is better; NaN is worse than any.
        """
        with reachable():
            self._open[number].report(value, step)
            return bool(self._open[number].should_prune())

    def end(self, number: int, outcome: Outcome) -> None:
        """End a trial as its worker says: with a score, early, or in an error.

        Edges: a trial whose score is undefined has failed.
        """
        states = {
            "done": TrialState.COMPLETE,
            "pruned": TrialState.PRUNED,
            "failed": TrialState.FAIL,
        }
        is_done = outcome.state == "done"
        with reachable():
            self._note(
                number,
                folds=_numbers(outcome.folds),
                error=outcome.error,
                seconds=outcome.seconds,
            )
            self._tell(number, states[outcome.state], outcome.value if is_done else None)

    def stopped(self, number: int) -> None:
        """End a trial whose process is gone, and put it into the queue again."""
        with reachable():
            trials = {one.number: one for one in self.kept.get_trials(deepcopy=False)}
            again = any(_of(one).get("again_of") == number for one in trials.values())
            note = _of(trials[number])
            attempt = int(note.get("attempt", 1))
            if attempt >= ATTEMPTS:
                self._note(number, **note, error=f"its process was killed, {attempt} times")
            elif not again:
                self.kept.enqueue_trial(
                    trials[number].params,
                    user_attrs={
                        _NOTE: {
                            "again_of": number,
                            "attempt": attempt + 1,
                            "order": note.get("order", number),
                        }
                    },
                )
            self._tell(number, TrialState.FAIL)

    def stop_stale(self, *, alone: bool) -> list[int]:
        """End the trials of dead processes; return their numbers.

        Args:
            alone: whether no other process can be at work, so that every trial that runs is stale.
        """
        running = self.kept.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        others = [one for one in running if one.number not in self._open]
        stale = [one.number for one in others if alone or not _is_alive(one)]
        for number in stale:
            self.stopped(number)
        return stale

    def say_alive(self) -> None:
        """Leave a new mark with each trial that this process runs."""
        with reachable():
            for number in self._open:
                self._note(number, process=own_mark())

    def results(self) -> list[Result]:
        """Return every trial, in order."""
        with reachable():
            trials = self.kept.get_trials(deepcopy=False)
        again = {_of(one).get("again_of") for one in trials}
        return [_result(one, self.search, is_again=one.number in again) for one in trials]

    def left(self, n_trials: int) -> int:
        """Return how many trials are still to be begun, beside those that run."""
        results = self.results()
        return n_trials - counted(results) - sum(one.state == "running" for one in results)

    def _note(self, number: int, **figures: Any) -> None:
        """Add to what is known of a trial."""
        storage = self.kept._storage
        trial_id = storage.get_trial_id_from_study_id_trial_number(self.kept._study_id, number)
        kept = dict(storage.get_trial(trial_id).user_attrs.get(_NOTE, {}))
        storage.set_trial_user_attr(trial_id, _NOTE, kept | figures)

    def _tell(self, number: int, state: TrialState, value: float | None = None) -> None:
        """End a trial."""
        self._open.pop(number, None)
        self.kept.tell(number, value, state)


def open_study(
    config: TuneConfig,
    name: str,
    log: Path,
    *,
    key: str,
    seed: int,
    start: Parameters | None = None,
) -> Study:
    """Open the study of a run, or begin one.

    Args:
        config: recipe key `tune`.
        name: of the study.
        log: the file that keeps it where the recipe names no database.
        key: hash of all that makes scores comparable; a study of another key is refused.
        seed: root of all draws; where the recipe names a database, each process draws others.
        start: parameters of the first trial.

    Raises:
        UsageError: a library is missing.
        StageError: the database cannot be reached, or the study was begun with other ranges, folds or data.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with reachable(), without_advice():
        storage = open_storage(config.storage, log)
        known = [one.study_name for one in optuna.get_all_study_summaries(storage)]
        made = optuna.create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True
        )
        drawn = derive(seed, "sampler", len(made.get_trials(deepcopy=False)), *_whose(config))
        made.sampler = _sampler(config, drawn % 2**32)
        made.pruner = _pruner(config)
        if name not in known or "key" not in made.user_attrs:
            made.set_user_attr("key", key)
        elif made.user_attrs["key"] != key:
            raise StageError(
                "expected the ranges, folds, recipe and samples with which this study was begun; got others, so that "
                "its scores could not be compared",
                where=log if config.storage is None else f"study {name}",
                do="run it with --fresh to begin anew, or choose another folder with --out or another tune.study",
            )
    study = Study(made, config.search, seed, config.sampler == "grid", storage)
    study.stop_stale(alone=config.storage is None)
    if start is not None:
        study.queue(start)
    return study


def forget_study(config: TuneConfig, name: str) -> None:
    """Delete the study of a database, where there is one."""
    if config.storage is None:
        return
    with reachable():
        storage = open_storage(config.storage, Path())
        if name in [one.study_name for one in optuna.get_all_study_summaries(storage)]:
            optuna.delete_study(study_name=name, storage=storage)
        close_storage(storage)


def _sampler(config: TuneConfig, seed: int) -> Any:
    """Return who proposes parameters; a grid is queued, and nothing is left to propose."""
    if config.sampler == "tpe":
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(10, config.trials // 3))
    return optuna.samplers.RandomSampler(seed=seed)


def _pruner(config: TuneConfig) -> Any:
    """Return who ends trials early."""
    makers: dict[str, Callable[[], Any]] = {
        "median": lambda: optuna.pruners.MedianPruner(n_startup_trials=min(5, config.trials // 3)),
        "successive_halving": lambda: optuna.pruners.SuccessiveHalvingPruner(reduction_factor=2),
        "none": optuna.pruners.NopPruner,
    }
    return makers[config.pruner]()


def _whose(config: TuneConfig) -> tuple[object, ...]:
    """Tell this process from those of other machines at the same study, which must not propose the same trials."""
    return () if config.storage is None else (socket.gethostname(), os.getpid())


def _is_alive(trial: FrozenTrial) -> bool:
    """Say whether a process works on a trial; one that has just begun may have left no mark yet."""
    begun = trial.datetime_start
    return is_alive(_of(trial).get("process"), begun=None if begun is None else begun.timestamp())


def _of(trial: FrozenTrial) -> dict[str, Any]:
    """Return what was noted of a trial."""
    return dict(trial.user_attrs.get(_NOTE, {}))


def _result(trial: FrozenTrial, search: Search, *, is_again: bool) -> Result:
    """Describe a trial."""
    note = _of(trial)
    parameters = dict(note.get("parameters", {}))
    states: dict[TrialState, State] = {
        TrialState.COMPLETE: "done",
        TrialState.PRUNED: "pruned",
        TrialState.FAIL: "stopped" if is_again else "failed",
        TrialState.RUNNING: "running",
        TrialState.WAITING: "waiting",
    }
    return Result(
        number=trial.number,
        state=states[trial.state],
        value=math.nan if trial.state != TrialState.COMPLETE else float(trial.value or 0.0),
        parameters=parameters,
        values=values_of(search, parameters) if parameters else {},
        steps=dict(trial.intermediate_values),
        folds={k: math.nan if v is None else v for k, v in note.get("folds", {}).items()},
        seconds=float(note.get("seconds", math.nan)),
        error=str(note.get("error", "")),
        again_of=note.get("again_of"),
    )


def _numbers(folds: Mapping[str, float]) -> dict[str, float | None]:
    """Return scores as JSON can hold them."""
    return {name: json_number(v) for name, v in folds.items()}
