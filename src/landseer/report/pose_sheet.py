"""Heights, scale and angle of images on one sheet: image with flow, predicted and true heights, and the error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landseer.report.canvas import Panel, Row, draw_sheet, to_image, with_bar
from landseer.report.flow_arrows import COLOUR, draw_flow
from landseer.report.heights import error_limit, error_picture, height_limits, height_picture
from landseer.report.parts import Mark, number
from landseer.report.pictures import Composite, Ramp
from landseer.report.tiles import fitted, scale_bar

FLOW_MARK = Mark("line", COLOUR, "from where a point is seen to its place on the ground")
"""What arrows mean."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Heights of an image and how they displace what is seen: (h, w) m with NaN, px/m, rad; NaN where not known."""

    agl_m: NDArray[np.floating]
    scale_px_per_m: float
    angle_rad: float


@dataclass(frozen=True, slots=True)
class PoseRow:
    """One row of a sheet.

    Attributes:
        name: of the image.
        picture: (h, w, 3) in 0..1.
        predicted: what was predicted, or None.
        truth: what is known, or None.
        gsd_m: side of a pixel on the ground, m, or None.
    """

    name: str
    picture: NDArray[np.float32]
    predicted: Pose | None = None
    truth: Pose | None = None
    gsd_m: float | None = None


def pose_sheet(rows: Sequence[PoseRow], title: str = "", *, side_px: int = 384) -> Image.Image:
    """Draw a row per image: the image with flow, predicted and true heights, and the error, as far as they are there.

    Args:
        rows: images; all heights have one scale of colours, and all errors.
        title: of the sheet.
        side_px: longer side of each picture.
    """
    poses = [pose for row in rows for pose in (row.predicted, row.truth) if pose is not None]
    limits = height_limits(*(pose.agl_m for pose in poses))
    pairs = [(r.truth.agl_m, r.predicted.agl_m) for r in rows if r.truth and r.predicted]
    limit_m = error_limit(pairs)
    drawn = [_row(row, limits, limit_m, side_px) for row in rows]
    shown = [composite for _, composites in drawn for composite in composites]
    ramps: list[Ramp] = list({c.ramp: None for c in shown if c.ramp is not None})
    marks = [
        FLOW_MARK,
        *([Mark("hatch", "", "not known")] if any(c.missing for c in shown) else []),
    ]
    widest = max((len(row.panels) for row, _ in drawn), default=1)
    return draw_sheet(
        [row for row, _ in drawn], title=title, marks=marks, ramps=ramps, width_px=widest * (side_px + 8) + 32
    )  # fmt: skip


def _row(
    row: PoseRow, limits: tuple[float, float], limit_m: float, side_px: int
) -> tuple[Row, list[Composite]]:
    """Draw one image's panels; return them and the composites whose legends are needed."""
    pose = row.predicted or row.truth
    panels = [_image_panel(row, pose, side_px)]
    composites = []
    for words, one in (("predicted height", row.predicted), ("true height", row.truth)):
        if one is not None:
            composites.append(height_picture(one.agl_m, words, limits=limits, gsd_m=row.gsd_m))
            panels.append(_panel(composites[-1], side_px, _height_words(one)))
    if row.predicted is not None and row.truth is not None:
        pair = row.truth.agl_m, row.predicted.agl_m
        composites.append(error_picture(*pair, limit_m=limit_m))
        panels.append(_panel(composites[-1], side_px, _error_words(*pair)))
    return Row(tuple(panels), row.name), composites


def _image_panel(row: PoseRow, pose: Pose | None, side_px: int) -> Panel:
    """Draw the image with flow and scale bar; say scale and angle, and the true ones."""
    bar = scale_bar(row.picture.shape[1], row.gsd_m)
    if pose is None:
        return Panel(with_bar(to_image(fitted(row.picture, side_px)), bar), ("image",))
    arrows = draw_flow(
        row.picture, pose.agl_m, pose.scale_px_per_m, pose.angle_rad, side_px=side_px
    )
    both = row.predicted is not None and row.truth is not None
    words = [f"image, flow {arrows.words}" if arrows.points else "image", pose_words(pose)]
    if both and row.truth is not None:
        words.append(f"true: {pose_words(row.truth)}")
    return Panel(with_bar(arrows.image, bar), tuple(words))


def pose_words(pose: Pose) -> str:
    """Write scale and angle."""
    if not math.isfinite(pose.angle_rad):
        return f"{number(pose.scale_px_per_m, 3)} px/m, angle not known"
    return f"{number(pose.scale_px_per_m, 3)} px/m, {math.degrees(pose.angle_rad) % 360:.1f}°"


def _panel(composite: Composite, side_px: int, words: str) -> Panel:
    """Make a panel of a picture."""
    return Panel(to_image(fitted(composite.picture, side_px)), (composite.title, words))


def _height_words(pose: Pose) -> str:
    """Write mean and greatest height."""
    known = pose.agl_m[np.isfinite(pose.agl_m)]
    if not known.size:
        return "not known"
    return f"mean {float(known.mean()):.1f} m, highest {float(known.max()):.1f} m"


def _error_words(truth_m: NDArray[np.floating], predicted_m: NDArray[np.floating]) -> str:
    """Write root mean square and mean error."""
    error = np.asarray(predicted_m, float) - np.asarray(truth_m, float)
    error = error[np.isfinite(error)]
    if not error.size:
        return "not known"
    rmse, mean = float(np.sqrt((error**2).mean())), float(error.mean())
    return f"RMSE {rmse:.2f} m, mean {mean:+.2f} m".replace("-", "−")
