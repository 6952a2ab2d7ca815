"""SpaceNet as samples: tiles of one view and of several, with outlines burnt on each tile's own grid."""

import json
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from landseer.adapters import config_bands, config_classes, config_references, scan_samples
from landseer.adapters.spacenet_config import SpacenetConfig
from landseer.errors import DataError, FileReadError
from landseer.raster.label import read_label
from landseer.raster.write import write_raster

BOX = (4, 6, 15, 18)
"""A building, px: first row and column, last row and column (excluded)."""
EAST, NORTH = 732701.0, 3731439.0
ANGLES = {16: "1030010002649200", 50: "1030010003193300"}


def config(root: Path, product: str, **keys) -> SpacenetConfig:
    return SpacenetConfig(adapter="spacenet", root=root, product=product, **keys)


def put_image(path: Path, count: int, size=(40, 44), gsd_m=0.5) -> None:
    values = np.random.default_rng(1).integers(1, 2047, (count, *size)).astype(np.uint16)
    write_raster(path, values, crs="EPSG:32616", transform=(gsd_m, 0, EAST, 0, -gsd_m, NORTH))


def put_label(path: Path, boxes, gsd_m=0.5) -> None:
    to_degrees = Transformer.from_crs("EPSG:32616", "EPSG:4326", always_xy=True)
    features = []
    for top, left, bottom, right in boxes:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        ring = [
            (*to_degrees.transform(EAST + gsd_m * x, NORTH - gsd_m * y), 0.0) for x, y in corners
        ]
        features.append(
            {
                "type": "Feature",
                "properties": {},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))


def drawn(size=(40, 44)) -> np.ndarray:
    mask = np.zeros(size, np.uint8)
    mask[BOX[0] : BOX[2], BOX[1] : BOX[3]] = 1
    return mask


@pytest.fixture
def vegas(tmp_path: Path) -> Path:
    """SpaceNet 2: a tile with a building, one without objects, one without label file, and a test tile."""
    root = tmp_path / "data"
    train, test = root / "AOI_2_Vegas_Train", root / "AOI_2_Vegas_Test_public"
    for number in (1, 2, 3):
        put_image(train / f"RGB-PanSharpen/RGB-PanSharpen_AOI_2_Vegas_img{number}.tif", 3)
        put_image(train / f"MUL-PanSharpen/MUL-PanSharpen_AOI_2_Vegas_img{number}.tif", 8)
    put_image(test / "RGB-PanSharpen/RGB-PanSharpen_AOI_2_Vegas_img4.tif", 3)
    put_label(train / "geojson/buildings/buildings_AOI_2_Vegas_img1.geojson", [BOX])
    put_label(train / "geojson/buildings/buildings_AOI_2_Vegas_img2.geojson", [])
    return root


def test_one_view(vegas: Path, tmp_path: Path):
    given = config(vegas, "RGB-PanSharpen")
    frame, findings = scan_samples(given, tmp_path / "work")
    assert frame["sample"].tolist() == [f"AOI_2_Vegas_img{n}" for n in (1, 2, 3, 4)]
    assert frame["side"].tolist() == ["train"] * 3 + ["test"]
    assert (frame["site"] == frame["sample"]).all()
    assert set(frame["area"]) == {"AOI_2_Vegas"}
    assert frame["gsd_m"].tolist() == pytest.approx([0.5] * 4)
    assert "angle_deg" not in frame
    labels = [read_label(Path(path), config_classes(given)) for path in frame["label"][:2]]
    assert (labels[0] == drawn()).all()
    assert (labels[1] == 0).all()
    assert frame["excluded"].notna().tolist() == [False, False, True, False]
    assert "AOI_2_Vegas_img3" in {one.sample for one in findings}


def test_eight_bands_of_the_same_tiles(vegas: Path, tmp_path: Path):
    given = config(vegas, "MUL-PanSharpen")
    frame, _ = scan_samples(given, tmp_path / "work")
    assert len(frame) == 3
    names = ["coastal", "blue", "green", "yellow", "red", "rededge1", "nir", "nir2"]
    assert [band.name for band in config_bands(given)] == names
    assert {band.nodata for band in config_bands(given)} == {0.0}


def test_views_of_one_place_are_one_site(tmp_path: Path):
    root = tmp_path / "data"
    for angle, catid in ANGLES.items():
        view = f"Atlanta_nadir{angle}_catid_{catid}"
        put_image(root / view / f"Pan-Sharpen/Pan-Sharpen_{view}_732701_3730989.tif", 4)
    label = "geojson/spacenet-buildings/spacenet-buildings_732701_3730989.geojson"
    put_label(root / label, [BOX])
    frame, _ = scan_samples(config(root, "Pan-Sharpen"), tmp_path / "work")
    assert frame["sample"].tolist() == [
        f"Atlanta_nadir{angle}_{catid}_732701_3730989" for angle, catid in ANGLES.items()
    ]
    assert set(frame["site"]) == {"732701_3730989"}
    assert frame["angle_deg"].tolist() == [16, 50]
    assert frame["catid"].tolist() == list(ANGLES.values())
    for path in frame["label"]:
        assert (read_label(Path(path), config_classes(config(root, "MS"))) == drawn()).all()


def test_labels_follow_the_grid_of_the_product(tmp_path: Path):
    root = tmp_path / "data"
    put_image(root / "3band/3band_AOI_1_RIO_img1.tif", 3)
    put_image(root / "8band/8band_AOI_1_RIO_img1.tif", 8, size=(20, 22), gsd_m=1.0)
    put_label(root / "geojson/Geo_AOI_1_RIO_img1.geojson", [(4, 6, 16, 18)])
    frame, _ = scan_samples(config(root, "8band"), tmp_path / "work")
    label = read_label(Path(frame["label"][0]), config_classes(config(root, "8band")))
    assert label.shape == (20, 22)
    assert (np.argwhere(label).min(0) == [2, 3]).all()
    assert (np.argwhere(label).max(0) == [7, 8]).all()


def test_a_damaged_label_excludes_its_tile(vegas: Path, tmp_path: Path):
    path = vegas / "AOI_2_Vegas_Train/geojson/buildings/buildings_AOI_2_Vegas_img1.geojson"
    path.write_text(path.read_text()[:150])
    frame, findings = scan_samples(config(vegas, "RGB-PanSharpen"), tmp_path / "work")
    assert frame["excluded"].notna().tolist() == [True, False, True, False]
    assert "AOI_2_Vegas_img1" in {one.sample for one in findings}


def test_what_is_not_used_is_reported(vegas: Path, tmp_path: Path):
    put_image(vegas / "AOI_2_Vegas_Train/RGB-PanSharpen/overview.tif", 3)
    put_label(
        vegas / "AOI_2_Vegas_Roads/geojson/spacenetroads/spacenetroads_AOI_2_Vegas_img1.geojson", []
    )
    _, findings = scan_samples(config(vegas, "RGB-PanSharpen"), tmp_path / "work")
    found = {one.what: one.figure for one in findings if one.action == "not used"}
    assert found["image whose name is none of SpaceNet's"].startswith("1 files: ")
    assert "spacenetroads" in found["vector file that is no tile's buildings"]


def test_bands_can_be_said(tmp_path: Path):
    own = [{"name": "blue"}, {"name": "red", "index": 3}]
    bands = config_bands(config(tmp_path, "Pan-Sharpen", bands=own))
    assert [(band.name, band.index, band.nodata) for band in bands] == [
        ("blue", 1, None),
        ("red", 3, None),
    ]
    assert config_bands(config(tmp_path, "3band"))[0].nodata is None
    assert config_references(config(tmp_path, "3band")) == ()


def test_wrong_roots_are_refused(tmp_path: Path):
    with pytest.raises(FileReadError, match="expected a folder"):
        scan_samples(config(tmp_path / "none", "3band"), tmp_path)
    with pytest.raises(DataError, match="in folders called 3band; found none"):
        scan_samples(config(tmp_path, "3band"), tmp_path)
