"""Rasters are written whole or not at all."""

import errno
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio._err import CPLE_FileIOError

from landseer.errors import WriteError
from landseer.raster.opening import open_raster
from landseer.raster.read import read_bands, read_info
from landseer.raster.write import write_raster

DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 33), st.integers(1, 33)),
    dtype=st.sampled_from(DTYPES),
    compress=st.sampled_from(["deflate", "zstd", "lzw", "packbits", "none", None]),
)
def test_what_is_written_is_read(tmp_path_factory, shape, dtype, compress):
    path = tmp_path_factory.mktemp("write") / "a.tif"
    array = np.random.default_rng(0).integers(-100, 100, shape).astype(dtype)
    write_raster(path, array, compress=compress)
    got = read_bands(path)
    assert got.dtype == array.dtype
    np.testing.assert_array_equal(got, array)


def test_two_dimensions_booleans_and_new_folders(tmp_path):
    path = tmp_path / "new" / "folder" / "a.tif"
    write_raster(path, np.array([[True, False]]))
    assert read_bands(path).tolist() == [[[1, 0]]]
    assert read_info(path).dtype == "uint8"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.tif"]


@pytest.mark.parametrize(("side", "tiled"), [(512, False), (513, True)])
def test_large_files_are_tiled_and_compressed(tmp_path, side, tiled):
    write_raster(tmp_path / "a.tif", np.zeros((1, 20, side), np.uint8))
    with open_raster(tmp_path / "a.tif") as file:
        assert (file.block_shapes[0] == (512, 512)) is tiled
        assert file.compression.name == "deflate"


def test_colour_table(tmp_path):
    write_raster(tmp_path / "a.tif", np.zeros((4, 4), np.uint8), colour_table={1: "#0a0B0c"})
    with open_raster(tmp_path / "a.tif") as file:
        assert file.colormap(1)[1] == (10, 11, 12, 255)


def test_full_disk_says_so_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    write_raster(path, np.zeros((4, 4), np.uint8))

    def half(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(
        WriteError, match="could not write the file: No space left on device"
    ) as caught:
        write_raster(path, np.ones((4, 4), np.uint8))
    assert "free disk space" in str(caught.value)
    assert str(path) in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tif"]
    assert not read_bands(path).any()


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match="could not write the file"):
        write_raster(tmp_path / "file" / "a.tif", np.zeros((4, 4), np.uint8))


@pytest.mark.parametrize(
    ("name", "array", "options", "message"),
    [
        ("a.png", np.zeros((4, 4), np.uint8), {}, "name ending .tif; got a.png"),
        ("a.tif", np.zeros(4, np.uint8), {}, r"array \(band, row, col\); got shape \(4,\)"),
        ("a.tif", np.zeros((0, 4, 4), np.uint8), {}, r"got shape \(0, 4, 4\)"),
        (
            "a.tif",
            np.zeros((2, 4, 4), np.uint8),
            {"descriptions": ["a"]},
            "2 band descriptions; got 1",
        ),
        ("a.tif", np.zeros((4, 4), "U1"), {}, "dtype <U1"),
        ("a.tif", np.zeros((4, 4), np.uint8), {"nodata": -1}, r"uint8, shape \(1, 4, 4\)"),
        ("a.tif", np.zeros((4, 4), np.uint8), {"crs": "EPSG:999999"}, "uint8"),
    ],
)
def test_what_geotiff_cannot_hold_is_refused(tmp_path, name, array, options, message):
    with pytest.raises(WriteError, match=message):
        write_raster(tmp_path / name, array, **options)
    assert not list(tmp_path.iterdir())


def test_written_files_need_no_sidecars(tmp_path):
    write_raster(
        tmp_path / "a.tif", np.zeros((1, 4, 4), np.float32), nodata=np.nan, crs="EPSG:4326",
        transform=(0.1, 0, -59.0, 0, -0.1, -51.0), descriptions=["height"],
    )  # fmt: skip
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tif"]
    with rasterio.open(tmp_path / "a.tif") as file:
        assert np.isnan(file.nodata)
        assert file.descriptions == ("height",)


def test_what_gdal_says_while_it_lays_out_is_told(tmp_path, monkeypatch):
    """Full disks reach us as errors of GDAL that rasterio does not translate."""

    def full(*_: object, **__: object) -> None:
        raise CPLE_FileIOError(3, 3, "no space left on device")

    monkeypatch.setattr("landseer.raster.write.copy", full)
    path = tmp_path / "a.tif"
    path.write_bytes(b"old")
    with pytest.raises(WriteError, match="no space left on device"):
        write_raster(path, np.ones((1, 4, 4), np.uint8), cloud_optimised=True)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
