"""Stage `select`: what is chosen on out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd

from landseer.metrics.scores import score_names
from landseer.models.outputs import make_quantity
from landseer.quantities import ClassMask
from landseer.run.context import Run
from landseer.run.model_stages import (
    make_source,
    members_of,
    specs_of,
    trainable,
    tta_candidates,
)
from landseer.samples.schema import is_missing
from landseer.select.choose import OofFolders, select
from landseer.select.value_counts import Trial
from landseer.select.values import Held, add_values, select_values


def choose(run: Run) -> None:
    """Stage `select`: choose threshold, weights and symmetries on out-of-fold predictions."""
    members = members_of(run)
    frame = trainable(run)
    frame = frame[frame["fold"].isin({member.fold for member in members})]
    seeds: Sequence[int] = run.recipe.train.member_seeds
    oof = {
        tta: {seed: run.path(f"oof/{tta}/seed{seed}") for seed in seeds}
        for tta in tta_candidates(run)
    }
    trial, held = make_trial(run, frame, oof), held_samples(frame)
    recipe = run.recipe
    mask = deciding_mask(run)
    if mask is None:
        selection = select_values(trial, held, recipe.select, seed=recipe.seed)
    else:
        quantity = trial.quantities[mask]
        exclusive = not isinstance(quantity, ClassMask) or quantity.activation == "softmax"
        selection = select(
            frame,
            oof,
            run.classes,
            recipe.select,
            seed=recipe.seed,
            exclusive=exclusive,
            n_epochs=recipe.train.n_networks,
        )
        if len(recipe.target_specs) > 1:
            selection = add_values(selection, trial, held, recipe.select, seed=recipe.seed)
    selection.write(run.path("selection.json"))


def deciding_mask(run: Run) -> str | None:
    """Return the class mask when the metric that decides is one of its scores."""
    masks = [n for n, spec in run.recipe.target_specs.items() if spec.quantity == "mask"]
    is_of_mask = run.recipe.select.metric in score_names(run.classes.names) if masks else False
    return masks[0] if is_of_mask else None


def make_trial(run: Run, frame: gpd.GeoDataFrame, oof: OofFolders) -> Trial:
    """Put together what real-valued targets are judged by."""
    specs = specs_of(run)
    return Trial(
        source=make_source(run, frame, with_images=False),
        specs=specs,
        quantities={
            name: make_quantity(spec, len(run.classes), run.recipe.model)
            for name, spec in specs.items()
        },
        class_names=run.classes.names,
        oof=oof,
    )


def held_samples(frame: gpd.GeoDataFrame) -> Held:
    """Name the samples that are judged."""
    groups = frame["group"] if "group" in frame else frame["sample"]
    return Held(
        samples=tuple(frame["sample"]),
        positions=tuple(range(len(frame))),
        folds=tuple(int(fold) for fold in frame["fold"]),
        groups=tuple(
            str(sample if is_missing(group) else group)
            for sample, group in zip(frame["sample"], groups, strict=True)
        ),
        sites=tuple("" if is_missing(site) else str(site) for site in frame["site"]),
    )
