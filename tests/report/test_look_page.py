"""The data page as a whole: nothing from outside, the same bytes each time, PNGs beside it, a notebook, a stage."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import landseer
from landseer.recipe.load import load_recipe
from landseer.report import data_page
from landseer.report.data_page import LOOK_SECTIONS, build_data_page
from landseer.report.look import Look
from landseer.report.notebook import DataLook
from landseer.report.signatures import signatures_section
from landseer.run.context import open_run
from landseer.run.runner import run_stages

from .look_data import make_look, write_tile

PLOTS = ("signatures", "histograms", "correlation", "balance", "class_shares", "quality")
RECIPE = """
name: looked-at
data:
  adapter: folder
  root: {root}
  images: images/*.tif
  labels: labels/*.tif
  bands:
    - {{name: nir, nodata: -1}}
    - {{name: red, nodata: -1}}
    - {{name: qa}}
  classes: [{{name: back, value: 0}}, {{name: kelp, value: 1}}, {{name: sand, value: 2}}]
  ignore: [9]
same_place: {{method: none}}
split: {{kind: group_kfold, n_folds: 2}}
inputs: {{bands: [nir, red], indices: [NDVI], valid: "qa == 0"}}
model: {{encoder: resnet10t, weights: none}}
report: {{pixels: 2000}}
"""


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    return make_look(tmp_path_factory.mktemp("look"), placed=True)


@pytest.fixture(scope="module")
def page(look: Look, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("page")
    build_data_page(look, folder)
    return folder


def test_the_page_holds_every_section_and_asks_for_nothing(look: Look, page: Path) -> None:
    text = (page / "index.html").read_text(encoding="utf-8")
    assert len(re.findall(r"<section id=", text)) == len(LOOK_SECTIONS)
    assert not re.findall(r"src=\"(?!data:)", text)
    assert not re.findall(r"href=\"(?!data:|#|groups/index)", text)
    assert not re.findall(r"url\((?!data:|#)", text)
    assert "<b>$x$" not in text
    assert "kelp &lt;b&gt;$x$: the data" in text
    assert "&lt;sand&gt;" in text
    assert "3000 pixels" in text or "pixels drawn from all 6 images" in text
    assert len(text) < 10_000_000


def test_plots_of_an_earlier_call_go(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_page, "LOOK_SECTIONS", (signatures_section,))
    (tmp_path / "old.png").write_bytes(b"")
    written = data_page.build_data_page(look, tmp_path)
    assert written == ["signatures.png"]
    assert {path.name for path in tmp_path.iterdir()} == {"signatures.png", "index.html"}


def test_every_plot_is_a_png_that_shows_something(page: Path) -> None:
    names = {path.stem for path in page.glob("*.png")}
    assert {*PLOTS, "map", "signatures"} <= names
    for name in PLOTS:
        with Image.open(page / f"{name}.png") as image:
            assert min(image.size) > 150
            assert np.asarray(image.convert("L")).std() > 5


def test_a_notebook_gets_figures_and_the_very_page(look: Look, page: Path) -> None:
    shown = DataLook(look)
    for name in ("signatures", "class_shares", "map"):
        assert isinstance(getattr(shown, name), Figure)
    assert shown.layout is None
    assert shown.map_details is None
    text = shown._repr_html_()
    assert text.startswith("<iframe srcdoc=")
    assert text.count("<") == 2
    inner = re.fullmatch(
        r'<iframe srcdoc="(.*)" style="[^"]*" title="the data"></iframe>', text, re.DOTALL
    )
    assert inner is not None
    assert html.unescape(inner[1]) == (page / "index.html").read_text(encoding="utf-8")


def test_the_stage_writes_the_page_before_any_training(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(4):
        write_tile(tmp_path / "data", f"t{i}", rng)
    (tmp_path / "a.yaml").write_text(RECIPE.format(root=tmp_path / "data"))
    run = open_run(load_recipe(tmp_path / "a.yaml"), tmp_path / "run")
    done = run_stages(run, until="look")
    assert list(done) == ["samples", "audit", "split", "statistics", "look", "folder"]
    assert (run.folder / "report/data/index.html").is_file()
    assert set(run_stages(run, until="look").values()) == {"up to date", str(run.folder)}
    shown = landseer.look(run.folder)
    assert shown.data.pixels.channels == ("nir", "red", "NDVI")
