"""Pictures come out as they went in: colours, holes, sizes, strips."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

from landseer.core.bands import Band
from landseer.raster.write import write_raster
from landseer.report.quantiles import quantile_strip
from landseer.report.tiles import composite, index_uri, photo_uri, scale_bar, share_uri, shrunk


def opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_classes_keep_their_colours():
    numbers = np.array([[0, 1], [2, 255]], np.uint8).repeat(20, 0).repeat(20, 1)
    image = np.asarray(
        opened(index_uri(numbers, ("#112233", "#ff0000", "#00ff00"), 40)).convert("RGB")
    )
    assert image[0, 0].tolist() == [17, 34, 51] and image[0, 39].tolist() == [255, 0, 0]
    assert image[39, 0].tolist() == [0, 255, 0]
    outside = image[20:, 20:].reshape(-1, 3)
    assert len(np.unique(outside, axis=0)) == 2 and (np.ptp(outside, axis=1) == 0).all()


def test_overlays_have_holes():
    numbers = np.full((30, 30), 255, np.uint8)
    numbers[3] = 0
    image = np.asarray(opened(index_uri(numbers, ("#ffd400",), 30, clear=True)).convert("RGBA"))
    assert image[3, 3].tolist() == [255, 212, 0, 255]
    assert image[4, 3, 3] == 0


def test_small_pictures_are_enlarged_by_whole_numbers_and_large_ones_shrunk():
    assert opened(index_uri(np.zeros((30, 20), np.uint8), ("#000000",), 100)).size == (60, 90)
    assert opened(index_uri(np.zeros((300, 200), np.uint8), ("#000000",), 100)).size == (67, 100)
    assert opened(photo_uri(np.zeros((30, 20, 3), np.float32), 100)).size == (60, 90)
    assert opened(photo_uri(np.zeros((300, 200, 3), np.float32), 100)).size == (67, 100)


def test_shares_run_from_dark_to_light():
    image = np.asarray(
        opened(share_uri(np.array([[0.0, 0.5, 1.0, np.nan]], np.float32), 4)).convert("L")
    )
    assert image[0, 0] < image[0, 1] < image[0, 2] and image[0, 3] == image[0, 0]


def test_small_patches_survive_shrinking():
    mask = np.zeros((350, 350), bool)
    mask[10, 10] = True
    assert shrunk(mask, 256).any()
    assert shrunk(mask, 400) is mask


def test_composites_take_the_right_bands_and_hatch_nodata(tmp_path):
    image = np.zeros((4, 20, 20), np.int16)
    image[2, :10] = 1000
    image[3, 10:] = 1000
    image[:, 0, 0] = -1
    write_raster(tmp_path / "a.tif", image)
    bands = [
        Band(n, i + 1, (c,), nodata=-1) for i, (n, c) in enumerate(zip("abcd", "BGRN", strict=True))
    ]
    natural = composite(tmp_path / "a.tif", bands)
    assert natural[5, 5].tolist() == [1, 0, 0] and natural[15, 5].tolist() == [0, 0, 0]
    false = composite(tmp_path / "a.tif", bands, false_colour=True)
    assert false[5, 5].tolist() == [0, 1, 0] and false[15, 5].tolist() == [1, 0, 0]
    assert np.ptp(natural[0, 0]) == 0 and natural[0, 0, 0] > 0.4
    grey = composite(tmp_path / "a.tif", [Band("x", 3)])
    assert np.ptp(grey, axis=2).max() == 0


@pytest.mark.parametrize(
    ("width", "gsd", "text"), [(350, 30, "2 km"), (512, 0.3, "50 m"), (100, 0.01, "20 cm")]
)
def test_scale_bars_are_round(width: int, gsd: float, text: str):
    bar = scale_bar(width, gsd)
    assert bar is not None and bar.text == text and 0 < bar.share_pct <= 40


@pytest.mark.parametrize("gsd", [None, math.nan, 0.0, -1.0])
def test_no_bar_where_the_ground_is_not_known(gsd):
    assert scale_bar(100, gsd) is None


def test_strip():
    values = {"0.01": 0.0, "0.25": 4.0, "0.5": 5.0, "0.75": 6.0, "0.99": 10.0}
    text = str(quantile_strip(values, (0.01, 0.99)))
    assert text.count("<rect") == 4 and text.count('class="mid"') == 2
    assert text.count('class="clip"') == 2 and text.count('class="median"') == 1
    assert 'class="clip"' not in quantile_strip(values)
    assert quantile_strip({"0.01": 1.0, "0.99": 1.0}) == "" and quantile_strip({}) == ""
