"""A view before and after rectification, side by side: image and heights, with outlines of footprints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landseer.raster.rectify import GAP, HIDDEN, UNKNOWN, Rectified, rectify
from landseer.report.canvas import Panel, Row, draw_sheet, to_image, with_bar
from landseer.report.flow_arrows import draw_flow
from landseer.report.heights import height_limits, height_picture
from landseer.report.overlay import with_label
from landseer.report.parts import Mark
from landseer.report.pose_sheet import FLOW_MARK, Pose, pose_words
from landseer.report.tiles import fitted, fitted_numbers, scale_bar
from landseer.track.pixels import hatch

FOOTPRINT = "#ff5ad2"
"""Colour of the outlines of footprints."""

HIDDEN_MARK = Mark("hatch", "", "hidden from this view")


def rectified_sheet(
    picture: NDArray[np.float32],
    pose: Pose,
    *,
    footprints: NDArray[np.bool_] | None = None,
    gsd_m: float | None = None,
    title: str = "",
    side_px: int = 512,
) -> Image.Image:
    """Draw image and heights as seen, and with every pixel in its place on the ground.

    Args:
        picture: (h, w, 3) in 0..1.
        pose: heights, scale and angle, predicted or true.
        footprints: (h, w) where buildings stand on the ground, drawn onto all four pictures; None draws none.
        gsd_m: side of a pixel on the ground, m, or None.
        title: of the sheet.
        side_px: longer side of each picture.

    Raises:
        GridError: picture and heights differ in size.
        ValueError: scale or angle is not finite.

    Edges: ground that something hides is hatched; gaps between pixels are filled as `rectify` says.
    """
    where = pose.agl_m, pose.scale_px_per_m, pose.angle_rad
    image = rectify(np.moveaxis(picture, -1, 0), *where, missing=np.nan)
    heights = rectify(np.asarray(pose.agl_m, np.float32), *where, missing=np.nan)
    moved = np.moveaxis(image.values, 0, -1)
    after = np.where(np.isfinite(moved), moved, hatch(moved.shape[:2])).astype(np.float32)
    limits = height_limits(pose.agl_m)
    seen_m = height_picture(pose.agl_m, limits=limits, gsd_m=gsd_m)
    placed_m = height_picture(np.asarray(heights.values, np.float32), limits=limits, gsd_m=gsd_m)
    bar = scale_bar(picture.shape[1], gsd_m)
    arrows = draw_flow(picture, *where, side_px=side_px)
    first = _outlined(np.asarray(arrows.image, np.float32) / np.float32(255), footprints, side_px)
    rows = (
        Row((
            Panel(with_bar(first, bar), ("as seen", f"flow {arrows.words}; {pose_words(pose)}")),
            Panel(_outlined(fitted(after, side_px), footprints, side_px), ("rectified", _said(image))),
        )),
        Row((
            Panel(_outlined(fitted(seen_m.picture, side_px), footprints, side_px), ("heights as seen",)),
            Panel(_outlined(fitted(placed_m.picture, side_px), footprints, side_px), ("heights rectified",)),
        )),
    )  # fmt: skip
    marks = [FLOW_MARK, HIDDEN_MARK]
    marks += [Mark("line", FOOTPRINT, "footprints")] if footprints is not None else []
    ramps = [seen_m.ramp] if seen_m.ramp is not None else []
    return draw_sheet(rows, title=title, marks=marks, ramps=ramps, width_px=2 * (side_px + 8) + 32)


def _outlined(
    picture: NDArray[np.float32], footprints: NDArray[np.bool_] | None, side_px: int
) -> Image.Image:
    """Draw the outlines of footprints onto a picture of display size."""
    if footprints is None:
        return to_image(picture)
    numbers = fitted_numbers(footprints.astype(np.uint8), side_px)
    return to_image(with_label(picture, numbers, ("#000000", FOOTPRINT), opacity=0.0))


def _said(result: Rectified) -> str:
    """Write what became of the places."""
    shares = [float((result.state == kind).mean()) for kind in (HIDDEN, GAP, UNKNOWN)]
    words = zip(shares, ("hidden", "filled", "without a height"), strict=True)
    return ", ".join(f"{share:.1%} {word}" for share, word in words if share) or "all seen"
