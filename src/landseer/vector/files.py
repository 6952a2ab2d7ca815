"""Files of polygons that grow batch by batch and appear whole or not at all: GeoParquet, GeoPackage, GeoJSON."""

from __future__ import annotations

import json
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
        arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
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


class _Package:
    """A layer of a GeoPackage."""

    def __init__(self, path: Path, crs: str | None, layer: str) -> None:
        self._path, self._crs, self._layer = path, crs, layer
        path.unlink(missing_ok=True)

    def write(self, columns: Columns, geometry: NDArray[np.object_]) -> None:
        """Add features."""
        is_there = self._path.exists()
        if is_there and not len(geometry):
            return
        frame = geopandas.GeoDataFrame(columns, geometry=geometry, crs=self._crs)
        with warnings.catch_warnings():
            # A map without CRS is noted already.
            warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
            pyogrio.write_dataframe(
                frame,
                self._path,
                layer=self._layer,
                driver="GPKG",
                append=is_there,
                geometry_type="MultiPolygon",
                promote_to_multi=True,
            )

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


_FAILURES = (DataSourceError, DataLayerError, FeatureError, pa.ArrowException)
"""How pyogrio and pyarrow say that they cannot write."""


@contextmanager
def polygon_file(path: Path, crs: str | None, *, layer: str = "polygons") -> Iterator[PolygonFile]:
    """Open a file for polygons; it appears when the block ends well, and not at all otherwise.

    Args:
        path: its ending is one of `ENDINGS`.
        crs: of the coordinates, `EPSG:n` or WKT; None where they have none. GeoJSON knows but EPSG:4326.
        layer: name of the layer in a GeoPackage.

    Raises:
        WriteError: the disk is full, or the folder cannot be written.

    Edges: a file to which nothing is written does not appear; write a batch of no features for an empty one.
    """
    with atomic_path(path) as temporary:
        file = FORMATS[ENDINGS[path.suffix.lower()]](temporary, crs, layer)
        try:
            yield file
        except _FAILURES as error:
            raise WriteError(f"could not write the polygons: {error}", where=path) from error
        finally:
            file.close()
