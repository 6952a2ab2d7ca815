"""Grids: whether a label or reference lies on the pixels of its image, and by how much it does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseer.audit.verdict import Verdict
from landseer.raster.read import RasterInfo
from landseer.samples.footprint import same_crs

SHIFT_TOLERANCE_PX = 0.1
"""How far the corners of a label may lie from those of its image, px."""


def compare_grids(
    verdict: Verdict, image: RasterInfo, label: RasterInfo, *, role: str = "label"
) -> None:
    """Compare size, CRS and place of a label with those of its image, and leave the sample out where they differ.

    Args:
        verdict: takes what is found.
        image, label: headers.
        role: what the second raster is, in the words of the findings: a label, or a reference's name.

    Edges: a label without CRS or transform is taken as it lies on its image.

    Source: own.
    """
    if (label.height, label.width) != (image.height, image.width):
        figure = f"{role} {label.height} x {label.width}, image {image.height} x {image.width} (rows x columns)"
        verdict.exclude(label.path, f"{role} has another size than its image", figure)
        return
    if image.crs is not None and label.crs is not None and not same_crs(image.crs, label.crs):
        figure = f"{role} {label.crs[:60]}, image {image.crs[:60]}"
        verdict.exclude(label.path, f"{role} has another CRS than its image", figure)
    elif _can_compare(image, label):
        first, last = _shifts_px(image, label)
        if np.abs([first, last]).max() > SHIFT_TOLERANCE_PX:
            figure = _spell_shift(first, last)
            verdict.exclude(label.path, f"{role} is shifted against its image", figure)


def _can_compare(image: RasterInfo, label: RasterInfo) -> bool:
    """Tell whether both files say where they lie, and the image's pixels have an area."""
    if image.transform is None or label.transform is None:
        return False
    return bool(np.linalg.det(_affine(image)[0]) != 0)


def _shifts_px(image: RasterInfo, label: RasterInfo) -> NDArray[np.float64]:
    """Return where the label's first and last corner lie in the image's grid, less where they should: (row, col) px."""
    corners = np.array([[0.0, 0.0], [label.width, label.height]])
    linear, origin = _affine(label)
    world = corners @ linear.T + origin
    linear, origin = _affine(image)
    seen = np.linalg.solve(linear, (world - origin).T).T
    return (seen - corners)[:, ::-1]


def _affine(info: RasterInfo) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split a transform into its 2 x 2 part and its origin."""
    a, b, c, d, e, f = info.transform or (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    return np.array([[a, b], [d, e]]), np.array([c, f])


def _spell_shift(first: NDArray[np.float64], last: NDArray[np.float64]) -> str:
    """Write a shift in pixels; both corners when they differ."""
    # Adding zero turns -0.00 into 0.00.
    first, last = np.round(first, 2) + 0.0, np.round(last, 2) + 0.0
    text = f"{first[0]:+.2f} rows, {first[1]:+.2f} columns"
    if np.abs(first - last).max() <= SHIFT_TOLERANCE_PX:
        return text
    return f"{text} at its first corner, {last[0]:+.2f} rows, {last[1]:+.2f} columns at its last"
