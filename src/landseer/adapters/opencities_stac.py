"""Items of Open Cities' STAC catalogues, read without a STAC library, for they are not quite STAC.

Version 0.8.1, dates with a space, boxes that miss their scenes, addresses in a bucket: strict readers refuse them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from landseer.samples.findings import Finding

_TOP = re.compile(r"train_tier_\d+|test")
"""Folders of the data set's root, as they stand in addresses too."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item: imagery, or labels.

    Attributes:
        name: its id.
        area: short name of the city.
        date: as written.
        image, labels: where these files are or should be below the root; None where the item has no such asset.
    """

    name: str
    area: str
    date: str | None
    image: Path | None
    labels: Path | None


def read_items(root: Path, catalogue: Path) -> tuple[list[Item], list[Finding]]:
    """Read all items below a catalogue.

    Args:
        root: folder of the data set.
        catalogue: a catalog.json in it; none there gives no items.

    Returns:
        The items, and findings: files of the catalogue that are not there or cannot be read.
    """
    findings: list[Finding] = []
    if not catalogue.is_file():
        return [], findings
    return [
        _item(root, file, content) for file, content in _walk(root, catalogue, set(), findings)
    ], findings


def _walk(
    root: Path, file: Path, seen: set[Path], findings: list[Finding]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Go from a catalogue to its items, each file once."""
    seen.add(file)
    content = _read(file, findings)
    if content.get("type") == "Feature":
        yield file, content
        return
    for link in content.get("links") or ():
        if link.get("rel") in ("child", "item"):
            target = resolve(root, file, str(link.get("href", "")))
            if target not in seen:
                yield from _walk(root, target, seen, findings)


def _read(path: Path, findings: list[Finding]) -> dict[str, Any]:
    """Read a file of the catalogue; what cannot be read is reported and empty."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        findings.append(
            Finding("", str(path), "", "file of the catalogue is missing", "", "not used")
        )
        return {}
    except (OSError, ValueError) as error:
        what = "file of the catalogue cannot be read"
        findings.append(Finding("", str(path), "", what, str(error), "not used"))
        return {}
    return content if isinstance(content, dict) else {}


def _item(root: Path, file: Path, content: dict[str, Any]) -> Item:
    """Take what is wanted from one item; the folder of its folder is the area where it does not say."""
    properties = content.get("properties") or {}
    return Item(
        str(content.get("id") or file.stem),
        str(properties.get("area") or file.parent.parent.name),
        properties.get("datetime"),
        _asset(root, file, content, "image"),
        _asset(root, file, content, "labels"),
    )


def _asset(root: Path, file: Path, content: dict[str, Any], key: str) -> Path | None:
    """Return the local file of an asset, whether it is there or not."""
    href = ((content.get("assets") or {}).get(key) or {}).get("href")
    return resolve(root, file, str(href)) if href else None


def resolve(root: Path, file: Path, href: str) -> Path:
    """Return the local file that an address means.

    Args:
        root: folder of the data set.
        file: the file in which the address stands.
        href: relative to that file; or absolute, on a server or in a bucket: then the part from `train_tier_1`,
            `train_tier_2` or `test` on is taken from the root, else the name from the file's own folder.
    """
    parts = urlsplit(href)
    path = PurePosixPath(unquote(parts.path))
    if not parts.scheme and not path.is_absolute():
        return Path(os.path.normpath(file.parent / path))
    start = next((i for i, one in enumerate(path.parts) if _TOP.fullmatch(one)), None)
    return root.joinpath(*path.parts[start:]) if start is not None else file.parent / path.name
