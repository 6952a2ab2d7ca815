"""What networks see of an image in a view, and what they say of it brought back to the image."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from landseer.quantities import Motion, Quantity, d4
from landseer.quantities.d4 import inverse
from landseer.quantities.views import View


def look(x_bchw: Tensor, view: View) -> tuple[Tensor, Motion]:
    """Return what a view shows of channels, and the motion from the image to it.

    Edges: a zoomed side is rounded to whole pixels; the motion has the zoom of the areas.
    """
    turned = d4.apply(view.element, x_bchw)
    motion = Motion.element(view.element, len(x_bchw), x_bchw.device)
    if view.zoom == 1.0:
        return turned, motion
    height, width = turned.shape[-2:]
    size = (max(1, round(height * view.zoom)), max(1, round(width * view.zoom)))
    zoomed = functional.interpolate(
        turned, size, mode="bilinear", antialias=view.zoom < 1, align_corners=False
    )
    zoom = (size[0] * size[1] / (height * width)) ** 0.5
    return zoomed, motion.then(Motion.zoomed(zoom, len(x_bchw), x_bchw.device))


def unlook(
    quantity: Quantity, values: Tensor, view: View, motion: Motion, x_bchw: Tensor
) -> Tensor:
    """Bring values that were predicted in a view back to the image.

    Args:
        quantity: what they are.
        values: of the view.
        view, motion: as `look` took and gave them.
        x_bchw: the image, for its size.
    """
    if view.zoom == 1.0:
        return quantity.transform(values, inverse(view.element))
    if quantity.extent == "image":
        return quantity.moved(values, motion.inverse)
    height, width = x_bchw.shape[-2:]
    size = (width, height) if d4.swaps_axes(view.element) else (height, width)
    resized = functional.interpolate(values, size, mode="bilinear", align_corners=False)
    return d4.apply(inverse(view.element), quantity.moved(resized, motion.inverse))
