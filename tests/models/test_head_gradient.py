"""Attention by the gradient of heights: its moments, its weights, where it looks, and what learns from it."""

import numpy as np
import pytest
import torch

from landseer.models.head_gradient import GradientAttentionHead, attention, gradient_moments
from landseer.models.heads_config import GradientAttention
from landseer.models.shared import Shared
from landseer.quantities import Direction, Height
from landseer.quantities.d4 import ELEMENTS, apply


def heights(h=24, w=36, seed=0):
    rough = torch.rand(2, 1, h // 4, w // 4, generator=torch.Generator().manual_seed(seed))
    return 20 * torch.nn.functional.interpolate(rough, (h, w), mode="bicubic")[:, 0]


def head(width=6, n_outputs=2, **changes):
    torch.manual_seed(0)
    config = GradientAttention(height="height", dropout=0, **changes)
    return GradientAttentionHead(config, width, n_outputs, Height("none").value)


def shared(height_bhw, features, decoded=None):
    size = (height_bhw.shape[-2], height_bhw.shape[-1])
    decoded = features if decoded is None else decoded
    return Shared(decoded, [features], size, outputs={"height": height_bhw[:, None]})


def test_moments_are_means_over_cells_of_numpy_s_gradient():
    height = heights()
    found = gradient_moments(height, (4, 6)).numpy()
    for n in range(2):
        y, x = np.gradient(height[n].numpy().astype(float))
        y[[0, -1]] /= 2  # numpy's border is one-sided, here it is half of that
        x[:, [0, -1]] /= 2
        length = np.hypot(x, y)
        maps = [length, x, y, (x**2 - y**2) / length, 2 * x * y / length]
        cells = [m.reshape(4, 6, 6, 6).mean(axis=(1, 3)) for m in maps]
        np.testing.assert_allclose(found[n], cells, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("element", ELEMENTS)
def test_moments_turn_with_the_image_once_and_twice_as_fast(element):
    height = heights(24, 24)
    before = gradient_moments(height, (1, 1))[:, :, 0, 0]
    after = gradient_moments(apply(element, height), (1, 1))[:, :, 0, 0]
    torch.testing.assert_close(after[:, 0], before[:, 0])
    once = Direction().transform(before[:, 1:3], element)
    torch.testing.assert_close(after[:, 1:3], once, rtol=1e-4, atol=1e-5)
    unit = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    swaps = bool(Direction().transform(unit, element)[0, 0] == 0)  # x becomes y
    mirrors = bool(torch.linalg.det(Direction().transform(unit, element)) < 0)
    signs = torch.tensor([-1.0 if swaps else 1.0, -1.0 if swaps != mirrors else 1.0])
    torch.testing.assert_close(after[:, 3:], before[:, 3:] * signs, rtol=1e-4, atol=1e-5)


def test_weights_sum_to_one_and_softmax_prefers_steep_places_more():
    steep = torch.tensor([[[1.0, 1.0], [1.0, 5.0]]])
    even, sharp = attention(steep, "normalised"), attention(steep, "softmax")
    torch.testing.assert_close(even, steep / 8)
    torch.testing.assert_close(sharp.sum(), torch.tensor(1.0))
    assert sharp[0, 1, 1] > even[0, 1, 1] > 0.5


@pytest.mark.parametrize("rule", ["normalised", "softmax"])
def test_flat_images_are_attended_to_evenly(rule):
    features = torch.rand(2, 6, 3, 5)
    module = head(attention=rule, direction=False)
    flat = shared(torch.full((2, 24, 40), 7.0), features)
    torch.testing.assert_close(module(flat), module.layers(features.mean((2, 3))))


def test_only_features_at_the_edges_of_a_building_count():
    height = torch.zeros(1, 32, 32)
    height[0, 10:14, 18:22] = 30.0  # within the cell of row 1, column 2
    features = torch.rand(1, 6, 4, 4)
    module = head(direction=False)
    torch.testing.assert_close(
        module(shared(height, features)), module.layers(features[:, :, 1, 2]), rtol=1e-3, atol=1e-3
    )
    other = features.clone()
    other[:, :, 3, :] += 5
    torch.testing.assert_close(
        module(shared(height, other)), module(shared(height, features)), rtol=1e-3, atol=1e-3
    )


def test_directions_of_the_gradient_reach_the_answer_when_asked():
    height, features = heights(), torch.rand(2, 6, 4, 6)
    for direction in (True, False):
        module = head(direction=direction)
        one = module(shared(height, features))
        two = module(shared(-height, features))  # the same steepness, falling the other way
        assert torch.allclose(one, two, atol=1e-5) != direction


@pytest.mark.parametrize("detach", [True, False])
def test_heights_learn_from_it_only_when_they_may(detach):
    height = heights().requires_grad_()
    features = torch.rand(2, 6, 4, 6, requires_grad=True)
    head(detach=detach)(shared(height, features)).square().sum().backward()
    assert features.grad.abs().sum() > 0
    assert (height.grad is None) == detach
    if not detach:
        assert height.grad.isfinite().all() and height.grad.abs().sum() > 0
        flat = torch.zeros(2, 24, 36, requires_grad=True)
        head(detach=False)(shared(flat, features)).square().sum().backward()
        assert flat.grad.isfinite().all()


def test_the_decoder_s_features_can_be_weighted_instead():
    features, decoded = torch.rand(2, 6, 3, 3), torch.rand(2, 4, 12, 18)
    module = head(4, features="decoder")
    assert module(shared(heights(), features, decoded)).shape == (2, 2)


def test_it_is_float32_under_half_precision():
    height, features = heights(), torch.rand(2, 6, 4, 6)
    module = head()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = module(shared(height, features))
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, module(shared(height, features)))
