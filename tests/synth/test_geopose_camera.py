"""A moved view is the view of the moved picture: the judge of all laws of geometry, judged itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from landseer.core.seeds import generator
from landseer.synth.builder import Builder
from landseer.synth.camera import View, look
from landseer.synth.city import build_city
from landseer.synth.frame import Box, Frame
from landseer.synth.render import heights, render
from landseer.synth.solids import World
from landseer.synth.styles import STYLES

ELEMENTS: dict[str, tuple[NDArray[np.float64], Callable[[NDArray[Any]], NDArray[Any]]]] = {
    "identity": (np.eye(2), lambda a: a),
    "rot90": (np.array([[0.0, -1.0], [1.0, 0.0]]), lambda a: np.rot90(a)),
    "rot180": (-np.eye(2), lambda a: np.rot90(a, 2)),
    "rot270": (np.array([[0.0, 1.0], [-1.0, 0.0]]), lambda a: np.rot90(a, 3)),
    "fliplr": (np.diag([1.0, -1.0]), np.fliplr),
    "flipud": (np.diag([-1.0, 1.0]), np.flipud),
    "transpose": (np.array([[0.0, 1.0], [1.0, 0.0]]), np.transpose),
    "antitranspose": (np.array([[0.0, -1.0], [-1.0, 0.0]]), lambda a: np.rot90(np.transpose(a), 2)),
}
"""Element -> the map of offsets (row, col) from the middle, and numpy's own action on an array."""


def where(
    action: Callable[..., Any], size: tuple[int, int], pixel: tuple[int, int]
) -> NDArray[np.int64]:
    """Return where an action on arrays takes a pixel."""
    marked = np.zeros(size)
    marked[pixel] = 1
    return np.argwhere(action(marked))[0]


@pytest.fixture(scope="module")
def city() -> World:
    return build_city(STYLES["ATL"], 75.0, generator(3, "test"))


@pytest.fixture(scope="module")
def view() -> View:
    return look((1.3, -2.7), (88, 104), 0.71, off_nadir_deg=27, azimuth_deg=68)


@pytest.mark.parametrize("name", ELEMENTS)
def test_the_table_of_elements_is_right(name: str) -> None:
    forward, action = ELEMENTS[name]
    size = (5, 9)
    new = action(np.zeros(size)).shape
    for pixel in [(0, 0), (1, 7), (4, 3)]:
        offset = forward @ (np.array(pixel) - [2, 4])
        np.testing.assert_array_equal(where(action, size, pixel), offset + (np.array(new) - 1) / 2)


@pytest.mark.parametrize("name", ELEMENTS)
def test_a_moved_view_renders_the_moved_picture(name: str, city: World, view: View) -> None:
    forward, action = ELEMENTS[name]
    before = render(city, view)
    size = action(before.agl_m).shape
    after = render(city, view.moved(forward, size))
    np.testing.assert_array_equal(after.surface, action(before.surface))
    np.testing.assert_allclose(after.agl_m, action(before.agl_m), atol=3e-6)
    for band, moved in zip(before.radiance, after.radiance, strict=True):
        differs = np.abs(moved - action(band)) > 1e-4
        assert differs.mean() < 2e-4
    assert before.image.std() > 20


@pytest.mark.parametrize("seed", range(5))
def test_an_affine_move_takes_every_point_along(seed: int, view: View) -> None:
    rng = np.random.default_rng(seed)
    forward, size = np.eye(2) + rng.normal(0, 0.5, (2, 2)), (61, 203)
    moved = view.moved(forward, size)
    places, up = rng.uniform(-50, 50, (20, 2)), rng.uniform(0, 90, 20)
    middle = (np.array(view.size) - 1) / 2
    expected = (view.project(places, up) - middle) @ forward.T + (np.array(size) - 1) / 2
    np.testing.assert_allclose(moved.project(places, up), expected, atol=1e-9)
    assert moved.gsd_m == pytest.approx(view.gsd_m / math.sqrt(abs(np.linalg.det(forward))))


def test_the_tip_of_a_mast_stays_the_tip() -> None:
    builder = Builder()
    builder.ground(Frame(0, 0), Box(-80, -80, 80, 80), "grass", (0.1, 0.1, 0.1))
    builder.block(Frame(6, -9), Box(-0.6, -0.6, 0.6, 0.6), (0.0, 30.0), "plain", (0.5, 0.5, 0.5))
    world = builder.world((-80, 80, -80, 80))
    view = look((0, 0), (120, 120), 0.5, off_nadir_deg=25, azimuth_deg=310)
    forward = np.array([[0.9, -0.5], [0.4, 1.3]])
    moved = view.moved(forward, (150, 170))
    tips = [np.argwhere(heights(world, v) == 30.0).mean(axis=0) for v in (view, moved)]
    expected = forward @ (tips[0] - 59.5) + [74.5, 84.5]
    np.testing.assert_allclose(tips[1], expected, atol=1.0)
    foot = tips[1] + 30.0 * np.array(moved.flow_per_m)
    np.testing.assert_allclose(foot, moved.project((6.0, -9.0), 0.0), atol=1.0)


def test_a_quarter_turn_turns_the_angle_and_a_zoom_scales_the_scale(view: View) -> None:
    turned = view.moved(ELEMENTS["rot90"][0])
    assert turned.angle_rad == pytest.approx((view.angle_rad + math.pi / 2) % math.tau)
    mirrored = view.moved(np.diag([1.0, -1.0]))
    assert mirrored.angle_rad == pytest.approx(-view.angle_rad % math.tau)
    large = view.moved(np.eye(2) * 1.25)
    assert large.scale_px_per_m == pytest.approx(view.scale_px_per_m * 1.25)
    assert large.gsd_m == pytest.approx(view.gsd_m / 1.25)


def test_moves_compose(view: View) -> None:
    first, second = np.array([[1.1, 0.2], [-0.3, 0.9]]), np.array([[0.7, -0.4], [0.1, 1.2]])
    twice, once = (
        view.moved(first, (50, 60)).moved(second, (70, 40)),
        view.moved(second @ first, (70, 40)),
    )
    np.testing.assert_allclose(twice.linear, once.linear)
    np.testing.assert_allclose(twice.offset_px, once.offset_px)
    np.testing.assert_allclose(twice.flow_per_m, once.flow_per_m)


def test_ground_inverts_project(view: View) -> None:
    rng = np.random.default_rng(0)
    places, up = rng.uniform(-50, 50, (9, 2)), rng.uniform(0, 50, 9)
    np.testing.assert_allclose(view.ground(view.project(places, up), up), places, atol=1e-10)


def test_a_window_shows_what_the_whole_shows(city: World, view: View) -> None:
    whole = heights(city, view)
    part = heights(city, view.cut(20, 31, 40, 50))
    np.testing.assert_allclose(part, whole[20:60, 31:81], atol=3e-6)


def test_rectified_heights_stand_on_their_footprints(city: World, view: View) -> None:
    seen = heights(city, view)
    above = heights(city, view.straight_down())
    rows, cols = np.indices(seen.shape)
    down = np.rint(rows + seen * view.flow_per_m[0]).astype(int)
    right = np.rint(cols + seen * view.flow_per_m[1]).astype(int)
    inside = (down >= 0) & (down < seen.shape[0]) & (right >= 0) & (right < seen.shape[1])
    there = above[down[inside], right[inside]]
    assert (seen > 2).mean() > 0.1
    assert (there >= seen[inside] - 0.6).mean() > 0.9
