"""What surfaces are made of: the reflectance of each material at points of the world."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from landseer.synth.daylight import Season
from landseer.synth.points import Points, mixed, scaled
from landseer.synth.rural_materials import RURAL
from landseer.synth.texture import dice, rough

Field = NDArray[np.float32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def _plain(points: Points) -> Field:
    """Painted or moulded things: nearly even."""
    return points.colour


def _worn(points: Points) -> Field:
    """Asphalt, gravel and paving: stains, patches and fine grain."""
    stain = rough("soft", points.south, points.east, 0.9)
    grain = rough("fine", points.south, points.east, 0.45)
    return scaled(points.colour, 1.0 + 0.09 * stain + 0.05 * grain)


_DRY = (0.235, 0.195, 0.115)
_DRYNESS: dict[Season, float] = {"spring": -0.1, "summer": 0.12, "autumn": 0.38, "winter": 0.72}


def _grass(points: Points) -> Field:
    """Lawns and meadows: greener and drier patches, mown or worn."""
    wide = rough("soft", points.south, points.east, 2.2)
    tuft = rough("mid", points.south, points.east, 0.6)
    dry = np.float32(_DRYNESS[points.season]) + 0.22 * wide + 0.08 * tuft
    return scaled(mixed(points.colour, _DRY, dry), 1.0 + 0.14 * tuft)


def _soil(points: Points) -> Field:
    """Bare ground: blotches, tracks, weeds."""
    wide = rough("mid", points.south, points.east, 1.6)
    weed = rough("soft", points.south + 311.0, points.east, 1.3)
    bare = scaled(points.colour, 1.0 + 0.16 * wide)
    return mixed(bare, (0.075, 0.095, 0.045), (weed - 1.1) * np.float32(0.9))


def _water(points: Points) -> Field:
    """Ponds and rivers: dark, slightly cloudy."""
    cloudy = rough("soft", points.south, points.east, 6.0)
    ripple = rough("fine", points.south, points.east, 0.7)
    return scaled(points.colour, 1.0 + 0.12 * cloudy + 0.05 * ripple)


def _striped(points: Points) -> Field:
    """White lines every `pattern[1]` metres along, `pattern[2]` of it wide, on what is worn."""
    step = np.maximum(points.pattern[:, 1], 0.1)
    line = (points.along / step) % 1.0 < points.pattern[:, 2]
    faded = 0.6 + 0.16 * rough("mid", points.south, points.east, 0.5)
    return mixed(_worn(points), (0.50, 0.50, 0.47), np.where(line, faded, 0.0).astype(np.float32))


def _membrane(points: Points) -> Field:
    """Flat roofs: strips of felt, ponding stains, repairs."""
    stain = rough("soft", points.south, points.east, 0.7)
    strip = dice((points.across // 2.0).astype(np.int64), points.number)
    patch = dice(
        (points.along // 4.3).astype(np.int64),
        (points.across // 3.1).astype(np.int64),
        points.number,
    )
    mended = np.where(patch > 0.94, -0.16, 0.0) + np.where(patch < 0.03, 0.22, 0.0)
    factor = 1.0 + 0.10 * stain + 0.06 * (strip - 0.5) + mended
    return scaled(points.colour, factor.astype(np.float32))


def _tiles(points: Points) -> Field:
    """Tiles and shingles: rows, weathering, single odd pieces."""
    weather = rough("soft", points.south, points.east, 0.6)
    grain = rough("fine", points.south, points.east, 0.35)
    return scaled(points.colour, 1.0 + 0.09 * weather + 0.08 * grain)


def _ribbed(points: Points) -> Field:
    """Sheet metal: sheets of slightly different age, rust along the seams."""
    sheet = dice((points.along // 1.1).astype(np.int64), points.number)
    band = dice((points.along // 6.0).astype(np.int64), points.number, points.number)
    rust = rough("soft", points.south, points.east, 0.8)
    clean = scaled(points.colour, 1.0 + 0.10 * (sheet - 0.5) + 0.10 * (band - 0.5))
    return mixed(clean, (0.20, 0.13, 0.09), (rust - 1.2) * np.float32(0.45))


_GLASS = np.array([0.035, 0.05, 0.075], np.float32)


def _panes(points: Points, wide: float, tall: float) -> tuple[Bools, Field]:
    """Say which points lie on window panes, and give a number per pane."""
    storey, bay = (np.maximum(points.pattern[:, k], 0.5) for k in (0, 1))
    column, level = points.along / bay, points.height / storey
    pane = (np.abs(column % 1.0 - 0.5) < wide / 2) & (np.abs(level % 1.0 - 0.52) < tall / 2)
    each = dice(np.floor(column).astype(np.int64), np.floor(level).astype(np.int64), points.number)
    return pane & (points.pattern[:, 2] > 0), each


def _plaster(points: Points) -> Field:
    """Walls with windows: panes in bays and storeys, blinds, streaks, a darker foot."""
    streak = rough("mid", points.along + 7.7 * points.number, 0.25 * points.height, 0.5)
    foot = np.where(points.height < 0.9, 0.82, 1.0)
    wall = scaled(points.colour, ((1.0 + 0.06 * streak) * foot).astype(np.float32))
    pane, each = _panes(points, 0.55, 0.55)
    glass = mixed(
        np.broadcast_to(_GLASS, wall.shape), points.colour, 0.2 + 0.5 * ((7 * each) % 1.0 > 0.8)
    )
    there = pane & (each < points.pattern[:, 2])
    return np.where(there[:, None], glass, wall)


def _curtain(points: Points) -> Field:
    """Walls of glass: bands per storey, mullions, panes that mirror more or less sky."""
    pane, each = _panes(points, 0.86, 0.66)
    sky = scaled(np.broadcast_to(_GLASS, points.colour.shape), 1.0 + 1.6 * each)
    return np.where(pane[:, None], sky + 0.25 * points.colour, points.colour)


_AUTUMN = np.array([[0.19, 0.095, 0.03], [0.15, 0.12, 0.035], [0.13, 0.06, 0.03]], np.float32)
_BARE_WOOD = (0.105, 0.09, 0.075)


def _leaves(points: Points) -> Field:
    """Crowns that follow the season: fresh, green, coloured, bare."""
    clump = rough("mid", points.south + points.height, points.east - points.height, 0.42)
    green = points.colour
    if points.season == "autumn":
        choice = _AUTUMN[points.number % 3]
        share = (dice(points.number, points.number) - 0.3) * 1.3
        green = mixed(green, choice, share)
    elif points.season == "winter":
        green = mixed(green, _BARE_WOOD, np.float32(0.62) + 0.45 * clump)
    elif points.season == "spring":
        green = green * np.array([1.15, 1.18, 1.0], np.float32)
    return scaled(green, 1.0 + 0.30 * clump)


def _needles(points: Points) -> Field:
    """Crowns that stay green."""
    clump = rough("mid", points.south + points.height, points.east - points.height, 0.38)
    return scaled(points.colour, 1.0 + 0.28 * clump)


MATERIALS: dict[str, Callable[[Points], Field]] = {
    "plain": _plain,
    "worn": _worn,
    "grass": _grass,
    "soil": _soil,
    "water": _water,
    "striped": _striped,
    "membrane": _membrane,
    "tiles": _tiles,
    "ribbed": _ribbed,
    "plaster": _plaster,
    "curtain": _curtain,
    "leaves": _leaves,
    "needles": _needles,
    **RURAL,
}
"""Name of a material -> reflectance (n, 3) at points."""

NUMBER = {name: number for number, name in enumerate(MATERIALS)}
"""Name of a material -> its number in `Faces` and `Domes`."""
