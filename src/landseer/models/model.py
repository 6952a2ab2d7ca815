"""The model: raw digital numbers of any size in, an output for each target out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from landseer.core.bands import Band
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.network import Network, build_network
from landseer.models.normalise import Statistics
from landseer.models.outputs import make_outputs
from landseer.models.preprocess import Preprocess, build_preprocess
from landseer.models.slices_config import Slices
from landseer.models.targets import ONLY_MASK, TargetSpec
from landseer.quantities import Motion, Quantity
from landseer.quantities.activation import before_softplus


class Model(nn.Module):
    """Preprocessing, network and what it predicts.

    Attributes:
        preprocess: raw numbers to channels.
        network: channels to an output for each target.
        quantities: by target, what its output means.
        scale: magnification of the channels on their way to the network.
        slices: how samples are cut before they come here, wherever samples are predicted; see `models.slices`.
    """

    def __init__(
        self,
        preprocess: Preprocess,
        network: Network,
        quantities: Mapping[str, Quantity],
        scale: float = 1.0,
        slices: Slices | None = None,
    ) -> None:
        super().__init__()
        self.preprocess, self.network, self.quantities = preprocess, network, dict(quantities)
        self.scale, self.slices = scale, slices

    @property
    def cell_px(self) -> int:
        """Side of the network's cells in pixels of the image; see `models.decoders.stride_px`."""
        return max(1, round(self.network.stride / self.scale))

    def forward(
        self, x_bchw: Float[Tensor, "b c h w"], gsd_m: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Compute the outputs from raw digital numbers.

        Args:
            x_bchw: bands of `preprocess.plan.bands`; any h, w >= 1; NaN allowed.
            gsd_m: (b,) ground sample distance, for heads that take it as a cue; NaN where not known.

        Returns:
            By target: (b, n_outputs, h, w) where dense, (b, n_outputs) per image, in the precision of the network (half
            under autocast).
        """
        z_bkhw = self.preprocess(x_bchw)
        return self.forward_channels(z_bkhw, gsd_m)

    def forward_channels(
        self, z_bkhw: Float[Tensor, "b k h w"], gsd_m: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Compute the outputs from preprocessed channels, as training does after photometric augmentation.

        Args:
            z_bkhw: channels of `preprocess`, any h, w >= 1.
            gsd_m: as in `forward`.

        Edges: zeros are put around, half on each side (the odd one below and to the right), up to a multiple of the
            network's stride, and dense outputs are cropped back. Where the network works at another scale, the
            channels are resized before and dense outputs after, by area where they shrink and bilinearly where they
            grow; what is counted in pixels follows by its law, by the zoom that whole pixels allowed.
        """
        if self.scale == 1.0:
            return self._padded(z_bkhw, gsd_m)
        h, w = z_bkhw.shape[-2:]
        size = (max(1, round(h * self.scale)), max(1, round(w * self.scale)))
        zoom = math.sqrt(size[0] * size[1] / (h * w))
        back = Motion.zoomed(1 / zoom, len(z_bkhw), z_bkhw.device)
        outputs = self._padded(_resized(z_bkhw, size), None if gsd_m is None else gsd_m / zoom)
        return {
            name: _moved(self.quantities[name], _resized(output, (h, w)), back)
            for name, output in outputs.items()
        }

    def values(
        self, x_bchw: Float[Tensor, "b c h w"], gsd_m: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Compute each target's values in its unit, float32, from raw digital numbers."""
        outputs = self(x_bchw, gsd_m)
        return {name: self.quantities[name].value(output) for name, output in outputs.items()}

    def _padded(self, z_bkhw: Tensor, gsd_m: Tensor | None) -> dict[str, Tensor]:
        """Compute the outputs with zeros around, up to the network's stride."""
        h, w = z_bkhw.shape[-2:]
        above, below = self._margins(h)
        left, right = self._margins(w)
        if above or below or left or right:
            z_bkhw = functional.pad(z_bkhw, (left, right, above, below))
        outputs = self.network(z_bkhw.contiguous(memory_format=torch.channels_last), gsd_m)
        return {
            name: output[..., above : above + h, left : left + w]
            if self.quantities[name].extent == "dense"
            else output
            for name, output in outputs.items()
        }

    def _margins(self, length: int) -> tuple[int, int]:
        """Return how many zeros go before and after a side of this length."""
        stride = self.network.stride
        missing = max(-length % stride, self.network.minimum_px - length)
        return missing // 2, missing - missing // 2


def _moved(quantity: Quantity, raw: Tensor, motion: Motion) -> Tensor:
    """Follow a motion with outputs before their activation, so that what comes after it obeys the law."""
    if getattr(quantity, "activation", "") == "softplus":
        return before_softplus(quantity.moved(functional.softplus(raw.float()), motion))
    return quantity.moved(raw, motion)


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize what is dense, by area where it shrinks and bilinearly where it grows; leave numbers of an image."""
    if x.ndim < 4:
        return x
    shrinks = size[0] * size[1] < x.shape[-2] * x.shape[-1]
    return functional.interpolate(x, size, mode="area" if shrinks else "bilinear")


def build_model(
    inputs: PreprocessConfig,
    config: ModelConfig,
    bands: Sequence[Band],
    statistics: Statistics,
    n_classes: int,
    *,
    seed: int,
    pretrained: bool = True,
    targets: Mapping[str, TargetSpec] = ONLY_MASK,
) -> Model:
    """Build a whole model from its configurations.

    Args:
        inputs: recipe key `inputs`.
        config: recipe key `model`.
        bands: all bands of the data set.
        statistics: content of statistics.json.
        n_classes: number of classes, background included; 0 where the data have none.
        seed: the same seed gives the same weights.
        pretrained: false for a model whose own weights are loaded next; nothing is fetched then.
        targets: recipe key `targets`; the class mask alone where none is named.

    Raises:
        LandseerError: as `build_preprocess` and `build_network` do.
    """
    outputs = make_outputs(targets or ONLY_MASK, n_classes, config)
    preprocess = build_preprocess(inputs, bands, statistics)
    network = build_network(
        config, preprocess.channel_codes, outputs, seed=seed, pretrained=pretrained
    )
    quantities = {name: output.quantity for name, output in outputs.items()}
    return Model(preprocess, network, quantities, config.scale, config.slices)
