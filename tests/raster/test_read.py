"""Rasters are read whole or refused with the reason, from any number of threads."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.errors import NotGeoreferencedWarning

from landseer.core.window import Window
from landseer.errors import BandError, FileReadError, GridError
from landseer.raster.opening import quiet
from landseer.raster.read import read_bands, read_info, read_strips
from landseer.raster.write import write_raster

TRANSFORM = (10.0, 0.0, 500000.0, 0.0, -10.0, 4100000.0)


def noise(shape=(3, 40, 50), dtype="int16", seed=0):
    return np.random.default_rng(seed).integers(0, 200, shape).astype(dtype)


def write_as(path, array, driver):
    with (
        quiet(),
        rasterio.open(
            path,
            "w",
            driver=driver,
            count=len(array),
            height=array.shape[1],
            width=array.shape[2],
            dtype=array.dtype,
        ) as file,
    ):
        file.write(array)
    return path


def cut(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def test_header_says_what_was_written(tmp_path):
    path = tmp_path / "a.tif"
    write_raster(
        path,
        noise(),
        crs="EPSG:32617",
        transform=TRANSFORM,
        nodata=-9999,
        descriptions=["red", None, "nir"],
    )
    info = read_info(path)
    assert (info.path, info.height, info.width, info.count, info.dtype) == (
        path,
        40,
        50,
        3,
        "int16",
    )
    assert (info.crs, info.transform, info.nodata) == ("EPSG:32617", TRANSFORM, -9999.0)
    assert info.descriptions == ("red", None, "nir")


def test_absent_georeference_is_none_and_silent(tmp_path):
    write_raster(tmp_path / "a.tif", noise())
    info = read_info(tmp_path / "a.tif")
    assert info.crs is None
    assert info.transform is None
    assert info.nodata is None


def test_unregistered_crs_is_given_as_wkt(tmp_path):
    proj = "+proj=laea +lat_0=12.3 +lon_0=45.6 +datum=WGS84 +units=m"
    write_raster(tmp_path / "a.tif", noise(), crs=proj, transform=TRANSFORM)
    assert read_info(tmp_path / "a.tif").crs.startswith("PROJCS")


def test_bands_come_in_the_order_asked_and_the_files_dtype(tmp_path):
    array = noise()
    write_raster(tmp_path / "a.tif", array)
    np.testing.assert_array_equal(read_bands(tmp_path / "a.tif"), array)
    got = read_bands(tmp_path / "a.tif", [3, 1], Window(5, 7, 10, 20))
    assert got.dtype == np.int16
    np.testing.assert_array_equal(got, array[[2, 0], 5:15, 7:27])


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70)),
    strip_bytes=st.integers(1, 20000),
)
def test_strips_cover_each_row_once(tmp_path_factory, shape, strip_bytes):
    path = tmp_path_factory.mktemp("strips") / "a.tif"
    array = noise(shape)
    write_raster(path, array)
    strips = list(read_strips(path, strip_bytes=strip_bytes))
    np.testing.assert_array_equal(np.concatenate([pixels for _, pixels in strips], axis=1), array)
    assert [window.row for window, _ in strips] == sorted({window.row for window, _ in strips})


def test_strips_of_a_tiled_file_hold_few_bytes(tmp_path):
    write_raster(tmp_path / "a.tif", np.zeros((1, 1500, 600), np.uint8))
    heights = [pixels.shape[1] for _, pixels in read_strips(tmp_path / "a.tif", strip_bytes=1)]
    assert heights == [512, 512, 476]


@pytest.mark.parametrize("index", [0, 4, -1])
def test_wrong_band_index_names_it(tmp_path, index):
    write_raster(tmp_path / "a.tif", noise())
    with pytest.raises(BandError, match=f"bands between 1 and 3; got {index}"):
        read_bands(tmp_path / "a.tif", [1, index])
    with pytest.raises(BandError):
        list(read_strips(tmp_path / "a.tif", [index]))


def test_window_outside_is_refused(tmp_path):
    write_raster(tmp_path / "a.tif", noise())
    with pytest.raises(
        GridError, match=r"inside 40 x 50 pixels; got rows 35\.\.45, columns 0\.\.50"
    ):
        read_bands(tmp_path / "a.tif", window=Window(35, 0, 10, 50))


def test_missing_empty_folder_and_text_are_told_apart(tmp_path):
    (tmp_path / "empty.tif").touch()
    (tmp_path / "text.tif").write_text("this is not a raster")
    (tmp_path / "cut.tif").write_bytes(b"II*\x00\x08\x00\x00\x00\xff")
    messages = {
        "none.tif": "there is no such file",
        "": "got a folder",
        "empty.tif": r"got an empty file \(0 bytes\)",
        "text.tif": "a file of 20 bytes in a format that GDAL does not know",
        "cut.tif": "a file of 9 bytes whose header is damaged or cut short",
    }
    for name, message in messages.items():
        with pytest.raises(FileReadError, match=message) as caught:
            read_info(tmp_path / name)
        assert caught.value.where == str(tmp_path / name)


def test_unreadable_file_says_why(tmp_path, monkeypatch):
    write_raster(tmp_path / "a.tif", noise())

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(FileReadError, match="may be read; got: Permission denied"):
        read_info(tmp_path / "a.tif")


@pytest.mark.parametrize(("driver", "suffix"), [("GTiff", "tif"), ("PNG", "png"), ("JPEG", "jpg")])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_truncated_pixels_are_refused_in_every_format(tmp_path, driver, suffix, share):
    path = write_as(tmp_path / f"a.{suffix}", noise((3, 64, 64), "uint8"), driver)
    read_bands(path)
    cut(path, share)
    with pytest.raises(FileReadError, match="pixels end early or are damaged"):
        read_bands(path)
    with pytest.raises(FileReadError, match="pixels end early or are damaged"):
        list(read_strips(path))


def test_damaged_png_is_refused_although_it_is_long_enough(tmp_path):
    path = write_as(tmp_path / "a.png", noise((1, 64, 64), "uint8"), "PNG")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(FileReadError, match="IDAT chunk has a wrong checksum"):
        read_bands(path)


def test_threads_read_the_same_without_a_warning_and_leave_the_filters_alone(tmp_path):
    paths = []
    for number in range(24):
        write_raster(tmp_path / f"{number}.tif", noise(seed=number))
        paths.append(tmp_path / f"{number}.tif")
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        arrays = list(pool.map(read_bands, paths * 5))
    for number, array in enumerate(arrays):
        np.testing.assert_array_equal(array, noise(seed=number % 24))
    assert list(warnings.filters) == before
    with pytest.warns(NotGeoreferencedWarning), rasterio.open(paths[0]):
        pass
