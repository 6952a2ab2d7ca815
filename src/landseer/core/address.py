"""Addresses: a window of a raster file, written as a path, so that a window can stand wherever a file can."""

from __future__ import annotations

import re
from pathlib import Path

from landseer.core.window import Window

_ADDRESS = re.compile(r"(?P<file>.+)#(?P<window>\d+,\d+,\d+,\d+)")


def with_window(path: Path, window: Window) -> Path:
    """Return the address of a window, `FILE#row,col,height,width`.

    Args:
        path: a raster file, or an address in one: the window then lies within that window.
        window: in pixels of it.
    """
    file, outer = split_address(path)
    row, col = (0, 0) if outer is None else (outer.row, outer.col)
    numbers = (row + window.row, col + window.col, window.height, window.width)
    return file.with_name(f"{file.name}#{','.join(map(str, numbers))}")


def split_address(path: Path) -> tuple[Path, Window | None]:
    """Return the file and the window of an address; no window of a plain path.

    Edges: a name that ends like an address is one; files so named cannot be read.
    """
    found = _ADDRESS.fullmatch(Path(path).name)
    if found is None:
        return Path(path), None
    return Path(path).with_name(found["file"]), Window(*map(int, found["window"].split(",")))


def file_of(path: Path) -> Path:
    """Return the file of an address."""
    return split_address(path)[0]
