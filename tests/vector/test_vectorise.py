"""Whole runs: files that other libraries read, attributes that independent code confirms, and clear errors."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import rasterio.features
import shapely
from affine import Affine
from pyarrow import parquet
from pyproj import Geod
from scipy import ndimage

from landseer.core.address import with_window
from landseer.core.window import Window
from landseer.errors import DataError, FileReadError, GridError, UsageError, WriteError
from landseer.raster.cog import CogWriter
from landseer.raster.write import write_raster
from landseer.vector import features as features_module
from landseer.vector import files as files_module
from landseer.vector.maps import find_probability
from landseer.vector.options import VectoriseOptions
from landseer.vector.vectorise import vectorise

UTM = {"crs": "EPSG:32736", "transform": (0.5, 0, 500000, 0, -0.5, 9200000)}
PLACES = {
    "EPSG:32736": (0.5, 0, 500000, 0, -0.5, 9200000),
    "EPSG:3857": (0.6, 0, 1.2e6, 0, -0.6, 8e6),
    "EPSG:4326": (1e-5, 0, 24.9, 0, -5e-6, 60.2),
}


def blobs(shape: tuple[int, int] = (120, 100), seed: int = 0) -> np.ndarray:
    """Make a map of classes 0 to 2 with a corner of missing pixels."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 4)
    classes = np.digitize(noise, np.quantile(noise, [0.5, 0.8])).astype(np.uint8)
    classes[:9, :12] = 255
    return classes


def write(path: Path, classes: np.ndarray, **georeference: object) -> Path:
    """Write a map."""
    write_raster(path, classes, nodata=255, **georeference)  # type: ignore[arg-type]
    return path


def read(path: Path) -> geopandas.GeoDataFrame:
    """Read polygons with geopandas."""
    if path.suffix == ".parquet":
        return geopandas.read_parquet(path)
    return geopandas.read_file(path)


def drawn(frame: geopandas.GeoDataFrame, classes: np.ndarray) -> np.ndarray:
    """Draw polygons of UTM on the grid of the map."""
    shapes = list(zip(frame.geometry, frame["value"], strict=True))
    transform = Affine(*UTM["transform"])  # type: ignore[arg-type]
    return rasterio.features.rasterize(shapes, classes.shape, transform=transform, dtype="uint8")


@pytest.mark.parametrize("ending", ["parquet", "gpkg", "geojson"])
def test_polygons_drawn_again_are_the_map(tmp_path: Path, ending: str) -> None:
    classes = blobs()
    path = write(tmp_path / "map.tif", classes, **UTM)
    summary = vectorise(path, tmp_path / f"map.{ending}")
    frame = read(summary.files[0])
    assert summary.n_polygons == len(frame) == sum(summary.by_class.values())
    assert summary.area_m2 == pytest.approx(frame["area_m2"].sum())
    assert frame.crs.to_epsg() == (4326 if ending == "geojson" else 32736)
    back = drawn(frame.to_crs(32736), classes)
    np.testing.assert_array_equal(back, np.where(classes == 255, 0, classes))
    assert frame["id"].tolist() == list(range(1, len(frame) + 1))
    assert frame["confidence"].isna().all()
    assert [f.name for f in tmp_path.iterdir() if f.name.startswith(".")] == []


@pytest.mark.parametrize("crs", PLACES)
def test_areas_and_perimeters_are_those_of_the_ellipsoid(tmp_path: Path, crs: str) -> None:
    path = write(tmp_path / "map.tif", blobs(), crs=crs, transform=PLACES[crs])
    frame = read(vectorise(path, tmp_path / "map.parquet").files[0])
    geod = Geod(ellps="WGS84")
    for row in frame.to_crs(4326).itertuples():
        area, _ = geod.geometry_area_perimeter(shapely.orient_polygons(row.geometry))
        perimeter = geod.geometry_length(row.geometry.boundary)
        assert row.area_m2 == pytest.approx(area, rel=1e-4)
        assert row.perimeter_m == pytest.approx(perimeter, rel=1e-6)


def test_large_polygons_are_measured_along_their_curved_sides(tmp_path: Path) -> None:
    classes = np.zeros((12, 12), np.uint8)
    classes[1:11, 1:11] = 1
    path = write(tmp_path / "map.tif", classes, crs="EPSG:4326", transform=(1, 0, 10, 0, -1, 62))
    frame = read(vectorise(path, tmp_path / "map.parquet").files[0])
    # Between meridians and parallels, on the authalic sphere, to within its flattening at middle latitudes.
    sines = np.sin(np.deg2rad([51, 61]))
    expected = 6371007.2**2 * np.deg2rad(10) * (sines[1] - sines[0])
    assert frame["area_m2"][0] == pytest.approx(expected, rel=5e-3)
    dense = shapely.segmentize(frame.geometry[0], 0.001)
    exact, _ = Geod(ellps="WGS84").geometry_area_perimeter(shapely.orient_polygons(dense))
    assert frame["area_m2"][0] == pytest.approx(exact, rel=1e-6)


def test_geoparquet_keeps_its_promises(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", blobs(), **UTM)
    out = vectorise(path, tmp_path / "map.parquet").files[0]
    geo = json.loads(parquet.read_metadata(out).metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["orientation"] == "counterclockwise"
    frame = read(out)
    assert all(polygon.exterior.is_ccw for polygon in frame.geometry)
    corner = (500010, 9199980, 500015, 9199990)
    part = geopandas.read_parquet(out, bbox=corner)
    boxes = shapely.box(*frame.bounds.to_numpy().T)
    assert len(part) == shapely.intersects(boxes, shapely.box(*corner)).sum() < len(frame)


def test_geojson_is_of_rfc_7946(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", blobs(), **UTM)
    found = json.loads(vectorise(path, tmp_path / "map.geojson").files[0].read_text())
    assert set(found) == {"type", "features"}
    for feature in found["features"]:
        assert feature["geometry"]["type"] == "Polygon"
        assert shapely.LinearRing(feature["geometry"]["coordinates"][0]).is_ccw
        assert feature["properties"]["confidence"] is None


def test_shapes_across_the_antimeridian_are_cut(tmp_path: Path) -> None:
    classes = np.zeros((40, 60), np.uint8)
    classes[5:35, 5:55], classes[0:3, 0:3] = 1, 1
    # Longitude 180 is the western border of UTM zone 1: easting 166 021 m at the equator.
    place = (10.0, 0, 166021 - 300, 0, -10.0, 200)
    path = write(tmp_path / "map.tif", classes, crs="EPSG:32601", transform=place)
    frame = read(vectorise(path, tmp_path / "map.geojson").files[0])
    cut = frame.loc[frame["area_m2"].idxmax()]
    assert cut.geometry.geom_type == "MultiPolygon"
    assert cut.geometry.bounds == (
        -180,
        pytest.approx(-0.0014, abs=1e-4),
        180,
        pytest.approx(0.0014, abs=1e-4),
    )
    sides = [Geod(ellps="WGS84").geometry_area_perimeter(g)[0] for g in cut.geometry.geoms]
    assert sum(sides) == pytest.approx(cut["area_m2"], rel=1e-3)
    assert min(sides) > 0.4 * cut["area_m2"]
    assert frame.geom_type.tolist().count("Polygon") == 1


def test_layers_of_a_package_have_the_name_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", blobs(), **UTM)
    out = tmp_path / "map.gpkg"
    vectorise(path, out, VectoriseOptions(layer="kelp"))
    assert pyogrio.list_layers(out).tolist() == [["kelp", "MultiPolygon"]]


def test_batches_make_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "map.tif", blobs((1100, 60)), **UTM)
    small = functools.partial(features_module.polygonise, strip_bytes=1)
    monkeypatch.setattr(features_module, "polygonise", small)
    whole = {
        e: read(vectorise(path, tmp_path / f"one.{e}").files[0])
        for e in ("parquet", "gpkg", "geojson")
    }
    monkeypatch.setattr(features_module, "BATCH", 1)
    for ending, frame in whole.items():
        parts = read(vectorise(path, tmp_path / f"many.{ending}").files[0])
        assert parts.equals(frame)


def test_names_come_from_the_map_and_choose_classes(tmp_path: Path) -> None:
    path, classes = tmp_path / "map.tif", blobs()
    names = {0: "open", 1: "wood", 2: "water"}
    with CogWriter(
        path, width=100, height=120, count=1, dtype="uint8", nodata=255, category_names=names,
        crs=str(UTM["crs"]), transform=UTM["transform"], descriptions=("class",),  # type: ignore[arg-type]
    ) as writer:  # fmt: skip
        writer.write(0, classes[None])
    assert set(vectorise(path, tmp_path / "a.parquet").by_class) == {"wood", "water"}
    chosen = vectorise(path, tmp_path / "b.parquet", VectoriseOptions(classes=("water", "0")))
    assert set(chosen.by_class) == {"water", "open"}
    given = VectoriseOptions(names=("none", "a", "b"), classes=("b",))
    assert set(vectorise(path, tmp_path / "c.parquet", given).by_class) == {"b"}
    with pytest.raises(UsageError, match="0 open, 1 wood, 2 water"):
        vectorise(path, tmp_path / "d.parquet", VectoriseOptions(classes=("roof",)))


def test_confidence_is_the_mean_probability_beside_the_map(tmp_path: Path) -> None:
    classes = blobs()
    probability = np.random.default_rng(1).random((2, *classes.shape)).astype(np.float32)
    path = write(tmp_path / "map.tif", classes, **UTM)
    write_raster(tmp_path / "map_probability.tif", probability, **UTM)  # type: ignore[arg-type]
    frame = read(vectorise(path, tmp_path / "map.parquet").files[0])
    transform = Affine(*UTM["transform"])  # type: ignore[arg-type]
    for row in frame.itertuples():
        inside = rasterio.features.rasterize([row.geometry], classes.shape, transform=transform)
        expected = probability[row.value - 1][inside == 1].mean()
        assert row.confidence == pytest.approx(expected, abs=1e-4)


def test_several_maps_in_one_file_or_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    write(folder / "a.tif", blobs(), **UTM)
    write(folder / "b.tif", blobs(seed=1), crs="EPSG:3857", transform=PLACES["EPSG:3857"])
    write(
        folder / "b_probability.tif",
        np.ones((2, 120, 100), np.float32),
        crs="EPSG:3857",
        transform=PLACES["EPSG:3857"],
    )
    summary = vectorise(folder, tmp_path / "all.parquet", VectoriseOptions(crs="EPSG:4326"))
    frame = read(summary.files[0])
    assert summary.n_maps == 2
    assert set(frame["scene"]) == {"a", "b"}
    assert frame["id"].is_unique
    assert "several CRS" in summary.notes[0]
    separate = vectorise(folder, tmp_path / "out", VectoriseOptions(format="gpkg"))
    assert [f.name for f in separate.files] == ["a.gpkg", "b.gpkg"]
    assert [read(f).crs.to_epsg() for f in separate.files] == [32736, 3857]
    counts = frame.groupby("scene").size()
    assert [len(read(f)) for f in separate.files] == counts.tolist()


def test_windows_of_a_map_have_their_own_probabilities(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", blobs(), **UTM)
    write(tmp_path / "map_probability.tif", np.ones((2, 120, 100), np.float32), **UTM)
    window = with_window(path, Window(20, 30, 40, 50))
    assert find_probability(window, None) == tmp_path / "map_probability.tif#20,30,40,50"
    frame = read(vectorise(window, tmp_path / "out").files[0])
    assert frame.total_bounds.tolist() == [500015, 9199970, 500040, 9199990]


def test_no_polygons_make_an_empty_file(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", np.zeros((9, 9), np.uint8), **UTM)
    for ending in ("parquet", "gpkg", "geojson"):
        for options in (
            VectoriseOptions(),
            VectoriseOptions(simplify_m=1),
            VectoriseOptions(rectangular=True),
        ):
            summary = vectorise(path, tmp_path / f"none.{ending}", options)
            assert summary.n_polygons == len(read(summary.files[0])) == 0


def test_without_crs_everything_is_in_pixels(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", blobs())
    summary = vectorise(path, tmp_path / "map.parquet", VectoriseOptions(min_area_m2=4))
    frame = read(summary.files[0])
    assert frame.crs is None
    assert (frame["area_px"] == frame.area).all()
    assert frame["area_px"].min() >= 4
    assert ["in pixels" in note for note in summary.notes] == [True]
    for ending in ("gpkg", "geojson"):
        other = read(vectorise(path, tmp_path / f"map.{ending}").files[0])
        assert other.total_bounds.tolist() == frame.total_bounds.tolist()
    with pytest.raises(DataError, match="without CRS"):
        vectorise(path, tmp_path / "a.parquet", VectoriseOptions(crs="EPSG:4326"))


def test_limits_are_metres_on_the_ground(tmp_path: Path) -> None:
    classes = np.zeros((40, 40), np.uint8)
    classes[5:15, 5:15], classes[20:22, 20:22] = 1, 1
    for crs, transform in PLACES.items():
        path = write(tmp_path / "map.tif", classes, crs=crs, transform=transform)
        areas = np.sort(read(vectorise(path, tmp_path / "all.parquet").files[0])["area_m2"])
        least = VectoriseOptions(min_area_m2=float(areas[0] * 1.01))
        assert vectorise(path, tmp_path / "few.parquet", least).n_small == 1
        least = VectoriseOptions(min_area_m2=float(areas[0] * 0.99))
        assert vectorise(path, tmp_path / "few.parquet", least).n_small == 0


def test_simpler_and_right_angled_outlines(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", blobs(), **UTM)
    exact = read(vectorise(path, tmp_path / "a.parquet").files[0])
    simple = read(
        vectorise(path, tmp_path / "b.parquet", VectoriseOptions(simplify_m=0.5)).files[0]
    )
    assert len(simple) == len(exact)
    assert simple.count_coordinates().sum() < 0.7 * exact.count_coordinates().sum()
    assert simple.area.sum() == pytest.approx(exact.area.sum(), rel=0.01)
    summary = vectorise(path, tmp_path / "c.parquet", VectoriseOptions(rectangular=True))
    straight = read(summary.files[0])
    assert straight["outline"].value_counts().to_dict() == summary.shapes
    assert shapely.is_valid(straight.geometry).all()


def test_connectivity_8_joins_across_corners(tmp_path: Path) -> None:
    classes = np.kron(np.eye(4, dtype=np.uint8), np.ones((3, 3), np.uint8))
    path = write(tmp_path / "map.tif", classes, **UTM)
    for options in (
        VectoriseOptions(connectivity=8),
        VectoriseOptions(connectivity=8, simplify_m=0.1),
    ):
        frame = read(vectorise(path, tmp_path / "map.parquet", options).files[0])
        assert frame.geom_type.tolist() == ["MultiPolygon"]
        assert frame.is_valid.all()
        assert len(frame.geometry[0].geoms) == 4
    assert vectorise(path, tmp_path / "map.parquet").n_polygons == 4


def test_nothing_broken_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = write(tmp_path / "map.tif", blobs(), **UTM), tmp_path / "out"

    def fail(*_: object, **__: object) -> None:
        raise files_module.DataSourceError("no room")

    monkeypatch.setattr(files_module.pyogrio, "write_dataframe", fail)
    with pytest.raises(WriteError, match="no room"):
        vectorise(path, out / "map.gpkg")
    write_raster(path, np.full((3, 3), 0.5, np.float32), **UTM)  # type: ignore[arg-type]
    for ending in ("parquet", "geojson"):
        with pytest.raises(DataError, match="whole numbers"):
            vectorise(path, out / f"map.{ending}")
    assert list(out.iterdir()) == []


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", blobs(), **UTM)
    (tmp_path / ".map.gpkg.abcdefgh.gpkg").write_bytes(b"half")
    vectorise(path, tmp_path / "map.gpkg")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["map.gpkg", "map.tif"]


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", blobs(), **UTM)
    other = write(tmp_path / "b" / "map.tif", blobs(), **UTM)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"shapes\.shp"):
        vectorise(path, tmp_path / "shapes.shp")
    with pytest.raises(UsageError, match="EPSG:0"):
        vectorise(path, tmp_path / "a.gpkg", VectoriseOptions(crs="EPSG:0"))
    with pytest.raises(UsageError, match="folder of probabilities"):
        vectorise([path, other], tmp_path / "a.gpkg", VectoriseOptions(probability=path))
    with pytest.raises(UsageError, match="map several times"):
        vectorise([path, other], tmp_path / "out")
    with pytest.raises(FileReadError, match="probabilities"):
        vectorise(path, tmp_path / "a.gpkg", VectoriseOptions(probability=tmp_path / "b"))
    with pytest.raises(FileReadError, match="got none"):
        vectorise(tmp_path / "empty", tmp_path / "a.gpkg")
    with pytest.raises(FileReadError, match="got nothing"):
        vectorise([], tmp_path / "a.gpkg")
    bare = write(tmp_path / "bare.tif", blobs())
    with pytest.raises(DataError, match="without CRS"):
        vectorise([path, bare], tmp_path / "a.gpkg")


def test_maps_that_lie_nowhere_are_refused(tmp_path: Path) -> None:
    place = (1.0, 0, 1e30, 0, -1.0, 1e30)
    path = write(tmp_path / "map.tif", blobs(), crs="EPSG:32736", transform=place)
    with pytest.raises(GridError, match="lies on the Earth"):
        vectorise(path, tmp_path / "map.parquet")


def test_probabilities_are_found_in_a_folder_or_given(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", blobs(), **UTM)
    given = write(tmp_path / "p" / "map_probability.tif", np.ones((2, 120, 100)), **UTM)
    for probability in (given, given.parent):
        options = VectoriseOptions(probability=probability)
        frame = read(vectorise(path, tmp_path / "map.parquet", options).files[0])
        assert (frame["confidence"] == 1).all()


@pytest.mark.parametrize("out", ["a.geojson", "folder"])
def test_geojson_takes_no_other_crs(tmp_path: Path, out: str) -> None:
    path = write(tmp_path / "map.tif", blobs(), **UTM)
    with pytest.raises(UsageError, match="always EPSG:4326; got EPSG:32633") as caught:
        options = VectoriseOptions(crs="EPSG:32633", format="geojson")
        vectorise(path, tmp_path / out, options)
    assert caught.value.where == "--crs" and ".gpkg or .parquet" in caught.value.do
    assert not (tmp_path / out).exists()
    same = VectoriseOptions(crs="EPSG:4326", format="geojson")
    assert vectorise(path, tmp_path / out, same).n_polygons
