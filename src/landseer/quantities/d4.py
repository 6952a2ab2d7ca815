"""The eight ways to turn and mirror a raster, their inverses and their products.

Each element is one optional transpose followed by optional flips of the rows and of the columns. Only this
file knows that form: everything else asks by name.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

import torch
from torch import Tensor

Element = Literal[
    "identity", "rot90", "rot180", "rot270", "flip_lr", "flip_ud", "transpose", "antitranspose"
]

Linear = tuple[tuple[float, float], tuple[float, float]]
"""2 x 2 matrix on (row, col) column vectors, row by row."""

ELEMENTS: tuple[Element, ...] = get_args(Element)
"""The whole group; rotations are counter-clockwise as seen with row 0 on top."""

TTA_SETS: dict[str, tuple[Element, ...]] = {
    "none": ("identity",),
    "flips": ("identity", "flip_lr", "flip_ud"),
    "rotations": ("identity", "rot90", "rot180", "rot270"),
    "d2": ("identity", "flip_lr", "flip_ud", "rot180"),
    "d4": ELEMENTS,
}
"""Named sets of views for test-time augmentation."""

# transpose first, then flip rows, then flip columns
_FORMS: dict[Element, tuple[bool, bool, bool]] = {
    "identity": (False, False, False),
    "rot90": (True, True, False),
    "rot180": (False, True, True),
    "rot270": (True, False, True),
    "flip_lr": (False, False, True),
    "flip_ud": (False, True, False),
    "transpose": (True, False, False),
    "antitranspose": (True, True, True),
}
_NAMES: dict[tuple[bool, bool, bool], Element] = {form: name for name, form in _FORMS.items()}


def apply(element: Element, x: Tensor) -> Tensor:
    """Turn or mirror the last two axes of a tensor.

    Args:
        element: one of `ELEMENTS`.
        x: (..., h, w), any dtype; not changed.

    Returns:
        (..., h, w), or (..., w, h) where the element swaps the axes. May be a view of `x`.

    Raises:
        KeyError: no such element.
    """
    transpose, flip_rows, flip_cols = _FORMS[element]
    if transpose:
        x = x.transpose(-2, -1)
    axes = [axis for axis, flips in ((-2, flip_rows), (-1, flip_cols)) if flips]
    return x.flip(axes) if axes else x


def compose(first: Element, then: Element) -> Element:
    """Return the one element that does `first` and `then` in this order.

    Source: own; a transpose exchanges the meaning of the flips before it.
    """
    transpose_a, rows_a, cols_a = _FORMS[first]
    transpose_b, rows_b, cols_b = _FORMS[then]
    if transpose_b:
        rows_a, cols_a = cols_a, rows_a
    return _NAMES[transpose_a != transpose_b, rows_a != rows_b, cols_a != cols_b]


def inverse(element: Element) -> Element:
    """Return the element that undoes this one: quarter turns exchange, all others undo themselves."""
    return next(back for back in ELEMENTS if compose(element, back) == "identity")


def swaps_axes(element: Element) -> bool:
    """Return whether height and width change places."""
    return _FORMS[element][0]


@cache
def element_matrix(element: Element) -> Linear:
    """Return the matrix that takes output offsets (row, col) to input offsets for an element of D4.

    It is read off the element's action on a grid of coordinates, so that it cannot disagree with it.
    """
    steps = torch.arange(-1, 2)
    rows, cols = torch.meshgrid(steps, steps, indexing="ij")
    row, col = apply(element, rows), apply(element, cols)
    return (
        (float(row[2, 1]), float(row[1, 2])),
        (float(col[2, 1]), float(col[1, 2])),
    )
