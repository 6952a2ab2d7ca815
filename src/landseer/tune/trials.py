"""What became of each trial, as tables and files tell it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from landseer.core.files import write_text
from landseer.metrics.evaluation import higher_is_better
from landseer.tune.ranges import label_of

State = Literal["done", "pruned", "failed", "stopped", "running", "waiting"]
"""`failed`: the trial itself raised; `stopped`: its process was killed, and the trial is tried again."""

COUNTED: tuple[State, ...] = ("done", "pruned", "failed")
"""States that count as one of the trials that the recipe asks for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended, as the process that worked on it says.

    Attributes:
        state: how.
        value: its score, more being better, where it is done.
        folds: its own score on each fold.
        error: why it failed.
        seconds: how long it took.
    """

    state: Literal["done", "pruned", "failed"]
    value: float = math.nan
    folds: dict[str, float] = field(default_factory=dict)
    error: str = ""
    seconds: float = math.nan


@dataclass(frozen=True, slots=True)
class Result:
    """One trial.

    Attributes:
        number: from 0, in the order in which trials began.
        state: what became of it.
        value: its score, more being better; NaN unless it is done.
        parameters: what was drawn, all of it.
        values: what stood in the recipe, by key.
        steps: its score so far after each fold (or epoch), by number of the step.
        folds: its own score on each fold.
        seconds: how long it took; NaN while it runs.
        error: why it failed.
        again_of: number of the stopped trial that it tries again.
    """

    number: int
    state: State
    value: float = math.nan
    parameters: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    steps: dict[int, float] = field(default_factory=dict)
    folds: dict[str, float] = field(default_factory=dict)
    seconds: float = math.nan
    error: str = ""
    again_of: int | None = None


def best_of(results: Sequence[Result]) -> Result | None:
    """Return the done trial of the highest score, the first of equals; None where none is done."""
    done = [one for one in results if one.state == "done" and not math.isnan(one.value)]
    return max(done, key=lambda one: (one.value, -one.number)) if done else None


def counted(results: Sequence[Result]) -> int:
    """Count the trials that ended by themselves."""
    return sum(one.state in COUNTED for one in results)


def shown(value: float, metric: str) -> float:
    """Return a trial's score as people know it: errors without the sign that makes more of them better."""
    return value if higher_is_better(metric) else -value


def write_trials(path: Path, results: Sequence[Result], metric: str) -> None:
    """Write `trials.csv`: one row per trial, one column per searched key and per fold.

    Args:
        path: the file.
        results: the trials.
        metric: the score that decided.

    Raises:
        WriteError: the file cannot be written.
    """
    keys = list(dict.fromkeys(key for one in results for key in one.values))
    folds = sorted({fold for one in results for fold in one.folds}, key=_by_number)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    heads = ["trial", "state", "score", *keys, *(f"fold_{fold}" for fold in folds)]
    table.writerow([*heads, "seconds", "again_of", "error"])
    for one in results:
        again = "" if one.again_of is None else one.again_of
        row = [one.number, one.state, _figure(shown(one.value, metric))]
        row += [label_of(one.values[key]) if key in one.values else "" for key in keys]
        row += [_figure(one.folds.get(fold, math.nan)) for fold in folds]
        table.writerow([*row, _figure(one.seconds, 1), again, one.error.partition("\n")[0]])
    write_text(path, text.getvalue())


def _by_number(fold: str) -> tuple[int, str]:
    """Sort folds by their number."""
    return (int(fold), "") if fold.isdecimal() else (-1, fold)


def _figure(value: float, digits: int = 6) -> str:
    """Write a figure; nothing where there is none."""
    return "" if math.isnan(value) else f"{value:.{digits}f}"
