"""One pass over a label: whether it lies on its image, what values it has, and how many pixels of each class."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.audit.grids import compare_grids
from landseer.audit.verdict import Verdict
from landseer.core.classes import UNKNOWN, ClassTable
from landseer.core.window import Window
from landseer.raster.label import load_label
from landseer.raster.read import RasterInfo, read_info

_STRIP_PX = 2**24
_VALUES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class LabelReading:
    """What was counted in a label.

    Attributes:
        counts: (256,) pixels of each class number, `IGNORE` and `UNKNOWN` included.
        content: hash of size and class numbers.
    """

    counts: NDArray[np.int64]
    content: str


def read_label_once(
    verdict: Verdict, path: Path, image: RasterInfo | None, classes: ClassTable
) -> LabelReading:
    """Read a label to its end in strips, compare it with its image and the class table, and count its classes.

    Args:
        verdict: takes what is found.
        path: the label.
        image: the header of its image, None where that cannot be read.
        classes: what label values mean.

    Raises:
        DataError: the label cannot be read.
    """
    info = read_info(path)
    if image is not None:
        compare_grids(verdict, image, info)
    counts, unknown = np.zeros(256, np.int64), Counter[str]()
    digest = hashlib.sha256(f"{info.height} {info.width}".encode())
    step = max(1, _STRIP_PX // info.width)
    for row in range(0, info.height, step):
        window = Window(row, 0, min(step, info.height - row), info.width)
        part = load_label(path, classes, window)
        counts += np.bincount(part.classes.ravel(), minlength=256)
        digest.update(part.classes.tobytes())
        if (part.classes == UNKNOWN).any():
            unknown.update(part.unknown())
    if unknown:
        what = "label has values that the class table does not list"
        verdict.exclude(path, what, _spell_unknown(unknown))
    return LabelReading(counts, digest.hexdigest())


def _spell_unknown(unknown: Counter[str]) -> str:
    """List the most frequent unknown values with their pixels."""
    shown = unknown.most_common(_VALUES_SHOWN)
    text = ", ".join(f"{value} ({count} pixels)" for value, count in shown)
    more = len(unknown) - len(shown)
    return text + (f" and {more} more values" if more else "")
