"""Maps in strips against whole ones; grids that differ; polygons as truth."""

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from PIL import Image
from rasterio.features import rasterize

from landseer.core.address import with_window
from landseer.core.classes import ClassTable
from landseer.core.window import Window
from landseer.errors import FileReadError, GridError, LabelError
from landseer.metrics.map_counts import MapRules, SceneCounter
from landseer.raster.read import read_info
from landseer.raster.write import write_raster
from landseer.submit import score_maps as module
from landseer.submit.score_maps import read_classes, score_maps, strips
from landseer.vector.rules import Kind, LabelRules

TRANSFORM = (0.5, 0.0, 500_000.0, 0.0, -0.5, 4_000_000.0)
RULES = MapRules(tolerance_px=2, object_classes=(1,))


def write(
    path: Path, array, transform=TRANSFORM, crs: str | None = "EPSG:32637", **options
) -> Path:
    write_raster(path, array, crs=crs, transform=transform, **options)
    return path


def scene(seed, shape=(90, 70)):
    rng = np.random.default_rng(seed)
    truth = np.zeros(shape, np.uint8)
    for _ in range(12):
        row, col = rng.integers(0, 60, 2)
        truth[row : row + 9, col : col + 7] = rng.integers(1, 3)
    prediction = np.roll(truth, 1, 0)
    truth[:6, :6] = 255
    return truth, prediction


@pytest.fixture
def pairs(tmp_path: Path):
    found = []
    for i in range(3):
        truth, prediction = scene(i)
        paths = tmp_path / f"p{i}.tif", tmp_path / f"t{i}.tif"
        found.append((f"s{i}", write(paths[0], prediction), write(paths[1], truth)))
    return found


def counts_of(i):
    counter = SceneCounter(RULES, 3)
    counter.add(*scene(i))
    return counter.finish()


@pytest.mark.parametrize("strip_px", [2**24, 700])
def test_strips_of_files_equal_whole_arrays(pairs, strip_px, monkeypatch):
    monkeypatch.setattr(module, "STRIP_PX", strip_px)
    monkeypatch.setattr(module, "_BLOCK_ROWS", 16)
    assert len(list(strips(read_info(pairs[0][1])))) == (1 if strip_px > 10_000 else 6)
    scores = score_maps(pairs, rules=RULES, workers=2)
    assert scores.scenes == ("s0", "s1", "s2") and scores.class_names == ("0", "1", "2")
    for i, found in enumerate(scores.counts):
        expected = counts_of(i)
        assert np.array_equal(found.pixels, expected.pixels)
        assert np.array_equal(found.boundary, expected.boundary)
        assert np.array_equal(found.objects, expected.objects)


def test_windows_of_files_are_maps_too(pairs):
    window = Window(20, 10, 40, 33)
    name, prediction, truth = pairs[1]
    cut = score_maps([(name, with_window(prediction, window), with_window(truth, window))])
    rows, cols = window.slices
    expected = (scene(1)[0][rows, cols] == scene(1)[1][rows, cols]).mean()
    assert cut.pooled()["accuracy"] == pytest.approx(expected)


def test_a_prediction_on_another_grid_is_refused(pairs, tmp_path: Path):
    name, prediction, truth = pairs[0]
    a, b, c, d, e, f = TRANSFORM
    array = scene(0)[1]
    for options, message in (
        ({"transform": (a, b, c + 3, d, e, f)}, "6.0 pixels away"),
        ({"transform": (2 * a, b, c, d, e, f)}, "70.0 pixels away"),
        ({"crs": "EPSG:3857"}, "EPSG:32637, like its truth; got EPSG:3857"),
    ):
        moved = write(tmp_path / "moved.tif", array, **options)
        with pytest.raises(GridError, match=message):
            score_maps([(name, moved, truth)])
    rounded = write(tmp_path / "rounded.tif", array, transform=(a, b, c + 1e-4, d, e, f))
    unplaced = write(tmp_path / "unplaced.tif", array, None, None)
    expected = score_maps([(name, prediction, truth)]).pooled()
    for path in (rounded, unplaced):
        assert score_maps([(name, path, truth)]).pooled() == pytest.approx(expected, nan_ok=True)


def test_class_numbers_of_any_type(tmp_path: Path):
    values = np.array([[0, 1, 2, 9]])
    window = Window(0, 0, 1, 4)
    for dtype, nodata in (("int16", 9), ("float32", 9), ("uint8", None), ("int32", -9)):
        array = values.astype(dtype)
        array[0, 3] = {9: 300, None: 255, -9: -9}[nodata] if dtype != "float32" else np.nan
        path = write(
            tmp_path / f"{dtype}.tif", array, nodata=np.nan if dtype == "float32" else None
        )
        if dtype in ("int16", "int32"):
            with pytest.raises(LabelError, match="class numbers"):
                read_classes(path, None, window)
            write(path, array, nodata=float(array[0, 3]))
        assert read_classes(path, None, window).tolist() == [[0, 1, 2, 255]]
    half = write(tmp_path / "half.tif", np.array([[0.5, 1.0]], np.float32))
    with pytest.raises(LabelError, match="class numbers"):
        read_classes(half, None, Window(0, 0, 1, 2))


def test_names_and_values_of_a_class_table(tmp_path: Path):
    truth = write(tmp_path / "t.tif", np.array([[10, 10, 30, 99]], np.uint8))
    prediction = write(tmp_path / "p.tif", np.array([[0, 0, 2, 1]], np.uint8))
    table = ClassTable(("a", "b", "c"), (10, 20, 30), ignore=(99,))
    scores = score_maps([("x", prediction, truth)], classes=table)
    assert scores.class_names == ("a", "b", "c") and scores.pooled()["iou_c"] == 1
    assert scores.n_pixels == 3


HOUSES = [shapely.box(5, 5, 15, 12), shapely.box(15, 5, 22, 12), shapely.box(40.2, 60.7, 55, 80)]


def world(shape):
    """From pixels to the scene's CRS."""
    return shapely.affinity.affine_transform(shape, [0.5, 0, 0, -0.5, 500_000, 4_000_000])


@pytest.mark.parametrize("crs", ["EPSG:32637", "EPSG:4326", "EPSG:3857"])
@pytest.mark.parametrize("strip_px", [2**24, 700])
def test_polygons_as_truth(tmp_path: Path, crs, strip_px, monkeypatch):
    monkeypatch.setattr(module, "STRIP_PX", strip_px)
    monkeypatch.setattr(module, "_BLOCK_ROWS", 16)
    table = geopandas.GeoDataFrame(geometry=[world(h) for h in HOUSES], crs="EPSG:32637")
    table.to_crs(crs).to_file(tmp_path / "t.gpkg")
    houses = rasterize([(h, 1) for h in HOUSES], (90, 70), dtype=np.uint8)
    prediction = houses.copy()
    prediction[:, 14] = 0
    path = write(tmp_path / "p.tif", prediction)
    scores = score_maps([("x", path, tmp_path / "t.gpkg")], rules=RULES)
    expected = np.bincount((2 * houses.astype(int) + prediction).ravel(), minlength=4).reshape(2, 2)
    assert np.array_equal(scores.counts[0].pixels, expected)
    assert scores.counts[0].objects.tolist() == [[3, 0, 0]]  # the two that touch are two


def test_polygons_of_several_classes(tmp_path: Path):
    table = geopandas.GeoDataFrame(
        {"kind": ["house", "pond", "house"]}, geometry=[world(h) for h in HOUSES], crs="EPSG:32637"
    )
    table.to_file(tmp_path / "t.gpkg")
    rules = LabelRules((Kind(10, ("house",)), Kind(20, ("pond",))), attribute="kind")
    classes = ClassTable(("ground", "house", "pond"), (0, 10, 20))
    shapes = [(HOUSES[0], 1), (HOUSES[2], 1), (HOUSES[1], 2)]
    path = write(tmp_path / "p.tif", rasterize(shapes, (90, 70), dtype=np.uint8))
    scores = score_maps(
        [("x", path, tmp_path / "t.gpkg")], rules=RULES, classes=classes, labels=rules
    )
    assert scores.pooled()["iou_pond"] == scores.pooled()["iou_house"] == 1
    assert scores.counts[0].objects.tolist() == [[2, 0, 0]]
    with pytest.raises(LabelError, match="class numbers"):
        unknown = LabelRules((Kind(10, ("house",)),), attribute="kind")
        score_maps([("x", path, tmp_path / "t.gpkg")], classes=classes, labels=unknown)


def test_polygons_need_a_place(tmp_path: Path):
    geopandas.GeoDataFrame(geometry=[world(HOUSES[0])], crs="EPSG:32637").to_file(
        tmp_path / "t.gpkg"
    )
    path = write(tmp_path / "p.tif", np.zeros((8, 9), np.uint8), None, None)
    with pytest.raises(GridError, match="georeferenced"):
        score_maps([("x", path, tmp_path / "t.gpkg")])
    (tmp_path / "bad.geojson").write_text("{")
    with pytest.raises(FileReadError, match="vector file"):
        score_maps([("x", path, tmp_path / "bad.geojson")])


def test_three_equal_bands_are_a_map(tmp_path: Path):
    truth, prediction = scene(4)
    Image.fromarray(np.repeat(truth[..., None], 3, 2)).save(tmp_path / "t.png")
    path = write(tmp_path / "p.tif", prediction)
    scores = score_maps([("x", path, tmp_path / "t.png")], rules=RULES)
    assert np.array_equal(scores.counts[0].pixels, counts_of(4).pixels)
