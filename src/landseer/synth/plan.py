"""The plan of a data set: which tile shows which place, when, and with which flaws."""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from landseer.core.seeds import generator
from landseer.synth.flaws import FLAWS
from landseer.synth.radiometry import sensors_on
from landseer.synth.settings import WORLD_MARGIN_PX, KelpSynthConfig
from landseer.synth.sun import sun_at
from landseer.synth.terrain import PlaceKind

LOWEST_SUN_ZENITH_DEG = 74.0
_FIRST_DAY, _LAST_DAY = date(1986, 1, 1), date(2023, 12, 31)
_SLC_FIRST_DAY, _SLC_LAST_DAY = date(2003, 6, 1), date(2021, 12, 31)


@dataclass(frozen=True)
class TileSpec:
    """One tile to be made.

    Attributes:
        tile: id, two letters and six digits.
        side: "train" or "test".
        place: number of the place.
        kind: kind of the place.
        row, col: offset of the tile inside the place's world, pixels.
        day: date of the view.
        sensor: L5, L7 or L8.
        cloud_share: share of the tile that clouds should cover.
        flaws: names from `FLAWS`.
        hand: who draws the label, from `labels.HANDS`; "" on test tiles.
    """

    tile: str
    side: str
    place: int
    kind: PlaceKind
    row: int
    col: int
    day: date
    sensor: str
    cloud_share: float
    flaws: tuple[str, ...]
    hand: str


def make_plan(config: KelpSynthConfig) -> list[TileSpec]:
    """Decide everything about every tile but its pixels; sorted by place, then by tile id.

    Args:
        config: the settings; shares become exact counts.
    """
    kinds = _kinds(config)
    ids = _tile_ids(config.train + config.test, config.seed)
    places = _train_places(config) + _test_places(config)
    sides = ["train"] * config.train + ["test"] * config.test
    flaws = _assign_flaws(config)
    hands = _assign_hands(config, [kinds[place] for place in places])
    specs = [
        _spec(config, tile, side, place, kinds[place], flaws[number], hands[number])
        for number, (tile, side, place) in enumerate(zip(ids, sides, places, strict=True))
    ]
    return sorted(specs, key=lambda spec: (spec.place, spec.tile))


def _kinds(config: KelpSynthConfig) -> list[PlaceKind]:
    """Deal the kinds out to the places: exact counts, random order."""
    kinds: list[PlaceKind] = []
    shares = config.kinds
    for kind, share in (
        ("islands", shares.islands),
        ("sea", shares.sea),
        ("inland", shares.inland),
        ("barren", shares.barren),
    ):
        kinds += [kind] * round(share * config.places)  # type: ignore[list-item]
    kinds = (kinds + ["coast"] * config.places)[: config.places]
    order = generator(config.seed, "kinds").permutation(config.places)
    return [kinds[number] for number in order]


def _split_point(config: KelpSynthConfig) -> int:
    """Return how many places are kept for training; the later numbers are test places."""
    if not config.test or not config.test_new_places:
        return config.places
    if not config.train:
        return 0
    new = round(config.places * config.test / (config.train + config.test))
    return config.places - int(np.clip(new, 1, config.places - 1))


def _train_places(config: KelpSynthConfig) -> list[int]:
    """Deal the training tiles out to the training places."""
    return _spread(config.train, range(_split_point(config)), config.seed, "train")


def _test_places(config: KelpSynthConfig) -> list[int]:
    """Deal the test tiles out: new places first, then places that training knows."""
    new = round(config.test * config.test_new_places)
    split = _split_point(config)
    known = _spread(config.test - new, range(split), config.seed, "known")
    return _spread(new, range(split, config.places), config.seed, "test") + known


def _spread(tiles: int, places: range, seed: int, key: str) -> list[int]:
    """Give every place one tile while there are tiles, and the rest unevenly."""
    if not tiles:
        return []
    rng = generator(seed, "spread", key)
    chosen = list(places)[:tiles]
    weights = rng.gamma(1.2, 1.0, len(chosen)) + 1e-6
    extra = rng.multinomial(tiles - len(chosen), weights / weights.sum())
    return [place for place, more in zip(chosen, extra, strict=True) for _ in range(1 + int(more))]


def _tile_ids(count: int, seed: int) -> list[str]:
    """Draw distinct ids of two letters and six digits."""
    rng = generator(seed, "ids")
    letters = string.ascii_uppercase
    ids: dict[str, None] = {}
    while len(ids) < count:
        first, second = rng.integers(0, 26, 2)
        ids[f"{letters[first]}{letters[second]}{int(rng.integers(0, 1_000_000)):06d}"] = None
    return list(ids)


def _assign_flaws(config: KelpSynthConfig) -> list[tuple[str, ...]]:
    """Give each flaw to an exact number of tiles."""
    count = config.train + config.test
    table: list[list[str]] = [[] for _ in range(count)]
    for flaw in FLAWS:
        share = getattr(config.flaws, flaw)
        order = generator(config.seed, "flaw", flaw).permutation(count)
        for number in order[: round(share * count)]:
            table[number].append(flaw)
    return [tuple(row) for row in table]


def _assign_hands(config: KelpSynthConfig, kinds: list[PlaceKind]) -> list[str]:
    """Give each hand to an exact number of training tiles; mislabelled ones show the sea if any do."""
    rng = generator(config.seed, "hands")
    order = [int(number) for number in rng.permutation(config.train)]
    wrong = round(config.labels.mislabelled * config.train)
    at_sea = sorted(order, key=lambda number: kinds[number] != "sea")
    hands = ["careful"] * config.train + [""] * config.test
    for number in at_sea[:wrong]:
        hands[number] = "mislabelled"
    left = [number for number in order if hands[number] == "careful"]
    for hand in ("blobby", "shifted", "missed", "empty"):
        count = round(getattr(config.labels, hand) * config.train)
        for number in left[:count]:
            hands[number] = hand
        left = left[count:]
    return hands


def _spec(
    config: KelpSynthConfig,
    tile: str,
    side: str,
    place: int,
    kind: PlaceKind,
    flaws: tuple[str, ...],
    hand: str,
) -> TileSpec:
    """Draw window, date, sensor and clouds of a tile."""
    rng = generator(config.seed, "tile", tile, "plan")
    home = generator(config.seed, "place", place, "home").integers(0, config.shift_px + 1, 2)
    away = rng.integers(0, config.shift_px + 1, 2)
    row, col = home if rng.random() < config.same_spot else away
    gaps = "slc_gaps" in flaws
    day = _day(gaps, rng)
    sensor = "L7" if gaps else str(rng.choice(sensors_on(day)))
    return TileSpec(
        tile=tile,
        side=side,
        place=place,
        kind=kind,
        row=WORLD_MARGIN_PX + int(row),
        col=WORLD_MARGIN_PX + int(col),
        day=day,
        sensor=sensor,
        cloud_share=_cloud_share("heavy_cloud" in flaws, hand == "mislabelled", rng),
        flaws=flaws,
        hand=hand,
    )


def _day(gaps: bool, rng: np.random.Generator) -> date:
    """Draw a day on which the sun stands high enough."""
    first, last = (_SLC_FIRST_DAY, _SLC_LAST_DAY) if gaps else (_FIRST_DAY, _LAST_DAY)
    while True:
        day = first + timedelta(days=int(rng.integers(0, (last - first).days + 1)))
        if sun_at(day).zenith_deg < LOWEST_SUN_ZENITH_DEG:
            return day


def _cloud_share(heavy: bool, mislabelled: bool, rng: np.random.Generator) -> float:
    """Draw a tile's cloud cover: mostly little, rarely much."""
    if heavy:
        return float(rng.uniform(0.45, 0.97))
    if mislabelled:
        return float(rng.uniform(0.2, 0.38))
    if rng.random() < 0.28:
        return 0.0
    return float(np.clip(rng.lognormal(np.log(0.013), 1.6), 0.0, 0.32))
