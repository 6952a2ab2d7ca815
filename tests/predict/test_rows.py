"""Rows come as they stand in the file, each block read once, with the file's own mask and nodata values."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from landseer.core.address import with_window
from landseer.core.bands import Band
from landseer.core.window import Window
from landseer.predict import PredictOptions
from landseer.predict import rows as rows_module
from landseer.predict.plan import make_plan
from landseer.predict.rows import chunk_height, read_rows
from landseer.raster.write import write_raster

BANDS = (Band("red", 1, ("R",), nodata=7), Band("nir", 3, ("N",), nodata=7))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(rows_module, "CHUNK_PX", 16)


def windows_of(path: Path, workers: int, bands=BANDS, keep=None, shape=(131, 170)):
    """Read all windows of a file."""
    plan = make_plan(shape, PredictOptions(window_px=48, overlap_px=12))
    plan = plan if keep is None else plan.only([keep(window) for window in plan.windows])
    read = read_rows(path, bands, plan.bands, workers=workers)
    for band, rows in zip(plan.bands, read, strict=True):
        for window in band.windows:
            into = np.full((len(bands), window.height, window.width), -1, np.float32)
            share = rows.copy(window, into)
            yield window, into, share, rows


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("block", [None, 16, 32, 64])
def test_windows_hold_what_stands_in_the_file(tmp_path: Path, workers: int, block: int | None):
    image = np.random.default_rng(0).integers(0, 60000, (3, 131, 170)).astype(np.uint16)
    image[:, :60, :60] = 7
    path, layout = tmp_path / "a.tif", {}
    if block is not None:
        layout = {"tiled": True, "blockxsize": block, "blockysize": block}
    size = {"height": 131, "width": 170, "count": 3, "dtype": "uint16", "crs": "EPSG:32617"}
    with rasterio.open(
        path, "w", transform=rasterio.Affine(1, 0, 5, 0, -1, 9), **size, **layout
    ) as file:
        file.write(image)
    seen = 0
    for window, got, share, _ in windows_of(path, workers):
        expected = image[:, *window.slices][[0, 2]]
        there = (expected != 7).any(axis=0)
        assert share == pytest.approx(there.mean())
        if share:
            np.testing.assert_array_equal(got, expected)
        else:
            assert (got == -1).all()
        seen += 1
    assert seen == 20


def test_each_row_is_read_once_and_rows_of_no_window_never(tmp_path: Path, monkeypatch):
    image = np.random.default_rng(0).integers(0, 9, (3, 400, 50)).astype(np.uint8)
    write_raster(tmp_path / "a.tif", image)
    read, original = [], rows_module.read_into
    monkeypatch.setattr(
        rows_module, "read_into", lambda *a: (read.append((a[3].row, a[3].height)), original(*a))
    )

    def keep(window: Window) -> bool:
        return not 100 <= window.row < 250

    for window, got, _, _ in windows_of(tmp_path / "a.tif", 1, keep=keep, shape=(400, 50)):
        np.testing.assert_array_equal(got, image[:, *window.slices][[0, 2]])
    rows = [row for start, height in read for row in range(start, start + height)]
    assert len(rows) == len(set(rows)) < 400
    assert rows == sorted(rows)


def test_what_the_files_own_mask_hides_is_nan(tmp_path: Path):
    image = np.random.default_rng(0).integers(10, 99, (3, 131, 170)).astype(np.uint8)
    hidden = np.zeros((131, 170), bool)
    hidden[30:80, 20:90] = True
    profile = {"height": 131, "width": 170, "count": 3, "dtype": "uint8", "crs": "EPSG:32617"}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            tmp_path / "a.tif", "w", transform=rasterio.Affine(1, 0, 5, 0, -1, 9), **profile
        ) as file,
    ):
        file.write(image)
        file.write_mask(~hidden)
    for window, got, share, _ in windows_of(tmp_path / "a.tif", 2):
        gone = hidden[window.slices]
        assert share == pytest.approx(1 - gone.mean())
        if share:
            assert np.isnan(got[:, gone]).all()
            np.testing.assert_array_equal(got[:, ~gone], image[:, *window.slices][[0, 2]][:, ~gone])


def test_infinity_and_nan_are_no_data(tmp_path: Path):
    image = np.random.default_rng(0).random((3, 131, 170)).astype(np.float32)
    image[0, :50], image[2, :40] = np.nan, np.inf
    write_raster(tmp_path / "a.tif", image)
    bands = (Band("red", 1, ("R",)), Band("nir", 3, ("N",)))
    for window, got, share, _ in windows_of(tmp_path / "a.tif", 0, bands):
        part = image[:, *window.slices][[0, 2]]
        assert share == pytest.approx(np.isfinite(part).any(axis=0).mean())
        if share:
            np.testing.assert_array_equal(got, part)


def test_where_nothing_can_be_missing_validity_takes_no_memory(tmp_path: Path):
    write_raster(tmp_path / "a.tif", np.ones((3, 131, 170), np.uint8))
    bands = (Band("red", 1, ("R",)), Band("nir", 3, ("N",)))
    for _, _, share, rows in windows_of(tmp_path / "a.tif", 0, bands):
        assert share == 1
        assert all(chunk.valid.strides == (0, 0) for chunk in rows.chunks)


def test_a_window_of_a_file_is_read_like_a_file(tmp_path: Path):
    image = np.random.default_rng(0).integers(10, 99, (3, 200, 200)).astype(np.uint8)
    write_raster(tmp_path / "a.tif", image)
    address = with_window(tmp_path / "a.tif", Window(20, 30, 131, 170))
    for window, got, _, _ in windows_of(address, 2):
        rows, cols = window.slices
        inside = image[[0, 2], rows.start + 20 : rows.stop + 20, cols.start + 30 : cols.stop + 30]
        np.testing.assert_array_equal(got, inside)


def test_chunks_are_whole_blocks_of_about_the_same_height():
    assert [chunk_height(block) for block in (1, 3, 8, 16, 20, 32, 33, 512)] == [
        16, 15, 16, 16, 20, 32, 16, 16,
    ]  # fmt: skip
