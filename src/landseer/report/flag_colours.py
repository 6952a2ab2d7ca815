"""Flags in colour: what a quality band says of each pixel, by names where there are, else by its values and bits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from landseer.report.parts import Mark
from landseer.report.pictures import Composite
from landseer.spectral.formula import Formula
from landseer.track.pixels import paint

FLAGS = (
    "#d55e00", "#0072b2", "#e69f00", "#cc79a7", "#009e73", "#56b4e9", "#f0e442",
)  # fmt: skip
"""Colours of flags in their order.

Source: Okabe and Ito, https://jfly.uni-koeln.de/color/.
"""

CLEAR, OTHERS = "#ebe7dc", "#4d4d4d"
"""Colours of pixels without a flag, and of flags beyond those that have a colour."""


def flag_picture(
    variables: Mapping[str, NDArray[np.generic]], band: str, flags: Mapping[str, str]
) -> Composite:
    """Draw a quality band.

    Args:
        variables: name -> (h, w); NaN where missing.
        band: name of the quality band.
        flags: name -> formula that is true where the flag is set; those that need bands that are not there are left
            out. The first that holds gives the colour. Without any, each value of the band has a colour, the most
            frequent seven, and its name tells which bits it sets.

    Returns:
        The picture; its legend gives the share of the pixels of each flag that is there.

    Raises:
        FormulaError: a formula cannot be read.
    """
    values = np.asarray(variables[band], np.float64)
    known = np.isfinite(values)
    formulas = {name: Formula.parse(text) for name, text in flags.items()}
    usable = {n: f for n, f in formulas.items() if f.names <= variables.keys()}
    named = _named(variables, values, usable) if usable else _valued(values, known)
    numbers, names, colours = named
    numbers = np.where(known, numbers, 255).astype(np.uint8)
    shares = np.bincount(numbers.ravel(), minlength=256) / max(1, numbers.size)
    marks = [
        Mark("fill", colour, f"{name} {_share(shares[number])}")
        for number, (colour, name) in enumerate(zip(colours, names, strict=True))
        if shares[number] > 0
    ]
    return Composite(paint(numbers, colours), band, tuple(marks), None, not known.all())


def _named(
    variables: Mapping[str, NDArray[np.generic]],
    values: NDArray[np.float64],
    formulas: Mapping[str, Formula],
) -> tuple[NDArray[np.uint8], list[str], list[str]]:
    """Number pixels by the first formula that holds; the last number stands for none."""
    names = [*formulas][: len(FLAGS)]
    numbers = np.full(values.shape, len(names), np.uint8)
    for number, name in reversed([*enumerate(names)]):
        holds = np.nan_to_num(np.asarray(formulas[name](variables), np.float32)).astype(bool)
        numbers[holds] = number
    return numbers, [*names, "none of these"], [*FLAGS[: len(names)], CLEAR]


def _valued(
    values: NDArray[np.float64], known: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], list[str], list[str]]:
    """Number pixels by value: 0 without a flag, then the most frequent, then all others."""
    seen, counts = np.unique(values[known], return_counts=True)
    order = [float(seen[i]) for i in np.argsort(-counts, kind="stable") if seen[i] != 0]
    shown = sorted(order[: len(FLAGS)])
    numbers = np.full(values.shape, len(shown) + 1, np.uint8)
    for number, value in enumerate([0.0, *shown]):
        numbers[values == value] = number
    names = ["0: no flag", *map(_value_name, shown), f"{len(order) - len(shown)} other values"]
    return numbers, names, [CLEAR, *FLAGS[: len(shown)], OTHERS]


def _value_name(value: float) -> str:
    """Name a value by the bits that it sets."""
    if value < 0 or value != int(value):
        return f"{value:g}"
    bits = [str(bit) for bit in range(int(value).bit_length()) if int(value) >> bit & 1]
    return f"{value:g}: bit{'s' if len(bits) > 1 else ''} {', '.join(bits)}"


def _share(share: float) -> str:
    """Write a share; what is there is never 0."""
    return f"{share:.1%}" if share >= 0.001 else "< 0.1%"
