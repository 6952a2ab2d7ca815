"""The plain head: what segmentation_models_pytorch puts on a decoder."""

from __future__ import annotations

from collections import OrderedDict
from copy import deepcopy

from segmentation_models_pytorch.base.initialization import initialize_head
from torch import Tensor, nn
from torch.nn import functional

from landseer.models.exact import in_float32
from landseer.models.shared import Shared


class PlainHead(nn.Sequential):
    """The decoder's own head, its layers under their own names, upsampled to full resolution.

    Args:
        head: of segmentation_models_pytorch; its layers are taken over.
        exact: compute in float32 under autocast, too.

    Source: segmentation_models_pytorch, whose corners are aligned.
    """

    def __init__(self, head: nn.Module, *, exact: bool) -> None:
        super().__init__(OrderedDict(head.named_children()))
        self._exact = exact

    def forward(self, shared: Shared) -> Tensor:
        """Return (b, n_outputs, h, w)."""
        run = super().forward
        x = in_float32(run, shared.decoded) if self._exact else run(shared.decoded)
        if x.shape[-2:] == shared.size:
            return x
        return functional.interpolate(x, shared.size, mode="bilinear", align_corners=True)


def renewed(head: nn.Module, n_outputs: int) -> nn.Module:
    """Copy a head of segmentation_models_pytorch, with another number of outputs and new weights."""
    copy = deepcopy(head)
    name, last = [(n, m) for n, m in copy.named_modules() if isinstance(m, nn.Conv2d)][-1]
    parent, _, key = name.rpartition(".")
    size, padding = last.kernel_size, last.padding
    other = nn.Conv2d(last.in_channels, n_outputs, size, padding=padding)  # type: ignore[arg-type]
    setattr(copy.get_submodule(parent), key, other)
    initialize_head(copy)
    return copy
