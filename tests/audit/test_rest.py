"""Images that differ from nearly all others are named; where images are of many kinds, that is said once."""

import numpy as np
import pytest

from landseer.audit.examine import examine
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples

BANDS = (Band("red", 1), Band("nir", 2))
CLASSES = ClassTable(("land", "water"), (0, 1))


@pytest.fixture
def look(tmp_path):
    """Return a function that examines ten alike images and some others: name -> (shape, dtype, side)."""

    def look(n_alike, others):
        rng, records = np.random.default_rng(0), []
        alike = {f"a{number}": ((2, 6, 8), "int16", "train") for number in range(n_alike)}
        for name, (shape, dtype, side) in (alike | others).items():
            write_raster(tmp_path / f"{name}.tif", rng.integers(0, 99, shape).astype(dtype))
            record = {"sample": name, "side": side, "image": str(tmp_path / f"{name}.tif")}
            record |= {"height": shape[1], "width": shape[2]}
            if side == "train":
                write_raster(tmp_path / f"{name}_l.tif", np.zeros(shape[1:], np.uint8))
                record["label"] = str(tmp_path / f"{name}_l.tif")
            records.append(record)
        frame, findings = examine(make_samples(records), BANDS, CLASSES, workers=1)
        reasons = dict(zip(frame["sample"], frame["excluded"], strict=True))
        said = [(item.sample, item.what, item.figure, item.action) for item in findings]
        return reasons, said, frame

    return look


def test_decimals_among_whole_numbers_cannot_be_trained_on(look):
    others = {"x": ((2, 6, 8), "float32", "train"), "t": ((2, 6, 8), "float32", "test")}
    reasons, said, frame = look(10, others)
    what = "image has another pixel type than the rest"
    figure = "float32; 10 of 12 images have int16"
    assert said == [("t", what, figure, "kept"), ("x", what, figure, "excluded")]
    assert reasons["x"] == f"{what}: {figure}"
    assert reasons["t"] is None
    assert np.isnan(frame.set_index("sample").loc["x", "valid_pct"])


def test_another_type_of_whole_numbers_is_kept(look):
    reasons, said, _ = look(10, {"x": ((2, 6, 8), "uint16", "train")})
    assert said == [
        (
            "x",
            "image has another pixel type than the rest",
            "uint16; 10 of 11 images have int16",
            "kept",
        )
    ]
    assert reasons["x"] is None


def test_another_size_and_more_bands_are_kept(look):
    reasons, said, _ = look(10, {"x": ((3, 9, 8), "int16", "train")})
    assert said == [
        ("x", "image has another number of bands than the rest", "3 bands; 10 of 11 images have 2 bands", "kept"),
        (
            "x", "image has another size than the rest",
            "9 x 8 px (rows x columns); 10 of 11 images have 6 x 8 px (rows x columns)", "kept",
        ),
    ]  # fmt: skip
    assert reasons["x"] is None


def test_without_a_rest_it_is_said_once_and_nothing_is_left_out(look):
    others = {
        "x": ((2, 6, 8), "float32", "train"),
        "y": ((2, 7, 8), "float32", "train"),
        "z": ((2, 9, 9), "int16", "train"),
    }
    reasons, said, _ = look(4, others)
    assert said == [
        ("", "images of several pixel types", "int16 (5 images), float32 (2 images)", "kept"),
        (
            "", "images of several sizes",
            "6 x 8 px (rows x columns) (5 images), 7 x 8 px (rows x columns) (1 images), "
            "9 x 9 px (rows x columns) (1 images)", "kept",
        ),
    ]  # fmt: skip
    assert set(reasons.values()) == {None}
