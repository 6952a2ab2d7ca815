"""Trackers: what they can do, and how they are kept from doing harm."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from landseer.errors import LandseerError


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tracker shows as one run.

    Attributes:
        title: its name.
        parameters: flat: `train.optimiser.lr` -> text.
        tags: what it is found by.
        group: name of the run folder.
        parent: the tracker's id of the run that it belongs to.
    """

    title: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    group: str
    parent: str | None = None


class Sink(Protocol):
    """A tracker. Whatever its methods raise is its own trouble, never the training's."""

    @property
    def name(self) -> str:
        """Return its name, as in the recipe."""

    @property
    def where(self) -> str:
        """Return its address: an id holds there and nowhere else."""

    def begin(self, entry: Entry, known: str | None) -> str:
        """Open a run, or an earlier one again, and return its id."""

    def log(self, run: str, figures: Mapping[str, float], step: int) -> None:
        """Show figures of an epoch."""

    def keep(self, run: str, path: Path, folder: str) -> None:
        """Keep a copy of a file in a folder of the run."""

    def end(self, run: str, *, failed: bool = False) -> None:
        """Close a run."""


@dataclass(slots=True)
class Guarded:
    """A tracker whose failures are counted and said once, and which is left alone after some in a row.

    Attributes:
        sink: the tracker.
        failures: how often it failed.
        last: what it said last.
        written: how many of the failures a file already counts.
    """

    sink: Sink
    failures: int = 0
    last: str = ""
    written: int = 0
    _in_row: int = field(default=0, repr=False)

    def try_to(self, act: Callable[[Sink], Any]) -> bool:
        """Let the tracker do something; say whether it did."""
        if self.is_given_up:
            return False
        try:
            act(self.sink)
        except Exception as error:  # noqa: BLE001 - whatever a tracker raises must not end a training
            self._note(error)
            return False
        self._in_row = 0
        return True

    @property
    def is_given_up(self) -> bool:
        """Whether it failed so often in a row that it is not asked again; the next run of the recipe catches up."""
        return self._in_row >= MOST_IN_ROW

    def _note(self, error: Exception) -> None:
        """Count a failure, and say the first one and the last."""
        self.failures += 1
        self._in_row += 1
        own = isinstance(error, LandseerError)
        text = f"{error}" if own else f"{type(error).__name__}: {error}"
        self.last = without_password(text.splitlines()[0][:300])
        if self.failures == 1 or self.is_given_up:
            end = "; it is left alone until the next run" if self.is_given_up else "; work goes on"
            sys.stderr.write(f"track: {self.sink.name} failed ({self.last}){end}\n")


MOST_IN_ROW = 3
"""Failures in a row after which a tracker is left alone."""


def without_password(text: str) -> str:
    """Take name and password out of the addresses in a text."""
    return re.sub(r"://[^/\s@]+@", "://", text)


def flatten(value: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Turn nested mappings into one of dotted keys and short texts; lists stay together as text."""
    flat: dict[str, str] = {}
    for key, one in value.items():
        if isinstance(one, Mapping) and one:
            flat |= flatten(one, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = "null" if one is None else str(one)
    return flat


def figures_of(row: Mapping[str, float]) -> dict[str, float]:
    """Return a history's row as figures to show: everything but the epoch's number."""
    return {name: value for name, value in row.items() if name != "epoch"}


def new_rows(rows: Sequence[Mapping[str, float]], sent: int) -> list[Mapping[str, float]]:
    """Return the epochs after the last one that was shown."""
    return [row for row in rows if int(row["epoch"]) > sent]
