"""Virtual rasters of scenes: pixel by pixel as numpy has them, windows as the whole, georeference exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp

from landseer.core.address import with_window
from landseer.core.window import Window, cover
from landseer.errors import BandError, GridError
from landseer.raster.opening import open_raster, quiet
from landseer.raster.read import RasterInfo, read_bands, read_info, read_masked
from landseer.raster.stack import has_palette, write_colours, write_stack

UTM = "EPSG:32736"


def write(
    path: Path,
    array: np.ndarray,
    *,
    step: float = 0.5,
    left: float = 5e5,
    top: float = 9e6,
    crs: str | None = UTM,
    colours: tuple[ColorInterp, ...] | None = None,
    **more: object,
) -> Path:
    """Write a tiled GeoTIFF."""
    count, height, width = array.shape
    profile = {
        "driver": "GTiff",
        "count": count,
        "height": height,
        "width": width,
        "dtype": array.dtype.name,
    }
    profile |= {"tiled": True, "blockxsize": 64, "blockysize": 64, "crs": crs} | more
    if crs is not None:
        profile["transform"] = Affine(step, 0, left, 0, -step, top)
    with quiet(), rasterio.open(path, "w", **profile) as dataset:
        if colours:
            dataset.colorinterp = colours
        dataset.write(array)
    return path


@pytest.fixture
def pixels() -> np.ndarray:
    """Make (3, 240, 300) uint8 pixels with structure of several sizes."""
    rng = np.random.default_rng(3)
    coarse = np.kron(rng.integers(20, 230, (3, 24, 30)), np.ones((1, 10, 10)))
    return (coarse + rng.integers(-20, 20, coarse.shape)).astype(np.uint8)


@pytest.mark.parametrize("scale", [0.5, 0.37, 1.0, 1.5, 2.0])
def test_windows_are_parts_of_the_whole(tmp_path: Path, pixels: np.ndarray, scale: float) -> None:
    """Reading by windows of any place gives what reading all gives."""
    pixels[:, 50:90, 100:140] = 0
    path = write_stack(
        tmp_path / "s.vrt", [write(tmp_path / "a.tif", pixels, nodata=0)], scale=scale
    )
    whole = read_bands(path)
    for window in cover(whole.shape[1], whole.shape[2], 37, 5):
        np.testing.assert_array_equal(
            read_bands(with_window(path, window)), whole[(slice(None), *window.slices)]
        )


def test_whole_pixels_are_averaged(tmp_path: Path, pixels: np.ndarray) -> None:
    """At scale 0.2 each pixel is the mean of 5 x 5, but of the missing ones."""
    pixels[:, 20:27, 31:45] = 0
    source = write(tmp_path / "a.tif", pixels, nodata=0)
    found = read_bands(write_stack(tmp_path / "s.vrt", [source], scale=0.2))
    assert (pixels == 0).sum() > 3 * 7 * 14, "some single pixels are missing as well"
    blocks = pixels.astype(float).reshape(3, 48, 5, 60, 5)
    known = blocks > 0
    mean = blocks.sum((2, 4)) / np.maximum(known.sum((2, 4)), 1)
    assert np.abs(found - mean).max() <= 0.51
    assert (found[:, known.sum((0, 2, 4)) == 0] == 0).all()


def test_parts_of_pixels_are_averaged(tmp_path: Path, pixels: np.ndarray) -> None:
    """At scale 0.4 each pixel is the mean of 2.5 x 2.5, halves counted as halves."""
    found = read_bands(
        write_stack(tmp_path / "s.vrt", [write(tmp_path / "a.tif", pixels)], scale=0.4)
    )
    halves = pixels.repeat(2, 1).repeat(2, 2).astype(float)
    expected = halves.reshape(3, 96, 5, 120, 5).mean((2, 4))
    assert np.abs(found - expected).max() <= 0.51


def test_overviews_change_nothing(tmp_path: Path, pixels: np.ndarray) -> None:
    """A file with overviews, made badly, gives the same shrunk pixels."""
    source = write(tmp_path / "a.tif", pixels)
    path = write_stack(tmp_path / "s.vrt", [source], scale=0.25)
    before = read_bands(path)
    with rasterio.open(source, "r+") as dataset:
        dataset.build_overviews([2, 4], rasterio.enums.Resampling.nearest)
    np.testing.assert_array_equal(read_bands(path), before)


@pytest.mark.parametrize(("scale", "size"), [(0.37, (89, 111)), (2.0, (480, 600))])
def test_outline_is_exact(
    tmp_path: Path, pixels: np.ndarray, scale: float, size: tuple[int, int]
) -> None:
    """The corners of the scaled raster are those of the file."""
    source = write(tmp_path / "a.tif", pixels, step=0.149291070785)
    info = read_info(write_stack(tmp_path / "s.vrt", [source], scale=scale))
    plain = read_info(source)
    assert (info.height, info.width) == size
    assert info.crs == UTM
    assert _corner(info) == pytest.approx(_corner(plain), rel=1e-15)


def _corner(info: RasterInfo) -> tuple[float, float]:
    """Return the lower right corner."""
    assert info.transform is not None
    a, b, c, d, e, f = info.transform
    return a * info.width + b * info.height + c, d * info.width + e * info.height + f


def test_enlarged_is_gdals_cubic(tmp_path: Path, pixels: np.ndarray) -> None:
    """Enlarging gives what GDAL gives when it reads the file enlarged."""
    source = write(tmp_path / "a.tif", pixels)
    found = read_bands(write_stack(tmp_path / "s.vrt", [source], scale=2))
    with rasterio.open(source) as dataset:
        expected = dataset.read(out_shape=(3, 480, 600), resampling=rasterio.enums.Resampling.cubic)
    np.testing.assert_array_equal(found, expected)


def test_bands_of_several_resolutions(tmp_path: Path, pixels: np.ndarray) -> None:
    """Files of 10 m and 20 m become one image of 10 m; flags are repeated, not mixed."""
    fine = write(tmp_path / "fine.tif", pixels.astype(np.uint16), step=10)
    coarse = np.arange(2 * 120 * 150, dtype=np.uint16).reshape(2, 120, 150) % 997
    rough = write(tmp_path / "rough.tif", coarse, step=20)
    path = write_stack(tmp_path / "s.vrt", [rough, fine], flags=(2,))
    info, found = read_info(path), read_bands(path)
    assert (info.count, info.height, info.width) == (5, 240, 300)
    np.testing.assert_array_equal(found[2:], pixels)
    np.testing.assert_array_equal(found[1], coarse[1].repeat(2, 0).repeat(2, 1))
    assert not np.array_equal(found[0], coarse[0].repeat(2, 0).repeat(2, 1))


def test_bands_of_several_types(tmp_path: Path, pixels: np.ndarray) -> None:
    """The common type holds all values exactly."""
    heights = (pixels[:1].astype(np.float32) - 100) / 3
    files = [write(tmp_path / "a.tif", pixels), write(tmp_path / "b.tif", heights)]
    found = read_bands(write_stack(tmp_path / "s.vrt", files))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.concatenate([pixels, heights]))


def test_mosaic_of_four_files(tmp_path: Path, pixels: np.ndarray) -> None:
    """Tiles side by side are the image they were cut from; where none lies, data are missing."""
    files = [
        write(
            tmp_path / f"{row}_{col}.tif",
            pixels[:, row : row + 120, col : col + 150],
            left=5e5 + col * 0.5,
            top=9e6 - row * 0.5,
        )
        for row, col in ((120, 150), (0, 0), (0, 150))
    ]
    path = write_stack(tmp_path / "s.vrt", files, joined="mosaic")
    found, there = read_masked(path)
    expected = np.ones((240, 300), bool)
    expected[120:, :150] = False
    np.testing.assert_array_equal(there, expected)
    np.testing.assert_array_equal(found[:, expected], pixels[:, expected])
    assert read_info(path).transform == read_info(files[1]).transform


def test_mosaic_shows_the_file_below_through_alpha(tmp_path: Path, pixels: np.ndarray) -> None:
    """Transparent pixels of a later file let an earlier one through, in colours and in the mask."""
    alpha = np.full((1, 240, 300), 255, np.uint8)
    alpha[:, :, :100] = 0
    upper = np.concatenate([255 - pixels, alpha])
    lower = np.concatenate([pixels, alpha[:, :, ::-1]])
    colours = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    files = [
        write(tmp_path / f"{i}.tif", one, colours=colours, photometric="RGB")
        for i, one in enumerate((lower, upper))
    ]
    path = write_stack(tmp_path / "s.vrt", files, joined="mosaic")
    found, there = read_masked(path, [1, 2, 3])
    assert there is None
    np.testing.assert_array_equal(found[:, :, :100], pixels[:, :, :100])
    np.testing.assert_array_equal(found[:, :, 100:], 255 - pixels[:, :, 100:])
    np.testing.assert_array_equal(read_bands(path, [4]), np.full((1, 240, 300), 255))


@pytest.mark.parametrize("scale", [1.0, 0.5, 2.0, 0.4])
def test_alpha_and_colours_stay(tmp_path: Path, pixels: np.ndarray, scale: float) -> None:
    """A scaled RGBA file is still one, its transparent half is missing, and it darkens nothing."""
    alpha = np.full((1, 240, 300), 255, np.uint8)
    alpha[:, :, 151:] = 0
    colours = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    bright = np.where(alpha > 0, np.uint8(200), np.uint8(0)).repeat(3, 0)
    source = write(
        tmp_path / "a.tif", np.concatenate([bright, alpha]), colours=colours, photometric="RGB"
    )
    path = write_stack(tmp_path / "s.vrt", [source], scale=scale)
    with open_raster(path) as dataset:
        assert dataset.colorinterp == colours
    found = read_bands(path, [1, 2, 3])
    edge = sum((col + 0.5) / scale < 151 for col in range(found.shape[2]))
    assert np.isnan(found[:, :, edge:]).all()
    np.testing.assert_array_equal(found[:, :, :edge], 200)


def test_internal_mask_stays(tmp_path: Path, pixels: np.ndarray) -> None:
    """A mask inside the file becomes the mask of the virtual raster."""
    source = write(tmp_path / "a.tif", pixels)
    mask = np.ones((240, 300), bool)
    mask[30:60] = False
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(source, "r+") as dataset:
        dataset.write_mask(mask)
    _, there = read_masked(write_stack(tmp_path / "s.vrt", [source], scale=2))
    np.testing.assert_array_equal(there, mask.repeat(2, 0).repeat(2, 1))


def test_classes_take_the_most_frequent_one(tmp_path: Path) -> None:
    """Of 3 x 3 classes the most frequent wins; classes told by colours are never mixed."""
    rng = np.random.default_rng(5)
    label = rng.integers(0, 4, (1, 90, 120)).astype(np.uint8)
    source = write(tmp_path / "a.tif", label)
    path = write_stack(tmp_path / "s.vrt", [source], size=(30, 40), are_classes=True)
    blocks = np.moveaxis(label[0].reshape(30, 3, 40, 3), 1, 2).reshape(30, 40, 9)
    counts = (blocks[..., None] == np.arange(4)).sum(2)
    found = counts[(*np.mgrid[:30, :40], read_bands(path)[0])]
    np.testing.assert_array_equal(found, counts.max(-1))
    colours = np.array([[9, 0, 0], [0, 99, 0], [0, 0, 200], [255, 255, 255]], np.uint8)
    source = write(tmp_path / "c.tif", np.moveaxis(colours[label[0]], -1, 0))
    path = write_stack(tmp_path / "s.vrt", [source], size=(30, 40), are_classes=True)
    mixed = np.moveaxis(read_bands(path), 0, -1).reshape(-1, 3)
    assert {tuple(one) for one in mixed.tolist()} == {tuple(one) for one in colours.tolist()}


def test_names_nodata_and_palette_stay(tmp_path: Path) -> None:
    """What the header says of bands is said again; a palette can become colours."""
    numbers = np.arange(60, dtype=np.uint8).reshape(1, 6, 10) % 3
    source = write(tmp_path / "a & b.tif", numbers, nodata=7)
    palette = {0: (10, 20, 30, 255), 1: (200, 0, 0, 255), 2: (0, 90, 250, 255)}
    with rasterio.open(source, "r+") as dataset:
        dataset.write_colormap(1, palette)
        dataset.set_band_description(1, "land")
    path = write_stack(tmp_path / "s.vrt", [source], scale=2)
    assert has_palette(path)
    info = read_info(path)
    assert (info.nodata, info.descriptions) == (7, ("land",))
    np.testing.assert_array_equal(read_bands(path), numbers.repeat(2, 1).repeat(2, 2))
    with open_raster(path) as dataset:
        assert dataset.colormap(1)[2] == palette[2]
    colours = read_bands(write_colours(tmp_path / "c.vrt", source))
    expected = np.array([palette[i][:3] for i in range(3)], np.uint8)[numbers[0]]
    np.testing.assert_array_equal(colours, np.moveaxis(expected, -1, 0))


def test_images_without_a_place(tmp_path: Path, pixels: np.ndarray) -> None:
    """Files that are not georeferenced are stretched over each other."""
    fine = write(tmp_path / "a.tif", pixels, crs=None)
    rough = write(tmp_path / "b.tif", pixels[:1, ::2, ::2], crs=None)
    info = read_info(write_stack(tmp_path / "s.vrt", [fine, rough], scale=0.5))
    assert (info.count, info.height, info.width, info.crs, info.transform) == (
        4,
        120,
        150,
        None,
        None,
    )
    window = with_window(tmp_path / "s.vrt", Window(20, 30, 40, 50))
    np.testing.assert_array_equal(read_bands(window, [4])[0], pixels[0, ::2, ::2][20:60, 30:80])


def test_files_that_do_not_fit(tmp_path: Path, pixels: np.ndarray) -> None:
    """Other ground, half a pixel beside the grid, another CRS, other bands: refused, and said where."""
    first = write(tmp_path / "a.tif", pixels)
    other = write(tmp_path / "b.tif", pixels, left=5e5 + 20)
    with pytest.raises(GridError, match=r"same ground.*40 columns"):
        write_stack(tmp_path / "s.vrt", [first, other])
    beside = write(tmp_path / "c.tif", pixels, left=5e5 + 150.25)
    with pytest.raises(GridError, match=r"0\.5 columns beside") as caught:
        write_stack(tmp_path / "s.vrt", [first, beside], joined="mosaic")
    assert caught.value.where.endswith("c.tif")
    with pytest.raises(GridError, match="one CRS"):
        write_stack(tmp_path / "s.vrt", [first, write(tmp_path / "d.tif", pixels, crs="EPSG:3857")])
    with pytest.raises(BandError, match="3 bands; got 2"):
        write_stack(
            tmp_path / "s.vrt", [first, write(tmp_path / "e.tif", pixels[:2])], joined="mosaic"
        )
    with pytest.raises(BandError, match="palette"):
        write_colours(tmp_path / "s.vrt", first)
    assert not (tmp_path / "s.vrt").exists()
