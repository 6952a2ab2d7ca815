"""Fields of STAC items: places, times, classes, names and the extensions that define them."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import shapely
from pyproj import CRS

from landseer.core.classes import IGNORE, ClassTable
from landseer.errors import UsageError
from landseer.raster.read import RasterInfo
from landseer.samples.footprint import footprint

STAC_VERSION = "1.1.0"

UNKNOWN_TIME = {
    "datetime": None,
    "start_datetime": "1900-01-01T00:00:00Z",
    "end_datetime": "9999-12-31T23:59:59Z",
}
"""What stands for a time that is not known: a range that leaves everything open, as the MLM extension's examples do."""

_EXTENSIONS = "https://stac-extensions.github.io"
CLASSIFICATION = f"{_EXTENSIONS}/classification/v2.0.0/schema.json"
FILE = f"{_EXTENSIONS}/file/v2.1.0/schema.json"
PROCESSING = f"{_EXTENSIONS}/processing/v1.2.0/schema.json"
PROJECTION = f"{_EXTENSIONS}/projection/v2.0.0/schema.json"


_DEGREES = 1e-7
"""About a centimetre: how exact places are written."""


def place_of(info: RasterInfo) -> dict[str, Any]:
    """Return geometry and bounding box in degrees, to about a centimetre; no box where the raster has no place."""
    if info.crs is None or info.transform is None:
        return {"geometry": None}
    shape = footprint(info.crs, info.transform, info.height, info.width)
    shape = shapely.set_precision(shapely.normalize(shapely.simplify(shape, _DEGREES)), _DEGREES)
    shape = shapely.orient_polygons(shape)
    parts = shapely.get_parts(shape)
    box = list(shape.bounds)
    if (
        len(parts) > 1
    ):  # across the antimeridian: from the western part's left to the eastern part's right
        east, west = sorted(parts, key=lambda part: part.bounds[0])
        box[0], box[2] = west.bounds[0], east.bounds[2]
    plain = shapely.geometry.mapping(shape)
    return {"geometry": _lists(plain), "bbox": [round(number, 7) for number in box]}


def time_of(text: str) -> dict[str, Any]:
    """Return STAC's fields of a time: `2021-05-03`, `2021-05-03T10:20:00Z`, or a range `START/END`.

    Raises:
        UsageError: it is no time.

    Edges: a time without a zone is taken as UTC, a date as its midnight; as the end of a range, as its last second.
    """
    start, slash, end = text.partition("/")
    if not slash:
        return {"datetime": _moment(start)}
    return {
        "datetime": None,
        "start_datetime": _moment(start),
        "end_datetime": _moment(f"{end}T23:59:59" if len(end) == 10 else end),
    }


def class_list(classes: ClassTable, *, nodata: bool = True) -> list[dict[str, Any]]:
    """List classes as the classification extension has them, and 255, outside the data."""
    found: list[dict[str, Any]] = []
    for number, title in enumerate(classes.names):
        one: dict[str, Any] = {
            "value": number,
            "name": plain_name(title),
            "description": title,
        }
        if classes.colours:
            one["color_hint"] = classes.colours[number].removeprefix("#").upper()
        found.append(one)
    if nodata:
        outside = {
            "value": IGNORE,
            "name": "nodata",
            "description": "Outside the data",
            "nodata": True,
        }
        found.append(outside)
    return found


def plain_name(text: str) -> str:
    """Return a text as letters, digits, `-` and `_` only, as extensions want names."""
    return re.sub(r"[^0-9A-Za-z_-]+", "-", text).strip("-") or "x"


def href(path: Path, folder: Path) -> str:
    """Return how an item in a folder names a file: relative, with forward slashes."""
    relative = Path(os.path.relpath(Path(path).absolute(), folder.absolute())).as_posix()
    return relative if relative.startswith("..") else f"./{relative}"


def projection_of(info: RasterInfo) -> dict[str, Any]:
    """Return the projection extension's fields; none where the raster has no place."""
    if info.transform is None:
        return {}
    said: dict[str, Any] = {
        "proj:shape": [info.height, info.width],
        "proj:transform": list(info.transform),
        "proj:code": None,
    }
    if info.crs is None:
        return said
    if re.fullmatch(r"EPSG:\d+", info.crs):
        return said | {"proj:code": info.crs}
    return said | {"proj:wkt2": CRS.from_user_input(info.crs).to_wkt("WKT2_2019")}


def _moment(text: str) -> str:
    """Return a time as RFC 3339 in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"expected a date or time such as 2021-05-03; got {text!r}") from error
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def _lists(value: Any) -> Any:
    """Turn tuples of coordinates into lists, rounded as far as they are exact."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(item) for item in value]
    return round(value, 7) if isinstance(value, float) else value
