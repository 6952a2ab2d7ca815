"""A score of class maps, and what it was computed from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from landseer.core.files import json_number


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """A score and what it was computed from.

    Attributes:
        metric: its name.
        value: the figure; NaN when 0/0.
        counts: what it counts, in words.
        n_files: pairs compared.
        n_pixels: pixels counted; None of polygons.
        n_outside: pixels that the prediction marks as outside the data; they count as class 0. None of polygons.
        objects: true positives, false positives and false negatives, where objects were counted.
        interval: bounds of the 95 % interval by files drawn again, where it was asked for.
        files: figure of each file alone, where they were asked for.
    """

    metric: str
    value: float
    counts: str
    n_files: int
    n_pixels: int | None
    n_outside: int | None
    objects: tuple[int, int, int] | None = None
    interval: tuple[float, float] | None = None
    files: Mapping[str, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values; an undefined score is None, what was not counted is left out."""
        said: dict[str, Any] = {
            "metric": self.metric,
            "value": json_number(self.value),
            "counts": self.counts,
            "n_files": self.n_files,
            "n_pixels": self.n_pixels,
            "n_outside": self.n_outside,
        }
        if self.objects is not None:
            said["objects"] = dict(zip(("tp", "fp", "fn"), self.objects, strict=True))
        if self.interval is not None:
            said["interval"] = [json_number(bound) for bound in self.interval]
        if self.files is not None:
            said["files"] = {name: json_number(value) for name, value in self.files.items()}
        return {
            name: value
            for name, value in said.items()
            if value is not None or name not in ("n_pixels", "n_outside")
        }

    def figures(self) -> dict[str, Any]:
        """Return what people read, name -> value."""
        said: dict[str, Any] = {self.metric: self.value}
        if self.interval is not None:
            is_known = not math.isnan(self.interval[0])
            said["95 % interval"] = "{:.4f} to {:.4f}".format(*self.interval) if is_known else None
        said |= {"counts": self.counts, "files": self.n_files}
        if self.n_pixels is not None:
            said |= {"pixels": self.n_pixels, "outside the prediction's data": self.n_outside}
        if self.objects is not None:
            names = "objects found", "objects invented", "objects missed"
            said |= dict(zip(names, self.objects, strict=True))
        return said | {f"  {name}": value for name, value in (self.files or {}).items()}

    def text(self) -> str:
        """Say it in one line."""
        if self.n_pixels is None:
            return f"{self.metric} {self.value:.5f} ({self.counts}; {self.n_files} files)"
        return (
            f"{self.metric} {self.value:.5f} ({self.counts}; {self.n_files} files, {self.n_pixels} pixels, "
            f"{self.n_outside} of them outside the prediction's data)"
        )
