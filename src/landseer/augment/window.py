"""One sample's view of its input: copied where pixels fall on pixels, else read between them.

Legend of shapes: c bands, h and w of the input, y and x of the output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from landseer.augment.affine import Geometry, places, reflect, trimmed
from landseer.augment.looks import Border, Looks, look
from landseer.augment.resample import bilinear, nearest
from landseer.quantities.d4 import apply
from landseer.quantities.quantity import Quantity

_WORTH_TRIMMING = 0.7
"""Share of the input up to which what is seen of it is cut out first."""


@dataclass(frozen=True, slots=True)
class Window:
    """One sample's view of its input: copied where pixels fall on pixels, else looked up.

    Attributes:
        geometry: what is done.
        size: height and width of the output.
        border: what lies beyond the input.
        part: rows and columns of the input that are looked at.
        looks: where in them output pixels look; None where they are copied.
    """

    geometry: Geometry
    size: tuple[int, int]
    border: Border
    part: tuple[slice, slice]
    looks: Looks | None

    @classmethod
    def of(
        cls, geometry: Geometry, size: tuple[int, int], border: Border, x_bchw: Tensor
    ) -> Window:
        """Prepare a sample's view, of no more of the input than is seen."""
        source, whole = (x_bchw.shape[2], x_bchw.shape[3]), (slice(None), slice(None))
        if geometry.is_exact:
            return cls(geometry, size, border, whole, None)
        near, rows, cols = trimmed(geometry, size, source)
        seen = (rows.stop - rows.start, cols.stop - cols.start)
        if border == "reflect" or seen[0] * seen[1] > _WORTH_TRIMMING * source[0] * source[1]:
            near, seen, rows, cols = geometry, source, *whole
        looks = look(*places(near, *size, x_bchw.device), *seen, border)
        return cls(geometry, size, border, (rows, cols), looks)

    def read_image(self, x_chw: Tensor, out_cyx: Tensor, flags: Sequence[int] = ()) -> None:
        """Write what is seen of measurements, and of flags from the nearest pixel."""
        if self.looks is None:
            out_cyx[:] = copied(x_chw, self.geometry, self.size, self.border, torch.nan)
            return
        seen_chw = x_chw[:, *self.part]
        bands = [band for band in range(len(x_chw)) if band not in flags]
        if bands:
            bilinear(seen_chw, self.looks, out_cyx, bands)
        if flags:
            out_cyx[list(flags)] = nearest(seen_chw[list(flags)], self.looks, torch.nan)

    def read_target(self, target: Tensor, out: Tensor, quantity: Quantity) -> None:
        """Write what is seen of a dense target, (h, w) or (n, h, w), the way its quantity wants."""
        if self.looks is None:
            out[:] = copied(target, self.geometry, self.size, self.border, quantity.fill)
            return
        planes = target.reshape(-1, *target.shape[-2:])[:, *self.part]
        seen = out.view(-1, *self.size)
        if quantity.resampling == "nearest":
            seen[:] = nearest(planes, self.looks, quantity.fill)
        else:
            bilinear(planes, self.looks, seen)


def copied(
    x: Tensor, geometry: Geometry, size: tuple[int, int], border: Border, fill: float
) -> Tensor:
    """Cut the source window out of (…, h, w) and turn or mirror it: no value is computed.

    Args:
        x: any dtype.
        geometry: its angle, zoom and skew are not looked at.
        size: height and width of the window.
        border: beyond the input: `fill` (`ignore`), or the mirrored input (`reflect`).
        fill: value beyond the input.
    """
    height, width = x.shape[-2:]
    row, col = int(geometry.row), int(geometry.col)
    if row >= 0 and col >= 0 and row + size[0] <= height and col + size[1] <= width:
        return apply(geometry.element, x[..., row : row + size[0], col : col + size[1]])
    rows = torch.arange(row, row + size[0], device=x.device)
    cols = torch.arange(col, col + size[1], device=x.device)
    if border == "reflect":
        rows, cols = reflect(rows, height), reflect(cols, width)
    outside = ((rows < 0) | (rows >= height))[:, None] | ((cols < 0) | (cols >= width))
    window = x[..., rows.clamp(0, height - 1)[:, None], cols.clamp(0, width - 1)]
    return apply(geometry.element, window.masked_fill(outside, fill))
