"""Half the resolution, against a slow loop."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.raster.halve import halve_classes, halve_values


def squares(array):
    """Yield where and which values each square of four has, the last row and column repeated."""
    for band, rows in enumerate(array):
        height, width = rows.shape
        for row in range(0, height, 2):
            for col in range(0, width, 2):
                places = [(row, col), (row, col + 1), (row + 1, col), (row + 1, col + 1)]
                values = [rows[min(i, height - 1), min(j, width - 1)] for i, j in places]
                yield (band, row // 2, col // 2), values


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9)),
    nodata=st.sampled_from([None, 0, 3]),
    seed=st.integers(0, 99),
)
def test_commonest_class_as_counted_by_hand(shape, nodata, seed):
    array = np.random.default_rng(seed).integers(0, 5, shape).astype(np.uint8)
    halved = halve_classes(array, nodata)
    assert halved.shape == (shape[0], -(-shape[1] // 2), -(-shape[2] // 2))
    for place, values in squares(array):
        valid = [value for value in values if value != nodata] or values
        assert halved[place] == Counter(valid).most_common(1)[0][0]  # the first of equal counts


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9)),
    nodata=st.sampled_from([None, 0, 3]),
    dtype=st.sampled_from(["uint8", "int16", "int32", "float32", "float64"]),
    seed=st.integers(0, 99),
)
def test_mean_as_by_hand(shape, nodata, dtype, seed):
    rng = np.random.default_rng(seed)
    array = rng.integers(0, 5, shape).astype(dtype)
    if array.dtype.kind == "f":
        array[rng.random(shape) < 0.2] = np.nan
    halved = halve_values(array, nodata)
    assert halved.dtype == array.dtype
    for place, values in squares(array):
        valid = [float(value) for value in values if value == value and value != nodata]
        if not valid:
            assert halved[place] == nodata or np.isnan(halved[place])
        else:
            mean = np.mean(valid)
            assert halved[place] == pytest.approx(round(mean) if array.dtype.kind != "f" else mean)


def test_large_integers_do_not_overflow():
    assert halve_values(np.full((1, 2, 2), 65535, np.uint16))[0, 0, 0] == 65535
    assert halve_values(np.full((1, 2, 2), 2**31 - 1, np.int32))[0, 0, 0] == 2**31 - 1
