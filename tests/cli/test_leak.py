"""`landseer leak` on data where nothing can leak, and how it says what it found elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landseer.raster.write import write_raster
from landseer.run import leak as measured
from landseer.select.estimate import Estimate
from landseer.select.leak_result import Contrast, Leak, read_leak

Landseer = Callable[..., Any]

RECIPE = """\
name: small
data:
  adapter: folder
  root: lone
  images: images/*.tif
  labels: labels/*.tif
  bands: [{name: red, index: 1}]
  classes: [{name: land, value: 0}, {name: water, value: 1}]
same_place: {layers: [red]}
split: {kind: group_kfold, n_folds: 2}
inputs: {bands: [red]}
model: {encoder: resnet18, weights: none}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Return a recipe for four images that have nothing in common."""
    rng = np.random.default_rng(1)
    for number in range(4):
        image = rng.integers(0, 900, (1, 16, 16)).astype(np.int16)
        write_raster(tmp_path / f"lone/images/{number}.tif", image)
        write_raster(tmp_path / f"lone/labels/{number}.tif", np.eye(16, dtype=np.uint8))
    path = tmp_path / "small.yaml"
    path.write_text(RECIPE)
    return path


def test_without_a_place_shown_twice_it_says_so_and_trains_nothing(
    landseer: Landseer, recipe: Path
) -> None:
    answer = landseer("leak", recipe)
    assert answer.code == 0, answer.err
    said, *_, written = answer.out.splitlines()
    assert said.startswith("Nothing to leak: no two of the 4 samples")
    assert written == "Written: runs/small/leak/leak.json"
    assert not Path("runs/small/folds").exists()
    answer = landseer("leak", recipe, "--out", "elsewhere", "--json")
    assert answer.json["sentence"] == said
    assert answer.json["whole"] is None
    assert answer.json["files"] == {"json": "elsewhere/leak/leak.json"}
    assert read_leak(Path("elsewhere/leak/leak.json")).n_samples == 4


def test_it_says_first_what_a_manager_needs(
    landseer: Landseer, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Contrast(
        name="all",
        n_samples=4,
        n_groups=2,
        random=Estimate(value=0.74, low=0.7, high=0.8),
        grouped=Estimate(value=0.67, low=0.6, high=0.7),
        difference=Estimate(value=0.07, low=0.04, high=0.11),
    )
    found = Leak(
        metric="iou_water", level=0.95, n_samples=4, n_groups=2, n_repeated=4, trained="a thing", exposed_random=0.5,
        exposed_grouped=0.0, whole=whole, repeated=whole, alone=None, excess=None, doses=(), seen=None, unseen=None,
        by_repeat=(), fold_sizes=((2, 2),), notes=(),
    )  # fmt: skip
    monkeypatch.setattr(measured, "measure_leak", lambda run: found)
    answer = landseer("leak", recipe, "leak.repeats=3")
    assert answer.out.splitlines()[0] == (
        "A random split would have said 0.74; places never seen give 0.67: it flatters by 0.07 (0.04 to 0.11)."
    )
    assert landseer("leak", recipe, "--json").json["whole"]["difference"]["high"] == 0.11


def test_wrong_settings_are_refused(landseer: Landseer, recipe: Path) -> None:
    answer = landseer("leak", recipe, "leak.repeats=0")
    assert answer.code == 2
    assert "leak.repeats: expected" in answer.err


def test_a_recipe_of_other_targets_is_refused(landseer: Landseer, recipe: Path) -> None:
    wet = "{quantity: presence, of: [mask], layers: [water], loss: [{kind: bce}]}"
    answer = landseer("leak", recipe, f"targets={{mask: {{quantity: mask}}, wet: {wet}}}")
    assert answer.code == 2
    assert "whose only target is the class mask; got mask, wet" in answer.err
