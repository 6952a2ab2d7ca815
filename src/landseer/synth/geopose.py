"""Make a geopose data set: oblique satellite tiles of made-up cities whose heights and poses are known exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from landseer.core.parallel import parallel_map
from landseer.core.seeds import generator
from landseer.synth.city import build_city
from landseer.synth.geopose_files import FOLDERS, write_tables
from landseer.synth.geopose_plan import TileSpec, make_plan, reach_of
from landseer.synth.geopose_settings import GeoposeSynthConfig
from landseer.synth.geopose_summary import GeoposeSummary, summarise_tiles
from landseer.synth.geopose_tile import make_tile
from landseer.synth.geopose_truth import GeoposeTruth, read_truth, with_overlaps, write_truth
from landseer.synth.made_folder import TRUTH_FOLDER, holds, whole_folder
from landseer.synth.styles import STYLES

TRUTH_FILE = f"{TRUTH_FOLDER}/tiles.csv"
FORMAT = 1
"""Raised whenever the same settings begin to make other files."""


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
        return summarise_tiles(out, read_truth(out / TRUTH_FILE), made=False)
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
    return summarise_tiles(out, rows, made=True)


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
    return [make_tile(job.root, config, world, spec) for spec in job.specs]
