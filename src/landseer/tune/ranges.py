"""What a study may try at one key of the recipe: numbers, choices, or a part of a list."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

_CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

_GREATEST_WHOLE = 2**53
"""Beyond it not every whole number is a float, and samplers count in floats."""


class Numbers(BaseModel):
    """Numbers between two ends, both included; whole ones where both ends are written whole."""

    model_config = _CONFIG

    low: int | float
    """Least."""
    high: int | float
    """Greatest."""
    log: bool = False
    """Whether the logarithm is drawn evenly: as many trials between 1e-4 and 1e-3 as between 1e-3 and 1e-2."""
    step: int | float | None = Field(None, gt=0)
    """Distance of the values tried, counted from `low`; null tries any."""

    @model_validator(mode="after")
    def _numbers_are_finite(self) -> Self:
        for name in ("low", "high", "step"):
            value = getattr(self, name)
            if isinstance(value, int) and abs(value) > _GREATEST_WHOLE:
                raise ValueError(f"{name}: expected a whole number up to 2^53; got a greater one")
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name}: expected a finite number; got {value}")
        if not math.isfinite(self.high - self.low):
            raise ValueError(
                f"high: expected a finite distance from low ({self.low}); got {self.high}"
            )
        return self

    @model_validator(mode="after")
    def _ends_are_in_order(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"high: expected more than low ({self.low}); got {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"low: expected more than 0 for a logarithm; got {self.low}")
        if self.log and self.step is not None:
            raise ValueError("step: expected none beside log, for steps are even; got both")
        if self.step is not None and self.low + self.step > self.high:
            raise ValueError(f"step: expected one that fits between the ends; got {self.step}")
        if self.is_whole and self.step is not None and not isinstance(self.step, int):
            raise ValueError(
                f"step: expected a whole one between whole ends; got {self.step}; write low: {float(self.low)}"
            )
        return self

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are tried."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def spacing(self) -> int | float | None:
        """Distance of the values that can be counted; None where they cannot."""
        if self.log:
            return None
        return self.step if self.step is not None else (1 if self.is_whole else None)

    def count(self) -> int | None:
        """Return how many values there are, of very many only that; None where they cannot be counted."""
        if self.spacing is None:
            return None
        return int(min((self.high - self.low) / self.spacing + 1e-9, 2.0**63)) + 1

    def at(self, number: int) -> int | float:
        """Return a value by its number, from 0 for `low`; a step is needed, or whole ends."""
        value = self.low + number * (self.spacing or 0)
        return value if self.is_whole else float(f"{value:.12g}")

    def values(self) -> list[int | float] | None:
        """Return every value in rising order; None where they cannot be counted. Look at `count` first."""
        count = self.count()
        return None if count is None else [self.at(number) for number in range(count)]

    def holds(self, value: int | float) -> bool:
        """Say whether a value is among those tried, but for rounding."""
        if not self.low <= value <= self.high or (self.is_whole and value != int(value)):
            return False
        if self.spacing is None:
            return True
        place = (value - self.low) / self.spacing
        if place > _GREATEST_WHOLE:
            return True  # steps finer than numbers can be
        one = self.at(min(round(place), (self.count() or 1) - 1))
        return abs(value - one) <= 1e-9 * max(1, abs(one))

    def ends(self) -> dict[str, Any]:
        """Return the values that must be valid where this range stands, by their keys."""
        return {"low": self.low, "high": self.high}


class Choices(BaseModel):
    """Values among which one is taken: words, numbers, or whole parts of a recipe."""

    model_config = _CONFIG

    choices: tuple[Any, ...] = Field(min_length=2)
    """The values, as they would stand in the recipe."""

    @model_validator(mode="after")
    def _choices_differ(self) -> Self:
        twice = sorted({text for text in self.labels if self.labels.count(text) > 1})
        if twice:
            raise ValueError(f"choices: expected each once; got {', '.join(twice)} twice")
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """The choices in words: text as it is, all else as JSON."""
        return tuple(label_of(choice) for choice in self.choices)

    def count(self) -> int:
        """Return how many there are."""
        return len(self.choices)


class Subset(BaseModel):
    """Some of the values of a list, e.g. of spectral indices; they keep their order."""

    model_config = _CONFIG

    subset_of: tuple[str | int | float, ...] = Field(min_length=1)
    """The values that may be in the list."""
    least: int = Field(0, ge=0)
    """Fewest that are taken."""
    most: int | None = Field(None, ge=1)
    """Most that are taken; null may take all."""
    always: tuple[str | int | float, ...] = ()
    """Values that stand in the list besides, before those that are taken."""

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        if len(set(self.subset_of)) < len(self.subset_of):
            raise ValueError("subset_of: expected each value once; got some twice")
        if set(self.always) & set(self.subset_of):
            raise ValueError("always: expected values beside those of subset_of; got some in both")
        if self.least > len(self.subset_of):
            raise ValueError(
                f"least: expected at most the {len(self.subset_of)} values there are; got {self.least}"
            )
        if self.most is not None and self.most < self.least:
            raise ValueError(f"most: expected at least {self.least}; got {self.most}")
        return self

    @property
    def limit(self) -> int:
        """Most values that are taken."""
        return len(self.subset_of) if self.most is None else min(self.most, len(self.subset_of))

    def count(self) -> int:
        """Return how many lists there are."""
        n = len(self.subset_of)
        return sum(math.comb(n, taken) for taken in range(self.least, self.limit + 1))


def _kind_of(value: Any) -> str:
    """Tell by its keys what a range is, so that errors speak of one kind alone."""
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", {})
    if "choices" in keys:
        return "Choices"
    return "Subset" if "subset_of" in keys else "Numbers"


RangeConfig = Annotated[
    Annotated[Numbers, Tag("Numbers")]
    | Annotated[Choices, Tag("Choices")]
    | Annotated[Subset, Tag("Subset")],
    Discriminator(_kind_of),
]


def label_of(value: Any) -> str:
    """Return a value in words: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
