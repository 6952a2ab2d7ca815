"""A place: everything about a stretch of coast that stays the same from one date to the next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.core.seeds import generator
from landseer.synth.kelp_beds import Beds, plant_beds
from landseer.synth.land_cover import paint_land
from landseer.synth.noise import blur, fractal, smooth_step
from landseer.synth.settings import KelpSynthConfig
from landseer.synth.spectra import NODATA
from landseer.synth.terrain import PlaceKind, Relief, make_relief

Field = NDArray[np.float32]

_ISLET_PX = 45
"""Largest land that the elevation model may miss."""


@dataclass(frozen=True)
class World:
    """The fixed part of a place, larger than a tile.

    Attributes:
        height_m: (n, n) float32 true height, negative under water.
        steep_m: (n, n) float32 metres of rise per pixel, for the share of land in shore pixels.
        rise: (2, n, n) float32 metres of rise down and right.
        land_rho: (5, n, n) float32 reflectance of the land, evenly lit.
        shore: (2, n, n) float32, points out to sea near shores (down, right), length up to 1.
        exposure: (n, n) float32, 0 sheltered to 1 open.
        sand: (n, n) float32, 0 rock to 1 sand, for beaches and the sea floor.
        dem_m: (n, n) int16 elevation model as delivered, -32768 where there is none.
        beds: kelp.
    """

    height_m: Field
    steep_m: Field
    rise: Field
    land_rho: Field
    shore: Field
    exposure: Field
    sand: Field
    dem_m: NDArray[np.int16]
    beds: Beds


@lru_cache(maxsize=2)
def build_world(config: KelpSynthConfig, place: int, kind: PlaceKind) -> World:
    """Build a place from the seed and its number (the last two are kept).

    Args:
        config: the data set's settings.
        place: number of the place.
        kind: how much land and kelp it has.
    """
    size = config.world_px
    relief = make_relief(size, kind, generator(config.seed, "place", place, "relief"))
    height = relief.height_m
    rise = _gradient(height)
    steep = np.hypot(rise[0], rise[1])
    slope = blur(steep, 0.8) / np.float32(30.0)
    rng = generator(config.seed, "place", place, "cover")
    water = (height < 0).astype(np.float32)
    open_water = blur(water, 9.0)
    exposure = smooth_step(0.5 * open_water + 0.5 * blur(water, 30.0), 0.35, 0.85)
    shore = _gradient(open_water)
    shore /= np.hypot(shore[0], shore[1]) + np.float32(0.01)
    sand = _sand(relief, slope, exposure, rng)
    return World(
        height_m=height,
        steep_m=blur(steep, 0.7) + np.float32(0.25),
        rise=rise,
        land_rho=paint_land(relief, slope, rng),
        shore=shore,
        exposure=exposure,
        sand=sand,
        dem_m=_elevation_model(height, generator(config.seed, "place", place, "dem")),
        beds=plant_beds(
            relief, exposure, kind, config, generator(config.seed, "place", place, "kelp")
        ),
    )


def _gradient(field: Field) -> Field:
    """Return the rise per pixel, down and right, as (2, n, n)."""
    down, right = np.gradient(field)
    return np.stack([down, right]).astype(np.float32)


def _sand(relief: Relief, slope: Field, exposure: Field, rng: np.random.Generator) -> Field:
    """Sand gathers where the ground is soft and gentle, in bays more than on headlands."""
    soft = 0.62 - 1.3 * relief.rock - 3.0 * slope - 0.2 * exposure
    soft += 0.30 * fractal(len(slope), rng, 2.8, 40.0)
    return smooth_step(soft, 0.1, 0.6)


def _without_islets(land: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Drop most islets: elevation models miss what is small and surrounded by water."""
    pieces, count = ndimage.label(land)
    area = np.bincount(pieces.ravel(), minlength=count + 1)
    keep = (area > _ISLET_PX) | (rng.random(count + 1) > 0.7)
    keep[0] = False
    return keep[pieces]


def _elevation_model(height: Field, rng: np.random.Generator) -> NDArray[np.int16]:
    """Make the delivered model: smoother, a little shifted, whole metres, ending some way out."""
    moved = ndimage.shift(
        blur(height, 1.2), rng.uniform(-1.8, 1.8, 2), order=1, mode="nearest", output=np.float32
    )
    error = fractal(len(height), rng, 2.0, 25.0)
    land = _without_islets(moved + 0.5 * error > 0.8, rng)
    metres = np.where(land, np.maximum(moved + 0.8 * error, 1.0), 0.0)
    metres = np.where(~land & (error > 2.1), -1.0, metres)
    model = np.rint(metres).astype(np.int16)
    if not land.any():
        return np.full_like(model, NODATA)
    away = ndimage.distance_transform_edt(~land).astype(np.float32)
    reach = float(rng.uniform(8.0, 16.0)) + 2.0 * fractal(len(height), rng, 3.0, 60.0)
    model[away > reach] = NODATA
    return model
