"""Stage `model`: write the folder that predicts by itself, from what was trained and chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landseer.core.files import read_json
from landseer.models.model import Model
from landseer.models.store import load_member
from landseer.predict.model_folder import save_model_folder
from landseer.predict.reach import measure_reach
from landseer.predict.spec import ModelSpec, Naming
from landseer.predict.stac_model import write_model_item
from landseer.raster.read import has_alpha, read_info
from landseer.run.calibrate_stage import CALIBRATION
from landseer.run.context import Run
from landseer.run.model_stages import (
    epochs_of,
    make_model,
    members_of,
    precision_of,
    specs_of,
    trainable,
    weights_of,
)
from landseer.run.seams import measured_seams
from landseer.select.calibration_result import read_calibration
from landseer.select.selection import Selection, read_selection

_PICTURE_PX = 512
"""Side of the pictures in which the reach of networks is measured, px of theirs."""


def write_model(run: Run) -> None:
    """Stage `model`: write the folder that predicts by itself."""
    selection = read_selection(run.path("selection.json"))
    spec = spec_of(run, selection)
    sources = [
        source
        for member in members_of(run)
        for share in [selection.weight_of(member.fold, member.seed)]
        for source in epochs_of(run, member, selection.mix, selection.tta, share)
    ]
    member = members_of(run)[0]
    network = load_member(weights_of(run, member)[0], make_model(run, 0, pretrained=False)).eval()
    found = {
        "reach_px": measured_reach(network),
        "calibrator": read_calibration(run.path(CALIBRATION)).calibrator,
    }
    spec = spec.model_copy(update=found)
    notes = measured_seams(run, spec, member, network)
    spec = spec.model_copy(update={"notes": {**spec.notes, **notes}})
    save_model_folder(run.path("model"), spec, sources)
    write_model_item(
        run.path("model"), recipe=run.path("recipe.yaml"), weights=run.recipe.model.weights
    )


def gsd_of(run: Run) -> float | None:
    """Return the ground sample distance at which the recipe reads its scenes, m; None where each has its own."""
    return getattr(getattr(run.recipe.data, "windows", None), "gsd_m", None)


def measured_reach(network: Model) -> int | None:
    """Return how far a network sees, px; None where there is no end to it.

    Edges: at a scale above 1 the picture is smaller, for the network sees it larger.
    """
    cell_px = network.cell_px
    size_px = max(1, round(_PICTURE_PX / max(1.0, network.scale) / cell_px)) * cell_px
    reach = measure_reach(network, len(network.preprocess.channels), size_px)
    return reach.bound_px if reach.bound_px is not None else reach.effective_px


def spec_of(run: Run, selection: Selection) -> ModelSpec:
    """Say what the model folder says of everything but the members."""
    return ModelSpec(
        name=run.recipe.name,
        bands=run.bands,
        file_bands=n_bands_of(run),
        targets=specs_of(run),
        classes=run.classes,
        inputs=run.recipe.inputs,
        model=run.recipe.model.model_copy(update={"weights": "none"}),
        statistics=read_json(run.path("statistics.json")),
        tta=selection.views,
        vote=selection.vote,
        precision=precision_of(run),
        threshold=selection.threshold,
        member_threshold=selection.member_threshold,
        class_factors=selection.class_factors,
        class_thresholds=selection.class_thresholds,
        naming=naming_of(run),
        gsd_m=gsd_of(run),
        scores=score_notes(selection),
    )


def n_bands_of(run: Run) -> int:
    """Return how many bands a training image has; an alpha band behind them is a mask, and no band.

    Edges: one that the recipe names as a band is one.
    """
    path = Path(trainable(run)["image"].iloc[0])
    count = read_info(path).count
    is_named = count in {band.index for band in run.bands}
    return count - (count > 1 and not is_named and has_alpha(path))


def score_notes(selection: Any) -> dict[str, Any]:
    """Return the honest score, as the model folder keeps it."""
    crossfit = selection.crossfit
    return {
        "metric": selection.metric,
        "value": crossfit.value,
        "low": crossfit.low,
        "high": crossfit.high,
        "level": crossfit.level,
        "counts": crossfit.counts,
    }


def naming_of(run: Run) -> Naming | None:
    """Return how the data set's own predictions are named, where it says so."""
    if run.recipe.data.adapter == "kelp":
        return Naming(strip="_satellite", pattern="{id}_kelp.tif")
    if run.recipe.data.adapter == "geopose":
        heights = [n for n, s in run.recipe.target_specs.items() if s.quantity == "height"]
        maps = {name: "{id}_AGL.tif" for name in heights[:1]}
        return Naming(strip="_RGB", values=maps, numbers="{id}_VFLOW.json")
    return None
