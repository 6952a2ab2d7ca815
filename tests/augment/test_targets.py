"""Each target follows its own law, compared with slow loops, with pictures, and with laws known to be wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from landseer.augment import AugmentConfig, resample, window
from landseer.augment.affine import Geometry, places
from landseer.augment.draw import draw_geometry
from landseer.augment.warp import Moved, geometric, move
from landseer.core.classes import IGNORE
from landseer.errors import UsageError
from landseer.quantities import (
    ClassMask,
    DenseValue,
    Direction,
    FlowScale,
    Gsd,
    Height,
    ImageValue,
    Magnitude,
    Motion,
    MultiLabelMask,
    Presence,
    Quantity,
    SoftMask,
)
from landseer.quantities.d4 import ELEMENTS, apply
from landseer.quantities.direction import to_angle, to_vector

ALL: dict[str, Quantity] = {
    "mask": ClassMask(4),
    "layers": MultiLabelMask(3),
    "soft": SoftMask(3),
    "height": Height(),
    "biomass": DenseValue("t/ha"),
    "magnitude": Magnitude(),
    "direction": Direction(),
    "scale": FlowScale(),
    "gsd": Gsd(),
    "presence": Presence(2),
    "count": ImageValue(),
}
WILD = AugmentConfig(
    crop_px=24, rotate_deg=180, zoom=(0.6, 1.8), shift=0.2, shear_deg=20,
    rotate_probability=0.7, zoom_probability=0.7, shift_probability=0.7, shear_probability=0.7,
)  # fmt: skip
SKEW = ((0.8, 0.3), (-0.2, 1.4))


def batch(n: int = 4, size: int = 32, seed: int = 0) -> tuple[Tensor, dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(seed)

    def numbers(*shape: int, holes: float = 0.1) -> Tensor:
        values = torch.rand((n, *shape), generator=generator)
        return values.masked_fill_(torch.rand((n, *shape), generator=generator) < holes, torch.nan)

    def classes(*shape: int) -> Tensor:
        values = torch.randint(0, 4, (n, *shape), generator=generator).to(torch.uint8)
        values[torch.rand(values.shape, generator=generator) < 0.1] = IGNORE
        return values

    return numbers(8, size, size), {
        "mask": classes(size, size),
        "layers": classes(3, size, size),
        "soft": numbers(3, size, size),
        "height": numbers(size, size) * 30,
        "biomass": numbers(size, size),
        "magnitude": numbers(size, size) * 10,
        "direction": to_vector(numbers(holes=0) * 2 * torch.pi),
        "scale": numbers(holes=0) + 0.5,
        "gsd": numbers(holes=0) + 0.3,
        "presence": numbers(2, holes=0).round(),
        "count": numbers(holes=0),
    }


def same(a: Tensor, b: Tensor) -> bool:
    return torch.equal(a.nan_to_num(-7e7), b.nan_to_num(-7e7))


def moved_all(
    geometry: Geometry, size: int = 32, border: str = "ignore"
) -> tuple[Moved, dict[str, Tensor]]:
    x, targets = batch()
    some = targets if border == "ignore" else {k: v for k, v in targets.items() if k != "direction"}
    return move(x, some, ALL, [geometry] * 4, size=(size, size), border=border), targets  # type: ignore[arg-type]


@pytest.mark.parametrize("element", ELEMENTS)
def test_every_target_is_exact_under_every_element(element: str) -> None:
    """Dense targets are copied to the bit, numbers stay, and directions follow the picture of an arrow."""
    out, targets = moved_all(Geometry(0, 0, element))  # type: ignore[arg-type]
    for name in ("mask", "layers", "soft", "height", "biomass", "magnitude"):
        assert same(out.targets[name], apply(element, targets[name])), name  # type: ignore[arg-type]
    for name in ("scale", "gsd", "presence", "count"):
        assert torch.equal(out.targets[name], targets[name]), name
    theta, dx, dy = to_angle(targets["direction"]), *targets["direction"].T
    expected = {  # angles from image down, counter-clockwise; mirrors by hand
        "identity": (dx, dy), "rot90": (torch.sin(theta + math.pi / 2), torch.cos(theta + math.pi / 2)),
        "rot180": (-dx, -dy), "rot270": (torch.sin(theta - math.pi / 2), torch.cos(theta - math.pi / 2)),
        "flip_lr": (-dx, dy), "flip_ud": (dx, -dy), "transpose": (dy, dx), "antitranspose": (-dy, -dx),
    }[element]  # fmt: skip
    torch.testing.assert_close(out.targets["direction"], torch.stack(expected, 1))


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("border", ["ignore", "reflect"])
def test_whole_shifts_are_copies(element: str, border: str) -> None:
    out, targets = moved_all(Geometry(-3, 5, element), 30, border)  # type: ignore[arg-type]
    pad = {"ignore": "constant", "reflect": "reflect"}[border]
    for name in ("mask", "layers", "height", "soft"):
        array = targets[name].numpy()
        edges = [(0, 0)] * (array.ndim - 2) + [(3, 0), (0, 3)]
        fill = {"constant_values": ALL[name].fill} if border == "ignore" else {}
        window = np.pad(array, edges, mode=pad, **fill)[..., :30, 5:35]  # type: ignore[call-overload]
        assert same(out.targets[name], apply(element, torch.from_numpy(window))), name  # type: ignore[arg-type]


def slow_bilinear(x_hw: np.ndarray, row: float, col: float) -> float:
    """The mean of the known among four, weighed by nearness, where the nearest is known."""
    height, width = x_hw.shape
    nearest = np.clip([np.floor(row + 0.5), np.floor(col + 0.5)], 0, [height - 1, width - 1])
    if not (-0.5 <= row <= height - 0.5 and -0.5 <= col <= width - 0.5):
        return math.nan
    if math.isnan(x_hw[int(nearest[0]), int(nearest[1])]):
        return math.nan
    total = support = 0.0
    for r in (math.floor(row), math.floor(row) + 1):
        for c in (math.floor(col), math.floor(col) + 1):
            if 0 <= r < height and 0 <= c < width and not math.isnan(x_hw[r, c]):
                weight = (1 - abs(row - r)) * (1 - abs(col - c))
                total, support = total + weight * x_hw[r, c], support + weight
    return total / support


def slow_nearest(x_hw: np.ndarray, row: float, col: float, fill: float) -> float:
    height, width = x_hw.shape
    if not (-0.5 <= row <= height - 0.5 and -0.5 <= col <= width - 0.5):
        return fill
    return float(
        x_hw[
            int(np.clip(np.floor(row + 0.5), 0, height - 1)),
            int(np.clip(np.floor(col + 0.5), 0, width - 1)),
        ]
    )


@pytest.mark.parametrize("holes", ["none", "shared", "groups", "own", "all"])
def test_values_are_those_of_a_slow_loop(holes: str) -> None:
    """Whatever is missing: nothing, all bands together, in groups, each band for itself, or everything."""
    x, targets = batch(1, 14)
    if holes == "none":
        x, targets = x.nan_to_num(0.5), {k: v.nan_to_num(0.5) for k, v in targets.items()}
    if holes == "shared":
        x = x.nan_to_num(0.5).masked_fill(x[:, :1].isnan(), torch.nan)
    if holes == "groups":
        x[:, :5], x[:, 5:7] = x[:, 4:5].clone(), x[:, 5:6].clone()
        x[:, 7] = x[:, 7].nan_to_num(0.5)
    if holes == "all":
        x, targets["height"] = x * torch.nan, targets["height"] * torch.nan
    geometry = Geometry(1, -2, "rot90", 27.0, 1.3, SKEW)
    out = move(x, targets, ALL, [geometry], size=(11, 16))
    rows, cols = (places.double().numpy() for places in places(geometry, 11, 16, x.device))
    stretch = float(geometry_stretch(geometry, targets["direction"]))
    for name, moved, before, factor in [
        *((f"band {n}", out.image[0, n], x[0, n], 1.0) for n in range(8)),
        *((f"soft {n}", out.targets["soft"][0, n], targets["soft"][0, n], 1.0) for n in range(3)),
        ("height", out.targets["height"][0], targets["height"][0], 1.0),
        ("magnitude", out.targets["magnitude"][0], targets["magnitude"][0], stretch),
    ]:
        array = before.double().numpy()
        expected = np.array(
            [
                [slow_bilinear(array, *at) for at in zip(*line, strict=True)]
                for line in zip(rows, cols, strict=True)
            ]
        )
        np.testing.assert_allclose(moved, expected * factor, rtol=1e-4, atol=1e-5, err_msg=name)
    for name in ("mask", "layers"):
        planes = targets[name][0].reshape(-1, 14, 14)
        for moved, before in zip(out.targets[name][0].reshape(-1, 11, 16), planes, strict=True):
            array = before.numpy()
            expected = [
                [slow_nearest(array, *at, IGNORE) for at in zip(*line, strict=True)]
                for line in zip(rows, cols, strict=True)
            ]
            np.testing.assert_array_equal(moved, expected, err_msg=name)


def geometry_stretch(geometry: Geometry, direction_b2: Tensor) -> float:
    """How much longer one pixel along the direction becomes, by numpy."""
    forward = np.linalg.inv(np.array(geometry.linear))
    dx, dy = direction_b2[0].double().numpy()
    return float(np.linalg.norm(forward @ [dy, dx]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["own", "shared"]))
def test_an_unknown_reference_never_spreads_and_is_never_filled_in(seed: int, holes: str) -> None:
    """A height is known exactly where the nearest pixel of the reference is; around it nothing changes."""
    x, targets = batch(2, seed=seed)
    if holes == "shared":
        targets["height"] = targets["height"].masked_fill(targets["mask"] == IGNORE, torch.nan)
        targets["mask"][targets["height"].isnan()] = IGNORE
    known = ~targets["height"].isnan()
    marks = {**targets, "mask": torch.where(known, 1, IGNORE).to(torch.uint8)}
    out = geometric(x, marks, ALL, [seed, seed + 1], WILD, seed=1, epoch=0)
    assert torch.equal(out.targets["height"].isnan(), out.targets["mask"] == IGNORE)
    low, high = targets["height"][known].min(), targets["height"][known].max()
    values = out.targets["height"][~out.targets["height"].isnan()]
    assert ((values >= low - 1e-4) & (values <= high + 1e-4)).all()


@pytest.mark.parametrize("holes", ["none", "shared", "own"])
def test_other_devices_compute_the_same(holes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Band by band, as accelerators do it, gives what laying bands side by side gives."""
    x, targets = batch()
    if holes == "none":
        x = x.nan_to_num(0.5)
    if holes == "shared":
        x = x.nan_to_num(0.5).masked_fill(x[:, :1].isnan(), torch.nan)
    side_by_side = geometric(x, targets, ALL, range(4), WILD, seed=0, epoch=0)
    monkeypatch.setattr(resample, "_FEW", 100)
    plane_by_plane = geometric(x, targets, ALL, range(4), WILD, seed=0, epoch=0)
    torch.testing.assert_close(side_by_side.image, plane_by_plane.image, equal_nan=True)


@settings(max_examples=60, deadline=None)
@example("rot90", 0.0, 1.4, 0, 7, 0.4)
@given(
    st.sampled_from(ELEMENTS), st.floats(-180, 180), st.floats(0.5, 3), st.integers(-60, 60),
    st.integers(-60, 60), st.floats(-0.4, 0.4),
)  # fmt: skip
def test_looking_at_a_part_of_the_input_is_looking_at_the_whole(
    element: str, angle: float, zoom: float, row: int, col: int, skew: float
) -> None:
    """What is cut out first is all that is seen, even where the window leaves the input.

    Where a pixel is looked up half-way between two of the input, either may be the nearest: there the least push
    changes what is seen.
    """
    x, targets = batch(1, 40)

    def seen(down: float = 0.0, right: float = 0.0) -> tuple[torch.Tensor, ...]:
        shape = ((1.0, skew), (0.0, 1.1))
        geometry = Geometry(row + down, col + right, element, angle, zoom, shape)  # type: ignore[arg-type]
        out = move(x, targets, ALL, [geometry], size=(17, 12))
        return out.image, out.targets["height"], out.targets["mask"].float()

    parts = seen()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window, "_WORTH_TRIMMING", 0.0)
        wholes = seen()
        pushed = [seen(*push) for push in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3))]
    for part, whole, *others in zip(parts, wholes, *pushed, strict=True):
        half_way = torch.zeros_like(whole, dtype=torch.bool)
        for other in others:
            half_way |= ~torch.isclose(other, whole, rtol=2e-2, atol=2e-2, equal_nan=True)
        differs = ~torch.isclose(part, whole, rtol=1e-3, atol=1e-3, equal_nan=True)
        assert not (differs & ~half_way).any()
        assert differs.float().mean() < 0.05


def test_pixels_of_large_images_are_counted_exactly() -> None:
    """Pixel numbers above 2^24 are not exact in float32."""
    side = 4200
    mask = (torch.arange(side) % 7).to(torch.uint8).expand(1, side, side)
    out = move(
        mask[:, None].float(), {"mask": mask}, ALL, [Geometry(side - 9, side - 9.25)], size=(8, 8)
    )  # fmt: skip
    assert torch.equal(out.targets["mask"], mask[:, -8:, -9:-1])
    expected = 0.25 * mask[:, -8:, -10:-2] + 0.75 * mask[:, -8:, -9:-1]
    torch.testing.assert_close(out.image[0], expected)


def test_plane_heights_stay_a_plane() -> None:
    """A sloping plane is read exactly between pixels, holes or not, and keeps its metres."""
    rows, cols = torch.meshgrid(torch.arange(40.0), torch.arange(40.0), indexing="ij")
    plane = 3 + 0.5 * rows - 0.2 * cols
    geometry = Geometry(3, -2, "transpose", 33.0, 1.7)
    out = move(
        torch.zeros(1, 1, 40, 40), {"height": plane[None]}, ALL, [geometry], size=(40, 40)
    )  # fmt: skip
    at_rows, at_cols = places(geometry, 40, 40, plane.device)
    inside = (at_rows >= 0) & (at_rows <= 39) & (at_cols >= 0) & (at_cols <= 39)
    expected = 3 + 0.5 * at_rows - 0.2 * at_cols
    torch.testing.assert_close(
        out.targets["height"][0][inside], expected[inside], rtol=0, atol=1e-4
    )
    assert inside.sum() > 600


# Two spots in a picture: what displacement and ground distance are is measured, not computed.

SIDE, HEIGHT_M, SCALE, GSD = 81, 20.0, 0.6, 0.5


def spot(row: float, col: float) -> Tensor:
    rows, cols = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    return torch.exp(-((rows - row) ** 2 + (cols - col) ** 2) / 8)


def found(spot_hw: Tensor) -> np.ndarray:
    """Return where a spot lies: its centre of mass (row, col)."""
    weight = (spot_hw.nan_to_num(0.0) - 0.05).clamp_min(0)
    axes = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    return np.array([float((weight * axis).sum() / weight.sum()) for axis in axes])


def pose_errors(geometry: Geometry, quantities: dict[str, Quantity]) -> dict[str, float]:
    """Move a picture of a mast's top, its foot and a bar on the ground; return how far each law is from it."""
    theta, foot = 0.7, np.array([44.0, 38.0])
    flow = HEIGHT_M * SCALE * np.array([np.cos(theta), np.sin(theta)])  # (row, col), top to foot
    bar = np.array([0.0, 10.0])  # 10 px of ground
    places_of = {"foot": foot, "top": foot - flow, "bar_a": foot - bar / 2, "bar_b": foot + bar / 2}
    image = torch.stack([spot(*place) for place in places_of.values()])[None]
    targets = {
        "magnitude": torch.full((1, SIDE, SIDE), HEIGHT_M * SCALE),
        "height": torch.full((1, SIDE, SIDE), HEIGHT_M),
        "direction": to_vector(torch.tensor([theta])),
        "scale": torch.tensor([SCALE]),
        "gsd": torch.tensor([GSD]),
    }
    out = move(image, targets, quantities, [geometry], size=(SIDE, SIDE))
    seen = {name: found(out.image[0, n]) for n, name in enumerate(places_of)}
    seen_flow = seen["foot"] - seen["top"]
    seen_length = float(np.linalg.norm(seen_flow))
    known = out.targets["height"][~out.targets["height"].isnan()]
    dx, dy = out.targets["direction"][0].tolist()
    middle_magnitude = float(out.targets["magnitude"][0, SIDE // 2, SIDE // 2])
    bar_px = float(np.linalg.norm(seen["bar_b"] - seen["bar_a"]))
    return {
        "height": float((known - HEIGHT_M).abs().max()) / HEIGHT_M,
        "magnitude": abs(middle_magnitude / seen_length - 1),
        "scale": abs(float(out.targets["scale"]) * HEIGHT_M / seen_length - 1),
        "direction": float(np.linalg.norm(seen_flow / seen_length - [dy, dx])),
        "gsd": abs(float(out.targets["gsd"]) * bar_px / (10 * GSD) - 1),
    }


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ELEMENTS), st.floats(-180, 180), st.floats(0.7, 1.6))
def test_laws_are_what_the_picture_shows(element: str, angle: float, zoom: float) -> None:
    geometry = Geometry(1, -2, element, angle, zoom)  # type: ignore[arg-type]
    for name, error in pose_errors(geometry, ALL).items():
        assert error < 0.02, name


@settings(max_examples=30, deadline=None)
@given(st.floats(-180, 180), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(0.8, 1.25))
def test_shears_and_unlike_zooms_are_what_the_picture_shows(
    angle: float, b: float, c: float, d: float
) -> None:
    errors = pose_errors(Geometry(0, 0, "flip_ud", angle, 1.0, ((1.0, b), (c, d))), ALL)
    for name in ("height", "magnitude", "scale", "direction"):
        assert errors[name] < 0.03, name


@dataclass(frozen=True)
class InvertedGsd(Gsd):
    """What published code does: multiplies by the zoom."""

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        return values * motion.zoom_b


@dataclass(frozen=True)
class InvertedScale(FlowScale):
    """What published code does: divides by the zoom."""

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        return values / motion.zoom_b


@dataclass(frozen=True)
class InvertedMagnitude(Magnitude):
    """What published code does: divides by the zoom."""

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        return values / motion.zoom_b[:, None, None]


@pytest.mark.parametrize("zoom", [0.8, 0.9, 1.1, 1.25])
def test_the_inverted_zoom_of_published_code_would_be_noticed(zoom: float) -> None:
    wrong = {
        **ALL,
        "gsd": InvertedGsd(),
        "scale": InvertedScale(),
        "magnitude": InvertedMagnitude(),
    }
    right, inverted = (pose_errors(Geometry(0, 0, zoom=zoom), laws) for laws in (ALL, wrong))
    for name in ("gsd", "scale", "magnitude"):
        assert right[name] < 0.01, name
        assert inverted[name] > 0.15, name


def test_drawn_zooms_move_gsd_and_scale_the_right_way() -> None:
    x, targets = batch(16)
    config = AugmentConfig(zoom=(0.5, 2.0), zoom_probability=1.0, rotate_deg=90)
    out = geometric(x, targets, ALL, range(16), config, seed=0, epoch=3)
    zooms = [draw_geometry(config, 32, 32, seed=0, epoch=3, number=n).zoom for n in range(16)]
    torch.testing.assert_close(out.targets["gsd"] * torch.tensor(zooms), targets["gsd"])
    torch.testing.assert_close(out.targets["scale"], targets["scale"] * torch.tensor(zooms))
    torch.testing.assert_close(out.motion.zoom_b, torch.tensor(zooms))


def test_motion_is_the_inverse_of_what_resampling_uses() -> None:
    x, targets = batch(8)
    out = geometric(x, targets, ALL, range(8), WILD, seed=0, epoch=0)
    drawn = [draw_geometry(WILD, 32, 32, seed=0, epoch=0, number=n) for n in range(8)]
    for forward, geometry in zip(out.motion.forward_b22, drawn, strict=True):
        np.testing.assert_allclose(
            forward.numpy() @ np.array(geometry.linear), np.eye(2), atol=1e-6
        )
    assert any(not bool(similar) for similar in out.motion.is_similar_b)


@pytest.mark.parametrize("seed", range(8))
def test_labels_on_grids_of_their_own_keep_their_values_and_their_places(seed: int) -> None:
    """A spot drawn where a label pixel lies is found in the moved image where the moved grid says."""
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0, 2 * np.pi)
    linear = 8 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    pixel = rng.uniform(-1.5, 1.5, 2)
    place = rng.uniform(30, 50, 2)
    grid = torch.from_numpy(np.column_stack([linear, place - linear @ pixel]))[None]
    label = torch.rand(1, 5, 7)
    geometry = Geometry(
        int(rng.integers(-4, 4)), int(rng.integers(-4, 4)), ELEMENTS[seed], float(rng.uniform(-90, 90)),
        float(rng.uniform(0.7, 1.4)), ((1.0, float(rng.uniform(-0.2, 0.2))), (0.0, 1.0)),
    )  # fmt: skip
    out = move(
        spot(*place)[None, None], {"height": label}, ALL, [geometry], size=(SIDE, SIDE), grids={"height": grid}
    )  # fmt: skip
    assert torch.equal(out.targets["height"], label)
    moved = out.grids["height"][0].numpy()
    np.testing.assert_allclose(moved[:, :2] @ pixel + moved[:, 2], found(out.image[0, 0]), atol=0.1)
    rows, cols = places(geometry, SIDE, SIDE, label.device)
    for at in rng.integers(0, SIDE, (5, 2)):  # and back by the map that resampling uses
        back = np.linalg.solve(moved[:, :2], at - moved[:, 2])
        source = linear @ back + grid[0, :, 2].numpy()
        np.testing.assert_allclose(source, [rows[*at], cols[*at]], atol=1e-3)


def test_exact_moves_carry_grids_exactly() -> None:
    grid = torch.tensor([[[10.0, 0, 4.5], [0, 10, 4.5]]])
    x = torch.zeros(1, 1, 40, 40)
    out = move(
        x, {"height": torch.rand(1, 4, 4)}, ALL, [Geometry(0, 10, "rot90")], size=(20, 20), grids={"height": grid}
    )  # fmt: skip
    expected = torch.tensor(
        [[[0.0, -10, 24.5], [10, 0, 4.5]]]
    )  # row' = 19 - (col - 10), col' = row
    assert torch.equal(out.grids["height"], expected)


def test_values_on_grids_of_their_own_still_follow_their_law() -> None:
    grid = torch.eye(2, 3).expand(1, 2, 3) * 8
    out = move(
        torch.zeros(1, 1, 32, 32), {"magnitude": torch.ones(1, 4, 4)}, ALL, [Geometry(0, 0, zoom=1.5)],
        size=(32, 32), grids={"magnitude": grid},
    )  # fmt: skip
    torch.testing.assert_close(out.targets["magnitude"], torch.full((1, 4, 4), 1.5))


def test_soft_masks_stay_probabilities() -> None:
    x = batch(4)[0]
    soft = torch.rand(4, 3, 32, 32).softmax(1)
    out = geometric(x, {"soft": soft}, ALL, range(4), WILD, seed=0, epoch=0).targets["soft"]
    total = out.sum(1)
    torch.testing.assert_close(total[~total.isnan()], torch.ones(int((~total.isnan()).sum())))
    assert torch.equal(out[:, 0].isnan(), total.isnan())


def test_samples_do_not_depend_on_their_batch() -> None:
    x, targets = batch(6)
    x[2] = x[2].nan_to_num(0.5)
    together = geometric(x, targets, ALL, range(6), WILD, seed=3, epoch=2)
    for n in (4, 2, 0):
        one = {name: target[n : n + 1] for name, target in targets.items()}
        alone = geometric(x[n : n + 1], one, ALL, [n], WILD, seed=3, epoch=2)
        assert same(alone.image[0], together.image[n])
        for name in targets:
            assert same(alone.targets[name][0], together.targets[name][n]), name


def test_inputs_are_left_alone() -> None:
    x, targets = batch()
    grids = {"biomass": torch.eye(2, 3).expand(4, 2, 3) * 2}
    before = {
        name: value.clone() for name, value in {**targets, "x": x, "g": grids["biomass"]}.items()
    }
    geometric(x, targets, ALL, range(4), WILD, seed=0, epoch=0, grids=grids)
    for name, value in {**targets, "x": x, "g": grids["biomass"]}.items():
        assert same(value, before[name]), name


def test_magnitudes_need_a_direction_where_directions_are_stretched_unlike() -> None:
    x, targets = batch(1)
    skewed = [Geometry(0, 0, skew=SKEW)]
    for name in ("magnitude", "scale"):
        with pytest.raises(UsageError, match="expected a direction"):
            move(x, {name: targets[name]}, ALL, skewed, size=(32, 32))
        move(x, {name: targets[name]}, ALL, [Geometry(0, 0, zoom=1.5)], size=(32, 32))
    move(x, {"height": targets["height"]}, ALL, skewed, size=(32, 32))


def test_a_mirrored_border_is_refused_where_things_lean() -> None:
    x, targets = batch(1)
    with pytest.raises(UsageError, match="leans the other way"):
        move(x, targets, ALL, [Geometry(0, 0)], size=(32, 32), border="reflect")


def test_what_does_not_fit_is_refused() -> None:
    x, targets = batch(2)
    with pytest.raises(ValueError, match="image and height of one batch and size"):
        move(x, {"height": targets["height"][:, :30]}, ALL, [Geometry(0, 0)] * 2, size=(8, 8))
    with pytest.raises(ValueError, match="image and gsd of one batch"):
        move(x, {"gsd": targets["gsd"][:1]}, ALL, [Geometry(0, 0)] * 2, size=(8, 8))
    with pytest.raises(ValueError, match="a grid"):
        move(x, targets, ALL, [Geometry(0, 0)] * 2, size=(8, 8), grids={"height": torch.eye(2, 3)})
    with pytest.raises(ValueError, match="a grid"):
        move(x, {}, ALL, [Geometry(0, 0)] * 2, size=(8, 8), grids={"height": torch.zeros(2, 2, 3)})
