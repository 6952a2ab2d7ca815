"""A picture with every pixel in its place on the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseer.raster.rectify import HIDDEN, rectify
from landseer.report.pose_sheet import Pose
from landseer.track.pixels import hatch


def rectified_picture(
    picture: NDArray[np.float32], pose: Pose
) -> tuple[NDArray[np.float32], float]:
    """Move every pixel of a picture to its place on the ground.

    Args:
        picture: (h, w, 3) in 0..1.
        pose: of the same size, with a finite scale and angle.

    Returns:
        The picture, hatched where nothing is known, and the share of it that something hides from view.

    Raises:
        GridError: picture and heights differ in size.
        ValueError: scale or angle is not finite.
    """
    where = pose.agl_m, pose.scale_px_per_m, pose.angle_rad
    found = rectify(np.moveaxis(picture, -1, 0), *where, missing=np.nan)
    moved = np.moveaxis(np.asarray(found.values, np.float32), 0, -1)
    shown = np.where(np.isfinite(moved), moved, hatch(moved.shape[:2])).astype(np.float32)
    return shown, float((found.state == HIDDEN).mean())
