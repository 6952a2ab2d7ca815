"""Read a reference raster: physical values, and where its pixels lie in the pixels of its image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.warp import transform as transform_places

from landseer.core.references import Reference
from landseer.errors import BandError, GridError
from landseer.raster.read import RasterInfo, read_bands

GridMap = NDArray[np.float64]
"""(2, 3): (row, col) in the image = map @ (row, col, 1) in the reference, whole numbers at pixel centres."""

TOLERANCE_PX = 0.1
"""How far an affine map may miss, in pixels of the reference."""


def read_reference(path: Path, reference: Reference) -> NDArray[np.float32]:
    """Read a raster of one band as physical values.

    Returns:
        (h, w) float32, NaN where the file says that nothing is known.

    Raises:
        FileReadError: the file cannot be read.
        BandError: it has more than one band.
    """
    raw = read_bands(path)
    if len(raw) != 1:
        raise BandError(
            f"expected a raster of one band for {reference.name}; got {len(raw)}", where=path
        )
    return reference.encoding.decode(raw[0])


def grid_map(image: RasterInfo, reference: RasterInfo) -> GridMap:
    """Return where the pixels of a reference lie in the pixels of its image.

    Args:
        image, reference: headers.

    Returns:
        An affine map, exact where both have one CRS; else fitted to a lattice of places carried from CRS to CRS.

    Raises:
        GridError: the map between the two CRSs bends by more than a tenth of a reference pixel over the raster.

    Edges: where either has no CRS or no transform, both are taken to cover the same ground.

    Source: own.
    """
    lattice = _lattice(reference)
    if image.transform is None or reference.transform is None or not (image.crs and reference.crs):
        ratio = np.array([image.height / reference.height, image.width / reference.width])
        return np.column_stack([np.diag(ratio), 0.5 * ratio - 0.5])
    x, y = _to_world(reference, lattice)
    if image.crs != reference.crs:
        x, y = map(np.asarray, transform_places(reference.crs, image.crs, x, y))
    seen = _to_pixels(image, x, y)
    design = np.column_stack([lattice, np.ones(len(lattice))])
    fitted, *_ = np.linalg.lstsq(design, seen, rcond=None)
    pixel = np.sqrt(abs(np.linalg.det(fitted[:2])))
    worst = np.abs(design @ fitted - seen).max() / max(pixel, 1e-12)
    if not worst <= TOLERANCE_PX:
        raise GridError(
            f"expected a reference whose grid is an affine image of its image's; got one bent by {worst:.2f} pixels",
            where=reference.path,
            do="cut the scene into smaller pieces, or warp the reference into the image's CRS",
        )
    return fitted.T


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
