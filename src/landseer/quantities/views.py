"""Views of an image for test-time augmentation: sets of turns, mirrors and zooms, by names that can be multiplied."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from landseer.errors import UsageError
from landseer.quantities.d4 import ELEMENTS, TTA_SETS, Element, compose


@dataclass(frozen=True, slots=True)
class View:
    """One look at an image: turned or mirrored first, then magnified.

    Attributes:
        element: of D4.
        zoom: above 1 objects grow.
    """

    element: Element = "identity"
    zoom: float = 1.0


def parse_views(name: str) -> tuple[View, ...]:
    """Read the name of a set of views.

    Args:
        name: one of `TTA_SETS`, or an element (then the image itself and that view); several joined by `*`, done in
            this order; and after `@` zooms, separated by commas: `d4`, `flips*transpose`, `d4@0.8,1,1.25`.

    Returns:
        Each view once, the image itself first where it is among them.

    Raises:
        UsageError: no such set, or zooms that are not numbers from 0.25 to 4.
    """
    sets, at, zooms = name.partition("@")
    elements: dict[Element, None] = {"identity": None}
    for part in sets.split("*"):
        elements = {
            compose(a, b): None for a, b in product(elements, _elements(part.strip(), name))
        }
    factors = _zooms(zooms, name) if at else (1.0,)
    return tuple(View(element, zoom) for zoom, element in product(factors, elements))


def problem_of_views(name: str) -> str | None:
    """Say what is wrong with the name of a set of views; None where nothing is."""
    try:
        parse_views(name)
    except UsageError as error:
        return error.message
    return None


def _elements(part: str, name: str) -> tuple[Element, ...]:
    """Return the elements of one factor."""
    if part in TTA_SETS:
        return TTA_SETS[part]
    for element in ELEMENTS:
        if element == part:
            return ("identity", element)
    known = ", ".join((*TTA_SETS, *ELEMENTS[1:]))
    raise UsageError(f"expected one of {known}, or several joined by *; got {name!r}")


def _zooms(text: str, name: str) -> tuple[float, ...]:
    """Return the zooms behind an @, each once, the image's own first."""
    try:
        zooms = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"expected zooms such as 0.8,1,1.25 after @; got {name!r}") from error
    if not all(0.25 <= zoom <= 4 for zoom in zooms):
        raise UsageError(f"expected zooms from 0.25 to 4; got {name!r}")
    return tuple(sorted(dict.fromkeys(zooms), key=lambda zoom: zoom != 1))
