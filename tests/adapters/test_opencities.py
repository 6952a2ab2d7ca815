"""Open Cities as samples: windows, burnt outlines against boxes drawn by hand, transparency, tiers, test chips."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pydantic import ValidationError
from pyproj import Transformer

from landseer.adapters import config_bands, config_classes, config_references, scan_samples
from landseer.adapters.opencities_config import OpencitiesConfig
from landseer.errors import DataError
from landseer.raster.label import read_label
from landseer.raster.read import read_bands

GSD_M = 0.1
BOXES = [(5, 8, 20, 30), (90, 100, 118, 121)]
"""Buildings, px: first row and column, last row and column (excluded); the second crosses the windows' borders."""
SCENES = {("1", "acc", "665946"): (128, 128), ("2", "dar", "0a4c40"): (96, 200)}


def config(root: Path, **keys) -> OpencitiesConfig:
    windows = {"window_px": 64}
    return OpencitiesConfig(adapter="opencities", root=root, windows=windows, **keys)


def outlines(east: float, north: float, boxes) -> dict:
    """Write boxes as GeoJSON in degrees, with the crs member as the contest wrote it: not to be believed."""
    to_degrees = Transformer.from_crs("EPSG:32630", "EPSG:4326", always_xy=True)
    features = []
    for top, left, bottom, right in boxes:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        ring = [to_degrees.transform(east + GSD_M * x, north - GSD_M * y) for x, y in corners]
        geometry = {"type": "MultiPolygon", "coordinates": [[ring]]}
        features.append(
            {"type": "Feature", "properties": {"building": "yes"}, "geometry": geometry}
        )
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32630"}}
    return {"type": "FeatureCollection", "crs": crs, "features": features}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two scenes of RGBA, the lower right of the first transparent, and two test chips."""
    rng = np.random.default_rng(5)
    for number, ((tier, area, scene), (height, width)) in enumerate(SCENES.items()):
        east, north = 810000.0 + 5000 * number, 620000.0
        pixels = rng.integers(1, 255, (4, height, width), np.uint8)
        pixels[3] = 255
        if number == 0:
            pixels[3, 64:, 64:] = 0
        folder = tmp_path / "data" / f"train_tier_{tier}" / area
        put_rgba(folder / scene / f"{scene}.tif", pixels, east, north)
        label = folder / f"{scene}-labels" / f"{scene}.geojson"
        label.parent.mkdir()
        label.write_text(json.dumps(outlines(east, north, BOXES)))
    for chip in ("0a0a36", "fffd9c"):
        put_rgba(
            tmp_path / f"data/test/{chip}/{chip}.tif",
            np.full((4, 150, 150), 255, np.uint8),
            8e5,
            6e5,
        )
    return tmp_path / "data"


def put_rgba(path: Path, pixels: np.ndarray, east: float, north: float) -> None:
    path.parent.mkdir(parents=True)
    with rasterio.open(
        path, "w", driver="GTiff", count=4, height=pixels.shape[1], width=pixels.shape[2], dtype="uint8",
        photometric="RGB", alpha="YES", crs="EPSG:32630",
        transform=rasterio.Affine(GSD_M, 0, east, 0, -GSD_M, north),
    ) as target:  # fmt: skip
        target.write(pixels)


def truth(height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    for top, left, bottom, right in BOXES:
        mask[top:bottom, left:right] = 1
    return mask


def test_windows_of_both_tiers_and_whole_test_chips(root: Path, tmp_path: Path):
    frame, findings = scan_samples(config(root, tiers=[1, 2]), tmp_path / "work")
    train = frame[frame["side"] == "train"]
    assert sorted(train["site"].unique()) == ["acc", "dar"]
    assert train.groupby("scene")["tier"].unique().map(list).to_dict() == {
        "acc_665946": [1], "dar_0a4c40": [2],
    }  # fmt: skip
    assert (train["area"] == train["site"]).all()
    assert train["gsd_m"].tolist() == pytest.approx([GSD_M] * len(train))
    tests = frame[frame["side"] == "test"]
    assert tests["sample"].tolist() == ["0a0a36", "fffd9c"]
    assert tests[["height", "width"]].to_numpy().tolist() == [[150, 150]] * 2
    assert tests["label"].isna().all()
    assert tests["tier"].isna().all()
    # Three of four windows of the first scene have data; 96 x 200 px are two rows and four columns of windows.
    assert train.groupby("scene").size().to_dict() == {"acc_665946": 3, "dar_0a4c40": 8}
    assert any("data" in one.what for one in findings)


def test_burnt_windows_are_the_boxes(root: Path, tmp_path: Path):
    frame, _ = scan_samples(config(root, tiers=[1, 2]), tmp_path / "work")
    for (_, area, scene), (height, width) in SCENES.items():
        rows = frame[frame["scene"] == f"{area}_{scene}"]
        whole = np.full((height, width), 9, np.uint8)
        for row in rows.itertuples():
            top, left = map(int, row.image.rpartition("#")[2].split(",")[:2])
            label = read_label(Path(row.label), config_classes(config(root)))
            whole[top : top + row.height, left : left + row.width] = label
        seen = whole != 9
        assert (whole[seen] == truth(height, width)[seen]).all()
        assert seen.mean() > 0.7


def test_transparent_pixels_are_missing(root: Path, tmp_path: Path):
    keys = {"adapter": "opencities", "root": root, "windows": {"window_px": 128}}
    frame, _ = scan_samples(OpencitiesConfig(**keys), tmp_path / "work")
    row = frame[frame["side"] == "train"].iloc[0]
    bands = [band.index for band in config_bands(config(root))]
    pixels = read_bands(Path(row["image"]), bands)
    assert np.isnan(pixels[:, 64:, 64:]).all()
    assert np.isnan(pixels).sum() == 3 * 64 * 64


def test_tier_1_alone_and_dates_of_the_catalogue(root: Path, tmp_path: Path):
    item = {"type": "Feature", "id": "665946", "bbox": [9, 9, 9, 9], "assets": {"image": {"href": "665946.tif"}},
            "properties": {"datetime": "2018-08-05 00:00:00Z", "area": "acc"}}  # fmt: skip
    (root / "train_tier_1/acc/665946/665946.json").write_text(json.dumps(item))
    links = [{"rel": "item", "href": "acc/665946/665946.json"}]
    (root / "train_tier_1/catalog.json").write_text(json.dumps({"links": links}))
    frame, findings = scan_samples(config(root), tmp_path / "work")
    train = frame[frame["side"] == "train"]
    assert set(train["scene"]) == {"acc_665946"}
    assert set(train["date"]) == {"2018-08-05 00:00:00Z"}
    assert train["label"].notna().all()
    assert not [one for one in findings if "scene is not" in one.what]


def test_missing_labels_and_images_exclude_their_scene(root: Path, tmp_path: Path):
    (root / "train_tier_1/acc/665946-labels/665946.geojson").unlink()
    (root / "train_metadata.csv").write_text(
        "img_uri,label_uri,tier,area\n"
        "train_tier_1/acc/665946/665946.tif,train_tier_1/acc/665946-labels/665946.geojson,1,acc\n"
        "train_tier_1/mon/401175/401175.tif,train_tier_1/mon/401175-labels/401175.geojson,1,mon\n"
    )
    frame, findings = scan_samples(config(root), tmp_path / "work")
    train = frame[frame["side"] == "train"]
    assert train["excluded"].notna().all()
    assert set(train["site"]) == {"acc", "mon"}
    assert {"acc_665946", "mon_401175"} <= {one.sample for one in findings}


def test_bands_classes_and_references(root: Path):
    given = config(root)
    assert [(band.name, band.index) for band in config_bands(given)] == [
        ("red", 1),
        ("green", 2),
        ("blue", 3),
    ]
    assert config_classes(given).names == ("background", "building")
    assert config_references(given) == ()
    assert given.rules().crs == "EPSG:4326"


def test_wrong_roots_and_tiers_are_refused(tmp_path: Path):
    with pytest.raises(
        DataError, match=r"expected scenes in train_tier_1/, or chips in test/; found none"
    ):
        scan_samples(config(tmp_path), tmp_path / "work")
    with pytest.raises(ValidationError, match="tiers"):
        config(tmp_path, tiers=[3])
    with pytest.raises(ValidationError, match="tiers"):
        config(tmp_path, tiers=[])
