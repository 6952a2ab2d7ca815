"""What a recipe says about the decoders that have settings of their own. No torch here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, lt=1)]
"""A share from 0 to below 1."""


class _Options(BaseModel):
    """A part of a recipe: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ContextFpnOptions(_Options):
    """Settings of the decoder `context_fpn` (recipe key `model.context_fpn`)."""

    activation: Literal["relu", "mish"] = "relu"
    """What follows each norm; Mish is smooth and lets small negative values through."""
    norm: Literal["group", "batch", "mixed"] = "group"
    """Norms over groups of planes, which no batch size can hurt; over the batch; or `mixed`, groups before the levels
    are joined and the batch after it, as the seed of the buildings system has it."""
    aspp_rates: tuple[Annotated[int, Field(ge=1)], ...] = (4, 8, 12)
    """Dilations of the pyramid that looks around at stride 4; none leaves it away."""
    aspp_dropout: Share = 0.1
    """Share of its values dropped while training."""
    context: bool = False
    """Add to each pixel what an attention over the whole image gathers (global context block)."""
    gate: bool = False
    """Multiply the result by the tanh of a convolution of itself."""
    dropout: Share = 0.2
    """Share of values dropped while training, after the levels are joined."""


class PyramidOptions(_Options):
    """Settings of the decoder `pyramid` (recipe key `model.pyramid`)."""

    stride: Literal[4, 8, 16, 32] = 4
    """Level that the head reads, in pixels of the image. 32 has no detail: the head that the seed of the land-cover
    system had."""
    hidden: int = Field(128, ge=1)
    """Width of the head's own convolution."""
    pretrained: bool = False
    """Take the pyramid's weights out of the encoder's checkpoint too: those of Satlas have them. The width is then
    128, theirs, unless `decoder_channels` says otherwise."""
