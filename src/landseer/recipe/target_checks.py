"""What targets of a recipe must agree on with the data, with their losses and with each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from landseer.adapters import config_classes, config_references
from landseer.core.references import Reference
from landseer.errors import LandseerError
from landseer.losses.build import build_target_loss
from landseer.models.heads import Output, check_outputs
from landseer.models.outputs import make_outputs, make_quantity
from landseer.models.targets import EXTENTS, MASK, TargetSpec, check_targets
from landseer.recipe.problems import Problem
from landseer.recipe.schema import Recipe
from landseer.recipe.targets import specs_of
from landseer.recipe.wording import counted, not_among
from landseer.recipe.yaml_file import KeyPath

LOSS_LINE = re.compile(r"loss\[(\d+)\] \(\w+\): (.*)")
"""How `losses.build` names a loss and what is wrong with it."""

_CLASSED = frozenset({"mask", "soft_mask"})
_ON_OWN_GRID = ("height", "magnitude", "dense_value")


def too_few_classes(recipe: Recipe) -> Iterator[Problem]:
    """There must be something to tell apart."""
    if not _has_classes(recipe):
        count = len(config_classes(recipe.data))
        yield Problem(("data", "classes"), f"expected two classes or more to learn; got {count}")


def _has_classes(recipe: Recipe) -> bool:
    """Say whether there are classes wherever a target needs them."""
    needs = any(spec.quantity in _CLASSED for spec in specs_of(recipe.targets).values())
    return not needs or len(config_classes(recipe.data)) >= 2


def targets(recipe: Recipe) -> Iterator[Problem]:
    """Targets must be references of the data, name targets that are there, and be taught somewhere."""
    names = config_classes(recipe.data).names
    known = {one.name: one for one in config_references(recipe.data)}
    there = [MASK, *known] if names else list(known)
    for target, message in check_targets(recipe.targets, there):
        if recipe.targets[target].quantity != "mask" or names:
            yield Problem(("targets", target), message)
    for target, config in recipe.targets.items():
        for layer in config.layers if config.quantity == "presence" and config.of else ():
            if layer not in names:
                yield Problem(("targets", target, "layers"), not_among(names, layer))
        for need in config.the_head.needs:
            if need not in recipe.targets:
                yield Problem(("targets", target, "head"), not_among(list(recipe.targets), need))
        reference = known.get(config.reference_name(target) or "")
        if reference is not None:
            for message in _misfits(config, reference, len(names)):
                yield Problem(("targets", target), message)
    if recipe.targets and not any(c.loss or c.quantity == "mask" for c in recipe.targets.values()):
        yield Problem(("targets",), "expected a loss for one target or more; got none")


def _misfits(spec: TargetSpec, reference: Reference, n_classes: int) -> Iterator[str]:
    """Say why a quantity cannot be learnt from a reference."""
    usual = "raster" if EXTENTS[spec.quantity] == "dense" else "number"
    kind = "angle" if spec.quantity == "direction" else usual
    if reference.kind != kind:
        article = "an" if kind == "angle" else "a"
        yield (
            f"expected {article} {kind} for a {spec.quantity}; "
            f"the reference {reference.name} is of the kind {reference.kind}"
        )
        return
    layered = {
        "multi_label": len(spec.layers),
        "presence": len(spec.layers),
        "soft_mask": n_classes,
    }
    wanted = layered.get(spec.quantity, 1)
    if reference.layers != wanted:
        came = counted(reference.layers, "layer")
        yield f"expected {counted(wanted, 'layer')} of the reference {reference.name}; got {came}"
    if reference.grid == "own" and spec.quantity not in _ON_OWN_GRID:
        yield (
            f"expected one of {', '.join(_ON_OWN_GRID)}, for the reference {reference.name} has a grid of its own; "
            f"got {spec.quantity}"
        )


def target_losses(recipe: Recipe) -> Iterator[Problem]:
    """Losses of targets must fit their quantities."""
    if not _has_classes(recipe):
        return
    n_classes = len(config_classes(recipe.data))
    for target, config in recipe.targets.items():
        if not config.loss:
            continue
        path: KeyPath = ("targets", target, "loss")
        try:
            build_target_loss(config.loss, make_quantity(config.spec(), n_classes, recipe.model))
        except LandseerError as error:
            for line in error.message.splitlines():
                match = LOSS_LINE.fullmatch(line)
                yield Problem((*path, int(match[1])), match[2]) if match else Problem(path, line)


def heads(recipe: Recipe) -> Iterator[Problem]:
    """Heads must fit their quantities, and be able to answer one after another."""
    if not _has_classes(recipe):
        return
    n_classes = len(config_classes(recipe.data))
    outputs = make_outputs(specs_of(recipe.targets), n_classes, recipe.model)
    wrong: set[str] = set()
    for name in outputs:
        needed = _needed(name, outputs)
        if needed & wrong or not needed <= outputs.keys():
            continue  # said already, or by `targets`
        try:
            check_outputs({other: outputs[other] for other in (name, *(needed - {name}))})
        except LandseerError as error:
            match = re.search(r"of target (\w+)$", error.where)
            at_fault = match[1] if match else name
            wrong.add(at_fault)
            yield Problem(("targets", at_fault, "head"), error.message)


def _needed(name: str, outputs: Mapping[str, Output]) -> set[str]:
    """Return a target, all that its head needs, and all that those need."""
    found, new = set[str](), {name}
    while new:
        found |= new
        new = {n for one in new if one in outputs for n in outputs[one].head.needs} - found
    return found
