"""What is predicted of one image, ready to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASSES, PROBABILITY = "classes", "probability"
"""By these names stand a class map and its probabilities beside the maps of other targets."""


@dataclass(frozen=True, slots=True)
class Map:
    """A predicted image.

    Attributes:
        arrays: (n, h, w) of each file, nodata where there are no data: other dense targets by name, `classes`,
            `probability`, and maps of uncertainty by kind.
        numbers: (n,) float32 of the image as a whole, by target; NaN where nothing is known.
    """

    arrays: Mapping[str, NDArray[Any]]
    numbers: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
