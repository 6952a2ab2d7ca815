"""The parts of a virtual raster (GDAL's VRT): what it is made of, bands, sources and masks, written as XML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, tostring

from affine import Affine
from rasterio.enums import ColorInterp, MaskFlags

from landseer.core.address import file_of
from landseer.core.files import atomic_path, hash_stat, hash_value
from landseer.errors import GridError
from landseer.raster.opening import gdal_name, open_raster
from landseer.raster.read import RasterInfo, describe

BLOCK_PX = 512
EXACT = 1e-3
"""How far pixels may lie beside the place where they should, in pixels."""

_SAME = 1e-9
DO = "bring the files onto one grid, or take them as scenes of their own"

TYPES = {
    "uint8": "Byte", "int8": "Int8", "uint16": "UInt16", "int16": "Int16", "uint32": "UInt32", "int32": "Int32",
    "uint64": "UInt64", "int64": "Int64", "float32": "Float32", "float64": "Float64",
}  # fmt: skip
"""GDAL's names of pixel types."""


@dataclass(frozen=True, slots=True)
class _Band:
    """One band of a file."""

    colour: ColorInterp
    nodata: float | None
    description: str | None


@dataclass(frozen=True, slots=True)
class File:
    """What a virtual raster needs to know of a file."""

    info: RasterInfo
    bands: tuple[_Band, ...]
    colours: tuple[tuple[int, int, int, int], ...]
    has_mask: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixels of a virtual raster before it is scaled, and how much finer it is in the end."""

    height: float
    width: float
    transform: Affine
    rows: int
    cols: int

    @property
    def scaled(self) -> Affine:
        """The transform of the virtual raster."""
        a, b, c, d, e, f = self.transform[:6]
        wider, taller = self.width / self.cols, self.height / self.rows
        return Affine(a * wider, b * taller, c, d * wider, e * taller, f)


Mixing = Literal["mean", "nearest", "most"]
"""What a pixel is made of where pixels shrink or grow: their mean, the nearest one, the most frequent value."""

Layer = tuple[File, int]
"""A band of a file, counted from 1."""


def write_vrt(path: Path, root: Element) -> Path:
    """Write a virtual raster whole or not at all; one that is there and the same is left alone.

    Raises:
        WriteError: it cannot be written.
    """
    content = tostring(root, encoding="utf-8")
    if not (path.is_file() and path.read_bytes() == content):
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
    return path


def look_at(path: Path) -> File:
    """Read a file's header."""
    with open_raster(path) as dataset:
        described = zip(dataset.colorinterp, dataset.nodatavals, dataset.descriptions, strict=True)
        is_palette = dataset.colorinterp[0] is ColorInterp.palette
        return File(
            describe(dataset),
            tuple(_Band(*one) for one in described),
            tuple(dataset.colormap(1).values()) if is_palette else (),
            MaskFlags.per_dataset in dataset.mask_flag_enums[0],
        )


def affine_of(info: RasterInfo) -> Affine:
    """Return a header's transform; pixels themselves where there is none."""
    return Affine.identity() if info.transform is None else Affine(*info.transform)


def place_on(info: RasterInfo, grid: Grid) -> tuple[float, float, float, float]:
    """Return where a file lies on a grid before scaling: column, row, columns, rows; all of it without a place."""
    if info.transform is None:
        return 0.0, 0.0, float(grid.width), float(grid.height)
    a, b, d, e, col, row = _within(grid.transform, affine_of(info))
    if (
        max(abs(b) * info.height, abs(d) * info.width) > EXACT * max(info.height, info.width)
        or min(a, e) <= 0
    ):
        raise GridError(
            "expected files turned alike; got one turned otherwise", where=info.path, do=DO
        )
    return col, row, a * info.width, e * info.height


def _within(outer: Affine, inner: Affine) -> tuple[float, float, float, float, float, float]:
    """Return what leads from pixels of one transform to pixels of another: a, b, d, e and the shifts."""
    p, q, _, r, s, _ = outer[:6]
    a, b, c, d, e, f = inner[:6]
    size = p * s - q * r

    def solve(x: float, y: float) -> tuple[float, float]:
        return (s * x - q * y) / size, (p * y - r * x) / size

    (first, third), (second, fourth) = solve(a, d), solve(b, e)
    # Shifts of nearby places are subtracted before they are divided, so that no digit is lost.
    col, row = solve(c - outer.c, f - outer.f)
    return first, second, third, fourth, col, row


def begin(parts: Sequence[File], grid: Grid) -> Element:
    """Begin a virtual raster; it says what its files were like, so that it changes when they do."""
    info = parts[0].info
    root = Element("VRTDataset", rasterXSize=str(grid.cols), rasterYSize=str(grid.rows))
    if info.crs is not None:
        srs = SubElement(root, "SRS", dataAxisToSRSAxisMapping="1,2")
        srs.text = info.crs
    if info.transform is not None:
        numbers = ", ".join(repr(number) for number in grid.scaled.to_gdal())
        SubElement(root, "GeoTransform").text = numbers
    metadata = SubElement(root, "Metadata")
    state = hash_value([hash_stat(file_of(part.info.path)) for part in parts])
    SubElement(metadata, "MDI", key="STATE_OF_FILES").text = state
    return root


def empty_band(place: int | None, dtype: str, colour: ColorInterp | None) -> Element:
    """Make a band without sources."""
    sizes = {"blockXSize": str(BLOCK_PX), "blockYSize": str(BLOCK_PX)}
    number = {} if place is None else {"band": str(place)}
    band = Element("VRTRasterBand", {"dataType": dtype, **number, **sizes})
    if colour is not None:
        add_text(band, "ColorInterp", colour.name.capitalize())
    return band


def band_of(
    sources: Sequence[Layer], place: int, grid: Grid, dtype: str, mixing: Mixing = "mean"
) -> Element:
    """Make a band of one file, or of all files of a mosaic."""
    part, number = sources[0]
    known = part.bands[number - 1]
    band = empty_band(place, dtype, known.colour)
    if known.description:
        add_text(band, "Description", known.description)
    if known.nodata is not None:
        add_text(band, "NoDataValue", "nan" if math.isnan(known.nodata) else repr(known.nodata))
    if known.colour is ColorInterp.palette:
        band.append(_palette(part))
    if mixing == "mean" and known.colour in (ColorInterp.palette, ColorInterp.alpha):
        mixing = "nearest"
    for one, index in sources:
        band.append(_layer(one, index, grid, mixing=mixing, is_mosaic=len(sources) > 1))
    return band


def _layer(part: File, index: int, grid: Grid, *, mixing: Mixing, is_mosaic: bool) -> Element:
    """Make a band's source, in which missing pixels neither cover others nor enter into means."""
    nodata = part.bands[index - 1].nodata
    is_scaled = (part.info.height, part.info.width) != (grid.rows, grid.cols)
    may_hide = is_mosaic and (part.has_mask or nodata is not None)
    # GDAL averages simple sources in another way, which mixes missing pixels in and differs between windows.
    kind = "ComplexSource" if may_hide or (is_scaled and mixing == "mean") else "SimpleSource"
    source = source_of(part, str(index), grid, mixing=mixing, kind=kind)
    if is_mosaic and part.has_mask:
        add_text(source, "UseMaskBand", "true")
    elif kind == "ComplexSource" and nodata is not None:
        add_text(source, "NODATA", repr(nodata))
    return source


def mask_of(parts: Sequence[File], grid: Grid) -> Element:
    """Make the mask of files' masks."""
    mask = empty_band(None, "Byte", None)
    for part in parts:
        source = source_of(part, "mask,1", grid, mixing="nearest", kind="ComplexSource")
        add_text(source, "NODATA", 0)
        mask.append(source)
    return mask


def source_of(
    part: File, band: str, grid: Grid, *, mixing: Mixing = "mean", kind: str = "SimpleSource"
) -> Element:
    """Make a source: a band of a file and where it lies."""
    info = part.info
    col, row, cols, rows = place_on(info, grid)
    fine_cols, fine_rows = grid.cols / grid.width, grid.rows / grid.height
    to = [col * fine_cols, row * fine_rows, cols * fine_cols, rows * fine_rows]
    to = [round(number) if abs(number - round(number)) < 1e-6 else number for number in to]
    method = _method(mixing, info.width / to[2], info.height / to[3])
    source = Element(kind, resampling=method)
    name = SubElement(source, "SourceFilename", relativeToVRT="0")
    name.text = gdal_name(info.path)
    if max(info.width / to[2], info.height / to[3]) > 1:
        options = SubElement(source, "OpenOptions")
        SubElement(options, "OOI", key="OVERVIEW_LEVEL").text = "NONE"
    add_text(source, "SourceBand", band)
    _rect(source, "SrcRect", (0, 0, info.width, info.height))
    _rect(source, "DstRect", to)
    return source


def _method(mixing: Mixing, *ratios: float) -> str:
    """Choose GDAL's method by how many pixels become one along each axis."""
    shrinks = max(ratios) > 1 + _SAME
    if mixing == "nearest" or all(abs(ratio - 1) < _SAME for ratio in ratios):
        return "nearest"
    if mixing == "most":
        return "mode" if shrinks else "nearest"
    return "average" if shrinks else "cubic"


def _rect(parent: Element, tag: str, numbers: Sequence[float]) -> None:
    """Add a rectangle."""
    names = ("xOff", "yOff", "xSize", "ySize")
    SubElement(parent, tag, {name: repr(one) for name, one in zip(names, numbers, strict=True)})


def add_text(parent: Element, tag: str, value: object) -> None:
    """Add an element with a text."""
    SubElement(parent, tag).text = str(value)


def _palette(part: File) -> Element:
    """Write a palette."""
    table = Element("ColorTable")
    for colour in part.colours:
        names = {f"c{place}": str(value) for place, value in enumerate(colour, 1)}
        SubElement(table, "Entry", names)
    return table
