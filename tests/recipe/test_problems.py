"""Every mistake in a recipe is named by its key, with what was expected, what came, and what is near."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from landseer.errors import RecipeError
from landseer.losses.build import LOSSES
from landseer.recipe.load import load_recipe
from landseer.recipe.schema import Recipe
from landseer.report.config import ReportConfig
from landseer.train.config import TrainConfig

Ask = Callable[..., list[str]]
"""From a recipe's text and overrides to what is wrong with it."""

KINDS = ", ".join(LOSSES)
ADAPTERS = "kelp, landcover, opencities, spacenet, geopose, stac, scenes, folder"
SPLITS = (
    "group_kfold, stratified_group_kfold, spatial_blocks, leave_one_site_out, location_stratified, by_time, "
    "random, fixed"
)
REPORT = ", ".join(ReportConfig.model_fields)
TOP, TRAIN = len(Recipe.model_fields), len(TrainConfig.model_fields)

TYPOS = {
    "top": (
        "spilt: 1",
        f"15:1: spilt: expected one of {TOP} keys; got 'spilt'; did you mean 'split'?",
    ),
    "below": (
        "report: {examplos: 3}",
        f"15:10: report.examplos: expected one of {REPORT}; got 'examplos'; "
        "did you mean 'examples'?",
    ),
    "letter case": (
        "report: {Examples: 3}",
        f"15:10: report.Examples: expected one of {REPORT}; got 'Examples'; "
        "did you mean 'examples'?",
    ),
    "in a kind": (
        "train:\n  optimiser:\n    kind: sgd\n    momentun: 0.9",
        "18:5: train.optimiser.momentun: expected one of kind, lr, weight_decay, decay_norms, "
        "momentum, nesterov; got 'momentun'; did you mean 'momentum'?",
    ),
    "in a list": (
        "loss:\n  - kind: dice\n  - {kind: ce, weighd: 2}",
        "17:16: loss.1.weighd: expected one of weight, half, kind, class_weights; got 'weighd'; "
        "did you mean 'weight'?",
    ),
    "in a list in a part": (
        "quality: {suspects: [{name: a, wherr: 'b > 1'}]}",
        "15:32: quality.suspects.0.wherr: expected one of name, where; got 'wherr'; "
        "did you mean 'where'?",
    ),
    "in an optional kind": (
        "weights: {kind: balanced, presenze: []}",
        "15:27: weights.presenze: expected one of floor, kind, power, presence; got 'presenze'; "
        "did you mean 'presence'?",
    ),
    "nothing near": (
        "report: {zzz: 3}",
        f"15:10: report.zzz: expected one of {REPORT}; got 'zzz'",
    ),
    "of another part": (
        "epochs: 5",
        f"15:1: epochs: expected one of {TOP} keys; got 'epochs'; "
        "did you mean train.epochs or train.freeze.N.epochs or leak.epochs?",
    ),
    "of a deeper part": (
        "train: {lr: 1}",
        f"15:9: train.lr: expected one of {TRAIN} keys; got 'lr'; did you mean train.optimiser.lr or train.average.lr?",
    ),
    "of another kind": (
        "weights: {kind: balanced, factors: {}}",
        "15:27: weights.factors: expected one of floor, kind, power, presence; got 'factors'; "
        "it is a key of another kind of weights",
    ),
    "not a text": ("1: 2", " 1: expected text as key; got 1"),
}


@pytest.mark.parametrize(("text", "line"), TYPOS.values(), ids=TYPOS)
def test_a_key_that_is_not_known(recipe: str, ask: Ask, text: str, line: str) -> None:
    assert [one.strip() for one in ask(recipe + text)] == [line.strip()]


VALUES = {
    "whole number": ("train: {epochs: many}", "train.epochs: expected a whole number; got 'many'"),
    "no fraction": ("train: {epochs: 1.5}", "train.epochs: expected a whole number; got 1.5"),
    "number": ("augment: {gain: x}", "augment.gain: expected a number; got 'x'"),
    "truth": ("augment: {d4: maybe}", "augment.d4: expected true or false; got 'maybe'"),
    "text": (
        "select: {metric: 3}",
        "select.metric: expected text; got 3; put it in quotes",
    ),
    "null": ("select: {metric: null}", "select.metric: expected text; got null"),
    "list": ("train: {seeds: 3}", "train.seeds: expected a list; got 3; did you mean [3]?"),
    "part": ("report: 3", "report: expected keys and values; got 3"),
    "part of several kinds": (
        "train: {optimiser: sgd}",
        "train.optimiser: expected keys and values with kind one of adamw, adam, sgd; got 'sgd'; "
        "did you mean {kind: sgd}?",
    ),
    "part of a list": (
        "loss: [dise]",
        f"loss.0: expected keys and values with kind one of {KINDS}; got 'dise'; "
        "did you mean {kind: dice}?",
    ),
    "bound": ("train: {epochs: 0}", "train.epochs: expected a number of at least 1; got 0"),
    "open bound": (
        "train: {optimiser: {kind: sgd, lr: 0}}",
        "train.optimiser.lr: expected a number greater than 0; got 0",
    ),
    "upper bound": (
        "report: {groups: 99}",
        "report.groups: expected a number of at most 50; got 99",
    ),
    "item": ("train: {seeds: [0, a]}", "train.seeds.1: expected a whole number; got 'a'"),
    "too few": ("loss: []", "loss: expected at least 1 value; got 0 values"),
    "pair": ("augment: {zoom: [1]}", "augment.zoom: expected 2 values; got 1"),
    "long pair": (
        "augment: {zoom: [1, 2, 3]}",
        "augment.zoom: expected at most 2 values; got 3 values",
    ),
    "value below names": (
        "weights: {kind: coded, factors: {a: 1, b: x}}",
        "weights.factors.b: expected a number; got 'x'",
    ),
    "one of a few": (
        "model: {stem: by_nam}",
        "model.stem: expected one of by_name, repeat, mean, random; got 'by_nam'; "
        "did you mean 'by_name'?",
    ),
    "one": ("landseer: 2", "landseer: expected 1; got 2"),
    "word or number": (
        "select: {threshold: tun}",
        "select.threshold: expected cautious, tune, argmax, per_class or a number; got 'tun'; did you mean 'tune'?",
    ),
    "text or list": ("select: {tta: 3}", "select.tta: expected text or a list; got 3"),
    "list where text or list": (
        "select: {tta: [none, 3]}",
        "select.tta.1: expected text; got 3; put it in quotes",
    ),
    "validator": (
        "select: {threshold: 2.0}",
        "select: expected a threshold between 0 and 1; got 2.0",
    ),
    "validator that names its key": (
        "augment: {zoom: [2, 1]}",
        "augment.zoom: expected 0.1 <= smallest <= largest <= 10; got 2.0 and 1.0",
    ),
    "name of the run": (
        "name: my run",
        "name: expected text that matches ^[A-Za-z0-9][A-Za-z0-9._-]*$; got 'my run'",
    ),
    "long value": (
        f"report: {{examples: {'x' * 90}}}",
        f"report.examples: expected a whole number; got '{'x' * 59}…'",
    ),
    "a date is text": (
        "train: {seeds: 2020-01-01}",
        "train.seeds: expected a list; got '2020-01-01'; did you mean [2020-01-01]?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line"), VALUES.values(), ids=VALUES)
def test_a_value_that_is_wrong(recipe: str, ask: Ask, text: str, line: str) -> None:
    key = text.partition(":")[0]
    kept = "".join(f"{part}\n" for part in _without(recipe, key))
    assert [one.split(": ", 1)[1] for one in ask(kept + text)] == [line]


def _without(recipe: str, key: str) -> list[str]:
    """Leave one part out of a recipe."""
    lines: list[str] = []
    skipping = False
    for line in recipe.splitlines():
        if not line.startswith(" "):
            skipping = line.startswith(f"{key}:")
        if not skipping:
            lines.append(line)
    return lines


def test_inputs_take_text_or_settings_as_formula(recipe: str, ask: Ask) -> None:
    text = recipe.replace("  indices: [NDVI]", "  formulas: {X: [1], Y: {index: [2]}}")
    assert ask(text) == [
        "10:14: inputs.formulas.X: expected text or keys and values; got [1]",
        "10:26: inputs.formulas.Y.index: expected text or a number; got [2]",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "kind: group_kfold",
            "kind: grup_kfold",
            f"6:3: split.kind: expected one of {SPLITS}; "
            "got 'grup_kfold'; did you mean 'group_kfold'?",
        ),
        (
            "  kind: group_kfold\n",
            "",
            f"5:1: split.kind: expected one of {SPLITS}; "
            "got none",
        ),
        (
            "adapter: kelp",
            "adaptor: kelp",
            f"2:1: data.adapter: expected one of {ADAPTERS}; got none; "
            "is 'adaptor' meant to be 'adapter'?",
        ),
        (
            "split:\n  kind: group_kfold\n  n_folds: 5\n",
            "",
            f" split: expected keys and values with kind one of {SPLITS}; got none",
        ),
        ("name: demo\n", "", " name: expected a value, for this key is required; got none"),
        ("  root: data\n", "", "2:1: data.root: expected a value, for this key is required; got none"),
        (
            "  root: data\n",
            "  rot: data\n",
            "4:3: data.rot: expected one of adapter, root; got 'rot'; did you mean 'root'?",
        ),
        (
            "  n_folds: 5",
            "  n_fold: 5",
            "7:3: split.n_fold: expected one of holdout, holdout_sites, outer, train_only, buffer_m, kind, n_folds; "
            "got 'n_fold'; did you mean 'n_folds'?",
        ),
    ],
)  # fmt: skip
def test_what_says_which_kind_and_what_is_required(
    recipe: str, ask: Ask, old: str, new: str, line: str
) -> None:
    found = ask(recipe.replace(old, new))
    assert [one.strip() for one in found] == [line.strip()]


def test_kinds_in_a_list(recipe: str, ask: Ask) -> None:
    assert ask(recipe + "loss: [{kind: dise}, {weight: 2}, {kind: 3}]") == [
        f"15:9: loss.0.kind: expected one of {len(LOSSES)} values; got 'dise'; did you mean 'dice'?",
        f"15:22: loss.1.kind: expected one of {KINDS}; got none",
        f"15:36: loss.2.kind: expected one of {KINDS}; got 3",
    ]


def test_a_validator_that_finds_several_faults_names_each_key(recipe: str, ask: Ask) -> None:
    data = (
        "{adapter: folder, root: data, images: i/x.tif, labels: 'l/*.png', "
        "bands: [{name: red}, {name: red}], classes: [{name: a, value: 0}, {name: b, value: 1}]}"
    )
    text = "".join(f"{line}\n" for line in _without(recipe, "data")) + f"data: {data}"
    assert ask(text) == [
        "12:37: data.images: expected a pattern with a * that names the sample; got 'i/x.tif'",
        "12:54: data.labels: expected the wildcards of images in the same order (none); got 'l/*.png'",
        "12:73: data.bands: the name 'red' is given twice",
    ]


def test_everything_wrong_in_one_file_is_listed_in_its_order(recipe: str, ask: Ask) -> None:
    text = recipe.replace("n_folds: 5", "n_folds: 1").replace("nir", "nirr")
    text = text.replace("resnet18", "resnet19")
    found = ask(text + "train: {epochs: 0}\nselect: {tta: d5}\nspilt: {}")
    assert [line.partition("; did you mean resnet")[0] for line in found] == [
        "7:3: split.n_folds: expected a number of at least 2; got 1",
        "9:16: inputs.bands.1: expected a band of the data (swir, nir, red, green, blue, qa, dem); "
        "got 'nirr'; did you mean 'nir'?",
        "13:3: model.encoder: expected an encoder of timm; got 'resnet19'",
        "15:9: train.epochs: expected a number of at least 1; got 0",
        "16:10: select.tta: expected one of auto, none, flips, rotations, d2, d4; got 'd5'; "
        "did you mean 'd4'?",
        f"17:1: spilt: expected one of {TOP} keys; got 'spilt'; did you mean 'split'?",
    ]  # fmt: skip


def test_parts_with_faults_of_their_own_cause_no_further_ones(recipe: str, ask: Ask) -> None:
    text = recipe.replace("adapter: kelp", "adapter: kelb")
    assert ask(text + "select: {metric: dice_weed}") == [
        f"3:3: data.adapter: expected one of {ADAPTERS}; got 'kelb'; did you mean 'kelp'?"
    ]


def test_overrides_are_named_as_what_they_are(recipe: str, ask: Ask) -> None:
    text = recipe + "train:\n  epochs: 0\n  batch_size: 0\n"
    overrides = ("train.epochs=many", "mdel.encoder=x", "inputs.bands.1=nirr", "data={rot: x}")
    assert ask(text, *overrides) == [
        "17:3: train.batch_size: expected a number of at least 1; got 0",
        f"command line: data.adapter: expected one of {ADAPTERS}; got none",
        f"command line: mdel: expected one of {TOP} keys; got 'mdel'; did you mean 'model'?",
        "command line: train.epochs: expected a whole number; got 'many'",
    ]
    assert ask(recipe, "inputs.bands.1=nirr") == [
        "command line: inputs.bands.1: expected a band of the data "
        "(swir, nir, red, green, blue, qa, dem); got 'nirr'; did you mean 'nir'?"
    ]


def test_a_single_error_is_three_lines_with_the_file(recipe: str, recipe_path: Path) -> None:
    recipe_path.write_text(recipe + "spilt: {}")
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_path)
    assert str(caught.value).splitlines() == [
        "the recipe has 1 error",
        f"  {recipe_path}:15:1: spilt: expected one of {TOP} keys; got 'spilt'; did you mean 'split'?",
        "  do: correct the recipe; nothing was done",
    ]
