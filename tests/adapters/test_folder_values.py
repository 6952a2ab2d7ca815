"""Values and numbers beside the images of a folder: found, missing, lone, and wrongly described."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from landseer.adapters import config_bands, config_classes, config_references, scan_samples
from landseer.adapters.folder_config import FolderConfig
from landseer.audit.examine import examine
from landseer.core.encoding import Encoding
from landseer.core.references import Reference
from landseer.errors import DataError, FileReadError
from landseer.raster.write import write_raster

CANOPY = {"name": "canopy", "files": "CHM/*.tif", "unit": "m", "grid": "own"}


def config(root, **changes):
    base = {
        "adapter": "folder", "root": root, "images": "images/*.tif", "bands": [{"name": "red"}],
    }  # fmt: skip
    return FolderConfig.model_validate(base | changes)


def scan(root, **changes):
    return scan_samples(config(root, **changes))


def brief(findings):
    return [(one.sample, one.what, one.figure, one.action) for one in findings]


@pytest.fixture
def root(tmp_path, put):
    for name in ("1", "2", "3"):
        put(tmp_path / "images" / f"{name}.tif")
        put(tmp_path / "CHM" / f"{name}.tif", size=(3, 4))
    return tmp_path


def test_rasters_become_paths(root):
    frame, findings = scan(root, values=[CANOPY])
    assert findings == []
    assert frame["ref_canopy"].tolist() == [str(root / "CHM" / f"{n}.tif") for n in "123"]
    assert frame["label"].isna().all()
    assert frame["excluded"].isna().all()


def test_what_is_declared_is_known_to_the_rest():
    spec = CANOPY | {"scale": 0.1, "offset": -2, "nodata": 255, "minimum": 0}
    angle = {"name": "lean", "table": "t.csv", "kind": "angle", "scale": math.pi / 180}
    made = config(".", values=[spec], numbers=[angle, {"name": "age", "table": "t.csv"}])
    assert config_references(made) == (
        Reference("canopy", "raster", "m", Encoding(0.1, -2, 255), "own", minimum=0),
        Reference("lean", "angle", "rad"),
        Reference("age", "number"),
    )
    assert config_references(config(".", values=[CANOPY | {"layers": 4}]))[0].layers == 4
    assert len(config_classes(made)) == 0


def test_an_image_without_any_value_is_left_out(root):
    (root / "CHM" / "2.tif").unlink()
    frame, findings = scan(root, values=[CANOPY])
    assert frame["excluded"].tolist() == [None, "canopy is missing", None]
    assert frame["ref_canopy"].tolist()[1] is None
    assert brief(findings) == [("2", "canopy is missing", "expected CHM/2.tif", "excluded")]


def test_an_image_with_something_known_is_kept(root, put):
    (root / "CHM" / "2.tif").unlink()
    (root / "CHM" / "3.tif").unlink()
    for name in ("1", "2"):
        put(root / "labels" / f"{name}.tif")
    frame, findings = scan(
        root, values=[CANOPY], labels="labels/*.tif", classes=[{"name": "land", "value": 0}]
    )
    assert frame["excluded"].tolist() == [None, None, "neither label nor value is known"]
    assert brief(findings) == [
        ("2", "canopy is missing", "expected CHM/2.tif", "kept"),
        ("3", "label is missing", "expected labels/3.tif", "excluded"),
        ("3", "canopy is missing", "expected CHM/3.tif", "excluded"),
    ]


def test_a_value_without_an_image_is_reported(root, put):
    put(root / "CHM" / "9.tif")
    frame, findings = scan(root, values=[CANOPY])
    assert len(frame) == 3
    assert brief(findings) == [("", "canopy without an image", "", "not used")]


def test_values_beside_the_images_are_no_images(tmp_path, put):
    for name in ("a", "b"):
        put(tmp_path / f"{name}.tif")
        put(tmp_path / f"{name}_agl.tif")
    frame, findings = scan(tmp_path, images="*.tif", values=[{"name": "agl", "files": "*_agl.tif"}])
    assert frame["sample"].tolist() == ["a", "b"]
    assert findings == []


def test_the_test_side_has_values_of_its_own(root, put):
    put(root / "new" / "1.tif")
    put(root / "new" / "2.tif")
    put(root / "truth" / "2.tif")
    frame, findings = scan(
        root,
        values=[CANOPY | {"test_files": "truth/*.tif"}],
        test_images="new/*.tif",
        test_prefix="new_",
    )
    assert frame["sample"].tolist() == ["1", "2", "3", "new_1", "new_2"]
    assert frame["ref_canopy"].tolist()[3:] == [None, str(root / "truth" / "2.tif")]
    assert frame["excluded"].isna().all()
    assert brief(findings) == [("new_1", "canopy is missing", "expected truth/1.tif", "kept")]


def test_numbers_of_a_table(root):
    (root / "tilt.csv").write_text("sample,deg,note\n1,90,x\n2,n/a,\n3,x,\n7,5,\n")
    number = {"name": "tilt", "table": "tilt.csv", "column": "deg", "scale": math.pi / 180}
    frame, findings = scan(root, values=[CANOPY], numbers=[number])
    np.testing.assert_allclose(frame["ref_tilt"], [math.pi / 2, np.nan, np.nan])
    assert frame["ref_tilt"].dtype == np.float64
    assert brief(findings) == [
        ("2", "tilt is missing", "expected a row in tilt.csv", "kept"),
        ("3", "tilt is no number", "'x' in tilt.csv", "kept"),
        ("", "tilt without an image", "1 rows, the first of 7", "not used"),
    ]


def test_numbers_alone_make_a_data_set(root, put):
    put(root / "new" / "1.tif")
    (root / "age.csv").write_text("sample,age\n1,5\n2,6.5\n")
    number = {"name": "age", "table": "age.csv"}
    frame, findings = scan(root, numbers=[number], test_images="new/*.tif", test_prefix="new_")
    assert frame["excluded"].tolist() == [None, None, "age is missing", None]
    assert brief(findings) == [("3", "age is missing", "expected a row in age.csv", "excluded")]


def test_patterns_that_find_or_fit_nothing(root, put):
    with pytest.raises(DataError, match=r"train canopy files matching 'CHM/\*\.png'; found none"):
        scan(root, values=[CANOPY | {"files": "CHM/*.png"}])
    put(root / "other" / "x.tif")
    with pytest.raises(DataError, match=r"expected the canopy 'other/1\.tif' for the image"):
        scan(root, values=[CANOPY | {"files": "other/*.tif"}])
    with pytest.raises(FileReadError, match="columns sample and age"):
        scan(root, numbers=[{"name": "age", "table": "gone.csv"}])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": [CANOPY, CANOPY]}, "the name 'canopy' is given twice"),
        (
            {"values": [CANOPY | {"files": "CHM/a.tif"}]},
            r"values\.0\.files: expected the wildcards",
        ),
        ({"values": [CANOPY | {"name": "mask"}]}, "which is the class label's"),
        ({"values": [CANOPY | {"name": "2m"}]}, "should match pattern"),
        ({"values": [CANOPY | {"scale": 0}]}, "a factor other than 0"),
        ({"values": [CANOPY | {"scale": math.inf}]}, "finite number"),
        (
            {"values": [CANOPY], "numbers": [{"name": "canopy_min", "table": "a.csv"}]},
            "'canopy_min' is taken by a figure of 'canopy'",
        ),
        (
            {"numbers": [{"name": "lean", "table": "a.csv", "kind": "angle", "minimum": 0}]},
            "expected none for an angle",
        ),
        (
            {"test_images": "t/*.tif", "values": [CANOPY | {"test_files": "CHM/?.tif"}]},
            r"values\.0\.test_files: expected the wildcards of test_images",
        ),
    ],
)
def test_faults_are_named(changes, message):
    with pytest.raises(ValidationError, match=message):
        config(".", **changes)


def test_images_of_floats_are_read_as_they_are(tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        pixels = rng.uniform(0, 255, (1, 8, 8)).astype(np.float32)
        write_raster(tmp_path / "images" / f"{name}.tif", pixels)
        write_raster(tmp_path / "CHM" / f"{name}.tif", rng.uniform(0, 9, (4, 4)).astype("f4"))
    made = config(tmp_path, values=[CANOPY])
    frame, findings = scan_samples(made)
    frame, more = examine(frame, config_bands(made), config_classes(made), workers=1)
    assert findings + more == []
    assert frame["valid_pct"].tolist() == [1, 1]
    assert not [name for name in frame.columns if name.startswith("class_")]


def test_config_survives_json():
    made = config(".", values=[CANOPY], numbers=[{"name": "age", "table": "a.csv"}])
    assert FolderConfig.model_validate_json(made.model_dump_json()) == made
