"""Where the sun stands over a tile, and how slopes catch its light."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

LATITUDE_DEG = -51.7
OVERPASS_HOUR_ANGLE_DEG = -26.0
PIXEL_M = 30.0


@dataclass(frozen=True)
class Sun:
    """Direction of the sun: zenith angle and azimuth (clockwise from north), degrees."""

    zenith_deg: float
    azimuth_deg: float

    @property
    def towards(self) -> tuple[float, float]:
        """Unit vector on the ground towards the sun, as (rows down, columns right)."""
        azimuth = math.radians(self.azimuth_deg)
        return -math.cos(azimuth), math.sin(azimuth)


def sun_at(day: date) -> Sun:
    """Return the sun's place at the morning overpass over the Falkland Islands on a day.

    Source: declination by Cooper 1969 (10.1016/0038-092X(69)90047-4), then spherical trigonometry.
    """
    declination = math.radians(23.45) * math.sin(math.tau * (284 + day.timetuple().tm_yday) / 365.0)
    latitude, hour = math.radians(LATITUDE_DEG), math.radians(OVERPASS_HOUR_ANGLE_DEG)
    up = math.sin(latitude) * math.sin(declination)
    up += math.cos(latitude) * math.cos(declination) * math.cos(hour)
    east = -math.cos(declination) * math.sin(hour)
    north = math.cos(latitude) * math.sin(declination)
    north -= math.sin(latitude) * math.cos(declination) * math.cos(hour)
    return Sun(math.degrees(math.acos(up)), math.degrees(math.atan2(east, north)) % 360.0)


def relief_shade(
    rise_down: NDArray[np.float32], rise_right: NDArray[np.float32], sun: Sun
) -> NDArray[np.float32]:
    """Return how much brighter a slope is than flat ground: Lambert plus a sky share.

    Args:
        rise_down: metres that the ground rises per pixel down a column.
        rise_right: the same along a row.
        sun: where the light comes from.
    """
    zenith = math.radians(sun.zenith_deg)
    down, right = sun.towards
    slope_d, slope_r = rise_down / np.float32(PIXEL_M), rise_right / np.float32(PIXEL_M)
    facing = np.cos(zenith) - np.sin(zenith) * (
        slope_d * np.float32(down) + slope_r * np.float32(right)
    )
    facing /= np.sqrt(1.0 + slope_d * slope_d + slope_r * slope_r)
    light = np.maximum(facing, 0.0) / np.float32(np.cos(zenith))
    return np.clip(0.22 + 0.78 * light, 0.12, 2.2).astype(np.float32)
