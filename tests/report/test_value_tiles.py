"""Pictures of values decode to the colours of their legend, blocks stay blocks, means are means."""

from __future__ import annotations

import base64
import io
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from landseer.report.pictures import Ramp
from landseer.report.value_tiles import (
    error_ramp,
    laid,
    pixel_words,
    ramp_mark,
    shrunk_values,
    value_picture,
    value_ramp,
    value_uri,
)

GREY = Ramp(("#000000", "#ffffff"), 0.0, 32.0, "m")


def decoded(uri: str) -> np.ndarray:
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_colours_are_those_of_the_ramp_in_even_steps() -> None:
    values = np.arange(33, dtype=np.float32).reshape(3, 11)
    picture = decoded(value_uri(values, GREY, 11))
    np.testing.assert_allclose(picture[..., 0], values / 32 * 255, atol=0.5)
    beyond = decoded(value_uri(np.array([[-5.0, 99.0]]), GREY, 2))
    assert beyond[0, :, 0].tolist() == [0, 255]


def test_what_is_not_known_is_hatched_and_colourless() -> None:
    values = np.full((40, 40), 16.0)
    values[:20] = np.nan
    hatched = decoded(value_uri(values, Ramp(("#ff0000", "#ff0000"), 0, 1), 40))
    assert (hatched[20:] == (255, 0, 0)).all()
    top = hatched[:20].reshape(-1, 3)
    assert len(np.unique(top, axis=0)) == 2
    assert (np.ptp(top, axis=1) == 0).all()


def test_large_rasters_are_averaged_over_what_is_known() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 9, (60, 40)).astype(np.float32)
    values[:7, :7] = np.nan
    values[20:40, 20:40] = np.nan
    small = shrunk_values(values, 3)
    blocks = values.reshape(3, 20, 2, 20).swapaxes(1, 2).reshape(6, -1)
    means = [
        block[np.isfinite(block)].mean() if np.isfinite(block).any() else np.nan for block in blocks
    ]
    np.testing.assert_allclose(small.ravel(), means, rtol=1e-4)
    assert np.isnan(small[1, 1])
    assert shrunk_values(values, 60).shape == (60, 40)


def test_a_painted_raster_has_the_size_of_the_display() -> None:
    picture = value_picture(np.array([[0.0, 32.0], [np.nan, 16.0]]), GREY, 9)
    assert picture.shape == (8, 8, 3)
    assert picture[0, 0, 0] == 0 and picture[0, 7, 0] == 1
    assert picture[7, 7, 0] == pytest.approx(0.5)
    assert 0.5 < picture[7, 0, 0] < 0.9


@pytest.mark.parametrize("side_px", [16, 32, 64, 100])
def test_a_coarse_raster_is_laid_as_blocks_in_its_place(side_px: int) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    grid = np.array([[8.0, 0, 3.5 + 4], [0, 8.0, 3.5 - 8]])
    shown = laid(values, grid, (32, 32), side_px)
    zoom = 32 / shown.shape[0]
    for row, col in np.ndindex(shown.shape):
        y, x = (row + 0.5) * zoom - 0.5, (col + 0.5) * zoom - 0.5
        own_row, own_col = round((y - 7.5) / 8 - 1e-9), round((x + 4.5) / 8 - 1e-9)
        inside = 0 <= own_row < 3 and 0 <= own_col < 4
        edge = min(abs((y - 7.5) / 8 % 1 - 0.5), abs((x + 4.5) / 8 % 1 - 0.5)) < 1e-6
        if edge:
            continue
        if inside:
            assert shown[row, col] == values[own_row, own_col]
        else:
            assert np.isnan(shown[row, col])
    assert set(np.unique(shown[np.isfinite(shown)])) <= set(values.ravel())


def test_a_turned_grid_is_laid_turned() -> None:
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    quarter = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 3.0]])
    np.testing.assert_array_equal(laid(values, quarter, (4, 4), 4), np.rot90(values, -1))


def test_rasters_of_the_image_s_own_pixels_stay_and_unknown_grids_are_unknown() -> None:
    values = np.ones((5, 5), np.float32)
    assert laid(values, None, (5, 5), 50).shape == (5, 5)
    assert np.isnan(laid(values, np.full((2, 3), np.nan), (5, 5), 50)).all()


def test_sizes_of_pixels_in_words() -> None:
    grid = np.array([[10.0, 0, 4.5], [0, 10.0, 4.5]])
    assert pixel_words(grid, 0.1) == "pixels of 1 m"
    assert pixel_words(grid, float("nan")) == "pixels of 10 image pixels"
    assert pixel_words(None, 0.1) == ""


def test_the_legend_has_the_ramp_s_ends_and_its_unit() -> None:
    mark = ramp_mark(error_ramp(6, "m"), "error")
    assert mark.ticks == ("−6", "0", "6 m")
    assert mark.colour.startswith("linear-gradient(90deg,#053061,") and mark.style == "scale"
    assert mark.colour.count("#") == 17


def test_heights_begin_at_zero_and_other_values_where_they_do() -> None:
    values = np.linspace(3, 9, 100)
    assert value_ramp("height", "m", [values]).low == 0
    other = value_ramp("dense_value", "t/ha", [values])
    assert 2 < other.low <= 3.1 and other.high >= 8.9 and other.unit == "t/ha"
    light = [sum(to_rgb(colour)) for colour in value_ramp("height", "m", [values]).colours]
    assert all(a >= b for a, b in pairwise(light))
