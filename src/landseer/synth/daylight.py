"""A day over a city: where the sun stands, what the season does to plants, how thick the air is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Season = Literal["spring", "summer", "autumn", "winter"]

SEASONS: tuple[Season, ...] = ("spring", "summer", "autumn", "winter")


@dataclass(frozen=True)
class Day:
    """Light and season of one acquisition.

    Attributes:
        sun_azimuth_deg: where the sun stands, clockwise from north.
        sun_elevation_deg: its height above the horizon, above 0 up to 90.
        season: of the plants, not of the calendar: summer is green wherever the city lies.
        haze: 0 clear to 1 thick.
        gain: brightness of the picture: the reflectance that becomes white is 1 / gain.
        blur_px: standard deviation of the sensor's point spread, pixels.
    """

    sun_azimuth_deg: float = 145.0
    sun_elevation_deg: float = 48.0
    season: Season = "summer"
    haze: float = 0.15
    gain: float = 1.6
    blur_px: float = 0.5

    @property
    def towards_sun(self) -> tuple[float, float, float]:
        """Unit vector towards the sun: south, east, up."""
        azimuth, elevation = map(math.radians, (self.sun_azimuth_deg, self.sun_elevation_deg))
        level = math.cos(elevation)
        return -math.cos(azimuth) * level, math.sin(azimuth) * level, math.sin(elevation)

    @property
    def shadow_per_m(self) -> tuple[float, float]:
        """Metres (south, east) from the tip of a shadow back to the foot of what throws it, per metre of height."""
        south, east, up = self.towards_sun
        return south / up, east / up
