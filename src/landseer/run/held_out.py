"""The samples that a run held out, with their references and all its out-of-fold predictions."""

from __future__ import annotations

import geopandas as gpd

from landseer.run.choose_stage import held_samples, make_trial
from landseer.run.context import Run
from landseer.run.model_stages import members_of, trainable, tta_candidates
from landseer.samples.schema import is_missing
from landseer.select.value_counts import Trial
from landseer.select.values import Held


def held_out_trial(run: Run) -> tuple[Trial, Held]:
    """Return what real-valued targets are judged by, and the samples of the folds that were held out.

    Args:
        run: its stage `oof` is done.
    """
    frame = trainable(run)
    frame = frame[frame["fold"].isin({member.fold for member in members_of(run)})]
    oof = {
        tta: {seed: run.path(f"oof/{tta}/seed{seed}") for seed in run.recipe.train.member_seeds}
        for tta in tta_candidates(run)
    }
    return make_trial(run, frame, oof), held_samples(frame)


def reference_paths(run: Run, frame: gpd.GeoDataFrame) -> dict[str, dict[str, str]]:
    """Return where the references of targets lie: sample -> target -> path; numbers have none.

    Args:
        run: the run.
        frame: the sample table by sample.
    """
    columns = {one.name: one.column for one in run.references if one.kind == "raster"}
    targets = {
        name: columns[reference]
        for name, spec in run.recipe.target_specs.items()
        if (reference := spec.reference_name(name)) in columns
    }
    return {
        str(sample): {
            name: str(row[column])
            for name, column in targets.items()
            if not is_missing(row[column])
        }
        for sample, row in frame.iterrows()
    }
