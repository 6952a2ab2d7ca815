"""Static STAC catalogues as samples: images, labels of two kinds, bands, sides, and what lies on a server."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from landseer.adapters import config_bands, config_classes, config_references, scan_samples
from landseer.adapters.stac_config import StacConfig
from landseer.errors import DataError
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster

PLACE = {"crs": "EPSG:32633", "transform": (10, 0, 500000, 0, -10, 5000000)}
CLASSES = [{"name": "background", "value": 0}, {"name": "field", "value": 1}]
RED = {
    "eo:bands": [{"name": "B04", "common_name": "red"}],
    "raster:bands": [{"nodata": 0, "scale": 1e-4}],
}
SWIR = {"eo:bands": [{"name": "B11", "common_name": "swir16"}]}


def config(root: Path, **keys) -> StacConfig:
    keys = {"classes": CLASSES, "windows": {"window_px": 32}} | keys
    return StacConfig(adapter="stac", root=root, **keys)


def put_item(
    root: Path, name: str, assets: dict, collection="towns", links=(), **properties
) -> None:
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": collection, "geometry": None,
        "properties": {"datetime": "2021-06-01T10:00:00Z", **properties}, "links": list(links),
        "assets": {key: {"href": href, **more} for key, (href, more) in assets.items()},
    }  # fmt: skip
    path = root / collection / name / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(item))


def put_catalogue(root: Path) -> None:
    links = [
        {"rel": "item", "href": str(p.relative_to(root))} for p in sorted(root.glob("*/*/*.json"))
    ]
    content = {
        "type": "Catalog",
        "stac_version": "1.0.0",
        "id": "all",
        "description": "all",
        "links": links,
    }
    (root / "catalog.json").write_text(json.dumps(content))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two scenes of two files each, one labelled by outlines in an item of their own, one by a raster of its own."""
    root = tmp_path / "data"
    rng = np.random.default_rng(2)
    for name, collection in (("a", "towns"), ("b", "farms")):
        folder = root / collection / name
        for band in ("B04", "B11"):
            values = rng.integers(1, 9000, (32, 32)).astype(np.uint16)
            write_raster(folder / f"{band}.tif", values, **PLACE)
        extra = {"labels": ("label.tif", {})} if name == "b" else {}
        put_item(root, name, {"B04": ("B04.tif", RED | {"roles": ["data"]}),
                              "B11": ("B11.tif", SWIR | {"roles": ["data"]}), **extra}, collection)  # fmt: skip
    write_raster(root / "farms/b/label.tif", np.eye(32, dtype=np.uint8), **PLACE)
    put_item(root, "a-labels", {"labels": ("a.geojson", {"type": "application/geo+json"})},
             links=[{"rel": "source", "href": "../a/a.json"}])  # fmt: skip
    ring = [
        [500100, 4999900],
        [500200, 4999900],
        [500200, 4999800],
        [500100, 4999800],
        [500100, 4999900],
    ]
    content = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}]}  # fmt: skip
    (root / "towns/a-labels/a.geojson").write_text(json.dumps(content))
    put_catalogue(root)
    return root


def test_scenes_labels_sites_and_dates(root: Path, tmp_path: Path):
    given = config(root, objects={"crs": "EPSG:32633"})
    frame, findings = scan_samples(given, tmp_path / "work")
    assert findings == []
    assert frame["scene"].tolist() == ["a", "b"]
    assert frame["site"].tolist() == ["towns", "farms"]
    assert set(frame["date"]) == {"2021-06-01T10:00:00+00:00"}
    labels = [read_label(Path(path), config_classes(given)) for path in frame["label"]]
    drawn = np.zeros((32, 32), np.uint8)
    drawn[10:20, 10:20] = 1
    assert (labels[0] == drawn).all()
    assert (labels[1] == np.eye(32)).all()
    pixels = read_bands(Path(frame["image"][0]))
    for number, band in enumerate(("B04", "B11")):
        assert (pixels[number] == read_bands(root / f"towns/a/{band}.tif")[0]).all()


def test_bands_of_the_catalogue(root: Path):
    red, swir = config_bands(config(root))
    assert (red.name, red.index, red.codes, red.nodata, red.scale) == ("red", 1, ("R",), 0.0, 1e-4)
    assert (swir.name, swir.index, swir.codes, swir.nodata) == ("swir1", 2, ("S1",), None)
    assert [band.name for band in config_bands(config(root, assets=["B11", "B04"]))] == [
        "swir1",
        "red",
    ]
    own = config(root, bands=[{"name": "pan"}])
    assert [band.name for band in config_bands(own)] == ["pan"]
    assert config_references(own) == ()


def test_order_and_choice_of_assets(root: Path, tmp_path: Path):
    frame, _ = scan_samples(
        config(root, assets=["B11"], objects={"crs": "EPSG:32633"}), tmp_path / "work"
    )
    pixels = read_bands(Path(frame["image"][0]))
    assert (pixels == read_bands(root / "towns/a/B11.tif")).all()


def test_sides(root: Path, tmp_path: Path):
    by_collection = config(root, test_collections=["farms"])
    frame, _ = scan_samples(by_collection, tmp_path / "work")
    assert dict(zip(frame["scene"], frame["side"], strict=True)) == {"a": "train", "b": "test"}
    put_item(root, "a", {"B04": ("B04.tif", RED | {"roles": ["data"]})}, **{"ml-aoi:split": "test"})
    frame, _ = scan_samples(config(root, assets=["B04"]), tmp_path / "work")
    assert dict(zip(frame["scene"], frame["side"], strict=True)) == {"a": "test", "b": "train"}


def test_equal_ids_of_two_collections(root: Path, tmp_path: Path):
    for band in ("B04", "B11"):
        write_raster(root / f"farms/a/{band}.tif", np.ones((32, 32), np.uint16), **PLACE)
    assets = {band: (f"{band}.tif", {"roles": ["data"]}) for band in ("B04", "B11")}
    put_item(root, "a", assets, "farms")
    put_catalogue(root)
    frame, _ = scan_samples(config(root), tmp_path / "work")
    assert set(frame["site"]) == {"towns", "farms"}
    assert {"farms_a", "towns_a", "b"} == {text.split("_r0")[0] for text in frame["sample"]}


def test_images_on_a_server_are_excluded_and_not_fetched(root: Path, tmp_path: Path):
    put_item(root, "c", {"B04": ("https://h.org/c/B04.tif", {"roles": ["data"]}),
                         "B11": ("https://h.org/c/B11.tif", {"roles": ["data"]})})  # fmt: skip
    put_catalogue(root)
    frame, findings = scan_samples(config(root), tmp_path / "work")
    assert frame.loc[frame["scene"] == "c", "excluded"].notna().tolist() == [True]
    found = [one for one in findings if one.what == "image is on a server, not on this disk"]
    assert [one.sample for one in found] == ["c", "c"]
    assert found[0].action.startswith("excluded: fetch it to ")


def test_catalogues_without_the_assets_are_refused(root: Path, tmp_path: Path):
    with pytest.raises(
        DataError, match=r"items with the assets visual; 3 items have the assets: B04 \(2\)"
    ):
        scan_samples(config(root, assets=["visual"]), tmp_path / "work")


def test_classes_must_fit_vector_labels(root: Path):
    classes = [*CLASSES, {"name": "road", "value": 2}]
    with pytest.raises(ValidationError, match="attribute"):
        config(root, classes=classes)
    colours = [{"name": "a", "value": "#000000"}, {"name": "b", "value": "#ffffff"}]
    assert config_classes(config(root, classes=colours)).is_rgb


def test_items_of_labels_are_no_scenes(root: Path, tmp_path: Path):
    """Label items may hold a link to the image that they label, or a picture of their own."""
    shown = {key: (f"../a/{key}.tif", {"roles": ["data"]}) for key in ("B04", "B11")}
    labels = {"labels": ("a.geojson", {"type": "application/geo+json"})}
    source = {"rel": "source", "href": "../a/a.json"}
    put_item(root, "a-labels", {**shown, **labels}, links=[source])
    given = config(root, objects={"crs": "EPSG:32633"})
    frame, findings = scan_samples(given, tmp_path / "work")
    assert findings == [] and frame["excluded"].isna().all()
    assert frame["scene"].tolist() == ["a", "b"]
    assert read_label(Path(frame["label"][0]), config_classes(given)).sum() == 100
    put_item(root, "a-labels", {**shown, **labels}, links=[source | {"href": "../gone/gone.json"}])
    put_item(root, "a", {"other": ("B04.tif", {})})
    frame, findings = scan_samples(given, tmp_path / "work")
    assert findings == [] and frame["excluded"].isna().all()
    assert sorted(frame["scene"]) == ["a-labels", "b"]
