"""The adapter of scenes: patterns, vector and raster labels, sites, areas, mosaics, several files a scene."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pydantic import ValidationError
from shapely.geometry import mapping

from landseer.adapters import scenes
from landseer.adapters.scenes_config import ScenesConfig
from landseer.errors import DataError
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster

BANDS = [{"name": "red"}, {"name": "green"}, {"name": "blue"}]
CLASSES = [{"name": "ground", "value": 0}, {"name": "house", "value": 1}]


def image(
    path: Path,
    fill: int = 50,
    count: int = 3,
    *,
    step: float = 1.0,
    left: float = 0.0,
    size: int = 100,
) -> Path:
    """Write a square image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.full((count, size, size), fill, np.uint8)
    write_raster(path, array, crs="EPSG:32736", transform=(step, 0, 5e5 + left, 0, -step, 9e6))
    return path


def vector(
    path: Path, *boxes: tuple[float, float, float, float], kinds: tuple[str, ...] = ()
) -> Path:
    """Write boxes in pixels of 1 m."""
    path.parent.mkdir(parents=True, exist_ok=True)
    features = [
        {
            "type": "Feature",
            "properties": {"building": kinds[place] if kinds else "yes"},
            "geometry": mapping(shapely.box(5e5 + x0, 9e6 - y1, 5e5 + x1, 9e6 - y0)),
        }
        for place, (x0, y0, x1, y1) in enumerate(boxes)
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32736"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return path


def make(root: Path, **keys: Any) -> ScenesConfig:
    """Make a config as a recipe gives it."""
    known = {
        "adapter": "scenes",
        "root": str(root),
        "images": "*.tif",
        "bands": BANDS,
        "classes": CLASSES,
    }
    return ScenesConfig.model_validate(known | {"windows": {"window_px": 50}} | keys)


def test_labels_of_a_site(tmp_path: Path) -> None:
    """As hot_fair_mosaics has it: scenes SITE_NUMBER.tif, one vector file a site; folds can go by site."""
    for name in ("kampala_0", "kampala_1", "banepa_0"):
        image(tmp_path / "data" / f"{name}.tif")
    for site in ("kampala", "banepa"):
        vector(tmp_path / "data" / f"{site}_labels.geojson", (10, 10, 30, 40))
    config = make(tmp_path / "data", labels="{site}_labels.geojson", site="([a-z]+)_")
    frame, findings = scenes.scan(config, tmp_path / "work")
    assert findings == []
    assert frame.groupby("scene").size().to_dict() == {
        "banepa_0": 4,
        "kampala_0": 4,
        "kampala_1": 4,
    }
    assert frame.groupby("site").size().to_dict() == {"banepa": 4, "kampala": 8}
    label = read_label(Path(frame["label"].iloc[0]), scenes.classes(config))
    assert label.sum() == 20 * 30
    assert scenes.references(config) == ()
    assert [band.name for band in scenes.bands(config)] == ["red", "green", "blue"]


def test_every_scene_is_a_site(tmp_path: Path) -> None:
    """Without more said, windows of a scene stay together."""
    for name in ("a", "b"):
        image(tmp_path / name / "image.tif")
        vector(tmp_path / name / "labels.geojson")
    frame, _ = scenes.scan(
        make(tmp_path, images="*/image.tif", labels="*/labels.geojson"), tmp_path / "w"
    )
    assert frame.groupby("site")["scene"].unique().map(list).to_dict() == {
        "a/image.tif": ["a"], "b/image.tif": ["b"]
    }  # fmt: skip


def test_one_file_for_all_with_classes_by_attribute(tmp_path: Path) -> None:
    """A file of the whole country; classes by attribute; unknown values are told; areas leave windows out."""
    image(tmp_path / "a.tif")
    image(tmp_path / "b.tif", left=100)
    vector(
        tmp_path / "all.geojson",
        (10, 10, 20, 20),
        (30, 10, 45, 20),
        (110, 10, 120, 20),
        kinds=("hut", "tank", "villa"),
    )
    vector(tmp_path / "aoi.geojson", (0, 0, 40, 40))
    config = make(
        tmp_path,
        labels="all.geojson",
        areas="aoi.geojson",
        classes=[*CLASSES[:1], {"name": "house", "value": 1, "values": ["hut", "villa"]}],
        objects={"attribute": "building", "unknown": "ignore"},
    )
    frame, findings = scenes.scan(config, tmp_path / "w")
    kept = frame[frame["excluded"].isna()]
    assert kept["sample"].tolist() == ["a_r000_c000"]
    assert frame.loc[frame["scene"] == "b", "excluded"].tolist() == ["no window is left"]
    label = read_label(Path(kept["label"].iloc[0]), scenes.classes(config))
    assert (label == 1).sum() == 100
    assert (label[:40, :40] == 255).sum() == 10 * 10
    assert (label[40:] == 255).all()
    told = {one.what: one.figure for one in findings}
    assert told["objects whose building has no class"] == "tank: 1"
    assert told["windows outside the areas of interest"] in ("3 of 4", "4 of 4")


def test_missing_and_lone_labels(tmp_path: Path) -> None:
    """A training scene without label is excluded, a test scene is kept; labels without image are told."""
    for name in ("a", "b"):
        image(tmp_path / "train" / f"{name}.tif")
    image(tmp_path / "test" / "a.tif")
    for name in ("a", "z"):
        image(tmp_path / "masks" / f"{name}.tif", 1, 1)
    image(tmp_path / "truth" / "x.tif")
    config = make(
        tmp_path, images="train/*.tif", labels="masks/*.tif", test_images="test/*.tif", test_prefix="test_", date="(a)",
    )  # fmt: skip
    frame, findings = scenes.scan(config, tmp_path / "w")
    assert frame.loc[frame["excluded"].notna(), ["sample", "excluded"]].to_numpy().tolist() == [
        ["b", "label is missing"]
    ]
    assert frame.loc[frame["side"] == "test", "scene"].unique().tolist() == ["test_a"]
    told = {(one.what, one.sample or Path(one.file).name) for one in findings}
    assert ("label is missing", "b") in told
    assert ("label without an image", "z.tif") in told
    with pytest.raises(DataError, match="none of 2 has its own"):
        scenes.scan(make(tmp_path, images="train/*.tif", labels="none_{scene}.tif"), tmp_path / "w")
    with pytest.raises(DataError, match="found none"):
        scenes.scan(make(tmp_path, images="nowhere/*.tif"), tmp_path / "w")


def test_labels_beside_images_are_no_scenes(tmp_path: Path) -> None:
    """A pattern that matches labels too does not make scenes of them."""
    for name in ("a", "b"):
        image(tmp_path / f"{name}.tif")
        image(tmp_path / f"{name}_mask.tif", 1, 1)
    for labels in ("{scene}_mask.tif", "*_mask.tif"):
        frame, _ = scenes.scan(make(tmp_path, labels=labels), tmp_path / "w")
        assert frame["scene"].unique().tolist() == ["a", "b"]


def test_several_files_a_scene(tmp_path: Path) -> None:
    """Bands of 1 m and 2 m become one image of 1 m, named by the first file."""
    for name, fill in (("a", 10), ("b", 20)):
        image(tmp_path / name / "fine.tif", fill, 2)
        image(tmp_path / name / "rough.tif", fill + 1, 1, step=2.0, size=50)
    config = make(tmp_path, images="*/fine.tif", more_images=["*/rough.tif"])
    frame, findings = scenes.scan(config, tmp_path / "w")
    assert findings == []
    assert len(frame) == 8
    found = read_bands(Path(frame["image"].iloc[-1]))
    assert found.shape == (3, 50, 50)
    assert found[:, 25, 25].tolist() == [20, 20, 21]
    (tmp_path / "b" / "rough.tif").unlink()
    frame, findings = scenes.scan(config, tmp_path / "w")
    assert "no such file" in frame["excluded"].dropna().iloc[0]


def test_mosaic(tmp_path: Path) -> None:
    """Files of one place are one scene, with one label over all."""
    for number, left in enumerate((0, 100)):
        image(tmp_path / f"town_{number}.tif", 10 + number, left=left)
    vector(tmp_path / "town.geojson", (80, 20, 130, 70))
    config = make(
        tmp_path, labels="{scene}.geojson", mosaic="^([a-z]+)_", windows={"window_px": 200}
    )
    frame, findings = scenes.scan(config, tmp_path / "w")
    assert findings == []
    assert frame[["sample", "height", "width"]].to_numpy().tolist() == [
        ["town_r000_c000", 100, 200]
    ]
    found = read_bands(Path(frame["image"].iloc[0]))
    assert (found[0] == np.repeat([10, 11], 100)).all()
    label = read_label(Path(frame["label"].iloc[0]), scenes.classes(config))
    assert label.sum() == 50 * 50
    assert label[20:70, 80:130].all()


def test_mosaic_that_matches_nothing(tmp_path: Path) -> None:
    """An expression that matches no file is refused by name; files that it leaves over are told."""
    for name in ("town_0", "town_1", "farm"):
        image(tmp_path / "train" / f"{name}.tif")
    image(tmp_path / "test" / "lake.tif")
    keys = {"images": "train/*.tif", "test_images": "test/*.tif", "labels": "{scene}.geojson"}
    with pytest.raises(DataError, match=r"none of 3, such as train/farm\.tif") as caught:
        scenes.scan(make(tmp_path, **keys, mosaic="tile_([0-9]+)"), tmp_path / "w")
    assert "mosaic" in caught.value.do
    config = make(tmp_path, **keys | {"labels": None, "mosaic": "(town)_"})
    frame, findings = scenes.scan(config, tmp_path / "w")
    assert sorted(frame["scene"].unique()) == ["farm", "lake", "town"]
    assert [(one.what, one.figure) for one in findings] == [
        ("files that the expression of `mosaic` does not match", figure)
        for figure in (
            "1 of 3 train files, such as train/farm.tif",
            "1 of 1 test files, such as test/lake.tif",
        )
    ]


def test_objects_of_no_class_leave_windows(tmp_path: Path) -> None:
    """If nothing else is said their pixels are ignored; `unknown` marks windows for the audit, and says so."""
    image(tmp_path / "a.tif")
    vector(tmp_path / "all.geojson", (10, 10, 20, 20), (30, 10, 45, 20), kinds=("yes", "tank"))
    classes = [CLASSES[0], CLASSES[1] | {"values": ["yes"]}]
    for unknown, value, said in (
        (None, 255, "kept: their pixels neither train nor count"),
        ("unknown", 254, "kept as 254: the audit excludes windows"),
        ("leave_out", 0, "not used"),
    ):
        objects = {"attribute": "building"} | ({} if unknown is None else {"unknown": unknown})
        config = make(tmp_path, labels="all.geojson", classes=classes, objects=objects)
        frame, (finding,) = scenes.scan(config, tmp_path / "w")
        label = read_label(Path(frame["label"].iloc[0]), scenes.classes(config))
        assert (label[10:20, 30:45] == value).all() and (label == 1).sum() == 100
        assert finding.figure == "tank: 1" and finding.action.startswith(said)


def test_a_site_grid_excludes_its_scene_only(tmp_path: Path) -> None:
    """Labels in a CRS without a place on the Earth are one scene's fault."""
    for name, crs in (("a", "EPSG:32736"), ("b", 'LOCAL_CS["site grid",UNIT["metre",1]]')):
        image(tmp_path / f"{name}.tif")
        house = shapely.box(5e5 + 10, 9e6 - 40, 5e5 + 30, 9e6 - 10)
        gpd.GeoDataFrame(geometry=[house], crs=crs).to_file(tmp_path / f"{name}.gpkg")
    frame, (finding,) = scenes.scan(make(tmp_path, labels="*.gpkg"), tmp_path / "w")
    assert frame[frame["excluded"].isna()]["scene"].unique().tolist() == ["a"]
    assert (finding.sample, finding.what) == ("b", "label cannot be used")
    assert "place on the Earth; got 'site grid'" in finding.figure


def test_sites_of_a_table(tmp_path: Path) -> None:
    """Sites and dates can stand in a table; scenes that it does not know are told."""
    for name in ("a", "b"):
        image(tmp_path / f"{name}.tif")
    (tmp_path / "t.csv").write_text("sample,site\na,north\n")
    frame, findings = scenes.scan(make(tmp_path, site_table="t.csv"), tmp_path / "w")
    assert frame.groupby("scene")["site"].first().to_dict() == {"a": "north", "b": "b"}
    assert [(one.sample, one.what) for one in findings] == [("b", "no site for this scene")]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"images": "a.tif"}, "names the scene"),
        ({"labels": "*/*.tif"}, "labels: expected the wildcards"),
        ({"more_images": ["b.tif"]}, "more_images: expected the wildcards"),
        ({"more_images": ["*.tif"], "mosaic": "(a)"}, "expected none where"),
        ({"labels": "*.tif", "classes": []}, "got none"),
        ({"labels": "*.gpkg", "classes": [*CLASSES, {"name": "road", "value": 2}]}, "tell several apart"),
        ({"areas": "*.tif"}, "areas: expected vector files"),
        ({"bands": [*BANDS, {"name": "red", "index": 4}]}, "'red' is given twice"),
        ({"classes": [*CLASSES, {"name": "red", "value": "#ff0000"}]}, "got both"),
        ({"date": "(a)", "date_table": "b.csv"}, "date: expected"),
        ({"test_images": "x/*.tif", "test_labels": "y.tif/*/*.tif"}, "test_labels: expected"),
    ],
)  # fmt: skip
def test_faulty_recipes(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    """Keys that do not fit each other are refused in words."""
    with pytest.raises(ValidationError, match=message):
        make(tmp_path, **keys)
