"""A channel's values in a line: how they are spread, and where the network clips them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from markupsafe import Markup

_WIDTH, _HEIGHT = 168, 22


def quantile_strip(
    quantiles: Mapping[str, float], clip: tuple[float, float] | None = None
) -> Markup:
    """Draw a channel's distribution from its quantiles.

    Args:
        quantiles: value by level ("0.01"); levels in 0..1, at least two of them.
        clip: levels between which values are kept, marked by lines; None marks none.

    Returns:
        An SVG element of 168 by 22 CSS pixels: steps as high as the square root of the density between neighbouring
        levels, the middle half dark, a line at the median.

    Edges: no strip where all values are the same or levels are missing.
    """
    points = sorted((float(level), float(value)) for level, value in quantiles.items())
    points = [p for p in points if 0.001 <= p[0] <= 0.999] or points
    if len(points) < 2 or points[-1][1] <= points[0][1]:
        return Markup("")
    first, last = points[0][1], points[-1][1]
    steps = _steps(points, (last - first) / _WIDTH)
    highest = max(height for *_, height in steps)
    shapes = [
        f'<rect x="{_x(a, first, last):.1f}" y="{_HEIGHT - (h := 18 * (height / highest) ** 0.5):.1f}" '
        f'width="{max(_x(b, first, last) - _x(a, first, last), 0.4):.1f}" height="{h:.1f}" class="{kind}"/>'
        for a, b, kind, height in steps
    ]
    shapes += [
        f'<path d="M{_x(at, first, last):.1f} {top}V{_HEIGHT}" class="{kind}"/>'
        for at, top, kind in _lines(dict(points), clip)
    ]
    return Markup(
        '<svg class="strip" role="img" aria-label="spread of values" viewBox="-1 0 {} {}">{}</svg>'
    ).format(_WIDTH + 2, _HEIGHT, Markup("".join(shapes)))


def _steps(
    points: list[tuple[float, float]], least: float
) -> list[tuple[float, float, str, float]]:
    """Return start, end, kind and density between neighbouring levels; nothing is narrower than a pixel."""
    return [
        (a, b, "mid" if low >= 0.25 and high <= 0.75 else "out", (high - low) / max(b - a, least))
        for (low, a), (high, b) in pairwise(points)
    ]


def _lines(
    values: Mapping[float, float], clip: tuple[float, float] | None
) -> list[tuple[float, int, str]]:
    """Return place, top and kind of the lines: the median, and where values are clipped."""
    lines = [(values[0.5], 2, "median")] if 0.5 in values else []
    return lines + [(values[level], 0, "clip") for level in clip or () if level in values]


def _x(value: float, first: float, last: float) -> float:
    """Place a value on the strip."""
    return _WIDTH * (value - first) / (last - first)
