"""Geometry: exact where it can be, right where it cannot, and the same for image and label."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import affine_transform
from torch import Tensor

from landseer.augment import AugmentConfig
from landseer.augment.affine import Geometry, places
from landseer.augment.draw import draw_geometry
from landseer.augment.looks import look
from landseer.augment.resample import bilinear, nearest
from landseer.augment.warp import geometric, move
from landseer.core.classes import IGNORE
from landseer.quantities import ClassMask
from landseer.quantities.d4 import ELEMENTS, apply, compose, element_matrix

WILD = AugmentConfig(
    crop_px=24, rotate_deg=180, rotate_probability=0.7, zoom=(0.6, 1.8), zoom_probability=0.7,
    shift=0.2, shift_probability=0.7,
)  # fmt: skip


def batch(n: int = 8, channels: int = 3, size: int = 32, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(-100, 12000, (n, channels, size, size), generator=generator).float()
    x[torch.rand(x.shape, generator=generator) < 0.05] = torch.nan
    target = torch.randint(0, 4, (n, size, size), generator=generator).to(torch.uint8)
    target[torch.rand(target.shape, generator=generator) < 0.05] = IGNORE
    return x, target


MASK = {"mask": ClassMask(4)}


def vary(
    x: Tensor, target: Tensor, ids: object, config: AugmentConfig, **kwargs: object
) -> tuple[Tensor, Tensor]:
    moved = geometric(x, {"mask": target}, MASK, ids, config, **kwargs)  # type: ignore[arg-type]
    return moved.image, moved.targets["mask"]


def shift(
    x: Tensor, target: Tensor, geometries: list[Geometry], **kwargs: object
) -> tuple[Tensor, Tensor]:
    moved = move(x, {"mask": target}, MASK, geometries, **kwargs)  # type: ignore[arg-type]
    return moved.image, moved.targets["mask"]


def same(a: Tensor, b: Tensor) -> bool:
    return torch.equal(a.nan_to_num(-7e7), b.nan_to_num(-7e7))


def bumps(size: int) -> Tensor:
    """A smooth picture without symmetry."""
    rows, cols = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return torch.sin(rows / 6) + torch.cos(cols / 9) * 0.7 + (rows * cols) / size**2


def move_one(
    x_hw: Tensor, geometry: Geometry, size: int, **kwargs: object
) -> tuple[Tensor, Tensor]:
    moved, target = shift(
        x_hw[None, None].float(), x_hw[None].to(torch.uint8), [geometry], size=(size, size), **kwargs  # type: ignore[arg-type]
    )  # fmt: skip
    return moved[0, 0], target[0]


def test_nothing_asked_is_nothing_done() -> None:
    x, target = batch()
    moved, labels = vary(x, target, range(8), AugmentConfig(d4=False), seed=1, epoch=0)
    assert same(moved, x)
    assert torch.equal(labels, target)


def test_interpolating_at_the_pixels_is_the_identity() -> None:
    """The resampler itself, asked for the very pixels, gives them back, NaN included."""
    x, target = batch(size=31)
    for border in ("ignore", "reflect"):
        looks = look(*places(Geometry(0, 0), 31, 31, x.device), 31, 31, border)  # type: ignore[arg-type]
        for image, label in zip(x, target, strict=True):
            bilinear(image, looks, out := torch.empty_like(image))
            assert same(out, image)
            assert torch.equal(nearest(label[None], looks, 255)[0], label)


@pytest.mark.parametrize("element", ELEMENTS)
def test_d4_is_exact_and_the_law_of_quantities(element: str) -> None:
    x, target = batch()
    geometry = Geometry(0, 0, element)  # type: ignore[arg-type]
    moved, labels = shift(x, target, [geometry] * 8, size=(32, 32))
    assert same(moved, apply(geometry.element, x))
    assert torch.equal(labels, apply(geometry.element, target))


def test_quarter_turns_are_those_of_torch() -> None:
    x = torch.arange(25.0).reshape(5, 5)
    assert torch.equal(move_one(x, Geometry(0, 0, "rot90"), 5)[0], torch.rot90(x))
    assert torch.equal(move_one(x, Geometry(0, 0, "flip_lr"), 5)[0], x.flip(1))
    assert torch.equal(move_one(x, Geometry(1, 2), 3)[0], x[1:4, 2:5])
    turned = move_one(x, Geometry(1, 2, "rot270"), 3)[0]
    assert torch.equal(turned, torch.rot90(x[1:4, 2:5], -1))


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_interpolated_and_exact_paths_agree(element: str, quarter: int) -> None:
    """Turning by 90 degrees through the resampler is the element, and composes with one."""
    x = bumps(20)
    turn = ("identity", "rot90", "rot180", "rot270")[quarter]
    geometry = Geometry(2, 3, element, angle_deg=90.0 * quarter, zoom=1 + 1e-7)  # type: ignore[arg-type]
    expected = apply(compose(geometry.element, turn), x[2:17, 3:18])  # type: ignore[arg-type]
    torch.testing.assert_close(move_one(x, geometry, 15)[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("element", ELEMENTS)
def test_matrix_of_an_element_moves_a_point_as_the_element_does(element: str) -> None:
    x = torch.zeros(7, 7)
    x[1, 4] = 1
    row, col = (apply(element, x) == 1).nonzero()[0].tolist()  # type: ignore[arg-type]
    (a, b), (c, d) = element_matrix(element)  # type: ignore[arg-type]
    assert (a * (row - 3) + b * (col - 3), c * (row - 3) + d * (col - 3)) == (1 - 3, 4 - 3)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(ELEMENTS), st.floats(-180, 180), st.floats(0.7, 1.6),
    st.integers(-3, 3), st.integers(-3, 3), st.floats(-4, 4), st.floats(-4, 4),
)  # fmt: skip
def test_a_spot_lands_where_the_matrix_says(
    element: str, angle: float, zoom: float, row: int, col: int, down: float, right: float
) -> None:
    size, geometry = 41, Geometry(row, col, element, angle, zoom)  # type: ignore[arg-type]
    rows, cols = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    centre = (20 + row + down, 20 + col + right)
    spot = torch.exp(-((rows - centre[0]) ** 2 + (cols - centre[1]) ** 2) / 8)
    moved = move_one(spot, geometry, size)[0].nan_to_num(0.0)
    offset = np.linalg.solve(np.array(geometry.linear), [down, right])
    weight = moved.clamp_min(0.05) - 0.05
    found = [float((weight * axis).sum() / weight.sum()) for axis in (rows, cols)]
    assert found == pytest.approx(20 + offset, abs=0.15)


def test_a_positive_angle_turns_counter_clockwise() -> None:
    x = torch.zeros(21, 21)
    x[10, 16] = 200  # to the right of the centre
    moved, labels = move_one(x, Geometry(0, 0, angle_deg=90 - 1e-4), 21)
    assert divmod(int(moved.argmax()), 21) == (4, 10)  # above it
    assert divmod(int(labels.argmax()), 21) == (4, 10)


def test_zoom_above_one_magnifies() -> None:
    disc = ((torch.arange(65)[:, None] - 32) ** 2 + (torch.arange(65) - 32) ** 2 <= 15**2).float()
    for zoom in (0.5, 0.8, 1.25, 2.0):
        image, label = move_one(disc, Geometry(0, 0, zoom=zoom), 65)
        assert float(image.nansum() / disc.sum()) == pytest.approx(zoom**2, rel=0.03)
        inside = (label == 1).sum()
        assert float(inside / disc.sum()) == pytest.approx(zoom**2, rel=0.05)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_image_and_label_move_together(seed: int) -> None:
    """A blob drawn as image and as label must cover the same pixels, but for its rim."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:48, :48]
    row, col = rng.uniform(12, 36, 2)
    blob = torch.from_numpy(((rows - row) ** 2 / 60 + (cols - col) ** 2 / 140) < 1)
    x = blob.float()[None, None].expand(4, 1, -1, -1)
    moved, labels = vary(
        x, blob[None].expand(4, -1, -1).to(torch.uint8), range(4), WILD, seed=seed, epoch=0
    )
    inner = labels != IGNORE
    edge = (moved[:, 0] - labels).abs()[inner].nan_to_num(0)
    assert (edge <= 0.75 + 1e-3).all()  # the nearest of four pixels weighs at least a quarter
    assert (edge > 0.3).float().mean() < 0.08


def test_resampling_agrees_with_scipy() -> None:
    x = bumps(40)
    geometry = Geometry(2, -1, "transpose", angle_deg=23.0, zoom=1.3)
    moved, _ = move_one(x, geometry, 40)
    linear = np.array(geometry.linear)
    centre = np.array([2 + 19.5, -1 + 19.5]) - linear @ [19.5, 19.5]
    expected = affine_transform(x.double().numpy(), linear, centre, order=1, cval=np.nan)
    known = ~np.isnan(expected)
    np.testing.assert_allclose(moved.numpy()[known], expected[known], atol=1e-4)
    assert known.mean() > 0.9


def test_samples_do_not_depend_on_their_batch() -> None:
    x, target = batch()
    together = vary(x, target, range(8), WILD, seed=3, epoch=2, nearest_channels=[1])
    order = [5, 0, 7, 2]
    some = vary(x[order], target[order], order, WILD, seed=3, epoch=2, nearest_channels=[1])
    assert same(some[0], together[0][order])
    assert torch.equal(some[1], together[1][order])
    for i in range(8):
        alone = vary(
            x[i : i + 1],
            target[i : i + 1],
            [np.int64(i)],
            WILD,
            seed=3,
            epoch=2,
            nearest_channels=[1],
        )
        assert same(alone[0][0], together[0][i])
        assert torch.equal(alone[1][0], together[1][i])


def test_draws_differ_between_numbers_epochs_and_seeds() -> None:
    drawn = {
        draw_geometry(WILD, 40, 40, seed=seed, epoch=epoch, number=number)
        for seed in range(3)
        for epoch in range(3)
        for number in range(5)
    }
    assert len(drawn) == 45


def test_changing_one_setting_leaves_the_other_draws() -> None:
    more = WILD.model_copy(update={"rotate_probability": 0.0})
    for number in range(20):
        a, b = (draw_geometry(c, 40, 40, seed=0, epoch=0, number=number) for c in (WILD, more))
        assert (a.row, a.col, a.element, a.zoom) == (b.row, b.col, b.element, b.zoom)
        assert b.angle_deg == 0


def test_draws_fill_their_ranges() -> None:
    drawn = [draw_geometry(WILD, 40, 40, seed=0, epoch=0, number=i) for i in range(2000)]
    assert {g.element for g in drawn} == set(ELEMENTS)
    angles = np.array([g.angle_deg for g in drawn])
    zooms = np.array([g.zoom for g in drawn])
    assert np.mean(angles == 0) == pytest.approx(0.3, abs=0.04)
    assert angles.min() < -170
    assert angles.max() > 170
    assert np.mean(zooms == 1) == pytest.approx(0.3, abs=0.04)
    assert (zooms.min(), zooms.max()) == pytest.approx((0.6, 1.8), abs=0.03)
    rows = np.array([g.row for g in drawn])
    assert -5 <= rows.min() <= -4  # crop starts 0..16, shift 0.2 of 24 px
    assert 20 <= rows.max() <= 21
    quiet = AugmentConfig(crop_px=10, d4=False)
    starts = {draw_geometry(quiet, 13, 13, seed=0, epoch=0, number=i).row for i in range(99)}
    assert starts == {0, 1, 2, 3}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 18), st.integers(1, 18), st.floats(1, 89), st.floats(0.7, 1.9))
def test_an_invalid_pixel_blots_out_half_a_pixel_around_it(
    row: int, col: int, angle: float, zoom: float
) -> None:
    x = bumps(20)
    clean = x.clone()
    x[row, col] = torch.nan
    geometry = Geometry(0, 0, "rot90", angle, zoom)
    moved, _ = move_one(x, geometry, 20)
    whole, _ = move_one(clean, geometry, 20)
    rows, cols = places(geometry, 20, 20, x.device)
    far = ((rows - row).abs() > 0.5) | ((cols - col).abs() > 0.5)
    beyond = ((rows - row).abs() >= 1) | ((cols - col).abs() >= 1)
    assert torch.equal(moved.isnan(), whole.isnan() | ~far)
    same_there = beyond & ~whole.isnan()
    torch.testing.assert_close(moved[same_there], whole[same_there], rtol=1e-5, atol=1e-5)


def test_values_beside_invalid_pixels_stay_in_the_range_of_their_neighbours() -> None:
    x = torch.full((1, 1, 16, 16), 5000.0)
    x[0, 0, 4:8, 4:8] = torch.nan
    moved, _ = shift(
        x,
        torch.zeros(1, 16, 16, dtype=torch.uint8),
        [Geometry(0, 0, angle_deg=33.0)],
        size=(16, 16),
    )
    known = moved[~moved.isnan()]
    torch.testing.assert_close(known, torch.full_like(known, 5000.0))
    assert 8 <= int(moved[0, 0, 3:13, 3:13].isnan().sum()) <= 24


def test_flags_are_never_interpolated() -> None:
    x, target = batch()
    x[:, 2] = (x[:, 2] > 6000).float() * 7
    moved, _ = vary(x, target, range(8), WILD, seed=0, epoch=0, nearest_channels=[2])
    assert set(moved[:, 2][~moved[:, 2].isnan()].unique().tolist()) == {0.0, 7.0}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["ignore", "reflect"]), st.sampled_from([12, 32, 50]))
def test_labels_keep_their_values(seed: int, border: str, crop: int) -> None:
    x, target = batch(2, seed=seed)
    config = WILD.model_copy(update={"border": border, "crop_px": crop})
    moved, labels = vary(x, target, [seed, seed + 1], config, seed=0, epoch=0)
    assert moved.shape == (2, 3, crop, crop)
    assert labels.dtype == torch.uint8
    assert set(labels.unique().tolist()) <= {0, 1, 2, 3, IGNORE}


def test_beyond_the_input_image_is_invalid_and_label_ignored() -> None:
    x, target = torch.ones(1, 1, 10, 10), torch.zeros(1, 10, 10, dtype=torch.uint8)
    moved, labels = shift(x, target, [Geometry(-2, 3)], size=(10, 10))
    assert moved[0, 0, :2].isnan().all()
    assert moved[0, 0, 2:, 7:].isnan().all()
    assert (moved[0, 0, 2:, :7] == 1).all()
    assert torch.equal(labels == IGNORE, moved[0].isnan()[0][None])
    moved, labels = shift(x, target, [Geometry(0, 0, zoom=0.45)], size=(10, 10))
    assert torch.equal(labels == IGNORE, moved[:, 0].isnan())
    assert int((labels == 0).sum()) == 16


def test_reflection_leaves_no_hole_and_is_that_of_numpy() -> None:
    x = bumps(12)
    moved, labels = move_one(x, Geometry(-4, 3), 12, border="reflect")
    expected = np.pad(x.numpy(), ((4, 0), (0, 3)), mode="reflect")[:12, 3:]
    np.testing.assert_array_equal(moved.numpy(), expected)
    assert (labels != IGNORE).all()
    moved, labels = move_one(x, Geometry(0, 0, angle_deg=45.0, zoom=0.4), 12, border="reflect")
    assert not moved.isnan().any()
    assert (labels != IGNORE).all()


def test_a_patch_smaller_than_the_crop_is_centred() -> None:
    x, target = torch.ones(1, 1, 6, 6), torch.zeros(1, 6, 6, dtype=torch.uint8)
    config = AugmentConfig(crop_px=10)
    moved, labels = vary(x, target, [0], config, seed=0, epoch=0)
    assert (moved[0, 0, 2:8, 2:8] == 1).all()
    assert int(moved.isnan().sum()) == 100 - 36 == int((labels == IGNORE).sum())


def test_patches_that_are_not_square_keep_their_shape() -> None:
    x, target = torch.rand(16, 1, 8, 12), torch.zeros(16, 8, 12, dtype=torch.uint8)
    config = AugmentConfig(rotate_deg=20, border="reflect")
    moved, _ = vary(x, target, range(16), config, seed=0, epoch=0)
    assert moved.shape == x.shape
    square, _ = vary(x, target, range(16), AugmentConfig(crop_px=8), seed=0, epoch=0)
    assert square.shape == (16, 1, 8, 8)


def test_inputs_are_left_alone() -> None:
    x, target = batch()
    copies = x.clone(), target.clone()
    vary(x, target, range(8), WILD, seed=0, epoch=0)
    assert same(x, copies[0])
    assert torch.equal(target, copies[1])


def test_half_precision_and_double_work() -> None:
    x, target = batch(2)
    for dtype in (torch.float64, torch.bfloat16):
        moved, _ = vary(x.to(dtype), target, [0, 1], WILD, seed=0, epoch=0)
        assert moved.dtype == dtype


def test_what_does_not_fit_is_refused() -> None:
    x, target = batch()
    with pytest.raises(ValueError, match="one batch"):
        vary(x, target, [1, 2], WILD, seed=0, epoch=0)
    with pytest.raises(ValueError, match="float image"):
        vary(x.nan_to_num().int(), target, range(8), WILD, seed=0, epoch=0)
    with pytest.raises(ValueError, match="smallest <= largest"):
        AugmentConfig(zoom=(1.2, 0.8))
    with pytest.raises(ValueError, match="rotate"):
        AugmentConfig(rotate=20)  # type: ignore[call-arg]


def test_zoom_is_drawn_evenly_in_its_logarithm() -> None:
    config = AugmentConfig(zoom=(0.5, 2.0), zoom_probability=1.0)
    zooms = [draw_geometry(config, 9, 9, seed=0, epoch=0, number=i).zoom for i in range(2000)]
    assert np.mean(np.log(zooms)) == pytest.approx(0.0, abs=0.04)
    assert math.isclose(max(zooms), 2.0, abs_tol=0.01)
