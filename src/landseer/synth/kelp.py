"""Make a kelp data set: Landsat-like tiles of made-up coasts whose kelp is known exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from landseer.core.parallel import parallel_map
from landseer.synth.folder import (
    FOLDERS,
    TRUTH_FILE,
    FileRow,
    stamp,
    write_metadata,
    write_tile,
)
from landseer.synth.made_folder import holds, whole_folder
from landseer.synth.plan import TileSpec, make_plan
from landseer.synth.settings import KelpSynthConfig
from landseer.synth.summary import Summary, summarise
from landseer.synth.truth import TileTruth, read_truth, tile_truth, write_truth
from landseer.synth.view import render
from landseer.synth.world import build_world

__all__ = ["KelpSynthConfig", "Summary", "make_kelp"]

_VIEWS_PER_JOB = 6


@dataclass(frozen=True)
class _Job:
    """A few views of one place, made together because they share its world."""

    root: Path
    config: KelpSynthConfig
    specs: tuple[TileSpec, ...]


@dataclass(frozen=True)
class _Made:
    """What a job wrote."""

    files: tuple[FileRow, ...]
    truths: tuple[TileTruth, ...]


def make_kelp(out: Path, config: KelpSynthConfig, workers: int | None = None) -> Summary:
    """Make a kelp data set.

    Args:
        out: folder to make: `train_satellite/`, `train_kelp/`, `test_satellite/`, `metadata_*.csv`, and the side
            folder `truth/` with the clean masks of both sides and `truth.csv`.
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
    if holds(out, stamp(config)):
        return summarise(out, read_truth(out / TRUTH_FILE), config.size_px, made=False)
    files: list[FileRow] = []
    truths: list[TileTruth] = []
    with whole_folder(out, stamp(config), FOLDERS) as root:
        jobs = list(_jobs(root, config, make_plan(config)))
        for made in parallel_map(
            _make, jobs, label="make kelp tiles", workers=workers, processes=True
        ):
            files += made.files
            truths += made.truths
        truths.sort(key=lambda row: row.tile_id)
        files.sort(key=lambda row: row.filename)
        write_truth(root / TRUTH_FILE, truths)
        write_metadata(root, files, config.seed)
    return summarise(out, truths, config.size_px, made=True)


def _jobs(root: Path, config: KelpSynthConfig, plan: Sequence[TileSpec]) -> Iterator[_Job]:
    """Cut the plan, sorted by place, into jobs of one place and a few views each."""
    waiting: list[TileSpec] = []
    for spec in plan:
        if waiting and (waiting[0].place != spec.place or len(waiting) == _VIEWS_PER_JOB):
            yield _Job(root, config, tuple(waiting))
            waiting = []
        waiting.append(spec)
    if waiting:
        yield _Job(root, config, tuple(waiting))


def _make(job: _Job) -> _Made:
    """Build the place, render its views, and write them."""
    files: list[FileRow] = []
    truths: list[TileTruth] = []
    for spec in job.specs:
        world = build_world(job.config, spec.place, spec.kind)
        view = render(world, spec, job.config.size_px, job.config.seed)
        files += write_tile(job.root, spec, view, job.config.dtype)
        truths.append(tile_truth(spec, view))
    return _Made(tuple(files), tuple(truths))
