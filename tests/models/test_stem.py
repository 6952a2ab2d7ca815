"""Pretrained kernels on any channels: who gets which, and that the mean response stays."""

import pytest
import torch
from timm.models._manipulate import adapt_input_conv

from landseer.errors import WeightsError
from landseer.models.stem import adapt_stem

CHANNELS = {
    "nir": ("N",),
    "blue": ("B",),
    "red": ("R",),
    "NDVI": (),
    "green": ("G",),
    "qa": ("QA",),
}


def weight(seed=0):
    return torch.randn(8, 3, 5, 5, generator=torch.Generator().manual_seed(seed))


def response(kernels, value=1.0):
    """Mean response of each filter where all channels carry the same value."""
    return kernels.sum(dim=(1, 2, 3)) * value


def test_colours_keep_their_kernels_and_others_take_the_mean():
    w = weight()
    adapted = adapt_stem(w, CHANNELS, "by_name") * (6 / 3)
    for position, source in {2: 0, 4: 1, 1: 2}.items():
        torch.testing.assert_close(adapted[:, position], w[:, source])
    for position in (0, 3, 5):
        torch.testing.assert_close(adapted[:, position], w.mean(dim=1))


@pytest.mark.parametrize("rule", ["by_name", "repeat", "mean"])
def test_the_mean_response_is_kept(rule):
    torch.testing.assert_close(
        response(adapt_stem(weight(), CHANNELS, rule)), response(weight()), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("rule", ["by_name", "mean"])
def test_the_mean_response_is_kept_without_any_colour(rule):
    adapted = adapt_stem(weight(), {"nir": ("N",), "swir": ("S1",)}, rule)
    torch.testing.assert_close(response(adapted), response(weight()), rtol=1e-4, atol=1e-4)


def test_three_colours_in_another_order_are_only_reordered():
    adapted = adapt_stem(weight(), {"b": ("B",), "g": ("G",), "r": ("R",)})
    torch.testing.assert_close(adapted, weight()[:, [2, 1, 0]])


@pytest.mark.parametrize("count", [2, 3, 4, 9, 24])
def test_repeat_is_what_timm_does(count):
    channels = {str(i): () for i in range(count)}
    torch.testing.assert_close(
        adapt_stem(weight(), channels, "repeat"), adapt_input_conv(count, weight())
    )


def test_random_is_drawn_from_its_seed_and_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first = adapt_stem(weight(), CHANNELS, "random", seed=1)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first, adapt_stem(weight(), CHANNELS, "random", seed=1))
    assert not torch.equal(first, adapt_stem(weight(), CHANNELS, "random", seed=2))
    assert first.shape == (8, 6, 5, 5)
    assert first.std().item() == pytest.approx((2 / (6 * 25)) ** 0.5, rel=0.1)


@pytest.mark.parametrize("shape", [(8, 4, 3, 3), (8, 3)])
def test_stems_of_another_shape_are_refused(shape):
    with pytest.raises(WeightsError, match="stem of shape"):
        adapt_stem(torch.zeros(shape), CHANNELS)


def test_no_channels_are_refused():
    with pytest.raises(WeightsError, match="0 channels"):
        adapt_stem(weight(), {})
