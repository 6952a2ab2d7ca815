"""What a recipe says about a model: its inputs, and its network. No torch here."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.models.decoders_config import ContextFpnOptions, PyramidOptions
from landseer.models.slices_config import Slices

DecoderName = Literal[
    "unet",
    "unetplusplus",
    "manet",
    "linknet",
    "fpn",
    "pspnet",
    "pan",
    "deeplabv3",
    "deeplabv3plus",
    "upernet",
    "segformer",
    "dpt",
    "residual_unet",
    "context_fpn",
    "pyramid",
]
StemRule = Literal["by_name", "repeat", "mean", "random"]
FillRule = Literal["minimum", "mean", "zero"]


class _Frozen(BaseModel):
    """A part of a recipe: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class _Quantiles(_Frozen):
    """Two quantiles that become 0 and 1."""

    low: float = Field(0.01, ge=0, le=1)
    """Quantile that becomes 0; what lies below is clamped to it."""
    high: float = Field(0.99, ge=0, le=1)
    """Quantile that becomes 1; what lies above is clamped to it."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"expected low below high; got {self.low} and {self.high}")
        return self


class Quantile(_Quantiles):
    """Clamp to two quantiles of the statistics, then scale to [0, 1]."""

    kind: Literal["quantile"] = "quantile"
    """Quantiles of the whole data set."""


class ZScore(_Frozen):
    """Subtract the mean of the statistics and divide by their standard deviation."""

    kind: Literal["zscore"] = "zscore"
    """Mean and deviation of the whole data set."""


class MinMax(_Frozen):
    """Clamp to the minimum and maximum of the statistics, then scale to [0, 1]."""

    kind: Literal["minmax"] = "minmax"
    """Minimum and maximum of the whole data set."""


class SampleQuantile(_Quantiles):
    """Clamp to two quantiles of the sample's own valid pixels, then scale to [0, 1]."""

    kind: Literal["sample_quantile"] = "sample_quantile"
    """Quantiles of each sample alone."""


class SampleMinMax(_Frozen):
    """Scale the range of the sample's own valid pixels to [0, 1]."""

    kind: Literal["sample_minmax"] = "sample_minmax"
    """Minimum and maximum of each sample alone."""


class SampleRank(_Frozen):
    """Replace each value by the share of the sample's own valid pixels that lie below it, ties halved."""

    kind: Literal["sample_rank"] = "sample_rank"
    """Rank of each pixel within its sample: what an elevation means for water."""


class KnownRange(_Frozen):
    """Clamp to a range that is known, then scale to [0, 1]: what pretrained weights of Satlas expect."""

    kind: Literal["range"] = "range"
    """A range of the sensor, such as 0 to 255; unlike a `fixed_range`, such channels take part in colour changes."""
    low: float = 0.0
    """Value that becomes 0; what lies below is clamped to it."""
    high: float = Field(255.0)
    """Value that becomes 1; what lies above is clamped to it."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"expected low below high; got {self.low} and {self.high}")
        return self


class NoNormalise(_Frozen):
    """Leave the filled values as they are."""

    kind: Literal["none"] = "none"
    """No normalisation."""


Normalise = Annotated[
    Quantile
    | ZScore
    | MinMax
    | KnownRange
    | SampleQuantile
    | SampleMinMax
    | SampleRank
    | NoNormalise,
    Field(discriminator="kind"),
]


class PreprocessConfig(_Frozen):
    """How raw digital numbers become the channels of the network (recipe key `inputs`)."""

    bands: tuple[str, ...] = Field(min_length=1)
    """Bands that are channels, in this order."""
    indices: tuple[str, ...] = ()
    """Spectral indices that are channels, after the bands: names of the catalogue or of `formulas`."""
    formulas: dict[str, str | dict[str, str | float]] = Field(default_factory=dict)
    """Own formulas by name; those not in `indices` are channels after them, in their order."""
    valid: str | None = None
    """Formula over the bands: pixels where it holds count for statistics. It changes no value."""
    index_pixels: int = Field(2_000_000, ge=0)
    """Statistics of indices are measured at so many pixels or more, evenly spread; 0 and `minmax` take them all."""
    keep_index_where: str | None = None
    """Formula over the bands: elsewhere indices are missing, but for the catalogue's water masks."""
    fill: FillRule = "minimum"
    """What a missing value becomes: the channel's minimum, its mean, or zero."""
    normalise: Normalise = Quantile(low=0.01, high=0.99)
    """How the channels are scaled."""
    normalise_channels: dict[str, Normalise] = Field(default_factory=dict)
    """Channels that are scaled in a way of their own, by name."""
    fixed_range: dict[str, tuple[float, float]] = Field(default_factory=dict)
    """Channels whose range is known: clamped to it and scaled to [0, 1], whatever `normalise` says."""

    @model_validator(mode="after")
    def _channels_are_named_once(self) -> Self:
        names = (*self.bands, *self.indices, *(n for n in self.formulas if n not in self.indices))
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"expected each channel once; got {', '.join(twice)} twice")
        for key in ("fixed_range", "normalise_channels"):
            unknown = sorted(set(getattr(self, key)) - set(names))
            if unknown:
                raise ValueError(
                    f"expected channels of inputs in {key}; got {', '.join(unknown)}, which are not there"
                )
        for name, (low, high) in self.fixed_range.items():
            if not low < high:
                raise ValueError(
                    f"fixed_range of {name}: expected low below high; got {low} and {high}"
                )
        return self


class ModelConfig(_Frozen):
    """Which network, and where it starts from (recipe key `model`)."""

    encoder: str = "resnet34"
    """Encoder by its timm name, with or without a weights tag (`efficientnet_b5`, `convnext_tiny.fb_in22k`), or one of
    torchvision's Swin V2: `swin_v2_t`, `swin_v2_s`, `swin_v2_b`."""
    weights: str = "imagenet"
    """`none`, `imagenet` (the library's default), a timm tag, the path of a local .safetensors or .pth file, or
    `satlas:NAME` (`satlas:aerial_swinb_si`), weights of SatlasPretrain."""
    encoder_maps: Literal["stages", "merges"] = "stages"
    """Of `swin_v2`: whether the decoder reads what each stage gives, or what each gets (embedded patches and what patch
    merging gives), as the seed of the land-cover system did; its last stage is then not built."""
    decoder: DecoderName = "unet"
    """Decoder of segmentation_models_pytorch, or one of three more: `residual_unet` (residual deconvolutions up to
    stride 4 or 2), `context_fpn` (levels joined at stride 4, then ASPP), `pyramid` (one level of a feature pyramid)."""
    decoder_channels: tuple[int, ...] | None = None
    """Widths of the decoder, the deepest level first: one per level for unet, unetplusplus, manet, one or two fewer for
    residual_unet, a single one elsewhere; None: its default."""
    context_fpn: ContextFpnOptions | None = None
    """Settings of the decoder `context_fpn`; null takes its defaults."""
    pyramid: PyramidOptions | None = None
    """Settings of the decoder `pyramid`; null takes its defaults."""
    decoder_attention: Literal["scse"] | None = None
    """Concurrent squeeze and excitation in the decoder (unet and unetplusplus only)."""
    depth: int | None = Field(None, ge=1, le=12)
    """Levels of the encoder that are used; None: the decoder's default."""
    drop_path: float = Field(0.0, ge=0, lt=1)
    """Share of residual paths dropped while training (stochastic depth, drop connect), where the encoder has them; it
    rises from 0 at the first block to this at the last."""
    stem_activation: Literal["mish"] | None = None
    """What replaces the activation of the encoder's stem; null leaves it as it is."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Share of feature planes dropped before the head while training."""
    stem: StemRule = "by_name"
    """How pretrained red, green and blue kernels are spread over the channels."""
    scale: float = Field(1.0, gt=0.05, le=8)
    """The network sees the channels resized by this factor, and its logits are resized back: below 1 it is faster and
    sees farther, above 1 it resolves small things."""
    slices: Slices | None = None
    """The network sees samples in slices of this size: training draws them at random places (`augment.crop_px`, where
    it is not said, is their size), validation, out-of-fold predictions and maps cover a sample with them and average
    where they overlap. With `scale` above 1 small things are seen larger, in memory that a whole sample would not have.
    Null: samples are seen whole."""
    activation: Literal["softmax", "sigmoid", "twin"] = "softmax"
    """Whether classes exclude each other (softmax), are judged each alone (sigmoid), or both (twin): each way has
    logits and losses of its own, and the mean of both probabilities is the prediction."""
