"""How an image is read: at the model's ground sample distance, with the bands that it knows."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from landseer.core.address import with_window
from landseer.core.bands import Band
from landseer.core.window import Window
from landseer.errors import BandError, GridError
from landseer.predict import Ensemble, PredictOptions, Voting, predict_images
from landseer.predict.prepare import check_bands
from landseer.quantities.mask import ClassMask
from landseer.raster.read import read_bands, read_info
from landseer.raster.write import write_raster

CPU = {"device": "cpu", "precision": "float32"}
PLACE = {"crs": "EPSG:32617", "transform": (0.5, 0.0, 500000.0, 0.0, -0.5, 4100000.0)}
NOWHERE = {"crs": "EPSG:4326", "transform": (0.5, 0.0, 811342.0, 0.0, -0.5, 617513.0)}
"""Metres that are called degrees."""


@pytest.fixture
def ensemble(local) -> Ensemble:
    return Ensemble([local], {"mask": ClassMask(2)}, Voting(threshold=0.5))


@pytest.fixture
def coarse(spec):
    """A model that reads at one metre."""
    return spec.model_copy(update={"gsd_m": 1.0})


@pytest.mark.parametrize("window_px", [24, 512])
@pytest.mark.parametrize("by", ["option", "table"])
def test_an_image_without_georeference_is_read_at_the_distance_that_is_given(
    ensemble, spec, coarse, write_image, tmp_path: Path, by: str, window_px: int
):
    """Its map is that of the same pixels with a georeference, which has the model's distance."""
    placed, image = write_image("placed/a.tif", 60, 84, **PLACE)
    plain = tmp_path / "plain" / "a.tif"
    write_raster(plain, image)
    table = tmp_path / "gsd.csv"
    table.write_text("id,gsd\na,0.5\n")
    given = {"gsd_m": 0.5} if by == "option" else {"gsd_table": table, "gsd_m": 9.0}
    options = {"window_px": window_px, "overlap_px": 8, "border_px": 2, **CPU}
    out = tmp_path / "out"
    summary = predict_images(
        ensemble, coarse, [plain], out / "plain", PredictOptions(**given, **options)
    )
    predict_images(ensemble, coarse, [placed], out / "placed", PredictOptions(**options))
    found = read_bands(out / "plain/a.tif")
    assert found.shape == (1, 30, 42) and summary.notes == {}
    np.testing.assert_array_equal(found, read_bands(out / "placed/a.tif"))
    assert [path.name for path in (out / "plain").iterdir()] == ["a.tif"]


def test_what_is_given_goes_before_the_georeference(ensemble, coarse, write_image, tmp_path: Path):
    path, _ = write_image("a.tif", 60, 84, **PLACE)
    options = PredictOptions(gsd_m=0.25, **CPU)
    predict_images(ensemble, coarse, [path], tmp_path / "out", options)
    info = read_info(tmp_path / "out/a.tif")
    assert (info.height, info.width, info.crs) == (15, 21, PLACE["crs"])


def test_where_nothing_tells_the_distance_that_is_said(
    ensemble, coarse, write_image, tmp_path: Path
):
    path, _ = write_image("a.tif", 60, 84)
    summary = predict_images(ensemble, coarse, [path], tmp_path / "out", PredictOptions(**CPU))
    assert list(summary.notes) == [path] and "taken for 1 m" in summary.notes[path]
    assert f"{path}: nothing tells its ground sample distance" in summary.text()
    assert "--gsd-m" in json.loads(json.dumps(summary.as_dict()))["notes"][str(path)]
    assert read_bands(tmp_path / "out/a.tif").shape == (1, 60, 84)


def test_a_georeference_that_gives_no_distance_stops_models_that_need_one(
    ensemble, spec, coarse, write_image, tmp_path: Path
):
    path, _ = write_image("a.tif", 30, 30, **NOWHERE)
    with pytest.raises(GridError, match="lies on the Earth") as caught:
        predict_images(ensemble, coarse, [path], tmp_path / "out", PredictOptions(**CPU))
    assert caught.value.where == str(path) and "correct the CRS" in caught.value.do
    given = PredictOptions(gsd_m=0.5, **CPU)
    assert predict_images(ensemble, coarse, [path], tmp_path / "out", given).n_written == 1
    other = tmp_path / "other"
    assert predict_images(ensemble, spec, [path], other, PredictOptions(**CPU)).n_written == 1


def test_nothing_is_left_of_images_that_were_read_otherwise_when_something_stops_the_run(
    ensemble, coarse, write_image, tmp_path: Path, monkeypatch
):
    path, _ = write_image("a.tif", 30, 30, **PLACE)
    monkeypatch.setattr(Ensemble, "forward", None)
    with pytest.raises(TypeError):
        predict_images(ensemble, coarse, [path], tmp_path / "out", PredictOptions(**CPU))
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize("name", ["grids", ".landseer"])
def test_no_name_of_an_image_stands_in_the_way(
    ensemble, coarse, write_image, tmp_path: Path, name: str
):
    paths = [write_image(f"{one}.tif", 90, 40, **PLACE)[0] for one in ("a", name, "z")]
    options = PredictOptions(window_px=24, overlap_px=8, border_px=2, **CPU)
    summary = predict_images(ensemble, coarse, paths, tmp_path / "out", options)
    assert not summary.failures and summary.n_written == 3
    expected = {f"{one}.tif" for one in ("a", name, "z")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == expected


def test_a_window_of_a_file_is_read_at_the_models_distance(
    ensemble, coarse, write_image, tmp_path: Path
):
    path, image = write_image("a.tif", 60, 84, **PLACE)
    cut = tmp_path / "cut/a_10_20.tif"
    side, _, left, _, _, top = PLACE["transform"]
    place = (side, 0.0, left + 20 * side, 0.0, -side, top - 10 * side)
    write_raster(cut, image[:, 10:50, 20:70], crs=PLACE["crs"], transform=place)
    address = str(with_window(path, Window(10, 20, 40, 50)))
    for inputs, out in ((address, tmp_path / "one"), (cut, tmp_path / "two")):
        predict_images(ensemble, coarse, [inputs], out, PredictOptions(**CPU))
    one, two = tmp_path / "one/a_10_20.tif", tmp_path / "two/a_10_20.tif"
    np.testing.assert_array_equal(read_bands(one), read_bands(two))
    assert read_bands(one).shape == (1, 20, 25)
    assert read_info(one).transform == read_info(two).transform


def colours(path: Path, count: int, *, alpha: bool) -> Path:
    """Write an image of so many bands, the last an alpha band or not."""
    values = np.random.default_rng(0).integers(0, 200, (count, 9, 9)).astype(np.uint8)
    if alpha:
        values[-1] = 255
    profile = {"height": 9, "width": 9, "count": count, "dtype": "uint8"}
    place = {"crs": "EPSG:32617", "transform": rasterio.Affine(1, 0, 5, 0, -1, 9)}
    with rasterio.open(path, "w", photometric="MINISBLACK", **profile, **place) as file:
        file.colorinterp = (
            *[ColorInterp.gray] * (count - alpha),
            *[ColorInterp.alpha] * alpha,
        )
        file.write(values)
    return path


RGB = tuple(Band(name, place) for place, name in enumerate(("red", "green", "blue"), 1))
RGBN = (*RGB, Band("nir", 4))


@pytest.mark.parametrize(
    ("bands", "file_bands", "count", "alpha", "fits"),
    [
        (RGB, 3, 3, False, True),
        (RGB, 3, 4, True, True),
        (RGB, 3, 4, False, False),
        (RGB, 3, 2, False, False),
        (RGB, None, 3, False, True),
        (RGB, 4, 3, False, True),  # delivered when alpha bands counted
        (RGB, 4, 4, True, True),
        (RGB, 4, 4, False, True),
        (RGB, 4, 5, True, True),
        (RGB, 4, 5, False, False),
        (RGB, 4, 2, False, False),
        (RGBN, 4, 3, False, False),
        (RGBN, 4, 4, True, True),
        (RGBN, 5, 4, False, True),
        (RGB, 13, 12, False, False),  # another product, in which bands lie elsewhere
    ],
)
def test_bands_that_fit(spec, tmp_path: Path, bands, file_bands, count, alpha, fits):
    spec = spec.model_copy(update={"bands": bands, "file_bands": file_bands})
    info = read_info(colours(tmp_path / "a.tif", count, alpha=alpha))
    if fits:
        check_bands(info, spec)
        return
    with pytest.raises(BandError, match=f"got {count}") as caught:
        check_bands(info, spec)
    wanted = file_bands or 3
    assert f"expected {wanted} bands" in caught.value.message
    assert ("among them" in caught.value.message) == (wanted != len(bands))
