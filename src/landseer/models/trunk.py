"""What heads are built onto: widths and stride of a network without its heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segmentation_models_pytorch.base import SegmentationModel
from torch import nn


@dataclass(frozen=True, slots=True)
class Trunk:
    """What a head needs to know when it is built.

    Attributes:
        decoded: width of the decoder's output.
        stride: pixels of the image per pixel of the decoder's output.
        deepest: width of the encoder's deepest features.
        plain: the head that came with the decoder.
    """

    decoded: int
    stride: int
    deepest: int
    plain: nn.Module


def trunk_of(parts: SegmentationModel) -> Trunk:
    """Read widths and stride off a network of segmentation_models_pytorch."""
    head = parts.segmentation_head
    first = next(module for module in head.modules() if isinstance(module, nn.Conv2d))
    return Trunk(first.in_channels, _upsampling(head), parts.encoder.out_channels[-1], head)


def _upsampling(head: nn.Module) -> int:
    """Return by how much a head of segmentation_models_pytorch enlarges."""
    layers = [module for module in head.modules() if isinstance(module, nn.Upsample)]
    factor: Any = layers[0].scale_factor if layers else getattr(head, "upsampling_factor", 1)
    return round(float(factor))
