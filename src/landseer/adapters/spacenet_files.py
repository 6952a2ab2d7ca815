"""SpaceNet's files by their names: which tile, which area, seen from where, for training or for testing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from landseer.errors import DataError

_AREA = re.compile(r"(?P<area>AOI_\d+_[A-Za-z]+)_img(?P<number>\d+)$")
_PLACE = re.compile(r"(?:^|_)(?P<place>\d+_\d+)$")
_VIEW = re.compile(r"(?P<area>[A-Za-z]+)_nadir(?P<angle>\d+)_catid_(?P<catid>[0-9A-Za-z]+)_")
_TEST = re.compile(r"(?:^|[^A-Za-z])test(?:$|[^A-Za-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tile:
    """One image file.

    Attributes:
        name: sample name, unique: the place, and the view where there are several.
        place: what its label is called by.
        area: city.
        side: train or test.
        path: the image.
        angle_deg: off-nadir angle, degrees; None where there is one view only.
        catid: the satellite scene, or None.
    """

    name: str
    place: str
    area: str | None
    side: Literal["train", "test"]
    path: Path
    angle_deg: int | None = None
    catid: str | None = None


def find_tiles(root: Path, product: str) -> tuple[list[Tile], list[Path]]:
    """Find the images of one product: all GeoTIFFs in folders of its name, wherever these lie.

    Args:
        root: folder of the unpacked archives.
        product: `3band`, `RGB-PanSharpen`, `Pan-Sharpen` and so on.

    Returns:
        Tiles by path, and files whose names are none of SpaceNet's.

    Raises:
        DataError: two files have the name of one tile, as those of SpaceNet 2 and 3 have.
    """
    tiles, strange = [], []
    for path in _files(root, (".tif", ".tiff")):
        if path.parent.name == product:
            tile = read_name(path, root)
            tiles.append(tile) if tile is not None else strange.append(path)
    _refuse_twice(tiles, root)
    return tiles, strange


def find_labels(root: Path) -> tuple[dict[str, Path], list[Path]]:
    """Find the outlines of buildings: place -> GeoJSON, all in or below a folder `geojson`.

    Returns:
        The labels, and GeoJSON files that are none of a tile's buildings: roads, and names that are none of SpaceNet's.
    """
    labels, others = {}, []
    for path in _files(root, (".geojson",)):
        place = place_of(path.stem)
        folders = path.relative_to(root).parts[:-1]
        is_road = any("road" in part.lower() for part in (*folders, path.name))
        if place is None or is_road or not any("geojson" in part.lower() for part in folders):
            others.append(path)
        else:
            labels[place] = path
    return labels, others


def read_name(path: Path, root: Path) -> Tile | None:
    """Read what an image's name says; None when it is none of SpaceNet's.

    Source: file names of SpaceNet 1 and 2 (`3band_AOI_1_RIO_img100.tif`,
        `RGB-PanSharpen_AOI_2_Vegas_img1.tif`) and of SpaceNet 4
        (`Pan-Sharpen_Atlanta_nadir16_catid_1030010002649200_732701_3730989.tif`).
    """
    place = place_of(path.stem)
    if place is None:
        return None
    is_test = _TEST.search(str(path.relative_to(root))) is not None
    side: Literal["train", "test"] = "test" if is_test else "train"
    area = _AREA.search(path.stem)
    if area is not None:
        return Tile(place, place, area["area"], side, path)
    view = _VIEW.search(path.stem)
    if view is None:
        return Tile(place, place, None, side, path)
    name = f"{view['area']}_nadir{view['angle']}_{view['catid']}_{place}"
    return Tile(name, place, view["area"], side, path, int(view["angle"]), view["catid"])


def _refuse_twice(tiles: Iterable[Tile], root: Path) -> None:
    """Refuse two files of one tile's name: they are of two data sets."""
    known: dict[str, Path] = {}
    twice: dict[str, Path] = {}
    for tile in tiles:
        if known.setdefault(tile.name, tile.path) is not tile.path:
            twice.setdefault(tile.name, tile.path)
    if twice:
        name, second = next(iter(twice.items()))
        files = " and ".join(str(path.relative_to(root)) for path in (known[name], second))
        raise DataError(
            f"expected one file per tile; got {len(twice)} tiles twice, {name} from {files}",
            where=root,
            do="point `root` at one of the data sets",
        )


def place_of(stem: str) -> str | None:
    """Return the part of a name that image and label share."""
    area = _AREA.search(stem)
    if area is not None:
        return f"{area['area']}_img{area['number']}"
    place = _PLACE.search(stem)
    return None if place is None else place["place"]


def _files(root: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """List the files below a folder by path, hidden ones left out; links are followed."""
    for folder, folders, names in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(endings) and not name.startswith("."):
                yield Path(folder, name)
