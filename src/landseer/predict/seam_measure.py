"""What windows change in the middle of an image, measured on as little of it as has four of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from landseer.core.bands import Band
from landseer.core.window import Window
from landseer.predict.ensemble import Ensemble
from landseer.predict.missing import read_measured
from landseer.predict.plan import Plan
from landseer.predict.seams import SeamFigure, seam_figure
from landseer.raster.read import RasterInfo


def seams_in_the_middle(
    ensemble: Ensemble,
    info: RasterInfo,
    bands: Sequence[Band],
    plan: Plan,
    *,
    stride_px: int,
    gsd_m: float = math.nan,
) -> SeamFigure:
    """Predict the middle of an image in four windows, and compare it with the same in one piece.

    Args:
        ensemble: on its device.
        info: the header of the image, larger than a window.
        bands: that the networks take, in their order.
        plan: of the image.
        stride_px: of the networks, in pixels of the image.
        gsd_m: ground sample distance, NaN where not known.

    Raises:
        FileReadError: the image cannot be read.
    """
    height, width = (
        min(side, size + max(stride_px, (size - plan.overlap_px) // stride_px * stride_px))
        for side, size in zip(plan.shape, plan.size, strict=True)
    )
    middle = Window((info.height - height) // 2, (info.width - width) // 2, height, width)
    image = read_measured(info.path, bands, middle)
    x_bchw = torch.from_numpy(image.astype(np.float32, copy=False))[None]
    return seam_figure(
        ensemble,
        x_bchw.to(ensemble.device),
        window_px=max(plan.size),
        overlap_px=plan.overlap_px,
        border_px=plan.border_px,
        gsd_m=torch.tensor([gsd_m], device=ensemble.device),
        stride_px=stride_px,
    )
