"""The plan of a land-cover data set: which orthophoto shows what, where, how large, on which day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rasterio.warp import transform

from landseer.core.seeds import generator
from landseer.synth.country import CountryPlan
from landseer.synth.daylight import Day, Season
from landseer.synth.landcover_settings import LandcoverSynthConfig

CRS = "EPSG:2180"
FINE_M, COARSE_M = 0.25, 0.5

_SEASONS: tuple[Season, ...] = ("spring", "summer", "autumn", "summer")
_NOON_DEG: dict[Season, tuple[float, float]] = {
    "spring": (48.0, 58.0),
    "summer": (50.0, 61.0),
    "autumn": (36.0, 44.0),
    "winter": (18.0, 25.0),
}


@dataclass(frozen=True)
class OrthoSpec:
    """One orthophoto to be made.

    Attributes:
        name: number of its map sheet.
        side: "train", "val" or "test".
        gsd_m: metres per pixel.
        size: rows and columns.
        west_m, north_m: its upper left corner in EPSG:2180.
        off_nadir_deg, azimuth_deg: how buildings lean, as in `camera.look`.
        day: sun, season and air.
        balance: brightness of red, green and blue against a neutral picture.
        country: what lies there.
    """

    name: str
    side: str
    gsd_m: float
    size: tuple[int, int]
    west_m: float
    north_m: float
    off_nadir_deg: float
    azimuth_deg: float
    day: Day
    balance: tuple[float, float, float]
    country: CountryPlan


def make_plan(config: LandcoverSynthConfig) -> list[OrthoSpec]:
    """Decide everything about every orthophoto but its pixels; sorted by name.

    Args:
        config: the settings; shares become exact counts, and every side gets a spread of all kinds of country.
    """
    sides = ["train"] * (config.train - config.val) + ["val"] * config.val + ["test"] * config.test
    names = _sheets(len(sides), config.seed)
    order = generator(config.seed, "coarse").permutation(len(sides))
    coarse = order < round(config.coarse * len(sides))
    levels = {
        key: np.concatenate([_spread(config, key, side) for side in ("train", "val", "test")])
        for key in ("wood", "lake", "river", "roads", "plots", "season")
    }
    specs = []
    for number, (name, side) in enumerate(zip(names, sides, strict=True)):
        drawn = {key: float(values[number]) for key, values in levels.items()}
        specs.append(_spec(config, name, side, COARSE_M if coarse[number] else FINE_M, drawn))
    return sorted(specs, key=lambda spec: spec.name)


def _spread(config: LandcoverSynthConfig, key: str, side: str) -> np.ndarray:
    """Return levels in (0, 1) spread evenly over the orthophotos of a side, in random order."""
    counts = {"train": config.train - config.val, "val": config.val, "test": config.test}
    rng = generator(config.seed, "level", key, side)
    count = counts[side]
    return (rng.permutation(count) + rng.uniform(0.25, 0.75, count)) / max(count, 1)


def _spec(
    config: LandcoverSynthConfig, name: str, side: str, gsd_m: float, level: dict[str, float]
) -> OrthoSpec:
    """Draw one orthophoto; `level` says where it stands among its side."""
    rng = generator(config.seed, "orthophoto", name)
    rows, cols = (round(config.size_px * f * FINE_M / gsd_m) for f in rng.uniform(1.0, 1.06, 2))
    season = _SEASONS[int(level["season"] * len(_SEASONS))]
    west, north = _corner(name)
    return OrthoSpec(
        name=name,
        side=side,
        gsd_m=gsd_m,
        size=(rows, cols),
        west_m=west,
        north_m=north,
        off_nadir_deg=float(rng.uniform(1.0, 9.0)),
        azimuth_deg=float(rng.uniform(0.0, 360.0)),
        day=Day(
            sun_azimuth_deg=180.0 + float(rng.uniform(-50.0, 35.0)),
            sun_elevation_deg=float(rng.uniform(*_NOON_DEG[season])),
            season=season,
            haze=float(rng.uniform(0.3, 0.75)),
            gain=float(rng.uniform(1.7, 2.25)),
            blur_px=float(rng.uniform(0.5, 0.8)),
        ),
        balance=tuple(float(v) for v in rng.normal(1.0, (0.05, 0.03, 0.06))),  # type: ignore[arg-type]
        country=_country(season, level, rows * cols * gsd_m**2, rng),
    )


def _country(
    season: Season, level: dict[str, float], area_m2: float, rng: np.random.Generator
) -> CountryPlan:
    """Draw what lies on a piece of country, so that class shares come out as LandCover.ai's on the whole."""
    wet = max(0.0, level["lake"] - 0.5) / 0.5
    scale = area_m2 / 147_456.0
    return CountryPlan(
        season=season,
        wood=0.04 + 0.62 * level["wood"],
        lake_m2=area_m2 * (0.03 + 0.17 * wet) if wet > 0 else 0.0,
        ponds=int(rng.poisson(1.2 * scale)),
        river_m=float(rng.uniform(7.0, 20.0)) if level["river"] > 0.68 else 0.0,
        roads=(0, 1, 1, 1, 2)[int(level["roads"] * 5)],
        plots=round(13.0 * level["plots"] ** 1.2 * max(scale, 0.05) ** 0.5),
    )


def _sheets(count: int, seed: int) -> list[str]:
    """Draw distinct map sheets of Poland, named as the Soviet 1:10 000 sheets are: M-33-7-A-d-2-3."""
    rng = generator(seed, "sheets")
    names: dict[str, None] = {}
    while len(names) < count:
        zone = ("M-33", "M-34", "N-33", "N-34")[int(rng.integers(4))]
        parts = (
            str(int(rng.integers(1, 145))), "ABCD"[int(rng.integers(4))], "abcd"[int(rng.integers(4))],
            str(int(rng.integers(1, 5))), str(int(rng.integers(1, 5))),
        )  # fmt: skip
        name = "-".join((zone, *parts))
        longitude, latitude = _degrees(name)
        if 15.5 < longitude < 22.8 and 50.4 < latitude < 53.8:
            names.setdefault(name)
    return list(names)


def _degrees(name: str) -> tuple[float, float]:
    """Return longitude and latitude of a sheet's north-western corner."""
    letter, column, hundred, *quarters = name.split("-")
    row, col = divmod(int(hundred) - 1, 12)
    longitude = 6.0 * (int(column) - 31) + 0.5 * col
    latitude = 4.0 * (ord(letter) - ord("A") + 1) - row / 3.0
    wide, high = 0.5, 1.0 / 3.0
    for quarter in quarters:
        down, right = divmod("ABCDabcd1234".index(quarter) % 4, 2)
        wide, high = wide / 2, high / 2
        longitude, latitude = longitude + right * wide, latitude - down * high
    return longitude, latitude


def _corner(name: str) -> tuple[float, float]:
    """Return a sheet's north-western corner in EPSG:2180, rounded to metres."""
    longitude, latitude = _degrees(name)
    east, north = transform("EPSG:4326", CRS, [longitude], [latitude])
    return float(round(east[0])), float(round(north[0]))
