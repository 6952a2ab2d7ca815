"""Flow as arrows on an image: from where some high points are seen to where they stand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from landseer.report.canvas import to_image
from landseer.report.tiles import fitted

COLOUR, CASING = "#ffd400", "#10181c"
"""Colours of arrows and of the dark line around them."""

_FINER = 3
_LEAST_M, _LEAST_PX, _READABLE_PX = 2.5, 11.0, 16.0
_SHORTEST, _LONGEST = 0.22, 0.9
_FACTORS = (1, 2, 3, 4, 5, 10, 20, 50)


@dataclass(frozen=True, slots=True)
class Arrows:
    """An image with arrows on it.

    Attributes:
        image: as large as asked for.
        points: (row, col) of the pixels whose flow is drawn.
        factor: by how much arrows are longer than the displacement.
    """

    image: Image.Image
    points: tuple[tuple[int, int], ...]
    factor: int

    @property
    def words(self) -> str:
        """Say how long arrows are."""
        return "true length" if self.factor == 1 else f"{self.factor} times as long as true"


def draw_flow(
    picture: NDArray[np.float32],
    agl_m: NDArray[np.floating],
    scale_px_per_m: float,
    angle_rad: float,
    *,
    side_px: int = 512,
    n_across: int = 8,
    colour: str = COLOUR,
    onto: Arrows | None = None,
) -> Arrows:
    """Draw flow onto a picture.

    Args:
        picture: (h, w, 3) in 0..1.
        agl_m: (h, w) height above ground, m; NaN where not known.
        scale_px_per_m: displacement per metre.
        angle_rad: its direction, 0 down, counter-clockwise.
        side_px: longer side of the image made.
        n_across: cells along the longer side; the highest point of each is drawn if it stands at least 2.5 m high and a
            fifth as high as the highest.
        colour: of the arrows.
        onto: arrows of another flow of the same picture: these are laid over them, at the same points and by the same
            factor, so that both can be compared.

    Edges: where even the longest arrow would be short, all are longer by one whole number. Arrows that are too short to
        be read, or end outside the image, are left out. Without anything high, scale or angle, there are none.
    """
    image = to_image(fitted(picture, side_px)) if onto is None else onto.image
    zoom = image.width / picture.shape[1]
    if not (math.isfinite(scale_px_per_m) and math.isfinite(angle_rad)):
        return Arrows(image, (), 1)
    points = high_points(agl_m, n_across) if onto is None else onto.points
    if not points:
        return Arrows(image, (), 1)
    px_per_m = scale_px_per_m * zoom
    longest = float(agl_m[points[0]]) * px_per_m
    factor = _factor(longest, max(image.size) / n_across) if onto is None else onto.factor
    ends = {
        point: _ends(point, float(agl_m[point]) * px_per_m * factor, angle_rad, zoom)
        for point in points
        if math.isfinite(float(agl_m[point]))
    }
    ends = {point: one for point, one in ends.items() if _is_shown(one, image.size)}
    layer = _overlay(image.size, list(ends.values()), colour)
    with_arrows = Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")
    return Arrows(with_arrows, tuple(ends), factor if ends else 1)


def high_points(agl_m: NDArray[np.floating], n_across: int) -> tuple[tuple[int, int], ...]:
    """Return the highest pixel of each cell that stands out, the highest first; neighbours keep half a cell apart."""
    heights = np.nan_to_num(np.asarray(agl_m, np.float32), nan=0.0)
    side = max(1, math.ceil(max(heights.shape) / n_across))
    least = max(_LEAST_M, 0.2 * float(heights.max(initial=0)))
    found: list[tuple[float, int, int]] = []
    for row in range(0, heights.shape[0], side):
        for col in range(0, heights.shape[1], side):
            cell = heights[row : row + side, col : col + side]
            down, right = np.unravel_index(int(cell.argmax()), cell.shape)
            found.append((float(cell.max()), row + int(down), col + int(right)))
    kept: list[tuple[int, int]] = []
    for height, row, col in sorted(found, reverse=True):
        is_apart = all(math.dist((row, col), other) >= side / 2 for other in kept)
        if height >= least and is_apart:
            kept.append((row, col))
    return tuple(kept)


def _factor(longest: float, cell: float) -> int:
    """Return the greatest factor that keeps the longest arrow within a cell; 1 where it is long enough already."""
    if longest >= max(_SHORTEST * cell, _READABLE_PX):
        return 1
    fitting = [factor for factor in _FACTORS if factor * longest <= _LONGEST * cell]
    return max(fitting, default=1)


def _ends(
    point: tuple[int, int], length: float, angle_rad: float, zoom: float
) -> tuple[float, float, float, float]:
    """Return x and y of an arrow's start and end."""
    x, y = (point[1] + 0.5) * zoom, (point[0] + 0.5) * zoom
    return x, y, x + length * math.sin(angle_rad), y + length * math.cos(angle_rad)


def _is_shown(ends: tuple[float, float, float, float], size: tuple[int, int]) -> bool:
    """Tell arrows that are long enough to be read and end within the image."""
    x, y, to_x, to_y = ends
    is_inside = 0 <= to_x < size[0] and 0 <= to_y < size[1]
    return is_inside and math.hypot(to_x - x, to_y - y) >= _LEAST_PX


def _overlay(
    size: tuple[int, int], ends: list[tuple[float, float, float, float]], colour: str
) -> Image.Image:
    """Draw arrows on nothing, three times as fine and then averaged."""
    layer = Image.new("RGBA", (size[0] * _FINER, size[1] * _FINER), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    for ink, wide in ((CASING, 3.6), (colour, 1.8)):
        for one in ends:
            _arrow(draw, [part * _FINER for part in one], ink, wide * _FINER)
    return layer.resize(size, Image.Resampling.BOX)


def _arrow(draw: ImageDraw.ImageDraw, ends: list[float], colour: str, wide: float) -> None:
    """Draw one arrow: a dot where the point is seen, a head where it stands."""
    x, y, to_x, to_y = ends
    length = math.hypot(to_x - x, to_y - y)
    grown = wide / _FINER - 1.8
    dot = (2.2 + grown / 2) * _FINER
    draw.ellipse((x - dot, y - dot, x + dot, y + dot), colour)
    if length < 1:
        return
    along, head = ((to_x - x) / length, (to_y - y) / length), 8 * _FINER
    tip = (to_x + along[0] * grown * _FINER, to_y + along[1] * grown * _FINER)
    neck = (to_x - along[0] * head, to_y - along[1] * head)
    if length > head:
        draw.line((x, y, *neck), colour, round(wide))
    half = (3.6 + grown / 1.4) * _FINER
    back = (neck[0] - along[0] * grown * _FINER / 2, neck[1] - along[1] * grown * _FINER / 2)
    left = (back[0] - along[1] * half, back[1] + along[0] * half)
    right = (back[0] + along[1] * half, back[1] - along[0] * half)
    draw.polygon([tip, left, right], colour)
