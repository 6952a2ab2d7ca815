"""Make a land-cover data set: orthophotos of made-up country and their exact masks, as LandCover.ai's archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from landseer.core.parallel import parallel_map
from landseer.core.seeds import generator
from landseer.raster.write import write_raster
from landseer.synth.camera import View, look
from landseer.synth.country import build_country
from landseer.synth.landcover_files import FOLDERS, tile_lists, write_lists
from landseer.synth.landcover_label import CLASSES, draw_mask
from landseer.synth.landcover_plan import CRS, OrthoSpec, make_plan
from landseer.synth.landcover_settings import LandcoverSynthConfig
from landseer.synth.landcover_summary import LandcoverSummary, OrthoTruth, summarise
from landseer.synth.made_folder import TRUTH_FOLDER, holds, whole_folder
from landseer.synth.render import render
from landseer.synth.sensor import develop
from landseer.synth.truth_table import read_rows, write_rows

TRUTH_FILE = f"{TRUTH_FOLDER}/orthophotos.csv"
FORMAT = 1
"""Raised whenever the same settings begin to make other files."""

_ROOM_M = 24.0


@dataclass(frozen=True)
class _Job:
    """One orthophoto to be made."""

    root: Path
    config: LandcoverSynthConfig
    spec: OrthoSpec


def make_landcover(
    out: Path, config: LandcoverSynthConfig, workers: int | None = None
) -> LandcoverSummary:
    """Make a land-cover data set.

    Args:
        out: folder to make: `images/`, `masks/`, `train.txt`, `val.txt`, `test.txt` as in LandCover.ai's archive, and
            the side folder `truth/` with `orthophotos.csv`.
        config: what to make; equal settings make equal bytes whatever the number of workers.
        workers: processes; None takes one per processor.

    Returns:
        Counts and shares.

    Raises:
        WriteError: the folder holds something else, or cannot be written.

    Edges: a folder that already holds this very data set is left alone. Everything appears at
        once when it is complete.
    """
    out = Path(out)
    stamp = _stamp(config)
    plan = make_plan(config)
    lists = tile_lists(config, plan)
    n_tiles = {side: len(tiles) for side, tiles in lists.items()}
    if holds(out, stamp):
        return summarise(out, read_rows(out / TRUTH_FILE, OrthoTruth), n_tiles, made=False)
    with whole_folder(out, stamp, FOLDERS) as root:
        jobs = [_Job(root, config, spec) for spec in plan]
        made = parallel_map(_make, jobs, label="make orthophotos", workers=workers, processes=True)
        rows = list(made)
        write_rows(root / TRUTH_FILE, OrthoTruth, rows)
        write_lists(root, lists)
    return summarise(out, rows, n_tiles, made=True)


def _stamp(config: LandcoverSynthConfig) -> dict[str, Any]:
    """Return what says which data set a folder holds."""
    return {"kind": "landcover", "format": FORMAT, "config": config.model_dump(mode="json")}


def view_of(spec: OrthoSpec) -> View:
    """Return the camera of an orthophoto, the middle of its country in its middle."""
    return look(
        (0.0, 0.0),
        spec.size,
        spec.gsd_m,
        off_nadir_deg=spec.off_nadir_deg,
        azimuth_deg=spec.azimuth_deg,
        day=spec.day,
    )


def _make(job: _Job) -> OrthoTruth:
    """Build the country of an orthophoto, render it, draw its mask, write both."""
    spec, config = job.spec, job.config
    reach = max(spec.size) * spec.gsd_m / 2 + _ROOM_M
    builder = build_country(spec.country, reach, generator(config.seed, "country", spec.name))
    world, view = builder.world((-reach, reach, -reach, reach)), view_of(spec)
    radiance = render(world, view).radiance * np.array(spec.balance, np.float32)[:, None, None]
    rng = generator(config.seed, "sensor", spec.name)
    mask = draw_mask(builder, world, view)
    images = {"images": develop(radiance, spec.day, config.image_noise, rng), "masks": mask}
    gsd = spec.gsd_m
    place = (gsd, 0.0, spec.west_m, 0.0, -gsd, spec.north_m)
    for folder, array in images.items():
        write_raster(job.root / folder / f"{spec.name}.tif", array, crs=CRS, transform=place)
    return _truth(spec, mask)


def _truth(spec: OrthoSpec, mask: np.ndarray) -> OrthoTruth:
    """Gather the row of an orthophoto."""
    share = np.bincount(mask.ravel(), minlength=len(CLASSES)) / mask.size
    return OrthoTruth(
        name=spec.name,
        side=spec.side,
        gsd_m=spec.gsd_m,
        rows=spec.size[0],
        cols=spec.size[1],
        season=spec.day.season,
        sun_azimuth_deg=round(spec.day.sun_azimuth_deg, 4),
        sun_elevation_deg=round(spec.day.sun_elevation_deg, 4),
        off_nadir_deg=round(spec.off_nadir_deg, 4),
        view_azimuth_deg=round(spec.azimuth_deg, 4),
        **{name: round(float(share[value]), 6) for value, name in enumerate(CLASSES)},
    )
