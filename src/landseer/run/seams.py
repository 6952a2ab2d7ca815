"""What cutting scenes into windows changes: measured once, when the model folder is written."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from landseer.core.address import split_address
from landseer.models.decoders import stride_px
from landseer.models.model import Model
from landseer.predict.ensemble import Ensemble
from landseer.predict.options import PredictOptions
from landseer.predict.plan import plan_scene
from landseer.predict.seam_measure import seams_in_the_middle
from landseer.predict.spec import ModelSpec
from landseer.raster.read import RasterInfo, read_info
from landseer.run.context import Run
from landseer.run.model_stages import Member, precision_of, trainable

SEAMS = "seams"
"""By this name the figure stands among the notes of a model folder."""

_MOST_LOOKED_AT = 64


def window_options(run: Run) -> PredictOptions:
    """Say in which windows the networks of a run see scenes."""
    maps, slices = run.recipe.maps, run.recipe.model.slices
    window_px, overlap_px = maps.windows(slices)
    is_sliced = slices is not None and maps.window_px is None
    return PredictOptions(window_px=None if is_sliced else window_px, overlap_px=overlap_px)


def measured_seams(run: Run, spec: ModelSpec, member: Member, network: Model) -> dict[str, Any]:
    """Measure what windows change in the largest image that a member never saw.

    Args:
        run: the run.
        spec: of its model folder, with the reach of the networks.
        member: whose fold is looked at.
        network: that member.

    Returns:
        For the notes of the model folder: the figure, the windows, the image and the member; nothing where all images
        go in one piece.

    Edges: of at most four windows, by one network without flips or turns, so that it takes seconds. Of many images 64,
        evenly spread over the table, are compared by size.
    """
    frame = trainable(run)
    info, gsd_m = _largest(frame[frame["fold"] == member.fold])
    plan = plan_scene((info.height, info.width), window_options(run), spec)
    if len(plan.windows) == 1:
        return {}
    ensemble = Ensemble([network], network.quantities, precision=precision_of(run))
    with torch.inference_mode():
        figure = seams_in_the_middle(
            ensemble, info, spec.read_bands, plan, stride_px=stride_px(spec.model), gsd_m=gsd_m
        )
    return {
        SEAMS: {
            **asdict(figure),
            "window_px": max(plan.size),
            "overlap_px": plan.overlap_px,
            "border_px": plan.border_px,
            "image": info.path.name,
            "member": member.name,
        }
    }


def _largest(frame: Any) -> tuple[RasterInfo, float]:
    """Return the largest whole image of some samples, and its ground sample distance."""
    wholes = {
        split_address(Path(image))[0]: float(gsd_m)
        for image, gsd_m in zip(frame["image"], frame["gsd_m"], strict=True)
    }
    paths = list(wholes)
    some = np.linspace(0, len(paths) - 1, min(len(paths), _MOST_LOOKED_AT)).round().astype(int)
    infos = [read_info(paths[place]) for place in some]
    info = max(infos, key=lambda one: one.height * one.width)
    return info, wholes[info.path]
