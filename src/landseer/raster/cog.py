"""Write a cloud-optimised GeoTIFF from strips of rows: memory set by its width, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import DTypeLike
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.io import DatasetWriter
from rasterio.shutil import copy, delete

from landseer.core.files import atomic_path
from landseer.errors import WriteError
from landseer.raster.band_figures import BandFigures
from landseer.raster.class_table import class_tags, fill_place
from landseer.raster.halve import halve_classes, halve_values
from landseer.raster.levels import TILE_PX, Array, Level, open_levels
from landseer.raster.opening import quiet, reason

_LAYOUT: dict[str, Any] = {
    # Deflate is read everywhere; level 1 takes half the time of level 6 and makes bytes and floats 1 % larger.
    "COMPRESS": "DEFLATE",
    "LEVEL": 1,
    "PREDICTOR": "YES",
    "BIGTIFF": "IF_SAFER",
}
_STEP_PX = 16
"""Sides of tiles are multiples of it."""

_PACKING: dict[str, Any] = {"compress": "zstd", "zstd_level": 1, "num_threads": "ALL_CPUS"}
"""Of temporary files."""

_CLASSES = (1, "uint8"), (1, "uint16")
_FREE = "free disk space or choose a folder you may write to"


class CogWriter:
    """A cloud-optimised GeoTIFF in the making; use it in a `with` block and write rows from the top down.

    Coarser resolutions, checksums and figures are made while rows come, into temporary files beside `path`, those of a
    single tile in memory unless `scratch` is given. When
    the block ends well GDAL lays them out as one file, which is read once, compared with what was given, and gets its
    name. When it ends with an error nothing is left. The same pixels give the same bytes, however they are cut into
    strips.

    Args:
        path: where; folders are made.
        width, height, count: columns, rows, bands.
        dtype: of the pixels; booleans are written as uint8.
        crs: `EPSG:n` or WKT.
        transform: (a, b, c, d, e, f) as in `RasterInfo`.
        nodata: value to declare as missing.
        descriptions: one per band.
        colour_table: `#rrggbb` per value, for one uint8 or uint16 band.
        category_names: name per value of one band of classes. With names or colours coarser resolutions keep the
            commonest value, else the mean.
        tags: metadata of the file, such as `TIFFTAG_SOFTWARE`.
        scratch: folder for temporary files, on the same file system; beside `path` if not given.

    Raises:
        WriteError: disk full, no permission; what GeoTIFF cannot hold; rows out of order, of another shape or
            dtype, or missing.

    Source: own. GDAL loses errors that happen while it closes a file, hence the comparison; its own coarser classes
        took six times as long (67 million pixels: 1.2 s against 0.2 s).
    """

    def __init__(  # noqa: PLR0913 - what a file is made of
        self,
        path: Path,
        *,
        width: int,
        height: int,
        count: int,
        dtype: DTypeLike,
        crs: str | None = None,
        transform: Sequence[float] | None = None,
        nodata: float | None = None,
        descriptions: Sequence[str | None] | None = None,
        colour_table: Mapping[int, str] | None = None,
        category_names: Mapping[int, str] | None = None,
        tags: Mapping[str, str] | None = None,
        scratch: Path | None = None,
    ) -> None:
        self.path, self._scratch = Path(path), scratch
        self._dtype = np.dtype(np.uint8 if np.dtype(dtype) == np.bool_ else dtype)
        self._profile: dict[str, Any] = {
            "driver": "GTiff", "width": width, "height": height, "count": count, "dtype": self._dtype.name,
            "crs": crs, "nodata": nodata, "BIGTIFF": "IF_SAFER", "tiled": True,
        }  # fmt: skip
        if transform is not None:
            self._profile["transform"] = Affine(*transform[:6])
        side = min(TILE_PX, -(-max(width, height) // _STEP_PX) * _STEP_PX)
        packing = (
            {"num_threads": 1} if self._in_memory else _PACKING | {"predictor": self._predictor}
        )
        self._profile |= {"blockxsize": side, "blockysize": side, **packing}
        self._descriptions, self._tags = descriptions, dict(tags or {})
        self._colours, self._names = dict(colour_table or {}), dict(category_names or {})
        self._figures = [BandFigures(nodata) for _ in range(count)]
        self._levels: list[Level] = []
        self._stack = ExitStack()
        self._check()

    def __enter__(self) -> Self:
        with self._translated(), ExitStack() as stack:
            self._folder = self._make_folder(stack)
            stack.enter_context(quiet())
            is_classes = bool(self._colours or self._names)
            halve = partial(
                halve_classes if is_classes else halve_values, nodata=self._profile["nodata"]
            )
            self._levels = open_levels(self._folder, self._profile, halve, self._look)
            stack.callback(self._close)
            self._describe(self._levels[0].file)
            self._stack = stack.pop_all()
        return self

    def _make_folder(self, stack: ExitStack) -> Path:
        """Make a folder of temporary files, for a single tile in memory; the stack removes it."""
        if self._in_memory:
            folder = Path("/vsimem") / uuid4().hex
            stack.callback(_forget, folder)
            return folder
        parent = self._scratch or self.path.parent
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.", dir=parent))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    @property
    def _in_memory(self) -> bool:
        """Whether the file is but one tile of one resolution, and no folder was given for what is made on the way."""
        is_tile = max(self._profile["height"], self._profile["width"]) <= TILE_PX
        return is_tile and self._scratch is None

    def write(self, row: int, rows_bhw: Array) -> None:
        """Write the rows that follow those written before.

        Args:
            row: number of the first of them.
            rows_bhw: (b, any, w) of the file's dtype.
        """
        finest = self._levels[0]
        expected = self._profile["count"], self._profile["width"]
        came = rows_bhw.shape[0], rows_bhw.shape[2]
        if rows_bhw.dtype == np.bool_:
            rows_bhw = rows_bhw.astype(np.uint8)
        stop = row + rows_bhw.shape[1]
        if (row, came, rows_bhw.dtype) != (finest.next_row, expected, self._dtype) or (
            stop > self._profile["height"]
        ):
            raise WriteError(
                f"expected {self._dtype} rows from {finest.next_row} on up to {self._profile['height']}, bands and "
                f"columns {expected}; got {rows_bhw.dtype} rows {row}..{stop}, {came}",
                where=self.path,
            )
        with self._translated():
            finest.add(rows_bhw)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._stack, self._translated():
            if kind is None:
                self._finish()

    def _close(self) -> None:
        """Close the temporary files, whatever state they are in."""
        for level in self._levels:
            with suppress(RasterioError, CPLE_BaseError):
                level.file.close()

    @property
    def _predictor(self) -> int:
        """GDAL's number of the way in which neighbours are subtracted before packing."""
        return 3 if self._dtype.kind == "f" else 2

    def _check(self) -> None:
        """Refuse what a file cannot hold."""
        count = self._profile["count"]
        if self._descriptions is not None and len(self._descriptions) != count:
            raise WriteError(
                f"expected {count} band descriptions; got {len(self._descriptions)}",
                where=self.path,
            )
        if (self._colours or self._names) and (count, self._dtype.name) not in _CLASSES:
            raise WriteError(
                f"expected one uint8 or uint16 band of classes; got {count} of {self._dtype}",
                where=self.path,
            )

    def _look(self, strip_bhw: Array) -> None:
        """Count the figures of a strip."""
        for figures, rows_hw in zip(self._figures, strip_bhw, strict=True):
            figures.add(rows_hw)

    def _finish(self) -> None:
        """Lay the file out, prove it and give it its name."""
        finest = self._levels[0]
        if finest.next_row != self._profile["height"]:
            raise WriteError(
                f"expected {self._profile['height']} rows; got {finest.next_row}", where=self.path
            )
        for band, figures in enumerate(self._figures, start=1):
            finest.file.update_tags(band, **figures.tags())
        for level in self._levels:
            level.file.close()
        if self._in_memory:
            with atomic_path(self.path) as temporary:
                self._lay_out(self._levels[0].path, temporary)
            return
        made = self._folder / "cog.tif"
        self._lay_out(self._join(), made)
        made.chmod(0o644)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        made.replace(self.path)  # in one step: whoever is killed leaves nothing beside it

    def _lay_out(self, source: Path, made: Path) -> None:
        """Make the file, and prove it."""
        layout = {
            **_LAYOUT,
            "BLOCKSIZE": self._profile["blockxsize"],
            "NUM_THREADS": self._profile["num_threads"],
        }
        copy(source, made, driver="COG", **layout)
        if self._names:
            fill_place(made, self._names, self._colours)
        self._prove(made)

    def _describe(self, file: DatasetWriter) -> None:
        """Write all that is known of the file and its bands beforehand."""
        file.update_tags(**self._tags)
        if self._descriptions is not None:
            file.descriptions = tuple(text or "" for text in self._descriptions)
        if self._names:
            file.update_tags(1, **class_tags(self._names, self._colours))
        if self._colours:
            colours = {value: (*_rgb(text), 255) for value, text in self._colours.items()}
            file.write_colormap(1, colours)

    def _join(self) -> Path:
        """Make all resolutions one data set: a VRT that names each band's coarser files."""
        path = self._folder / "levels.vrt"
        copy(self._levels[0].path, path, driver="VRT")
        first, *bands = path.read_text(encoding="utf-8").split("</VRTRasterBand>")
        text = first
        for band, rest in enumerate(bands, start=1):
            text += "".join(
                f'<Overview><SourceFilename relativeToVRT="1">{level.path.name}</SourceFilename>'
                f"<SourceBand>{band}</SourceBand></Overview>"
                for level in self._levels[1:]
            )
            text += f"</VRTRasterBand>{rest}"
        path.write_text(text, encoding="utf-8")
        return path

    def _prove(self, made: Path) -> None:
        """Read the file once and compare it with what was given."""
        for number, level in enumerate(self._levels):
            options = {"OVERVIEW_LEVEL": number - 1} if number else {}
            with rasterio.open(made, NUM_THREADS="ALL_CPUS", **options) as file:
                if not level.is_in(file):
                    raise WriteError(
                        "expected the pixels that were written; the file has others",
                        where=self.path,
                        do=_FREE,
                    )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what GDAL and the system say into a WriteError."""
        try:
            yield
        except (RasterioError, CPLE_BaseError, ValueError, TypeError, OSError) as error:
            text = getattr(error, "strerror", None) or reason(error)
            raise WriteError(
                f"could not write the file: {text}", where=self.path, do=_FREE
            ) from error


def write_cog(path: Path, array: Array, **options: Any) -> None:
    """Write an array as a cloud-optimised GeoTIFF.

    Args:
        path: where; folders are made.
        array: (b, h, w) or (h, w).
        options: what else `CogWriter` takes.

    Raises:
        WriteError: as of `CogWriter`.
    """
    bands = array[None] if array.ndim == 2 else array
    count, height, width = bands.shape
    shape = {"count": count, "height": height, "width": width, "dtype": bands.dtype}
    with CogWriter(path, **shape, **options) as writer:
        writer.write(0, bands)


def _forget(folder: Path) -> None:
    """Remove the file of a single tile from GDAL's memory."""
    with suppress(RasterioError, CPLE_BaseError):
        delete(folder / "0.tif", driver="GTiff")


def _rgb(colour: str) -> bytes:
    """Turn `#rrggbb` into three numbers."""
    return bytes.fromhex(colour.removeprefix("#"))
