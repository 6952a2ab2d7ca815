"""A map's frame: a projection true to scale or area, the graticule, the scale bar and the north arrow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import ProjError

from landseer.samples.schema import is_missing
from landseer.track.figures import FAINT, INK
from landseer.track.pixels import length_text, nice_length

_TRUE = 0.01
_WORLD_DEG = 120.0
_FAR_M = 3_000_000.0
_STEPS_DEG = (
    *(step * power for power in (10.0**p for p in range(-6, 1)) for step in (1.0, 2.0, 5.0)),
    *(10.0, 20.0, 30.0, 45.0, 60.0),
)
_LINES = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """A map's projection.

    Attributes:
        crs: for geopandas and pyproj.
        name: in words.
        to_map: from longitude and latitude to the map's metres.
    """

    crs: CRS
    name: str
    to_map: Transformer


def frame_for(rows: gpd.GeoDataFrame) -> Frame:
    """Choose a projection for footprints.

    Args:
        rows: with `geometry` in EPSG:4326 and `crs`, at least one.

    Returns:
        The rows' own CRS where they share one that is in metres and true to scale within 1 % at their middle (so not
        Web Mercator); else an equal-area one about their middle; Equal Earth where they span more than 120 degrees.

    Source: Šavrič, Patterson, Jenny 2019, doi:10.1080/13658816.2018.1504949 (Equal Earth).
    """
    lon, lat, span = _middle(rows)
    texts = {text for text in rows["crs"] if not is_missing(text)}
    if len(texts) == 1:
        own = CRS.from_user_input(next(iter(texts)))
        if _is_true(own, lon, lat):
            return _frame(own, own.name)
    if span > _WORLD_DEG:
        return _frame(CRS.from_proj4(f"+proj=eqearth +lon_0={lon:.0f} +units=m"), "Equal Earth")
    text = f"+proj=laea +lon_0={lon:.6f} +lat_0={lat:.6f} +ellps=WGS84 +units=m"
    where = f"{degrees_text(lat, 'NS', 2)} {degrees_text(lon, 'EW', 2)}"
    return _frame(CRS.from_proj4(text), f"Lambert azimuthal equal-area about {where}")


def limits(
    bounds: Sequence[float], aspect: float, margin: float = 0.07
) -> tuple[float, float, float, float]:
    """Widen bounds (left, bottom, right, top) by a margin and to a width-to-height ratio."""
    left, bottom, right, top = bounds
    width, height = right - left, top - bottom
    least = max(width, height, 1.0)
    width, height = (max(side, least * 0.02) + 2 * margin * least for side in (width, height))
    width, height = max(width, height * aspect), max(height, width / aspect)
    x, y = (left + right) / 2, (bottom + top) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def dress_map(axis: Axes, frame: Frame, box: Sequence[float]) -> None:
    """Give an axis its limits, graticule, scale bar (up to 3000 km across) and north arrow.

    Args:
        axis: of equal scales.
        frame: its projection.
        box: left, bottom, right, top, m.
    """
    axis.set_xlim(box[0], box[2])
    axis.set_ylim(box[1], box[3])
    axis.set_aspect("equal")
    axis.set_facecolor("#f7f7f3")
    for spine in axis.spines.values():
        spine.set_color("#8b979d")
        spine.set_linewidth(0.7)
    _graticule(axis, frame, box)
    if box[2] - box[0] <= _FAR_M:
        _scale_bar(axis, box)
    _north(axis, frame, box)


def degrees_text(value: float, letters: str, digits: int) -> str:
    """Write a longitude or latitude with its letter; `letters` are those of the positive and negative side."""
    letter = letters[0] if value >= 0 else letters[1]
    return f"{abs(value):.{digits}f}°{letter if abs(value) > 1e-12 else ''}"


def _frame(crs: CRS, name: str) -> Frame:
    """Make a frame."""
    return Frame(crs, name, Transformer.from_crs("EPSG:4326", crs, always_xy=True))


def _middle(rows: gpd.GeoDataFrame) -> tuple[float, float, float]:
    """Return longitude and latitude of the middle, and the larger span in degrees, across the antimeridian too."""
    bounds = rows.geometry.bounds.to_numpy()
    lon = np.radians((bounds[:, 0] + bounds[:, 2]) / 2)
    lat = (bounds[:, 1] + bounds[:, 3]) / 2
    first = math.degrees(math.atan2(np.sin(lon).mean(), np.cos(lon).mean()))
    apart = (np.degrees(lon) - first + 180) % 360 - 180
    middle = first + (apart.min() + apart.max()) / 2
    middle = (middle + 180) % 360 - 180
    low, high = float(lat.min()), float(lat.max())
    return middle, (low + high) / 2, max(float(np.ptp(apart)), high - low)


def _is_true(crs: CRS, lon: float, lat: float) -> bool:
    """Say whether a CRS is in metres and true to scale at a place."""
    if not crs.is_projected or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info):
        return False
    try:
        factors = Proj(crs).get_factors(lon, lat)
    except ProjError:
        return False
    scales = (factors.meridional_scale, factors.parallel_scale)
    return all(abs(scale - 1) <= _TRUE for scale in scales)


def _graticule(axis: Axes, frame: Frame, box: Sequence[float]) -> None:
    """Draw meridians and parallels, named at the lower and the left edge."""
    lon, lat = _degrees_in(frame, box)
    if not len(lon):
        axis.set_xticks([])
        axis.set_yticks([])
        return
    crossing = bool(np.ptp(lon) > 180)
    if crossing:
        lon = lon % 360
    bottom: list[tuple[float, str]] = []
    left: list[tuple[float, str]] = []
    for value, digits in _round_values(lon):
        x, y = _line(frame, np.full(121, value), np.linspace(lat.min(), lat.max(), 121))
        axis.plot(x, y, color="#b4bec2", lw=0.6, zorder=0.5)
        named = degrees_text((value + 180) % 360 - 180, "EW", digits)
        bottom += [(at, named) for at in _crossings(y, x, box[1])]
    for value, digits in _round_values(lat):
        x, y = _line(frame, np.linspace(lon.min(), lon.max(), 121), np.full(121, value))
        axis.plot(x, y, color="#b4bec2", lw=0.6, zorder=0.5)
        left += [(at, degrees_text(value, "NS", digits)) for at in _crossings(x, y, box[0])]
    axis.set_xticks([at for at, _ in bottom], [text for _, text in bottom])
    axis.set_yticks([at for at, _ in left], [text for _, text in left], rotation=90, va="center")
    axis.tick_params(labelsize=7, labelcolor=FAINT, length=2.5, color="#8b979d", pad=2)


def _degrees_in(
    frame: Frame, box: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes of points all over a box; those outside the projection are left out."""
    x, y = np.meshgrid(np.linspace(box[0], box[2], 25), np.linspace(box[1], box[3], 25))
    lon, lat = frame.to_map.transform(x.ravel(), y.ravel(), direction="INVERSE")
    known = np.isfinite(lon) & np.isfinite(lat)
    return np.asarray(lon)[known], np.asarray(lat)[known]


def _round_values(degrees: NDArray[np.float64]) -> list[tuple[float, int]]:
    """Return about four round values within a range, each with the digits it needs."""
    low, high = float(degrees.min()), float(degrees.max())
    step = next((step for step in _STEPS_DEG if (high - low) / step <= _LINES), 60.0)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(number * step, digits) for number in range(first, last + 1)]


def _line(
    frame: Frame, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project a line; NaN where it leaves the projection."""
    x, y = (np.asarray(values) for values in frame.to_map.transform(lon, lat))
    lost = ~(np.isfinite(x) & np.isfinite(y))
    return np.where(lost, np.nan, x), np.where(lost, np.nan, y)


def _crossings(along: NDArray[np.float64], across: NDArray[np.float64], edge: float) -> list[float]:
    """Return where a line crosses an edge: the other coordinate there."""
    before, after = along[:-1] - edge, along[1:] - edge
    places = np.flatnonzero(before * after <= 0)[:1]
    found = []
    for i in places:
        share = before[i] / (before[i] - after[i]) if before[i] != after[i] else 0.0
        found.append(float(across[i] + share * (across[i + 1] - across[i])))
    return found


def _scale_bar(axis: Axes, box: Sequence[float]) -> None:
    """Draw a bar of two fields into the lower left."""
    width, height = box[2] - box[0], box[3] - box[1]
    length = nice_length(0.26 * width)
    x, y, thick = box[0] + 0.03 * width, box[1] + 0.035 * height, 0.011 * height
    back: dict[str, Any] = {"facecolor": "#ffffff", "alpha": 0.8, "lw": 0, "zorder": 8}
    axis.add_patch(
        Rectangle(
            (x - 0.012 * width, y - 0.02 * height), length + 0.024 * width, 0.095 * height, **back
        )
    )
    for start, colour in ((0.0, INK), (0.5, "#ffffff")):
        field = Rectangle(
            (x + start * length, y), length / 2, thick, fc=colour, ec=INK, lw=0.7, zorder=9
        )
        axis.add_patch(field)
    axis.text(
        x + length / 2, y + thick * 1.6, length_text(length), ha="center", va="bottom", fontsize=7.5, color=INK,
        zorder=9,
    )  # fmt: skip


def _north(axis: Axes, frame: Frame, box: Sequence[float]) -> None:
    """Draw an arrow to the north as it is in the upper right corner."""
    width, height = box[2] - box[0], box[3] - box[1]
    x, y = box[2] - 0.05 * width, box[3] - 0.1 * height
    lon, lat = frame.to_map.transform(x, y, direction="INVERSE")
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return
    further = frame.to_map.transform(lon, min(lat + 1e-4, 90.0))
    turn = math.atan2(further[0] - x, further[1] - y)
    size = 0.06 * min(width, height)
    ends = [
        (x + sign * size * math.sin(turn), y + sign * size * math.cos(turn)) for sign in (-1, 1)
    ]
    axis.annotate(
        "N", ends[0], xytext=ends[1], ha="center", va="center", fontsize=8.5, color=INK, zorder=9,
        arrowprops={"arrowstyle": "<|-", "color": INK, "lw": 1.1, "shrinkA": 1, "shrinkB": 0},
    )  # fmt: skip
