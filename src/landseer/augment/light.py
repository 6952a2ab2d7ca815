"""Changing values and leaving geometry alone: light, noise, lost channels and lost blocks.

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


def photometric(
    z_bkhw: Tensor,
    ids: Sequence[int],
    config: AugmentConfig,
    *,
    seed: int,
    epoch: int,
    fixed_channels: Sequence[int] = (),
) -> Tensor:
    """Change the values of a batch of normalised channels on the device where it is.

    Formula: z * gain + bias + noise; then lost channels and blocks are 0.

    Args:
        z_bkhw: normalised channels without NaN; not changed.
        ids: number of each sample's draw within the epoch, as in `geometric`.
        config: settings.
        seed: root seed of the run.
        epoch: number of the epoch.
        fixed_channels: channels of flags, which get no gain, bias or noise (they may be lost like any other).

    Returns:
        A new tensor, or the input itself when nothing was drawn.

    Edges: noise is drawn on the device by a generator of its own for each sample: repeatable on one kind of
        device, not across kinds.
    Source: block dropout after DeVries and Taylor 2017, arXiv:1708.04552; the rest own.
    """
    shape = (z_bkhw.shape[1], z_bkhw.shape[2], z_bkhw.shape[3])
    if len(ids) != len(z_bkhw):
        raise ValueError(f"expected {len(z_bkhw)} ids; got {len(ids)}")
    lights = [draw_light(config, shape, seed=seed, epoch=epoch, number=i) for i in ids]
    if all(_is_nothing(light) for light in lights):
        return z_bkhw
    free = np.ones(shape[0])
    free[list(fixed_channels)] = 0.0
    gain = np.stack([(1 + (light.gain - 1) * free) * light.kept for light in lights])
    bias = np.stack([light.bias * free * light.kept for light in lights])
    out = torch.addcmul(_column(bias, z_bkhw), z_bkhw, _column(gain, z_bkhw))
    noise_khw = torch.empty_like(out[0])
    for one_khw, light in zip(out, lights, strict=True):
        if light.noise_std > 0:
            generator = torch.Generator(out.device).manual_seed(light.noise_seed)
            strength = _column(light.noise_std * free * light.kept, out)
            one_khw.addcmul_(noise_khw.normal_(generator=generator), strength)
        for row, col in light.blocks:
            rows = slice(max(row, 0), max(row + config.blocks_px, 0))
            one_khw[:, rows, max(col, 0) : max(col + config.blocks_px, 0)] = 0.0
    return out


def _is_nothing(light: Light) -> bool:
    """Whether a sample is left as it is."""
    plain = (light.gain == 1).all() and not light.bias.any() and light.kept.all()
    return bool(plain) and light.noise_std == 0 and not light.blocks


def _column(values: NDArray[np.float64], like: Tensor) -> Tensor:
    """Put (…, k) numbers beside pixels: (…, k, 1, 1)."""
    return torch.from_numpy(values).to(like.dtype).to(like.device)[..., None, None]
