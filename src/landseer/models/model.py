"""The model: raw digital numbers of any size in, logits of that size out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn
from torch.nn import functional

from landseer.core.bands import Band
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.network import Network, build_network
from landseer.models.normalise import Statistics
from landseer.models.preprocess import Preprocess, build_preprocess
from landseer.quantities import ClassMask


class Model(nn.Module):
    """Preprocessing, network and what it predicts.

    Attributes:
        preprocess: raw numbers to channels.
        network: channels to logits.
        quantity: what the logits mean.
    """

    def __init__(
        self, preprocess: Preprocess, network: Network, quantity: ClassMask, scale: float = 1.0
    ) -> None:
        super().__init__()
        self.preprocess, self.network, self.quantity = preprocess, network, quantity
        self._scale = scale

    def forward(self, x_bchw: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o h w"]:
        """Compute logits from raw digital numbers.

        Args:
            x_bchw: bands of `preprocess.plan.bands`; any h, w >= 1; NaN allowed.

        Returns:
            logits (b, n_outputs, h, w), in the precision of the network (half under autocast).
        """
        z_bkhw, _ = self.preprocess(x_bchw)
        return self.forward_channels(z_bkhw)

    def forward_channels(self, z_bkhw: Float[Tensor, "b k h w"]) -> Float[Tensor, "b o h w"]:
        """Compute logits from preprocessed channels, as training does after photometric augmentation.

        Args:
            z_bkhw: channels of `preprocess`, any h, w >= 1.

        Edges: zeros are put around, half on each side (the odd one below and to the right), up to a multiple of the
            network's stride, and the logits are cropped back. Where the network works at another scale, the
            channels are resized before (by area when they shrink) and the logits after (bilinear).
        """
        if self._scale == 1.0:
            return self._padded(z_bkhw)
        h, w = z_bkhw.shape[-2:]
        size = (max(1, round(h * self._scale)), max(1, round(w * self._scale)))
        mode = "area" if self._scale < 1 else "bilinear"
        logits = self._padded(functional.interpolate(z_bkhw, size, mode=mode))
        return functional.interpolate(logits, (h, w), mode="bilinear")

    def _padded(self, z_bkhw: Tensor) -> Tensor:
        """Compute logits with zeros around, up to the network's stride."""
        h, w = z_bkhw.shape[-2:]
        above, below = self._margins(h)
        left, right = self._margins(w)
        if above or below or left or right:
            z_bkhw = functional.pad(z_bkhw, (left, right, above, below))
        logits = self.network(z_bkhw.contiguous(memory_format=torch.channels_last))
        return logits[..., above : above + h, left : left + w]

    def probabilities(self, x_bchw: Float[Tensor, "b c h w"]) -> Float32[Tensor, "b o h w"]:
        """Compute the quantity's probabilities in float32 from raw digital numbers."""
        return self.quantity.value(self(x_bchw))

    def _margins(self, length: int) -> tuple[int, int]:
        """Return how many zeros go before and after a side of this length."""
        stride = self.network.stride
        missing = max(-length % stride, self.network.minimum_px - length)
        return missing // 2, missing - missing // 2


def build_model(
    inputs: PreprocessConfig,
    config: ModelConfig,
    bands: Sequence[Band],
    statistics: Statistics,
    n_classes: int,
    *,
    seed: int,
    pretrained: bool = True,
) -> Model:
    """Build a whole model from its two configurations.

    Args:
        inputs: recipe key `inputs`.
        config: recipe key `model`.
        bands: all bands of the data set.
        statistics: content of statistics.json.
        n_classes: number of classes, background included.
        seed: the same seed gives the same weights.
        pretrained: false for a model whose own weights are loaded next; nothing is fetched then.

    Raises:
        LandseerError: as `build_preprocess` and `build_network` do.
    """
    quantity = ClassMask(n_classes, config.activation)
    preprocess = build_preprocess(inputs, bands, statistics)
    network = build_network(
        config, preprocess.channel_codes, quantity.n_outputs, seed=seed, pretrained=pretrained
    )
    return Model(preprocess, network, quantity, config.scale)
