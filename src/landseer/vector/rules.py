"""How polygons become a label: which class an object has, what is drawn around it, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from landseer.core.classes import UNKNOWN

HIGHEST = UNKNOWN - 1
"""Highest label value that can be burnt: 254 says unknown and 255 ignored."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One class of objects.

    Attributes:
        value: label value that is burnt, 0..253.
        wanted: values of the attribute that mean this class, as text; empty takes every object.
    """

    value: int
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelRules:
    """How the objects of vector files become a label raster.

    Attributes:
        kinds: classes in the order in which they are burnt: later ones over earlier ones.
        attribute: name of the attribute that tells the class; None where all objects are of one class.
        background: label value of ground that no object covers; 255 ignores it.
        unknown: label value of objects whose attribute has none of the wanted values; None leaves them out.
        crs: CRS of the files, in place of what they say; None believes them.
        layer: name of the layer of files with several; None takes the first.
        buffer_m: half the width that lines get and the radius of points, m; None leaves them out.
        all_touched: whether every pixel that an object touches belongs to it; else those whose centre it covers.
        border: label value of a border inside each object along its outline; None draws none.
        border_px, border_m: width of that border, in pixels or metres; one of them where there is a border.
        ignore_ring_m: pixels this near to an outline, on either side, are ignored, m; 0 ignores none.
    """

    kinds: tuple[Kind, ...] = (Kind(1),)
    attribute: str | None = None
    background: int = 0
    unknown: int | None = UNKNOWN
    crs: str | None = None
    layer: str | None = None
    buffer_m: float | None = None
    all_touched: bool = False
    border: int | None = None
    border_px: float | None = None
    border_m: float | None = None
    ignore_ring_m: float = 0.0

    def value_of(self, attribute: str) -> int | None:
        """Return the label value of an object by its attribute's text; None leaves it out."""
        for kind in self.kinds:
            if not kind.wanted or attribute in kind.wanted:
                return kind.value
        return self.unknown

    def places(self) -> dict[int, int]:
        """Return the place of each burnt value in the order of burning; what is unknown comes first."""
        hidden = [self.unknown] if self.unknown is not None else []
        return {value: i for i, value in enumerate([*hidden, *(kind.value for kind in self.kinds)])}


def text_of(value: object) -> str:
    """Write an attribute's value as text: 1.0 as 1, true as true, so that files of any type mean the same."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def texts_of(value: object) -> tuple[str, ...]:
    """Return the texts that a wanted value may have in files: those of a boolean are as many as there are customs."""
    if isinstance(value, bool):
        return ("true", "yes", "1") if value else ("false", "no", "0")
    return (text_of(value),)
