"""How outlines drawn by people go wrong: missing blocks, shifts, neighbours drawn as one, buildings long gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from landseer.synth.buildings_settings import LabelFlawShares
from landseer.synth.footprints import Footprint

Floats = NDArray[np.float64]
Rng = np.random.Generator

_JITTER_M = 0.12
_NEAR_M = 2.5
_TRIES = 60


@dataclass(frozen=True)
class Flaw:
    """One flaw of one label.

    Attributes:
        scene: id.
        building: number of the building in the scene's truth; -1 of one that is gone.
        flaw: "missing", "shifted", "merged" or "gone".
        east_m, north_m: how far a shifted label lies off; where a gone one stands; 0 otherwise.
        partner: the other building of a merged pair; -1 otherwise.
    """

    scene: str
    building: int
    flaw: str
    east_m: float = 0.0
    north_m: float = 0.0
    partner: int = -1


def draw_labels(
    scene: str,
    buildings: Sequence[Footprint],
    shares: LabelFlawShares | None,
    free: Callable[[Floats], bool],
    rng: Rng,
) -> tuple[list[shapely.Geometry], list[Flaw]]:
    """Draw the outlines of a scene by hand.

    Args:
        scene: id.
        buildings: the truth.
        shares: of the buildings that get each flaw, as exact counts; None draws with an unsteady hand only.
        free: says of a place (east, north) whether the mosaic shows ground there.
        rng: source of randomness.

    Returns:
        Outlines, and their flaws.

    Edges: fewer are merged where fewer have a neighbour within 2.5 m.
    """
    drawn = {number: _by_hand(one.outline, rng) for number, one in enumerate(buildings)}
    flaws: list[Flaw] = []
    if shares is None or not buildings:
        return list(drawn.values()), flaws
    places = np.array([one.middle for one in buildings])
    count = len(buildings)
    missing = _clusters(places, np.arange(count), round(shares.missing * count), rng)
    rest = np.setdiff1d(np.arange(count), missing)
    shifted = _clusters(places, rest, min(len(rest), round(shares.shifted * count)), rng)
    flaws += [Flaw(scene, int(number), "missing") for number in sorted(missing)]
    for number in missing:
        del drawn[int(number)]
    flaws += _shift(scene, drawn, places, shifted, rng)
    flaws += _merge(scene, drawn, buildings, round(shares.merged * count / 2), rng)
    gone, stood = _gone(scene, buildings, round(shares.gone * count), free, rng)
    return [*drawn.values(), *gone], flaws + stood


def _by_hand(outline: shapely.Geometry, rng: Rng) -> shapely.Geometry:
    """Move an outline a little, and each of its corners a little more; keep it where that makes it invalid."""
    step = rng.normal(0.0, _JITTER_M, 2)
    points = shapely.get_coordinates(outline)
    # the last point of every ring repeats the first: equal places must move equally
    _, which = np.unique(points, axis=0, return_inverse=True)
    moves = rng.normal(0.0, _JITTER_M / 2, (which.max() + 1, 2))[which.ravel()]
    drawn = shapely.set_coordinates(
        shapely.from_wkb(shapely.to_wkb(outline)), points + step + moves
    )
    return drawn if shapely.is_valid(drawn) else outline


def _clusters(places: Floats, among: NDArray[np.int64], count: int, rng: Rng) -> NDArray[np.int64]:
    """Choose exactly so many buildings, in blocks of neighbours."""
    chosen: list[int] = []
    left = list(among)
    while len(chosen) < count:
        centre = places[int(rng.choice(left))]
        take = min(count - len(chosen), int(rng.integers(4, 14)))
        near = np.argsort(np.hypot(*(places[left] - centre).T), kind="stable")[:take]
        picked = [left[k] for k in near]
        chosen += picked
        left = [number for number in left if number not in set(picked)]
    return np.array(chosen, np.int64)


def _shift(
    scene: str,
    drawn: dict[int, shapely.Geometry],
    places: Floats,
    shifted: NDArray[np.int64],
    rng: Rng,
) -> list[Flaw]:
    """Shift labels by 1 to 3 m, neighbours alike: one shift per quarter of the scene."""
    turns, lengths = rng.uniform(0, 2 * np.pi, 4), rng.uniform(1.0, 3.0, 4)
    flaws = []
    for number in shifted:
        quarter = int(places[number, 0] > 0) * 2 + int(places[number, 1] > 0)
        east = round(float(lengths[quarter] * np.cos(turns[quarter])), 3)
        north = round(float(lengths[quarter] * np.sin(turns[quarter])), 3)
        drawn[int(number)] = _moved(drawn[int(number)], east, north)
        flaws.append(Flaw(scene, int(number), "shifted", east, north))
    return flaws


def _moved(outline: shapely.Geometry, east: float, north: float) -> shapely.Geometry:
    """Return an outline moved."""
    return shapely.transform(outline, lambda points: np.add(points, (east, north)))


def _merge(
    scene: str,
    drawn: dict[int, shapely.Geometry],
    buildings: Sequence[Footprint],
    pairs: int,
    rng: Rng,
) -> list[Flaw]:
    """Draw pairs of neighbours as one building."""
    numbers = np.array(sorted(drawn), np.int64)
    shapes = np.array([buildings[k].outline for k in numbers], object)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=_NEAR_M)
    near = [
        (int(numbers[a]), int(numbers[b]))
        for a, b in sorted(zip(first, second, strict=True))
        if a < b
    ]
    flaws: list[Flaw] = []
    used: set[int] = set()
    for at in rng.permutation(len(near)):
        one, other = near[at]
        if len(flaws) == pairs:
            break
        if one in used or other in used:
            continue
        used |= {one, other}
        both = shapely.buffer(
            shapely.union(drawn[one], drawn[other]), _NEAR_M / 1.5, join_style="mitre"
        )
        drawn[one] = shapely.buffer(both, -_NEAR_M / 1.5, join_style="mitre")
        del drawn[other]
        flaws.append(Flaw(scene, one, "merged", partner=other))
    return flaws


def _gone(
    scene: str,
    buildings: Sequence[Footprint],
    count: int,
    free: Callable[[Floats], bool],
    rng: Rng,
) -> tuple[list[shapely.Geometry], list[Flaw]]:
    """Draw buildings that stood where nothing stands now."""
    shapes = [one.outline for one in buildings]
    tree = shapely.STRtree(shapes)
    low, high = np.array(shapely.total_bounds(np.array(shapes, object))).reshape(2, 2)
    outlines: list[shapely.Geometry] = []
    flaws = []
    for _ in range(count):
        model = buildings[int(rng.integers(len(buildings)))]
        for _ in range(_TRIES):
            place = rng.uniform(low, high)
            if not free(place):
                continue
            east, north = (round(float(v), 3) for v in place - model.middle)
            old = _moved(model.outline, east, north)
            if not len(tree.query(old, predicate="intersects")):
                outlines.append(old)
                flaws.append(
                    Flaw(scene, -1, "gone", round(float(place[0]), 3), round(float(place[1]), 3))
                )
                break
    return outlines, flaws
