"""Read the objects of a vector file: GeoJSON, GPKG, GeoParquet, Shapefile, FlatGeobuf."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError

from landseer.errors import FileReadError, LabelError
from landseer.vector.placing import Geometries

SUFFIXES = (".geojson", ".json", ".gpkg", ".parquet", ".geoparquet", ".shp", ".fgb")
"""Suffixes by which vector files are known."""

_PARQUET = (".parquet", ".geoparquet")
_DO = "export the file again, or remove it"


@dataclass(frozen=True, slots=True)
class VectorFile:
    """What stands in a vector file.

    Attributes:
        geometries: (n,) of any kind; None where an object has none or one that cannot be understood.
        attribute: (n,) values of the attribute asked for, None where missing; None where none was asked for.
        crs: what the file says, or None.
        n_mended: rings that did not close or had too few points, and were closed.
    """

    geometries: Geometries
    attribute: Geometries | None
    crs: CRS | None
    n_mended: int


def is_vector(path: Path) -> bool:
    """Tell by its suffix whether a file holds vectors."""
    return Path(path).suffix.lower() in SUFFIXES


def read_vectors(path: Path, attribute: str | None = None, layer: str | None = None) -> VectorFile:
    """Read all objects of a file.

    Args:
        path: a file with one of `SUFFIXES`.
        attribute: name of the attribute to read; None reads none.
        layer: name of the layer; None takes the first.

    Raises:
        FileReadError: the file cannot be read, or its CRS not be understood.
        LabelError: it has objects, and no such attribute.

    Edges: a file without objects has none, whatever attribute is asked for; a GeoJSON file without CRS member, or with
        one that means nothing, is in EPSG:4326 as RFC 7946 has it.
    """
    path = Path(path)
    if not path.is_file():
        raise FileReadError(
            "expected a vector file; there is no such file", where=path, do="check the path"
        )
    try:
        return (
            _read_parquet(path, attribute)
            if path.suffix.lower() in _PARQUET
            else _read_any(path, attribute, layer)
        )
    except (
        DataSourceError,
        OSError,
        ValueError,
        CRSError,
        pa.ArrowException,
        shapely.GEOSException,
    ) as error:
        came = "an empty file (0 bytes)" if path.stat().st_size == 0 else f"one that says: {error}"
        raise FileReadError(f"expected a vector file; got {came}", where=path, do=_DO) from error


def _read_any(path: Path, attribute: str | None, layer: str | None) -> VectorFile:
    """Read a file by GDAL."""
    with warnings.catch_warnings():
        # GDAL speaks of rings that do not close and of geometries it does not know; both are counted.
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.filterwarnings("ignore", "More than one layer", UserWarning)
        if attribute is not None:
            fields = [str(name) for name in pyogrio.read_info(path, layer=layer)["fields"]]
        columns = [] if attribute is None or attribute not in fields else [attribute]
        meta, _, wkb, values = pyogrio.raw.read(path, layer=layer, columns=columns)
    if wkb is None:
        raise FileReadError(
            "expected a file with geometries; got a table without", where=path, do=_DO
        )
    if attribute is not None and not columns and len(wkb):
        raise _no_attribute(path, attribute, fields)
    geometries = shapely.from_wkb(wkb, on_invalid="ignore")
    broken = np.array([one is not None for one in wkb], bool) & (geometries == np.array(None))
    geometries[broken] = shapely.from_wkb(wkb[broken], on_invalid="fix")
    crs = None if meta["crs"] is None else CRS.from_user_input(meta["crs"])
    return VectorFile(
        geometries, _objects(values[0]) if columns else _none(attribute), crs, int(broken.sum())
    )


def _read_parquet(path: Path, attribute: str | None) -> VectorFile:
    """Read GeoParquet."""
    frame = gpd.read_parquet(path)
    if attribute is not None and attribute not in frame.columns and len(frame):
        raise _no_attribute(path, attribute, [str(name) for name in frame.columns])
    has_it = attribute is not None and attribute in frame.columns
    values = _objects(frame[attribute].to_numpy(object)) if has_it else _none(attribute)
    return VectorFile(frame.geometry.to_numpy(object), values, frame.crs, 0)


def _none(attribute: str | None) -> Geometries | None:
    """Return no values, of an attribute or because none was asked for."""
    return None if attribute is None else np.empty(0, object)


def _objects(values: Geometries) -> Geometries:
    """Return values as objects, None for what is missing."""
    return np.array([None if one is None or one != one else one for one in values], object)


def _no_attribute(path: Path, attribute: str, fields: list[str]) -> LabelError:
    """Say that no object has the attribute, and what they have."""
    return LabelError(
        f"expected objects with the attribute {attribute!r}; they have {', '.join(fields) or 'none'}",
        where=path,
        do="correct `attribute`, or leave it out where all objects are of one class",
    )
