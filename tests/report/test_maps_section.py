"""Scenes mapped out of fold stand in the report with their pictures, their scores and how sure those are."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from landseer.raster.write import write_raster
from landseer.report.build import build_report
from landseer.report.config import ReportConfig
from landseer.report.maps_section import SIDE_PX, maps_section
from landseer.report.outcome import Outcome, SceneMap
from landseer.track.pixels import HITS

from .conftest import THREE, TWO, make_outcome

LONG = 3 * SIDE_PX
"""Columns of the made scenes: shrunk by three, each third of them keeps whole blocks of one class."""


def scene(root: Path, name: str, n_classes: int, *, with_label: bool = True) -> SceneMap:
    """Write a scene of stripes whose map is wrong in its last quarter of columns."""
    rows = 240
    truth = np.repeat(np.arange(rows) // 60 % n_classes, LONG).reshape(rows, LONG).astype(np.uint8)
    found = truth.copy()
    found[:, -LONG // 4 :] = (found[:, -LONG // 4 :] + 1) % n_classes
    truth[:, :30] = 255
    image = np.stack([500 + 200 * truth.astype(np.int16)] * 4)
    image[:, :, :60] = -1
    where = {"crs": "EPSG:32617", "transform": (0.5, 0, 0, 0, -0.5, 0)}
    for kind, array in (("image", image), ("label", truth), ("map", found)):
        write_raster(root / f"{name}_{kind}.tif", array, **where)
    label = root / f"{name}_label.tif" if with_label else None
    return SceneMap(name, root / f"{name}_image.tif", label, root / f"{name}_map.tif", 0.5, (1,))


def scores(names: tuple[str, ...], classes: tuple[str, ...]) -> dict:
    """Make the content of maps/scores.json."""
    part = {"value": 0.5, "low": 0.25, "high": 0.75}
    return {
        "tolerance_px": 3,
        "classes": {c: {"iou": part, "f1": part, "boundary_f1": part} for c in classes},
        "objects": {"kelp": {"f1": part, "found": 1200, "missed": 3, "false": 4}},
        "scenes": {
            name: {"miou": 0.9 - i / 10, "boundary_f1": 0.5} for i, name in enumerate(names)
        },
    }


@pytest.fixture(params=[TWO, THREE], ids=["two classes", "three classes"])
def outcome(request: pytest.FixtureRequest, tmp_path: Path) -> Outcome:
    """Return an outcome with three scenes, the last without a label."""
    classes = request.param
    maps = [scene(tmp_path, f"s{i}", len(classes), with_label=i < 2) for i in range(3)]
    known = scores(("s0", "s1"), classes.names)
    config = ReportConfig(examples=5)
    return make_outcome(tmp_path, classes, maps=maps, map_scores=known, config=config)


def pictures(outcome: Outcome) -> dict[str, list[np.ndarray]]:
    """Decode the pictures of each scene."""
    section = maps_section(outcome)
    assert section is not None
    sheet = next(part for part in section["parts"] if part["kind"] == "strips")
    return {strip.name: [decode(tile.uri) for tile in strip.tiles] for strip in sheet["strips"]}


def decode(uri: str) -> np.ndarray:
    return np.asarray(
        Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("RGB"), int
    )


def test_pictures_are_small_and_true(outcome: Outcome) -> None:
    shown = pictures(outcome)
    assert list(shown) == ["s0", "s1", "s2"]
    image, truth, found, result = shown["s0"]
    assert image.shape == truth.shape == found.shape == result.shape == (80, SIDE_PX, 3)
    right, wrong = (255 * np.array([to_rgb(colour) for colour in (HITS[1], HITS[2])])).round()
    classes = len(outcome.classes)
    middle, edge = result[30, SIDE_PX // 2], result[30, -10]  # rows of class 1
    np.testing.assert_allclose(middle, right, atol=1)
    expected = wrong if classes == 3 else (255 * np.array(to_rgb(HITS[3]))).round()
    np.testing.assert_allclose(edge, expected, atol=1)
    np.testing.assert_array_equal(truth[:, 40:-140], found[:, 40:-140])
    assert (truth[:, -100:] != found[:, -100:]).any(axis=2).all()


def test_what_is_not_judged_is_hatched(outcome: Outcome) -> None:
    _, truth, _, result = pictures(outcome)["s0"]
    for picture in (truth[:, :8], result[:, :8]):
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 2
        assert (picture.max(axis=2) == picture.min(axis=2)).all()
    _, no_truth, _, _ = pictures(outcome)["s2"]
    assert (no_truth.max(axis=2) == no_truth.min(axis=2)).all()


def test_the_page_says_scores_with_their_intervals(outcome: Outcome, tmp_path: Path) -> None:
    build_report(outcome, tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index('id="maps"') :]))
    assert "0.500 (0.250 to 0.750)" in text
    assert "boundary F1 within 3 px" in text
    assert "1,200" in text
    assert "0.900" in text


def test_examples_run_from_best_to_worst_and_can_be_left_out(tmp_path: Path) -> None:
    maps = [scene(tmp_path, f"s{i}", 2) for i in range(5)]
    known = scores(tuple("s0 s1 s2 s3 s4".split()), TWO.names)
    config = ReportConfig(examples=3)
    outcome = make_outcome(tmp_path, maps=maps[::-1], map_scores=known, config=config)
    assert list(pictures(outcome)) == ["s0", "s2", "s4"]
    none = make_outcome(tmp_path, maps=maps, map_scores=known, config=ReportConfig(examples=0))
    section = maps_section(none)
    assert section is not None
    assert [part["kind"] for part in section["parts"]] == ["table", "table", "table"]


def test_no_scenes_no_section(tmp_path: Path) -> None:
    assert maps_section(make_outcome(tmp_path)) is None


def test_what_windows_change_is_said(outcome: Outcome) -> None:
    assert "against one piece" not in maps_section(outcome)["lead"]
    seams = {
        "share_changed": 0.00123, "rms": 0.0123, "worst": 0.4, "window_px": 512, "overlap_px": 128, "border_px": None,
        "image": "s0.tif", "member": "fold0_seed0",
    }  # fmt: skip
    lead = maps_section(replace(outcome, seams=seams))["lead"]
    assert (
        "Windows of 512 px that share 128 px change the class of 0.123% of the pixels, and values by 0.012"
        in lead
    )
    assert "in the middle of s0.tif by fold0_seed0" in lead
    assert (
        "the class of"
        not in maps_section(replace(outcome, seams=seams | {"share_changed": None}))["lead"]
    )
