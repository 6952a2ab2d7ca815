"""One small virtual raster for a scene that is not simply one file: several files as bands, a mosaic, another grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from affine import Affine
from rasterio.enums import ColorInterp

from landseer.errors import BandError, GridError
from landseer.raster.opening import open_raster
from landseer.raster.vrt import (
    DO,
    EXACT,
    TYPES,
    File,
    Grid,
    Layer,
    Mixing,
    add_text,
    affine_of,
    band_of,
    begin,
    empty_band,
    look_at,
    mask_of,
    place_on,
    source_of,
    write_vrt,
)


def write_stack(
    path: Path,
    files: Sequence[Path],
    *,
    joined: Literal["bands", "mosaic"] = "bands",
    scale: float = 1.0,
    size: tuple[int, int] | None = None,
    flags: Sequence[int] = (),
    are_classes: bool = False,
) -> Path:
    """Write a virtual raster (GDAL's VRT) of one or several files.

    Args:
        path: where, ending `.vrt`.
        files: absolute paths.
        joined: `bands`: all bands of the first file, then those of the second, on the grid of the finest; `mosaic`:
            files of one grid side by side, later ones over earlier ones where they have data.
        scale: how many times finer its pixels are than those of that grid.
        size: its height and width, in place of `scale`.
        flags: positions of bands, counted from 1, whose numbers are flags and never mix.
        are_classes: whether all numbers are classes: the most frequent of one band's wins where pixels shrink, and
            several bands, which are colours, take the nearest pixel.

    Returns:
        `path`. Its outline is that of the grid, to the last digit; its size is rounded to whole pixels. Nodata values,
        colour interpretation, band names and the palette stay; a mask or an alpha band becomes its mask as well.

    Raises:
        FileReadError: a file cannot be read.
        GridError: files differ in CRS, do not lie on one grid (`mosaic`), or on different ground (`bands`).
        BandError: files of a mosaic differ in their bands.
        WriteError: it cannot be written.

    Edges: pixels are averaged where they shrink, by how much of each lies in the new one; enlarging is cubic; colour
        numbers, alpha, masks and flags take the nearest pixel. Missing pixels do not enter into means. Overviews are
        not used to shrink, for nobody knows how they were made. Bands of several types get the type that holds all.
    """
    parts = [look_at(file) for file in files]
    _check_crs(parts)
    grid = _grid_of_mosaic(parts) if joined == "mosaic" else _grid_of_bands(parts)
    grid = _scale(grid, scale) if size is None else replace(grid, rows=size[0], cols=size[1])
    root = begin(parts, grid)
    dtype = np.result_type(*(np.dtype(part.info.dtype) for part in parts))
    bands = _layers(parts, joined)
    for place, layers in enumerate(bands, 1):
        mixing: Mixing = "most" if are_classes and len(bands) == 1 else "mean"
        if place in flags or (are_classes and len(bands) > 1):
            mixing = "nearest"
        root.append(band_of(layers, place, grid, TYPES[dtype.name], mixing))
    _add_mask(root, parts, grid, joined)
    return write_vrt(path, root)


def write_colours(path: Path, file: Path) -> Path:
    """Write a virtual raster of the red, green and blue of a file whose one band is numbers of colours.

    Edges: where it is scaled in turn each pixel takes the colour of the nearest one.

    Raises:
        FileReadError: the file cannot be read.
        BandError: it has no palette.
    """
    part = look_at(file)
    if not part.colours:
        raise BandError("expected a file with a palette; got one without", where=file)
    grid = _scale(_grid_of_bands([part]), 1.0)
    root = begin([part], grid)
    for place, colour in enumerate((ColorInterp.red, ColorInterp.green, ColorInterp.blue), 1):
        band = empty_band(place, "Byte", colour)
        source = source_of(part, "1", grid, mixing="nearest", kind="ComplexSource")
        add_text(source, "ColorTableComponent", place)
        band.append(source)
        root.append(band)
    return write_vrt(path, root)


def has_palette(path: Path) -> bool:
    """Tell whether a file has one band of colour numbers.

    Raises:
        FileReadError: it cannot be read.
    """
    with open_raster(path) as dataset:
        return dataset.count == 1 and dataset.colorinterp[0] is ColorInterp.palette


def _layers(parts: Sequence[File], joined: str) -> list[list[Layer]]:
    """Say which bands of which files make each band."""
    if joined == "bands":
        return [[(part, number)] for part in parts for number in range(1, part.info.count + 1)]
    return [[(part, number) for part in parts] for number in range(1, parts[0].info.count + 1)]


def _add_mask(root: Element, parts: Sequence[File], grid: Grid, joined: str) -> None:
    """Add a mask: of all files of a mosaic that has masks, or gaps without nodata; else of the first that has one."""
    masked = [part for part in parts if part.has_mask]
    if joined == "mosaic":
        has_nodata = all(band.nodata is not None for part in parts for band in part.bands)
        masked = list(parts) if masked or (len(parts) > 1 and not has_nodata) else []
    if masked:
        mask = SubElement(root, "MaskBand")
        mask.append(mask_of(masked if joined == "mosaic" else masked[:1], grid))


def _check_crs(parts: Sequence[File]) -> None:
    """Refuse files of several CRS."""
    wrong = [part for part in parts if part.info.crs != parts[0].info.crs]
    if wrong:
        raise GridError(
            f"expected files of one CRS ({_short(parts[0])}); got {_short(wrong[0])}",
            where=wrong[0].info.path,
            do=DO,
        )


def _short(part: File) -> str:
    """Name a file's CRS."""
    return "none" if part.info.crs is None else part.info.crs[:60]


def _grid_of_bands(parts: Sequence[File]) -> Grid:
    """Return the grid of the finest file; all must show the same ground."""
    finest = max(parts, key=lambda part: part.info.width).info
    grid = Grid(finest.height, finest.width, affine_of(finest), finest.height, finest.width)
    for part in parts:
        col, row, cols, rows = place_on(part.info, grid)
        # Half a pixel of the coarser file is what a grid of another size cannot help.
        slack = max(cols / part.info.width, rows / part.info.height)
        ends = (col, row, col + cols - grid.width, row + rows - grid.height)
        if max(map(abs, ends)) > slack:
            raise GridError(
                f"expected files that show the same ground; one begins {row:.4g} rows and {col:.4g} columns and ends "
                f"{ends[3]:.4g} rows and {ends[2]:.4g} columns after the finest",
                where=part.info.path,
                do=DO,
            )
    return grid


def _grid_of_mosaic(parts: Sequence[File]) -> Grid:
    """Return the grid that holds all files; they must lie on it pixel by pixel and have the same bands."""
    first = parts[0].info
    base = Grid(first.height, first.width, affine_of(first), first.height, first.width)
    places = []
    for part in parts:
        if part.info.count != first.count:
            raise BandError(
                f"expected files of {first.count} bands; got {part.info.count}",
                where=part.info.path,
            )
        if part.info.transform is None and len(parts) > 1:
            raise GridError("expected a file that knows its place; got none", where=part.info.path)
        col, row, cols, rows = place = place_on(part.info, base)
        size = (cols - part.info.width, rows - part.info.height)
        beside = (col - round(col), row - round(row), *size)
        if max(map(abs, beside)) > EXACT * max(1, part.info.width, part.info.height) ** 0.5:
            raise GridError(
                f"expected files on one grid; one lies {beside[1]:.4g} rows and {beside[0]:.4g} columns beside it and "
                f"is {size[1]:.4g} rows and {size[0]:.4g} columns too large",
                where=part.info.path,
                do=DO,
            )
        places.append(tuple(map(round, place)))
    left, top = min(place[0] for place in places), min(place[1] for place in places)
    right = max(place[0] + place[2] for place in places)
    bottom = max(place[1] + place[3] for place in places)
    height, width = bottom - top, right - left
    a, b, c, d, e, f = base.transform[:6]
    origin = Affine(a, b, c + a * left + b * top, d, e, f + d * left + e * top)
    return Grid(height, width, origin, height, width)


def _scale(grid: Grid, scale: float) -> Grid:
    """Return a grid with pixels so many times finer."""
    rows, cols = (max(1, round(length * scale)) for length in (grid.height, grid.width))
    return Grid(grid.height, grid.width, grid.transform, rows, cols)
