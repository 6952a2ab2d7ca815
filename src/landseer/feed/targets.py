"""From what a batch knows of its samples to the targets of a network, and predictions beside them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landseer.core.classes import IGNORE
from landseer.metrics.evaluation import Evaluation, Target
from landseer.models.targets import TargetSpec
from landseer.quantities import ClassMask, Quantity
from landseer.quantities.aggregate import aggregate
from landseer.quantities.presence import of_mask

Specs = Mapping[str, TargetSpec]


def pick_targets(known: Mapping[str, Tensor], specs: Specs) -> dict[str, Tensor]:
    """Return the targets that are references of the data.

    Args:
        known: a batch's `targets`, by name of the reference.
        specs: by name of the target.

    Returns:
        By name of the target; those that follow from others are not among them.
    """
    picked: dict[str, Tensor] = {}
    for name, spec in specs.items():
        reference = spec.reference_name(name)
        if reference is None:
            continue
        values = known[reference]
        if spec.quantity == "multi_label" and values.is_floating_point():
            values = torch.nan_to_num(values, nan=IGNORE).to(torch.uint8)
        picked[name] = values
    return picked


def pick_grids(grids: Mapping[str, Tensor], specs: Specs) -> dict[str, Tensor]:
    """Return the maps of targets that lie on a grid of their own, by name of the target."""
    references = {name: spec.reference_name(name) for name, spec in specs.items()}
    return {
        name: grids[reference]
        for name, reference in references.items()
        if reference is not None and reference in grids
    }


def derive_targets(
    targets: Mapping[str, Tensor], specs: Specs, class_names: tuple[str, ...]
) -> dict[str, Tensor]:
    """Add the targets that follow from others: magnitudes and presence, read off what augmentation made of those.

    Args:
        targets: what `pick_targets` gave, moved or not.
        specs: by name of the target.
        class_names: of the label's classes; layers of a presence are among them.
    """
    complete = dict(targets)
    for name, spec in specs.items():
        if not spec.of:
            continue
        if spec.quantity == "magnitude":
            height, scale = (targets[other] for other in spec.of)
            complete[name] = height * scale.reshape(-1, 1, 1)
        else:
            numbers = tuple(class_names.index(layer) for layer in spec.layers)
            complete[name] = of_mask(targets[spec.of[0]], numbers)
    return complete


def derive_grids(grids: Mapping[str, Tensor], specs: Specs) -> dict[str, Tensor]:
    """Add the maps of targets that follow from others on a grid of their own."""
    follow = {n: grids[s.of[0]] for n, s in specs.items() if s.of and s.of[0] in grids}
    follow = {n: grid for n, grid in follow.items() if specs[n].quantity == "magnitude"}
    return {**grids, **follow}


def beside_targets(
    values: Mapping[str, Tensor], targets: Mapping[str, Tensor], grids: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Put values on the grids of their targets: means over the pixels of a coarser reference.

    Args:
        values: by target, dense ones (b, n, h, w) on the image's pixels.
        targets: on their own grids.
        grids: maps of those that have one; see `aggregate`.

    Returns:
        Values and targets, pixel on pixel; a reference pixel that lies beyond the image is unknown in both.
    """
    placed, kept = dict(values), dict(targets)
    for name, grid in grids.items():
        if name not in values:
            continue
        mean = aggregate(values[name], grid, (targets[name].shape[-2], targets[name].shape[-1]))
        beyond = mean.isnan().any(1) if targets[name].ndim == 3 else mean.isnan()
        placed[name] = mean.nan_to_num(0.0)
        kept[name] = targets[name].masked_fill(beyond, torch.nan)
    return placed, kept


def losses_take(
    quantities: Mapping[str, Quantity],
    outputs: Mapping[str, Tensor],
    grids: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Return what losses take: outputs before their activation, and values where they are averaged over pixels first.

    Args:
        quantities: by target.
        outputs: of the network.
        grids: maps of targets on a grid of their own.
    """
    return {
        name: quantities[name].value(raw) if name in grids else raw for name, raw in outputs.items()
    }


def make_evaluation(specs: Specs, class_names: tuple[str, ...]) -> Evaluation:
    """Return what is counted and scored of these targets.

    Args:
        specs: by name of the target.
        class_names: of the label's classes.
    """
    return Evaluation(
        [
            Target(name, spec.quantity, class_names if spec.quantity in _CLASSES else spec.layers)
            for name, spec in specs.items()
        ]
    )


_CLASSES = frozenset({"mask", "soft_mask"})


def as_judged(
    quantities: Mapping[str, Quantity], values: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return values in the shapes of their targets: masks decided, single planes and numbers without their axis."""
    judged: dict[str, Tensor] = {}
    for name, value in values.items():
        quantity = quantities[name]
        if isinstance(quantity, ClassMask):
            judged[name] = quantity.decide(value)
        elif quantity.n_outputs == 1 and quantity.kind not in _LAYERS:
            judged[name] = value[:, 0]
        else:
            judged[name] = value
    return judged


_LAYERS = frozenset({"multi_label", "presence"})


def one_of(batch: Mapping[str, Tensor], number: int) -> dict[str, NDArray[np.generic]]:
    """Return one sample of a batch of targets or values as arrays."""
    return {name: values[number].detach().cpu().numpy() for name, values in batch.items()}
