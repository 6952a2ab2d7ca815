"""Colours and marks that the colour-blind tell apart: of folds, and of classes that bring their own colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from numpy.typing import NDArray

from landseer.track.figures import INK

FOLD_COLOURS = (
    "#005af0", "#ffc300", "#692d0f", "#00e1f0", "#b46900", "#690f87", "#96e187", "#691e4b", "#3ca5ff", "#5aa587",
)  # fmt: skip
"""Colours of folds 0 to 9: at least 34 apart in CIELAB for normal, red-blind and green-blind eyes alike."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "p", "h")
"""Marks of folds and classes; from eleven folds on colours come again with other marks."""

DASHES: tuple[object, ...] = (
    "-",
    (0, (5, 1.6)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (3, 3)),
)
"""Styles of lines, in order of use."""

CLOSE = 20.0
"""Colours nearer than this in CIELAB are not trusted to be told apart."""

_LIGHTEST = 0.34
_EYES = (
    ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
)  # fmt: skip
_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041),
)  # fmt: skip
_WHITE = (0.95047, 1.0, 1.08883)


@dataclass(frozen=True, slots=True)
class FoldStyle:
    """How a fold is drawn: its colour, its mark, and the ink for its number on that colour."""

    colour: str
    marker: str
    ink: str


def fold_style(fold: int) -> FoldStyle:
    """Return the style of a fold, from 0 on; the first 120 differ."""
    n = len(FOLD_COLOURS)
    marker = MARKERS[(fold + fold // n) % len(MARKERS)]
    colour = FOLD_COLOURS[fold % n]
    return FoldStyle(colour, marker, ink_on(colour))


def ink_on(colour: str) -> str:
    """Return white or dark, whichever reads better on a colour."""
    return "#ffffff" if _luminance(colour) < 0.3 else INK


def line_colour(colour: str) -> str:
    """Return a colour dark enough for a line on white: itself, or itself with ink mixed in."""
    rgb, ink = np.array(to_rgb(colour)), np.array(to_rgb(INK))
    for share in np.linspace(0, 1, 21):
        mixed = to_hex(rgb + (ink - rgb) * share)
        if _luminance(mixed) <= _LIGHTEST:
            return mixed
    return INK


def least_distance(colours: Sequence[str]) -> float:
    """Return how near the two nearest colours are to normal, red-blind and green-blind eyes, CIELAB units.

    Edges: infinite for fewer than two colours.
    Source: Machado, Oliveira, Fernandes 2009, doi:10.1109/TVCG.2009.113 (severity 1); CIE 1976 L*a*b*, D65.
    """
    if len(colours) < 2:
        return float("inf")
    linear = _linear(np.array([to_rgb(colour) for colour in colours]))
    least = np.inf
    for eye in _EYES:
        lab = _lab(np.clip(linear @ np.array(eye).T, 0, 1))
        gaps = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
        least = min(least, float(gaps[np.triu_indices(len(colours), 1)].min()))
    return least


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour, 0..1."""
    return float(_linear(np.array(to_rgb(colour))) @ np.array(_TO_XYZ[1]))


def _linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take sRGB's curve off."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear, np.float64)


def _lab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn linear RGB into CIELAB."""
    xyz = linear @ np.array(_TO_XYZ).T / np.array(_WHITE)
    f = np.where(xyz > 0.008856, np.cbrt(np.maximum(xyz, 1e-9)), 7.787 * xyz + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
