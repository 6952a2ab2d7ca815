"""Read a reference raster: physical values, and where its pixels lie in the pixels of its image."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.exceptions import ProjError
from shapely import Polygon, box

from landseer.core.references import Reference
from landseer.errors import BandError, GridError
from landseer.raster.read import RasterInfo, read_bands

GridMap = NDArray[np.float64]
"""(2, 3): (row, col) in the image = map @ (row, col, 1) in the reference, whole numbers at pixel centres."""

TOLERANCE_PX = 0.1
"""How far an affine map may miss, in pixels of the reference."""


def read_reference(path: Path, reference: Reference) -> NDArray[np.float32]:
    """Read a raster as physical values.

    Returns:
        (h, w) float32, NaN where the file says that nothing is known; (layers, h, w) of a reference of several layers.

    Raises:
        FileReadError: the file cannot be read.
        BandError: it has another number of bands.
    """
    raw = read_bands(path)
    if len(raw) != reference.layers:
        raise BandError(
            f"expected a raster of {reference.layers} bands for {reference.name}; got {len(raw)}",
            where=path,
        )
    return reference.encoding.decode(raw if reference.layers > 1 else raw[0])


def grid_map(image: RasterInfo, reference: RasterInfo) -> GridMap:
    """Return where the pixels of a reference lie in the pixels of its image.

    Args:
        image, reference: headers.

    Returns:
        An affine map, exact where both have one CRS; else fitted to a lattice of places carried from CRS to CRS.

    Raises:
        GridError: the map between the two CRSs bends by more than a tenth of a reference pixel over the raster, a place
            cannot be carried from CRS to CRS, or a transform gives pixels no area.

    Edges: where only one of them has a CRS, or one has no transform, both are taken to cover the same ground.

    Source: own.
    """
    if _is_unplaced(image, reference):
        ratio = np.array([image.height / reference.height, image.width / reference.width])
        return np.column_stack([np.diag(ratio), 0.5 * ratio - 0.5])
    _check_area(reference)
    lattice = _lattice(reference)
    seen = _seen(image, reference, lattice)
    design = np.column_stack([lattice, np.ones(len(lattice))])
    fitted, *_ = np.linalg.lstsq(design, seen, rcond=None)
    pixel = np.sqrt(abs(np.linalg.det(fitted[:2])))
    worst = np.abs(design @ fitted - seen).max() / pixel
    if worst > TOLERANCE_PX:
        raise GridError(
            f"expected a reference whose grid is an affine image of its image's; got one bent by {worst:.2f} pixels",
            where=reference.path,
            do="cut the scene into smaller pieces, or warp the reference into the image's CRS",
        )
    return np.asarray(fitted.T, np.float64)


def covered_share(image: RasterInfo, grid: GridMap, shape: tuple[int, int]) -> float:
    """Return how much of an image lies under a reference, 0 to 1.

    Args:
        image: header.
        grid: where the reference's pixels lie in the image's.
        shape: rows and columns of the reference.
    """
    height, width = shape
    corners = np.array([[0, 0], [0, width], [height, width], [height, 0]]) - 0.5
    ground = Polygon(corners @ grid[:, :2].T + grid[:, 2])
    picture = box(-0.5, -0.5, image.height - 0.5, image.width - 0.5)
    return float(ground.intersection(picture).area / picture.area)


_CORRECT = "correct the CRS and the transform of the file"


def _is_unplaced(image: RasterInfo, reference: RasterInfo) -> bool:
    """Tell whether the files do not say where they lie to each other."""
    if image.transform is None or reference.transform is None:
        return True
    return (image.crs is None) != (reference.crs is None)


def _check_area(reference: RasterInfo) -> None:
    """Refuse a transform that gives pixels no area."""
    a, b, _, d, e, _ = reference.transform or (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    if a * e - b * d == 0:
        raise GridError(
            "expected a reference whose pixels have an area; got a transform that gives them none",
            where=reference.path,
            do=_CORRECT,
        )


def _seen(
    image: RasterInfo, reference: RasterInfo, places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Carry places (row, col) of a reference into its image."""
    x, y = _to_world(reference, places)
    try:
        if image.crs != reference.crs:
            x, y = _transformer(reference.crs, image.crs).transform(x, y)
        seen = _to_pixels(image, x, y)
    except (ProjError, np.linalg.LinAlgError) as error:
        raise _nowhere(reference.path, str(error)) from error
    if not np.isfinite(seen).all():
        raise _nowhere(reference.path, "some of its pixels have no place there")
    return seen


@lru_cache(maxsize=64)
def _transformer(source: str | None, target: str | None) -> Transformer:
    """Make what carries places from CRS to CRS once; x is east and y north in both."""
    return Transformer.from_crs(source, target, always_xy=True)


def _nowhere(path: Path, why: str) -> GridError:
    """Say that a reference cannot be laid on its image."""
    return GridError(
        f"expected a reference that can be laid on its image; {why}", where=path, do=_CORRECT
    )


def _lattice(info: RasterInfo) -> NDArray[np.float64]:
    """Return 25 places (row, col) spread over a raster."""
    rows = np.linspace(-0.5, info.height - 0.5, 5)
    cols = np.linspace(-0.5, info.width - 0.5, 5)
    return np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2)


def _to_world(
    info: RasterInfo, places: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Carry pixel places (row, col), centres whole, into the raster's CRS."""
    a, b, c, d, e, f = info.transform or (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    row, col = places.T + 0.5
    return a * col + b * row + c, d * col + e * row + f


def _to_pixels(
    info: RasterInfo, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Carry places in a raster's CRS into its pixels (row, col), centres whole."""
    a, b, c, d, e, f = info.transform or (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    col, row = np.linalg.solve([[a, b], [d, e]], [np.asarray(x) - c, np.asarray(y) - f])
    return np.column_stack([row - 0.5, col - 0.5])
