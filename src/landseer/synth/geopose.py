"""Make a geopose data set: oblique satellite tiles of made-up cities whose heights and poses are known exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.parallel import parallel_map
from landseer.core.seeds import generator
from landseer.synth.city import build_city
from landseer.synth.geopose_files import FOLDERS, write_heights, write_picture, write_tables
from landseer.synth.geopose_plan import (
    TileSpec,
    acquisition_of,
    make_plan,
    place_origin,
    reach_of,
    view_of,
)
from landseer.synth.geopose_settings import GeoposeSynthConfig
from landseer.synth.geopose_truth import GeoposeTruth, read_truth, with_overlaps, write_truth
from landseer.synth.lidar import survey
from landseer.synth.made_folder import TRUTH_FOLDER, holds, whole_folder
from landseer.synth.materials import NUMBER
from landseer.synth.occlusion import ground_truth
from landseer.synth.render import Rendering, heights, render
from landseer.synth.sensor import develop
from landseer.synth.solids import World
from landseer.synth.styles import STYLES

TRUTH_FILE = f"{TRUTH_FOLDER}/tiles.csv"
FORMAT = 1
"""Raised whenever the same settings begin to make other files."""


@dataclass(frozen=True)
class GeoposeSummary:
    """Counts and shares of a made-up geopose data set.

    Attributes:
        root: folder of the data set.
        n_train, n_test, n_places: numbers of tiles and places.
        mean_agl_m: mean height above ground over all tiles.
        hidden_share: share of the ground that stands behind something.
        unknown_share: share of the training heights without a value.
        made: False when the same data set was already there and nothing was written.
    """

    root: Path
    n_train: int
    n_test: int
    n_places: int
    mean_agl_m: float
    hidden_share: float
    unknown_share: float
    made: bool

    @property
    def text(self) -> str:
        """What people read."""
        state = "made" if self.made else "was already there, nothing written"
        return (
            f"{self.root}: {state}; {self.n_train} training and {self.n_test} test tiles of "
            f"{self.n_places} places\nmean height {self.mean_agl_m:.1f} m above ground; "
            f"{self.hidden_share:.1%} of the ground hidden; {self.unknown_share:.1%} of the training heights unknown"
        )


@dataclass(frozen=True)
class _Job:
    """The tiles of one place, made together because they share its world."""

    root: Path
    config: GeoposeSynthConfig
    specs: tuple[TileSpec, ...]


def make_geopose(
    out: Path, config: GeoposeSynthConfig, workers: int | None = None
) -> GeoposeSummary:
    """Make a geopose data set.

    Args:
        out: folder to make: `train/`, `test/`, `geopose_train.csv`, `geopose_test.csv`, `metadata.csv` as the contest
            has them, and the side folder `truth/` with `test/` (exact heights and poses in the contest's format) and
            `tiles.csv`.
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
    if holds(out, stamp):
        return _summarise(out, read_truth(out / TRUTH_FILE), made=False)
    plan = make_plan(config)
    rows: list[GeoposeTruth] = []
    with whole_folder(out, stamp, FOLDERS) as root:
        jobs = list(_jobs(root, config, plan))
        for made in parallel_map(
            _make, jobs, label="make geopose tiles", workers=workers, processes=True
        ):
            rows += made
        rows = with_overlaps(sorted(rows, key=lambda row: row.id))
        write_truth(root / TRUTH_FILE, rows)
        write_tables(root, plan, config.image_format)
    return _summarise(out, rows, made=True)


def _stamp(config: GeoposeSynthConfig) -> dict[str, Any]:
    """Return what says which data set a folder holds."""
    return {"kind": "geopose", "format": FORMAT, "config": config.model_dump(mode="json")}


def _jobs(root: Path, config: GeoposeSynthConfig, plan: Sequence[TileSpec]) -> Iterator[_Job]:
    """Cut the plan, sorted by place, into jobs of one place."""
    for _, specs in groupby(plan, key=lambda spec: (spec.city, spec.place)):
        yield _Job(root, config, tuple(specs))


def _make(job: _Job) -> list[GeoposeTruth]:
    """Build a place, render its tiles, and write them."""
    config, first = job.config, job.specs[0]
    rng = generator(config.seed, "place", first.city, first.place)
    world = build_city(STYLES[first.city], reach_of(config, first.city), rng)
    return [_make_tile(job.root, config, world, spec) for spec in job.specs]


def _make_tile(
    root: Path, config: GeoposeSynthConfig, world: World, spec: TileSpec
) -> GeoposeTruth:
    """Render one tile and write its files."""
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


def _summarise(root: Path, rows: Sequence[GeoposeTruth], made: bool) -> GeoposeSummary:
    """Sum up the truth table."""
    train = [row for row in rows if row.side == "train"]
    return GeoposeSummary(
        root=root,
        n_train=len(train),
        n_test=len(rows) - len(train),
        n_places=len({(row.city, row.place) for row in rows}),
        mean_agl_m=sum(row.mean_agl_m for row in rows) / max(len(rows), 1),
        hidden_share=sum(row.hidden_share for row in rows) / max(len(rows), 1),
        unknown_share=sum(row.unknown_share for row in train) / max(len(train), 1),
        made=made,
    )
