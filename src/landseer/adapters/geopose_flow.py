"""Flow files of a geopose data set: how an image leans, as one scale and one angle."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landseer.samples.findings import KEPT, Finding


@dataclass(frozen=True, slots=True)
class Flow:
    """How an image leans.

    Attributes:
        scale: px of the image per metre of height; NaN when unknown.
        angle: radians, 0 = down, counter-clockwise; NaN when unknown.
    """

    scale: float = math.nan
    angle: float = math.nan


def read_flow(sample: str, path: Path, factor: float) -> tuple[Flow, list[Finding]]:
    """Read a VFLOW file.

    Args:
        sample: whose file it is, for findings.
        path: a JSON file with the keys scale and angle.
        factor: px/m for one unit of the file's scale.

    Returns:
        Scale and angle, NaN where the file has no number; and a finding for each of these. Infinite and impossible
        numbers stay as they are: the audit judges them.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what, came = "json file cannot be read", str(error)
        return Flow(), [
            Finding(sample, str(path), "", what, came, f"{KEPT} without scale and angle")
        ]
    if not isinstance(values, dict):
        what, came = "json file holds no keys", type(values).__name__
        return Flow(), [
            Finding(sample, str(path), "", what, came, f"{KEPT} without scale and angle")
        ]
    numbers = {key: _number(values.get(key)) for key in ("scale", "angle")}
    findings = [
        Finding(sample, str(path), "", f"{key} is no number", repr(values.get(key)), f"{KEPT} without {key}")
        for key, number in numbers.items()
        if math.isnan(number)
    ]  # fmt: skip
    return Flow(numbers["scale"] * factor, numbers["angle"]), findings


def _number(value: Any) -> float:
    """Return a number, NaN for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else math.nan
