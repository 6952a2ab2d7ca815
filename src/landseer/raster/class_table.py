"""Names and colours of classes inside a GeoTIFF, as the attribute table that GDAL reads from the file itself.

GDAL stores names in a second file unless it is 3.12 or newer; those read the table from an item of the tag
GDAL_METADATA with `role="rat"`, which older ones cannot write. So a plain item of the same length is written, and
replaced in place.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from landseer.errors import WriteError

PLACE = "CLASS_TABLE"
"""Key of the band's metadata that keeps the place."""

_INTEGER, _TEXT = 0, 2
_VALUE, _NAME = 5, 2
_COLOURS = {"Red": 6, "Green": 7, "Blue": 8}
_OPENING = '<Item name="DEFAULT_RASTER_ATTRIBUTE_TABLE" sample="0" role="rat">'


def class_tags(names: Mapping[int, str], colours: Mapping[int, str]) -> dict[str, str]:
    """Return the metadata of a band of classes: `CLASS_3 = water`, which everybody can read, and the table's place."""
    plain = {f"CLASS_{value}": name for value, name in sorted(names.items())}
    return plain | {PLACE: _filler(_item(names, colours))}


def fill_place(path: Path, names: Mapping[int, str], colours: Mapping[int, str]) -> None:
    """Put the table where `class_tags` kept its place.

    Raises:
        WriteError: the file has no such place.
    """
    item = _item(names, colours)
    kept = f'<Item name="{PLACE}" sample="0">{_filler(item)}</Item>'.encode()
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        start = content.find(kept)
        if start < 0:
            raise WriteError("expected a place kept for the class table; found none", where=path)
        content[start : start + len(kept)] = item.ljust(len(kept))


def _filler(item: bytes) -> str:
    """Return a text that is no shorter than the item."""
    return "x" * len(item)


def _item(names: Mapping[int, str], colours: Mapping[int, str]) -> bytes:
    """Return the item of the table."""
    return f"{_OPENING}{_table(names, colours)}</Item>".encode()


def _table(names: Mapping[int, str], colours: Mapping[int, str]) -> str:
    """Write the table as GDAL's XML, as short as it may be."""
    fields = [("Value", _INTEGER, _VALUE), ("Class", _TEXT, _NAME)]
    fields += [(name, _INTEGER, usage) for name, usage in _COLOURS.items() if colours]
    head = "".join(
        f'<FieldDefn index="{i}"><Name>{name}</Name><Type>{kind}</Type><Usage>{usage}</Usage></FieldDefn>'
        for i, (name, kind, usage) in enumerate(fields)
    )
    rows = "".join(
        f'<Row index="{i}">{"".join(f"<F>{escape(str(cell))}</F>" for cell in cells)}</Row>'
        for i, cells in enumerate(_rows(names, colours))
    )
    return f'<GDALRasterAttributeTable tableType="thematic">{head}{rows}</GDALRasterAttributeTable>'


def _rows(names: Mapping[int, str], colours: Mapping[int, str]) -> list[list[int | str]]:
    """Return value, name and, if any class has a colour, red, green and blue of each class."""
    rows: list[list[int | str]] = []
    for value, name in sorted(names.items()):
        colour = bytes.fromhex(colours.get(value, "#000000").removeprefix("#"))
        rows.append([value, name, *(colour if colours else ())])
    return rows
