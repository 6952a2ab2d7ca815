"""One view of a place: from the fixed world to the files' arrays, as a sensor saw it on a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

import landseer.synth.flaws as flaw_kinds
from landseer.core.seeds import generator
from landseer.synth.clouds import Sky, flag_clouds, haze, make_sky, visible
from landseer.synth.kelp_beds import canopy_cover
from landseer.synth.labels import draw_label
from landseer.synth.noise import fractal, smooth_step
from landseer.synth.plan import TileSpec
from landseer.synth.radiometry import SENSORS, band_parallax, sense, through_optics
from landseer.synth.settings import WORLD_MARGIN_PX
from landseer.synth.spectra import (
    CANOPY,
    FOAM,
    HAZE,
    ICE_CLOUD,
    N_SPECTRAL,
    NODATA,
    SAND_DRY,
    SAND_WET,
    WATER_CLOUD,
    WET_ALGAE,
    Spectrum,
    mix,
    spectrum,
)
from landseer.synth.sun import Sun, relief_shade, sun_at
from landseer.synth.water import SeaState, draw_sea_state, glint_on, paint_sea, surf
from landseer.synth.world import World

Field = NDArray[np.float32]
Draw = Callable[[str], np.random.Generator]

_MARGIN_PX = WORLD_MARGIN_PX
_DN_MAX = 32767
_SKY_LIGHT: tuple[float, ...] = (0.10, 0.16, 0.24, 0.31, 0.40)
"""Share of the light that comes from the sky and still falls into cloud shadows, per band."""

_LUSH: Spectrum = (-0.07, 0.09, -0.14, -0.03, -0.06)
"""Relative change of the land's reflectance from an average to a lush season."""

KELP_COVER = 0.20
"""A pixel is kelp when the canopy covers at least this share of it, as the optics resolve it."""


@dataclass(frozen=True)
class View:
    """What is written of a tile, and what is known about it.

    Attributes:
        image: (7, h, w) int16: SWIR, NIR, red, green, blue, QA, DEM.
        truth: (h, w) uint8, kelp that shows: canopy not hidden by cloud or missing pixels.
        label: (h, w) uint8, the drawn label; None on test tiles.
        sun: direction of the light.
        sea: tide, swell, glint.
        cloud_share: share of pixels whose surface is mostly hidden by cloud.
    """

    image: NDArray[np.int16]
    truth: NDArray[np.uint8]
    label: NDArray[np.uint8] | None
    sun: Sun
    sea: SeaState
    cloud_share: float


def render(world: World, spec: TileSpec, size: int, seed: int) -> View:
    """Render a tile.

    Args:
        world: the place.
        spec: window, date, sensor and flaws.
        size: side of the tile, pixels.
        seed: root seed of the data set.
    """
    rng = partial(generator, seed, "tile", spec.tile)
    sun = sun_at(spec.day)
    sea = draw_sea_state(sun.zenith_deg, rng("sea"))
    window = _Window(world, spec, size)
    cover = _kelp_today(window, sea, rng("kelp"))
    surface = _surface(window, sea, sun, cover, rng)
    down, right = np.clip(rng("drift").normal(0.0, 0.3, 2), -0.8, 0.8)
    optics = partial(through_optics, down=float(down), right=float(right), size=size)
    sky = make_sky(size, spec.cloud_share, sun, rng("sky"))
    rho = _under_sky(optics(surface), sky, rng("haze"))
    dn = sense(rho, SENSORS[spec.sensor], rng("sensor"))
    image, missing = _deliver(dn, window.dem_m, sky, spec, rng("flaws"))
    truth = ((optics(cover[None])[0] >= KELP_COVER) & visible(sky) & ~missing).astype(np.uint8)
    label = draw_label(truth, spec.hand, rng("label")) if spec.hand else None
    return View(image, truth, label, sun, sea, float((~visible(sky)).mean()))


class _Window:
    """The part of a world that a tile shows, with a margin; `dem_m` comes without."""

    def __init__(self, world: World, spec: TileSpec, size: int) -> None:
        rows = slice(spec.row - _MARGIN_PX, spec.row + size + _MARGIN_PX)
        cols = slice(spec.col - _MARGIN_PX, spec.col + size + _MARGIN_PX)
        self.size = size + 2 * _MARGIN_PX
        self.height_m = world.height_m[rows, cols]
        self.steep_m = world.steep_m[rows, cols]
        self.rise = world.rise[:, rows, cols]
        self.land_rho = world.land_rho[:, rows, cols]
        self.shore = world.shore[:, rows, cols]
        self.exposure = world.exposure[rows, cols]
        self.sand = world.sand[rows, cols]
        self.score = world.beds.score[rows, cols]
        self.texture = world.beds.texture[rows, cols]
        self.beds = world.beds
        self.dem_m = world.dem_m[spec.row : spec.row + size, spec.col : spec.col + size]


def _kelp_today(window: _Window, sea: SeaState, rng: np.random.Generator) -> Field:
    """Return today's canopy: the season's abundance, storm losses, and what the tide drowns."""
    abundance = float(np.clip(rng.lognormal(-0.05, 0.55), 0.1, 3.0))
    vigour = float(rng.uniform(0.65, 1.0))
    weather = 0.22 * fractal(window.size, rng, 2.0, 25.0)
    threshold = window.beds.threshold(abundance * (1.0 - 0.25 * sea.tide_m))
    return canopy_cover(window.score, window.texture, threshold, weather, vigour)


def _surface(window: _Window, sea: SeaState, sun: Sun, cover: Field, rng: Draw) -> Field:
    """Return the reflectance of the ground and the sea under a clear sky."""
    above = window.height_m - np.float32(sea.tide_m)
    depth = -above
    land = smooth_step(above / window.steep_m, -0.6, 0.6)
    rho = paint_sea(depth, window.sand, window.exposure, sea, rng("water"))
    afloat = np.float32((1.0 - 0.4 * max(sea.tide_m, 0.0)) * rng("canopy").uniform(0.5, 1.0))
    canopy = spectrum(CANOPY) * np.ones((1, *cover.shape), np.float32)
    canopy[1] *= afloat * (0.75 + 0.25 * window.texture)
    mix(rho, cover, canopy)
    rho += glint_on(
        window.size, np.clip(cover + 0.8 * (1 - window.exposure), 0, 1), sea, rng("glint")
    )
    ground = _ground(window, above, sun, rng("ground"))
    mix(rho, land, ground)
    foam = surf(depth, window.exposure, window.shore, sea, rng("surf"))
    mix(rho, foam * (1.0 - 0.8 * cover), FOAM)
    return rho


def _ground(window: _Window, above: Field, sun: Sun, rng: np.random.Generator) -> Field:
    """Return the land as the season and the sun show it, with beaches and seaweed at its foot."""
    ground = window.land_rho.copy()
    lush = float(np.clip(rng.normal(0.0, 0.6), -1.0, 1.0))
    ground *= 1.0 + np.float32(lush) * spectrum(_LUSH)
    ground *= relief_shade(window.rise[0], window.rise[1], sun)
    beach = window.sand * smooth_step(-above, -4.0, -2.0)
    mix(ground, beach, SAND_DRY)
    mix(ground, window.sand * smooth_step(-above, -1.6, -0.6), SAND_WET)
    tidal = (1.0 - window.sand) * smooth_step(-above, -2.4, -0.4)
    mix(ground, 0.8 * tidal, WET_ALGAE)
    return ground


def _under_sky(rho: Field, sky: Sky, rng: np.random.Generator) -> Field:
    """Put shadows, haze and clouds over the surface."""
    cloud = spectrum(ICE_CLOUD if sky.ice else WATER_CLOUD)
    veil = haze(rho.shape[1], rng)
    for band in range(N_SPECTRAL):
        rho[band] *= 1.0 - np.float32(1.0 - _SKY_LIGHT[band]) * sky.shadow
        rho[band] += np.float32(HAZE[band]) * veil
        hidden = band_parallax(sky.opacity, band)
        rho[band] += hidden * (cloud[band] * sky.light - rho[band])
    return rho


def _deliver(
    dn: Field, dem_m: NDArray[np.int16], sky: Sky, spec: TileSpec, rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Add the flaws, flag what is bad, round, and stack; also return where pixels are missing."""
    size = dn.shape[1]
    flag = flag_clouds(sky, float(rng.uniform(0.15, 0.5)), rng)
    if "stripes" in spec.flaws:
        worst = flaw_kinds.add_stripes(dn, rng)
        flag |= worst if rng.random() < 0.5 else False
    if "dropped_lines" in spec.flaws:
        flag |= flaw_kinds.drop_lines(dn, rng)
    if "saturation" in spec.flaws:
        flag |= flaw_kinds.saturate(dn, rng)
    missing = np.zeros(dn.shape, bool)
    if "slc_gaps" in spec.flaws:
        missing |= flaw_kinds.slc_gaps(size, rng)
    if "holes" in spec.flaws:
        missing |= flaw_kinds.scene_holes(size, rng)
    dem = flaw_kinds.dem_holes(dem_m, rng) if "dem_holes" in spec.flaws else dem_m
    image = np.empty((N_SPECTRAL + 2, size, size), np.int16)
    image[:N_SPECTRAL] = np.rint(np.clip(dn, 1, _DN_MAX))
    image[:N_SPECTRAL][missing] = NODATA
    gone = np.asarray(np.any(missing, axis=0))
    image[N_SPECTRAL] = flag | gone
    image[N_SPECTRAL + 1] = dem
    return image, gone
