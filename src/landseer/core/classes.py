"""The class table: what a label's pixel values mean, and how they become class numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

IGNORE = 255
"""Class number of pixels that neither train nor count."""

UNKNOWN = 254
"""Class number `encode` gives to values that the class table does not list."""

Value = int | tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Names, label values and display colours of the classes; position is the class number.

    Attributes:
        names: one per class, background first where there is one.
        values: what stands in the label files: integers, or RGB triples for palette-coded masks.
        colours: `#rrggbb` per class, for maps and pictures.
        ignore: label values that neither train nor count.
    """

    names: tuple[str, ...]
    values: tuple[Value, ...]
    colours: tuple[str, ...] = field(default=())
    ignore: tuple[Value, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.names)

    @property
    def is_rgb(self) -> bool:
        """Whether labels are RGB-coded masks."""
        return any(isinstance(value, tuple) for value in (*self.values, *self.ignore))

    def encode(self, label: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Turn label values into class numbers.

        Args:
            label: (h, w) integers, or (3, h, w) for RGB-coded masks.

        Returns:
            (h, w) uint8: the class number, `IGNORE` for ignored values, `UNKNOWN` for values not in the table.
        """
        key = _rgb_key(label) if self.is_rgb else np.asarray(label)
        encoded = np.full(key.shape, UNKNOWN, np.uint8)
        for number, value in enumerate(self.values):
            encoded[key == _key(value)] = number
        for value in self.ignore:
            encoded[key == _key(value)] = IGNORE
        return encoded

    def decode(self, classes: NDArray[np.uint8], *, ignore_value: int = 0) -> NDArray[np.uint8]:
        """Turn class numbers back into label values (integer tables only)."""
        table = np.full(256, ignore_value, np.uint8)
        for number, value in enumerate(self.values):
            table[number] = value
        return table[classes]


def _key(value: Value) -> int:
    """Pack an RGB triple into one integer; leave integers alone."""
    if isinstance(value, tuple):
        return (value[0] << 16) | (value[1] << 8) | value[2]
    return value


def _rgb_key(label: NDArray[np.generic]) -> NDArray[np.int64]:
    """Pack a (3, h, w) label into one integer per pixel."""
    red, green, blue = label[:3].astype(np.int64)
    return (red << 16) | (green << 8) | blue
