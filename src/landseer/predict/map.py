"""What is predicted of one image, ready to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Map:
    """A predicted image.

    Attributes:
        classes: (h, w) uint8 class numbers, None where the model has no class mask.
        probability: (classes, h, w) float32, or None when not asked for.
        valid: (h, w) bool, true where any band has data.
        values: (n, h, w) float32 of other dense targets, by name.
        numbers: (n,) float32 of the image as a whole, by target.
        uncertainty: (1, h, w) float32 of the class map, by kind.
    """

    classes: NDArray[np.uint8] | None
    probability: NDArray[np.float32] | None
    valid: NDArray[np.bool_]
    values: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    numbers: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    uncertainty: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
