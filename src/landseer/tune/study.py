"""The study that remembers all trials and proposes the next: the one file that knows Optuna."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landseer.core.files import json_number
from landseer.core.seeds import derive, generator
from landseer.errors import StageError, UsageError
from landseer.tune.config import POSTGRESQL, TuneConfig
from landseer.tune.process import is_alive, own_mark
from landseer.tune.space import Parameters, Search, Values, draw, grid, parameters_of, values_of
from landseer.tune.trials import Outcome, Result, State, counted

try:
    import optuna
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import FrozenTrial, TrialState
except ImportError as error:
    raise UsageError(
        "expected Optuna for tuning; it is not installed", do="pip install 'landseer[tune]'"
    ) from error

ATTEMPTS = 3
"""How often a trial is begun whose process is killed each time."""

FEWEST = 4
"""Done trials from which importance says anything."""

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
        _close(self.storage)

    def ask(self) -> Asked | None:
        """Begin a trial: a stopped one again, or a new one; None where a grid has no more."""
        with _reachable():
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
        with _reachable():
            if not self.kept.get_trials(deepcopy=False):
                self.kept.enqueue_trial(parameters)

    def report(self, number: int, step: int, value: float) -> bool:
        """Note the score of a trial so far; say whether it should end here.

        Args:
            number: of the trial.
            step: from 1.
            value: more is better; NaN is worse than any.
        """
        with _reachable():
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
        with _reachable():
            self._note(
                number,
                folds=_numbers(outcome.folds),
                error=outcome.error,
                seconds=outcome.seconds,
            )
            self._tell(number, states[outcome.state], outcome.value if is_done else None)

    def stopped(self, number: int) -> None:
        """End a trial whose process is gone, and put it into the queue again."""
        with _reachable():
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
        stale = [one.number for one in others if alone or not is_alive(_of(one).get("process"))]
        for number in stale:
            self.stopped(number)
        return stale

    def say_alive(self) -> None:
        """Leave a new mark with each trial that this process runs."""
        with _reachable():
            for number in self._open:
                self._note(number, process=own_mark())

    def results(self) -> list[Result]:
        """Return every trial, in order."""
        with _reachable():
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
        seed: root of all draws.
        start: parameters of the first trial.

    Raises:
        UsageError: a library is missing.
        StageError: the database cannot be reached, or the study was begun with other ranges, folds or data.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with _reachable(), _without_advice():
        storage = _storage(config.storage, log)
        known = [one.study_name for one in optuna.get_all_study_summaries(storage)]
        made = optuna.create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True
        )
        n_trials = len(made.get_trials(deepcopy=False))
        made.sampler = _sampler(config, derive(seed, "sampler", n_trials) % 2**32)
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
    with _reachable():
        storage = _storage(config.storage, Path())
        if name in [one.study_name for one in optuna.get_all_study_summaries(storage)]:
            optuna.delete_study(study_name=name, storage=storage)
        _close(storage)


def importance_of(search: Search, results: Sequence[Result], seed: int = 0) -> dict[str, float]:
    """Return the share of the scores' variance that each parameter explains, the greatest first.

    Args:
        search: ranges by key.
        results: trials; those that are done count.
        seed: of the forest.

    Edges: {} for fewer than `FEWEST` done trials, or where all have one score.

    Source: fANOVA, Hutter, Hoos and Leyton-Brown 2014 (https://proceedings.mlr.press/v32/hutter14.html).
    """
    done = [one for one in results if one.state == "done" and math.isfinite(one.value)]
    if len(done) < FEWEST or len({one.value for one in done}) < 2:
        return {}
    distributions = {one.name: _distribution(one) for one in parameters_of(search)}
    copy = optuna.create_study(direction="maximize")
    for one in done:
        copy.add_trial(
            optuna.create_trial(params=one.parameters, distributions=distributions, value=one.value)
        )
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    with _without_advice():
        found = optuna.importance.get_param_importances(copy, evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}


def _distribution(one: Any) -> Any:
    """Return what Optuna calls the range of a parameter."""
    if one.numbers is None:
        return optuna.distributions.CategoricalDistribution(one.options)
    if one.numbers.is_whole:
        return optuna.distributions.IntDistribution(
            one.numbers.low, one.numbers.high, one.numbers.log, one.numbers.step or 1
        )
    return optuna.distributions.FloatDistribution(
        one.numbers.low, one.numbers.high, one.numbers.log, one.numbers.step
    )


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


def _storage(url: str | None, log: Path) -> Any:
    """Open a database, or a file that a killed process may have left in the midst of a line."""
    if url is None:
        log.parent.mkdir(parents=True, exist_ok=True)
        _mend(log)
        return JournalStorage(JournalFileBackend(str(log)))
    address = next(url.removeprefix(start) for start in POSTGRESQL if url.startswith(start))
    try:
        return RDBStorage(f"postgresql+pg8000://{address}", engine_kwargs={"pool_pre_ping": True})
    except ImportError as error:
        raise UsageError(
            f"expected SQLAlchemy and pg8000 for a database; {error}",
            where="tune.storage",
            do="pip install 'landseer[postgresql]'",
        ) from error


def _close(storage: Any) -> None:
    """Close the connections to a database."""
    if isinstance(storage, RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


def _mend(log: Path) -> None:
    """Take away the lock and the half line that a killed process may have left; the folder is this process's alone."""
    log.with_name(f"{log.name}.lock").unlink(missing_ok=True)
    if not log.exists():
        return
    with log.open("r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


@contextmanager
def _reachable() -> Iterator[None]:
    """Say in plain words that a database cannot be reached."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(("sqlalchemy", "pg8000", "optuna.exceptions")):
            raise
        reason = " ".join(str(error.__cause__ or error).split())[:200]
        raise StageError(
            f"expected a database that keeps the study; got: {reason}",
            where="tune.storage",
            do="check address, name and password, and run the same command again: nothing is lost",
        ) from error


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keep warnings about experimental parts of Optuna off the screen."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        yield


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
