"""`landseer audit` goes on without bad samples, says how many there are, and `--strict` fails because of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from landseer.raster.write import write_raster

Landseer = Callable[..., Any]

RECIPE = """\
name: fields
data:
  adapter: folder
  root: data
  images: images/*.tif
  labels: labels/*.tif
  bands: [{name: red, index: 1}, {name: nir, index: 2}]
  classes: [{name: land, value: 0}, {name: water, value: 1}]
quality:
  suspects: [{name: all land, where: "class_water_pct == 0"}]
same_place: {method: none}
split: {kind: group_kfold, n_folds: 2}
inputs: {bands: [red, nir]}
model: {encoder: resnet18, weights: none}
"""
PLACE = {"crs": "EPSG:32617", "transform": (10.0, 0.0, 5e5, 0.0, -10.0, 4e6)}


def write(name: str, number: int, label: Any = None, **label_place: Any) -> None:
    """Write a sample: noise, and a label with some water."""
    rng = np.random.default_rng(number)
    write_raster(
        Path(f"data/images/{name}.tif"),
        rng.integers(1, 9999, (2, 40, 40)).astype(np.int16),
        **PLACE,
    )
    label = rng.random((40, 40)) < 0.3 if label is None else label
    path = Path(f"data/labels/{name}.tif")
    write_raster(path, np.asarray(label, np.uint8), **(PLACE | label_place))


@pytest.fixture
def recipe(landseer: Landseer) -> Path:
    """Return a recipe for six good samples, of which a rule leaves one out."""
    for number in range(5):
        write(f"good{number}", number)
    write("dry", 5, np.zeros((40, 40)))
    Path("fields.yaml").write_text(RECIPE)
    return Path("fields.yaml")


@pytest.fixture
def broken(recipe: Path) -> Path:
    """Spoil further samples as a user's disk would; return the recipe."""
    write("cut", 10)
    path = Path("data/images/cut.tif")
    path.write_bytes(path.read_bytes()[:-500])
    write("empty", 11)
    Path("data/labels/empty.tif").write_bytes(b"")
    write("zone", 12, crs="EPSG:32618")
    write("half", 13, transform=(10.0, 0.0, 5e5 + 5, 0.0, -10.0, 4e6))
    write("seven", 14, np.full((40, 40), 7))
    return recipe


def test_good_data_passes_strict_and_a_rule_is_no_fault(landseer: Landseer, recipe: Path) -> None:
    answer = landseer("audit", recipe, "--strict")
    assert answer.code == 0
    assert "6 samples: 5 used, 0 left out for faults, 1 by rule or hand; 1 findings" in answer.out
    assert answer.out.splitlines()[-1].split() == ["all", "land", "1", "1", "1", "0", "0"]


def test_bad_samples_are_left_out_and_counted(landseer: Landseer, broken: Path) -> None:
    answer = landseer("audit", broken, "--json")
    assert answer.code == 0
    summary = answer.json["summary"]
    kinds = {kind.pop("what"): kind for kind in summary.pop("kinds")}
    assert summary.pop("faults") == {what: 1 for what in kinds if what != "all land"}
    assert summary == {
        "samples": 11, "used": 5, "excluded": 6, "excluded_for_faults": 5, "excluded_by_choice": 1,
        "findings": 6,
    }  # fmt: skip
    one = {"found": 1, "samples": 1, "excluded": 1, "kept": 0, "other": 0}
    assert kinds == {
        what: one
        for what in (
            "all land", "image cannot be read", "label cannot be read",
            "label has another CRS than its image",
            "label has values that the class table does not list", "label is shifted against its image",
        )
    }  # fmt: skip
    findings = pd.read_csv("runs/fields/audit/findings.csv", keep_default_na=False)
    figures = dict(zip(findings["sample"], findings["figure"], strict=True))
    assert "pixels end early or are damaged" in figures["cut"]
    assert figures["empty"] == "expected a raster file; got an empty file (0 bytes)"
    assert figures["zone"] == "label EPSG:32618, image EPSG:32617"
    assert figures["half"] == "+0.00 rows, +0.50 columns"
    assert figures["seven"] == "7 (1600 pixels)"


def test_strict_fails_after_writing_everything_and_again(landseer: Landseer, broken: Path) -> None:
    for state in ("done in", "up to date"):
        answer = landseer("audit", broken, "--strict")
        assert answer.code == 1
        assert f"audit     {state}" in answer.out
        assert "11 samples: 5 used, 5 left out for faults, 1 by rule or hand" in answer.out
        said = answer.err[answer.err.index("landseer: ") :].splitlines()
        assert said == [
            "landseer: expected files without fault (--strict); got 5 of 11 samples left out: "
            "image cannot be read (1), label cannot be read (1), label has another CRS than its image (1) "
            "and 2 more kinds",
            f"  where: {Path('runs/fields/audit/findings.csv')}",
            "  do: mend or remove these files, or leave --strict away to go on without them",
        ]
        assert Path("runs/fields/audit/audited.parquet").exists()
        assert Path("runs/fields/audit/exclusions.csv").exists()


def test_findings_are_written_even_where_no_sample_is_left(
    landseer: Landseer, recipe: Path
) -> None:
    for path in Path("data/images").glob("*.tif"):
        path.write_bytes(path.read_bytes()[:-500])
    answer = landseer("audit", recipe)
    assert answer.code == 1
    assert "expected labelled samples to train on, got none of 6" in answer.err
    findings = pd.read_csv("runs/fields/audit/findings.csv", keep_default_na=False)
    assert (findings["what"] == "image cannot be read").sum() == 6
