"""STAC items of maps: valid by STAC's schema, right on the ground, and the same wherever they are made."""

import shutil
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
import shapely
from pyproj import CRS, Transformer
from pystac.extensions.classification import ClassificationExtension
from pystac.extensions.file import FileExtension
from pystac.extensions.projection import ProjectionExtension
from pystac.validation import JsonSchemaSTACValidator

from landseer.core.address import with_window
from landseer.core.classes import ClassTable
from landseer.core.files import read_json
from landseer.core.window import Window
from landseer.errors import FileReadError, UsageError
from landseer.predict.stac import item_of_map, write_map_item
from landseer.predict.stac_fields import UNKNOWN_TIME, place_of, time_of
from landseer.raster.read import read_info
from landseer.raster.write import write_raster

CLASSES = ClassTable(("background", "open water"), (0, 1), ("#000000", "#00ff80"))
TRANSFORM = (10.0, 0.0, 500_000.0, 0.0, -10.0, 6_000_000.0)


def check(item: dict) -> pystac.Item:
    """Validate by STAC's own schema, which pystac has with it; extensions by what pystac reads of them."""
    JsonSchemaSTACValidator().validate_core(item, pystac.STACObjectType.ITEM, "1.1.0")
    return pystac.Item.from_dict(item)


@pytest.fixture
def files(tmp_path: Path):
    """An image, its map and its probabilities."""
    image = tmp_path / "images" / "scene.tif"
    write_raster(image, np.ones((3, 40, 30), np.uint8), crs="EPSG:32633", transform=TRANSFORM)
    path = tmp_path / "maps" / "scene.tif"
    options = {"crs": "EPSG:32633", "transform": TRANSFORM}
    classes = np.zeros((40, 30), np.uint8)
    write_raster(
        path, classes, nodata=255, descriptions=("class",), cloud_optimised=True, **options
    )
    probability = path.with_name("scene_probability.tif")
    write_raster(probability, classes.astype(np.float32), nodata=np.nan, **options)
    return image, path, probability


def test_a_map(files, tmp_path: Path):
    image, path, probability = files
    written = write_map_item(
        path,
        CLASSES,
        assets={"probability": probability},
        image=with_window(image, Window(0, 0, 10, 10)),
        model=tmp_path / "model" / "model.stac.json",
        when="2021-05-03",
    )
    assert written == tmp_path / "maps" / "scene.stac.json"
    raw = read_json(written)
    item = check(raw)
    assert item.id == "scene" and item.properties["datetime"] == "2021-05-03T00:00:00Z"
    assert [link.href for link in item.links] == ["../images/scene.tif", "../model/model.stac.json"]
    assert {link.rel for link in item.links} == {"derived_from"}
    main, other = item.assets["classes"], item.assets["probability"]
    assert main.href == "./scene.tif" and main.media_type == pystac.MediaType.COG
    assert other.href == "./scene_probability.tif" and other.media_type == pystac.MediaType.GEOTIFF
    assert FileExtension.ext(main).size == path.stat().st_size
    band = raw["assets"]["probability"]["bands"][0]
    assert (band["data_type"], band["nodata"], band["name"]) == ("float32", "nan", "band1")
    assert raw["assets"]["classes"]["bands"][0]["nodata"] == 255


def test_classes_and_projection_as_pystac_reads_them(files):
    item = check(item_of_map(files[1], CLASSES))
    projection = ProjectionExtension.ext(item)
    assert projection.epsg == 32633 and projection.shape == [40, 30]
    with rasterio.open(files[1]) as dataset:
        assert projection.transform == list(dataset.transform)[:6]
    assert ClassificationExtension.has_extension(item)
    found = item.assets["classes"].extra_fields["bands"][0]["classification:classes"]
    assert [(c["value"], c["name"], c.get("color_hint")) for c in found] == [
        (0, "background", "000000"), (1, "open-water", "00FF80"), (255, "nodata", None),
    ]  # fmt: skip
    assert found[1]["description"] == "open water" and found[2]["nodata"] is True


def test_the_footprint_is_on_the_ground(files):
    item = item_of_map(files[1], CLASSES)
    to_degrees = Transformer.from_crs("EPSG:32633", "EPSG:4326", always_xy=True)
    corners = [to_degrees.transform(500_000 + x, 6_000_000 - y) for x in (0, 300) for y in (0, 400)]
    shape = shapely.geometry.shape(item["geometry"])
    assert (
        shapely.hausdorff_distance(shape.boundary, shapely.MultiPoint(corners).convex_hull.boundary)
        < 1e-6
    )
    assert item["bbox"] == pytest.approx(shape.bounds)
    assert shape.exterior.is_ccw and len(shape.exterior.coords) <= 9


def test_a_map_across_the_antimeridian(tmp_path: Path):
    path = tmp_path / "fiji.tif"
    transform = (10_000, 0, 780_000, 0, -10_000, 8_000_000)
    write_raster(path, np.zeros((10, 10), np.uint8), crs="EPSG:32760", transform=transform)
    place = place_of(read_info(path))
    assert place["geometry"]["type"] == "MultiPolygon"
    west, south, east, north = place["bbox"]
    assert 179 < west < 180 and -180 < east < -179 and -20 < south < north < -17
    check(item_of_map(path, CLASSES))


def test_a_map_without_a_place_or_an_epsg_code(tmp_path: Path):
    path = tmp_path / "plain.tif"
    write_raster(path, np.zeros((5, 6), np.float32))
    raw = item_of_map(path, None)
    assert raw["geometry"] is None and "bbox" not in raw and list(raw["assets"]) == ["values"]
    assert not any("proj" in key for key in raw["properties"])
    check(raw)
    write_raster(path, np.zeros((5, 6), np.uint8), transform=(2, 0, 0, 0, -2, 0))
    raw = item_of_map(path, ClassTable(("a", "b"), (0, 1)))
    check(raw)
    assert raw["properties"]["proj:code"] is None and raw["geometry"] is None
    assert "color_hint" not in raw["assets"]["classes"]["bands"][0]["classification:classes"][0]
    local = "+proj=laea +lat_0=52 +lon_0=10 +ellps=GRS80 +units=m"
    wkt = CRS.from_user_input(local).to_wkt()
    write_raster(path, np.zeros((5, 6), np.float32), crs=wkt, transform=(2, 0, 0, 0, -2, 0))
    raw = item_of_map(path, None)
    check(raw)
    assert raw["properties"]["proj:code"] is None
    assert CRS.from_wkt(raw["properties"]["proj:wkt2"]) == CRS.from_user_input(local)


def test_times():
    assert time_of("2021-05-03T10:20:30+02:00") == {"datetime": "2021-05-03T08:20:30Z"}
    assert time_of("2021-05-03/2021-06-01") == {
        "datetime": None,
        "start_datetime": "2021-05-03T00:00:00Z",
        "end_datetime": "2021-06-01T23:59:59Z",
    }
    for text in ("", "spring", "2021-05-03/"):
        with pytest.raises(UsageError, match="time"):
            time_of(text)


def test_when_the_image_was_taken(files):
    image, path, _ = files
    unknown = item_of_map(path, CLASSES, image=image)
    assert unknown["properties"].items() >= UNKNOWN_TIME.items()
    check(unknown)
    with rasterio.open(image, "r+") as dataset:
        dataset.update_tags(TIFFTAG_DATETIME="2024:01:01 00:00:00")
    assert item_of_map(path, CLASSES, image=image) == unknown
    with rasterio.open(image, "r+") as dataset:
        dataset.update_tags(EXIF_DateTimeOriginal="2020:07:01 09:30:00")
    taken = item_of_map(path, CLASSES, image=image)["properties"]["datetime"]
    assert taken == "2020-07-01T09:30:00Z"
    with rasterio.open(image, "r+") as dataset:
        dataset.update_tags(ns="IMAGERY", ACQUISITIONDATETIME="2019-07-01T09:30:00.5Z")
    taken = item_of_map(path, CLASSES, image=image)["properties"]["datetime"]
    assert taken == "2019-07-01T09:30:00Z"
    image.unlink()
    assert item_of_map(path, CLASSES, image=image) == unknown
    path.unlink()
    with pytest.raises(FileReadError):
        item_of_map(path, CLASSES)


def test_statistics_that_the_file_has(files):
    with rasterio.open(files[2], "r+") as dataset:
        dataset.update_tags(1, STATISTICS_MINIMUM="0.25", STATISTICS_MEAN="0.5")
        dataset.units = ("m",)
    band = item_of_map(files[2], None)["assets"]["values"]["bands"][0]
    assert band["unit"] == "m"
    assert band["statistics"] == {"minimum": 0.25, "mean": 0.5}


def test_the_same_wherever_it_is_made(files, tmp_path: Path):
    _, path, probability = files
    shutil.copytree(path.parent, tmp_path / "elsewhere" / "maps")
    items = [
        write_map_item(
            folder / path.name, CLASSES, assets={"probability": folder / probability.name}
        )
        for folder in (path.parent, tmp_path / "elsewhere" / "maps")
    ]
    assert items[0].read_bytes() == items[1].read_bytes()
