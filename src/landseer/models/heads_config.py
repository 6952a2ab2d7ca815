"""What a recipe says about heads: how a network gives one quantity, told apart by `kind`. No torch here."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Extent = Literal["dense", "image"]
"""Whether a head gives a value at each pixel, or values of the whole image."""

Share = Annotated[float, Field(ge=0, lt=1)]
"""A share from 0 to below 1."""

TargetName = Annotated[str, Field(min_length=1)]
"""Name of another target of the same network."""


class _Head(BaseModel):
    """A part of a recipe: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    extent: ClassVar[Extent] = "dense"

    @property
    def needs(self) -> tuple[str, ...]:
        """Targets whose heads must have answered before this one."""
        return ()


class Plain(_Head):
    """One convolution, then upsampling to full resolution: for masks and any value per pixel."""

    kind: Literal["plain"] = "plain"
    """The head that the decoder has in segmentation_models_pytorch."""
    exact: bool = False
    """Compute it in float32 even under mixed precision: in bfloat16, heights around 100 m lie 0.5 m apart."""


class Upsample(_Head):
    """Residual deconvolutions up to full resolution, then two convolutions: for heights and magnitudes."""

    kind: Literal["upsample"] = "upsample"
    """Doubles the decoder's resolution until it is that of the image."""
    features_of: TargetName | None = None
    """Another target with such a head: share its upsampled features and add the last two convolutions only."""
    gsd_cue: bool = False
    """Tell the last two convolutions the ground sample distance, as one more plane."""
    dropout: Share = 0.0
    """Share of the decoder's planes dropped while training; not where features are another target's."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The target whose features it shares, if any."""
        return () if self.features_of is None else (self.features_of,)


class Simple(_Head):
    """Convolutions at the decoder's own resolution, then bilinear upsampling: for heights and magnitudes."""

    kind: Literal["simple"] = "simple"
    """Cheaper than `upsample`, and smoother."""
    embedding: int = Field(128, ge=1)
    """Width of its convolutions."""
    gsd_cue: bool = False
    """Tell it the ground sample distance, as one more plane."""
    dropout: Share = 0.2
    """Share of its planes dropped while training."""


class _ImageHead(_Head):
    """A head that gives values of the whole image."""

    extent: ClassVar[Extent] = "image"


class Pooled(_ImageHead):
    """The mean of the encoder's deepest features, then two layers: for directions, scales, presence."""

    kind: Literal["pooled"] = "pooled"
    """Sees the image as a whole."""
    hidden: int | None = Field(None, ge=1)
    """Width of the layer between; None: as wide as the features."""
    gsd_cue: bool = False
    """Tell it the ground sample distance, as one more number."""
    dropout: Share = 0.2
    """Share of the features dropped while training."""


class GradientAttention(_ImageHead):
    """Features weighted by how steep the predicted heights are there, then two layers: for directions."""

    kind: Literal["gradient_attention"] = "gradient_attention"
    """Looks at edges of buildings rather than at flat ground, which says nothing about a direction."""
    height: TargetName
    """The dense target whose gradient tells where to look."""
    attention: Literal["normalised", "softmax"] = "normalised"
    """Weights in proportion to the steepness, or by its exponential, which prefers the steepest places."""
    features: Literal["encoder", "decoder"] = "encoder"
    """Which features are weighted: the encoder's deepest or, finer, the decoder's."""
    direction: bool = True
    """Also tell the layers which way the heights fall: moments of the gradient under the same weights."""
    detach: bool = True
    """Heights learn nothing from this head."""
    hidden: int | None = Field(None, ge=1)
    """Width of the layer between; None: as wide as the features."""
    dropout: Share = 0.2
    """Share of the weighted features dropped while training."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The heights."""
        return (self.height,)


class FittedScale(_ImageHead):
    """The one ratio that best turns predicted heights into predicted magnitudes; it has no weights."""

    kind: Literal["fitted_scale"] = "fitted_scale"
    """Least squares through the origin over all pixels of an image."""
    height: TargetName
    """The dense target in metres."""
    magnitude: TargetName
    """The dense target in pixels."""
    epsilon: float = Field(0.01, gt=0, allow_inf_nan=False)
    """Added to the sum of squared heights (square metres): flat images get a scale near 0."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Heights and magnitudes."""
        return (self.height, self.magnitude)


HeadConfig = Annotated[
    Plain | Upsample | Simple | Pooled | GradientAttention | FittedScale,
    Field(discriminator="kind"),
]
"""Any head."""

DEFAULT_HEADS: dict[Extent, Plain | Pooled] = {"dense": Plain(), "image": Pooled()}
"""The head of a quantity that names none, by its extent."""
