"""The plan of a buildings data set: which scene shows which town, where, how finely, how it leans, on which day."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from rasterio.warp import transform

from landseer.core.seeds import generator
from landseer.synth.buildings_settings import BuildingsSynthConfig
from landseer.synth.camera import View, look
from landseer.synth.daylight import Day
from landseer.synth.drone import Flight
from landseer.synth.towns import AREAS

TIER_1, TIER_2, TEST = "train_tier_1", "train_tier_2", "test"

_TOWNS = {
    TIER_1: ("acc", "dar", "znz", "kam", "mon", "nia", "ptn", "dar"),
    TIER_2: ("dar", "kin", "mah", "nia", "gao"),
    TEST: ("acc", "kam", "dar", "znz", "mon", "nia", "ptn"),
}
"""Where the scenes of each part come from, in turn."""

_APART_M = 4000.0


@dataclass(frozen=True)
class SceneSpec:
    """One scene to be made.

    Attributes:
        name: six hexadecimal digits.
        part: "train_tier_1", "train_tier_2" or "test".
        area: town in `AREAS`.
        gsd_m: metres per pixel.
        size: rows and columns.
        west_m, north_m: upper left corner in the town's UTM zone.
        date: as the contest writes dates.
        flight: how the mosaic fits.
        day: sun and air.
        balance: brightness of red, green and blue against a neutral picture.
        chips: ids of the test chips, row by row; none of training scenes.
    """

    name: str
    part: str
    area: str
    gsd_m: float
    size: tuple[int, int]
    west_m: float
    north_m: float
    date: str
    flight: Flight
    day: Day
    balance: tuple[float, float, float]
    chips: tuple[str, ...] = ()

    @property
    def crs(self) -> str:
        """UTM zone."""
        return f"EPSG:{AREAS[self.area].epsg}"

    def transform(self, row: int = 0, col: int = 0) -> tuple[float, ...]:
        """Return (a, b, c, d, e, f) of the scene's grid, or of a window's whose corner is at (row, col)."""
        west, north = self.west_m + col * self.gsd_m, self.north_m - row * self.gsd_m
        return self.gsd_m, 0.0, west, 0.0, -self.gsd_m, north

    @property
    def view(self) -> View:
        """The scene from straight above, the middle of its ground in its middle."""
        return look((0.0, 0.0), self.size, self.gsd_m, day=self.day)

    @property
    def reach_m(self) -> float:
        """How far the town is built around the middle."""
        return max(self.size) * self.gsd_m / 2 + 16.0


def make_plan(config: BuildingsSynthConfig) -> list[SceneSpec]:
    """Decide everything about every scene but its pixels; sorted by part, area and name.

    Args:
        config: the settings.
    """
    side = max(1, config.size_px // config.chip_px)
    counts = {TIER_1: config.train, TIER_2: config.tier_2, TEST: math.ceil(config.test / side**2)}
    ids = _hexadecimal(sum(counts.values()) + config.test, config.seed)
    chips = [ids.pop() for _ in range(config.test)]
    specs: list[SceneSpec] = []
    for part, count in counts.items():
        fine = _spread(count, generator(config.seed, "gsd", part))
        for number in range(count):
            area = _TOWNS[part][number % len(_TOWNS[part])]
            spec = _spec(config, ids.pop(), (part, area), float(fine[number]), len(specs))
            if part == TEST:
                mine, chips = chips[: side**2], chips[side**2 :]
                spec = replace(spec, size=(side * config.chip_px,) * 2, chips=tuple(mine))
            specs.append(spec)
    return sorted(specs, key=lambda spec: (spec.part, spec.area, spec.name))


def _hexadecimal(count: int, seed: int) -> list[str]:
    """Draw distinct ids of six hexadecimal digits."""
    rng = generator(seed, "ids")
    ids: dict[str, None] = {}
    while len(ids) < count:
        ids.setdefault(f"{int(rng.integers(16**6)):06x}")
    return list(ids)


def _spread(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return levels in (0, 1) spread evenly, in random order."""
    return (rng.permutation(count) + rng.uniform(0.2, 0.8, count)) / max(count, 1)


def _spec(
    config: BuildingsSynthConfig, name: str, where: tuple[str, str], level: float, number: int
) -> SceneSpec:
    """Draw one scene; `level` says how coarse it is among its part, `number` where it lies."""
    part, area = where
    rng = generator(config.seed, "scene", name)
    low, high = config.gsd_m
    rows, cols = (round(config.size_px * f) for f in rng.uniform(0.8, 1.0, 2))
    west, north = _corner(area, number)
    angle, turn = math.tan(math.radians(float(rng.uniform(0.0, 9.0)))), rng.uniform(0, math.tau)
    return SceneSpec(
        name=name,
        part=part,
        area=area,
        gsd_m=round(low * (high / low) ** level, 4),
        size=(rows, cols),
        west_m=west,
        north_m=north,
        date=f"201{int(rng.integers(5, 10))}-{int(rng.integers(1, 13)):02d}-{int(rng.integers(1, 29)):02d} 00:00:00Z",
        flight=Flight(
            (float(angle * math.cos(turn)), float(angle * math.sin(turn))),
            float(rng.uniform(0.04, 0.11)),
            float(rng.uniform(0.03, 0.2)),
            ragged=part != TEST,
        ),
        day=Day(
            sun_azimuth_deg=float(rng.uniform(60.0, 300.0)),
            sun_elevation_deg=float(rng.uniform(42.0, 74.0)),
            season="spring" if rng.random() < 0.4 else "summer",
            haze=float(rng.uniform(0.02, 0.35)),
            gain=float(rng.uniform(1.55, 2.15)),
            blur_px=float(rng.uniform(0.5, 1.0)),
        ),
        balance=tuple(float(v) for v in rng.normal(1.0, (0.05, 0.03, 0.07))),  # type: ignore[arg-type]
    )


def _corner(area: str, number: int) -> tuple[float, float]:
    """Return the upper left corner of a scene in its town's UTM zone; scenes lie apart."""
    town = AREAS[area]
    east, north = transform("EPSG:4326", f"EPSG:{town.epsg}", [town.longitude], [town.latitude])
    down, right = divmod(number, 5)
    return round(east[0]) + right * _APART_M + 0.25, round(north[0]) - down * _APART_M - 0.5
