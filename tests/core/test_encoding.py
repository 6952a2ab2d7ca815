"""Raw numbers and physical values: there and back, and what means nothing."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseer.core.encoding import Encoding, as_stored
from landseer.core.references import FIGURES, Reference, clashes

CONTEST = Encoding(0.01, nodata=65535.0)


def test_centimetres_with_holes():
    raw = np.array([[0, 1, 250], [65534, 65535, 100]], np.uint16)
    values = CONTEST.decode(raw)
    assert values.dtype == np.float32
    expected = np.array([[0, 0.01, 2.5], [655.34, np.nan, 1]], np.float32)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(CONTEST.encode(values, np.uint16), raw)


@given(
    raw=st.lists(st.integers(-32767, 32767), min_size=1, max_size=30),
    scale=st.sampled_from([0.01, 1.0, 2.75e-5, -0.5]),
    offset=st.sampled_from([0.0, -0.2, 1000.0]),
)
def test_whole_numbers_survive_there_and_back(raw, scale, offset):
    stored = np.array([*raw, -32768], np.int16)
    encoding = Encoding(scale, offset, -32768)
    values = encoding.decode(stored)
    slow = [number * scale + offset for number in raw]
    np.testing.assert_allclose(values[:-1], slow, rtol=1e-6, atol=1e-6)
    assert np.isnan(values[-1])
    if abs(scale) > 1e-3:  # float32 keeps the steps apart
        np.testing.assert_array_equal(encoding.encode(values, np.int16), stored)


def test_nan_infinite_and_too_large_are_missing_without_a_warning():
    raw = np.array([1, np.nan, np.inf, -np.inf, 1e300])
    values = Encoding().decode(raw)
    np.testing.assert_array_equal(values, np.array([1, np.nan, np.nan, np.nan, np.nan], "f4"))
    np.testing.assert_array_equal(Encoding().missing(raw), [False, True, False, False, False])


@pytest.mark.parametrize("nodata", [-3.4e38, -3.3999999521442643e38, -1.7976931348623157e308])
def test_nodata_that_the_type_cannot_hold_means_the_nearest(nodata):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        declared = np.float32(nodata) if abs(nodata) < 3.5e38 else -np.finfo("f4").max
    raw = np.array([1.5, declared], np.float32)
    np.testing.assert_array_equal(Encoding(nodata=nodata).missing(raw), [False, True])
    assert Encoding(nodata=nodata).encode(np.array([1.5, np.nan]), "f4").tolist() == raw.tolist()


def test_nodata_of_other_types():
    raw = np.array([0, 7], np.uint8)
    assert Encoding(nodata=-9999).missing(raw).tolist() == [False, False]
    assert Encoding(nodata=7.0).missing(raw).tolist() == [False, True]
    assert Encoding(nodata=float("nan")).missing(raw).tolist() == [False, False]
    assert as_stored(0.1, np.dtype("f4")) == float(np.float32(0.1))
    assert as_stored(-np.inf, np.dtype("f4")) == -np.inf
    assert as_stored(300, np.dtype("u1")) == 300


@pytest.mark.parametrize(
    ("values", "encoding", "message"),
    [
        ([1.0, np.nan], Encoding(0.01), "without nodata"),
        ([1.0, np.nan], Encoding(0.01, nodata=-1), "nodata value that uint16 can hold"),
        ([656.0], CONTEST, r"raw numbers in 0\.\.65535; got 65600"),
        ([-0.02], CONTEST, "got -2"),
        ([np.inf], CONTEST, "got inf"),
        ([655.35], CONTEST, "other than nodata"),
    ],
)
def test_what_does_not_fit_is_refused(values, encoding, message):
    with pytest.raises(ValueError, match=message):
        encoding.encode(np.array(values), np.uint16)


def test_floats_take_nan_where_there_is_no_nodata():
    stored = Encoding(0.5, 1.0).encode(np.array([2.0, np.nan]), np.float32)
    np.testing.assert_array_equal(stored, np.array([2, np.nan], np.float32))
    assert Encoding(nodata=-1).encode(np.array([np.nan]), np.float32).tolist() == [-1]


def test_columns_of_references_and_their_figures():
    agl = Reference("agl")
    assert (agl.column, agl.figure_column("min")) == ("ref_agl", "ref_agl_min")
    assert clashes(["agl", "agl_min", "min"]) == [("agl", "agl_min")]
    assert clashes(["agl", "agl_truth", *FIGURES]) == []
