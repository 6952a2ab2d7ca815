"""Whether two views of open sea have anything in common: is there evidence that finding the same place leaves unused?

    python benchmarks/bench_open_sea.py [--samples 2000] [--out FILE.json]

The views of open sea of the set of `bench_same_place.py` are made again. Every pair of one place that shares 5 % or
more is laid over at its true shift, and the correlation of each band over what both show, freed of shapes outside given
widths, is set against that of pairs of different places at the same shifts. If views of one place have something in
common, their correlations lie higher: `told_apart` is the chance that a true pair has the higher one of two (0.5 is a
coin), `above_99_of_100` the share of true pairs above 99 of 100 unrelated ones.

The floor is what lasts in the made world: the light that comes back from it in this band, computed from depth and
ground without waves, murk, sky and sensor. Its spread is given beside that of the images, and `told_apart` of a view
against the floor itself, which no one has in real data: more than any comparison of two views could reach.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from bench_same_place import SEED
from numpy.typing import NDArray
from scipy import ndimage

from landseer.core.files import write_json
from landseer.core.seeds import generator
from landseer.synth.plan import TileSpec, make_plan
from landseer.synth.settings import FlawShares, KelpSynthConfig
from landseer.synth.spectra import ATTENUATION_PER_M, DEEP_WATER, NODATA, ROCK_BED, SAND_BED
from landseer.synth.view import render
from landseer.synth.world import World, build_world

BANDS = ("swir", "nir", "red", "green", "blue")
WIDTHS_PX = ((1.0, 5.0), (2.0, 20.0), (4.0, 60.0))
LEAST_SHARED, SCALE = 0.05, 10_000.0

Field = NDArray[np.float32]
Shift = tuple[int, int]


@dataclass(frozen=True)
class View:
    """A view of open sea: what it shows of which place, and what lasts there.

    Attributes:
        spec: place and window.
        seen: (5, h, w) reflectance; NaN where missing or flagged.
        floor: (5, h, w) what the floor adds to the reflectance of deep, clear water.
        depth_m: least depth of the window at mean sea level.
    """

    spec: TileSpec
    seen: Field
    floor: Field
    depth_m: float


def make_views(samples: int) -> list[View]:
    """Make the views of open sea of a set of so many tiles."""
    config = KelpSynthConfig(
        places=round(0.3 * samples),
        train=round(0.8 * samples),
        test=samples - round(0.8 * samples),
        seed=SEED,
        flaws=FlawShares(heavy_cloud=0.15),
    )
    views = []
    for spec in (one for one in make_plan(config) if one.kind == "sea"):
        world = build_world(config, spec.place, spec.kind)
        image = render(world, spec, config.size_px, config.seed).image
        known = (image[:5] != NODATA) & (image[5] == 0)
        seen = np.where(known, image[:5] / np.float32(SCALE), np.nan).astype(np.float32)
        floor, depth_m = floor_light(world, spec, config.size_px)
        views.append(View(spec, seen, floor, depth_m))
    return views


def floor_light(world: World, spec: TileSpec, size: int) -> tuple[Field, float]:
    """Return the light of the sea floor in clear water, (5, h, w) reflectance, and the least depth in metres."""
    window = slice(spec.row, spec.row + size), slice(spec.col, spec.col + size)
    depth_m, sand = np.maximum(-world.height_m[window], 0.05), world.sand[window]
    layers = []
    for band in range(len(BANDS)):
        bottom = ROCK_BED[band] + sand * (SAND_BED[band] - ROCK_BED[band])
        layers.append(np.exp(-depth_m * ATTENUATION_PER_M[band]) * (bottom - DEEP_WATER[band]))
    return np.stack(layers).astype(np.float32), float(depth_m.min())


def passed(layer: Field, fine: float, coarse: float) -> Field:
    """Keep shapes between two widths, by differences of blurs over known pixels; NaN where too few are known."""
    known = np.isfinite(layer)
    filled = np.where(known, layer - np.nanmean(layer) if known.any() else 0, 0)

    def blur(sigma: float) -> Field:
        weight = ndimage.gaussian_filter(known.astype(np.float32), sigma, truncate=3)
        total = ndimage.gaussian_filter(filled.astype(np.float32), sigma, truncate=3)
        return np.where(weight > 0.3, total / np.maximum(weight, 0.3), np.nan)

    return np.where(known, blur(fine) - blur(coarse), np.nan).astype(np.float32)


def correlate(a: Field, b: Field, shift: Shift) -> float:
    """Return the correlation over what both show, pixel (0, 0) of `b` lying at `shift` in `a`; NaN where nothing is."""
    height, width = a.shape
    down, right = shift
    one = a[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)]
    two = b[max(0, -down) : height + min(0, -down), max(0, -right) : width + min(0, -right)]
    both = np.isfinite(one) & np.isfinite(two)
    if both.sum() < 1000 or one[both].std() == 0 or two[both].std() == 0:
        return float("nan")
    return float(np.corrcoef(one[both], two[both])[0, 1])


def same_place_pairs(views: Sequence[View], size: int) -> list[tuple[int, int, Shift]]:
    """Return the pairs that share enough ground, with their true shift."""
    found = []
    for a, b in combinations(range(len(views)), 2):
        one, two = views[a].spec, views[b].spec
        shift = two.row - one.row, two.col - one.col
        shared = max(0, size - abs(shift[0])) * max(0, size - abs(shift[1])) / size**2
        if one.place == two.place and shared >= LEAST_SHARED:
            found.append((a, b, shift))
    return found


def unrelated_pairs(
    views: Sequence[View], true: Sequence[tuple[int, int, Shift]], size: int
) -> list[tuple[int, int, Shift]]:
    """Give every true pair partners of other places at the same shift, so that the shared areas are alike."""
    rng, found = generator(SEED, "unrelated"), []
    for a, _, shift in true:
        others = [n for n, view in enumerate(views) if view.spec.place != views[a].spec.place]
        found += [(a, int(b), shift) for b in rng.choice(others, 5)]
    return found


def told_apart(true: Field, chance: Field) -> dict[str, float]:
    """Compare two sets of correlations."""
    true, chance = true[np.isfinite(true)], np.sort(chance[np.isfinite(chance)])
    if not len(true) or not len(chance):
        return {"pairs": 0}  # such light does not come back at all
    rank = np.searchsorted(chance, true, "left") + np.searchsorted(chance, true, "right")
    return {
        "pairs": len(true),
        "median": round(float(np.median(true)), 4),
        "unrelated_median": round(float(np.median(chance)), 4),
        "unrelated_99": round(float(np.quantile(chance, 0.99)), 4),
        "told_apart": round(float(rank.mean() / (2 * len(chance))), 3),
        "above_99_of_100": round(float((true > np.quantile(chance, 0.99)).mean()), 3),
    }


def measure(samples: int) -> dict[str, Any]:
    """Compare the true pairs with unrelated ones, band by band and width by width."""
    views = make_views(samples)
    size = views[0].seen.shape[-1]
    true = same_place_pairs(views, size)
    chance = unrelated_pairs(views, true, size)
    found: dict[str, Any] = {
        "views": len(views),
        "places": len({view.spec.place for view in views}),
        "pairs": len(true),
        "least_depth_m": round(min(view.depth_m for view in views), 1),
        "between": {},
        "against_the_floor": {},
        "spread": {},
    }
    for number, band in enumerate(BANDS):
        for fine, coarse in WIDTHS_PX:
            name = f"{band}, {fine:g} to {coarse:g} px"
            seen = [passed(view.seen[number], fine, coarse) for view in views]
            floor = [passed(view.floor[number], fine, coarse) for view in views]
            scores = [
                np.array([correlate(seen[a], seen[b], shift) for a, b, shift in pairs])
                for pairs in (true, chance)
            ]
            found["between"][name] = told_apart(*scores)
            own = np.array([correlate(s, f, (0, 0)) for s, f in zip(seen, floor, strict=True)])
            other = np.array([correlate(seen[a], floor[b], (0, 0)) for a, b, _ in chance])
            found["against_the_floor"][name] = told_apart(own, other)
            found["spread"][name] = {
                "image": float(np.nanmedian([np.nanstd(one) for one in seen])),
                "floor": float(np.median([np.std(one) for one in floor])),
                "floor_at_most": float(np.max([np.std(one) for one in floor])),
            }
            print(name, found["between"][name], found["against_the_floor"][name], flush=True)
    return found


def main() -> None:
    """Measure, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = measure(options.samples)
    if options.out:
        write_json(options.out, found)


if __name__ == "__main__":
    main()
