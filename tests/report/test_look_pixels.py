"""The sample of pixels: bounded, seeded, balanced over classes, and true to the whole by its weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from landseer.core.classes import IGNORE
from landseer.models.config import (
    KnownRange,
    MinMax,
    NoNormalise,
    PreprocessConfig,
    SampleRank,
    ZScore,
)
from landseer.models.normalise import KnownScaling, build_scaling
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster
from landseer.report.clipping import clip_of
from landseer.report.config import ReportConfig
from landseer.report.correlation import correlate
from landseer.report.histograms import spread_of
from landseer.report.look import Look
from landseer.report.pixel_sample import PixelSample, draw_pixels
from landseer.report.weighted import weighted_mean, weighted_quantiles, weighted_share
from landseer.samples.table import make_samples

from .look_data import BANDS, CLASSES, INPUTS, make_look, statistics

PER_IMAGE = {0: 31 * 31 - 16 - 144, 1: 16, 2: 144, IGNORE: 31}
"""Valid pixels of each class in every made-up tile: the first column is not valid."""


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    return make_look(tmp_path_factory.mktemp("look"))


def test_weights_add_up_to_the_valid_pixels_of_each_class(look: Look) -> None:
    pixels = look.pixels
    for number, count in PER_IMAGE.items():
        assert pixels.weight[pixels.classes == number].sum() == pytest.approx(6 * count)
    assert (pixels.classes == 1).sum() == 6 * 16
    assert 2900 <= len(pixels) <= 3100
    assert pixels.n_images == pixels.n_all_images == 6
    assert "all 6 images" in pixels.said()


def test_channels_are_those_of_the_statistics_with_nan_where_missing(look: Look) -> None:
    pixels = look.pixels
    assert pixels.channels == ("nir", "red", "NDVI", "twice", "flag")
    red, nir = pixels.column("red"), pixels.column("nir")
    known = np.isfinite(red)
    assert known.mean() > 0.99
    np.testing.assert_allclose(pixels.column("twice")[known], 2 * red[known])
    np.testing.assert_allclose(
        pixels.column("NDVI")[known], ((nir - red) / (nir + red))[known], rtol=1e-5
    )
    assert np.isnan(pixels.column("NDVI")[~known]).all()
    assert red[known].min() >= 100


def test_equal_seeds_draw_equal_pixels_by_any_number_of_workers(look: Look) -> None:
    def drawn(seed: int, workers: int) -> PixelSample:
        config = ReportConfig(pixels=1000)
        return draw_pixels(
            look.samples, BANDS, CLASSES, INPUTS, config=config, seed=seed, workers=workers
        )

    one, two, other = drawn(1, 1), drawn(1, 3), drawn(2, 1)
    np.testing.assert_array_equal(one.values, two.values)
    assert len(one) <= 1100
    assert not np.array_equal(one.values, other.values)


def test_only_images_that_train_are_read_and_no_more_than_asked_for(
    look: Look, tmp_path: Path
) -> None:
    frame = look.samples.copy()
    frame.loc[0, "excluded"] = "cloud"
    frame.loc[1, "holdout"] = True
    frame.loc[2, "label"] = None
    frame.loc[3, "side"] = "test"
    pixels = draw_pixels(frame, BANDS, CLASSES, INPUTS, workers=1)
    assert pixels.n_all_images == 2
    few = draw_pixels(
        look.samples, BANDS, CLASSES, INPUTS, config=ReportConfig(pixel_images=2), workers=1
    )
    assert (few.n_images, few.n_all_images) == (2, 6)
    assert "2 of 6 images" in few.said()
    unlabelled = draw_pixels(look.samples.assign(label=None), BANDS, CLASSES, INPUTS, workers=1)
    assert set(unlabelled.classes) == {IGNORE}


def test_large_images_are_read_in_rectangles(tmp_path: Path) -> None:
    image = np.arange(1500 * 40, dtype=np.int32).reshape(1, 1500, 40) % 30_000
    write_raster(tmp_path / "a.tif", np.repeat(image, 3, axis=0).astype(np.int16))
    record = {
        "sample": "a", "side": "train", "image": str(tmp_path / "a.tif"), "label": None, "height": 1500, "width": 40,
    }  # fmt: skip
    inputs = PreprocessConfig(bands=("red",))
    config = ReportConfig(pixels=1000, pixel_images=1)
    half = draw_pixels(make_samples([record]), BANDS, CLASSES, inputs, config=config, workers=1)
    assert (half.n_windows, half.window_pct) == (1, 0.5)
    assert half.weight.sum() == pytest.approx(750 * 40)
    whole = draw_pixels(make_samples([record]), BANDS, CLASSES, inputs, workers=1)
    assert whole.n_windows == 2
    assert "the one image (2 rectangles, 100% of all pixels)" in whole.said()


def test_plain_pixels_come_as_often_as_they_weigh(look: Look) -> None:
    places = look.pixels.plain(20_000, seed=3)
    share = (look.pixels.classes[places] == 1).mean()
    assert share == pytest.approx(16 / 992, rel=0.02)
    np.testing.assert_array_equal(places, look.pixels.plain(20_000, seed=3))


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=40))
def test_equal_weights_give_numpy_s_figures(values: list[float]) -> None:
    array, weight = np.array([*values, np.nan], np.float32), np.full(len(values) + 1, 2.5)
    levels = (0.0, 0.1, 0.5, 0.97, 1.0)
    expected = np.quantile(array[:-1].astype(float), levels, method="hazen")
    np.testing.assert_allclose(weighted_quantiles(array, weight, levels), expected, atol=1e-6)
    assert weighted_mean(array, weight) == pytest.approx(float(np.mean(values)), abs=1e-3)


def test_weights_count_as_repeats() -> None:
    values, times = np.array([1.0, 5.0, 2.0, 9.0]), np.array([3, 1, 4, 2])
    repeated = np.repeat(values, times)
    assert weighted_mean(values, times.astype(float)) == pytest.approx(repeated.mean())
    assert weighted_share(values > 1.5, times.astype(float)) == pytest.approx(0.7)
    middle = weighted_quantiles(np.repeat(values, times), np.ones(10), (0.5,))
    assert middle[0] == pytest.approx(np.quantile(repeated, 0.5))
    assert np.isnan(weighted_mean(values, np.zeros(4)))
    assert np.isnan(weighted_quantiles(np.full(3, np.nan), np.ones(3), (0.5,))).all()


@pytest.mark.parametrize(
    "rule",
    [INPUTS.normalise, MinMax(), ZScore(), NoNormalise(), SampleRank(), KnownRange(low=-3, high=7)],
)
def test_clip_lines_are_where_the_network_clips(rule: object) -> None:
    inputs = INPUTS.model_copy(update={"normalise": rule})
    for channel in ("nir", "flag"):
        scaling = build_scaling(channel, inputs, statistics())
        clip = clip_of(channel, inputs, statistics())
        if isinstance(scaling, KnownScaling):
            assert (clip.low, clip.high) == (scaling.low, scaling.high)
        else:
            assert clip.ends == ()
            assert "each sample" in clip.rule
    known = (rule.low, rule.high) if isinstance(rule, KnownRange) else ()
    assert clip_of("unknown", inputs, {}).ends == known


def test_shares_clipped_are_those_of_all_valid_pixels(look: Look) -> None:
    spread = spread_of(look, "nir")
    assert spread is not None
    counted = [0, 0, 0]
    for path in look.samples["image"]:
        nir, qa = read_bands(path, [1, 3])
        nir = nir[qa == 0]
        counted = [
            counted[0] + (nir < 310).sum(),
            counted[1] + (nir > 480).sum(),
            counted[2] + nir.size,
        ]
    assert spread.below == pytest.approx(counted[0] / counted[2], abs=0.02)
    assert spread.above == pytest.approx(counted[1] / counted[2], abs=0.005)
    area = float((spread.density * np.diff(spread.edges)).sum())
    assert 0.97 < area <= 1 + 1e-9
    assert spread_of(look, "flag").density.shape == (2,)  # type: ignore[union-attr]


def test_rank_correlation_is_scipy_s_and_twins_are_redundant(look: Look) -> None:
    found = correlate(look)
    places = look.pixels.plain(min(20_000, len(look.pixels)), look.seed)
    red, nir = (look.pixels.column(name)[places] for name in ("red", "nir"))
    both = np.isfinite(red) & np.isfinite(nir)
    i, j = found.channels.index("red"), found.channels.index("nir")
    assert found.rank[i, j] == pytest.approx(spearmanr(red[both], nir[both]).statistic, abs=1e-12)
    clipped = np.clip(red[both], 101, 120), np.clip(nir[both], 310, 480)
    assert found.linear[i, j] == pytest.approx(np.corrcoef(*clipped)[0, 1], abs=1e-12)
    assert {frozenset(pair[:2]) for pair in found.redundant()} >= {frozenset({"red", "twice"})}
    assert abs(found.channels.index("red") - found.channels.index("twice")) == 1


def test_constant_channels_have_no_correlation(look: Look, tmp_path: Path) -> None:
    inputs = INPUTS.model_copy(update={"formulas": {"always": "where(red > -9, 1, 1)"}})
    found = correlate(make_look(tmp_path, 2, inputs=inputs))
    assert found.constant == ("always",)
    at = found.channels.index("always")
    assert np.isnan(found.rank[at]).all()
