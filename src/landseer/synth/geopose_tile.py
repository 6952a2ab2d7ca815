"""Make one tile of a geopose data set: render it, survey its heights, write its files, say what is true of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.core.seeds import generator
from landseer.synth.geopose_files import write_heights, write_picture
from landseer.synth.geopose_plan import TileSpec, acquisition_of, place_origin, view_of
from landseer.synth.geopose_settings import GeoposeSynthConfig
from landseer.synth.geopose_truth import GeoposeTruth
from landseer.synth.lidar import survey
from landseer.synth.made_folder import TRUTH_FOLDER
from landseer.synth.materials import NUMBER
from landseer.synth.occlusion import ground_truth
from landseer.synth.render import Rendering, heights, render
from landseer.synth.sensor import develop
from landseer.synth.solids import World


def make_tile(root: Path, config: GeoposeSynthConfig, world: World, spec: TileSpec) -> GeoposeTruth:
    """Render one tile and write its files.

    Args:
        root: folder of the data set.
        config: its settings.
        world: the tile's place.
        spec: which tile.

    Returns:
        What the files do not say, overlaps aside.
    """
    view = view_of(config, spec)
    seen = render(world, view)
    rng = generator(config.seed, "tile", spec.tile, "sensor")
    image = develop(seen.radiance, view.day, config.image_noise, rng)
    write_picture(root / spec.side / f"{spec.tile}_RGB.{config.image_format}", image)
    if spec.side == "test":
        given = seen.agl_m
        write_heights(root / TRUTH_FOLDER / "test", spec.tile, given, view)
    else:
        given = _surveyed(config, world, spec, seen)
        write_heights(root / "train", spec.tile, given, view)
    hidden = float(ground_truth(world, view).hidden.mean())
    return _truth(config, spec, seen, given, hidden)


def _surveyed(
    config: GeoposeSynthConfig, world: World, spec: TileSpec, seen: Rendering
) -> NDArray[np.float32]:
    """Return a training tile's heights with their flaws."""
    older = "older" in spec.flaws
    before = heights(world.before(config.new_buildings), seen.view) if older else seen.agl_m
    water = world.looks.material[seen.surface] == NUMBER["water"]
    rng = generator(config.seed, "tile", spec.tile, "lidar")
    return survey(seen.agl_m, before, water, spec.flaws, config.height_noise_m, rng)


def _truth(
    config: GeoposeSynthConfig,
    spec: TileSpec,
    seen: Rendering,
    given: NDArray[np.float32],
    hidden: float,
) -> GeoposeTruth:
    """Gather the row of a tile."""
    view = seen.view
    south, east = place_origin(config, spec.city, spec.place)
    half = config.size_px * view.gsd_m / 2
    taken = acquisition_of(config, spec.city, spec.acquisition)
    wrong = np.abs(given - seen.agl_m) > 1.0
    return GeoposeTruth(
        id=spec.tile,
        side=spec.side,
        city=spec.city,
        place=spec.place,
        acquisition=spec.acquisition,
        south_0_m=round(south + spec.south_m - half, 3),
        east_0_m=round(east + spec.east_m - half, 3),
        south_1_m=round(south + spec.south_m + half, 3),
        east_1_m=round(east + spec.east_m + half, 3),
        gsd_m=round(view.gsd_m, 6),
        off_nadir_deg=round(float(np.degrees(np.arctan(view.scale_px_per_m * view.gsd_m))), 4),
        view_azimuth_deg=round(taken.azimuth_deg, 4),
        scale_px_per_m=round(view.scale_px_per_m, 8),
        angle_rad=round(view.angle_rad, 8),
        sun_azimuth_deg=round(view.day.sun_azimuth_deg, 4),
        sun_elevation_deg=round(view.day.sun_elevation_deg, 4),
        season=view.day.season,
        haze=round(view.day.haze, 4),
        mean_agl_m=round(float(np.nanmean(seen.agl_m)), 4),
        max_agl_m=round(float(np.nanmax(seen.agl_m)), 4),
        hidden_share=round(hidden, 6),
        speckle=int("speckle" in spec.flaws),
        holes=int("holes" in spec.flaws),
        older=int("older" in spec.flaws),
        shifted=int("shifted" in spec.flaws),
        unknown_share=round(float(np.isnan(given).mean()), 6),
        wrong_share=round(float(wrong.mean()), 6),
    )
