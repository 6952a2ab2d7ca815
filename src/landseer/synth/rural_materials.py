"""What the countryside is made of: crops in rows, ploughed soil, hay, tracks, reeds, thatch, rusty tin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from landseer.synth.points import Points, mixed, scaled
from landseer.synth.texture import dice, rough

Field = NDArray[np.float32]

_TRACK_M, _WHEEL_M = 1.9, 0.42
_WHITEST = np.float32(0.95)
_SOIL = (0.17, 0.14, 0.105)
_GRASS = np.array([0.085, 0.1, 0.045], np.float32)


def _crop(points: Points) -> Field:
    """Crops: sown rows, patches of better and worse soil, and tramlines every `pattern[0]` metres.

    `pattern[1]` is how much rows show, `pattern[2]` how much patches do.
    """
    own = 37.0 * (points.number % 97)
    sown = rough("fine", points.along / 14.0 + own, points.across, 0.45)
    streak = rough("mid", points.along / 30.0 + own, points.across, 1.6)
    patch = rough("soft", points.south, points.east, 2.4)
    tuft = rough("mid", points.south, points.east, 0.5)
    rows, patches = points.pattern[:, 1], points.pattern[:, 2]
    factor = 1.0 + rows * (0.6 * sown + 0.6 * streak) + patches * patch + 0.05 * tuft
    poor = mixed(points.colour, _SOIL, (patch * patches * np.float32(2.2)) - 0.12)
    step = np.maximum(points.pattern[:, 0], 4.0)
    off = np.abs(points.across % step - step / 2)
    wheel = (np.abs(off - _TRACK_M / 2) < _WHEEL_M / 2) & (points.pattern[:, 0] > 0)
    grown = np.minimum(scaled(poor, factor), _WHITEST)
    return mixed(grown, np.array(_SOIL) * 0.72, np.where(wheel, 0.42, 0.0))


def _ploughed(points: Points) -> Field:
    """Bare fields: furrows, clods, damp and dry soil."""
    own = 53.0 * (points.number % 89)
    furrow = rough("fine", points.along / 40.0 + own, points.across, 0.5)
    band = rough("mid", points.along / 60.0 + own, points.across, 2.0)
    damp = rough("soft", points.south, points.east, 2.9)
    clod = rough("fine", points.south, points.east, 0.3)
    factor = 1.0 + 0.09 * furrow + 0.05 * band + points.pattern[:, 2] * damp + 0.05 * clod
    return np.minimum(scaled(points.colour, factor), _WHITEST)


def _swath(points: Points) -> Field:
    """Mown meadows and stubble: a bright windrow every `pattern[0]` metres."""
    step = np.maximum(points.pattern[:, 0], 2.0)
    drift = 0.5 * rough("soft", points.along / 6.0, points.across / 6.0, 1.0)
    near = np.abs((points.across + drift) / step % 1.0 - 0.5) * step
    loose = rough("mid", points.south, points.east, 0.4)
    patch = rough("soft", points.south, points.east, 2.2)
    heap = np.clip(1.1 - near / 0.8 + 0.5 * loose, 0.0, 1.0) * points.pattern[:, 1]
    floor = scaled(points.colour, 1.0 + 0.07 * patch + 0.07 * loose)
    return mixed(floor, (0.33, 0.29, 0.19), heap)


def _track(points: Points) -> Field:
    """Tracks of bare ground: two wheel lines, grass between them and beside; `pattern[1]` is the width."""
    middle = np.maximum(points.pattern[:, 1], 1.0) / 2
    bend = 0.25 * rough("soft", points.south, points.east, 1.5)
    off = np.abs(np.abs(points.across) - middle + bend)
    worn = 0.25 * rough("mid", points.south, points.east, 0.6)
    wheels = np.clip(1.5 - np.abs(off - 0.8) / 0.42 + worn, 0.0, 1.0) * points.pattern[:, 2]
    grass = scaled(np.broadcast_to(_GRASS, points.colour.shape), 1 + worn)
    return mixed(grass, scaled(points.colour, 1.0 + 0.3 * worn), wheels)


def _reed(points: Points) -> Field:
    """Reeds and sedges: dense tufts, paler where they are dry."""
    tuft = rough("mid", points.south, points.east, 0.45)
    wide = rough("soft", points.south, points.east, 1.2)
    return scaled(mixed(points.colour, (0.2, 0.175, 0.1), 0.25 + 0.3 * wide), 1.0 + 0.2 * tuft)


def _heath(points: Points) -> Field:
    """Rough ground: grass, herbs and bare spots of every size."""
    tuft = rough("mid", points.south, points.east, 0.8)
    wide = rough("soft", points.south + 97.0, points.east, 1.7)
    fine = rough("fine", points.south, points.east, 0.13)
    dry = mixed(points.colour, (0.2, 0.17, 0.1), 0.2 * wide + 0.14 * tuft)
    return scaled(dry, 1.0 + 0.17 * tuft + 0.1 * fine)


def _earth(points: Points) -> Field:
    """Trodden ground of towns: damp and dusty patches, grit, litter, a little weed."""
    wide = rough("soft", points.south, points.east, 1.1)
    patch = rough("mid", points.south, points.east, 0.45)
    grit = rough("fine", points.south, points.east, 0.16)
    weed = rough("mid", points.south + 211.0, points.east, 0.5) + 0.7 * rough(
        "soft", points.south, points.east + 97.0, 1.4
    )
    bare = scaled(points.colour, 1.0 + 0.07 * wide + 0.06 * patch + 0.07 * grit)
    litter = np.where(grit * patch > 5.0, 0.6, 0.0).astype(np.float32)
    grown = mixed(bare, (0.09, 0.105, 0.05), np.minimum((weed - 1.9) * np.float32(0.5), 0.6))
    return mixed(grown, (0.45, 0.45, 0.44), litter)


def _rusted(points: Points) -> Field:
    """Corrugated tin: sheets of different age, `pattern[2]` of it rusty."""
    sheet = dice((points.along // 0.9).astype(np.int64), points.number)
    row = dice((points.across // 2.6).astype(np.int64), points.number)
    piece = dice(
        (points.along // 0.9).astype(np.int64),
        (points.across // 2.6).astype(np.int64),
        points.number,
    )
    rust = rough("mid", points.south, points.east, 0.6) + 1.6 * (piece - 0.5)
    wave = (0.05 * np.cos(points.along * (2 * np.pi / 0.3))).astype(np.float32)
    clean = scaled(points.colour, 1.0 + 0.14 * (sheet - 0.5) + 0.08 * (row - 0.5) + wave)
    share = (rust + 3.2 * (points.pattern[:, 2] - 0.5)) * np.float32(0.6)
    return mixed(clean, (0.19, 0.095, 0.055), np.minimum(share, 0.9))


def _thatch(points: Points) -> Field:
    """Thatch: grey-brown straw in layers, darker with age."""
    layer = rough("mid", points.along / 5.0, points.height, 0.3)
    grain = rough("fine", points.south, points.east, 0.2)
    return scaled(points.colour, 1.0 + 0.14 * layer + 0.12 * grain)


def _concrete(points: Points) -> Field:
    """Bare concrete roofs: stains, damp edges, patches of repair."""
    stain = rough("soft", points.south, points.east, 0.45)
    spot = rough("mid", points.south, points.east, 0.35)
    patch = dice(
        (points.along // 3.2).astype(np.int64),
        (points.across // 2.7).astype(np.int64),
        points.number,
    )
    mended = np.where(patch > 0.93, 0.16, 0.0) + np.where(patch < 0.06, -0.14, 0.0)
    return scaled(points.colour, (1.0 + 0.13 * stain + 0.07 * spot + mended).astype(np.float32))


RURAL: dict[str, Callable[[Points], Field]] = {
    "crop": _crop,
    "ploughed": _ploughed,
    "swath": _swath,
    "track": _track,
    "reed": _reed,
    "heath": _heath,
    "earth": _earth,
    "rusted": _rusted,
    "thatch": _thatch,
    "concrete": _concrete,
}
"""Name of a material -> reflectance (n, 3) at points; the rest stands in `materials.MATERIALS`."""
