"""Fields: what grows on a strip in which season, sown along it, with headlands across its ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.builder import Builder
from landseer.synth.daylight import Season
from landseer.synth.parcels import laid, long_first, shrunk
from landseer.synth.styles import Colour

Floats = NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Crop:
    """How a field looks.

    Attributes:
        material: name in `materials.MATERIALS`.
        colour: reflectance.
        lines: pattern of the material: spacing in metres, how much rows show, how much patches do.
        often: how often it is met.
    """

    material: str
    colour: Colour
    lines: tuple[float, float, float]
    often: float = 1.0


_MEADOW = (
    Crop("heath", (0.08, 0.105, 0.043), (0.0, 0.0, 0.0), 1.6),
    Crop("grass", (0.075, 0.108, 0.04), (0.0, 0.0, 0.0), 1.2),
    Crop("swath", (0.1, 0.12, 0.055), (6.5, 0.5, 0.0), 0.5),
)

CROPS: dict[Season, tuple[Crop, ...]] = {
    "spring": (
        Crop("crop", (0.055, 0.094, 0.034), (21.0, 0.05, 0.09), 3.0),
        Crop("crop", (0.07, 0.108, 0.042), (24.0, 0.06, 0.1), 2.0),
        Crop("crop", (0.225, 0.205, 0.05), (24.0, 0.03, 0.07), 0.8),
        Crop("ploughed", (0.185, 0.152, 0.115), (0.0, 0.0, 0.14), 2.0),
        Crop("crop", (0.135, 0.132, 0.08), (0.0, 0.16, 0.12), 1.2),
        *_MEADOW,
    ),
    "summer": (
        Crop("crop", (0.2, 0.17, 0.098), (21.0, 0.04, 0.08), 2.4),
        Crop("crop", (0.16, 0.15, 0.08), (24.0, 0.05, 0.09), 1.4),
        Crop("swath", (0.22, 0.19, 0.125), (7.5, 0.6, 0.0), 0.9),
        Crop("crop", (0.058, 0.088, 0.034), (0.0, 0.12, 0.07), 2.0),
        Crop("crop", (0.07, 0.096, 0.042), (0.0, 0.22, 0.06), 0.9),
        Crop("crop", (0.078, 0.118, 0.046), (27.0, 0.09, 0.09), 0.8),
        Crop("ploughed", (0.17, 0.14, 0.105), (0.0, 0.0, 0.11), 0.5),
        *_MEADOW,
    ),
    "autumn": (
        Crop("ploughed", (0.15, 0.122, 0.094), (0.0, 0.0, 0.14), 2.4),
        Crop("ploughed", (0.19, 0.158, 0.12), (0.0, 0.0, 0.12), 1.4),
        Crop("swath", (0.2, 0.172, 0.11), (6.0, 0.35, 0.0), 1.2),
        Crop("crop", (0.15, 0.13, 0.075), (0.0, 0.14, 0.08), 1.6),
        Crop("crop", (0.105, 0.118, 0.062), (21.0, 0.16, 0.12), 1.6),
        Crop("crop", (0.07, 0.106, 0.042), (27.0, 0.08, 0.09), 0.9),
        *_MEADOW,
    ),
    "winter": (Crop("ploughed", (0.15, 0.125, 0.1), (0.0, 0.0, 0.14), 2.0), *_MEADOW),
}
"""Season -> what fields may hold then."""


def draw_crop(season: Season, rng: Rng, *, meadow: bool = False) -> Crop:
    """Draw what a field holds."""
    crops = _MEADOW if meadow else CROPS[season]
    often = np.array([crop.often for crop in crops])
    return crops[int(rng.choice(len(crops), p=often / often.sum()))]


def paint_field(builder: Builder, strip: Floats, crop: Crop, rng: Rng) -> None:
    """Paint a strip: the field, and its two headlands worked across.

    Args:
        builder: where to.
        strip: (4, 2).
        crop: what it holds.
        rng: source of randomness.
    """
    inner = shrunk(long_first(strip), float(rng.uniform(0.25, 0.9)))
    tone = np.array(crop.colour) * rng.uniform(0.86, 1.14) * rng.uniform(0.96, 1.04, 3)
    spacing = crop.lines[0] * float(rng.uniform(0.8, 1.15)) if crop.lines[0] else 0.0
    pattern = (spacing, crop.lines[1], crop.lines[2])
    builder.face(laid(inner), crop.material, tone, pattern)
    a, b, c, d = inner
    length = float(np.hypot(*(b - a)))
    share = float(rng.uniform(6.0, 11.0)) / max(length, 1.0)
    if share > 0.2 or crop.material == "heath":
        return
    for first, last in ((a, d), (b, c)):
        other_first, other_last = (b, c) if first is a else (a, d)
        p, q = first + share * (other_first - first), last + share * (other_last - last)
        end = np.array([first, p, q, last]) if first is a else np.array([p, first, last, q])
        builder.face(laid(np.roll(end, -1, 0)), crop.material, tone * 0.98, (0.0, *pattern[1:]))
