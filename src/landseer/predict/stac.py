"""STAC items beside what landseer writes: where and when a map is, what its values mean, and from what it was made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rasterio.io import DatasetReader

from landseer import __version__
from landseer.core.address import file_of
from landseer.core.classes import IGNORE, ClassTable
from landseer.core.files import write_json
from landseer.errors import FileReadError, UsageError
from landseer.predict.stac_fields import (
    CLASSIFICATION,
    FILE,
    PROCESSING,
    PROJECTION,
    STAC_VERSION,
    UNKNOWN_TIME,
    class_list,
    href,
    place_of,
    projection_of,
    time_of,
)
from landseer.raster.opening import open_raster
from landseer.raster.read import describe

SUFFIX = ".stac.json"
"""Ending of the items: `scene.tif` has `scene.stac.json`."""

COG_TYPE = "image/tiff; application=geotiff; profile=cloud-optimized"
TIFF_TYPE = "image/tiff; application=geotiff"
ITEM_TYPE = "application/geo+json"

_STATISTICS = {
    "STATISTICS_MINIMUM": "minimum",
    "STATISTICS_MAXIMUM": "maximum",
    "STATISTICS_MEAN": "mean",
    "STATISTICS_STDDEV": "stddev",
    "STATISTICS_VALID_PERCENT": "valid_percent",
}


def item_of_map(
    path: Path,
    classes: ClassTable | None,
    *,
    assets: Mapping[str, Path] | None = None,
    image: Path | None = None,
    model: Path | None = None,
    when: str | None = None,
    item: Path | None = None,
) -> dict[str, Any]:
    """Describe a predicted map as a STAC item.

    Args:
        path: the map.
        classes: what its class numbers mean; None of a map of values.
        assets: other maps of the same image, such as `probability`, by what they are.
        image: what it was predicted from: a file or an address.
        model: the model's item; see `write_model_item`.
        when: when the image was taken, ISO 8601 date or time, or two with a slash between; None takes what the image
            says, if it says anything.
        item: where the item will lie; hrefs are relative to its folder. None: beside the map.

    Returns:
        Plain JSON values. Nothing in them depends on when or on which machine they are made.

    Raises:
        FileReadError: a file is missing or damaged.
        UsageError: `when` is no time.

    Edges: a map without a CRS has no geometry and no place, which STAC allows. An unknown time is `UNKNOWN_TIME`.

    Source: STAC 1.1.0 with the projection 2.0, classification 2.0, file 2.1 and processing 1.2 extensions.
    """
    path = Path(path)
    folder = (item or item_path(path)).parent
    with open_raster(path) as dataset:
        info = describe(dataset)
        main = _asset(dataset, folder, classes)
    others = {name: _other(other, folder) for name, other in sorted((assets or {}).items())}
    place = place_of(info)
    properties = {
        "title": f"Map of {path.stem}",
        **(time_of(when) if when else _time_in(image)),
        **projection_of(info),
        "processing:software": {"landseer": __version__},
    }
    extensions = [PROCESSING, FILE]
    extensions += [PROJECTION] if info.transform is not None else []
    extensions += [CLASSIFICATION] if classes is not None else []
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": sorted(extensions),
        "id": path.stem,
        **place,
        "properties": properties,
        "links": _links(folder, image, model),
        "assets": {"classes" if classes is not None else "values": main, **others},
    }


def write_map_item(path: Path, classes: ClassTable | None, **options: Any) -> Path:
    """Write the STAC item of a map beside it, whole or not at all.

    Args:
        path, classes: as of `item_of_map`.
        options: its other arguments; `item` says where to write instead.

    Returns:
        Where it was written.
    """
    target = Path(options.get("item") or item_path(path))
    write_json(target, item_of_map(path, classes, **options))
    return target


def item_path(path: Path) -> Path:
    """Return where the item of a map lies."""
    return Path(path).with_name(f"{Path(path).stem}{SUFFIX}")


def _asset(dataset: DatasetReader, folder: Path, classes: ClassTable | None) -> dict[str, Any]:
    """Describe an open raster as an asset."""
    path = file_of(Path(dataset.name))
    is_cog = dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == "COG"
    return {
        "href": href(path, folder),
        "type": COG_TYPE if is_cog else TIFF_TYPE,
        "roles": ["data"],
        "file:size": path.stat().st_size,
        "bands": [_band(dataset, number, classes) for number in range(1, dataset.count + 1)],
    }


def _other(path: Path, folder: Path) -> dict[str, Any]:
    """Describe a map of values."""
    with open_raster(path) as dataset:
        return _asset(dataset, folder, None)


def _band(dataset: DatasetReader, number: int, classes: ClassTable | None) -> dict[str, Any]:
    """Describe one band: name, type, nodata, statistics as the file has them, classes."""
    band: dict[str, Any] = {
        "name": dataset.descriptions[number - 1] or f"band{number}",
        "data_type": str(dataset.dtypes[number - 1]),
    }
    nodata = dataset.nodatavals[number - 1]
    if nodata is not None:
        band["nodata"] = _json_nodata(nodata)
    if dataset.units[number - 1]:
        band["unit"] = dataset.units[number - 1]
    tags = dataset.tags(number)
    statistics = {name: float(tags[key]) for key, name in _STATISTICS.items() if key in tags}
    if statistics:
        band["statistics"] = statistics
    if classes is not None:
        band["classification:classes"] = class_list(classes, nodata=nodata == IGNORE)
    return band


def _json_nodata(value: float) -> float | int | str:
    """Return a nodata value as STAC has it: numbers, or `nan`."""
    if value != value:
        return "nan"
    return int(value) if float(value).is_integer() else value


def _links(folder: Path, image: Path | None, model: Path | None) -> list[dict[str, Any]]:
    """Say from what a map was made."""
    links = []
    if image is not None:
        image_type = {
            ".tif": TIFF_TYPE,
            ".tiff": TIFF_TYPE,
            ".png": "image/png",
            ".jp2": "image/jp2",
        }
        file = file_of(image)
        link = {"rel": "derived_from", "href": href(file, folder), "title": "Image"}
        kind = image_type.get(file.suffix.lower())
        links.append(link | ({"type": kind} if kind else {}))
    if model is not None:
        target = href(model, folder)
        links.append(
            {"rel": "derived_from", "href": target, "type": ITEM_TYPE, "title": "Model (MLM item)"}
        )
    return links


def _time_in(image: Path | None) -> dict[str, Any]:
    """Return when the image was taken, if its file says so; when the file was written says nothing about that."""
    if image is None:
        return dict(UNKNOWN_TIME)
    try:
        with open_raster(file_of(image)) as dataset:
            of_sensor = dataset.tags(ns="IMAGERY").get("ACQUISITIONDATETIME")
            of_camera = dataset.tags().get("EXIF_DateTimeOriginal", "")
    except FileReadError:
        return dict(UNKNOWN_TIME)
    text = of_sensor or re.sub(r"^(\d{4}):(\d\d):(\d\d) ", r"\1-\2-\3T", of_camera)
    try:
        return time_of(text.strip())
    except UsageError:
        return dict(UNKNOWN_TIME)
