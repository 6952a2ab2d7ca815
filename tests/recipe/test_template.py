"""The recipes that come with landseer load, whatever the data's folder is called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from landseer.adapters import scan_samples
from landseer.errors import UsageError
from landseer.raster.write import write_raster
from landseer.recipe.load import dump_recipe, load_recipe
from landseer.recipe.schema import Recipe
from landseer.recipe.template import RUN_NAME, fill_template, template_names


def make_data(task: str, root: Path) -> None:
    """Write one image and one label as a task's recipe expects them."""
    if task == "geopose":
        write_raster(root / "train/a_RGB.tif", np.ones((3, 8, 8), np.uint8))
        write_raster(root / "train/a_AGL.tif", np.zeros((8, 8), np.uint16))
        (root / "train/a_VFLOW.json").write_text('{"scale": 0.01, "angle": 1.5}')
        return
    folders = {
        "kelp": ("train_satellite/a_satellite.tif", "train_kelp/a_kelp.tif", 7),
        "folder": ("images/a.tif", "labels/a.png", 3),
    }
    image, label, bands = folders[task]
    write_raster(root / image, np.ones((bands, 8, 8), np.int16))
    write_raster(root / label.replace(".png", ".tif"), np.zeros((8, 8), np.uint8))
    (root / label.replace(".png", ".tif")).rename(root / label)


@pytest.mark.parametrize("task", ["folder", "geopose", "kelp"])
@pytest.mark.parametrize("name", ["plain", "with space", 'it\'s: #1 "x"', "ünï", "012", "[a]{b}"])
def test_a_template_loads_and_finds_the_data(task: str, name: str, tmp_path: Path) -> None:
    root = tmp_path / name
    make_data(task, root)
    path = tmp_path / "recipe.yaml"
    path.write_text(fill_template(task, name="012", root=root), encoding="utf-8")
    recipe = load_recipe(path)
    assert (recipe.name, Path(recipe.data.root)) == ("012", root)
    frame, _ = scan_samples(recipe.data)
    assert list(frame["sample"]) == ["a"]
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(path) == recipe


def test_the_templates_are_those_that_are_tested() -> None:
    assert template_names() == ["folder", "geopose", "kelp"]


def test_there_is_no_such_template(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a task: folder, geopose, kelp; got 'weeds'"):
        fill_template("weeds", name="a", root=tmp_path)


@pytest.mark.parametrize("name", ["", "my run", "-x", "a/b", "ü"])
def test_a_name_that_cannot_be_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a name of letters"):
        fill_template("kelp", name=name, root=tmp_path)


def test_names_are_those_of_the_schema() -> None:
    (constraint,) = Recipe.model_fields["name"].metadata
    assert constraint.pattern == RUN_NAME
