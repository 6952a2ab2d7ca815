"""The feature pyramid as detectors have it, read at one of its levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from segmentation_models_pytorch.base import SegmentationModel
from segmentation_models_pytorch.encoders import get_encoder
from torch import Tensor, nn
from torch.nn import functional

from landseer.errors import WeightsError
from landseer.models.decoders_config import PyramidOptions


class Pyramid(SegmentationModel):
    """Encoder, pyramid and a head of two convolutions, in the form of segmentation_models_pytorch.

    Args:
        encoder_name: as segmentation_models_pytorch names it.
        encoder_depth: levels of the encoder.
        encoder_weights: whether the encoder's library loads weights; None: it does not.
        in_channels: channels of the input.
        classes: planes of the output.
        decoder_channels: width of the pyramid.
        options: the decoder's own settings.
        encoder: further settings of the encoder.

    Source: the seed of the land-cover system: 256 planes, a convolution to 128, ReLU, a convolution to the classes.
    """

    requires_divisible_input_shape = False

    def __init__(
        self,
        encoder_name: str,
        encoder_depth: int,
        encoder_weights: bool | None,
        in_channels: int,
        classes: int,
        decoder_channels: int = 256,
        options: PyramidOptions | None = None,
        **encoder: Any,
    ) -> None:
        super().__init__()
        self.encoder = get_encoder(
            encoder_name,
            in_channels=in_channels,
            depth=encoder_depth,
            weights=encoder_weights,
            **encoder,
        )
        options = options or PyramidOptions()
        self.decoder = PyramidDecoder(self.encoder.out_channels, decoder_channels, options.stride)
        self.segmentation_head = nn.Sequential(
            nn.Conv2d(decoder_channels, options.hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(options.hidden, classes, 1),
            nn.UpsamplingBilinear2d(scale_factor=options.stride),
        )
        self.classification_head = None
        self.initialize()


class PyramidDecoder(nn.Module):
    """Add the levels from the top down to the one that is read, and convolve it.

    Args:
        encoder_channels: widths of the encoder's features, fine to coarse; the last four are at strides 4 to 32.
        width: of the pyramid.
        stride: of the level that is read: what is finer is not built.

    Source: Lin et al. 2017, Feature Pyramid Networks for Object Detection, arXiv:1612.03144.
    """

    def __init__(self, encoder_channels: Sequence[int], width: int, stride: int) -> None:
        super().__init__()
        self._first = (4, 8, 16, 32).index(stride)
        used = encoder_channels[-4:][self._first :]
        self.laterals = nn.ModuleList([nn.Conv2d(n, width, 1) for n in used])
        self.smooth = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Return the level."""
        used = features[-4:][self._first :]
        *finer, x = [m(x) for m, x in zip(self.laterals, used, strict=True)]
        for lateral in reversed(finer):
            x = lateral + functional.interpolate(x, scale_factor=2.0)
        return self.smooth(x)

    def take(self, state: Mapping[str, Tensor]) -> None:
        """Take weights of torchvision's pyramid (`inner_blocks.N.0.weight`, `layer_blocks.N.0.weight`, …).

        Raises:
            WeightsError: some are missing, or of another width.
        """
        names = {
            f"laterals.{n}": f"inner_blocks.{n + self._first}.0" for n in range(len(self.laterals))
        }
        names["smooth"] = f"layer_blocks.{self._first}.0"
        wanted = {
            f"{own}.{key}": f"{theirs}.{key}"
            for own, theirs in names.items()
            for key in ("weight", "bias")
        }
        mine = self.state_dict()
        wrong = [
            theirs
            for own, theirs in wanted.items()
            if theirs not in state or state[theirs].shape != mine[own].shape
        ]
        if wrong:
            raise WeightsError(
                f"expected the weights of a pyramid of width {self.smooth.out_channels}; {len(wrong)} are missing or "
                f"of another shape, such as {wrong[0]}",
                where="model.pyramid.pretrained",
                do="set model.decoder_channels as the checkpoint has it ([128] for Satlas), or pretrained: false",
            )
        self.load_state_dict({own: state[theirs] for own, theirs in wanted.items()})
