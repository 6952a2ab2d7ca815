"""Copies are found by their pixels, and two labels of one image are set against each other."""

import numpy as np
import pytest

from landseer.audit import copies
from landseer.audit.copies import SAME_IMAGE, disagreement, without_repeats
from landseer.audit.examine import examine
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.raster.write import write_raster
from landseer.samples.findings import Finding
from landseer.samples.table import make_samples

BANDS = (Band("red", 1), Band("nir", 2))
CLASSES = ClassTable(("land", "water"), (0, 1), ignore=(255,))
RNG = np.random.default_rng(0)
ONE, OTHER = RNG.integers(0, 99, (2, 2, 10, 10)).astype(np.int16)
LABEL = np.zeros((10, 10), np.uint8)
LABEL[:3] = 1
WIDER = LABEL.copy()
WIDER[3, :8] = 1


@pytest.fixture
def look(tmp_path):
    def look(**samples):
        records = []
        for name, (pixels, label, *side) in samples.items():
            write_raster(tmp_path / f"{name}.tif", pixels)
            record = {
                "sample": name,
                "side": side[0] if side else "train",
                "height": 10,
                "width": 10,
            }
            record["image"] = str(tmp_path / f"{name}.tif")
            if label is not None:
                write_raster(tmp_path / f"{name}_l.tif", label)
                record["label"] = str(tmp_path / f"{name}_l.tif")
            records.append(record)
        frame, findings = examine(make_samples(records), BANDS, CLASSES, workers=1)
        assert frame["excluded"].isna().all()
        return [(item.sample, item.what, item.figure, item.action) for item in findings]

    return look


def test_one_image_with_two_labels(look):
    said = look(a=(ONE, LABEL), b=(ONE, WIDER), c=(OTHER, 1 - LABEL))
    assert said == [
        ("b", SAME_IMAGE, "a", "kept"),
        (
            "b", "the same image has another label", "a; labels disagree on 8 % of the pixels",
            "kept: decide which label is right",
        ),
    ]  # fmt: skip


def test_a_copy_with_its_label_and_one_on_the_other_side(look):
    said = look(a=(ONE, LABEL), b=(ONE, LABEL), t=(ONE, None, "test"))
    assert said == [
        ("b", SAME_IMAGE, "a", "kept"),
        ("t", SAME_IMAGE, "a, on the train side", "kept"),
    ]


def test_one_label_under_two_images(look):
    said = look(a=(ONE, LABEL), b=(OTHER, LABEL))
    figure = "a; 2 classes, 30 pixels not of the most frequent"
    assert said == [("b", "the same label as under another image", figure, "kept")]


def test_labels_of_one_class_and_blank_images_are_no_copies(look):
    blank = np.full_like(ONE, 3)
    said = look(a=(ONE, LABEL * 0), b=(OTHER, LABEL * 0), c=(blank, None), d=(blank, None))
    assert {what for _, what, _, _ in said} == {"band is constant", "image is blank"}


def test_disagreement_does_not_depend_on_strips(tmp_path, monkeypatch):
    one, other = np.random.default_rng(1).integers(0, 2, (2, 50, 30)).astype(np.uint8)
    write_raster(tmp_path / "a.tif", one)
    write_raster(tmp_path / "b.tif", other)
    expected = (one != other).mean()
    for size in (10**6, 70):
        monkeypatch.setattr(copies, "_STRIP_PX", size)
        found = disagreement(tmp_path / "a.tif", tmp_path / "b.tif", CLASSES)
        assert found == pytest.approx(expected)


def test_a_copy_is_said_once_and_other_findings_stay():
    mine = Finding("b", "b.tif", "", SAME_IMAGE, "a, on the train side", "kept")
    again = Finding("b", "b.tif", "", SAME_IMAGE, "a", "kept, in one group")
    bands = [Finding("b", "b.tif", band, "band is constant", "0", "kept") for band in "xy"]
    assert without_repeats([mine, *bands, again, *bands]) == [mine, *bands]
