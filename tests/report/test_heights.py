"""Heights, errors and flow in pictures: colours say what they should, arrows point where the point stands."""

from __future__ import annotations

import math

import numpy as np
import pytest

from landseer.errors import GridError
from landseer.report.flow_arrows import COLOUR, draw_flow, high_points
from landseer.report.heights import (
    HEIGHT_COLOURS,
    error_limit,
    error_picture,
    height_limits,
    height_picture,
    height_ramp,
)
from landseer.track.pixels import hatch


def luminance(rgb):
    return np.asarray(rgb) @ (0.2126, 0.7152, 0.0722)


@pytest.fixture()
def town():
    """Heights with one block of 20 m and one of 5 m."""
    agl = np.zeros((60, 80), np.float32)
    agl[10:20, 10:20], agl[40:50, 50:70] = 20, 5
    return agl


def test_higher_is_darker_all_the_way():
    ramp = height_ramp(0, 100)
    shades = luminance(ramp.paint(np.linspace(0, 100, 500)[None])[0])
    assert (np.diff(shades) <= 1e-6).all() and shades[0] - shades[-1] > 0.7
    low, high = (luminance(ramp.paint(np.array([[0.0, top]]))[0]) for top in (4, 54))
    assert (low[0] - low[1]) > 0.15 * (high[0] - high[1]), "houses show beside towers"
    assert len(HEIGHT_COLOURS) == len(set(HEIGHT_COLOURS))


def test_heights_are_coloured_by_the_legend(town):
    flat = height_picture(town, shaded=False)
    assert (flat.ramp.low, flat.ramp.high, flat.ramp.unit) == (0.0, 20.0, "m")
    assert np.allclose(flat.picture, flat.ramp.paint(town)) and not flat.missing
    shaded = height_picture(town)
    inner = np.s_[12:18, 12:18]
    assert np.allclose(shaded.picture[inner], flat.picture[inner], atol=1e-6), "level roofs keep it"
    assert shaded.picture.min() >= 0 and shaded.picture.max() <= 1
    west, east = (luminance(shaded.picture[15, col]) for col in (10, 19))
    assert west > 1.2 * east, "lit from the west"


def test_unknown_heights_are_hatched(town):
    town[30:35] = np.nan
    shown = height_picture(town)
    assert shown.missing and np.allclose(shown.picture[30:35], hatch(town.shape)[30:35])
    nothing = height_picture(np.full((5, 5), np.nan))
    assert nothing.missing and np.allclose(nothing.picture, hatch((5, 5)))


def test_limits_are_round_and_common():
    low = np.linspace(0, 3.3, 1000).reshape(20, 50)
    assert height_limits(low) == (0.0, 3.5)
    assert height_limits(low, 10 * low, np.full((2, 2), np.nan)) == (0.0, 35.0)
    assert height_limits(np.zeros((2, 2))) == (0.0, 2.0) == height_limits()


def test_errors_are_blue_where_too_low_and_red_where_too_high(town):
    guess = town.copy()
    guess[15, 15], guess[45, 60], guess[0, 0] = 17, 8, np.nan
    shown = error_picture(town, guess, limit_m=4)
    low, right, high = shown.picture[15, 15], shown.picture[30, 30], shown.picture[45, 60]
    assert low[2] > low[0] + 0.3 and high[0] > high[2] + 0.3
    assert right.min() > 0.95 and (shown.ramp.low, shown.ramp.high) == (-4, 4)
    assert np.allclose(shown.picture[0, 0], hatch(town.shape)[0, 0]) and shown.missing
    with pytest.raises(GridError, match="one size"):
        error_picture(town, guess[1:])


def test_error_limits():
    truth = np.zeros((10, 100))
    assert error_limit([(truth, truth)]) == 1.0 == error_limit([])
    guess = truth.copy()
    guess[0] = -7.3
    assert error_limit([(truth, guess), (truth, truth * np.nan)]) == 8.0
    assert error_picture(truth, guess).ramp.high == 8.0


def yellow(image):
    """Return where the arrows' colour is, (row, col) of each pixel."""
    rgb = np.asarray(image, int)
    wanted = [int(COLOUR[i : i + 2], 16) for i in (1, 3, 5)]
    return np.argwhere(np.abs(rgb - wanted).sum(-1) < 60)


@pytest.mark.parametrize("degrees", [0, 40, 90, 180, 200, 310])
def test_an_arrow_goes_from_the_point_to_its_place(degrees):
    agl = np.zeros((200, 300), np.float32)
    agl[100, 150] = 40
    angle = math.radians(degrees)
    arrows = draw_flow(np.full((200, 300, 3), 0.5, np.float32), agl, 0.75, angle, side_px=300)
    assert arrows.points == ((100, 150),) and arrows.factor == 1 and arrows.words == "true length"
    found = yellow(arrows.image) - (100, 150)
    along = found @ (math.cos(angle), math.sin(angle))
    across = found @ (-math.sin(angle), math.cos(angle))
    assert -4 < along.min() < 0 and 27 < along.max() <= 31, "40 m at .75 px/m are 30 px"
    assert np.abs(across).max() < 6
    assert np.abs(across[np.abs(along) < 4]).max() < np.abs(across[along > 20]).max() + 1


def test_large_images_are_shrunk_and_short_arrows_lengthened():
    agl = np.zeros((1000, 2000), np.float32)
    agl[500, 1000] = 10
    arrows = draw_flow(np.zeros((1000, 2000, 3), np.float32), agl, 0.5, math.pi / 2, side_px=500)
    assert arrows.image.size == (500, 250)
    assert arrows.factor > 1 and f"{arrows.factor} times" in arrows.words
    cols = yellow(arrows.image)[:, 1]
    assert cols.max() - 250 == pytest.approx(10 * 0.5 / 4 * arrows.factor, abs=2)


def test_few_arrows_at_what_stands_out(town):
    town += np.random.default_rng(0).random(town.shape).astype(np.float32) * 2
    points = high_points(town, 8)
    assert points and all(town[point] >= 4 for point in points)
    assert town[points[0]] == town.max()
    apart = [math.dist(a, b) for i, a in enumerate(points) for b in points[:i]]
    assert min(apart) >= 5


def test_nothing_to_draw(town):
    picture = np.full((*town.shape, 3), 0.25, np.float32)
    for agl, scale, angle in (
        (town * 0, 1.0, 0.0),
        (town * np.nan, 1.0, 0.0),
        (town, math.nan, 0.0),
        (town, 1.0, math.nan),
        (town, 0.0, 0.0),
    ):
        arrows = draw_flow(picture, agl, scale, angle, side_px=160)
        assert arrows.points == () and not len(yellow(arrows.image))
        assert (np.asarray(arrows.image) == 64).all()
