"""What the camera sees: against a slow cast of every ray, and against what a tower must look like."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from landseer.synth.builder import Builder
from landseer.synth.camera import View, look
from landseer.synth.frame import Box, Frame
from landseer.synth.occlusion import ground_truth
from landseer.synth.render import heights
from landseer.synth.roofs import Shell, gabled, hipped
from landseer.synth.scan import NOTHING, scan
from landseer.synth.solids import PASSING, World

REACH = 160.0
GREY = (0.3, 0.3, 0.3)


def ground() -> Builder:
    builder = Builder()
    around = Box(-REACH, -REACH, REACH, REACH)
    builder.ground(Frame(0.0, 0.0), around, "grass", GREY)
    return builder


def finish(builder: Builder) -> World:
    return builder.world((-REACH, REACH, -REACH, REACH))


def tower(high: float = 20.0, frame: Frame | None = None) -> World:
    builder = ground()
    builder.block(frame or Frame(0.0, 0.0), Box(-5, -5, 5, 5), (0.0, high), "plain", GREY)
    return finish(builder)


def cast_box(
    frame: Frame, box: Box, top: float, foot: NDArray[np.float64], lean: NDArray[np.float64]
) -> float:
    """Return the greatest height at which a line of sight is in a box, by clipping it."""
    cos, sin = frame.axis
    turn = np.array([[cos, sin], [-sin, cos]])
    start, step = turn @ (foot - [frame.south, frame.east]), turn @ lean
    low, high = 0.0, top
    for at, by, first, last in zip(start, step, (box.x0, box.y0), (box.x1, box.y1), strict=True):
        if by == 0.0:
            if not first <= at <= last:
                return 0.0
            continue
        ends = sorted(((first - at) / by, (last - at) / by))
        low, high = max(low, ends[0]), min(high, ends[1])
    return high if high >= low else 0.0


def cast_dome(
    centre: tuple[float, float, float],
    radius: tuple[float, float],
    foot: NDArray[np.float64],
    lean: NDArray[np.float64],
) -> float:
    """Return the greatest height at which a line of sight meets an ellipsoid, from the roots of its polynomial."""
    away = foot - np.array(centre[:2])
    level, upright = radius
    squares = [
        (lean @ lean) / level**2 + 1 / upright**2,
        2 * (away @ lean) / level**2 - 2 * centre[2] / upright**2,
        (away @ away) / level**2 + centre[2] ** 2 / upright**2 - 1,
    ]
    roots = np.roots(squares)
    real = roots[np.abs(roots.imag) < 1e-9].real
    return max(float(real.max()), 0.0) if len(real) else 0.0


@pytest.mark.parametrize("seed", range(4))
def test_heights_equal_those_of_a_slow_cast(seed: int) -> None:
    rng = np.random.default_rng(seed)
    builder, boxes, domes = ground(), [], []
    for _ in range(6):
        south, east, turn = rng.uniform((-12, -12, 0), (12, 12, 3))
        frame = Frame(south, east, turn)
        box, top = Box(-2, -3, *rng.uniform(1, 5, 2)), float(rng.uniform(2, 15))
        builder.block(frame, box, (0.0, top), "plain", GREY)
        boxes.append((frame, box, top))
        dome = (*rng.uniform(-12, 12, 2), rng.uniform(2, 9)), tuple(rng.uniform(1, 4, 2))
        builder.domes(dome[0], dome[1], "leaves", GREY)
        domes.append(dome)
    view = look(
        (0, 0), (31, 37), 0.9, off_nadir_deg=rng.uniform(0, 45), azimuth_deg=rng.uniform(0, 360)
    )
    view = view.moved(np.eye(2) + rng.normal(0, 0.3, (2, 2)), (29, 33))
    expected = np.zeros(view.size)
    for row, col in np.ndindex(view.size):
        foot = view.ground((row, col))
        tops = [cast_box(*box, foot, view.lean) for box in boxes]
        tops += [cast_dome(*dome, foot, view.lean) for dome in domes]
        expected[row, col] = max(tops)
    seen = heights(finish(builder), view)
    assert (expected > 0).mean() > 0.08
    np.testing.assert_allclose(seen, expected, atol=2e-5)


def test_a_roof_is_displaced_by_its_height() -> None:
    view = look((0, 0), (121, 121), 0.5, off_nadir_deg=30, azimuth_deg=120)
    seen = heights(tower(20.0), view)
    at = np.argwhere(seen == 20.0).mean(axis=0)
    flow = (
        20.0 * view.scale_px_per_m * np.array([math.cos(view.angle_rad), math.sin(view.angle_rad)])
    )
    np.testing.assert_allclose(at + flow, [60.0, 60.0], atol=0.6)
    assert view.scale_px_per_m == pytest.approx(math.tan(math.radians(30)) / 0.5)
    assert (seen == 20.0).sum() == pytest.approx(400, abs=25)


def test_tops_lean_away_from_the_satellite() -> None:
    north = look((0, 0), (9, 9), 0.5, off_nadir_deg=20, azimuth_deg=0)
    assert north.project((0.0, 0.0), 10.0)[0] > north.project((0.0, 0.0), 0.0)[0]
    east = look((0, 0), (9, 9), 0.5, off_nadir_deg=20, azimuth_deg=90)
    assert east.project((0.0, 0.0), 10.0)[1] < east.project((0.0, 0.0), 0.0)[1]
    assert east.angle_rad == pytest.approx(math.pi / 2)


def test_a_facade_rises_evenly_from_its_foot_to_the_roof() -> None:
    view = look((0, 0), (121, 121), 0.5, off_nadir_deg=30, azimuth_deg=90)
    row = heights(tower(20.0), view)[60]
    facade = row[(row > 0) & (row < 20)]
    assert len(facade) == pytest.approx(20 * view.scale_px_per_m, abs=1.5)
    np.testing.assert_allclose(np.diff(facade), -1 / view.scale_px_per_m, atol=1e-4)
    foot = np.flatnonzero(row)[-1]
    assert view.ground((60, foot))[1] == pytest.approx(5.0, abs=0.5)


def test_the_taller_of_two_hides_the_lower() -> None:
    builder = ground()
    builder.block(Frame(0, -8), Box(-5, -5, 5, 5), (0.0, 8.0), "plain", GREY)
    builder.block(Frame(0, 8), Box(-5, -5, 5, 5), (0.0, 40.0), "plain", GREY)
    view = look((0, 0), (81, 161), 0.5, off_nadir_deg=35, azimuth_deg=90)
    alone = heights(tower(8.0, Frame(0, -8)), view)
    both = heights(finish(builder), view)
    hidden = (alone == 8.0) & (both != 8.0)
    assert hidden.sum() > 100
    assert (both[hidden] > 8.0).all()


def test_ground_behind_a_tower_is_hidden() -> None:
    view = look((0, 0), (121, 121), 0.5, off_nadir_deg=30, azimuth_deg=90)
    truth = ground_truth(tower(20.0), view)
    behind = 60 - 10 - 10, 60 - 10
    assert truth.hidden[60, behind[0] : behind[1]].all()
    assert not truth.hidden[60, 75:].any()
    assert not truth.hidden[(truth.top_m == 20.0)].any()
    shadow_m2 = truth.hidden.sum() * 0.25
    assert shadow_m2 == pytest.approx(10 * 20 * math.tan(math.radians(30)), rel=0.08)


def test_ground_is_hidden_exactly_where_its_own_pixel_shows_something_higher() -> None:
    view = look((0, 0), (90, 90), 0.6, off_nadir_deg=25, azimuth_deg=200)
    world = tower(12.0)
    truth, seen = ground_truth(world, view), heights(world, view)
    flat = truth.top_m == 0
    np.testing.assert_array_equal(truth.hidden[flat], seen[flat] > 0.25)


def test_straight_down_nothing_is_hidden() -> None:
    view = look((0, 0), (60, 60), 0.7)
    truth = ground_truth(tower(), view)
    assert not truth.hidden.any() and not truth.outside.any()
    assert set(np.unique(heights(tower(), view))) == {0.0, 20.0}


@pytest.mark.parametrize("roof", [gabled, hipped])
def test_pitched_roofs_are_closed_and_reach_their_ridge(roof) -> None:  # type: ignore[no-untyped-def]
    builder = ground()
    shell = Shell(GREY, GREY)
    roof(builder, Frame(3, -4, 0.4), Box(-8, -5, 8, 5), (0.0, 6.0), 3.0, shell)
    world = finish(builder)
    seen = heights(world, look((0, 0), (201, 201), 0.2))
    inside = Frame(3, -4, 0.4).ground([(x, y) for x in range(-7, 8) for y in range(-4, 5)])
    at = np.rint(look((0, 0), (201, 201), 0.2).project(inside, 0.0)).astype(int)
    assert (seen[at[:, 0], at[:, 1]] > 5.5).all()
    assert seen.max() == pytest.approx(9.0, abs=0.15)
    for azimuth in range(0, 360, 45):
        oblique = look((0, 0), (161, 161), 0.25, off_nadir_deg=40, azimuth_deg=azimuth)
        number = scan(world, oblique).number
        normal = world.faces.normal[np.unique(number)]
        assert (normal @ [*oblique.lean, 1.0] > 0).all()


def test_there_is_nothing_beyond_the_ground() -> None:
    view = look((REACH, 0.0), (40, 40), 1.0, off_nadir_deg=10)
    seen = scan(tower(), view)
    rows = np.arange(40) * 1.0 - 19.5
    np.testing.assert_array_equal((seen.number == NOTHING).all(axis=1), rows > 0)
    assert np.isnan(heights(tower(), view)[seen.number == NOTHING]).all()


def test_later_paint_covers_earlier_paint() -> None:
    builder = ground()
    builder.ground(Frame(0, 0), Box(-3, -3, 3, 3), "worn", GREY)
    builder.ground(Frame(0, 0), Box(-1, -1, 1, 1), "plain", GREY)
    number = scan(finish(builder), look((0, 0), (41, 41), 0.25)).number
    assert (number[20, 20], number[20, 30], number[0, 0]) == (2, 1, 0)


def test_the_past_lacks_what_was_built_since_and_all_cars() -> None:
    builder = ground()
    for age, south in ((0.1, -20.0), (0.9, 20.0), (PASSING, 0.0)):
        with builder.aged(age):
            builder.block(Frame(south, 0), Box(-4, -4, 4, 4), (0.0, 5.0), "plain", GREY)
    world = finish(builder)
    view = View(((1.0, 0.0), (0.0, 1.0)), (30.0, 30.0), (0.0, 0.0), (61, 61))
    tall = [(heights(world.before(share), view) > 0).sum() // 60 for share in (0.0, 0.5, 1.0)]
    assert tall == [4, 1, 0]
