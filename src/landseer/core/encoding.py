"""How physical values stand in a file's numbers: scale, offset, and the number that means nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
        missing = self.missing(raw) | ~(np.abs(values) <= _LARGEST)
        return np.where(missing, np.nan, values).astype(np.float32)

    def missing(self, raw: NDArray[np.generic]) -> NDArray[np.bool_]:
        """Tell which raw numbers say that nothing is known: `nodata` and NaN.

        Edges: a nodata value that the type cannot hold exactly, such as -3.4e38 for float32, means the nearest that it
            can hold.
        """
        missing = np.isnan(raw) if raw.dtype.kind == "f" else np.zeros(raw.shape, bool)
        if self.nodata is not None:
            missing |= raw == as_stored(self.nodata, raw.dtype)
        return missing

    def encode(self, values: NDArray[np.floating], dtype: DTypeLike) -> NDArray[np.generic]:
        """Return raw numbers of a type; NaN becomes `nodata`.

        Raises:
            ValueError: integers are asked for and a value is missing without a `nodata`, is infinite, does not fit into
                the type, or becomes `nodata` itself.
        """
        kind = np.dtype(dtype)
        raw = (values.astype(np.float64) - self.offset) / self.scale
        missing = np.isnan(raw)
        if kind.kind in "iu":
            raw = np.rint(raw)
            self._check(raw[~missing], bool(missing.any()), kind)
        fill = np.nan if self.nodata is None else as_stored(self.nodata, kind)
        return np.where(missing, fill, raw).astype(kind)

    def _check(self, there: NDArray[np.float64], has_missing: bool, kind: np.dtype[Any]) -> None:
        """Refuse what an integer type cannot hold."""
        limits = np.iinfo(kind)
        if has_missing and self.nodata is None:
            raise ValueError(f"expected values everywhere, for {kind} without nodata; some miss")
        if has_missing and not (limits.min <= self.nodata <= limits.max):  # type: ignore[operator]
            raise ValueError(f"expected a nodata value that {kind} can hold; got {self.nodata!r}")
        if there.size == 0:
            return
        if not (there.min() >= limits.min and there.max() <= limits.max):
            came = f"{there.min():g}..{there.max():g}"
            raise ValueError(f"expected raw numbers in {limits.min}..{limits.max}; got {came}")
        if self.nodata is not None and (there == self.nodata).any():
            raise ValueError(f"expected raw numbers other than nodata; got {self.nodata:g}")


def as_stored(value: float, dtype: np.dtype[Any]) -> float:
    """Return the number that a file of a type holds for this one: the nearest of its floats, or itself."""
    if dtype.kind != "f" or not np.isfinite(value):
        return value
    largest = float(np.finfo(dtype).max)
    return float(dtype.type(min(max(value, -largest), largest)))


_LARGEST = float(np.finfo(np.float32).max)
