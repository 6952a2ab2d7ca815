"""References on the data page: pictures on the ground of their images, figures, directions; pages without any class."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.raster.write import write_raster
from landseer.report.config import ReportConfig
from landseer.report.data_page import LOOK_SECTIONS, build_data_page
from landseer.report.gallery import write_gallery
from landseer.report.look import Look
from landseer.report.notebook import DataLook
from landseer.report.pixel_sample import draw_pixels
from landseer.report.reference_plots import poses_figure
from landseer.report.references import known_references, on_image, references_section
from landseer.samples.table import make_samples

from .look_data import BANDS, INPUTS, SIDE, make_look, write_tile

AGL = Reference("agl", "raster", "m", minimum=0.0)
CANOPY = Reference("canopy", "raster", "m", grid="own", minimum=0.0)
SCALE, ANGLE = Reference("scale", "number", "px/m"), Reference("angle", "angle", "rad")
NONE = ClassTable((), ())


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    root, rng, records = tmp_path_factory.mktemp("values"), np.random.default_rng(4), []
    for i in range(6):
        record = write_tile(root, f"s{i}", rng) | {"label": None, "site": "ab"[i % 2]}
        record = {key: value for key, value in record.items() if not key.startswith("class_")}
        record |= {"fold": i % 3, "holdout": False, "group": f"g{i // 2}", "weight": 1.0}
        agl = rng.uniform(0, 20, (SIDE, SIDE)).astype(np.float32)
        coarse = np.arange(16, dtype=np.float32).reshape(4, 4) + i
        write_raster(root / f"agl{i}.tif", agl)
        write_raster(root / f"canopy{i}.tif", coarse)
        record |= {"ref_agl": str(root / f"agl{i}.tif"), "ref_canopy": str(root / f"canopy{i}.tif")}
        record |= {"ref_scale": 0.5 + i, "ref_angle": float(i)}
        for name, values in (("agl", agl), ("canopy", coarse)):
            record |= {
                f"ref_{name}_valid_pct": 1.0, f"ref_{name}_min": float(values.min()),
                f"ref_{name}_max": float(values.max()), f"ref_{name}_mean": float(values.mean()),
            }  # fmt: skip
        records.append(record)
    return make_look(
        root, samples=make_samples(records), classes=NONE, references=(AGL, CANOPY, SCALE, ANGLE)
    )


def test_a_coarse_raster_lies_on_its_image_in_blocks(look: Look) -> None:
    laid = on_image(look, CANOPY, "s2")
    assert laid is not None
    step = laid.shape[0] // 4
    expected = (np.arange(16).reshape(4, 4) + 2).repeat(step, 0).repeat(step, 1)
    np.testing.assert_array_equal(laid, expected)


def test_a_raster_that_cannot_be_read_is_said_to_be(look: Look) -> None:
    frame = look.samples.copy()
    frame.loc[frame["sample"] == "s0", "ref_agl"] = str(look.folder / "gone.tif")
    broken = make_look(look.folder, samples=frame, classes=NONE, references=(AGL,))
    assert on_image(broken, AGL, "s0") is None
    shown = references_section(broken)["parts"][0]["strips"]
    captions = [tile.caption for strip in shown for tile in strip.tiles]
    assert "agl: cannot be read" in captions
    assert len(captions) == 12


def test_pairs_of_pictures_by_site_from_low_to_high(look: Look) -> None:
    part = references_section(look)["parts"][1]
    assert part["title"] == "canopy, m"
    assert [strip.name for strip in part["strips"]] == ["a", "b"]
    assert [tile.caption for tile in part["strips"][0].tiles] == [
        "s0", "mean 7.50 m", "s2", "mean 9.50 m", "s4", "mean 11.5 m",
    ]  # fmt: skip


def test_figures_are_those_of_the_table(look: Look) -> None:
    table = references_section(look)["parts"][-1]
    rows = {row[0]: row[1:] for row in table["rows"]}
    assert rows["canopy"] == ["m", "6", "0", "100.0%", "0", "10", "20"]
    assert rows["scale"] == ["px/m", "6", "0", "–", "0.500", "3.000", "5.500"]
    assert rows["angle"][4:] == ["–"] * 3


@pytest.mark.parametrize(
    ("angle", "side"),
    [(0.0, (0, -1)), (np.pi / 2, (1, 0)), (np.pi, (0, 1)), (3 * np.pi / 2, (-1, 0))],
)
def test_directions_lie_as_in_the_image(look: Look, angle: float, side: tuple[int, int]) -> None:
    rows = look.samples.assign(ref_angle=angle, ref_scale=1.0)
    figure = poses_figure(rows, ANGLE, SCALE)
    figure.draw_without_rendering()
    axis = figure.axes[0]
    middle = axis.transData.transform((0, 0))
    drawn = axis.transData.transform(axis.lines[0].get_xydata()[0]) - middle
    np.testing.assert_allclose(drawn / np.linalg.norm(drawn), side, atol=1e-6)


def test_a_page_without_classes(look: Look, tmp_path: Path) -> None:
    written = build_data_page(look, tmp_path)
    assert {"values_by_fold.png", "numbers.png", "directions.png"} <= set(written)
    assert "class_shares.png" not in written
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert len(re.findall(r"<section id=", text)) == len(LOOK_SECTIONS)
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    assert "labelled and used 6" in plain or "6 labelled and used" in plain
    assert "each class" not in plain
    assert write_gallery(look, tmp_path)


def test_a_notebook_without_classes(look: Look) -> None:
    seen = DataLook(look)
    assert seen.class_shares is None
    for name in ("values_by_fold", "numbers", "directions", "signatures", "balance"):
        assert getattr(seen, name) is not None, name


def test_a_set_of_class_labels_says_so(tmp_path: Path) -> None:
    plain = make_look(tmp_path, references=(AGL,))
    assert known_references(plain) == []
    (note,) = references_section(plain)["parts"]
    assert note["text"] == "The data have class labels only."
    seen = DataLook(plain)
    assert (seen.values_by_fold, seen.numbers, seen.directions) == (None, None, None)


def test_pixels_come_from_samples_that_teach(look: Look) -> None:
    frame = look.samples.copy()
    frame.loc[frame["sample"] != "s1", ["ref_agl"]] = None
    drawn = draw_pixels(
        frame, BANDS, NONE, INPUTS, references=(AGL,), config=ReportConfig(pixels=1000), workers=1
    )
    assert drawn.n_all_images == 1
    assert len(drawn) > 0
