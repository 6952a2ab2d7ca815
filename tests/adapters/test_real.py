"""The folder adapter and the integrity check on real data sets, where they are at hand."""

import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from landseer.adapters import AdapterConfig, config_bands, config_classes, scan_samples
from landseer.audit import examine as audit

DATA = Path(os.environ.get("LANDSEER_DATA", Path(__file__).parents[2] / "../shared/data"))
RGB = [{"name": name} for name in ("red", "green", "blue")]
DUBAI = {
    "building": "#3C1098",
    "land": "#8429F6",
    "road": "#6EC1E4",
    "vegetation": "#FEDD3A",
    "water": "#E2A929",
}
HLS = "coastal blue green red nir swir1 swir2 qa merit_dem dem worldcover occurrence".split()


def examine(name, **keys):
    if not (DATA / name).is_dir():
        pytest.skip(f"no {name} under {DATA}")
    config = TypeAdapter(AdapterConfig).validate_python(
        {"adapter": "folder", "root": DATA / name} | keys
    )
    frame, findings = scan_samples(config)
    checked, more = audit.examine(frame, config_bands(config), config_classes(config))
    return checked, findings + more


@pytest.mark.real
def test_twelve_bands_with_png_labels():
    frame, findings = examine(
        "hls_water_12band", images="images/*.tif", labels="labels/*.png", bands=[{"name": name} for name in HLS],
        classes=[{"name": "land", "value": 0}, {"name": "water", "value": 1}],
    )  # fmt: skip
    assert len(frame) == 249
    assert frame["excluded"].isna().all()
    what = {"band is constant", "the same label as under another image"}
    assert {item.what for item in findings} == what
    assert frame["crs"].isna().all()


@pytest.mark.real
def test_rgb_coded_masks_of_several_sites():
    frame, findings = examine(
        "dubai_landcover", images="tile*/images/image_part_*.jpg", labels="tile*/masks/image_part_*.png", bands=RGB,
        classes=[{"name": name, "value": value} for name, value in DUBAI.items()], ignore=["#9B9B9B", "#000000"],
        site=r"^tile(\d+)/",
    )  # fmt: skip
    assert len(frame) == 63
    assert frame["excluded"].isna().all()
    assert {item.what for item in findings} <= {"image is striped", "images of several sizes"}
    assert sorted(set(frame["site"])) == list("1234567")


@pytest.mark.real
def test_georeferenced_plots():
    frame, findings = examine(
        "neon_idtrees_canopy", images="RGB/*.tif", bands=RGB, site=r"RGB/([A-Z]+)_"
    )
    assert len(frame) == 71
    assert set(frame["crs"]) == {"EPSG:32617"}
    assert set(frame["gsd_m"].round(6)) == {0.1}
    assert frame.geometry.notna().all()
    assert [item.what for item in findings] == [
        "files declare a nodata value that no band of the recipe has"
    ]


@pytest.mark.real
def test_labels_of_another_size_are_excluded():
    frame, findings = examine(
        "neon_idtrees_canopy",
        images="RGB/*.tif",
        labels="CHM/*.tif",
        bands=RGB,
        classes=[{"name": "a", "value": 0}],
    )
    assert frame["excluded"].notna().all()
    assert "label 20 x 20, image 200 x 200 (rows x columns)" in {item.figure for item in findings}
