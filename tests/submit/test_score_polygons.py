"""Files of polygons: objects by SpaceNet's rule, whatever the format and the CRS; options of the verb."""

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from scipy import ndimage

from landseer.errors import FileReadError, GridError, LabelError, UsageError
from landseer.metrics.map_counts import MapRules
from landseer.raster.write import write_raster
from landseer.submit import score_paths
from landseer.submit.score_polygons import count_polygons

UTM = "EPSG:32637"
TRUE = [shapely.box(x, y, x + 10, y + 8) for x in (0, 20, 40) for y in (0, 20)]
PREDICTED = [
    *(shapely.affinity.translate(box, 1, 1) for box in TRUE[:4]),
    shapely.box(90, 0, 99, 9),
]


def write(path: Path, shapes, crs=UTM, to=None, **columns) -> Path:
    shapes = [shapely.affinity.translate(shape, 500_000, 4_000_000) for shape in shapes]
    table = geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs)
    table = table if to is None else table.to_crs(to)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_file(path)
    return path


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "parquet", "shp", "fgb"])
def test_formats_and_crs(tmp_path: Path, ending):
    truth = write(tmp_path / "truth.gpkg", TRUE)
    prediction = write(
        tmp_path / f"p.{ending}", PREDICTED, to="EPSG:4326" if ending == "geojson" else None
    )
    result = score_paths(prediction, truth, "spacenet-f1")
    assert result.objects == (4, 1, 2)
    assert result.value == pytest.approx(2 * 4 / (2 * 4 + 1 + 2))
    assert "pixels" not in result.figures() and "n_pixels" not in result.as_dict()
    assert result.as_dict()["objects"] == {"tp": 4, "fp": 1, "fn": 2}
    assert "1 files" in result.text()


def test_area_and_overlap_rules(tmp_path: Path):
    truth = write(tmp_path / "t.geojson", [*TRUE, shapely.box(70, 70, 71, 71)], to="EPSG:4326")
    prediction = write(
        tmp_path / "p.geojson", [*PREDICTED, shapely.box(60, 60, 62, 62)], to="EPSG:4326"
    )
    assert score_paths(prediction, truth, "spacenet-f1").objects == (4, 2, 3)
    rules = MapRules(min_area_px=20)
    assert score_paths(prediction, truth, "spacenet-f1", rules=rules).objects == (4, 1, 2)
    strict = MapRules(min_iou=0.9)
    assert score_paths(prediction, truth, "spacenet-f1", rules=strict).objects == (0, 6, 7)


def test_the_surest_choose_first(tmp_path: Path):
    truth = write(tmp_path / "t.gpkg", [shapely.box(0, 0, 10, 10), shapely.box(3, 0, 13, 10)])
    shapes = [shapely.box(1, 0, 11, 10), shapely.box(0, 0, 10, 10)]
    first = write(tmp_path / "a.gpkg", shapes, confidence=[0.9, 0.1])
    rules = MapRules(min_iou=0.6)
    assert score_paths(first, truth, "spacenet-f1", rules=rules).objects == (1, 1, 1)
    last = write(tmp_path / "b.gpkg", shapes, confidence=[0.1, 0.9])
    assert score_paths(last, truth, "spacenet-f1", rules=rules).objects == (2, 0, 0)


def test_folders_files_and_intervals(tmp_path: Path):
    for name, shapes in (("a", PREDICTED), ("b", TRUE), ("c", [])):
        write(tmp_path / "truth" / f"{name}.geojson", TRUE, to="EPSG:4326")
        write(tmp_path / "pred" / f"{name}.geojson", shapes, to="EPSG:4326")
    result = score_paths(
        tmp_path / "pred", tmp_path / "truth", "spacenet-f1", with_files=True, with_interval=True
    )
    assert result.objects == (10, 1, 8)
    assert result.files == {
        "a.geojson": pytest.approx(8 / 11),
        "b.geojson": 1.0,
        "c.geojson": 0.0,
    }
    low, high = result.interval
    assert 0 <= low < result.value < high <= 1
    assert list(result.figures())[-3:] == ["  a.geojson", "  b.geojson", "  c.geojson"]
    assert result.as_dict()["interval"] == [low, high]
    one = score_paths(
        tmp_path / "pred" / "a.geojson", tmp_path / "truth" / "a.geojson", "spacenet-f1",
        with_interval=True,
    )  # fmt: skip
    assert one.as_dict()["interval"] == [None, None]
    assert one.figures()["95 % interval"] is None


def test_maps_and_polygons_agree(tmp_path: Path):
    rng = np.random.default_rng(2)
    truth = ndimage.binary_opening(rng.random((80, 80)) < 0.7, iterations=2).astype(np.uint8)
    prediction = truth & (rng.random((80, 80)) < 0.97)
    write_raster(tmp_path / "t.tif", truth)
    write_raster(tmp_path / "p.tif", prediction)
    of_maps = score_paths(tmp_path / "p.tif", tmp_path / "t.tif", "spacenet-f1")
    for name, mask in (("t", truth), ("p", prediction)):
        labels, n = ndimage.label(mask, np.ones((3, 3)))
        cells = [np.argwhere(labels == i + 1)[:, ::-1] for i in range(n)]
        shapes = [shapely.union_all(shapely.box(*c.T, *(c + 1).T)) for c in cells]
        geopandas.GeoDataFrame(geometry=shapes).to_parquet(tmp_path / f"{name}.parquet")
    of_polygons = score_paths(tmp_path / "p.parquet", tmp_path / "t.parquet", "spacenet-f1")
    assert of_maps.objects == of_polygons.objects and sum(of_maps.objects) > 5


def test_odd_features(tmp_path: Path):
    bow = shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    shapes = [bow, shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)]), shapely.Polygon()]
    shapes.append(shapely.box(7, 7, 9, 9))
    path = write(tmp_path / "odd.gpkg", shapes)
    assert score_paths(path, path, "spacenet-f1").objects == (2, 0, 0)
    alone = write(tmp_path / "box.gpkg", shapes[-1:])
    assert count_polygons([("x", alone, path)], MapRules()).tolist() == [[[1, 0, 1]]]
    (tmp_path / "none.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    nothing = score_paths(tmp_path / "none.geojson", path, "spacenet-f1")
    assert nothing.objects == (0, 0, 2) and nothing.value == 0


def test_wrong_use(tmp_path: Path):
    truth = write(tmp_path / "t.gpkg", TRUE)
    write_raster(tmp_path / "t.tif", np.ones((4, 4), np.uint8))
    with pytest.raises(UsageError, match="spacenet-f1 for polygons; got iou"):
        score_paths(truth, truth, "iou")
    with pytest.raises(UsageError, match="got a raster"):
        score_paths(truth, tmp_path / "t.tif", "spacenet-f1")
    unplaced = write(tmp_path / "u.parquet", TRUE, crs=None)
    with pytest.raises(GridError, match="CRS"):
        score_paths(unplaced, truth, "spacenet-f1")
    (tmp_path / "bad.parquet").write_bytes(b"no")
    with pytest.raises(FileReadError, match="vector file"):
        score_paths(tmp_path / "bad.parquet", truth, "spacenet-f1")


def test_site_grids_are_compared_with_themselves_only(tmp_path: Path):
    site, other = (f'LOCAL_CS["{name}",UNIT["metre",1]]' for name in ("site grid", "another"))
    truth = write(tmp_path / "t.gpkg", TRUE)
    on_site = write(tmp_path / "s.gpkg", PREDICTED, crs=site)
    assert score_paths(on_site, write(tmp_path / "u.shp", TRUE, crs=site), "spacenet-f1").objects == (
        4, 1, 2
    )  # fmt: skip
    elsewhere = write(tmp_path / "o.gpkg", TRUE, crs=other)
    for prediction, true in ((on_site, truth), (truth, on_site), (on_site, elsewhere)):
        with pytest.raises(LabelError, match="place on the Earth; got '") as caught:
            score_paths(prediction, true, "spacenet-f1")
        assert caught.value.where in (str(on_site), str(elsewhere))
    nothing = write(tmp_path / "n.gpkg", [shapely.Polygon()], crs=site)
    assert score_paths(nothing, truth, "spacenet-f1").objects == (0, 0, 6)


def test_polygons_beyond_their_crs(tmp_path: Path):
    """Metres that call themselves degrees, as where a CRS was set instead of changed."""
    truth, wrong = write(tmp_path / "t.gpkg", TRUE), write(tmp_path / "w.gpkg", TRUE, "EPSG:4326")
    for prediction, true in ((wrong, truth), (truth, wrong)):
        with pytest.raises(LabelError, match=r"lie on the Earth; got x 500000\.\.500050") as caught:
            score_paths(prediction, true, "spacenet-f1")
        assert caught.value.where == str(wrong)


def test_confidence_must_be_numbers(tmp_path: Path):
    truth = write(tmp_path / "t.gpkg", TRUE)
    words = write(tmp_path / "p.gpkg", TRUE, confidence=["high"] * len(TRUE))
    with pytest.raises(LabelError, match="expected numbers in the attribute confidence"):
        score_paths(words, truth, "spacenet-f1")


def test_areas_near_a_pole_are_areas(tmp_path: Path):
    """No zone of UTM reaches there; two boxes of a hundredth of a degree side by side, of which one is found."""
    boxes = [shapely.box(lon, 89.98, lon + 3, 89.99) for lon in (10, 20)]
    truth, found = (
        geopandas.GeoDataFrame(geometry=some, crs="EPSG:4326") for some in (boxes, boxes[:1])
    )
    truth.to_file(tmp_path / "t.gpkg")
    found.to_file(tmp_path / "p.gpkg")
    assert score_paths(tmp_path / "p.gpkg", tmp_path / "t.gpkg", "spacenet-f1").objects == (1, 0, 1)
