"""Labels on another grid: each pixel is the nearest one's, where the label does not reach it is ignored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer

from landseer.errors import GridError
from landseer.raster.align import write_aligned
from landseer.raster.opening import open_raster
from landseer.raster.read import RasterInfo, read_bands, read_info
from landseer.raster.write import write_raster


def grid(crs: str, step: float, left: float, top: float, height: int, width: int) -> RasterInfo:
    """Make a header."""
    return RasterInfo(
        Path("a.tif"), width, height, 3, "uint8", crs, (step, 0.0, left, 0.0, -step, top), None, ()
    )


def test_nearest_pixels_of_another_crs(tmp_path: Path) -> None:
    """Every pixel of a grid in Web Mercator holds the label at its centre, found by pyproj."""
    label = np.random.default_rng(0).integers(0, 5, (60, 80)).astype(np.uint8)
    transform = (1.0, 0.0, 500_000.0, 0.0, -1.0, 5_000_000.0)
    write_raster(tmp_path / "a.tif", label, crs="EPSG:32633", transform=transform)
    x, y = Transformer.from_crs("EPSG:32633", "EPSG:3857", always_xy=True).transform(
        500_005.0, 4_999_990.0
    )
    place = grid("EPSG:3857", 0.9, x, y, 90, 160)
    write_aligned(tmp_path / "out" / "a.tif", tmp_path / "a.tif", place)
    info, found = read_info(tmp_path / "out" / "a.tif"), read_bands(tmp_path / "out" / "a.tif")[0]
    assert (info.height, info.width, info.crs, info.nodata) == (90, 160, "EPSG:3857", 255)
    assert info.transform == place.transform
    cols, rows = np.meshgrid(np.arange(160) + 0.5, np.arange(90) + 0.5)
    east, north = Transformer.from_crs("EPSG:3857", "EPSG:32633", always_xy=True).transform(
        x + 0.9 * cols, y - 0.9 * rows
    )
    right, down = east - 500_000.0, 5_000_000.0 - north
    inside = (right >= 0) & (right < 80) & (down >= 0) & (down < 60)
    expected = np.where(
        inside, label[down.astype(int).clip(0, 59), right.astype(int).clip(0, 79)], 255
    )
    # On the line between two pixels either is the nearest.
    sure = (np.abs(right - np.rint(right)) > 1e-6) & (np.abs(down - np.rint(down)) > 1e-6)
    np.testing.assert_array_equal(found[sure], expected[sure])
    assert 0.2 < inside.mean() < 0.9


def test_own_nodata_and_palette_stay(tmp_path: Path) -> None:
    """The label's own nodata value stands where it does not reach; its palette stays."""
    label = np.ones((10, 10), np.uint8)
    transform = (1.0, 0.0, 0.0, 0.0, -1.0, 10.0)
    write_raster(
        tmp_path / "a.tif",
        label,
        crs="EPSG:32633",
        transform=transform,
        nodata=7,
        colour_table={1: "#102030"},
    )
    write_aligned(tmp_path / "b.tif", tmp_path / "a.tif", grid("EPSG:32633", 0.5, 5, 10, 20, 20))
    found = read_bands(tmp_path / "b.tif")[0]
    assert (found[:, :10] == 1).all()
    assert (found[:, 10:] == 7).all()
    with open_raster(tmp_path / "b.tif") as dataset:
        assert dataset.colormap(1)[1] == (16, 32, 48, 255)


def test_labels_without_a_place_are_refused(tmp_path: Path) -> None:
    """Without CRS nothing can be aligned, and no file appears."""
    write_raster(tmp_path / "a.tif", np.zeros((5, 5), np.uint8))
    with pytest.raises(GridError, match="georeferenced"):
        write_aligned(tmp_path / "b.tif", tmp_path / "a.tif", grid("EPSG:32633", 1, 0, 0, 5, 5))
    assert not (tmp_path / "b.tif").exists()


def test_large_labels_are_copied_in_strips(tmp_path: Path) -> None:
    """A label of several strips arrives whole."""
    label = np.random.default_rng(1).integers(0, 9, (1300, 40)).astype(np.uint16) * 1000
    transform = (2.0, 0.0, 0.0, 0.0, -2.0, 9.0)
    write_raster(tmp_path / "a.tif", label, crs="EPSG:32633", transform=transform)
    write_aligned(tmp_path / "b.tif", tmp_path / "a.tif", grid("EPSG:32633", 1, 0, 9, 2600, 80))
    np.testing.assert_array_equal(
        read_bands(tmp_path / "b.tif")[0], label.repeat(2, 0).repeat(2, 1)
    )
    with rasterio.open(tmp_path / "b.tif") as dataset:
        assert dataset.transform == Affine(1, 0, 0, 0, -1, 9)
