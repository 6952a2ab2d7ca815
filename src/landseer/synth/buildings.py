"""Make a buildings data set: drone mosaics of made-up towns with outlines drawn well and badly, as Open Cities'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.files import write_json
from landseer.core.parallel import parallel_map
from landseer.core.seeds import generator
from landseer.raster.write import write_raster
from landseer.synth.buildings_files import (
    bounds_of,
    burnt,
    write_metadata,
    write_mosaic,
    write_outlines,
)
from landseer.synth.buildings_plan import TEST, TIER_2, SceneSpec, make_plan
from landseer.synth.buildings_settings import BuildingsSynthConfig
from landseer.synth.buildings_stac import (
    chip_item,
    image_item,
    label_item,
    write_catalogues,
    write_test_catalogue,
)
from landseer.synth.buildings_summary import BuildingsSummary, SceneTruth, summarise
from landseer.synth.city import build_district
from landseer.synth.drone import Mosaic, make_mosaic, render_mosaic
from landseer.synth.footprints import Footprint, footprints
from landseer.synth.label_flaws import Flaw, draw_labels
from landseer.synth.made_folder import TRUTH_FOLDER, holds, whole_folder
from landseer.synth.sensor import develop
from landseer.synth.towns import AREAS
from landseer.synth.truth_table import read_rows, write_rows

SCENES_FILE = f"{TRUTH_FOLDER}/scenes.csv"
FLAWS_FILE = f"{TRUTH_FOLDER}/flaws.csv"
FORMAT = 1
"""Raised whenever the same settings begin to make other files."""

_FOLDERS = (TEST, f"{TRUTH_FOLDER}/{TEST}", f"{TRUTH_FOLDER}/footprints")


@dataclass(frozen=True)
class _Job:
    """One scene to be made."""

    root: Path
    config: BuildingsSynthConfig
    spec: SceneSpec


def make_buildings(
    out: Path, config: BuildingsSynthConfig, workers: int | None = None
) -> BuildingsSummary:
    """Make a buildings data set.

    Args:
        out: folder to make: `train_tier_1/`, `train_tier_2/`, `train_metadata.csv` and `test/` as Open Cities has them,
            and the side folder `truth/` with `scenes.csv`, `flaws.csv`, `footprints/SCENE.geojson` (all buildings in
            view, their heights and how far their roofs are displaced) and `test/CHIP.tif` (masks of 0 and 1).
        config: what to make; equal settings make equal bytes whatever the number of workers.
        workers: processes; None takes one per processor.

    Returns:
        Counts.

    Raises:
        WriteError: the folder holds something else, or cannot be written.

    Edges: a folder that already holds this very data set is left alone. Everything appears at
        once when it is complete. Footprints stand where the walls meet the ground; in the pictures roofs lean away.
    """
    out = Path(out)
    stamp = _stamp(config)
    if holds(out, stamp):
        scenes = read_rows(out / SCENES_FILE, SceneTruth)
        return summarise(out, scenes, read_rows(out / FLAWS_FILE, Flaw), made=False)
    plan = make_plan(config)
    with whole_folder(out, stamp, _FOLDERS) as root:
        jobs = [_Job(root, config, spec) for spec in plan]
        made = list(parallel_map(_make, jobs, label="make scenes", workers=workers, processes=True))
        scenes = [scene for scene, _ in made]
        flaws = [flaw for _, some in made for flaw in some]
        write_rows(root / SCENES_FILE, SceneTruth, scenes)
        write_rows(root / FLAWS_FILE, Flaw, flaws)
        _write_listings(root, plan)
    return summarise(out, scenes, flaws, made=True)


def _stamp(config: BuildingsSynthConfig) -> dict[str, Any]:
    """Return what says which data set a folder holds."""
    return {"kind": "buildings", "format": FORMAT, "config": config.model_dump(mode="json")}


def _write_listings(root: Path, plan: Sequence[SceneSpec]) -> None:
    """Write catalogues and the table."""
    train = [spec for spec in plan if spec.part != TEST]
    write_catalogues(root, [(s.part, s.area, s.name, bounds_of(s)) for s in train])
    write_test_catalogue(root, [chip for spec in plan for chip in spec.chips])
    write_metadata(root, train)


def _make(job: _Job) -> tuple[SceneTruth, list[Flaw]]:
    """Build a town, fly over it, draw its labels, write everything."""
    spec, config = job.spec, job.config
    rng = generator(config.seed, "town", spec.name)
    builder = build_district(AREAS[spec.area].style, spec.reach_m, rng)
    world = builder.world((-spec.reach_m, spec.reach_m, -spec.reach_m, spec.reach_m))
    mosaic = make_mosaic(spec.view, spec.flight, generator(config.seed, "flight", spec.name))
    image = _develop(config, spec, mosaic, render_mosaic(world, mosaic))
    seen, mask = _in_view(spec, mosaic, footprints(builder, world))
    _write_truth(job.root, spec, mosaic, seen)
    labels, flaws = 0, list[Flaw]()
    if spec.part == TEST:
        _write_chips(job, image, mask)
    else:
        labels, flaws = _write_scene(job, image, mosaic, seen)
    return _truth(spec, mosaic, mask, len(seen), labels), flaws


def _develop(
    config: BuildingsSynthConfig, spec: SceneSpec, mosaic: Mosaic, radiance: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Expose the mosaic; return red, green, blue and alpha, all 0 where nothing is covered."""
    balance = np.array(spec.balance, np.float32)[:, None, None]
    rng = generator(config.seed, "sensor", spec.name)
    image = develop(radiance * balance, spec.day, config.image_noise, rng)
    alpha = np.where(mosaic.covered, 255, 0).astype(np.uint8)
    return np.concatenate([np.where(mosaic.covered, image, 0), alpha[None]]).astype(np.uint8)


def _in_view(
    spec: SceneSpec, mosaic: Mosaic, buildings: Sequence[Footprint]
) -> tuple[list[Footprint], NDArray[np.uint8]]:
    """Return the buildings that stand in the mosaic, wholly or in part, and 1 where one stands, (h, w)."""
    number = burnt(spec, [one.outline for one in buildings])
    there = set(np.unique(number[mosaic.covered]).tolist())
    seen = [one for k, one in enumerate(buildings, 1) if k in there or _shows(mosaic, one.middle)]
    return seen, (burnt(spec, [one.outline for one in seen]) > 0).astype(np.uint8)


def _pixel(mosaic: Mosaic, place: NDArray[np.float64]) -> tuple[int, int]:
    """Return the pixel at a place (east, north), or the nearest one of the grid."""
    row, col = np.rint(mosaic.view.project([-place[1], place[0]], 0.0)).astype(int)
    rows, cols = mosaic.view.size
    return int(np.clip(row, 0, rows - 1)), int(np.clip(col, 0, cols - 1))


def _shows(mosaic: Mosaic, place: NDArray[np.float64]) -> bool:
    """Say whether the mosaic shows a place (east, north)."""
    row, col = np.rint(mosaic.view.project([-place[1], place[0]], 0.0)).astype(int)
    rows, cols = mosaic.view.size
    return bool(0 <= row < rows and 0 <= col < cols and mosaic.covered[row, col])


def _write_scene(
    job: _Job, image: NDArray[np.uint8], mosaic: Mosaic, seen: Sequence[Footprint]
) -> tuple[int, list[Flaw]]:
    """Write a training scene; return the number of its labels and their flaws."""
    spec, config = job.spec, job.config
    shares = config.flaws if spec.part == TIER_2 else None
    rng = generator(config.seed, "labels", spec.name)
    labels, flaws = draw_labels(spec.name, seen, shares, partial(_shows, mosaic), rng)
    folder, bounds = job.root / spec.part / spec.area, bounds_of(spec)
    write_mosaic(folder / spec.name / f"{spec.name}.tif", image, spec)
    item = image_item(spec.name, spec.area, bounds, spec.date)
    write_json(folder / spec.name / f"{spec.name}.json", item)
    beside = folder / f"{spec.name}-labels"
    write_outlines(beside / f"{spec.name}.geojson", spec, labels)
    item = label_item(spec.name, spec.area, bounds, spec.date, len(labels))
    write_json(beside / f"{spec.name}-labels.json", item)
    return len(labels), flaws


def _write_chips(job: _Job, image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
    """Cut a test scene into chips and their hidden masks."""
    spec, side = job.spec, job.config.chip_px
    for number, chip in enumerate(spec.chips):
        row, col = (side * part for part in divmod(number, spec.size[1] // side))
        window = np.s_[row : row + side, col : col + side]
        folder = job.root / TEST / chip
        write_mosaic(folder / f"{chip}.tif", image[:, *window], spec, row, col)
        item = chip_item(chip, bounds_of(spec, row, col, (side, side)), spec.date)
        write_json(folder / f"{chip}.json", item)
        place = spec.transform(row, col)
        path = job.root / TRUTH_FOLDER / TEST / f"{chip}.tif"
        write_raster(path, mask[window], crs=spec.crs, transform=place)


def _write_truth(root: Path, spec: SceneSpec, mosaic: Mosaic, seen: Sequence[Footprint]) -> None:
    """Write all footprints with height and displacement of the roof in pixels."""
    rows = []
    for number, one in enumerate(seen):
        view = mosaic.views[int(mosaic.part[_pixel(mosaic, one.middle)])]
        foot = [-one.middle[1], one.middle[0]]
        moved = view.project(foot, one.height_m) - mosaic.view.project(foot, 0.0)
        rows.append(
            {
                "building": number,
                "height_m": one.height_m,
                "roof_down_px": round(float(moved[0]), 3),
                "roof_right_px": round(float(moved[1]), 3),
            }
        )
    path = root / TRUTH_FOLDER / "footprints" / f"{spec.name}.geojson"
    write_outlines(path, spec, [one.outline for one in seen], rows)


def _truth(
    spec: SceneSpec, mosaic: Mosaic, mask: NDArray[np.uint8], buildings: int, labels: int
) -> SceneTruth:
    """Gather the row of a scene."""
    lean = spec.flight.lean
    return SceneTruth(
        name=spec.name,
        part=spec.part,
        area=spec.area,
        rows=spec.size[0],
        cols=spec.size[1],
        gsd_m=spec.gsd_m,
        lean_south=round(lean[0], 5),
        lean_east=round(lean[1], 5),
        sun_azimuth_deg=round(spec.day.sun_azimuth_deg, 4),
        sun_elevation_deg=round(spec.day.sun_elevation_deg, 4),
        valid_share=round(float(mosaic.covered.mean()), 6),
        built_share=round(float(mask[mosaic.covered].mean()), 6),
        n_buildings=buildings,
        n_labels=labels,
        chips=len(spec.chips),
    )
