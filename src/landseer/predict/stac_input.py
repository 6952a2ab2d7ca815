"""A STAC item as an image to predict: which of its assets that is, and where it lies on this disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from landseer.adapters.stac_catalogue import local_file
from landseer.errors import DataError, FileReadError

ITEM_SUFFIXES = (".json", ".geojson")
"""File endings of items."""

PREFERRED = ("image", "visual", "data")
"""Keys of assets that are the image, the first that is there."""


def image_of_item(path: Path) -> tuple[str, Path]:
    """Return the id of a STAC item and the file of its image.

    The image is the asset called `image`, `visual` or `data`; else the only one of role `data`; else the only one.

    Args:
        path: the item, JSON.

    Raises:
        FileReadError: it cannot be read, or its image is not on this disk.
        DataError: it is no item, or several assets could be the image.
    """
    try:
        item = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileReadError(f"expected a STAC item; got: {error}", where=path) from error
    assets = item.get("assets") if isinstance(item, dict) else None
    if not (isinstance(assets, dict) and assets and item.get("type") == "Feature"):
        raise DataError(
            "expected a STAC item with assets; got other JSON",
            where=path,
            do="give images, folders of images, or items (type Feature)",
        )
    key = _image_key(assets, path)
    href = str(assets[key].get("href", ""))
    image = local_file(path.parent, path.parent, href)
    if not image.is_file():
        raise FileReadError(
            f"expected the asset {key!r} on this disk; got {href!r}",
            where=path,
            do="fetch it first; nothing is fetched while predicting",
        )
    return str(item.get("id") or path.stem).replace("/", "_"), image


def _image_key(assets: Mapping[str, Mapping[str, Any]], path: Path) -> str:
    """Return the key of the asset that is the image."""
    named = [key for key in PREFERRED if key in assets]
    data = [key for key, asset in assets.items() if "data" in (asset.get("roles") or ())]
    found = named[:1] or data or list(assets)
    if len(found) == 1:
        return found[0]
    raise DataError(
        f"expected one image (an asset called {', '.join(PREFERRED)}, or one of role data); got {', '.join(found)}",
        where=path,
        do="give the files themselves, or a VRT that puts them together",
    )
