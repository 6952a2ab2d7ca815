"""A window is read by its address as an array of the whole would be cut; what a mask hides is missing."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp

from landseer.core.address import with_window
from landseer.core.classes import IGNORE, ClassTable
from landseer.core.window import Window
from landseer.errors import FileReadError, GridError
from landseer.raster.label import read_label
from landseer.raster.read import (
    BandReader,
    read_bands,
    read_info,
    read_masked,
    read_small,
    read_strips,
)
from landseer.raster.write import write_raster

TRANSFORM = (0.5, 0.0, 500000.0, 0.0, -0.5, 4100000.0)
WINDOW = Window(20, 700, 64, 100)


def noise(shape=(4, 600, 900), dtype="uint8", seed=0):
    return np.random.default_rng(seed).integers(1, 200, shape).astype(dtype)


@pytest.fixture
def scene(tmp_path):
    path = tmp_path / "a scene #1.tif"
    write_raster(path, noise(), crs="EPSG:32617", transform=TRANSFORM, nodata=7)
    return path


def rgba(path, hidden):
    array = noise()
    array[3] = 255
    array[3][hidden] = 0
    options = {"driver": "GTiff", "count": 4, "height": 600, "width": 900, "dtype": "uint8"}
    with rasterio.open(
        path, "w", **options, crs="EPSG:32617", transform=rasterio.Affine(*TRANSFORM)
    ) as file:
        file.write(array)
        file.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    return array


def test_a_window_reads_as_the_whole_cut(scene):
    address = with_window(scene, WINDOW)
    np.testing.assert_array_equal(read_bands(address), noise()[:, *WINDOW.slices])
    np.testing.assert_array_equal(read_bands(address, [3, 1]), noise()[[2, 0]][:, *WINDOW.slices])
    inner = Window(5, 6, 7, 8)
    expected = noise()[:, 25:32, 706:714]
    np.testing.assert_array_equal(read_bands(address, None, inner), expected)
    np.testing.assert_array_equal(read_bands(with_window(address, inner)), expected)
    strips = np.concatenate([part for _, part in read_strips(address, strip_bytes=1)], axis=1)
    np.testing.assert_array_equal(strips, noise()[:, *WINDOW.slices])


def test_a_window_knows_its_place(scene):
    info = read_info(with_window(scene, WINDOW))
    assert (info.height, info.width, info.count) == (64, 100, 4)
    assert (info.crs, info.nodata, info.dtype) == ("EPSG:32617", 7.0, "uint8")
    assert info.transform == (0.5, 0.0, 500350.0, 0.0, -0.5, 4099990.0)
    assert info.path == with_window(scene, WINDOW)


def test_windows_are_read_from_many_threads(scene):
    windows = [Window(row, col, 50, 60) for row in range(0, 500, 50) for col in range(0, 800, 80)]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda window: read_bands(with_window(scene, window)), windows))
    for window, array in zip(windows, read, strict=True):
        np.testing.assert_array_equal(array, noise()[:, *window.slices])


def test_a_window_outside_or_of_nothing_is_refused(scene, tmp_path):
    with pytest.raises(GridError, match="rows 590\\.\\.650"):
        read_info(with_window(scene, Window(590, 0, 60, 10)))
    with pytest.raises(FileReadError, match="no such file"):
        read_bands(with_window(tmp_path / "none.tif", WINDOW))


def test_a_name_that_gdal_cannot_take_apart_is_refused_in_words(tmp_path):
    path = tmp_path / "a?b=c.tif"
    write_raster(path, noise((1, 40, 40)))
    with pytest.raises(FileReadError, match=r"take \?, & and the like out of its name"):
        read_bands(with_window(path, Window(0, 0, 5, 5)))


def test_a_truncated_png_is_found_through_a_window(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(noise((60, 60))).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FileReadError, match="PNG whose pixels end early"):
        read_bands(with_window(path, Window(0, 0, 5, 5)))


def test_windows_of_a_label_keep_palette_and_nodata(tmp_path):
    path = tmp_path / "label.tif"
    values = np.random.default_rng(0).integers(0, 2, (100, 120)).astype(np.uint8)
    values[10:20] = 9
    colours = {0: "#000000", 1: "#ff0000", 9: "#123456"}
    write_raster(path, values, nodata=9, colour_table=colours)
    address = with_window(path, Window(5, 10, 40, 50))
    expected = np.where(values == 9, IGNORE, values)[5:45, 10:60]
    plain = ClassTable(("no", "yes"), (0, 1))
    np.testing.assert_array_equal(read_label(address, plain), expected)
    coded = ClassTable(("no", "yes"), ((0, 0, 0), (255, 0, 0)), ignore=((0x12, 0x34, 0x56),))
    np.testing.assert_array_equal(read_label(address, coded), expected)


@pytest.mark.parametrize("window", [None, Window(90, 0, 30, 40)])
def test_what_an_alpha_band_hides_is_missing(tmp_path, window):
    hidden = np.zeros((600, 900), bool)
    hidden[:100] = True
    array = rgba(tmp_path / "a.tif", hidden)
    path = tmp_path / "a.tif" if window is None else with_window(tmp_path / "a.tif", window)
    rows, cols = (slice(None), slice(None)) if window is None else window.slices
    expected = np.where(hidden, np.nan, array[:3].astype(np.float32))[:, rows, cols]
    read = read_bands(path, [1, 2, 3])
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, expected)
    strips = [part for _, part in read_strips(path, [1, 2, 3], strip_bytes=1)]
    np.testing.assert_array_equal(np.concatenate(strips, axis=1), expected)
    raw, there = BandReader((1, 2, 3))(path)
    np.testing.assert_array_equal(raw, array[:3, rows, cols])
    np.testing.assert_array_equal(there, ~hidden[rows, cols])


def test_an_alpha_band_that_is_asked_for_hides_nothing(tmp_path):
    array = rgba(tmp_path / "a.tif", np.ones((600, 900), bool))
    np.testing.assert_array_equal(read_bands(tmp_path / "a.tif"), array)
    np.testing.assert_array_equal(read_bands(tmp_path / "a.tif", [4, 1]), array[[3, 0]])


def test_a_mask_that_hides_nothing_costs_no_floats(tmp_path):
    array = rgba(tmp_path / "a.tif", np.zeros((600, 900), bool))
    read, there = read_masked(tmp_path / "a.tif", [1, 2])
    assert there is None
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array[:2])


def test_a_small_picture_of_a_large_raster_holds_block_means(scene):
    """900 x 600 pixels shrunk to 90 x 60: the mean of each block of 10 x 10, but for rounding to whole numbers."""
    small = read_small(scene, [1, 2], side_px=90)
    blocks = noise()[:2].reshape(2, 60, 10, 90, 10)
    usable = blocks != 7
    means = (blocks * usable).sum((2, 4)) / usable.sum((2, 4))
    assert small.shape == (2, 60, 90)
    assert np.abs(small - means).max() <= 0.51
    nearest = read_small(scene, [1], side_px=90, mean=False)
    assert np.isin(nearest, noise()[0]).all()
    np.testing.assert_array_equal(read_small(scene, side_px=2000), noise())


def test_a_small_picture_knows_what_is_hidden(tmp_path):
    hidden = np.zeros((600, 900), bool)
    hidden[:300] = True
    rgba(tmp_path / "a.tif", hidden)
    small = read_small(tmp_path / "a.tif", [1, 2, 3], side_px=90)
    assert np.isnan(small[:, :30]).all()
    assert np.isfinite(small[:, 30:]).all()
