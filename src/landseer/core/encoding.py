"""How physical values stand in a file's numbers: scale, offset, and the number that means nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True, slots=True)
class Encoding:
    """A linear code of physical values.

    Attributes:
        scale, offset: physical value = raw * scale + offset.
        nodata: raw number that marks a missing value; NaN is missing in any case.
    """

    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None

    def decode(self, raw: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return physical values, float32, NaN where missing; infinite numbers are missing too."""
        values = raw.astype(np.float64) * self.scale + self.offset
        missing = ~np.isfinite(values)
        if self.nodata is not None:
            missing |= raw == self.nodata
        return np.where(missing, np.nan, values).astype(np.float32)

    def encode(self, values: NDArray[np.floating], dtype: DTypeLike) -> NDArray[np.generic]:
        """Return raw numbers of a type; NaN becomes `nodata`.

        Raises:
            ValueError: a value is missing and there is no `nodata`, or one does not fit into an integer type.
        """
        raw = (values.astype(np.float64) - self.offset) / self.scale
        missing = np.isnan(raw)
        kind = np.dtype(dtype)
        if missing.any() and self.nodata is None and kind.kind in "iu":
            raise ValueError(f"expected values everywhere; got {int(missing.sum())} missing ones")
        if kind.kind in "iu":
            raw = np.rint(raw)
            limits = np.iinfo(kind)
            there = raw[~missing]
            if there.size and (there.min() < limits.min or there.max() > limits.max):
                raise ValueError(
                    f"expected raw numbers in {limits.min}..{limits.max}; got {there.min():g}..{there.max():g}"
                )
        fill = np.nan if self.nodata is None else self.nodata
        return np.where(missing, fill, raw).astype(kind)
