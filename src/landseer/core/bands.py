"""A band: one named physical layer of a file, with the codes by which formulas know it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from landseer.errors import BandError

BandKind = Literal["reflectance", "quality", "elevation", "other"]


@dataclass(frozen=True, slots=True)
class Band:
    """One named layer of an image file.

    Attributes:
        name: the name used in recipes and formulas (`red`, `nir`, `qa`, `dem`, …).
        index: position in the file, counted from 1 as GDAL does.
        codes: letters by which the Awesome Spectral Indices know it (`("R",)`); a single SWIR may be `("S1", "S2")`.
        kind: what it measures; `quality` bands are flags and are never interpolated.
        nodata: raw value that marks a missing pixel, or None.
        scale, offset: physical value = raw * scale + offset.
    """

    name: str
    index: int
    codes: tuple[str, ...] = field(default=())
    kind: BandKind = "reflectance"
    nodata: float | None = None
    scale: float = 1.0
    offset: float = 0.0


def select_bands(bands: Sequence[Band], names: Iterable[str]) -> tuple[Band, ...]:
    """Return the bands of these names in this order.

    Raises:
        BandError: a name is not among the bands; the message lists those that are.
    """
    by_name = {band.name: band for band in bands}
    chosen = []
    for name in names:
        if name not in by_name:
            raise BandError(
                f"expected one of the bands {', '.join(by_name)}; got {name!r}",
                do="correct the band's name in the recipe",
            )
        chosen.append(by_name[name])
    return tuple(chosen)
