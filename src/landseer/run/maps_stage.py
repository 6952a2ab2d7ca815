"""Stage `maps`: whole scenes as seen by members that never saw them, and what those maps score."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from landseer.core.address import split_address
from landseer.core.classes import IGNORE
from landseer.core.files import (
    clear_leftovers,
    hash_value,
    json_number,
    read_json,
    write_json,
    write_text,
)
from landseer.core.window import Window
from landseer.metrics.map_counts import MapRules
from landseer.metrics.map_scores import ALL, MapScores
from landseer.models.store import load_member
from landseer.predict.ensemble import Ensemble, Voting
from landseer.predict.inputs import Job
from landseer.predict.options import PredictOptions
from landseer.predict.spec import ModelSpec
from landseer.predict.tiles import predict_jobs, voices_of
from landseer.raster.cog import CogWriter
from landseer.raster.read import RasterInfo, read_info
from landseer.report.judged import How, how_judged, judge_held_out, weight_in
from landseer.run.choose_stage import deciding_mask
from landseer.run.context import Run
from landseer.run.deliver import spec_of
from landseer.run.model_stages import (
    Member,
    epochs_of,
    make_model,
    members_of,
    precision_of,
    trainable,
)
from landseer.run.seams import window_options
from landseer.samples.schema import is_missing
from landseer.select.selection import Selection, read_selection
from landseer.select.sets import parse_set
from landseer.submit.score_maps import score_maps

SCORES, TABLE = "maps/scores.json", "maps/scores.csv"
_KEY = "maps/key.json"
_FURTHER_SCALE = r"_x[0-9.]+$"
"""Names of scenes that are others again at another scale; maps are made at the first."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene of which windows are held out.

    Attributes:
        name: of the scene.
        image: its raster, whole.
        label: its label raster, whole, on the same pixels; None where it has none.
        rows: of the sample table that lie in it and were held out by a fold that was trained.
        is_apart: whether one fold holds all of its windows out.
    """

    name: str
    image: Path
    label: Path | None
    rows: gpd.GeoDataFrame
    is_apart: bool

    @property
    def folds(self) -> list[int]:
        """The folds that hold its windows out."""
        return sorted({int(fold) for fold in self.rows["fold"]})

    def is_judged_alike(self, selection: Selection) -> bool:
        """Whether all of its windows were judged in the same way."""
        rows = zip(self.rows["sample"], self.rows["fold"], strict=True)
        judges = [selection.judge_of(str(sample), int(fold)) for sample, fold in rows]
        return all(one == judges[0] for one in judges)


def write_maps(run: Run) -> None:
    """Stage `maps`: map every held-out scene, and score the maps.

    A scene that one fold holds out whole is mapped by the engine as any scene is, with the members, symmetries and
    threshold by which that fold was judged. The windows of a scene that several folds share, trained or not, are put
    side by side.
    Data without scenes, or without a class mask that decides, leave an empty score.
    """
    scenes = scenes_of(run)
    selection = read_selection(run.path("selection.json"))
    _start_fresh_if_changed(run, scenes, selection)
    for scene in scenes:
        if scene.is_apart and scene.is_judged_alike(selection):
            _map_whole(run, scene, selection)
        else:
            _map_windows(run, scene, selection)
    pairs = [
        (scene.name, map_path(run, scene.name), scene.label)
        for scene in scenes
        if scene.label is not None
    ]
    if not pairs:
        write_json(run.path(SCORES), {})
        write_text(run.path(TABLE), "scene\n")
        return
    scored = score_maps(pairs, rules=_rules(run), classes=run.classes)
    write_json(run.path(SCORES), _figures(run, scored))
    write_text(run.path(TABLE), scored.csv())


def _rules(run: Run) -> MapRules:
    """Say what is counted besides pixels."""
    config = run.recipe.maps
    return MapRules(
        tolerance_px=config.tolerance_px,
        object_classes=tuple(run.classes.names.index(name) for name in config.objects),
        min_area_px=config.min_object_px,
    )


def _figures(run: Run, scored: MapScores) -> dict[str, Any]:
    """Put the scores into the form that the report shows: by class with intervals, by thing, by scene."""
    pooled, config = scored.pooled(), run.recipe.maps
    level, resamples = run.recipe.select.level, run.recipe.select.resamples
    ends = scored.intervals(n=resamples, level=level, seed=run.recipe.seed)

    def part(name: str) -> dict[str, float | None]:
        low, high = ends[name]
        return {
            "value": json_number(pooled[name]),
            "low": json_number(low),
            "high": json_number(high),
        }

    kinds = {"iou": "iou", "f1": "dice", "boundary_f1": "boundary_f1"}
    by_scene = scored.by_scene()
    counted = {row["class"]: row for row in scored.rows() if row["scene"] == ALL}
    return {
        "tolerance_px": config.tolerance_px,
        "level": level,
        "miou": part("iou_macro"),
        "miou_foreground": part("iou_foreground"),
        "classes": {
            name: {
                kind: part(f"{score}_{name}")
                for kind, score in kinds.items()
                if f"{score}_{name}" in pooled
            }
            for name in scored.class_names
        },
        "objects": {
            name: {
                "f1": part(f"objects_f1_{name}"),
                "found": counted[name]["tp"],
                "missed": counted[name]["fn"],
                "false": counted[name]["fp"],
            }
            for name in config.objects
        },
        "scenes": {
            scene: {
                kind: json_number(float(by_scene[score][place]))
                for kind, score in _OF_SCENE.items()
                if score in by_scene
            }
            | {
                f"objects_f1_{name}": json_number(float(by_scene[f"objects_f1_{name}"][place]))
                for name in config.objects
            }
            for place, scene in enumerate(scored.scenes)
        },
    }


_OF_SCENE = {"miou": "iou_macro", "boundary_f1": "boundary_f1_macro", "accuracy": "accuracy"}


def map_path(run: Run, scene: str) -> Path:
    """Return where a scene's map lies."""
    return run.path(f"maps/{scene}.tif")


def scenes_of(run: Run) -> list[Scene]:
    """List the scenes of which folds hold windows out; none where no class mask decides."""
    return list(_scenes(run))


def _scenes(run: Run) -> Iterator[Scene]:
    """Yield the scenes that windows of the table lie in, in the order of their names."""
    frame = trainable(run)
    if deciding_mask(run) is None or "scene" not in frame.columns:
        return
    trained = {member.fold for member in members_of(run)}
    frame = frame[frame["scene"].notna()]
    frame = frame[~frame["scene"].astype(str).str.contains(_FURTHER_SCALE)]
    for name, every in frame.groupby("scene", sort=True):
        rows = every[every["fold"].isin(trained)]
        if not len(rows):
            continue
        image, label = rows["image"].iloc[0], rows["label"].iloc[0]
        whole = None if is_missing(label) else split_address(Path(label))[0]
        is_apart = every["fold"].nunique() == 1
        yield Scene(str(name), split_address(Path(image))[0], whole, rows, is_apart)


def _start_fresh_if_changed(run: Run, scenes: list[Scene], selection: Selection) -> None:
    """Forget maps that were made of something else."""
    members = [read_json(run.path(f"folds/{m.name}/done.json")) for m in members_of(run)]
    rows = [scene.rows[["sample", "image", "label", "fold"]].to_json() for scene in scenes]
    settings = _options(run).model_dump(mode="json")
    key = hash_value([rows, members, settings, selection.model_dump(mode="json")])
    mark = run.path(_KEY)
    if not (mark.exists() and read_json(mark)["key"] == key):
        shutil.rmtree(run.path("maps"), ignore_errors=True)
        write_json(mark, {"key": key})


def _map_whole(run: Run, scene: Scene, selection: Selection) -> None:
    """Map a scene by the members that never saw it."""
    (fold,) = scene.folds
    members = [member for member in members_of(run) if member.fold == fold]
    spec = spec_of(run, selection)
    how = how_judged(selection, str(scene.rows["sample"].iloc[0]), fold)
    ensemble = _ensemble(run, members, selection, how, spec)
    jobs = [Job(scene.image, map_path(run, scene.name))]
    predict_jobs(ensemble, spec, jobs, run.path("maps"), _options(run))


def _options(run: Run) -> PredictOptions:
    """Say how scenes are cut for the networks, and that they are read as training reads them."""
    train = run.recipe.train
    batch = train.eval_batch_size or train.batch_size
    update = {"legend": True, "batch": batch, "heeds_declared": False}
    return window_options(run).model_copy(update=update)


def _ensemble(
    run: Run, members: list[Member], selection: Selection, how: How, spec: ModelSpec
) -> Ensemble:
    """Put together the members of one fold, as its samples were judged."""
    fold = members[0].fold
    sources = [
        source
        for member in members
        for share in [weight_in(how, selection, fold, member.seed) or 1.0]
        for source in epochs_of(run, member, how.mix, how.tta, share)
    ]
    models = [load_member(one.path, make_model(run, 0, pretrained=False)).eval() for one in sources]
    views = parse_set(how.tta).views
    voting = Voting(
        weights=tuple(one.weight for one in sources),
        tta=views,
        hard=spec.vote == "hard",
        threshold=how.rule.threshold,
        member_threshold=how.member_threshold,
        class_factors=how.rule.factors,
        class_thresholds=how.rule.thresholds,
        member_tta=tuple(one.tta or views for one in sources) if how.mix else (),
        voices=voices_of(sources),
    )
    return Ensemble(models, models[0].quantities, voting, precision=precision_of(run))


def _map_windows(run: Run, scene: Scene, selection: Selection) -> None:
    """Put the windows of a scene side by side, each decided as its fold was judged."""
    path, info = map_path(run, scene.name), read_info(scene.image)
    if path.exists():
        return
    clear_leftovers([path])
    decided = np.full((info.height, info.width), IGNORE, np.uint8)
    oof = run.path(f"oof/{selection.tta}/seed{members_of(run)[0].seed}")
    for row in scene.rows.to_dict("records"):
        window = split_address(Path(row["image"]))[1] or Window(0, 0, info.height, info.width)
        _, decision = judge_held_out(selection, oof, row["sample"], int(row["fold"]))
        decided[window.slices] = decision
    _write(path, decided, info, run)


def _write(path: Path, decided: np.ndarray, info: RasterInfo, run: Run) -> None:
    """Write a class map with names and colours."""
    with CogWriter(
        path,
        width=info.width,
        height=info.height,
        count=1,
        dtype="uint8",
        crs=info.crs,
        transform=info.transform,
        nodata=IGNORE,
        descriptions=("class",),
        colour_table=dict(enumerate(run.classes.colours)) or None,
        category_names=dict(enumerate(run.classes.names)),
    ) as writer:
        writer.write(0, decided[None])
