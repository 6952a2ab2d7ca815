"""Images of one window are mapped as larger ones are: the same files, areas of interest and silence without data."""

import json
import threading
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import torch
from torch import nn

from landseer.cli.main import call
from landseer.errors import DataError, FileReadError, GridError
from landseer.models.outputs import make_quantity
from landseer.models.targets import TargetSpec
from landseer.predict import Ensemble, PredictOptions, predict_images
from landseer.predict.area import Area
from landseer.predict.journal import forget, open_folder
from landseer.raster.opening import open_raster
from landseer.raster.read import read_bands, read_info
from landseer.raster.write import write_raster

NODATA = -32768
PLACE = {"crs": "EPSG:32617", "transform": (0.5, 0.0, 500000.0, 0.0, -0.5, 4100000.0)}
LEFT, TOP = 500000.0, 4100000.0
WINDOWS = [16, 64]


class Everything(nn.Module):
    """Classes and heights that go by single pixels, and a number; it counts the images that it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, x, gsd_m=None):
        self.seen += len(x)
        plane = (x[:, :1].nan_to_num(0.0) - 500) / 200
        return {
            "mask": torch.cat([-plane, plane], 1),
            "tall": plane.abs(),
            "built": torch.full((len(x), 1), 2.0),
        }


@pytest.fixture
def everything(spec):
    """A spec of a mask, a height and a number, and a network that says them."""
    targets = {
        "mask": TargetSpec(quantity="mask"),
        "tall": TargetSpec(quantity="height"),
        "built": TargetSpec(quantity="flow_scale"),
    }
    spec = spec.model_copy(update={"targets": targets})
    quantities = {name: make_quantity(one, 2, spec.model) for name, one in targets.items()}
    member = Everything()
    return spec, member, Ensemble([member], quantities)


def options(**changes) -> PredictOptions:
    common = {"device": "cpu", "precision": "float32", "window_px": 64, "overlap_px": 4}
    return PredictOptions(**(common | changes))


def write_area(path: Path, *shapes: shapely.Geometry) -> Path:
    gpd.GeoDataFrame(geometry=list(shapes), crs="EPSG:32617").to_file(path)
    return path


@pytest.mark.parametrize("place", [PLACE, {}])
@pytest.mark.parametrize(
    "changes", [{}, {"nodata": "zero", "probability_dtype": "uint8"}, {"blend": "logit"}]
)
def test_files_of_small_images_are_those_of_large_ones(
    everything, write_image, tmp_path: Path, place, changes
):
    """Bytes and all: cloud-optimised, names and colours of classes, statistics, tags, STAC."""
    spec, _, ensemble = everything
    path, image = write_image("a.tif", 40, 60, **place)
    image[:2, 5:9, 10:30] = NODATA
    write_raster(path, image, **place)
    for window_px in WINDOWS:
        chosen = options(
            window_px=window_px, probabilities=True, uncertainty=("entropy",), stac=True, **changes
        )
        predict_images(ensemble, spec, [path], tmp_path / str(window_px), chosen)
    windowed, small = (tmp_path / str(window_px) for window_px in WINDOWS)
    names = ["a.json", "a.stac.json", "a.tif", "a_entropy.tif", "a_probability.tif", "a_tall.tif"]
    assert [sorted(p.name for p in folder.iterdir()) for folder in (windowed, small)] == [names] * 2
    for name in (name for name in names if name.endswith(".tif")):
        with open_raster(windowed / name) as one, open_raster(small / name) as other:
            np.testing.assert_allclose(one.read(), other.read(), atol=1e-6)
            tags = [
                {k: v for k, v in file.tags().items() if k != "LANDSEER_KEY"}
                for file in (one, other)
            ]
            assert tags[0] == tags[1] and "LANDSEER_KEY" in other.tags()
            assert str(one.profile) == str(other.profile) and one.descriptions == other.descriptions
            layouts = [file.tags(ns="IMAGE_STRUCTURE") for file in (one, other)]
            assert layouts[0] == layouts[1] and layouts[1]["LAYOUT"] == "COG"
            assert "STATISTICS_MEAN" in other.tags(1)
    with open_raster(small / "a.tif") as file:
        assert file.tags(1)["CLASS_1"] == "kelp" and file.colormap(1)[1][:3] == (0, 255, 128)
    item = json.loads((small / "a.stac.json").read_text())
    assert all("cloud-optimized" in asset["type"] for asset in item["assets"].values())


def test_a_small_map_is_vectorised_by_the_names_of_its_classes(
    everything, write_image, tmp_path: Path
):
    spec, _, ensemble = everything
    path, image = write_image("a.tif", 40, 60, **PLACE)
    image[0] = 0
    image[0, 10:20, 10:40] = 900
    write_raster(path, image, **PLACE)
    predict_images(ensemble, spec, [path], tmp_path / "out", options())
    target = tmp_path / "a.gpkg"
    assert (
        call(["vectorise", str(tmp_path / "out/a.tif"), "-o", str(target), "--classes", "kelp"])
        == 0
    )
    (found,) = gpd.read_file(target).geometry
    assert found.area == pytest.approx(10 * 30 / 4, rel=0.1)


@pytest.mark.parametrize("changes", [{}, {"nodata": "zero"}])
def test_small_images_without_data_never_meet_the_networks(
    everything, write_image, tmp_path: Path, changes
):
    """They come between others of the same size; nothing is said of them, as of large ones."""
    spec, member, ensemble = everything
    images = {}
    for name in "abcd":
        path, image = write_image(f"{name}.tif", 30, 40, **PLACE)
        images[name] = image
        if name in "bd":
            image[:] = NODATA
            write_raster(path, image, **PLACE)
    chosen = options(probabilities=True, batch=4, **changes)
    predict_images(ensemble, spec, [tmp_path / "images"], tmp_path / "out", chosen)
    assert member.seen == 2
    for name in "bd":
        assert json.loads((tmp_path / f"out/{name}.json").read_text()) == {
            "built": None,
            "scale": None,
        }
        outside = 0 if changes else 255
        assert (read_bands(tmp_path / f"out/{name}.tif") == outside).all()
        for further in ("probability", "tall"):
            assert np.isnan(read_bands(tmp_path / f"out/{name}_{further}.tif")).all()
    for name in "ac":
        assert json.loads((tmp_path / f"out/{name}.json").read_text())["built"] == 2
        got = read_bands(tmp_path / f"out/{name}.tif")[0]
        np.testing.assert_array_equal(got, images[name][0] > 500)


def test_the_area_of_interest_is_that_of_large_images(everything, write_image, tmp_path: Path):
    """An image in the area, one half in it, one outside, which is said and costs nothing."""
    spec, member, ensemble = everything
    places = {"in": 0.0, "half": 12.0, "out": 500.0}
    for name, east in places.items():
        transform = (0.5, 0.0, LEFT + east, 0.0, -0.5, TOP)
        write_image(f"{name}.tif", 30, 40, crs="EPSG:32617", transform=transform)
    hole = shapely.box(LEFT + 5, TOP - 10, LEFT + 10, TOP - 5)
    ring = shapely.box(LEFT - 1, TOP - 16, LEFT + 20, TOP + 1)
    aoi = write_area(tmp_path / "area.gpkg", ring - hole)
    summaries = {}
    for window_px in WINDOWS:
        member.seen = 0
        chosen = options(window_px=window_px, aoi=aoi)
        out = tmp_path / str(window_px)
        summaries[window_px] = predict_images(ensemble, spec, [tmp_path / "images"], out, chosen)
    assert member.seen == 2
    found = {}
    for name in places:
        windowed, small = (read_bands(tmp_path / f"{w}/{name}.tif")[0] for w in WINDOWS)
        np.testing.assert_array_equal(windowed, small)
        found[name] = (small != 255).mean()
    assert found["in"] == pytest.approx(1 - 100 / 1200)
    assert found["half"] == pytest.approx(16 / 40) and found["out"] == 0
    for summary in summaries.values():
        assert [path.name for path in summary.notes] == ["out.tif"]
        assert "outside the area of interest" in summary.text()
    assert json.loads((tmp_path / "64/out.json").read_text())["built"] is None


@pytest.mark.parametrize("window_px", WINDOWS)
@pytest.mark.parametrize("fault", ["missing", "broken", "empty", "points", "homeless"])
def test_an_area_that_is_none_stops_before_any_work(
    everything, write_image, tmp_path: Path, window_px: int, fault: str
):
    spec, member, ensemble = everything
    path, _ = write_image("a.tif", 30, 40, **PLACE)
    aoi = tmp_path / ("area.parquet" if fault == "homeless" else "area.geojson")
    if fault == "broken":
        aoi.write_text('{"type":')
    elif fault == "empty":
        aoi.write_text('{"type": "FeatureCollection", "features": []}')
    elif fault == "points":
        write_area(aoi, shapely.Point(LEFT + 2, TOP - 2), shapely.LineString([(0, 0), (1, 1)]))
    elif fault == "homeless":
        gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9)]).to_parquet(aoi)
    kind = FileReadError if fault in ("missing", "broken") else DataError
    with pytest.raises(kind, match="expected") as caught:
        predict_images(
            ensemble, spec, [path], tmp_path / "out", options(window_px=window_px, aoi=aoi)
        )
    assert caught.value.where == str(aoi)
    assert member.seen == 0 and not (tmp_path / "out").exists()
    with pytest.raises(kind):
        Area(aoi, read_info(path))


@pytest.mark.parametrize("window_px", WINDOWS)
def test_an_area_needs_images_with_a_place(everything, write_image, tmp_path: Path, window_px: int):
    """One without is listed beside others; alone it stops the run."""
    spec, member, ensemble = everything
    path, _ = write_image("lost.tif", 30, 40)
    aoi = write_area(tmp_path / "area.gpkg", shapely.box(LEFT, TOP - 50, LEFT + 50, TOP))
    chosen, out = options(window_px=window_px, aoi=aoi), tmp_path / "out"
    with pytest.raises(GridError, match="area of interest") as caught:
        predict_images(ensemble, spec, [path], out, chosen)
    assert caught.value.where == str(path) and member.seen == 0
    write_image("found.tif", 30, 40, **PLACE)
    summary = predict_images(ensemble, spec, [path.parent], out, chosen)
    assert summary.n_written == 1
    assert [failure.path for failure in summary.failures] == [path]


def test_what_holds_for_many_images_is_said_once(everything, write_image, tmp_path: Path):
    spec, _, ensemble = everything
    for number in range(5):
        write_image(f"{number}.tif", 5, 5, **PLACE)
    aoi = write_area(tmp_path / "area.gpkg", shapely.box(LEFT + 90, TOP, LEFT + 99, TOP + 9))
    summary = predict_images(
        ensemble, spec, [tmp_path / "images"], tmp_path / "out", options(aoi=aoi)
    )
    assert len(summary.as_dict()["notes"]) == 5
    assert summary.text().count("outside the area") == 1 and "5 images, such as" in summary.text()


def test_a_folder_is_made_while_others_tidy_up(tmp_path: Path):
    """Threads that make and forget neighbours take the folder around them away from each other."""

    def work(name: str) -> None:
        for _ in range(300):
            folder = tmp_path / ".landseer" / name
            open_folder(folder)
            assert folder.is_dir()
            forget(folder)

    faults = []
    threading.excepthook, before = faults.append, threading.excepthook
    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    threading.excepthook = before
    assert not faults and not (tmp_path / ".landseer").exists()
