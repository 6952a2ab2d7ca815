"""Values: each change does what its name says, sample by sample, and nothing more."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from landseer.augment import AugmentConfig
from landseer.augment.draw import draw_light
from landseer.augment.light import photometric

ALL = AugmentConfig(
    brightness=0.2, gain=0.1, bias=0.05, noise_std=0.1, channel_dropout=0.2, blocks=2, blocks_px=6
)


def ones(n: int = 16, channels: int = 5, size: int = 20) -> Tensor:
    return torch.ones(n, channels, size, size)


def always(**settings: float) -> AugmentConfig:
    names = ("brightness", "gain", "bias", "noise", "channel_dropout", "blocks")
    return AugmentConfig(**settings, **{f"{name}_probability": 1.0 for name in names})  # type: ignore[arg-type]


def test_nothing_asked_is_nothing_done() -> None:
    z = torch.randn(3, 4, 8, 8)
    assert photometric(z, range(3), AugmentConfig(), seed=0, epoch=0) is z


def test_samples_do_not_depend_on_their_batch() -> None:
    z = torch.rand(8, 5, 20, 20)
    together = photometric(z, range(8), ALL, seed=3, epoch=1)
    for i in range(8):
        alone = photometric(z[i : i + 1], [np.int64(i)], ALL, seed=3, epoch=1)
        assert torch.equal(alone[0], together[i])
    assert not torch.equal(photometric(z, range(8), ALL, seed=3, epoch=2), together)


def test_brightness_is_one_factor_for_all_channels() -> None:
    out = photometric(ones(), range(16), always(brightness=0.2), seed=0, epoch=0)
    factors = out[:, 0, 0, 0]
    assert torch.equal(out, factors[:, None, None, None].expand_as(out))
    assert 0.8 <= factors.min() < 0.9 < 1.1 < factors.max() <= 1.2


def test_gain_and_bias_are_a_factor_and_an_offset_for_each_channel() -> None:
    gain = photometric(ones(), range(16), always(gain=0.1), seed=0, epoch=0)
    bias = photometric(ones() * 0, range(16), always(bias=0.3), seed=0, epoch=0)
    for out, middle, reach in ((gain, 1.0, 0.1), (bias, 0.0, 0.3)):
        each = out[:, :, 0, 0]
        assert torch.equal(out, each[..., None, None].expand_as(out))
        assert each.unique().numel() == 80
        assert (each - middle).abs().max() <= reach
        assert (each - middle).abs().max() > 0.9 * reach


def test_noise_has_the_drawn_deviation() -> None:
    config = always(noise_std=0.3)
    z = torch.zeros(4, 3, 64, 64)
    out = photometric(z, range(4), config, seed=0, epoch=0)
    for i in range(4):
        std = draw_light(config, (3, 64, 64), seed=0, epoch=0, number=i).noise_std
        assert 0 < std <= 0.3
        assert float(out[i].std()) == pytest.approx(std, rel=0.05)
        assert abs(float(out[i].mean())) < 4 * std / 110
    assert not torch.equal(out[0, 0], out[0, 1])


def test_flags_get_no_gain_bias_or_noise() -> None:
    config = always(brightness=0.2, gain=0.1, bias=0.1, noise_std=0.1)
    out = photometric(ones(), range(16), config, seed=0, epoch=0, fixed_channels=[3])
    assert (out[:, 3] == 1).all()
    assert (out[:, 2] != 1).any()


def test_lost_channels_are_zero_and_one_is_always_kept() -> None:
    out = photometric(ones(400), range(400), always(channel_dropout=0.3), seed=0, epoch=0)
    lost = (out == 0).all(dim=(2, 3))
    assert torch.equal(lost, (out == 0).any(dim=3).any(dim=2))
    assert float(lost.float().mean()) == pytest.approx(0.3, abs=0.03)
    none = photometric(ones(), range(16), always(channel_dropout=1.0), seed=0, epoch=0)
    assert ((none != 0).all(dim=(2, 3)).sum(dim=1) == 1).all()
    noisy = photometric(
        ones(), range(16), always(channel_dropout=1.0, noise_std=0.5, bias=1.0), seed=0, epoch=0
    )
    assert ((noisy != 0).any(dim=3).any(dim=2).sum(dim=1) == 1).all()


def test_blocks_are_squares_of_zeros_through_all_channels() -> None:
    config = always(blocks=1, blocks_px=6)
    out = photometric(ones(64), range(64), config, seed=0, epoch=0)
    holes = out[:, 0] == 0
    assert torch.equal((out == 0).all(dim=1), (out == 0).any(dim=1))
    for hole in holes:
        rows, cols = hole.any(dim=1), hole.any(dim=0)
        assert torch.equal(hole, rows[:, None] & cols[None])
        assert 3 <= int(rows.sum()) <= 6
    assert bool(holes[:, 0].any())
    assert bool(holes[:, -1].any())
    assert int(holes.sum(dim=(1, 2)).max()) == 36


def test_probabilities_are_kept() -> None:
    config = AugmentConfig(noise_std=0.1, noise_probability=0.25)
    drawn = [
        draw_light(config, (2, 4, 4), seed=0, epoch=0, number=i).noise_std for i in range(2000)
    ]
    assert np.mean(np.array(drawn) > 0) == pytest.approx(0.25, abs=0.03)


def test_inputs_are_left_alone_and_counted() -> None:
    z = torch.rand(4, 5, 20, 20)
    copy = z.clone()
    photometric(z, range(4), ALL, seed=0, epoch=0)
    assert torch.equal(z, copy)
    with pytest.raises(ValueError, match="4 ids"):
        photometric(z, range(3), ALL, seed=0, epoch=0)
