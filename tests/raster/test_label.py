"""Labels become class numbers, however the file codes them."""

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from landseer.core.classes import IGNORE, UNKNOWN, ClassTable
from landseer.core.window import Window
from landseer.errors import FileReadError, LabelError
from landseer.raster.label import load_label, read_label, read_small_label
from landseer.raster.opening import quiet
from landseer.raster.write import write_raster

INTEGERS = ClassTable(("land", "water", "road"), (0, 1, 7), ignore=(255,))
COLOURS = ClassTable(("land", "water"), ((60, 16, 152), (226, 169, 41)), ignore=((0, 0, 0),))
NUMBERS = np.array([[0, 1, 1], [2, IGNORE, UNKNOWN]], np.uint8)
RAW = np.array([[0, 1, 1], [7, 255, 9]], np.uint8)
PALETTE = {0: (60, 16, 152, 255), 1: (226, 169, 41, 255), 2: (0, 0, 0, 255), 3: (1, 2, 3, 255)}
INDICES = np.array([[0, 1, 2], [3, 1, 0]], np.uint8)
OF_PALETTE = np.array([[0, 1, IGNORE], [UNKNOWN, 1, 0]], np.uint8)


def write_png(path, bands, colormap=None, alpha=False):
    bands = np.atleast_3d(bands) if bands.ndim == 3 else bands[None]
    profile = {
        "driver": "PNG",
        "count": len(bands),
        "height": bands.shape[1],
        "width": bands.shape[2],
    }
    with quiet(), rasterio.open(path, "w", dtype="uint8", **profile) as file:
        if colormap:
            file.write_colormap(1, colormap)
        file.write(bands)
        if alpha:
            file.colorinterp = [*file.colorinterp[:-1], ColorInterp.alpha]
    return path


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("copies", [1, 3])
def test_one_band_or_three_equal_ones(tmp_path, suffix, copies):
    path = tmp_path / f"a.{suffix}"
    array = np.stack([RAW] * copies)
    if suffix == "png":
        write_png(path, array)
    else:
        write_raster(path, array)
    np.testing.assert_array_equal(read_label(path, INTEGERS), NUMBERS)


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "int32", "float32", "float64"])
def test_any_dtype(tmp_path, dtype):
    raw = np.array([[0, 1], [7, 3]], dtype)
    write_raster(tmp_path / "a.tif", raw)
    np.testing.assert_array_equal(read_label(tmp_path / "a.tif", INTEGERS), [[0, 1], [2, UNKNOWN]])


def test_palette_png_by_colour_and_by_index(tmp_path):
    path = write_png(tmp_path / "a.png", INDICES, PALETTE)
    np.testing.assert_array_equal(read_label(path, COLOURS), OF_PALETTE)
    by_index = ClassTable(("a", "b", "c", "d"), (0, 1, 2, 3))
    np.testing.assert_array_equal(read_label(path, by_index), INDICES)


def test_palette_tif(tmp_path):
    table = {value: "#" + bytes(colour[:3]).hex() for value, colour in PALETTE.items()}
    write_raster(tmp_path / "a.tif", INDICES, colour_table=table)
    np.testing.assert_array_equal(read_label(tmp_path / "a.tif", COLOURS), OF_PALETTE)


@pytest.mark.parametrize("coding", ["palette", "three bands", "integers"])
def test_a_picture_of_a_label_takes_every_third_pixel(tmp_path, coding):
    """Blocks of three by three pixels come back as one of them, through palettes as through bands."""
    large = INDICES.repeat(3, axis=0).repeat(3, axis=1)
    rgb = np.array([PALETTE[index][:3] for index in large.ravel()], np.uint8).T
    bands = rgb.reshape(3, *large.shape) if coding == "three bands" else large
    path = write_png(tmp_path / "a.png", bands, PALETTE if coding == "palette" else None)
    table = ClassTable(("a", "b", "c", "d"), (0, 1, 2, 3)) if coding == "integers" else COLOURS
    small = read_small_label(path, table, side_px=3)
    np.testing.assert_array_equal(small, INDICES if coding == "integers" else OF_PALETTE)
    np.testing.assert_array_equal(
        read_small_label(path, table, side_px=100), read_label(path, table)
    )


@pytest.mark.parametrize("alpha", [False, True])
def test_rgb_mask_with_and_without_alpha(tmp_path, alpha):
    rgb = np.array([PALETTE[index][:3] for index in INDICES.ravel()], np.uint8).T.reshape(3, 2, 3)
    bands = np.concatenate([rgb, np.full((1, 2, 3), 255, np.uint8)]) if alpha else rgb
    path = write_png(tmp_path / "a.png", bands, alpha=alpha)
    label = load_label(path, COLOURS)
    np.testing.assert_array_equal(label.classes, OF_PALETTE)
    assert label.unknown() == {"#010203": 1}


def test_grey_band_stands_for_equal_colours(tmp_path):
    table = ClassTable(("black", "white"), ((0, 0, 0), (255, 255, 255)))
    path = write_png(tmp_path / "a.png", np.array([[0, 255, 7]], np.uint8))
    np.testing.assert_array_equal(read_label(path, table), [[0, 1, UNKNOWN]])


def test_unknown_values_are_counted_most_frequent_first(tmp_path):
    write_raster(tmp_path / "a.tif", np.array([[9, 9, 9, 4], [0, 1, 4, -3]], np.int16))
    label = load_label(tmp_path / "a.tif", INTEGERS)
    assert list(label.unknown().items()) == [("9", 3), ("4", 2), ("-3", 1)]
    assert load_label(tmp_path / "a.tif", INTEGERS, Window(0, 0, 1, 3)).unknown() == {"9": 3}


def test_no_unknown_values(tmp_path):
    write_raster(tmp_path / "a.tif", np.zeros((2, 2), np.uint8))
    assert load_label(tmp_path / "a.tif", INTEGERS).unknown() == {}


@pytest.mark.parametrize(("nodata", "expected"), [(9, IGNORE), (0, 0), (None, UNKNOWN)])
def test_declared_nodata_is_ignored_unless_it_is_a_class(tmp_path, nodata, expected):
    raw = np.full((2, 2), 9 if nodata is None else nodata, np.uint8)
    write_raster(tmp_path / "a.tif", raw, nodata=nodata)
    assert (read_label(tmp_path / "a.tif", INTEGERS) == expected).all()


def test_nan_is_unknown_unless_declared(tmp_path):
    raw = np.array([[0, np.nan]], np.float32)
    write_raster(tmp_path / "a.tif", raw)
    assert load_label(tmp_path / "a.tif", INTEGERS).unknown() == {"nan": 1}
    write_raster(tmp_path / "a.tif", raw, nodata=np.nan)
    np.testing.assert_array_equal(read_label(tmp_path / "a.tif", INTEGERS), [[0, IGNORE]])


def test_colours_with_an_integer_table_are_refused(tmp_path):
    rgb = np.array([[[1]], [[2]], [[3]]], np.uint8)
    with pytest.raises(LabelError, match="three bands that differ"):
        read_label(write_png(tmp_path / "a.png", rgb), INTEGERS)


@pytest.mark.parametrize("table", [INTEGERS, COLOURS])
def test_other_band_counts_are_refused(tmp_path, table):
    write_raster(tmp_path / "a.tif", np.zeros((7, 4, 4), np.int16))
    with pytest.raises(LabelError, match="label of 1 or 3 bands; got 7"):
        read_label(tmp_path / "a.tif", table)


def test_truncated_label_is_refused(tmp_path):
    path = write_png(
        tmp_path / "a.png", np.random.default_rng(0).integers(0, 2, (64, 64)).astype(np.uint8)
    )
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FileReadError, match="end before its last chunk"):
        read_label(path, INTEGERS)
