"""Contrast limited adaptive histogram equalisation: each part of an image uses the whole range of values.

Legend of shapes: h rows, w columns, t tiles, v steps of value.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from landseer.augment.unit import in_unit

_STEPS = 256
_PARTS = 2**20
"""Counts are summed in such parts: sums of whole numbers are the same in any order, and so on any device."""


def local_contrast(rgb_3hw: Tensor, clip_limit: float, tiles: int = 8) -> Tensor:
    """Equalise the value (the brightest of red, green and blue) by tiles and keep hue and saturation.

    Args:
        rgb_3hw: normalised red, green and blue.
        clip_limit: how much more often than on average a value may count; 1 changes little.
        tiles: number of tiles on each side.

    Edges: black pixels become grey.
    """

    def equalise_value(unit: Tensor) -> Tensor:
        """Multiply colours so that their value is the equalised one."""
        value = unit.amax(0)
        wanted = equalised(value, clip_limit, tiles)
        return torch.where(value > 0, unit * (wanted / value), wanted)

    return in_unit(rgb_3hw, equalise_value, together=True)


def equalised(value_hw: Tensor, clip_limit: float, tiles: int = 8) -> Tensor:
    """Equalise one plane of values from 0 to 1.

    Each tile has a histogram of 256 steps; what exceeds the clip limit is spread over all steps; its running sum is
    the tile's map. A pixel is mapped by the four nearest tiles, weighed by nearness to their centres.

    Args:
        value_hw: values from 0 to 1.
        clip_limit: in units of a flat histogram.
        tiles: on each side; never more than pixels.

    Returns:
        (h, w), from 0 to 1; values are told apart in 256 steps.

    Edges: a size that does not divide is padded by its mirror image, as OpenCV does.
    Source: Zuiderveld 1994, Graphics Gems IV, 474-485. Limit, padding and interpolation are OpenCV's, which hands
        out the excess in whole counts: 0.3 of 255 steps away on average at a limit of 4, 4 steps at 1.5.
    """
    height, width = value_hw.shape
    down, across = min(tiles, height), min(tiles, width)
    rows, cols = -(-height // down), -(-width // across)
    step_hw = (value_hw * (_STEPS - 1)).round().long()
    maps_tv = _maps(_padded(step_hw, rows * down, cols * across), rows, cols, clip_limit)
    above, below, share_row = _neighbours(height, rows, down, value_hw.device)
    left, right, share_col = _neighbours(width, cols, across, value_hw.device)
    flat = maps_tv.flatten()

    def mapped(tile_row: Tensor, tile_col: Tensor) -> Tensor:
        """Map each pixel by one of the tiles around it."""
        tile = tile_row[:, None] * across + tile_col
        return flat.take(tile * _STEPS + step_hw)

    upper = torch.lerp(mapped(above, left), mapped(above, right), share_col)
    lower = torch.lerp(mapped(below, left), mapped(below, right), share_col)
    return torch.lerp(upper, lower, share_row[:, None]).to(value_hw.dtype)


def _padded(step_hw: Tensor, height: int, width: int) -> Tensor:
    """Mirror below and to the right."""
    short, narrow = height - step_hw.shape[0], width - step_hw.shape[1]
    if not short and not narrow:
        return step_hw
    return functional.pad(step_hw[None].float(), (0, narrow, 0, short), mode="reflect")[0].long()


def _maps(step_hw: Tensor, rows: int, cols: int, clip_limit: float) -> Tensor:
    """Return each tile's map from steps to 0…1: (t, v)."""
    height, width = step_hw.shape
    tile_rows = torch.arange(height, device=step_hw.device)[:, None] // rows
    tile = tile_rows * (width // cols) + torch.arange(width, device=step_hw.device) // cols
    count, area = (height // rows) * (width // cols), rows * cols
    pairs = (tile * _STEPS + step_hw).flatten()
    histogram_tv = torch.bincount(pairs, minlength=count * _STEPS).view(count, _STEPS).float()
    limit = max(1.0, clip_limit * area / _STEPS)
    excess_t1 = (histogram_tv - limit).clamp_(min=0).sum(1, keepdim=True)
    counts_tv = histogram_tv.clamp_(max=limit) + excess_t1 / _STEPS
    return (counts_tv * _PARTS).round_().long().cumsum(1) / (area * _PARTS)


def _neighbours(
    length: int, tile: int, count: int, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the tiles before and behind each pixel on one axis, and the share of the latter."""
    place = torch.arange(length, device=device) / tile - 0.5
    before = place.floor()
    behind = (before + 1).clamp(max=count - 1).long()
    return before.clamp(min=0).long(), behind, place - before
