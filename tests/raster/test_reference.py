"""References on grids of their own: where their pixels lie in their images, against rasterio's own arithmetic."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import transform as rasterio_transform

from landseer.core.encoding import Encoding
from landseer.core.references import Reference
from landseer.errors import BandError, FileReadError, GridError
from landseer.raster.read import RasterInfo, read_info
from landseer.raster.reference import covered_share, grid_map, read_reference
from landseer.raster.write import write_raster

UTM = "EPSG:32617"


def info(height, width, transform=None, crs=UTM, name="a.tif"):
    place = None if transform is None else tuple(transform)[:6]
    return RasterInfo(Path(name), width, height, 1, "float32", crs, place, None, (None,))


def lay(grid, row, col):
    return grid @ [row, col, 1]


def by_rasterio(image, reference, row, col):
    """Where a pixel centre of a reference lies in an image, through rasterio's transforms."""
    x, y = Affine(*reference.transform) @ (col + 0.5, row + 0.5)
    if image.crs != reference.crs:
        (x,), (y,) = rasterio_transform(reference.crs, image.crs, [x], [y])
    col, row = ~Affine(*image.transform) @ (x, y)
    return np.array([row - 0.5, col - 0.5])


def test_values_of_one_band(tmp_path):
    write_raster(tmp_path / "agl.tif", np.array([[0, 150], [65535, 2]], np.uint16))
    agl = Reference("agl", encoding=Encoding(0.01, nodata=65535.0))
    expected = np.array([[0, 1.5], [np.nan, 0.02]], np.float32)
    np.testing.assert_array_equal(read_reference(tmp_path / "agl.tif", agl), expected)
    write_raster(tmp_path / "two.tif", np.zeros((2, 3, 4), np.uint16))
    with pytest.raises(BandError, match="1 bands for agl; got 2"):
        read_reference(tmp_path / "two.tif", agl)
    with pytest.raises(FileReadError, match="no such file"):
        read_reference(tmp_path / "gone.tif", agl)
    two = Reference("two", layers=2)
    assert read_reference(tmp_path / "two.tif", two).shape == (2, 3, 4)


def test_ten_times_coarser():
    image = info(200, 200, Affine(0.1, 0, 5e5, 0, -0.1, 4e6))
    coarse = info(20, 20, Affine(1, 0, 5e5, 0, -1, 4e6))
    grid = grid_map(image, coarse)
    np.testing.assert_allclose(lay(grid, 0, 0), [4.5, 4.5], atol=1e-6)
    np.testing.assert_allclose(lay(grid, 19, 3), [194.5, 34.5], atol=1e-6)
    assert covered_share(image, grid, (20, 20)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("transform", "crs"),
    [
        (Affine(2, 0, 500013, 0, -2, 3999991), UTM),
        (Affine.translation(500013, 3999991) @ Affine.rotation(30) @ Affine.scale(1.5, -2), UTM),
        (Affine(2, 0, 500013, 0, 2, 3999800), UTM),
        (Affine(2, 0, -9016000, 0, -2, 4315000), "EPSG:3857"),
        (Affine(1e-5, 0, -80.9999, 0, -1e-5, 36.1445), "EPSG:4326"),
    ],
)
def test_shifted_turned_mirrored_and_in_another_crs(transform, crs):
    image = info(120, 150, Affine(1, 0, 5e5, 0, -1, 4e6))
    reference = info(40, 30, transform, crs)
    grid = grid_map(image, reference)
    for row, col in ((0, 0), (39, 0), (0, 29), (39, 29), (17.5, 3)):
        expected = by_rasterio(image, reference, row, col)
        np.testing.assert_allclose(lay(grid, row, col), expected, atol=0.1)


def test_files_without_a_place_cover_the_same_ground():
    for image, reference in (
        (info(200, 100, crs=None), info(20, 25, crs=None)),
        (info(200, 100, Affine(1, 0, 5, 0, -1, 6)), info(20, 25)),
        (info(200, 100, Affine(1, 0, 5, 0, -1, 6)), info(20, 25, Affine(1, 0, 9, 0, 1, 9), None)),
    ):
        grid = grid_map(image, reference)
        np.testing.assert_allclose(lay(grid, -0.5, -0.5), [-0.5, -0.5], atol=1e-9)
        np.testing.assert_allclose(lay(grid, 19.5, 24.5), [199.5, 99.5], atol=1e-9)
        assert covered_share(image, grid, (20, 25)) == pytest.approx(1)


def test_transforms_count_where_neither_file_has_a_crs():
    image = info(10, 10, Affine(1, 0, 100, 0, 1, 100), None)
    grid = grid_map(image, info(10, 10, Affine(1, 0, 103, 0, 1, 100), None))
    np.testing.assert_allclose(lay(grid, 0, 0), [0, 3], atol=1e-9)


def test_share_of_the_image_that_is_covered():
    image = info(100, 100, Affine(1, 0, 5e5, 0, -1, 4e6))
    for shift, share in ((0, 1.0), (25, 0.75), (100, 0), (999, 0), (-10, 0.9)):
        reference = info(100, 100, Affine(1, 0, 5e5 + shift, 0, -1, 4e6))
        grid = grid_map(image, reference)
        assert covered_share(image, grid, (100, 100)) == pytest.approx(share, abs=1e-9)
    turned = Affine.translation(500050, 3999950) @ Affine.rotation(45) @ Affine.scale(1, -1)
    reference = info(100, 100, turned)
    grid = grid_map(image, reference)
    seen = [
        lay(grid, row, col) for row in np.arange(0, 99.5, 0.5) for col in np.arange(0, 99.5, 0.5)
    ]
    inside = [min(place) > -0.5 and max(place) < 99.5 for place in seen]
    share = covered_share(image, grid, (100, 100))
    assert share == pytest.approx(np.mean(inside), abs=0.02)


def test_maps_that_bend_are_refused():
    image = info(10980, 10980, Affine(10, 0, 5e5, 0, -10, 4e6))
    with pytest.raises(GridError, match="one bent by"):
        grid_map(image, info(5000, 5000, Affine(2e-4, 0, -81, 0, -2e-4, 36.1), "EPSG:4326"))


@pytest.mark.parametrize(
    ("image", "reference", "message"),
    [
        (Affine(1, 0, 0, 0, -1, 0), (Affine(0, 0, 5, 0, 0, 5), UTM), "pixels have an area"),
        (Affine(0, 0, 1, 0, 0, 1), (Affine(1, 0, 0, 0, -1, 0), UTM), "can be laid on its image"),
        (Affine(1, 0, 0, 0, -1, 0), (Affine(1, 0, 0, 0, -1, 500), "EPSG:4326"), "can be laid"),
        (
            Affine(1, 0, 0, 0, -1, 0),
            (Affine(1, 0, 0, 0, -1, 1), "LOCAL_CS[nonsense"),
            "can be laid",
        ),
    ],
)
def test_places_that_do_not_exist_are_refused(image, reference, message):
    with pytest.raises(GridError, match=message) as caught:
        grid_map(info(9, 9, image), info(9, 9, *reference, name="chm.tif"))
    assert caught.value.where == "chm.tif"


def test_header_of_a_file_says_the_same(tmp_path):
    place = (2.0, 0.0, 5e5, 0.0, -2.0, 4e6)
    write_raster(tmp_path / "i.tif", np.zeros((4, 6), "f4"), crs=UTM, transform=place)
    write_raster(
        tmp_path / "r.tif", np.zeros((2, 3), "f4"), crs=UTM, transform=(4, *place[1:4], -4, 4e6)
    )
    grid = grid_map(read_info(tmp_path / "i.tif"), read_info(tmp_path / "r.tif"))
    with rasterio.open(tmp_path / "r.tif") as file:
        x, y = file.xy(1, 2)
    with rasterio.open(tmp_path / "i.tif") as file:
        row, col = file.index(x, y, op=float)
    np.testing.assert_allclose(lay(grid, 1, 2), [row - 0.5, col - 0.5], atol=1e-6)
