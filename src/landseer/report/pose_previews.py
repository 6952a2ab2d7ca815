"""Previews of predicted poses: the first images with flow, heights, and every pixel in its place on the ground."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from landseer.core.files import atomic_path
from landseer.raster.rectify import rectify
from landseer.report.canvas import Panel, Row, draw_sheet, png_bytes, to_image, with_bar
from landseer.report.flow_arrows import draw_flow
from landseer.report.heights import height_limits, height_picture, height_ramp
from landseer.report.parts import Mark
from landseer.report.pose_sheet import FLOW_MARK, Pose, PoseRow, pose_words
from landseer.report.rectified_picture import rectified_picture
from landseer.report.rectified_sheet import HIDDEN_MARK
from landseer.report.tiles import fitted, scale_bar
from landseer.report.value_views import is_finite

_UNKNOWN = Mark("hatch", "", "not known")


def write_pose_previews(
    rows: Iterable[PoseRow],
    out: Path,
    *,
    n: int = 12,
    title: str = "Predicted heights and flow",
    side_px: int = 288,
) -> Path:
    """Write a sheet of the first predictions.

    A row per image: the image with flow, predicted heights as seen, the image rectified by them, and the heights
    rectified.

    Args:
        rows: images with `predicted`, best sorted by name; only the first ones are read.
        out: the PNG; appears whole or not at all.
        n: most rows shown.
        title: of the sheet.
        side_px: longer side of each picture.

    Returns:
        The path of the PNG.

    Raises:
        ValueError: no row has a prediction.
        GridError: picture and heights differ in size.
        WriteError: the file cannot be written.

    Edges: all heights have one scale of colours; where scale or angle is not known nothing is rectified.
    """
    shown = [row for row in islice(rows, n) if row.predicted is not None]
    if not shown:
        raise ValueError("expected at least one row with a prediction; got none")
    limits = height_limits(*(row.predicted.agl_m for row in shown if row.predicted is not None))
    sheet = draw_sheet(
        [_row(row, limits, side_px) for row in shown],
        title=title,
        marks=[FLOW_MARK, HIDDEN_MARK, *([_UNKNOWN] if _has_gaps(shown) else [])],
        ramps=[height_ramp(*limits)],
        width_px=4 * (side_px + 8) + 32,
    )
    with atomic_path(Path(out)) as temporary:
        temporary.write_bytes(png_bytes(sheet, few_colours=True))
    return Path(out)


def _row(row: PoseRow, limits: tuple[float, float], side_px: int) -> Row:
    """Draw one image."""
    pose = row.predicted
    if pose is None:
        return Row((), row.name)
    where = pose.agl_m, pose.scale_px_per_m, pose.angle_rad
    arrows = draw_flow(row.picture, *where, side_px=side_px, n_across=6)
    image = with_bar(arrows.image, scale_bar(row.picture.shape[1], row.gsd_m))
    words = f"flow, {arrows.words}" if arrows.points else "flow too short to draw"
    heights = height_picture(pose.agl_m, limits=limits, gsd_m=row.gsd_m)
    known = pose.agl_m[np.isfinite(pose.agl_m)]
    highest = f"highest {float(known.max()):.1f} m" if known.size else "not known"
    panels = [
        Panel(image, (words, pose_words(pose))),
        Panel(_image(heights.picture, side_px), ("heights as seen", highest)),
        *_moved(row, pose, limits, side_px),
    ]
    return Row(tuple(panels), row.name)


def _moved(row: PoseRow, pose: Pose, limits: tuple[float, float], side_px: int) -> list[Panel]:
    """Draw image and heights with every pixel in its place; nothing where scale or angle is not known."""
    if not is_finite(pose):
        return []
    picture, hidden = rectified_picture(row.picture, pose)
    where = pose.agl_m, pose.scale_px_per_m, pose.angle_rad
    moved = np.asarray(rectify(np.asarray(pose.agl_m, np.float32), *where, missing=np.nan).values)
    heights = height_picture(moved.astype(np.float32), limits=limits, gsd_m=row.gsd_m)
    return [
        Panel(_image(picture, side_px), ("rectified", f"{hidden:.1%} hidden")),
        Panel(_image(heights.picture, side_px), ("heights rectified",)),
    ]


def _image(picture: np.ndarray, side_px: int) -> Image.Image:
    """Bring a picture to the size of a panel."""
    return to_image(fitted(picture, side_px))


def _has_gaps(rows: list[PoseRow]) -> bool:
    """Tell whether any height is not known."""
    return any(
        row.predicted is not None and not np.isfinite(row.predicted.agl_m).all() for row in rows
    )
