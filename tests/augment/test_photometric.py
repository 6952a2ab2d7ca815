"""Values: each change does what its name says, sample by sample, and nothing more."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from landseer.augment import AugmentConfig
from landseer.augment.draw import draw_light
from landseer.augment.groups import NEEDS_RGB, OPERATIONS, draw_groups
from landseer.augment.light import photometric
from landseer.augment.photometric_config import Colour, Grain, Haze, Tone

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


LIGHT = AugmentConfig(photometric="light")
MEDIUM = AugmentConfig(photometric="medium")


def drawn_names(config: AugmentConfig, n: int = 400, has_rgb: bool = True) -> list[list[str]]:
    return [
        [d.name for d in draw_groups(config, 5, seed=0, epoch=0, number=i, has_rgb=has_rgb)]
        for i in range(n)
    ]


def test_presets_stand_for_settings_and_what_is_said_comes_on_top() -> None:
    assert LIGHT.tone.gamma == (0.8, 1.25)
    assert (MEDIUM.blocks, MEDIUM.blocks_px, MEDIUM.haze.thickness) == (2, (8, 128), (0.1, 0.5))
    mixed = AugmentConfig.model_validate(
        {
            "photometric": "medium",
            "tone": {"gamma": [1, 1]},
            "blocks": 0,
            "colour": Colour(shift=0.0),
        }
    )
    assert "gamma" not in mixed.tone.asked
    assert mixed.tone.brightness_contrast == 0.1
    assert mixed.blocks == 0
    assert mixed.colour.asked == ("hue_saturation_value", "principal")
    assert mixed.colour.probability == 0.1
    assert AugmentConfig.model_validate(mixed.model_dump(mode="json")) == mixed
    assert AugmentConfig(photometric="none") == AugmentConfig()


def test_wrong_settings_are_refused() -> None:
    for wrong in (
        {"photometric": "strong"}, {"photometric": ["light"]}, {"tone": {"gama": [1, 1]}},
        {"tone": {"gamma": [2, 1]}}, {"haze": {"thickness": [0.5, 0.1]}}, {"blocks_px": [9, 8]}, {"tone": None},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="validation error"):
            AugmentConfig.model_validate(wrong)


def test_at_most_one_of_a_group_is_drawn_as_often_as_asked() -> None:
    names = drawn_names(MEDIUM, 4000)
    groups = {
        "tone": (0.5, {"brightness_contrast", "local_contrast", "tone_curve", "gamma"}),
        "colour": (0.1, {"shift", "hue_saturation_value", "principal"}),
        "haze": (0.1, {"haze"}),
        "grain": (0.1, {"shot", "even", "speckle"}),
    }
    for probability, members in groups.values():
        counts = [sum(name in members for name in sample) for sample in names]
        assert max(counts) == 1
        assert np.mean(counts) == pytest.approx(probability, abs=0.03)
        for member in members:
            share = np.mean([member in sample for sample in names])
            assert share == pytest.approx(probability / len(members), abs=0.03)
    assert {name for sample in names for name in sample} == set(OPERATIONS)


def test_what_needs_red_green_and_blue_is_left_out_without_them() -> None:
    names = {name for sample in drawn_names(MEDIUM, has_rgb=False) for name in sample}
    assert names == set(OPERATIONS) - NEEDS_RGB
    z = torch.rand(1, 5, 16, 16)
    only = AugmentConfig(haze=Haze(probability=1, thickness=(0.2, 0.2)))
    assert photometric(z, [0], only, seed=0, epoch=0) is z
    assert photometric(z, [0], only, seed=0, epoch=0, fixed_channels=[2], rgb=(2, 1, 0)) is z
    hazy = photometric(z, [0], only, seed=0, epoch=0, rgb=(2, 1, 0))
    assert torch.equal(hazy[:, 3:], z[:, 3:])
    assert (hazy[:, :3] > z[:, :3]).all()


def test_red_is_red_wherever_it_lies() -> None:
    z = torch.rand(8, 5, 16, 16)
    only = AugmentConfig(colour=Colour(probability=1, hue_deg=90))
    a = photometric(z, range(8), only, seed=0, epoch=0, rgb=(0, 1, 2))
    b = photometric(z[:, [2, 3, 1, 0, 4]], range(8), only, seed=0, epoch=0, rgb=(3, 2, 0))
    assert torch.equal(a[:, [2, 3, 1, 0, 4]], b)
    assert not torch.equal(a, z)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_changes_what_it_should_and_samples_alone(name: str) -> None:
    """Alone and in a batch the same; flags untouched; finite; another epoch, another draw."""
    strong = {
        "tone": Tone(
            probability=1,
            brightness_contrast=0.2,
            local_contrast=3,
            tone_curve=0.2,
            gamma=(0.5, 0.9),
        ),
        "colour": Colour(probability=1, shift=0.1, hue_deg=50, principal=1.0),
        "haze": Haze(probability=1, thickness=(0.3, 0.6)),
        "grain": Grain(probability=1, shot=0.1, even=0.1, speckle=0.2),
    }
    config = AugmentConfig(**strong)  # type: ignore[arg-type]
    z = torch.rand(32, 5, 20, 20)
    wanted = [i for i, names in enumerate(drawn_names(config, 200)) if name in names][:6]
    settings = {"seed": 0, "fixed_channels": [1], "rgb": (0, 2, 3)}
    out = photometric(z[:6], wanted, config, epoch=0, **settings)  # type: ignore[arg-type]
    for position, number in enumerate(wanted):
        alone = photometric(
            z[position : position + 1], [np.int64(number)], config, epoch=0, **settings
        )  # type: ignore[arg-type, list-item]
        assert torch.equal(alone[0], out[position])
    assert torch.equal(out[:, 1], z[:6, 1])
    assert torch.isfinite(out).all()
    assert (out[:, 0] != z[:6, 0]).flatten(1).any(1).all()
    assert not torch.equal(photometric(z[:6], wanted, config, epoch=1, **settings), out)  # type: ignore[arg-type]


def test_groups_leave_the_older_draws_as_they_were() -> None:
    plain = ALL.model_copy(update={"tone": Tone(probability=1, gamma=(0.5, 0.6))})
    for number in range(20):
        a, b = (draw_light(c, (5, 20, 20), seed=0, epoch=0, number=number) for c in (ALL, plain))
        assert np.array_equal(a.gain, b.gain)
        assert (a.blocks, a.noise_seed) == (b.blocks, b.noise_seed)


def test_blocks_have_sides_between_their_limits() -> None:
    config = always(blocks=2, blocks_px=(3, 9))  # type: ignore[arg-type]
    sides = np.array(
        [
            block[2:]
            for number in range(300)
            for block in draw_light(config, (2, 40, 40), seed=0, epoch=0, number=number).blocks
        ]
    )
    assert set(sides[:, 0]) == set(sides[:, 1]) == set(range(3, 10))
    assert (sides[:, 0] != sides[:, 1]).mean() > 0.7
