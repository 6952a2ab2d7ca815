"""Moving image and label together: one map and one resampling for each sample.

Legend of shapes: b samples, c bands, h rows, w columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from landseer.augment.affine import Geometry, places, reflect
from landseer.augment.config import AugmentConfig
from landseer.augment.draw import draw_geometry
from landseer.augment.resample import Border, bilinear, nearest
from landseer.core.classes import IGNORE
from landseer.quantities.d4 import apply


def geometric(
    x_bchw: Tensor,
    target_bhw: Tensor,
    ids: Sequence[int],
    config: AugmentConfig,
    *,
    seed: int,
    epoch: int,
    nearest_channels: Sequence[int] = (),
) -> tuple[Tensor, Tensor]:
    """Crop, turn, mirror, zoom and shift a batch on the device where it is.

    Args:
        x_bchw: float digital numbers before any normalisation, NaN where invalid.
        target_bhw: uint8 class numbers, 255 where they do not count.
        ids: number of each sample's draw within the epoch; what is drawn depends on it, the seed and the epoch
            alone, not on the batch it comes in.
        config: settings.
        seed: root seed of the run.
        epoch: number of the epoch.
        nearest_channels: bands of flags, which are never interpolated.

    Returns:
        Image and target, (crop_px, crop_px) or of the input's size. Beyond the input the image is NaN and the
        target 255, or both are mirrored (`border: reflect`).

    Raises:
        ValueError: the shapes do not match, or the image is not float.

    Edges: samples that are only cropped, shifted by whole pixels, turned by quarters and mirrored are copied bit
        for bit; all others are resampled once. An input smaller than the crop is centred in it.
    """
    if x_bchw.shape[::2] != (len(ids), target_bhw.shape[1]) or len(target_bhw) != len(ids):
        raise ValueError(
            f"expected image, target and ids of one batch; got {tuple(x_bchw.shape)}, "
            f"{tuple(target_bhw.shape)} and {len(ids)}"
        )
    if not x_bchw.is_floating_point():
        raise ValueError(f"expected a float image with NaN where invalid; got {x_bchw.dtype}")
    size = (x_bchw.shape[2], x_bchw.shape[3])
    drawn = [draw_geometry(config, *size, seed=seed, epoch=epoch, number=i) for i in ids]
    return move(
        x_bchw,
        target_bhw,
        drawn,
        size=(config.crop_px or size[0], config.crop_px or size[1]),
        border=config.border,
        nearest_channels=nearest_channels,
    )


def move(
    x_bchw: Tensor,
    target_bhw: Tensor,
    geometries: Sequence[Geometry],
    *,
    size: tuple[int, int],
    border: Border = "ignore",
    nearest_channels: Sequence[int] = (),
) -> tuple[Tensor, Tensor]:
    """Apply one geometry to each sample; see `geometric`.

    Args:
        x_bchw: float, NaN where invalid.
        target_bhw: class numbers.
        geometries: one for each sample.
        size: height and width of the output.
        border: what lies beyond the input.
        nearest_channels: bands of flags, which are never interpolated.
    """
    moved_x = x_bchw.new_empty((*x_bchw.shape[:2], *size))
    moved_target = target_bhw.new_empty((len(target_bhw), *size))
    between = []
    for number, geometry in enumerate(geometries):
        if geometry.is_exact:
            moved_x[number] = copied(x_bchw[number], geometry, size, border, torch.nan)
            moved_target[number] = copied(target_bhw[number], geometry, size, border, IGNORE)
        else:
            between.append(number)
    for part in _parts(between, x_bchw.device):
        rows, cols = places([geometries[number] for number in part], *size, x_bchw.device)
        chosen = slice(part[0], part[0] + 1) if len(part) == 1 else part
        some_x, some_target = x_bchw[chosen], target_bhw[chosen]
        moved_x[chosen] = _interpolated(some_x, rows, cols, border, list(nearest_channels))
        moved_target[chosen] = nearest(some_target[:, None], rows, cols, border, IGNORE)[:, 0]
    return moved_x, moved_target


def _parts(numbers: list[int], device: torch.device) -> list[list[int]]:
    """Take samples one by one on a CPU, where one fits the cache; all at once elsewhere."""
    if device.type == "cpu":
        return [[number] for number in numbers]
    return [numbers] if numbers else []


def _interpolated(
    x_mchw: Tensor, rows_myx: Tensor, cols_myx: Tensor, border: Border, flags: list[int]
) -> Tensor:
    """Resample measurements bilinearly and flags to the nearest."""
    out = bilinear(x_mchw, rows_myx, cols_myx, border)
    if flags:
        out[:, flags] = nearest(x_mchw[:, flags], rows_myx, cols_myx, border, torch.nan)
    return out


def copied(
    x: Tensor, geometry: Geometry, size: tuple[int, int], border: Border, fill: float
) -> Tensor:
    """Cut the source window out of (…, h, w) and turn or mirror it: no value is computed.

    Args:
        x: any dtype.
        geometry: its angle and zoom are not looked at.
        size: height and width of the window.
        border: beyond the input: `fill` (`ignore`), or the mirrored input (`reflect`).
        fill: value beyond the input.
    """
    height, width = x.shape[-2:]
    row, col = geometry.row, geometry.col
    if row >= 0 and col >= 0 and row + size[0] <= height and col + size[1] <= width:
        return apply(geometry.element, x[..., row : row + size[0], col : col + size[1]])
    rows = torch.arange(row, row + size[0], device=x.device)
    cols = torch.arange(col, col + size[1], device=x.device)
    if border == "reflect":
        rows, cols = reflect(rows, height), reflect(cols, width)
    outside = ((rows < 0) | (rows >= height))[:, None] | ((cols < 0) | (cols >= width))
    window = x[..., rows.clamp(0, height - 1)[:, None], cols.clamp(0, width - 1)]
    return apply(geometry.element, window.masked_fill(outside, fill))
