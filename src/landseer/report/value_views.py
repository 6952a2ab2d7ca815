"""A sample of real-valued targets as display arrays: image with flow, reference, prediction and error in its place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.models.targets import TargetSpec
from landseer.report.flow_arrows import COLOUR, Arrows, draw_flow
from landseer.report.heights import error_limit
from landseer.report.parts import Mark
from landseer.report.pictures import Ramp
from landseer.report.pose_sheet import Pose
from landseer.report.tiles import composite, fitted
from landseer.report.value_tiles import error_ramp, laid, pixel_words, value_ramp
from landseer.select.placed import Arrays, Placed, place
from landseer.select.value_counts import Trial

DRAWN = ("height", "dense_value", "magnitude")
"""Quantities of one plane that are drawn as pictures, heights before all others."""

TRUE_FLOW = "#5cc8ff"
"""Colour of true flow, beside that of predicted flow; told apart by the colour-blind."""

FLOW_MARKS = (
    Mark("line", COLOUR, "predicted flow, from where a point is seen to where it stands"),
    Mark("line", TRUE_FLOW, "true flow"),
)

_POSE = ("height", "direction", "flow_scale")
_ACROSS = 6


@dataclass(frozen=True, slots=True)
class PoseNames:
    """The three targets that make a geocentric pose."""

    height: str
    direction: str
    scale: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One sample: its picture (h, w, 3) in 0..1, what was read of it, and its pixel's size on the ground, m or NaN."""

    sample: str
    picture: NDArray[np.float32]
    placed: Placed
    gsd_m: float


@dataclass(frozen=True, slots=True)
class Views:
    """A dense target of a sample on the ground of its image: (h, w) rasters, NaN where not known.

    Attributes:
        known: reference; on its own grid as the blocks that it is.
        said: prediction, on the pixels of the image.
        error: prediction less reference, on the reference's pixels.
        note: how large the reference's pixels are where it has a grid of its own, else "".
    """

    known: NDArray[np.float32]
    said: NDArray[np.float32]
    error: NDArray[np.float32]
    note: str


@dataclass(frozen=True, slots=True)
class Colours:
    """The scales of a sheet: of values and of their errors."""

    values: Ramp
    errors: Ramp


def drawn_targets(specs: Mapping[str, TargetSpec]) -> tuple[str, ...]:
    """Return the targets that are drawn: of the quantities of `DRAWN`, and following from no others; heights first."""
    own = [name for name, spec in specs.items() if spec.quantity in DRAWN and not spec.of]
    return tuple(sorted(own, key=lambda name: DRAWN.index(specs[name].quantity)))


def pose_names(specs: Mapping[str, TargetSpec]) -> PoseNames | None:
    """Return the first height, direction and flow scale, or None where one of them is missing."""
    found = [
        next((name for name, spec in specs.items() if spec.quantity == kind), None)
        for kind in _POSE
    ]
    height, direction, scale = found
    if height is None or direction is None or scale is None:
        return None
    return PoseNames(height, direction, scale)


def pose_of(values: Arrays, specs: Mapping[str, TargetSpec]) -> Pose | None:
    """Return the pose that references or predictions of a sample make; None where a target of it is missing."""
    names = pose_names(specs)
    if names is None:
        return None
    heights = np.asarray(values[names.height], np.float32)
    dx, dy = np.asarray(values[names.direction], float).ravel()
    scale = float(np.asarray(values[names.scale], float).ravel()[0])
    return Pose(heights, scale, float(np.arctan2(dx, dy)))


def show(
    trial: Trial, position: int, tta: str, image: Path, bands: Sequence[Band], gsd_m: float
) -> Shown:
    """Read a sample's image, references and predictions.

    Args:
        trial: references and predictions.
        position: of the sample in the trial's source.
        tta: the set of views.
        image: the sample's image.
        bands: of the data.
        gsd_m: its pixel's size on the ground, m, or NaN.

    Raises:
        FileReadError: a file cannot be read.
    """
    placed = place(trial, position, tta)
    return Shown(placed.sample, composite(image, bands), placed, gsd_m)


def views_of(look: Shown, target: str, side_px: int) -> Views:
    """Lay a dense target of a sample on the ground of its image.

    Args:
        look: the sample.
        target: a target of one plane.
        side_px: longer side of the display.
    """
    placed, shape = look.placed, (look.picture.shape[0], look.picture.shape[1])
    grid = placed.grids.get(target)
    known, error = (
        laid(raster, grid, shape, side_px)
        for raster in (np.asarray(placed.known[target], np.float32), placed.error(target))
    )
    full = np.asarray(placed.full[target], np.float32)
    return Views(known, full, error, pixel_words(grid, look.gsd_m))


def colours_of(trial: Trial, looks: Sequence[Shown], target: str) -> Colours:
    """Return one scale of values and one of errors for some samples."""
    pairs = [
        (np.asarray(one.placed.known[target], np.float32), np.asarray(one.placed.said[target], np.float32))
        for one in looks
    ]  # fmt: skip
    quantity, unit = trial.specs[target].quantity, trial.quantities[target].unit
    values = value_ramp(quantity, unit, [raster for pair in pairs for raster in pair])
    return Colours(values, error_ramp(error_limit(pairs), unit))


def flow_view(
    look: Shown, specs: Mapping[str, TargetSpec], side_px: int
) -> tuple[NDArray[np.float32], str]:
    """Draw the image with true flow, and with predicted flow on it; the image alone where there is no pose.

    Returns:
        (h, w, 3) in 0..1 of display size, and words for below it.

    Edges: heights on a grid of their own have no flow, for it is counted in pixels of the image.
    """
    known, said = (pose_of(one, specs) for one in (look.placed.known, look.placed.said))
    if known is None or said is None or known.agl_m.shape != look.picture.shape[:2]:
        return fitted(look.picture, side_px), "image"
    arrows: Arrows | None = None
    for pose, colour in ((known, TRUE_FLOW), (said, COLOUR)):
        where = pose.agl_m, pose.scale_px_per_m, pose.angle_rad
        drawn = draw_flow(
            look.picture, *where, side_px=side_px, n_across=_ACROSS, colour=colour, onto=arrows
        )
        arrows = arrows if arrows is not None and not drawn.points else drawn
    if arrows is None or not arrows.points:
        return fitted(look.picture, side_px), "image; flow is not known, or too short to draw"
    return np.asarray(arrows.image, np.float32) / np.float32(255), f"flow, {arrows.words}"


def is_finite(pose: Pose | None) -> bool:
    """Tell whether a pose has a scale and an angle."""
    return pose is not None and math.isfinite(pose.scale_px_per_m) and math.isfinite(pose.angle_rad)
