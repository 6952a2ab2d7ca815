"""What teaches each target of a run: its losses, with class weights counted on the samples that train."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from landseer.audit.quality import column_name
from landseer.losses.class_weights import with_class_weights
from landseer.models.targets import MASK
from landseer.run.context import Run
from landseer.train.objective import TargetLosses


def losses_of(run: Run) -> dict[str, TargetLosses]:
    """Return the losses of each target; a mask that names none takes the recipe's `loss`."""
    if not run.recipe.targets:
        return {MASK: TargetLosses(run.recipe.loss)}
    return {
        name: TargetLosses(
            run.recipe.loss if target.quantity == "mask" and not target.loss else target.loss,
            target.weight,
        )
        for name, target in run.recipe.targets.items()
    }


def weighed_losses(run: Run, trained: gpd.GeoDataFrame) -> dict[str, TargetLosses]:
    """Return the losses of each target, with numbers where those of the mask name a rule for class weights.

    Args:
        run: the run.
        trained: rows of the sample table that train; held-out samples must not say how rare a class is.

    Raises:
        DataError: a rule is named, and no pixel of these samples has a class.
    """
    counts_nc = class_pixels(run, trained)
    specs = run.recipe.target_specs
    return {
        name: replace(one, losses=with_class_weights(one.losses, counts_nc))
        if specs[name].quantity == "mask"
        else one
        for name, one in losses_of(run).items()
    }


def class_pixels(run: Run, frame: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return the pixels of each class in each sample, (samples, classes), as the audit counted them.

    Edges: NaN where a sample has no label.
    """
    columns = [f"class_{column_name(name)}_pixels" for name in run.classes.names]
    return pd.DataFrame(frame).reindex(columns=columns).to_numpy(np.float64)
