"""From file and command line to a recipe, and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from landseer.errors import RecipeError
from landseer.recipe.load import dump_recipe, load_recipe
from landseer.recipe.overrides import apply_overrides

RICH = (
    'quality={corrupted: "qa != 0", suspects: [{name: "1e5", where: "kelp_pixels_pct > 0.4"}]}',
    "weights={kind: coded, factors: {has_kelp: 3.0, qa_ok: 0.0}}",
    "inputs.formulas={MINE: '(N - R) / N', KVI: {index: ARVI, gamma: 2.0}}",
    "inputs.normalise={kind: zscore}",
    "inputs.fixed_range={qa: [0, 1]}",
    "loss=[{kind: dice, classes: [1]}, {kind: ce, class_weights: [1, 2.5]}]",
    "train={early_stop: {patience_epochs: 3}, optimiser: {kind: sgd, lr: 1e-5}, seeds: [0, 1]}",
    "select={threshold: 0.5, tta: [none, d4]}",
)


def test_overrides_go_deep_and_are_yaml() -> None:
    values = {"train": {"epochs": 1}, "loss": [{"kind": "dice"}]}
    laid = apply_overrides(
        values,
        ["train.epochs=5", "loss.0.kind=ce", "augment.d4=true", "train.folds=[0, 1]", "weights="],
    )
    assert laid.values == {
        "train": {"epochs": 5, "folds": [0, 1]},
        "loss": [{"kind": "ce"}],
        "augment": {"d4": True},
        "weights": None,
    }
    assert laid.paths[1:3] == (("loss", 0, "kind"), ("augment", "d4"))
    assert values == {"train": {"epochs": 1}, "loss": [{"kind": "dice"}]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train.epochs", "train.epochs: expected key=value; got no key or no `=`"),
        ("=5", "=5: expected key=value; got no key or no `=`"),
        ("a..b=5", "a..b=5: expected key=value; got no key or no `=`"),
        (
            "loss.7.kind=ce",
            "loss.7.kind=ce: expected a position of loss, which has 1 value and counts from 0; got '7'",
        ),
        (
            "loss.dice.weight=2",
            "loss.dice.weight=2: expected a position of loss, which has 1 value and counts from 0; "
            "got 'dice'",
        ),
        (
            "train.epochs.x=1",
            "train.epochs.x=1: expected a key of the recipe; got 'x' below train.epochs, which is 1",
        ),
        (
            "train.folds=[0",
            "train.folds=[0: expected YAML, got a text that is not: expected ',' or ']', but got "
            "'<stream end>'",
        ),
    ],
)
def test_an_override_that_leads_nowhere_is_refused(text: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        apply_overrides({"train": {"epochs": 1}, "loss": [{"kind": "dice"}]}, [text])
    assert caught.value.message == f"the command line has 1 error\n  {message}"


DEEP = {
    "train.optimiser.lr=0.1": ("train", {"optimiser": {"kind": "adamw", "lr": 0.1}}),
    "train.optimiser.kind=sgd": ("train", {"optimiser": {"kind": "sgd"}}),
    "loss.0.weight=2": ("loss", [{"kind": "dice", "weight": 2}]),
    "loss.0.kind=ce": ("loss", [{"kind": "ce"}]),
    "inputs.normalise.low=0.05": (
        "inputs",
        {"bands": ["red", "nir", "qa"], "indices": ["NDVI"], "valid": "qa == 0",
         "normalise": {"kind": "quantile", "low": 0.05}},
    ),
    "train.early_stop.patience_epochs=3": ("train", {"early_stop": {"patience_epochs": 3}}),
    "inputs.fixed_range.qa=[0, 1]": (
        "inputs",
        {"bands": ["red", "nir", "qa"], "indices": ["NDVI"], "valid": "qa == 0",
         "fixed_range": {"qa": [0, 1]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("override", DEEP)
def test_an_override_below_a_default_changes_a_piece_of_it(
    recipe_path: Path, override: str
) -> None:
    part, written = DEEP[override]
    found = load_recipe(recipe_path, [override])
    assert found == load_recipe(recipe_path, [f"{part}={json.dumps(written)}"])
    assert found != load_recipe(recipe_path)


def test_all_wrong_overrides_are_listed() -> None:
    with pytest.raises(RecipeError, match="the command line has 2 errors"):
        apply_overrides({}, ["a", "b=1", "c"])


@pytest.mark.parametrize("overrides", [(), RICH], ids=["plain", "rich"])
def test_a_dumped_recipe_loads_as_the_same_recipe(
    recipe_path: Path, overrides: tuple[str, ...]
) -> None:
    recipe = load_recipe(recipe_path, overrides)
    folder = recipe_path.parent / "run"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(dump_recipe(recipe))
    assert load_recipe(folder) == recipe
    assert dump_recipe(load_recipe(folder)) == dump_recipe(recipe)


def test_a_folder_recipe_with_colour_masks_survives_the_round_trip(recipe_path: Path) -> None:
    data = (
        "data={adapter: folder, root: data, images: 'i/*.tif', labels: 'l/*.png', "
        "bands: [{name: red, index: 4, scale: 1e-4, nodata: 0}, {name: nir}, {name: qa}], "
        "classes: [{name: sea, value: '#000000'}, {name: '012', value: [255, 0, 0]}], "
        "ignore: ['#ffffff'], site: '^(\\w+)_'}"
    )
    recipe = load_recipe(recipe_path, [data, f"data.root={recipe_path.parent / 'data'}"])
    path = recipe_path.with_name("again.yaml")
    path.write_text(dump_recipe(recipe))
    assert load_recipe(path) == recipe


def test_paths_count_from_the_file_and_overrides_from_the_current_folder(
    recipe_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "elsewhere"
    (other / "mine").mkdir(parents=True)
    monkeypatch.chdir(other)
    assert Path(load_recipe(recipe_path).data.root) == tmp_path / "data"
    assert Path(load_recipe(recipe_path, ["data.root=mine"]).data.root) == other / "mine"
    (tmp_path / "w.pth").touch()
    recipe_path.write_text(recipe_path.read_text().replace("weights: none", "weights: w.pth"))
    assert load_recipe(recipe_path).model.weights == str(tmp_path / "w.pth")
    assert load_recipe(recipe_path, ["model.weights=imagenet"]).model.weights == "imagenet"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a recipe, got no readable file: No such file or directory"),
        (b"name: \xff", "expected a recipe, got no readable file: it is not UTF-8 text"),
        (b"- a\n- b\n", "expected keys and values; got list"),
        (b"just text", "expected keys and values; got str"),
    ],
)
def test_what_is_no_recipe_at_all(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "r.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert caught.value.message == message
    assert caught.value.where == str(path)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no readable file") as caught:
        load_recipe(tmp_path)
    assert caught.value.where == str(tmp_path / "recipe.yaml")


def test_an_empty_file_lacks_every_required_part(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    keys = [line.split(": ")[1] for line in caught.value.message.splitlines()[1:]]
    assert keys == ["name", "data", "split", "inputs", "model"]
