"""Changing values and leaving geometry alone: tone, colour, haze, grain, light, noise, lost channels and blocks.

Legend of shapes: b samples, k channels, h rows, w columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landseer.augment.config import AugmentConfig
from landseer.augment.draw import Light, draw_light
from landseer.augment.groups import NEEDS_RGB, Drawn, draw_groups


def photometric(
    z_bkhw: Tensor,
    ids: Sequence[int],
    config: AugmentConfig,
    *,
    seed: int,
    epoch: int,
    fixed_channels: Sequence[int] = (),
    rgb: tuple[int, int, int] | None = None,
) -> Tensor:
    """Change the values of a batch of normalised channels on the device where it is.

    First at most one operation of each group is made (tone, colour, haze, grain), then z * gain + bias + noise; then
    lost channels and blocks are 0.

    Args:
        z_bkhw: normalised channels without NaN; not changed.
        ids: number of each sample's draw within the epoch, as in `geometric`.
        config: settings.
        seed: root seed of the run.
        epoch: number of the epoch.
        fixed_channels: channels of flags, whose values are not changed (they may be lost like any other).
        rgb: where red, green and blue are among the channels; None leaves out what needs all three.

    Returns:
        A new tensor, or the input itself when nothing was drawn.

    Edges: noise is drawn on the device by a generator of its own for each sample: repeatable on one kind of
        device, not across kinds.
    Source: block dropout after DeVries and Taylor 2017, arXiv:1708.04552; the rest own.
    """
    shape = (z_bkhw.shape[1], z_bkhw.shape[2], z_bkhw.shape[3])
    if len(ids) != len(z_bkhw):
        raise ValueError(f"expected {len(z_bkhw)} ids; got {len(ids)}")
    free = [channel for channel in range(shape[0]) if channel not in fixed_channels]
    if rgb is not None and not set(rgb) <= set(free):
        rgb = None
    lights, groups = [], []
    for number in ids:
        root = {"seed": seed, "epoch": epoch, "number": number}
        lights.append(draw_light(config, shape, **root))
        groups.append(draw_groups(config, len(free), has_rgb=rgb is not None, **root))
    if any(groups):
        z_bkhw = _regrouped(z_bkhw, groups, free, rgb)
    if all(_is_nothing(light) for light in lights):
        return z_bkhw
    return _lit(z_bkhw, lights, free)


def _regrouped(
    z_bkhw: Tensor,
    groups: list[list[Drawn]],
    free: list[int],
    rgb: tuple[int, int, int] | None,
) -> Tensor:
    """Make each sample's operations on its free channels, or on red, green and blue."""
    out = z_bkhw.clone()
    for one_khw, drawn in zip(out, groups, strict=True):
        for operation in drawn:
            chosen = list(rgb) if rgb is not None and operation.name in NEEDS_RGB else free
            if len(chosen) == len(one_khw):
                one_khw[:] = operation.change(one_khw)
            else:
                one_khw[chosen] = operation.change(one_khw[chosen])
    return out


def _lit(z_bkhw: Tensor, lights: list[Light], free: list[int]) -> Tensor:
    """Apply gains, offsets and noise, and lose channels and blocks."""
    is_free = np.zeros(z_bkhw.shape[1])
    is_free[free] = 1.0
    gain = np.stack([(1 + (light.gain - 1) * is_free) * light.kept for light in lights])
    bias = np.stack([light.bias * is_free * light.kept for light in lights])
    out = torch.addcmul(_column(bias, z_bkhw), z_bkhw, _column(gain, z_bkhw))
    noise_khw = torch.empty_like(out[0])
    for one_khw, light in zip(out, lights, strict=True):
        if light.noise_std > 0:
            generator = torch.Generator(out.device).manual_seed(light.noise_seed)
            strength = _column(light.noise_std * is_free * light.kept, out)
            one_khw.addcmul_(noise_khw.normal_(generator=generator), strength)
        for row, col, height, width in light.blocks:
            rows = slice(max(row, 0), max(row + height, 0))
            one_khw[:, rows, max(col, 0) : max(col + width, 0)] = 0.0
    return out


def _is_nothing(light: Light) -> bool:
    """Whether a sample is left as it is."""
    plain = (light.gain == 1).all() and not light.bias.any() and light.kept.all()
    return bool(plain) and light.noise_std == 0 and not light.blocks


def _column(values: NDArray[np.float64], like: Tensor) -> Tensor:
    """Put (…, k) numbers beside pixels: (…, k, 1, 1)."""
    return torch.from_numpy(values).to(like.dtype).to(like.device)[..., None, None]
