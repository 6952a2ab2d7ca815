"""What the recipe may say about groups of changes of value, of which at most one is made, and their presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Probability = Annotated[float, Field(ge=0, le=1)]
"""A probability between 0 and 1."""

Preset = Literal["none", "light", "medium"]
"""Names of whole sets of changes of value."""


class _Group(BaseModel):
    """A group of operations: with `probability` one of those whose strength is not 0 is made, drawn evenly."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Tone(_Group):
    """At most one change of tone. All channels change alike; 0 to 1 is the range of a normalised channel."""

    probability: Probability = 0.5
    """How often one is made."""
    brightness_contrast: float = Field(default=0.0, ge=0, lt=1)
    """Largest offset, and largest change of the contrast about each channel's mean: 0.1 draws both from -0.1 to 0.1."""
    local_contrast: float = Field(default=0.0, ge=0)
    """Largest clip limit of adaptive histogram equalisation; from 1, which changes little, to about 4. Only where red,
    green and blue are channels."""
    tone_curve: float = Field(default=0.0, ge=0, le=1 / 3)
    """Largest move of the two inner points of a tone curve, as a share of the range."""
    gamma: tuple[float, float] = (1.0, 1.0)
    """Smallest and largest exponent, drawn evenly in its logarithm; above 1 darkens."""

    @model_validator(mode="after")
    def _gamma_is_a_range(self) -> Self:
        low, high = self.gamma
        if not 0.1 <= low <= high <= 10:
            raise ValueError(
                f"gamma: expected 0.1 <= smallest <= largest <= 10; got {low} and {high}"
            )
        return self

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the operations whose strength is not 0."""
        names = ("brightness_contrast", "local_contrast", "tone_curve")
        strong = tuple(name for name in names if getattr(self, name) > 0)
        return strong if self.gamma == (1.0, 1.0) else (*strong, "gamma")


class Grain(_Group):
    """At most one kind of noise, drawn anew for each pixel and channel."""

    probability: Probability = 0.5
    """How often one is made."""
    shot: float = Field(default=0.0, ge=0)
    """Largest standard deviation at full brightness of noise that grows with the square root of the signal."""
    even: float = Field(default=0.0, ge=0)
    """Largest standard deviation of noise that does not depend on the signal."""
    speckle: float = Field(default=0.0, ge=0, lt=1)
    """Largest change of each pixel's own factor: 0.1 draws factors from 0.9 to 1.1."""

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the operations whose strength is not 0."""
        return tuple(name for name in ("shot", "even", "speckle") if getattr(self, name) > 0)


class Colour(_Group):
    """At most one change of colour."""

    probability: Probability = 0.5
    """How often one is made."""
    shift: float = Field(default=0.0, ge=0)
    """Largest offset of each channel."""
    hue_deg: float = Field(default=0.0, ge=0, le=180)
    """Largest turn of the hue. Hue, saturation and value change together, where red, green and blue are channels."""
    saturation: float = Field(default=0.0, ge=0, le=1)
    """Largest change of the saturation."""
    value: float = Field(default=0.0, ge=0, le=1)
    """Largest change of the value, the brightest of red, green and blue."""
    principal: float = Field(default=0.0, ge=0)
    """Standard deviation of the step along each principal axis of the channels, in units of its variance."""

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the operations whose strength is not 0."""
        strengths = {
            "shift": self.shift,
            "hue_saturation_value": max(self.hue_deg, self.saturation, self.value),
            "principal": self.principal,
        }
        return tuple(name for name, strength in strengths.items() if strength > 0)


class Haze(_Group):
    """Haze over red, green and blue, thicker here than there."""

    probability: Probability = 0.5
    """How often there is haze."""
    thickness: tuple[float, float] = (0.0, 0.0)
    """Smallest and largest share of the light that haze takes away where it is thickest; 0 to 0 is none."""

    @model_validator(mode="after")
    def _thickness_is_a_range(self) -> Self:
        low, high = self.thickness
        if not 0 <= low <= high < 1:
            raise ValueError(
                f"thickness: expected 0 <= smallest <= largest < 1; got {low} and {high}"
            )
        return self

    @property
    def asked(self) -> tuple[str, ...]:
        """The operation, if its strength is not 0."""
        return ("haze",) if self.thickness[1] > 0 else ()


_LIGHT: dict[str, Any] = {
    "tone": {
        "probability": 0.5,
        "brightness_contrast": 0.1,
        "local_contrast": 4.0,
        "tone_curve": 0.15,
        "gamma": (0.8, 1.25),
    },
    "grain": {"probability": 0.1, "shot": 0.02, "even": 0.028, "speckle": 0.1},
    "colour": {
        "probability": 0.1,
        "shift": 0.04,
        "hue_deg": 10.0,
        "saturation": 0.02,
        "value": 0.02,
        "principal": 0.1,
    },
}
_MEDIUM: dict[str, Any] = _LIGHT | {
    "haze": {"probability": 0.1, "thickness": (0.1, 0.5)},
    "blocks": 2,
    "blocks_px": (8, 128),
}
PRESETS: dict[str, dict[str, Any]] = {"none": {}, "light": _LIGHT, "medium": _MEDIUM}
"""What each preset stands for: the augmentations of second place in the geopose contest of 2021 (its `light_768` and
`medium`), 8-bit strengths divided by 255, hues in degrees; how often there is haze is ours."""


def expand(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what is said in so many words over what the preset stands for, key by key."""
    given = {
        name: value.model_dump(exclude_unset=True) if isinstance(value, _Group) else value
        for name, value in settings.items()
    }
    preset: Any = given.get("photometric", "none")
    return _laid_over(PRESETS.get(preset, {}) if isinstance(preset, str) else {}, given)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge mappings, the upper one last."""
    merged = dict(below)
    for name, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = _laid_over(merged[name], value) if both else value
    return merged
