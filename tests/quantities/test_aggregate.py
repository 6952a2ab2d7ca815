"""Means over the pixels of another grid, against pooling and a slow loop over areas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from landseer.quantities.aggregate import aggregate


def image(height=24, width=30, planes=2, batch=1, seed=0, smooth=0.0) -> Tensor:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(batch, planes, height, width))
    if smooth:
        values = ndimage.gaussian_filter(values, (0, 0, smooth, smooth)) * smooth
    return torch.from_numpy(values).float()


def grid(step=2.0, row=0.0, col=0.0, angle_deg=0.0, step_col=None) -> Tensor:
    """A grid whose first pixel's outer corner lies (row, col) pixels from the image's, turned about it."""
    radians = math.radians(angle_deg)
    cos, sin = math.cos(radians), math.sin(radians)
    linear = torch.tensor([[cos, -sin], [sin, cos]]) @ torch.diag(
        torch.tensor([float(step), float(step_col or step)])
    )
    corner = torch.tensor([row, col]) - 0.5
    origin = corner + linear @ torch.tensor([0.5, 0.5])
    return torch.cat([linear, origin[:, None]], 1)[None]


def slow(values: Tensor, grids: Tensor, size: tuple[int, int], fine=40):
    """Average the image, constant within its pixels, over each reference pixel's area, point by point."""
    batch, planes, height, width = values.shape
    result = np.full((batch, planes, *size), np.nan)
    steps = (np.arange(fine) + 0.5) / fine - 0.5
    offsets = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2)
    for sample in range(batch):
        linear, origin = grids[sample, :, :2].numpy(), grids[sample, :, 2].numpy()
        for y in range(size[0]):
            for x in range(size[1]):
                rows, cols = (linear @ (offsets + np.array([y, x])).T).round(6) + origin[:, None]
                rows, cols = np.floor(rows + 0.5).astype(int), np.floor(cols + 0.5).astype(int)
                inside = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
                if inside.mean() >= 0.5:
                    seen = values[sample].numpy()[:, rows[inside], cols[inside]]
                    result[sample, :, y, x] = seen.mean(1)
    return torch.from_numpy(result).float()


@pytest.mark.parametrize("ratio", [1, 2, 3, 5, 6])
def test_nested_grids_are_pooled_exactly(ratio):
    values = image(30, 60)
    size = (30 // ratio, 60 // ratio)
    got = aggregate(values, grid(ratio), size)
    torch.testing.assert_close(got, functional.avg_pool2d(values, ratio), rtol=1e-5, atol=1e-5)


def test_sixteen_pixels_are_still_averaged_exactly_and_two_ratios_at_once():
    values = image(32, 64)
    got = aggregate(values, grid(16), (2, 4))
    torch.testing.assert_close(got, functional.avg_pool2d(values, 16), atol=1e-5, rtol=1e-5)
    got = aggregate(values, grid(4, step_col=8), (8, 8))
    torch.testing.assert_close(got, functional.avg_pool2d(values, (4, 8)), atol=1e-5, rtol=1e-5)


def test_the_same_grid_gives_the_values_themselves():
    values = image()
    torch.testing.assert_close(aggregate(values, grid(1), (24, 30)), values, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("row", "col"), [(0.5, 0.5), (1.25, 0.75), (3.1, 2.6), (0, 4.5)])
@pytest.mark.parametrize("ratio", [2, 3])
def test_shifted_grids_are_averaged_over_their_areas_exactly(ratio, row, col):
    values, grids = image(), grid(ratio, row, col)
    size = (6, 7)
    torch.testing.assert_close(
        aggregate(values, grids, size),
        slow(values, grids, size, fine=20 * ratio),
        atol=1e-4,
        rtol=0,
    )


def test_half_a_pixel_matters():
    values = image()
    there, here = (aggregate(values, grid(2, shift, shift), (8, 8)) for shift in (0.0, 0.5))
    assert (there - here).abs().mean() > 0.1


@pytest.mark.parametrize("angle_deg", [10, 30, -45, 90, 200])
@pytest.mark.parametrize("step", [2.0, 2.6, 4.0])
def test_turned_grids_are_near_a_slow_loop_on_smooth_fields(step, angle_deg):
    values = image(40, 40, smooth=3.0)
    grids = grid(step, 20, 18, angle_deg)
    size = (5, 4)
    got, expected = aggregate(values, grids, size), slow(values, grids, size)
    assert torch.equal(got.isnan(), expected.isnan())
    spread = values.std()
    assert (got - expected).abs().nan_to_num(0.0).max() < 0.05 * spread
    assert expected.nan_to_num(0.0).std() > 0.05 * spread


def test_a_finer_reference_is_interpolated():
    values = image(smooth=2.0)
    got = aggregate(values, grid(0.5), (48, 60))
    expected = functional.interpolate(values, (48, 60), mode="bilinear")
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)


def test_pixels_beyond_the_image_are_unknown_and_partly_covered_ones_mean_the_rest():
    values = image(8, 8, planes=1)
    grids = grid(4, -2, 1)  # rows -2..2, 2..6, 6..10; columns 1..5, 5..9
    got = aggregate(values, grids, (4, 2))[0, 0]
    torch.testing.assert_close(got[0, 0], values[0, 0, 0:2, 1:5].mean())
    torch.testing.assert_close(got[1, 1], values[0, 0, 2:6, 5:8].mean())
    torch.testing.assert_close(got[2, 0], values[0, 0, 6:8, 1:5].mean())
    assert got[2, 1].isnan(), "of this one three eighths lie in the image"
    assert got[3].isnan().all()
    torch.testing.assert_close(
        got, slow(values, grids, (4, 2))[0, 0], equal_nan=True, atol=1e-4, rtol=0
    )


def test_what_a_sample_gets_does_not_depend_on_its_batch():
    values = image(24, 24, batch=4)
    steps = [(2.0, 0.0), (3.0, 30.0), (1.0, 0.0), (2.0, 0.0)]
    grids = torch.cat([grid(step, 2, 2, angle) for step, angle in steps])
    together = aggregate(values, grids, (5, 6))
    for number in range(4):
        alone = aggregate(values[number : number + 1], grids[number : number + 1], (5, 6))
        torch.testing.assert_close(together[number : number + 1], alone, equal_nan=True)
    # two of them nest, whatever lies beside them
    pooled = functional.avg_pool2d(values[[0, 3], :, 2:12, 2:14], 2)
    torch.testing.assert_close(together[[0, 3]], pooled, atol=1e-5, rtol=1e-5)


def test_samples_without_a_grid_are_unknown_and_the_others_are_not():
    values = image(batch=3)
    grids = grid(2).repeat(3, 1, 1)
    grids[1] = torch.nan
    got = aggregate(values, grids, (5, 5))
    assert got.isnan().flatten(1).all(1).tolist() == [False, True, False]
    assert not got[[0, 2]].isnan().any()


def test_gradients_are_those_of_pooling_and_none_come_from_beyond():
    values = image(8, 8).requires_grad_()
    aggregate(values, grid(2), (4, 4)).square().sum().backward()
    expected = image(8, 8).requires_grad_()
    functional.avg_pool2d(expected, 2).square().sum().backward()
    torch.testing.assert_close(values.grad, expected.grad, atol=1e-5, rtol=1e-5)
    values = image(8, 8).requires_grad_()
    got = aggregate(values, grid(4, 6, 0), (2, 2))
    assert got[:, :, 1].isnan().all()
    got.nan_to_num(0.0).sum().backward()
    assert values.grad.isfinite().all() and values.grad[..., :6, :].abs().max() == 0


def test_half_precision_is_averaged_in_float32():
    values = torch.full((1, 1, 8, 8), 1000.0)
    values[..., ::2] += 4
    got = aggregate(values.bfloat16(), grid(2), (4, 4))
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, functional.avg_pool2d(values.bfloat16().float(), 2))


def test_a_constant_stays_it_under_any_grid():
    grids = torch.cat([grid(s, 5, 5, a) for s, a in ((0.7, 12), (1.9, 77), (5.3, -20), (40, 3))])
    got = aggregate(torch.full((4, 1, 30, 30), 7.5), grids, (6, 6))
    known = got[~got.isnan()]
    assert len(known) > 40
    torch.testing.assert_close(known, torch.full_like(known, 7.5))
