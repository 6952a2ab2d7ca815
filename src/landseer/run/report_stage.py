"""Stage `report`: gather what the run left behind and write the page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from landseer.audit.pairs import read_pairs
from landseer.core.files import read_json
from landseer.predict.model_folder import SPEC_FILE, read_spec
from landseer.report.build import build_report
from landseer.report.measured import Measured, measure_values
from landseer.report.outcome import Outcome, SceneMap
from landseer.run.calibrate_stage import CALIBRATION
from landseer.run.choose_stage import deciding_mask
from landseer.run.context import Run
from landseer.run.held_out import held_out_trial
from landseer.run.maps_stage import SCORES, Scene, map_path, scenes_of
from landseer.run.model_stages import members_of, monitor_of
from landseer.run.seams import SEAMS
from landseer.samples.schema import is_missing
from landseer.samples.table import read_samples
from landseer.select.calibration_result import read_calibration
from landseer.select.selection import Selection, read_selection
from landseer.select.suspects import read_suspects
from landseer.track.history import read_history


def write_report(run: Run) -> None:
    """Gather and write."""
    selection = read_selection(run.path("selection.json"))
    members = members_of(run)
    outcome = Outcome(
        name=run.recipe.name,
        recipe=run.path("recipe.yaml").read_text(encoding="utf-8"),
        config=run.recipe.report,
        samples=read_samples(run.path("samples.parquet")),
        bands=run.bands,
        classes=run.classes,
        listed=_findings(run),
        proof=read_json(run.path("audit/proof.json")),
        pairs=read_pairs(run.path("audit/pairs.csv")),
        statistics=read_json(run.path("statistics.json")),
        members=read_json(run.path("folds/members.json")),
        histories={
            member.name: read_history(run.path(f"folds/{member.name}/metrics.csv"))
            for member in members
        },
        selection=selection,
        oof=run.path(f"oof/{selection.tta}/seed{members[0].seed}"),
        monitor=monitor_of(run),
        seconds=_seconds(run),
        suspects=read_suspects(run.folder),
        suspect_pictures=run.recipe.suspects.pictures,
        references=run.references,
        values=_values(run, selection),
        maps=[_scene_map(run, scene) for scene in scenes_of(run)],
        map_scores=_map_scores(run),
        calibration=read_calibration(run.path(CALIBRATION)),
        seams=_seams(run),
    )
    build_report(outcome, run.path("report/index.html"))


def _map_scores(run: Run) -> dict[str, Any]:
    """Read what the maps of scenes score; nothing where none were made."""
    path = run.path(SCORES)
    return dict(read_json(path)) if path.exists() else {}


def _seams(run: Run) -> dict[str, Any]:
    """Read what windows change, from the notes of the model folder; nothing where it does not say so."""
    path = run.path("model") / SPEC_FILE
    return dict(read_spec(path.parent).notes.get(SEAMS, {})) if path.exists() else {}


def _scene_map(run: Run, scene: Scene) -> SceneMap:
    """Describe a scene's map to the report."""
    gsd = scene.rows["gsd_m"].iloc[0]
    return SceneMap(
        name=scene.name,
        image=scene.image,
        label=scene.label,
        map=map_path(run, scene.name),
        gsd_m=None if is_missing(gsd) else float(gsd),
        folds=tuple(scene.folds),
    )


def _values(run: Run, selection: Selection) -> Measured | None:
    """Measure the real-valued targets; None where a class mask is the only target."""
    if all(spec.quantity == "mask" for spec in run.recipe.target_specs.values()):
        return None
    trial, held = held_out_trial(run)
    return measure_values(trial, held, selection, decides=deciding_mask(run) is None)


def _findings(run: Run) -> pd.DataFrame:
    """Read what listing and audit found."""
    names = ("audit/listing.csv", "audit/findings.csv")
    frames = [pd.read_csv(run.path(name), dtype=str, keep_default_na=False) for name in names]
    return pd.concat(frames, ignore_index=True)


def _seconds(run: Run) -> dict[str, float]:
    """Read how long each stage took when it last ran."""
    stamps = sorted(run.path(".stages").glob("[!.]*.json"), key=lambda p: p.stat().st_mtime)
    return {stamp.stem: float(read_json(stamp)["seconds"]) for stamp in stamps}
