"""What maps of an image do to each quantity: group laws, physics, a rendering; published mistakes must show."""

from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from torch import Tensor

from landseer.augment.affine import Geometry
from landseer.augment.warp import move
from landseer.errors import UsageError
from landseer.models.config import ModelConfig
from landseer.models.outputs import make_quantity
from landseer.models.targets import EXTENTS, QuantityName, TargetSpec
from landseer.quantities import (
    QUANTITIES,
    Direction,
    FlowScale,
    Gsd,
    Height,
    Magnitude,
    Motion,
    Quantity,
    d4,
)
from landseer.quantities.direction import to_angle, to_vector

from .samples import (
    ALL,
    BATCH,
    SEEDS,
    affine,
    directions,
    drawn,
    similarity,
    targets_of,
    values_of,
)

MAPS = {"similarity": similarity, "affine": affine}


def test_every_quantity_is_here_and_has_the_extent_and_the_name_that_recipes_know():
    assert ALL.keys() == QUANTITIES.keys() == EXTENTS.keys() == set(get_args(QuantityName))
    config = ModelConfig(encoder="resnet18", weights="none")
    for name, quantity in ALL.items():
        assert type(quantity) is QUANTITIES[name] and quantity.kind == name
        assert quantity.extent == EXTENTS[name]
        assert isinstance(quantity, Quantity)
        layers = ("a", "b") if name in ("presence", "multi_label") else ()
        made = make_quantity(TargetSpec(quantity=name, layers=layers), 3, config)
        assert type(made) is type(quantity) and made.extent == quantity.extent
        assert made.n_outputs == {"soft_mask": 3}.get(name, quantity.n_outputs)


@pytest.mark.parametrize("element", d4.ELEMENTS)
def test_an_element_moves_a_pixel_to_where_its_matrix_says(element):
    matrix = Motion.element(element).forward_b22[0]
    for row in range(5):
        for col in range(5):
            image = torch.zeros(5, 5)
            image[row, col] = 1
            (seen,) = d4.apply(element, image).nonzero()
            expected = matrix @ torch.tensor([row - 2.0, col - 2.0])
            torch.testing.assert_close(seen - 2.0, expected)


@pytest.mark.parametrize("element", d4.ELEMENTS)
@pytest.mark.parametrize("name", ALL)
def test_an_element_is_the_affine_map_of_its_matrix(name, element):
    quantity = ALL[name]
    for values in (values_of(quantity), targets_of(quantity)):
        placed = d4.apply(element, values) if quantity.extent == "dense" else values
        by_matrix = quantity.moved(placed, Motion.element(element, BATCH), directions(1))
        torch.testing.assert_close(quantity.transform(values, element), by_matrix)


@pytest.mark.parametrize("first", d4.ELEMENTS)
@pytest.mark.parametrize("name", ALL)
def test_elements_compose_and_are_undone(name, first):
    quantity, values = ALL[name], values_of(ALL[name])
    for then in d4.ELEMENTS:
        twice = quantity.transform(quantity.transform(values, first), then)
        torch.testing.assert_close(twice, quantity.transform(values, d4.compose(first, then)))
    back = quantity.transform(quantity.transform(values, first), d4.inverse(first))
    torch.testing.assert_close(back, values)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("name", ALL)
def test_one_map_after_another_is_the_one_map_of_both(name, kind, seed):
    quantity, first, then = ALL[name], MAPS[kind](seed), MAPS[kind](seed + 50)
    direction = directions(seed, 3.0)
    for values in (values_of(quantity), targets_of(quantity)):
        twice = quantity.moved(
            quantity.moved(values, first, direction), then, first.vectors(direction)
        )
        once = quantity.moved(values, first.then(then), direction)
        torch.testing.assert_close(twice, once, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("name", ALL)
def test_a_map_is_undone_by_its_inverse(name, kind, seed):
    quantity, motion, direction = ALL[name], MAPS[kind](seed), directions(seed)
    values = values_of(quantity)
    there = quantity.moved(values, motion, direction)
    back = quantity.moved(there, motion.inverse, motion.vectors(direction))
    torch.testing.assert_close(back, values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MAPS)
def test_flow_moves_as_a_vector(kind, seed):
    """Magnitude and direction together are the step from roof to ground, which the map carries as any step."""
    motion, direction, magnitude = MAPS[kind](seed), directions(seed), values_of(Magnitude())
    flow = magnitude * direction[:, :, None, None]
    moved = Magnitude().moved(magnitude, motion, direction)
    moved = moved * Direction().moved(direction, motion)[:, :, None, None]
    for row in range(3):
        for col in range(4):
            dx, dy = flow[:, :, row, col].T
            offset = torch.stack([dy, dx], 1)[:, :, None]
            expected = (motion.forward_b22 @ offset)[:, :, 0].flip(1)
            torch.testing.assert_close(moved[:, :, row, col], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MAPS)
def test_magnitude_is_height_times_scale_before_and_after(kind, seed):
    motion, direction = MAPS[kind](seed), directions(seed)
    height, scale = targets_of(Height(), seed), targets_of(FlowScale(), seed + 1)
    magnitude = Magnitude().moved(height * scale[:, None, None], motion, direction)
    moved = FlowScale().moved(scale, motion, direction)[:, None, None]
    torch.testing.assert_close(Height().moved(height, motion, direction) * moved, magnitude)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_world_is_does_not_depend_on_the_zoom(seed):
    motion = similarity(seed)
    gsd, scale = targets_of(Gsd(), seed), targets_of(FlowScale(), seed + 1)
    seen_gsd, seen_scale = Gsd().moved(gsd, motion), FlowScale().moved(scale, motion)
    torch.testing.assert_close(seen_gsd * motion.zoom_b, gsd)
    # px/m of height times m/px of ground is the tangent of the off-nadir angle
    torch.testing.assert_close(seen_gsd * seen_scale, gsd * scale)
    assert ((seen_scale > scale) == (motion.zoom_b > 1)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_gsd_follows_the_area_of_any_map(seed):
    motion, gsd = affine(seed), targets_of(Gsd())
    corners = torch.tensor([[0.0, 0.0], [0, 1], [1, 1], [1, 0]])
    for sample in range(BATCH):
        y, x = (corners @ motion.forward_b22[sample].T).T
        area = (
            0.5 * (x * y.roll(-1) - x.roll(-1) * y).sum().abs()
        )  # of the parallelogram, by shoelaces
        ground = gsd[sample] ** 2 / area
        torch.testing.assert_close(Gsd().moved(gsd, motion)[sample] ** 2, ground)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("length", [1.0, 0.01, 7.0])
def test_directions_keep_their_length(kind, seed, length):
    moved = Direction().moved(directions(seed, length), MAPS[kind](seed))
    torch.testing.assert_close(moved.norm(dim=1), torch.full((BATCH,), length))


def test_a_direction_of_no_length_stays_so_and_an_unknown_one_unknown():
    given = torch.tensor([[0.0, 0.0], [torch.nan, torch.nan], [0.0, 1.0], [1.0, 0.0], [0.6, 0.8]])
    moved = Direction().moved(given, affine(0))
    assert moved[0].tolist() == [0, 0]
    assert moved.isnan().any(1).tolist() == [False, True, False, False, False]


ANGLES = {
    "identity": lambda a: a,
    "rot90": lambda a: a + math.pi / 2,
    "rot180": lambda a: a + math.pi,
    "rot270": lambda a: a - math.pi / 2,
    "flip_lr": lambda a: -a,
    "flip_ud": lambda a: math.pi - a,
    "transpose": lambda a: math.pi / 2 - a,
    "antitranspose": lambda a: -math.pi / 2 - a,
}


@pytest.mark.parametrize("element", d4.ELEMENTS)
def test_angles_turn_as_the_definitions_of_geocentric_pose_say(element):
    angle = torch.linspace(0, 2 * math.pi, 9)[:-1] + 0.1
    seen = to_angle(Direction().transform(to_vector(angle), element))
    assert ((seen >= 0) & (seen < 2 * math.pi)).all()
    expected = torch.remainder(ANGLES[element](angle), 2 * math.pi)
    torch.testing.assert_close(seen, expected, atol=1e-5, rtol=0)


def test_zero_is_down_and_a_quarter_is_right():
    vectors = to_vector(torch.tensor([0.0, math.pi / 2, math.pi]))
    torch.testing.assert_close(
        vectors, torch.tensor([[0.0, 1], [1, 0], [0, -1]]), atol=1e-6, rtol=0
    )
    torch.testing.assert_close(to_angle(vectors), torch.tensor([0.0, math.pi / 2, math.pi]))


GEOMETRIES = (
    *(Geometry(0, 0, element) for element in d4.ELEMENTS),
    Geometry(0, 0, angle_deg=25, zoom=1.4),
    Geometry(0, 0, "transpose", angle_deg=-70, zoom=0.7),
    Geometry(2.25, -1.5, "rot90", skew=((1.0, 0.3), (0.0, 1.0))),
    Geometry(0, 0, "flip_lr", angle_deg=10, zoom=1.2, skew=((1.25, 0.2), (-0.1, 0.8))),
)


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_a_rendering_moves_as_the_laws_say(geometry):
    """A roof and its place on the ground are drawn, moved, and found again."""
    size, roof, flow = 65, torch.tensor([27.0, 35.0]), torch.tensor([6.0, -4.0])  # (row, col)
    image = torch.stack([_spot(roof, size), _spot(roof + flow, size)])[None]
    length, direction = flow.norm()[None], (flow / flow.norm()).flip(0)[None]
    targets = {"scale": length / 10, "angle": direction, "gsd": torch.tensor([0.5])}
    targets["height"] = torch.full((1, size, size), 10.0)
    targets["magnitude"] = targets["height"] * targets["scale"]
    laws = {"scale": FlowScale(), "angle": Direction(), "gsd": Gsd(), "height": Height()}
    laws["magnitude"] = Magnitude()
    moved = move(image, targets, laws, [geometry], size=(size, size))
    ends = [_centre(plane.nan_to_num(0.0)) for plane in moved.image[0]]
    seen = (ends[1] - ends[0]).flip(0)
    middle = moved.targets["height"][0, size // 2, size // 2]
    predicted = middle * moved.targets["scale"][0] * moved.targets["angle"][0]
    torch.testing.assert_close(predicted, seen, atol=0.02, rtol=0.01)
    torch.testing.assert_close(
        moved.targets["magnitude"][0, size // 2, size // 2], seen.norm(), atol=0.02, rtol=0.01
    )
    # the spot covers as much ground as before
    area = moved.image[0, 0].nansum() / image[0, 0].sum()
    torch.testing.assert_close(
        moved.targets["gsd"][0] ** 2 * area, torch.tensor(0.25), rtol=0.02, atol=0
    )


def _spot(place: Tensor, size: int) -> Tensor:
    """Draw a round spot."""
    grid = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij"), -1)
    return torch.exp(-((grid - place) ** 2).sum(-1) / (2 * 2.5**2))


def _centre(plane: Tensor) -> Tensor:
    """Return the centre of gravity, (row, col)."""
    rows, cols = torch.arange(float(plane.shape[0])), torch.arange(float(plane.shape[1]))
    return torch.stack([(plane.sum(1) * rows).sum(), (plane.sum(0) * cols).sum()]) / plane.sum()


class InvertedScale(FlowScale):
    """The published zoom: vflow_scale / scale."""

    def moved(self, values, motion, direction_b2=None):
        return values / motion.stretch_b(direction_b2)


class InvertedGsd(Gsd):
    """The published zoom: gsd * scale."""

    def moved(self, values, motion, direction_b2=None):
        return values * motion.zoom_b


def test_the_published_zooms_contradict_the_rendering(monkeypatch):
    monkeypatch.setitem(globals(), "FlowScale", InvertedScale)
    with pytest.raises(AssertionError):
        test_a_rendering_moves_as_the_laws_say(Geometry(0, 0, zoom=1.4))
    with pytest.raises(AssertionError):
        test_magnitude_is_height_times_scale_before_and_after("similarity", 0)
    monkeypatch.undo()
    monkeypatch.setitem(globals(), "Gsd", InvertedGsd)
    with pytest.raises(AssertionError):
        test_a_rendering_moves_as_the_laws_say(Geometry(0, 0, zoom=1.4))
    monkeypatch.undo()
    # both mistakes together keep the tangent of the off-nadir angle: only the other laws see them
    monkeypatch.setitem(globals(), "Gsd", InvertedGsd)
    monkeypatch.setitem(globals(), "FlowScale", InvertedScale)
    with pytest.raises(AssertionError):
        test_what_the_world_is_does_not_depend_on_the_zoom(0)


def test_the_published_signs_of_the_vertical_flip_contradict_the_rendering(monkeypatch):
    class WrongFlip(Direction):
        def moved(self, values, motion, direction_b2=None):
            wrong = torch.tensor([-1.0, 1.0])  # published for flip_ud; right for flip_lr
            return values * wrong

        def transform(self, values, element):
            return self.moved(values, Motion.element(element))

    monkeypatch.setitem(globals(), "Direction", WrongFlip)
    test_a_rendering_moves_as_the_laws_say(Geometry(0, 0, "flip_lr"))
    with pytest.raises(AssertionError):
        test_a_rendering_moves_as_the_laws_say(Geometry(0, 0, "flip_ud"))
    with pytest.raises(AssertionError):
        test_angles_turn_as_the_definitions_of_geocentric_pose_say("flip_ud")


@pytest.mark.parametrize("flip", ["flip_lr", "flip_ud"])
@pytest.mark.parametrize("name", ["height", "direction", "mask"])
def test_undoing_a_flip_and_a_transpose_in_the_order_in_which_they_were_done_is_wrong(name, flip):
    quantity, values = ALL[name], values_of(ALL[name], size=(4, 4))
    view = quantity.transform(quantity.transform(values, flip), "transpose")
    wrong = quantity.transform(quantity.transform(view, flip), "transpose")
    right = quantity.transform(quantity.transform(view, "transpose"), flip)
    torch.testing.assert_close(right, values)
    assert not torch.allclose(wrong, values)
    torch.testing.assert_close(wrong, quantity.transform(values, "rot180"))


def test_zooms_of_nothing_but_the_image_leave_the_world_alone():
    for name in (
        "mask",
        "multi_label",
        "soft_mask",
        "presence",
        "height",
        "dense_value",
        "image_value",
    ):
        values = values_of(ALL[name])
        assert torch.equal(ALL[name].moved(values, affine(1)), values), name
    zoomed = Motion.zoomed(2.0, BATCH)
    for name, factor in (("magnitude", 2), ("flow_scale", 2), ("gsd", 0.5), ("direction", 1)):
        values = values_of(ALL[name])
        torch.testing.assert_close(ALL[name].moved(values, zoomed), factor * values)


@pytest.mark.parametrize("name", ["magnitude", "flow_scale"])
def test_what_stretches_needs_a_direction_only_where_directions_differ(name):
    quantity, values = ALL[name], values_of(ALL[name])
    torch.testing.assert_close(
        quantity.moved(values, similarity(0)), quantity.moved(values, similarity(0), directions(0))
    )
    with pytest.raises(UsageError, match="expected a direction"):
        quantity.moved(values, affine(0))
    unknown = directions(0)
    unknown[1] = torch.nan
    lost = quantity.moved(values, affine(0), unknown).flatten(1).isnan().all(1)
    assert lost.tolist() == [False, True, False, False, False]
    assert not quantity.moved(values, similarity(0), unknown).isnan().any()


def test_a_sheared_scale_is_stretched_as_far_as_its_direction_is():
    shear = Motion(torch.tensor([[1.0, 0.0], [0.5, 1.0]]).expand(2, 2, 2))  # rows push columns
    down, right = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    seen = FlowScale().moved(torch.ones(2), shear, torch.stack([down, right]))
    torch.testing.assert_close(seen, torch.tensor([math.hypot(1, 0.5), 1.0]))
    seen = Direction().moved(torch.stack([down, right]), shear)
    tilted = torch.tensor([0.5, 1.0]) / math.hypot(1, 0.5)
    torch.testing.assert_close(seen, torch.stack([tilted, right]))


@pytest.mark.parametrize("seed", SEEDS)
def test_motions_know_their_zoom_their_likeness_and_their_inverse(seed):
    motion, other = similarity(seed), affine(seed)
    assert motion.is_similar_b.all() and not other.is_similar_b.any()
    step = torch.randn(BATCH, 2, generator=drawn(seed))
    torch.testing.assert_close(motion.vectors(step).norm(dim=1), motion.zoom_b * step.norm(dim=1))
    torch.testing.assert_close(
        other.inverse.vectors(other.vectors(step)), step, rtol=1e-4, atol=1e-4
    )
    both = motion.then(other)
    torch.testing.assert_close(
        both.vectors(step), other.vectors(motion.vectors(step)), rtol=1e-4, atol=1e-4
    )
    assert len(both) == BATCH
    linears = [tuple(map(tuple, m.tolist())) for m in torch.linalg.inv(other.forward_b22)]
    torch.testing.assert_close(
        Motion.backward(linears).forward_b22, other.forward_b22, rtol=1e-3, atol=1e-3
    )
