"""What the recipe may say about augmentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.augment.photometric_config import (
    Colour,
    Grain,
    Haze,
    Preset,
    Probability,
    Tone,
    expand,
)

Pixels = Annotated[int, Field(gt=0)]
"""A length in pixels."""


class AugmentConfig(BaseModel):
    """Settings of augmentation (recipe key `augment`); strengths of 0 switch a part off."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    crop_px: Annotated[int, Field(gt=0)] | None = None
    """Side of the square cut out at a random place; null keeps the whole patch."""
    d4: bool = True
    """Turn and mirror by one of the eight elements, drawn evenly (four of them on patches that are not square)."""
    rotate_deg: float = Field(default=0.0, ge=0, le=180)
    """Largest turn to either side, drawn evenly."""
    rotate_probability: Probability = 0.5
    """How often a patch is turned by an angle."""
    zoom: tuple[float, float] = (1.0, 1.0)
    """Smallest and largest magnification, drawn evenly in its logarithm; above 1 objects grow. With `crop_px` this is
    a crop of random size, resized: [0.9, 1.111] takes crops of 0.9 to 1.11 times `crop_px`."""
    zoom_probability: Probability = 0.5
    """How often a patch is zoomed."""
    shear_deg: float = Field(default=0.0, ge=0, le=45)
    """Largest angle to either side by which upright lines lean after a shear, drawn evenly. Areas keep their size;
    magnitudes and flow scales can follow only where the direction of displacement is a target too."""
    shear_probability: Probability = 0.5
    """How often a patch is sheared."""
    shift: float = Field(default=0.0, ge=0, le=1)
    """Largest shift to each side as a share of the patch's side, in whole pixels."""
    shift_probability: Probability = 0.5
    """How often a patch is shifted."""
    border: Literal["ignore", "reflect"] = "ignore"
    """Beyond the patch: `ignore` gives invalid pixels that do not count, `reflect` mirrors the patch."""

    photometric: Preset = "none"
    """A set of changes of value: `light` fills in `tone`, `grain` and `colour`, `medium` also `haze` and `blocks`. What
    is said of them here comes on top, key by key."""
    tone: Tone = Tone()
    """At most one of: brightness and contrast, local contrast, tone curve, gamma."""
    colour: Colour = Colour()
    """At most one of: shift, hue with saturation and value, principal axes."""
    haze: Haze = Haze()
    """Haze over red, green and blue."""
    grain: Grain = Grain()
    """At most one of: shot noise, even noise, speckle."""

    brightness: float = Field(default=0.0, ge=0, lt=1)
    """Largest change of the factor common to all channels: 0.1 draws it from 0.9 to 1.1."""
    brightness_probability: Probability = 0.5
    """How often a patch is brightened or darkened."""
    gain: float = Field(default=0.0, ge=0, lt=1)
    """Largest change of each channel's own factor."""
    gain_probability: Probability = 0.5
    """How often the channels get factors of their own."""
    bias: float = Field(default=0.0, ge=0)
    """Largest offset of each channel, in units of the normalised channel."""
    bias_probability: Probability = 0.5
    """How often the channels get offsets of their own."""
    noise_std: float = Field(default=0.0, ge=0)
    """Largest standard deviation of noise on each pixel, in units of the normalised channel."""
    noise_probability: Probability = 0.5
    """How often a patch gets noise."""
    channel_dropout: Probability = 0.0
    """Chance of each channel to be set to 0 (at least one is kept)."""
    channel_dropout_probability: Probability = 0.5
    """How often a patch may lose channels."""
    blocks: int = Field(default=0, ge=0)
    """Number of blocks in which all channels are set to 0; labels stay."""
    blocks_px: Pixels | tuple[Pixels, Pixels] = 32
    """Side of the square blocks, or smallest and largest height and width of blocks, each drawn evenly."""
    blocks_probability: Probability = 0.5
    """How often a patch loses blocks."""

    @model_validator(mode="before")
    @classmethod
    def _preset_lies_below(cls, settings: Any) -> Any:
        """Fill in what the preset stands for."""
        return expand(settings) if isinstance(settings, Mapping) else settings

    @model_validator(mode="after")
    def _zoom_is_a_range(self) -> Self:
        low, high = self.zoom
        if not 0.1 <= low <= high <= 10:
            raise ValueError(
                f"zoom: expected 0.1 <= smallest <= largest <= 10; got {low} and {high}"
            )
        return self

    @model_validator(mode="after")
    def _blocks_px_is_a_range(self) -> Self:
        low, high = self.block_sides_px
        if low > high:
            raise ValueError(f"blocks_px: expected smallest <= largest; got {low} and {high}")
        return self

    @property
    def block_sides_px(self) -> tuple[int, int]:
        """Smallest and largest side of a block."""
        return self.blocks_px if isinstance(self.blocks_px, tuple) else (self.blocks_px,) * 2
