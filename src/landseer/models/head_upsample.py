"""Heads for heights and magnitudes: learnt upsampling to full resolution, and a simpler one."""

from __future__ import annotations

from segmentation_models_pytorch.base.initialization import initialize_decoder, initialize_head
from torch import Tensor, nn
from torch.nn import functional

from landseer.models.exact import in_float32
from landseer.models.heads_config import Simple, Upsample
from landseer.models.shared import Shared
from landseer.models.upsampling import ResidualUpsample

_LEAST_WIDTH = 64
"""Of what is upsampled: each doubling leaves a quarter of the planes, and 16 are wanted at the end."""


class UpsampleHead(nn.Module):
    """Double the decoder's resolution until it is the image's, then convolve twice.

    A doubling is a 1 x 1 convolution, a residual deconvolution, and a 3 x 3 convolution with normalisation. The last
    convolution of all is computed in float32. A head that shares another's features does not double anything.

    Args:
        config: its settings.
        name: of its target; others find its features under it.
        width: of the decoder's output, or of the features that it shares.
        stride: of the decoder's output.
        n_outputs: planes that it gives.

    Attributes:
        width: of the features at full resolution.

    Source: the height head of BloodAxe's solution of the Overhead Geopose Challenge (second place, 2021). The ground
        sample distance goes in as a logarithm here.
    """

    def __init__(
        self, config: Upsample, name: str, width: int, stride: int, n_outputs: int
    ) -> None:
        super().__init__()
        self._name, self._source, self._has_cue = name, config.features_of, config.gsd_cue
        doublings = [] if config.features_of is not None else _doublings(width, stride)
        self.width = doublings[-1].out_channels if doublings else width
        self.dropout = nn.Dropout2d(config.dropout)
        self.upsample = nn.Sequential(*doublings)
        self.mix = nn.Conv2d(self.width + int(config.gsd_cue), self.width, 3, padding=1)
        self.last = nn.Conv2d(self.width, n_outputs, 3, padding=1)
        initialize_decoder(self)
        initialize_head(self.last)

    def forward(self, shared: Shared) -> Tensor:
        """Return (b, n_outputs, h, w) float32."""
        x = self._features(shared)
        x = self.mix(shared.with_gsd(x) if self._has_cue else x).relu()
        return in_float32(self.last, x)

    def _features(self, shared: Shared) -> Tensor:
        """Return features at full resolution: another target's, or its own, which it leaves for others."""
        if self._source is not None:
            return shared.upsampled[self._source]
        shared.upsampled[self._name] = self.upsample(self.dropout(shared.decoded))
        return shared.upsampled[self._name]


class SimpleHead(nn.Module):
    """Convolve at the decoder's resolution, then upsample bilinearly; the last convolution is in float32.

    Args:
        config: its settings.
        width: of the decoder's output.
        n_outputs: planes that it gives.

    Source: after the simple height head of the same solution.
    """

    def __init__(self, config: Simple, width: int, n_outputs: int) -> None:
        super().__init__()
        self._has_cue = config.gsd_cue
        wide = config.embedding
        self.embed = nn.Sequential(
            nn.Conv2d(width, wide, 3, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(),
            nn.Dropout2d(config.dropout),
        )
        self.mix = nn.Conv2d(wide + int(config.gsd_cue), wide, 1)
        self.last = nn.Conv2d(wide, n_outputs, 1)
        initialize_decoder(self)
        initialize_head(self.last)

    def forward(self, shared: Shared) -> Tensor:
        """Return (b, n_outputs, h, w) float32."""
        x = self.embed(shared.decoded)
        x = self.mix(shared.with_gsd(x) if self._has_cue else x).relu()
        return functional.interpolate(in_float32(self.last, x), shared.size, mode="bilinear")


class _Doubling(nn.Sequential):
    """One step of an upsampling head."""

    def __init__(self, width: int) -> None:
        whole = max(width, _LEAST_WIDTH) // 4 * 4
        self.out_channels = whole // 4
        super().__init__(
            nn.Conv2d(width, whole, 1),
            ResidualUpsample(whole),
            nn.Conv2d(self.out_channels, self.out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(self.out_channels),
            nn.ReLU(),
        )


def _doublings(width: int, stride: int) -> list[_Doubling]:
    """Return the steps from a stride, a power of two, to 1."""
    steps: list[_Doubling] = []
    for _ in range(stride.bit_length() - 1):
        steps.append(_Doubling(steps[-1].out_channels if steps else width))
    return steps
