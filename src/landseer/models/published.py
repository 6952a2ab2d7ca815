"""Checkpoints of whole systems, read by their published keys: the encoder's weights, and those of a feature pyramid."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

_WHOLE, _RESNET = "backbone.", "resnet."
_PYRAMID = "fpn."


def by_own_keys(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the weights of a checkpoint the keys of its parts.

    Satlas keeps an encoder under `backbone.backbone.` (Swin; once more `backbone.` where several images were seen) or
    `backbone.resnet.`, and its pyramid under `intermediates.0.fpn.`; heads are left away.

    Args:
        state: tensors by published key.

    Returns:
        The encoder's tensors by torchvision's keys, which for ResNets are timm's too, and the pyramid's under `fpn.`;
        any other checkpoint as it is.

    Source: github.com/allenai/satlaspretrain_models, its prefixes and what it strips from them.
    """
    if not any(key.startswith(_WHOLE) for key in state):
        return dict(state)
    own: dict[str, Tensor] = {}
    for key, tensor in state.items():
        if key.startswith(_WHOLE):
            while key.startswith(_WHOLE):
                key = key.removeprefix(_WHOLE)
            own[key.removeprefix(_RESNET)] = tensor
        elif _PYRAMID in key:
            own[_PYRAMID + key.rpartition(_PYRAMID)[2]] = tensor
    return own


def pyramid_of(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the pyramid's tensors by torchvision's keys; none where the checkpoint has no pyramid."""
    return {
        key.removeprefix(_PYRAMID): tensor
        for key, tensor in state.items()
        if key.startswith(_PYRAMID)
    }
