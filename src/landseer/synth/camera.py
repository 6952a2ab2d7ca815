"""An affine camera: where a point of the ground, and a point above it, fall on the image.

    image (row, col) = offset + linear @ (south, east) - flow_per_m * height

Ground places are metres (south, east) in a local frame, heights are metres above the ground.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landseer.synth.daylight import Day

Matrix = tuple[tuple[float, float], tuple[float, float]]
"""2 x 2, row by row, acting on column vectors (down, right)."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """One look at the ground through an affine camera.

    Attributes:
        linear: pixels per metre of ground: takes (south, east) to (row, col).
        offset_px: image place of the ground's origin.
        flow_per_m: pixels (d_row, d_col) per metre of height from where a point is seen to its footprint.
        size: rows and columns of the image; whole numbers are pixel centres.
        day: sun, season and air.
    """

    linear: Matrix
    offset_px: tuple[float, float]
    flow_per_m: tuple[float, float]
    size: tuple[int, int]
    day: Day = field(default_factory=Day)

    @property
    def scale_px_per_m(self) -> float:
        """Pixels that a point is displaced per metre of height."""
        return math.hypot(*self.flow_per_m)

    @property
    def angle_rad(self) -> float:
        """Direction of the flow in [0, 2 pi): 0 points down, growing counter-clockwise on screen."""
        down, right = self.flow_per_m
        return math.atan2(right, down) % math.tau

    @property
    def gsd_m(self) -> float:
        """Side of the square of ground that has the area one pixel covers, metres."""
        return 1.0 / math.sqrt(abs(float(np.linalg.det(self.linear))))

    @property
    def inverse(self) -> Floats:
        """Metres of ground (south, east) per pixel (row, col)."""
        (a, b), (c, d) = self.linear
        return np.array([[d, -b], [-c, a]]) / (a * d - b * c)

    @property
    def lean(self) -> Floats:
        """Metres (south, east) that a line of sight moves over the ground per metre it climbs."""
        return _times(self.inverse, np.array(self.flow_per_m))

    def project(self, places: ArrayLike, heights: ArrayLike) -> Floats:
        """Return where points fall on the image.

        Args:
            places: (..., 2) south and east, metres.
            heights: (...) metres above the ground.

        Returns:
            (..., 2) row and column.
        """
        up = np.asarray(heights, np.float64)[..., None]
        flat = _times(np.array(self.linear), np.asarray(places, np.float64))
        result: Floats = flat + np.array(self.offset_px) - up * np.array(self.flow_per_m)
        return result

    def ground(self, pixels: ArrayLike, heights: ArrayLike = 0.0) -> Floats:
        """Return the footprint of what is seen at a place of the image, given its height.

        Args:
            pixels: (..., 2) row and column.
            heights: (...) metres above the ground.
        """
        flat = _times(self.inverse, np.asarray(pixels, np.float64) - np.array(self.offset_px))
        result: Floats = flat + np.asarray(heights, np.float64)[..., None] * self.lean
        return result

    def moved(self, forward: ArrayLike, size: tuple[int, int] | None = None) -> View:
        """Return the view whose picture is this view's picture after a linear map about its middle.

        Args:
            forward: 2 x 2 matrix that takes offsets (row, col) from the middle of this image to
                offsets from the middle of the new one.
            size: rows and columns of the new image; None keeps them.

        Edges: the map is composed into the camera, so angle, scale and ground sample distance
            follow from the geometry; no rule for them is written anywhere.
        """
        size = self.size if size is None else size
        turn = np.asarray(forward, np.float64)
        offset = _times(turn, np.array(self.offset_px) - _middle(self.size)) + _middle(size)
        columns = _times(turn, np.array(self.linear).T).T
        return replace(
            self,
            linear=((columns[0, 0], columns[0, 1]), (columns[1, 0], columns[1, 1])),
            offset_px=(float(offset[0]), float(offset[1])),
            flow_per_m=_pair(_times(turn, np.array(self.flow_per_m))),
            size=size,
        )

    def finer(self, factor: int) -> View:
        """Return the same view on a grid of `factor` x `factor` samples per pixel."""
        height, width = self.size
        return self.moved(np.eye(2) * factor, (height * factor, width * factor))

    def cut(self, row: int, col: int, height: int, width: int) -> View:
        """Return the view of a window of the image."""
        offset = (self.offset_px[0] - row, self.offset_px[1] - col)
        return replace(self, offset_px=offset, size=(height, width))

    def straight_down(self) -> View:
        """Return the view from the zenith on the same ground grid: footprints stay, heights do not show."""
        return replace(self, flow_per_m=(0.0, 0.0))


def look(
    centre_m: tuple[float, float],
    size: tuple[int, int],
    gsd_m: float,
    *,
    off_nadir_deg: float = 0.0,
    azimuth_deg: float = 180.0,
    day: Day | None = None,
) -> View:
    """Return a north-up view of a piece of ground.

    Args:
        centre_m: ground place (south, east) in the middle of the image.
        size: rows and columns.
        gsd_m: metres per pixel.
        off_nadir_deg: angle between the line of sight and the plumb line at the ground, 0 to below 90.
        azimuth_deg: where the satellite stands, clockwise from north; tops lean away from it.
        day: sun, season and air.
    """
    azimuth = math.radians(azimuth_deg)
    lean = math.tan(math.radians(off_nadir_deg)) / gsd_m
    middle = _middle(size)
    return View(
        linear=((1.0 / gsd_m, 0.0), (0.0, 1.0 / gsd_m)),
        offset_px=(float(middle[0] - centre_m[0] / gsd_m), float(middle[1] - centre_m[1] / gsd_m)),
        flow_per_m=(-math.cos(azimuth) * lean, math.sin(azimuth) * lean),
        size=size,
        day=Day() if day is None else day,
    )


def _middle(size: tuple[int, int]) -> Floats:
    """Return the middle of an image in pixel coordinates."""
    return np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])


def _times(matrix: Floats, vectors: Floats) -> Floats:
    """Apply a 2 x 2 matrix to (..., 2) vectors, always in the same order of sums (BLAS does not)."""
    first, second = vectors[..., 0], vectors[..., 1]
    result: Floats = np.stack(
        [
            matrix[0, 0] * first + matrix[0, 1] * second,
            matrix[1, 0] * first + matrix[1, 1] * second,
        ],
        axis=-1,
    )
    return result


def _pair(vector: Floats) -> tuple[float, float]:
    """Return a vector's two numbers."""
    return float(vector[0]), float(vector[1])
