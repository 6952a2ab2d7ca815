"""Typical values: the unit in which a network learns each target, read off the references of the training samples."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from landseer.core.references import Reference
from landseer.models.heads_config import FittedScale
from landseer.models.targets import TargetSpec
from landseer.run.context import Run

_SCALED = frozenset({"height", "magnitude", "dense_value", "image_value", "flow_scale", "gsd"})


def with_typical(run: Run, frame: gpd.GeoDataFrame) -> dict[str, TargetSpec]:
    """Return the recipe's targets, each real-valued one with its typical value.

    Args:
        run: the run.
        frame: the training samples, with the audit's figures of references.

    Edges: a target that names its typical value keeps it; a fitted scale, and a reference whose mean is not known or
        not above 0, get 1.
    """
    specs = run.recipe.target_specs
    levels = {one.name: _level(one, frame) for one in run.references}
    levels["gsd"] = _mean(frame["gsd_m"].to_numpy(float))
    found: dict[str, TargetSpec] = {}
    for name, spec in specs.items():
        if spec.quantity not in _SCALED or spec.typical is not None:
            found[name] = spec
            continue
        level = 1.0 if isinstance(spec.head, FittedScale) else _of(name, spec, specs, levels)
        found[name] = spec.model_copy(update={"typical": level})
    return found


def _of(
    name: str, spec: TargetSpec, specs: dict[str, TargetSpec], levels: dict[str, float]
) -> float:
    """Return the level of a target: that of its reference, or the product of those that it follows from."""
    sources = [(name, spec)] if not spec.of else [(other, specs[other]) for other in spec.of]
    level = 1.0
    for target, source in sources:
        level *= levels.get(source.reference_name(target) or "", 1.0)
    return float(f"{level:.3g}") if np.isfinite(level) and level > 1e-6 else 1.0


def _level(reference: Reference, frame: gpd.GeoDataFrame) -> float:
    """Return the mean of a reference over samples."""
    is_raster = reference.kind == "raster"
    column = reference.figure_column("mean") if is_raster else reference.column
    return _mean(frame[column].to_numpy(float)) if column in frame.columns else 1.0


def _mean(values: np.ndarray) -> float:
    """Average what is known; 1 where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else 1.0
