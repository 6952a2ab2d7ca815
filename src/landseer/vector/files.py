"""Files of polygons that grow batch by batch and appear whole or not at all: GeoParquet, GeoPackage, GeoJSON."""

from __future__ import annotations

import json
import shutil
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import geopandas
import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyarrow import parquet
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError
from pyproj import CRS

from landseer.core.files import atomic_path
from landseer.errors import WriteError

Columns = dict[str, NDArray[Any]]
"""Attributes by name, in the order of the file."""

JSON_DIGITS = 8
"""Decimals of degrees in GeoJSON: about a millimetre."""


class PolygonFile(Protocol):
    """A file of polygons that is being written."""

    @abstractmethod
    def write(self, columns: Columns, geometry: NDArray[np.object_]) -> None:
        """Add features; every batch has the same columns, also one of no features."""

    @abstractmethod
    def close(self) -> None:
        """End the file."""


class _Parquet:
    """GeoParquet 1.1 with a column of bounding boxes, one row group per batch."""

    def __init__(self, path: Path, crs: str | None, layer: str) -> None:
        self._path, self._crs = path, crs
        self.writer: parquet.ParquetWriter | None = None

    def write(self, columns: Columns, geometry: NDArray[np.object_]) -> None:
        """Add features."""
        arrays = {name: _array(values) for name, values in columns.items()}
        sides = shapely.bounds(geometry).reshape(-1, 4).T
        names = ("xmin", "ymin", "xmax", "ymax")
        arrays["bbox"] = pa.StructArray.from_arrays([pa.array(side) for side in sides], list(names))
        arrays["geometry"] = pa.array(shapely.to_wkb(geometry), pa.binary())
        table = pa.table(arrays)
        if self.writer is None:
            schema = table.schema.with_metadata({"geo": json.dumps(self._metadata(names))})
            self.writer = parquet.ParquetWriter(self._path, schema, compression="zstd")
        if len(table):
            self.writer.write_table(table.cast(self.writer.schema))

    def _metadata(self, sides: tuple[str, ...]) -> dict[str, Any]:
        """Return what GeoParquet wants to know of the geometry."""
        column = {
            "encoding": "WKB",
            "geometry_types": ["MultiPolygon", "Polygon"],
            "orientation": "counterclockwise",
            "crs": None if self._crs is None else CRS.from_user_input(self._crs).to_json_dict(),
            "covering": {"bbox": {side: ["bbox", side] for side in sides}},
        }
        return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}

    def close(self) -> None:
        """End the file."""
        if self.writer is not None:
            self.writer.close()


def _array(values: NDArray[Any]) -> pa.Array:
    """Return a column; texts are texts in a batch of no features, too."""
    return pa.array(values, pa.string() if values.dtype == object else None, from_pandas=True)


class _Package:
    """A layer of a GeoPackage, in place of one of that name; other layers stay."""

    def __init__(self, path: Path, crs: str | None, layer: str) -> None:
        self._path, self._crs, self._layer = path, crs, layer
        self._has_begun = False
        if not path.stat().st_size:
            path.unlink()

    def write(self, columns: Columns, geometry: NDArray[np.object_]) -> None:
        """Add features."""
        if self._has_begun and not len(geometry):
            return
        frame = geopandas.GeoDataFrame(columns, geometry=geometry, crs=self._crs)
        with warnings.catch_warnings():
            # A map without CRS is noted already.
            warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
            # Other layers may have fields that GDAL does not know.
            warnings.filterwarnings("ignore", "Field format", RuntimeWarning)
            pyogrio.write_dataframe(
                frame,
                self._path,
                layer=self._layer,
                driver="GPKG",
                append=self._has_begun,
                geometry_type="MultiPolygon",
                promote_to_multi=True,
                # SQLite takes Roofs and roofs for one name, and pyogrio for two.
                layer_options={} if self._has_begun else {"OVERWRITE": "YES"},
            )
        self._has_begun = True

    def close(self) -> None:
        """Nothing is left open."""


class _Json:
    """GeoJSON of RFC 7946, one feature a line."""

    def __init__(self, path: Path, crs: str | None, layer: str) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._file.write('{"type": "FeatureCollection", "features": [')
        self._separator = "\n"

    def write(self, columns: Columns, geometry: NDArray[np.object_]) -> None:
        """Add features."""
        rounded = shapely.transform(geometry, lambda points: np.round(points, JSON_DIGITS))
        rows = zip(*(values.tolist() for values in columns.values()), strict=True)
        for text, row in zip(shapely.to_geojson(rounded).tolist(), rows, strict=True):
            properties = {n: None if v != v else v for n, v in zip(columns, row, strict=True)}
            known = json.dumps(properties, ensure_ascii=False)
            self._file.write(
                f'{self._separator}{{"type": "Feature", "properties": {known}, "geometry": {text}}}'
            )
            self._separator = ",\n"

    def close(self) -> None:
        """End the file."""
        if not self._file.closed:
            self._file.write("\n]}\n")
            self._file.close()


FORMATS: dict[str, Callable[[Path, str | None, str], PolygonFile]] = {
    "parquet": _Parquet,
    "gpkg": _Package,
    "geojson": _Json,
}
"""Format -> what writes it."""

ENDINGS = {
    ".parquet": "parquet", ".geoparquet": "parquet", ".gpkg": "gpkg", ".geojson": "geojson", ".json": "geojson",
}  # fmt: skip
"""Ending of a file -> its format."""


_JOURNALS = ("-wal", "-journal")
"""How SQLite's files end that lie beside a database that is being changed; without them it is not whole."""

_FAILURES = (DataSourceError, DataLayerError, FeatureError, pa.ArrowException)
"""How pyogrio and pyarrow say that they cannot write."""


@contextmanager
def polygon_file(path: Path, crs: str | None, *, layer: str = "polygons") -> Iterator[PolygonFile]:
    """Open a file for polygons; it appears when the block ends well, and not at all otherwise.

    A GeoPackage that is there already keeps its other layers; files of other formats are replaced.

    Args:
        path: its ending is one of `ENDINGS`.
        crs: of the coordinates, `EPSG:n` or WKT; None where they have none. GeoJSON knows but EPSG:4326.
        layer: name of the layer in a GeoPackage.

    Raises:
        WriteError: the disk is full, or the folder cannot be written; a GeoPackage of that name is none, or another
            program has it open. What was there stays as it was.

    Edges: a file to which nothing is written does not appear; write a batch of no features for an empty one.
    """
    with atomic_path(path) as temporary:
        if ENDINGS[path.suffix.lower()] == "gpkg":
            _copy_package(path, temporary)
        file = FORMATS[ENDINGS[path.suffix.lower()]](temporary, crs, layer)
        try:
            yield file
        except _FAILURES as error:
            raise WriteError(f"could not write the polygons: {error}", where=path) from error
        finally:
            file.close()


def _copy_package(path: Path, copy: Path) -> None:
    """Copy a GeoPackage, so that layers can be changed; nothing is copied where none is there."""
    if not path.is_file() or not path.stat().st_size:
        return
    beside = [path.with_name(path.name + ending) for ending in _JOURNALS]
    journal = next((one for one in beside if one.exists()), None)
    if journal is not None:
        raise WriteError(
            f"expected a GeoPackage that no other program has open; {journal.name} lies beside it",
            where=path,
            do="close it in other programs, such as QGIS, or choose another file",
        )
    shutil.copyfile(path, copy)
    try:
        with warnings.catch_warnings():
            # GDAL speaks of fields in other people's layers that it does not know; they stay as they are.
            warnings.simplefilter("ignore", RuntimeWarning)
            pyogrio.list_layers(copy)
    except _FAILURES as error:
        raise WriteError(
            f"expected a GeoPackage, to add a layer to it; got {path.stat().st_size} bytes that are none",
            where=path,
            do="choose another file, or remove this one",
        ) from error
