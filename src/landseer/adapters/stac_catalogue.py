"""A static STAC catalogue on disk, read by pystac: the one file that knows it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from landseer.errors import DataError, FileReadError, UsageError

_COMMON = ("catalog.json", "collection.json")

SPLIT = "ml-aoi:split"
"""Property that says train, test or validate.

Source: the STAC ML AOI extension.
"""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of an item.

    Attributes:
        path: where it is or should be on this machine.
        href: as the catalogue writes it.
        roles: such as data, labels, thumbnail.
        media: media type, "" when not stated.
        bands: one mapping per band as the catalogue describes them: name, common_name, nodata, scale, offset.
    """

    path: Path
    href: str
    roles: tuple[str, ...]
    media: str
    bands: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class StacItem:
    """An item.

    Attributes:
        name: its id.
        file: where it stands.
        collection: id of its collection, or None.
        date: ISO 8601, or None.
        split: its `ml-aoi:split`, or None.
        assets: by key.
        sources: files of the items of imagery that this item labels.
    """

    name: str
    file: Path
    collection: str | None
    date: str | None
    split: str | None
    assets: dict[str, Asset]
    sources: tuple[Path, ...]


def _pystac() -> Any:
    """Return the library, or say what to install."""
    try:
        import pystac
    except ImportError as error:
        raise UsageError(
            "expected pystac, which reads STAC catalogues; it is not installed",
            do="pip install 'landseer[stac]'",
        ) from error
    return pystac


def _disk(pystac: Any, root: Path) -> Any:
    """Make what reads files of the catalogue from disk, never from a network."""

    class Disk(pystac.stac_io.DefaultStacIO):  # type: ignore[misc]
        def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
            path = local_file(root, root, str(source))
            try:
                return path.read_text(encoding="utf-8")
            except OSError as error:
                raise FileReadError(
                    f"expected a file of the catalogue on this disk; there is none for {source}",
                    where=path,
                    do="copy the whole catalogue, or take the link out of it",
                ) from error

    return Disk()


def read_catalogue(path: Path) -> list[StacItem]:
    """Read all items of a catalogue or a collection.

    Args:
        path: catalog.json or collection.json, or the folder that holds it.

    Returns:
        The items in the order of the catalogue.

    Raises:
        UsageError: pystac is not installed.
        FileReadError: a file of it is not on this disk.
        DataError: a file of it is not STAC, or it links back to itself.

    Edges: nothing is fetched; addresses on servers are looked for beside the catalogue, as `local_file` says. What was
        read is kept while no file below the catalogue's folder comes, goes or changes: a recipe's check asks often.
    """
    path = Path(path).absolute()
    if path.is_dir():
        path = next((path / name for name in _COMMON if (path / name).is_file()), path / _COMMON[0])
    return list(_read(path, _state(path.parent)))


def _state(folder: Path) -> int:
    """Return a number that is another when files below a folder came, went or changed."""
    files = (file for file in folder.rglob("*") if not file.is_dir())
    stats = ((str(file), file.lstat()) for file in files)
    found = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return hash(tuple(sorted(found)))


@lru_cache(maxsize=4)
def _read(path: Path, state: int) -> tuple[StacItem, ...]:
    """Read all items of the catalogue in this file, in this state of its folder."""
    root, pystac = path.parent, _pystac()
    disk = _disk(pystac, root)
    try:
        is_collection = pystac.Collection.matches_object_type(disk.read_json(str(path)))
        kind = pystac.Collection if is_collection else pystac.Catalog
        catalogue = kind.from_file(str(path), stac_io=disk)
        catalogue.set_root(catalogue)
        return tuple(_item(root, item) for item in catalogue.get_items(recursive=True))
    except _faults(pystac) as error:
        if isinstance(error.__cause__, FileReadError):
            raise error.__cause__ from error
        raise DataError(
            f"expected a STAC catalogue or collection; got: {type(error).__name__}: {error}",
            where=path,
        ) from error


def _faults(pystac: Any) -> tuple[type[Exception], ...]:
    """List what pystac raises on files that are no STAC, its own errors and those of plain Python."""
    plain = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
    return pystac.STACError, pystac.STACTypeError, *plain


def local_file(root: Path, folder: Path, href: str) -> Path:
    """Return the file on this disk that an address means.

    Args:
        root: folder of the catalogue.
        folder: folder of the file in which the address stands.
        href: a path, relative or absolute, or an address on a server.

    Returns:
        The path itself; for what is on a server, or is an absolute path that is not there, the longest end of it that
        is there below the root or, failing that, its name in `folder`, whether it is there or not.
    """
    parts = urlsplit(href)
    text = unquote(parts.path)
    path = Path(os.path.normpath(folder / text))
    if parts.scheme in ("", "file") and (path.exists() or not text.startswith("/")):
        return path
    names = [name for name in PurePosixPath(text).parts if name not in ("/", "..")]
    # Every folder has its catalog.json: such a name alone says nothing.
    is_common = bool(names) and names[-1] in _COMMON
    ends = [root.joinpath(*names[start:]) for start in range(len(names) - is_common)]
    expected = root.joinpath(*names) if is_common or not names else folder / names[-1]
    return next((end for end in ends if end.is_file()), expected)


def _item(root: Path, item: Any) -> StacItem:
    """Take what is wanted from one item."""
    file = _file(root, item)
    moment = item.datetime or item.common_metadata.start_datetime
    split = item.properties.get(SPLIT)
    return StacItem(
        item.id,
        file,
        item.collection_id,
        None if moment is None else moment.isoformat(),
        None if split is None else str(split),
        {key: _asset(root, file.parent, asset) for key, asset in item.assets.items()},
        tuple(_sources(root, file.parent, item)),
    )


def _file(root: Path, item: Any) -> Path:
    """Return where an item stands."""
    href = item.get_self_href()
    return local_file(root, root, href) if href else root / f"{item.id}.json"


def _sources(root: Path, folder: Path, item: Any) -> Iterator[Path]:
    """Follow the links to what an item labels, without reading it."""
    for link in item.get_links("source"):
        href = link.get_href(transform_href=False)
        if href:
            yield local_file(root, folder, href)


def _asset(root: Path, folder: Path, asset: Any) -> Asset:
    """Take what is wanted from one asset."""
    return Asset(
        local_file(root, folder, asset.href),
        asset.href,
        tuple(asset.roles or ()),
        asset.media_type or "",
        tuple(_bands(asset.extra_fields)),
    )


def _bands(fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Join what STAC 1.0 says of a band in two lists, and STAC 1.1 in one."""
    lists = [fields.get(key) or [] for key in ("bands", "eo:bands", "raster:bands")]
    for place in range(max(map(len, lists))):
        joined: dict[str, Any] = {}
        for one in lists:
            joined |= one[place] if place < len(one) else {}
        yield {
            key.removeprefix("eo:").removeprefix("raster:"): value for key, value in joined.items()
        }
