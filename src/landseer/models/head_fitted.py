"""The fitted scale: how many pixels of displacement belong to a metre of height, from two predicted maps."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from landseer.models.exact import no_autocast
from landseer.models.heads_config import FittedScale
from landseer.models.shared import Shared

Value = Callable[[Tensor], Tensor]


class FittedScaleHead(nn.Module):
    """Fit one ratio per image between predicted magnitudes and heights; it has no weights.

    Args:
        config: names of the two targets, and epsilon.
        height: turns raw outputs into metres.
        magnitude: turns raw outputs into pixels.

    Source: ScaleHead of BloodAxe's solution of the Overhead Geopose Challenge.
    """

    def __init__(self, config: FittedScale, height: Value, magnitude: Value) -> None:
        super().__init__()
        self._config, self._height, self._magnitude = config, height, magnitude

    def forward(self, shared: Shared) -> Tensor:
        """Return (b, 1) float32, pixels per metre."""
        height = self._height(shared.outputs[self._config.height])
        magnitude = self._magnitude(shared.outputs[self._config.magnitude])
        return fitted_scale(height, magnitude, self._config.epsilon)[:, None]


def fitted_scale(height: Tensor, magnitude: Tensor, epsilon: float = 0.01) -> Tensor:
    """Fit magnitude = scale * height by least squares through the origin, in float32 whatever autocast says.

    Formula: <m, h> / (<h, h> + epsilon).

    Args:
        height: (b, …) metres.
        magnitude: (b, …) pixels, of the same shape.
        epsilon: square metres.

    Returns:
        (b,) float32, pixels per metre.

    Edges: an image without heights gets 0; NaN anywhere gives NaN.
    """
    with no_autocast(height.device):
        h, m = height.float().flatten(1), magnitude.float().flatten(1)
        return (m * h).sum(dim=1) / (h.square().sum(dim=1) + epsilon)
