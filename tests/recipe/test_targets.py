"""Targets of a recipe: everything that does not fit is said at once, each at its key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from landseer.models.targets import MASK, TargetSpec
from landseer.recipe.load import dump_recipe, load_recipe

Ask = Callable[..., list[str]]

DATA = """\
name: pose
data:
  adapter: folder
  root: data
  images: "images/*.tif"
  labels: "labels/*.tif"
  bands: [{name: red}, {name: green}, {name: blue}]
  classes: [{name: land, value: 0}, {name: water, value: 1}]
  values:
    - {name: agl, files: "agl/*.tif", unit: m}
    - {name: far, files: "far/*.tif", unit: m, grid: own}
  numbers:
    - {name: scale, table: pose.csv, unit: px/m}
    - {name: angle, table: pose.csv, kind: angle}
split:
  kind: group_kfold
inputs:
  bands: [red, green, blue]
model:
  encoder: resnet18
  weights: none
"""
TARGETS = """\
targets:
  agl:
    quantity: height
    head: {kind: upsample}
    loss: [{kind: huber, delta: 5}]
  shift:
    quantity: magnitude
    of: [agl, scale]
    head: {kind: upsample, features_of: agl}
    loss: [{kind: huber, delta: 10}]
  scale:
    quantity: flow_scale
    head: {kind: fitted_scale, height: agl, magnitude: shift}
  angle:
    quantity: direction
    head: {kind: gradient_attention, height: agl}
    loss: [{kind: cosine}, {kind: unit_norm, weight: 0.1}]
  mask:
    quantity: mask
  there:
    quantity: presence
    of: [mask]
    layers: [water]
    loss: [{kind: bce}]
"""
SELECT = "select: {metric: geopose_r2, tta: [none, 'flips*transpose', 'd4@0.8,1,1.25']}\n"
GOOD = DATA + TARGETS + SELECT


def test_a_recipe_of_six_targets_is_fine_and_comes_back(ask: Ask, tmp_path: Path) -> None:
    assert ask(GOOD) == []
    path = tmp_path / "demo.yaml"
    recipe = load_recipe(path)
    path.write_text(dump_recipe(recipe))
    assert load_recipe(path) == recipe
    specs = recipe.target_specs
    assert list(specs) == ["agl", "shift", "scale", "angle", "mask", "there"]
    assert {type(spec) for spec in specs.values()} == {TargetSpec}
    assert [spec.reference_name(name) for name, spec in specs.items()] == [
        "agl", None, "scale", "angle", MASK, None,
    ]  # fmt: skip


CASES = {
    "unknown reference": (
        "targets.agl.reference=agll",
        "targets.agl: expected a reference of the data (mask, agl, far, scale, angle); got 'agll'",
    ),
    "name without a reference": (
        "targets.tall={quantity: height, loss: [{kind: mse}]}",
        "targets.tall: expected a reference of the data (mask, agl, far, scale, angle); got 'tall'",
    ),
    "number for a height": (
        "targets.agl.reference=scale",
        "targets.agl: expected a raster for a height; the reference scale is of the kind number",
    ),
    "raster for a scale": (
        "targets.scale.reference=agl",
        "targets.scale: expected a number for a flow_scale; the reference agl is of the kind raster",
    ),
    "angle for a scale": (
        "targets.scale.reference=angle",
        "targets.scale: expected a number for a flow_scale; the reference angle is of the kind angle",
    ),
    "number for a direction": (
        "targets.angle.reference=scale",
        "targets.angle: expected an angle for a direction; the reference scale is of the kind number",
    ),
    "layers that a raster has not": (
        "targets.two={quantity: multi_label, reference: agl, layers: [a, b], loss: [{kind: bce}]}",
        "targets.two: expected 2 layers of the reference agl; got 1 layer",
    ),
    "layers on a grid of their own": (
        "targets.one={quantity: multi_label, reference: far, layers: [a], loss: [{kind: bce}]}",
        "targets.one: expected one of height, magnitude, dense_value, for the reference far has a grid of its own; "
        "got multi_label",
    ),
    "loss of another quantity": (
        "targets.agl.loss=[{kind: huber}, {kind: dice}]",
        "targets.agl.loss.1: expected a loss of height, one of huber, mse, l1, log_cosh, trimmed, relative_l1, "
        "log_ratio, r2; got 'dice'",
    ),
    "head of the other extent": (
        "targets.agl.head={kind: pooled}",
        "targets.agl: expected a head of a height, which is dense; got pooled",
    ),
    "head that needs another target": (
        "targets.angle.head.height=aggl",
        "targets.angle.head: expected one of agl, shift, scale, angle, mask, there; got 'aggl'; "
        "did you mean 'agl'?",
    ),
    "head that looks at itself": (
        "targets.agl.head.features_of=agl",
        "targets.agl.head: expected a target whose head is upsample, with features of its own; got agl",
    ),
    "scale upside down": (
        "targets.scale.head={kind: fitted_scale, height: shift, magnitude: agl}",
        "targets.scale.head: expected a target in m; shift is in px",
    ),
    "heights of an image value": (
        "targets.angle.head.height=scale",
        "targets.angle.head: expected a target with a value at each pixel; scale has the head fitted_scale",
    ),
    "unknown of": (
        "targets.shift.of=[aggl, scale]",
        "targets.shift: expected of: a target that is a height; got 'aggl' (no such target)",
    ),
    "of in the wrong order": (
        "targets.shift.of=[scale, scale]",
        "targets.shift: expected of: a target that is a height; got 'scale' (flow_scale)",
    ),
    "of too few": (
        "targets.shift.of=[agl]",
        "targets.shift: expected of: [height, flow scale] for a magnitude; got ['agl']",
    ),
    "of where nothing follows": (
        "targets.angle.of=[mask]",
        "targets.angle: expected of: nothing for a direction; got ['mask']",
    ),
    "class that is not there": (
        "targets.there.layers=[wather]",
        "targets.there.layers: expected one of land, water; got 'wather'; did you mean 'water'?",
    ),
    "presence of nothing": (
        "targets.there.layers=[]",
        "targets.there: expected layers, the names of what a presence tells apart",
    ),
    "two masks": (
        "targets.other={quantity: mask}",
        "targets.other: expected one class mask, for the data have one table of classes",
    ),
    "name that is no name": (
        "targets.Agl={quantity: height, reference: agl}",
        "targets.Agl: expected text that matches ^[a-z][a-z0-9_]*$; got 'Agl'",
    ),
    "quantity": (
        "targets.agl.quantity=heights",
        "targets.agl.quantity: expected one of mask, multi_label, soft_mask, presence, height, magnitude, direction, "
        "flow_scale, gsd, dense_value, image_value; got 'heights'; did you mean 'height'?",
    ),
    "activation of what has none": (
        "targets.mask.activation=relu",
        "targets.mask.activation: expected none, for a mask is no real value; got relu",
    ),
    "unit of a direction": (
        "targets.angle.typical=2",
        "targets.angle.typical: expected none, for a direction is no real value; got 2.0",
    ),
    "unit of a fitted scale": (
        "targets.scale.typical=0.7",
        "targets.scale: expected neither typical nor softplus with a fitted scale, which is in px/m already",
    ),
    "weight": (
        "targets.agl.weight=0",
        "targets.agl.weight: expected a number greater than 0; got 0",
    ),
    "metric": (
        "select.metric=geopose_r3",
        "select.metric: expected one of 49 values; got 'geopose_r3'; did you mean 'geopose_r2'?",
    ),
    "monitor": (
        "train.monitor=agl_rmsee",
        "train.monitor: expected one of 49 values; got 'agl_rmsee'; did you mean 'agl_rmse'?",
    ),
    "product of views": (
        "select.tta=[none, 'flips*transposed']",
        "select.tta.1: expected one of none, flips, rotations, d2, d4, rot90, rot180, rot270, flip_lr, flip_ud, "
        "transpose, antitranspose, or several joined by *; got 'flips*transposed'",
    ),
    "zooms of views": (
        "select.tta='d4@0.8,x'",
        "select.tta: expected zooms such as 0.8,1,1.25 after @; got 'd4@0.8,x'",
    ),
    "name of what the pose makes": (
        "targets.flow={quantity: dense_value, reference: agl, loss: [{kind: mse}]}",
        "targets: expected targets whose scores have names of their own; got flow_r2 twice; "
        "rename a target",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("override", "line"), CASES.values(), ids=CASES)
def test_what_does_not_fit(ask: Ask, override: str, line: str) -> None:
    (found,) = ask(GOOD, override)
    assert found.split(": ", 1)[1] == line


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(ask: Ask) -> None:
    text = GOOD.replace("{kind: huber, delta: 5}", "{kind: dice}")
    text = text.replace("of: [agl, scale]", "of: [agl, scales]")
    text = text.replace("height: agl, magnitude: shift", "height: shift, magnitude: agl")
    text = text.replace("{kind: gradient_attention, height: agl}", "{kind: upsample}")
    text = text.replace("layers: [water]", "layers: [wood]")
    text = text.replace("geopose_r2, tta: [none, ", "dice_wood, tta: [d5, ")
    first = [line.split(": ")[1] for line in ask(text)]
    assert first == ["targets.angle", "select.tta.0"]  # a part at fault is not looked at further
    text = text.replace(
        "head: {kind: upsample}\n    loss: [{kind: cosine}", "loss: [{kind: cosine}"
    )
    assert [line.split(": ")[1] for line in ask(text)] == [
        "targets.agl.loss.0",
        "targets.shift",
        "targets.scale.head",
        "targets.there.layers",
        "select.metric",
        "select.tta.0",
    ]


def test_a_circle_of_heads_is_told_once(ask: Ask) -> None:
    (found,) = ask(GOOD, "targets.agl.head.features_of=shift")
    assert found.endswith(
        "targets.agl.head: expected a target whose head is upsample, with features of its own; got shift"
    )


def test_something_must_be_taught_and_a_mask_takes_the_loss_of_the_recipe(ask: Ask) -> None:
    head = DATA + "select: {metric: agl_rmse}\ntargets:\n  agl: {quantity: height}\n"
    (found,) = ask(head)
    assert found.endswith("targets: expected a loss for one target or more; got none")
    assert ask(head + "  mask: {quantity: mask}\n") == []


def test_the_metric_of_masks_is_none_of_heights(ask: Ask) -> None:
    (found,) = ask(DATA + "targets:\n  agl: {quantity: height, loss: [{kind: mse}]}\n")
    assert (
        "select.metric: expected one of agl_r2, agl_rmse, agl_mae, agl_bias, agl_r2_sites" in found
    )
    assert found.endswith("got 'dice_foreground'")


def test_data_without_classes_need_none_for_heights_and_two_for_masks(ask: Ask) -> None:
    bare = DATA.replace('  labels: "labels/*.tif"\n', "")
    bare = bare.replace("  classes: [{name: land, value: 0}, {name: water, value: 1}]\n", "")
    metric = "select: {metric: agl_mae}\n"
    heights = "targets:\n  agl: {quantity: height, loss: [{kind: l1}]}\n"
    assert ask(bare + metric + heights) == []
    (found,) = ask(bare + metric + heights + "  mask: {quantity: mask}\n")
    assert found.endswith("data.classes: expected two classes or more to learn; got 0")


def test_other_faults_do_not_hide_what_is_wrong_with_targets(ask: Ask) -> None:
    found = ask(GOOD, "split.n_folds=1", "train.epochs=0", "targets.shift.of=[agl, shift]")
    assert [line.split(": ")[1] for line in found] == [
        "targets.shift",
        "split.n_folds",
        "train.epochs",
    ]
