"""Numbers of whole images, such as scales and angles: those that cannot be true are taken as unknown, or wrapped."""

from __future__ import annotations

import math
from collections.abc import Sequence

import geopandas as gpd
import numpy as np

from landseer.core.references import Reference
from landseer.samples.findings import KEPT, Finding
from landseer.samples.labelled import is_labelled
from landseer.samples.schema import is_missing

TURN = 2 * math.pi
NOTHING = "nothing is known that could be learnt"


def check_numbers(
    frame: gpd.GeoDataFrame, references: Sequence[Reference]
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Check the numbers and angles of the samples that are not excluded.

    Args:
        frame: sample table.
        references: of the data set; rasters are left to `reference_pass`.

    Returns:
        A copy in which infinite numbers and those below their minimum are NaN, and angles in 0 to 2 pi; training
        samples of which nothing is known any more are excluded. And a finding for each change.

    Edges: numbers that are missing already were reported by the adapter.
    """
    frame, findings = frame.copy(), []
    free = frame["excluded"].map(is_missing).astype(bool).to_numpy()
    before = is_labelled(frame, references).to_numpy()
    for one in references:
        if one.kind == "raster" or one.column not in frame:
            continue
        values = frame[one.column].to_numpy(np.float64, copy=True)
        for row in np.flatnonzero(free & ~np.isnan(values)).tolist():
            right, what = _judge(values[row], one)
            if what:
                findings.append(_finding(frame, row, one, what, float(values[row]), right))
            values[row] = right
        frame[one.column] = values
    lost = before & ~is_labelled(frame, references).to_numpy() & (frame["side"] == "train") & free
    frame["excluded"] = frame["excluded"].astype(object).mask(lost, NOTHING)
    return frame, findings


def wrap(angle: float) -> float:
    """Bring an angle in radians to 0 or more, below 2 pi."""
    turned = angle % TURN
    return 0.0 if turned >= TURN else turned


def _judge(value: float, reference: Reference) -> tuple[float, str]:
    """Return what to take for a number, and what is wrong with it."""
    if not math.isfinite(value):
        return math.nan, f"{reference.name} is infinite"
    if reference.kind == "angle":
        turned = wrap(value)
        return turned, "" if turned == value else f"{reference.name} is not in 0 to 2 pi"
    if reference.minimum is not None and value < reference.minimum:
        return math.nan, f"{reference.name} is lower than can be"
    return value, ""


def _finding(
    frame: gpd.GeoDataFrame, row: int, reference: Reference, what: str, came: float, right: float
) -> Finding:
    """Say what came and what was made of it."""
    sample, image = frame["sample"].iloc[row], str(frame["image"].iloc[row])
    unit = f" {reference.unit}".rstrip()
    if math.isnan(right):
        return Finding(sample, image, "", what, f"{came:g}{unit}", f"{KEPT} without it")
    return Finding(sample, image, "", what, f"{came:g}{unit}", f"{KEPT} as {right:.6g}{unit}")
