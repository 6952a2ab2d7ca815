"""Another activation in the stem of an encoder."""

from __future__ import annotations

import re

from torch import nn

from landseer.errors import UsageError

_ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.SiLU, nn.GELU, nn.Hardswish, nn.LeakyReLU)
_INSIDE = re.compile(r"block|stage|layer|features")


def set_stem_activation(encoder: nn.Module, activation: type[nn.Module]) -> None:
    """Replace the encoder's first activation, in place.

    Raises:
        UsageError: the first activation does not belong to the stem, but to a block after it.
    """
    names = [n for n, module in encoder.named_modules() if isinstance(module, _ACTIVATIONS)]
    if not names or _INSIDE.search(names[0]):
        raise UsageError(
            f"expected an encoder with an activation in its stem; the first is {names[0] if names else 'nowhere'}",
            where="model.stem_activation",
            do="choose an efficientnet or a resnet, or leave stem_activation away",
        )
    parent, _, key = names[0].rpartition(".")
    setattr(encoder.get_submodule(parent), key, activation())
