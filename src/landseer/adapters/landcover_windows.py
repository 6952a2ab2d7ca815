"""The windows of an orthophoto, numbered as LandCover.ai's split.py numbers them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from landseer.adapters.headers import Scanned
from landseer.adapters.landcover_config import WINDOW_PX
from landseer.core.address import with_window
from landseer.core.window import Window
from landseer.samples.footprint import footprint


def numbered_windows(height: int, width: int, size_px: int = WINDOW_PX) -> list[tuple[int, Window]]:
    """List the full windows of a grid with their numbers.

    Args:
        height, width: of the orthophoto, px.
        size_px: side of a window.

    Returns:
        Pairs of number and window, row by row. Windows cut off by the right or the lower edge are counted but left out,
        so that numbers have gaps.

    Source: split.py of LandCover.ai v1.
    """
    per_row = math.ceil(width / size_px)
    return [
        (row * per_row + col, Window(row * size_px, col * size_px, size_px, size_px))
        for row in range(height // size_px)
        for col in range(width // size_px)
    ]


def window_records(photo: Scanned, excluded: str | None) -> list[dict[str, Any]]:
    """Make one row of the sample table per full window.

    Args:
        photo: header of the orthophoto.
        excluded: why its windows are left out, or None.

    Returns:
        Rows named `<orthophoto>_<number>`, with the orthophoto as `scene` and the addresses of image and label. An
        orthophoto that cannot be read is one row of its own name, excluded.
    """
    whole = photo.record
    if photo.info is None:
        return [whole]
    return [
        whole | _placed(whole, number, window) | {"excluded": excluded}
        for number, window in numbered_windows(whole["height"], whole["width"])
    ]


def _placed(whole: dict[str, Any], number: int, window: Window) -> dict[str, Any]:
    """Say where one window lies."""
    label = whole["label"]
    row = {
        "sample": f"{whole['sample']}_{number}",
        "scene": whole["sample"],
        "image": str(with_window(Path(whole["image"]), window)),
        "label": None if label is None else str(with_window(Path(label), window)),
        "height": window.height,
        "width": window.width,
    }
    if whole.get("transform") is None:
        return row
    a, b, c, d, e, f = whole["transform"]
    x, y = a * window.col + b * window.row + c, d * window.col + e * window.row + f
    moved = [a, b, x, d, e, y]
    if whole.get("geometry") is None:
        return row | {"transform": moved}
    place = footprint(whole["crs"], moved, window.height, window.width)
    return row | {"transform": moved, "geometry": place}
