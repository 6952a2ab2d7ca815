"""Composites show what they say: bands, colours about zero, flags by name and by bit, relief, labels in their place."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from scipy import ndimage

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.errors import BandError, DataError, FormulaError
from landseer.raster.write import write_raster
from landseer.report.canvas import Panel, Row, draw_sheet, png_bytes, to_image, with_bar
from landseer.report.composites import (
    Options,
    available,
    colour_bands,
    compose,
    natural_bands,
    read_variables,
)
from landseer.report.flag_colours import CLEAR, FLAGS
from landseer.report.overlay import CASINGS, casing, edges, with_label
from landseer.report.parts import Bar, Mark
from landseer.report.pictures import Ramp, nice_limits, nice_step
from landseer.report.relief import SEA, relief_picture, shade
from landseer.report.show import show_sample
from landseer.report.stretching import fit_stretch
from landseer.report.tiles import fitted, fitted_numbers
from landseer.track.pixels import stretch

BANDS = (
    Band("blue", 1, ("B",), nodata=-9),
    Band("green", 2, ("G",), nodata=-9),
    Band("red", 3, ("R",), nodata=-9),
    Band("nir", 4, ("N",), nodata=-9),
    Band("qa", 5, ("QA",), kind="quality"),
    Band("dem", 6, ("DEM",), kind="elevation", nodata=-9),
)
SIDE = 24


def rgb(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


@pytest.fixture()
def image() -> np.ndarray:
    rng = np.random.default_rng(1)
    array = rng.integers(100, 900, (6, SIDE, SIDE)).astype(np.int16)
    array[4] = 0
    array[4, :4], array[4, 4:6] = 0b100000, 0b1010
    array[5] = np.arange(SIDE)[None] * 10
    array[:4, 0, 0] = -9
    return array


@pytest.fixture()
def variables(image, tmp_path):
    write_raster(tmp_path / "a.tif", image)
    return read_variables(tmp_path / "a.tif", BANDS)


def test_the_first_stretch_is_that_of_a_single_picture(image):
    chw = image[:3].astype(np.float32)
    chw[:, 0, 0] = np.nan
    assert np.allclose(fit_stretch([chw])(chw), stretch(chw), atol=1e-6)


def test_one_stretch_keeps_differences_and_one_bright_day_spoils_none():
    rng = np.random.default_rng(0)
    days = [rng.normal(100, 10, (3, 30, 30)).astype(np.float32) for _ in range(5)]
    cloudy = np.full((3, 30, 30), 9000.0, np.float32) + days[0]
    with_cloud, without = fit_stretch([*days, cloudy]), fit_stretch(days)
    assert with_cloud.span == pytest.approx(without.span, rel=0.2)
    assert with_cloud(days[0] + 10).mean() > with_cloud(days[0]).mean()
    assert fit_stretch([]).span == 1.0


def test_composites_of_three_bands_take_the_right_ones(variables):
    assert [b.name for b in colour_bands(BANDS, "false")] == ["nir", "red", "green"]
    assert available(BANDS) == ("true", "false", "qa", "dem")
    shown = compose(variables, BANDS, "false")
    assert shown.title == "near infrared, red, green"
    expected = stretch(np.stack([variables[name] for name in ("nir", "red", "green")]))
    assert np.allclose(shown.picture, expected, atol=1e-6)
    with pytest.raises(BandError, match="S2 S1"):
        compose(variables, BANDS, "swir")
    with pytest.raises(FormulaError):
        compose(variables, BANDS, "NDWTF")


def test_data_without_true_colour_say_what_they_show():
    bands = (
        Band("vv", 1, kind="other"),
        Band("vh", 2, kind="other"),
        Band("d", 3, kind="elevation"),
    )
    chosen, title = natural_bands(bands)
    assert [b.name for b in chosen] == ["vv"] and title == "vv"


def test_an_index_diverges_about_zero(variables):
    shown = compose(variables, BANDS, "NDVI")
    ramp = shown.ramp
    assert ramp is not None and ramp.low == -ramp.high
    assert np.ptp(ramp.paint(np.array([[0.0]], np.float32))) < 0.05
    assert shown.missing and np.ptp(shown.picture[0, 0]) == 0
    ratio = compose(variables, BANDS, "nir / red")
    assert ratio.ramp is not None and ratio.ramp.low >= 0
    fixed = compose(variables, BANDS, "NDVI", Options(limits=(0.0, 1.0)))
    assert fixed.ramp is not None and (fixed.ramp.low, fixed.ramp.high) == (0.0, 1.0)
    truth = compose(variables, BANDS, "nir > red")
    assert [m.name for m in truth.marks] == ["true", "false"]


def test_flags_by_name_the_first_that_holds_wins(variables):
    flags = {"wet": "bit(qa, 5)", "any": "qa != 0", "other": "bit(nowhere, 1)"}
    shown = compose(variables, BANDS, "qa", Options(flags=flags))
    assert shown.picture[0, 5].tolist() == pytest.approx(rgb(FLAGS[0]), abs=1e-6)
    assert shown.picture[4, 5].tolist() == pytest.approx(rgb(FLAGS[1]), abs=1e-6)
    assert shown.picture[9, 5].tolist() == pytest.approx(rgb(CLEAR), abs=1e-6)
    assert [m.name for m in shown.marks] == ["wet 16.7%", "any 8.3%", "none of these 75.0%"]


def test_flags_by_value_name_their_bits(variables):
    shown = compose(variables, BANDS, "qa")
    assert [m.name for m in shown.marks] == [
        "0: no flag 75.0%", "10: bits 1, 3 8.3%", "32: bit 5 16.7%",
    ]  # fmt: skip


def test_relief_is_bright_towards_the_north_west():
    rows, cols = np.indices((30, 30)).astype(np.float32)
    north_west, south_east = shade(rows + cols, 30.0), shade(-rows - cols, 30.0)
    assert north_west[15, 15] > 1 > south_east[15, 15]
    assert np.allclose(shade(np.zeros((9, 9), np.float32), 30.0), 1)


def test_shading_is_that_of_scipys_sobel():
    height = np.random.default_rng(2).normal(0, 5, (12, 14)).astype(np.float32)
    east, south = ndimage.sobel(height, 1) / 8, ndimage.sobel(height, 0) / 8
    factor = np.tan(np.radians(35)) / np.quantile(np.hypot(east, south), 0.95)
    normal = np.stack([-east * factor, south * factor, np.ones_like(east)])
    sun = np.array([-0.5, 0.5, np.sqrt(0.5)])
    light = np.clip(np.tensordot(sun, normal / np.linalg.norm(normal, axis=0), 1), 0, 1)
    assert np.allclose(shade(height), 1 + 0.65 * (light - np.sqrt(0.5)), atol=1e-3)


def test_sea_and_missing_heights_are_told_apart():
    height = np.tile(np.linspace(-20, 100, 40, dtype=np.float32), (40, 1))
    height[:5] = np.nan
    shown = relief_picture(height, "dem", contours=False)
    assert shown.missing and shown.marks[0].colour == SEA
    assert shown.picture[20, 1, 2] > shown.picture[20, 1, 0]
    assert np.ptp(shown.picture[2, 20]) == 0


@given(st.floats(1e-6, 1e8), st.integers(2, 20))
def test_steps_are_round_and_about_as_many(span, about):
    step = nice_step(span, about)
    assert 0.4 * about <= span / step <= 2.6 * about
    assert f"{step:e}"[0] in "125"


@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e5))
def test_limits_hold_the_range(low, width):
    a, b = nice_limits(low, low + width)
    slack = 1e-6 * max(1, abs(low), width)
    assert a <= low + slack and low + width <= b + slack and b - a <= 1.5 * width + slack


@settings(max_examples=30)
@given(hnp.arrays(np.float32, (4, 5), elements=st.floats(-3, 3, width=32)))
def test_ramps_are_ordered_by_lightness_if_their_colours_are(values):
    ramp = Ramp(("#000000", "#808080", "#ffffff"), -1.0, 1.0)
    painted = ramp.paint(values)[..., 0]
    order = np.argsort(values, axis=None)
    assert (
        (np.diff(painted.ravel()[order]) >= -1e-6).all()
        and painted.min() >= 0
        and painted.max() <= 1
    )


def test_labels_lie_where_they_are_and_keep_their_colour():
    numbers = np.zeros((20, 20), np.uint8)
    numbers[5:10, 7:12] = 1
    numbers[15:, 15:] = 255
    picture = fitted(np.full((20, 20, 3), 0.5, np.float32), 80)
    drawn = with_label(picture, fitted_numbers(numbers, 80), ("#000000", "#ff0000"), opacity=0.5)
    assert drawn.shape == (80, 80, 3)
    assert drawn[20, 28].tolist() == [1, 0, 0]
    assert drawn[30, 38].tolist() == [0.75, 0.25, 0.25]
    assert drawn[10, 10].tolist() == [0.5, 0.5, 0.5]
    assert (drawn[19, 30] != 0.5).all()
    assert casing(("#ffff00",)) == CASINGS[0] and casing(("#2b2f8f",)) == CASINGS[1]


def test_the_border_of_a_picture_is_no_edge():
    numbers = np.full((9, 9), 254, np.uint8)
    numbers[:, :4] = 0
    edge, beside = edges(numbers)
    assert edge.sum() == 9 and edge[:, 3].all() and beside[:, 4].all() and beside.sum() == 9


def test_pictures_that_are_shrunk_and_labels_stay_aligned():
    assert fitted(np.zeros((70, 40, 3), np.float32), 35).shape[:2] == (35, 20)
    assert fitted_numbers(np.zeros((70, 40), np.uint8), 35).shape == (35, 20)


def test_a_sample_is_shown_with_its_facts(image, tmp_path):
    write_raster(tmp_path / "a.tif", image)
    write_raster(tmp_path / "l.tif", (image[:1] > 500).astype(np.uint8))
    row = pd.Series(
        {
            "sample": "a", "image": str(tmp_path / "a.tif"), "label": str(tmp_path / "l.tif"),
            "gsd_m": 10.0, "height": SIDE, "width": SIDE, "date": None, "fold": 2,
        }
    )  # fmt: skip
    classes = ClassTable(("land", "water"), (0, 1))
    shown = show_sample(row, BANDS, "true", "NDVI", "label", classes=classes, side_px=96)
    again = Image.open(io.BytesIO(shown._repr_png_()))
    assert again.format == "PNG" and again.size == shown.image.size
    assert shown.label == "sample a: true, NDVI, label"
    assert shown.image.width >= 3 * 96
    every = show_sample(row, BANDS, classes=classes, side_px=96)
    assert every.label == "sample a: true, false, qa, dem, label"
    assert shown.save(tmp_path / "a.png").stat().st_size > 1000
    with pytest.raises(DataError, match="label"):
        show_sample(row, BANDS, "label")


def test_sheets_wrap_and_hold_what_is_wider():
    panels = tuple(Panel(Image.new("RGB", (100, 50), "red"), ("a caption",)) for _ in range(5))
    sheet = draw_sheet(
        [Row(panels, "head")], title="t", marks=(Mark("hatch", "", "x"),), width_px=360
    )
    array = np.asarray(sheet)
    red = (array == (255, 0, 0)).all(axis=2)
    assert red.sum() == 5 * 100 * 50 and sheet.width <= 420 + 32
    wide = draw_sheet([Row((Panel(Image.new("RGB", (700, 9), "red")),))], width_px=300)
    assert wide.width == 732


def test_scale_bars_have_the_length_they_say():
    image = with_bar(Image.new("RGB", (200, 100), "#404040"), Bar(30.0, "1 km"))
    white = (np.asarray(image) == 255).all(axis=2)
    assert white.sum(axis=1).max() == 61
    plain = Image.new("RGB", (20, 10))
    assert with_bar(plain, None) is plain


def test_few_colours_keep_white():
    rng = np.random.default_rng(0)
    array = rng.integers(0, 250, (80, 80, 3), dtype=np.uint8)
    array[:20] = 255
    again = Image.open(io.BytesIO(png_bytes(Image.fromarray(array), few_colours=True)))
    assert (np.asarray(again.convert("RGB"))[:15] == 255).all() and again.mode == "P"
    assert to_image(np.ones((2, 3, 3), np.float32)).size == (3, 2)
