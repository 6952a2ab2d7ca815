"""Rounds of self-training: what each scored on true labels, what it brought, and which one is best."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from landseer.core.files import atomic_path, json_number, read_json, write_json
from landseer.errors import FileReadError
from landseer.select.estimate import Estimate
from landseer.select.versus import Paired
from landseer.selftrain.config import StopConfig

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

COLUMNS = (
    "round", "folder", "score", "low", "high", "gain", "gain_low", "gain_high", "gain_on_0", "gain_on_0_low",
    "gain_on_0_high", "candidates", "chosen", "entropy", "probability", "helps", "best",
)  # fmt: skip
"""Of `rounds.csv`."""


class Taught(BaseModel):
    """The pseudo-labels of a round, over all folds."""

    model_config = _FROZEN

    candidates: int
    """Pseudo-labels made: one a sample and fold that it may teach."""
    chosen: int
    """Those that taught."""
    entropy: float
    """Mean entropy of these, as a share of the greatest possible."""
    probability: float
    """Mean of their highest class probabilities."""


class Round(BaseModel):
    """One round; number 0 is the run itself."""

    model_config = _FROZEN

    number: int
    """Number, from 0."""
    folder: str
    """Its run folder."""
    score: float
    """The score that decides, cross-fitted, on true labels alone."""
    low: float
    """Lower end of its interval; NaN where undefined."""
    high: float
    """Upper end."""
    taught: Taught | None = None
    """Its pseudo-labels; None for round 0."""
    gain: Estimate | None = None
    """What it brings beside the round before."""
    gain_on_first: Estimate | None = None
    """What it brings beside round 0."""


class Rounds(BaseModel):
    """All rounds of one run."""

    model_config = _FROZEN

    metric: str
    """The score that decides."""
    level: float
    """Coverage of the intervals."""
    teachers: str
    """Who taught: `same_fold`, or `all`, which makes scores too good."""
    stop: StopConfig
    """When rounds end."""
    rounds: tuple[Round, ...]
    """The rounds in order."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    @property
    def best(self) -> Round:
        """The last of those that helped, each beside the one before it; round 0 where none did."""
        best = self.rounds[0]
        for one in self.rounds[1:]:
            if not helps(one, self.stop):
                break
            best = one
        return best

    @property
    def is_over(self) -> bool:
        """Whether the last round did not help."""
        last = self.rounds[-1]
        return last.number > 0 and not helps(last, self.stop)


def helps(one: Round, stop: StopConfig) -> bool:
    """Tell whether a round is better than the one before by enough.

    Edges: an undefined difference is no help, nor is an undefined interval where the whole of it must lie above.
    """
    if one.gain is None:
        return False
    value = one.gain.low if stop.sure else one.gain.value
    return value is not None and value > stop.min_gain


def gain_of(paired: Paired) -> Estimate:
    """Take over a paired comparison."""
    return Estimate(
        value=json_number(paired.difference),
        low=json_number(paired.low),
        high=json_number(paired.high),
    )


def write_rounds(rounds: Rounds, folder: Path) -> None:
    """Write `rounds.json` and `rounds.csv`; undefined figures are null and empty."""
    write_json(folder / "rounds.json", _plain(rounds.model_dump(mode="python")) | _best(rounds))
    with atomic_path(folder / "rounds.csv") as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_row(one, rounds) for one in rounds.rounds)


def read_rounds(path: Path) -> Rounds:
    """Read `rounds.json`.

    Raises:
        FileReadError: it is missing, or holds something else.
    """
    try:
        known = read_json(path)
        known.pop("best", None)
        for one in known["rounds"]:
            one |= {name: math.nan for name in ("score", "low", "high") if one[name] is None}
        return Rounds.model_validate(known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileReadError(
            f"expected rounds of self-training; got: {error}",
            where=path,
            do="run `landseer selftrain`",
        ) from error


def _best(rounds: Rounds) -> dict[str, Any]:
    """Name the best round."""
    return {"best": {"round": rounds.best.number, "folder": rounds.best.folder}}


def _row(one: Round, rounds: Rounds) -> Sequence[object]:
    """Write one line of the table."""
    gains = [getattr(gain, end, None) for gain in (one.gain, one.gain_on_first) for end in _ENDS]
    taught = one.taught
    labels = [
        getattr(taught, name, None) for name in ("candidates", "chosen", "entropy", "probability")
    ]
    judged = ["" if not one.number else int(helps(one, rounds.stop)), int(one == rounds.best)]
    figures = [one.score, one.low, one.high, *gains, *labels]
    return [one.number, one.folder, *(_cell(value) for value in figures), *judged]


_ENDS = ("value", "low", "high")


def _cell(value: float | int | None) -> str:
    """Write a figure; undefined ones are empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """Replace NaN by None, all the way down."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
