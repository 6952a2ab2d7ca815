"""The plan of a geopose data set: which tile shows which ground, in which picture, with which flaws."""

from __future__ import annotations

import math
import string
from dataclasses import dataclass, replace

import numpy as np

from landseer.core.seeds import generator
from landseer.synth.camera import View, look
from landseer.synth.daylight import Day
from landseer.synth.geopose_settings import GeoposeSynthConfig
from landseer.synth.styles import STYLES, Style

FLAWS = ("speckle", "holes", "older", "shifted")
"""Names of the flaws of training heights."""

_ID_LETTERS = 6
_ROOM_M = 20.0


@dataclass(frozen=True)
class Acquisition:
    """One satellite picture of a city.

    Attributes:
        number: within the city.
        off_nadir_deg, azimuth_deg: from where it was taken, as in `camera.look`.
        day: sun, season and air.
    """

    number: int
    off_nadir_deg: float
    azimuth_deg: float
    day: Day


@dataclass(frozen=True)
class TileSpec:
    """One tile to be made.

    Attributes:
        tile: id, the city's prefix and six letters.
        side: "train" or "test".
        city: prefix.
        place: number of the district in the city.
        south_m, east_m: middle of the tile in the frame of the place.
        acquisition: number of the picture.
        flaws: names from `FLAWS`; none on test tiles.
    """

    tile: str
    side: str
    city: str
    place: int
    south_m: float
    east_m: float
    acquisition: int
    flaws: tuple[str, ...]


def make_plan(config: GeoposeSynthConfig) -> list[TileSpec]:
    """Decide everything about every tile but its pixels; sorted by city, place and id.

    Args:
        config: the settings; shares become exact counts.
    """
    flaws = _assign_flaws(config)
    ids = _letters(config.train + config.test, config.seed)
    specs: list[TileSpec] = []
    for side, count in (("train", config.train), ("test", config.test)):
        for number in range(count):
            city = config.cities[number % len(config.cities)]
            place, south, east = _ground(config, side, city, number // len(config.cities))
            at = len(specs)
            rng = generator(config.seed, "tile", ids[at])
            specs.append(
                TileSpec(
                    tile=f"{city}_{ids[at]}",
                    side=side,
                    city=city,
                    place=place,
                    south_m=south,
                    east_m=east,
                    acquisition=int(rng.integers(config.acquisitions)),
                    flaws=flaws[number] if side == "train" else (),
                )
            )
    return sorted(specs, key=lambda spec: (spec.city, spec.place, spec.tile))


def _ground(
    config: GeoposeSynthConfig, side: str, city: str, number: int
) -> tuple[int, float, float]:
    """Return place and middle of a city's tile by its number on its side."""
    train_here = _count(config, config.train, city)
    known = round(config.test_overlap * _count(config, config.test, city)) if train_here else 0
    train_places = math.ceil(train_here / config.tiles_per_place)
    if side == "train":
        place, slot, shift = *divmod(number, config.tiles_per_place), 0.0
    elif number < known:
        place, slot, shift = *divmod(number % train_here, config.tiles_per_place), 0.5
    else:
        place, slot = divmod(number - known, config.tiles_per_place)
        place, shift = place + train_places, 0.0
    return place, *_slot(config, city, slot, shift)


def _count(config: GeoposeSynthConfig, total: int, city: str) -> int:
    """Return how many of all tiles a city gets."""
    return len(range(config.cities.index(city), total, len(config.cities)))


def _slot(config: GeoposeSynthConfig, city: str, slot: int, shift: float) -> tuple[float, float]:
    """Return the middle of a tile in a place, in a square of neighbours; `shift` in steps."""
    side = math.ceil(math.sqrt(config.tiles_per_place))
    step = config.size_px * STYLES[city].gsd_m * (1.0 - config.neighbour_overlap)
    row, col = divmod(slot, side)
    middle = (side - 1) / 2
    return (row - middle + shift) * step, (col - middle + shift * 0.6) * step


def _letters(count: int, seed: int) -> list[str]:
    """Draw distinct ids of six letters, distinct even where case is ignored."""
    rng = generator(seed, "ids")
    ids: dict[str, str] = {}
    while len(ids) < count:
        drawn = "".join(
            string.ascii_letters[n] for n in rng.integers(0, len(string.ascii_letters), _ID_LETTERS)
        )
        ids.setdefault(drawn.lower(), drawn)
    return list(ids.values())


def _assign_flaws(config: GeoposeSynthConfig) -> list[tuple[str, ...]]:
    """Give each flaw to an exact number of training tiles."""
    table: list[list[str]] = [[] for _ in range(config.train)]
    for flaw in FLAWS:
        share = getattr(config.flaws, flaw)
        order = generator(config.seed, "flaw", flaw).permutation(config.train)
        for number in order[: round(share * config.train)]:
            table[number].append(flaw)
    return [tuple(row) for row in table]


def acquisition_of(config: GeoposeSynthConfig, city: str, number: int) -> Acquisition:
    """Draw a satellite picture of a city: angles spread over the city's range, a sun that fits the season.

    Args:
        config: the settings.
        city: prefix.
        number: of the picture.
    """
    rng = generator(config.seed, "acquisition", city, number)
    style = STYLES[city]
    low, high = style.off_nadir_deg
    share = (number + float(rng.random())) / config.acquisitions
    season = style.seasons[int(rng.integers(len(style.seasons)))]
    return Acquisition(
        number=number,
        off_nadir_deg=low + (high - low) * share,
        azimuth_deg=float(rng.uniform(0.0, 360.0)),
        day=_day(style, season, rng),
    )


_NOON_DEG = {
    "spring": (46.0, 58.0),
    "summer": (56.0, 68.0),
    "autumn": (36.0, 48.0),
    "winter": (25.0, 34.0),
}


def _day(style: Style, season: str, rng: np.random.Generator) -> Day:
    """Draw the light of a late morning."""
    away = float(rng.uniform(15.0, 50.0))
    return Day(
        sun_azimuth_deg=away if style.southern else 180.0 - away,
        sun_elevation_deg=float(rng.uniform(*_NOON_DEG[season])),
        season=season,  # type: ignore[arg-type]
        haze=float(rng.beta(1.6, 5.0)),
        gain=float(rng.uniform(1.35, 1.9)),
        blur_px=float(rng.uniform(0.42, 0.62)),
    )


def view_of(config: GeoposeSynthConfig, spec: TileSpec) -> View:
    """Return a tile's camera in the frame of its place; angles vary slightly within a picture.

    Args:
        config: the settings.
        spec: the tile.
    """
    taken = acquisition_of(config, spec.city, spec.acquisition)
    rng = generator(config.seed, "tile", spec.tile, "camera")
    return look(
        (spec.south_m, spec.east_m),
        (config.size_px, config.size_px),
        STYLES[spec.city].gsd_m,
        off_nadir_deg=taken.off_nadir_deg + float(rng.normal(0.0, 0.15)),
        azimuth_deg=taken.azimuth_deg + float(rng.normal(0.0, 0.4)),
        day=replace(taken.day, haze=float(np.clip(taken.day.haze + rng.normal(0, 0.01), 0, 1))),
    )


def reach_of(config: GeoposeSynthConfig, city: str) -> float:
    """Return how far a place is built around its middle: tiles, and what leans or throws shadows into them."""
    style = STYLES[city]
    corners = [
        max(map(abs, _slot(config, city, slot, shift)))
        for slot in range(config.tiles_per_place)
        for shift in (0.0, 0.5)
    ]
    return max(corners) + config.size_px * style.gsd_m / 2 + 1.1 * style.tower_m[1] + _ROOM_M


def place_origin(config: GeoposeSynthConfig, city: str, place: int) -> tuple[float, float]:
    """Return where the middle of a place lies in the city's frame (south, east), metres; places lie apart."""
    spacing = math.ceil(2.2 * reach_of(config, city) / 100.0) * 100.0
    row, col = divmod(place, 16)
    return row * spacing, col * spacing
