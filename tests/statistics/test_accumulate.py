"""Accumulators against a slow one-pass reference, over random types, ranges, splits and merges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from landseer.errors import BandError
from landseer.statistics import ChannelStatistics, Moments
from landseer.statistics.integers import MAX_PAGES, IntegerCounts

LEVELS = (0.0, 0.01, 0.25, 0.5, 0.731, 0.99, 1.0)
ERROR = 2.0**-8 + 2.0**-24  # numbers wider than float32 are rounded to it first


def one_pass(values, levels=LEVELS):
    """The figures by numpy over all numbers at once, in float64."""
    wide = np.asarray(values, np.float64)
    return {
        "count": wide.size,
        "min": wide.min(),
        "max": wide.max(),
        "mean": wide.mean(),
        "std": wide.std(),
        "quantiles": np.quantile(wide, levels, method="linear"),
    }


def accumulate(parts, nodata=None):
    """Count parts into two accumulators in turn and merge those."""
    two = [ChannelStatistics(nodata), ChannelStatistics(nodata)]
    for number, part in enumerate(parts):
        two[number % 2].add(part)
    two[0].merge(two[1])
    return two[0]


def check_exact(summary, expected):
    assert summary.count == expected["count"]
    assert (summary.min, summary.max) == (expected["min"], expected["max"])
    scale = max(abs(expected["min"]), abs(expected["max"]), 1e-300)
    np.testing.assert_allclose(summary.mean, expected["mean"], rtol=1e-12, atol=scale * 1e-12)
    np.testing.assert_allclose(summary.std, expected["std"], rtol=1e-9, atol=scale * 1e-9)


def split(values, cuts):
    """Split a vector at fractions of its length."""
    return np.split(values, sorted(int(cut * len(values)) for cut in cuts))


CUTS = st.lists(st.floats(0, 1), max_size=6)
INTEGERS = st.one_of(
    *[
        hnp.arrays(kind, st.integers(1, 300), elements=elements)
        for kind, elements in [
            ("uint8", st.integers(0, 255)),
            ("int8", st.integers(-128, 127)),
            ("int16", st.integers(-32768, 32767)),
            ("uint16", st.integers(0, 65535)),
            ("int32", st.integers(-40000, 40000)),
            ("int32", st.integers(-(2**31), -(2**31) + 9) | st.integers(-5, 70000)),
            ("uint32", st.integers(2**31, 2**31 + 70000)),
            ("int64", st.integers(-1, 1)),
            ("int64", st.integers(2**39, 2**39 + 3)),
        ]
    ]
)


@given(INTEGERS, CUTS)
@settings(max_examples=200, deadline=None)
def test_integers_are_exact_however_they_are_split(values, cuts):
    summary = accumulate(split(values, cuts)).summary(LEVELS)
    expected = one_pass(values)
    check_exact(summary, expected)
    np.testing.assert_array_equal(list(summary.quantiles.values()), expected["quantiles"])


@given(
    hnp.arrays("int32", st.integers(1, 400), elements=st.integers(-(2**31), 2**31 - 1)),
    CUTS,
)
@settings(max_examples=60, deadline=None)
def test_integers_of_huge_range_have_quantiles_of_known_error(values, cuts):
    values = np.concatenate([values, np.arange(-(2**23), 2**23, 2**16, dtype=np.int32)])
    channel = accumulate(split(values, cuts))
    assert channel.counts.sketch is not None
    summary = channel.summary(LEVELS)
    expected = one_pass(values)
    check_exact(summary, expected)
    check_quantiles(summary, values)


FLOATS = st.one_of(
    hnp.arrays("float32", st.integers(1, 300), elements=st.floats(-1e6, 1e6, width=32)),
    hnp.arrays("float64", st.integers(1, 300), elements=st.floats(1e-30, 1e30)),
    hnp.arrays("float32", st.integers(1, 300), elements=st.sampled_from([0.0, -0.0, 1.0, 2.5])),
    hnp.arrays("float32", st.integers(1, 300), elements=st.floats(9999, 10000, width=32)),
    hnp.arrays("float16", st.integers(1, 300), elements=st.floats(-100, 100, width=16)),
)


def check_quantiles(summary, values):
    """Each quantile lies within 2^-8 of the order statistics it stands between, relatively."""
    ordered = np.sort(np.asarray(values, np.float64))
    for level, found in zip(LEVELS, summary.quantiles.values(), strict=True):
        position = level * (ordered.size - 1)
        low, high = ordered[int(np.floor(position))], ordered[int(np.ceil(position))]
        share = position - np.floor(position)
        true = low + (high - low) * share
        bound = ERROR * (abs(low) * (1 - share) + abs(high) * share)
        assert abs(found - true) <= bound * (1 + 1e-6) + 2.0**-126
        if low * high > 0:
            assert abs(found - true) <= ERROR * abs(true) * (1 + 1e-6) + 2.0**-126


@given(FLOATS, CUTS)
@settings(max_examples=200, deadline=None)
def test_floats_have_exact_extremes_and_quantiles_of_known_error(values, cuts):
    summary = accumulate(split(values, cuts)).summary(LEVELS)
    check_exact(summary, one_pass(values))
    check_quantiles(summary, values)
    assert summary.quantiles["0"] == summary.min and summary.quantiles["1"] == summary.max


@given(FLOATS, st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), min_size=1, max_size=9))
@settings(max_examples=50, deadline=None)
def test_nan_and_infinity_never_count(values, bad):
    mixed = np.random.default_rng(0).permutation(
        np.concatenate([values, np.array(bad, values.dtype)])
    )
    # the order of the sums changes with the permutation, so compare figures and not bits
    check_exact(accumulate([mixed]).summary(LEVELS), one_pass(values))


@pytest.mark.parametrize("kind", ["int16", "int32", "float32", "float64", "uint8"])
def test_large_noisy_channels(kind):
    values = np.random.default_rng(1).normal(120, 30, 300_000).clip(1, 250).astype(kind)
    summary = accumulate(np.array_split(values, 7)).summary(LEVELS)
    check_exact(summary, one_pass(values))
    if np.dtype(kind).kind == "f":
        check_quantiles(summary, values)
    else:
        assert list(summary.quantiles.values()) == one_pass(values)["quantiles"].tolist()


def test_a_small_spread_around_a_large_mean_keeps_its_digits():
    values = (1e6 + np.random.default_rng(2).normal(0, 0.5, 50_000)).astype(np.float64)
    np.testing.assert_allclose(accumulate([values]).summary().std, values.std(), rtol=1e-9)


@pytest.mark.parametrize("kind", ["int16", "int32", "float32"])
def test_nodata_never_counts(kind):
    values = np.array([-32768, 5, 7, -32768, 9], kind)
    summary = accumulate([values[:2], values[2:]], nodata=-32768).summary(LEVELS)
    check_exact(summary, one_pass([5, 7, 9]))


def test_nodata_far_away_does_not_make_a_sketch():
    channel = accumulate([np.array([-(2**31), 3, 4, 4], np.int32)], nodata=-(2**31))
    assert channel.counts.sketch is None
    check_exact(channel.summary(), one_pass([3, 4, 4]))


def test_whether_it_is_a_sketch_does_not_depend_on_the_splits():
    steps = np.arange(MAX_PAGES + 2, dtype=np.int32) * 65536
    for count, wide in [(MAX_PAGES, False), (MAX_PAGES + 1, True)]:
        for nodata in (None, -(2**31)):
            values = steps[:count]
            if nodata is not None:
                values = np.append(values, np.int32(nodata))
            for parts in ([values], list(values.reshape(-1, 1)), [values[::2], values[1::2]]):
                channel = accumulate(parts, nodata)
                assert (channel.counts.sketch is not None) is wide
                check_exact(channel.summary(), one_pass(steps[:count]))


def test_a_sketch_goes_on_counting_and_merges_with_exact_counts():
    wide = np.arange(100, dtype=np.int32) * 65536
    near = np.array([1, 1, 2], np.int16)
    for parts in ([wide, near, near], [near, wide, wide], [wide, wide, near]):
        channel = accumulate(parts)
        check_exact(channel.summary(), one_pass(np.concatenate(parts)))


def test_nothing_valid_gives_none():
    for channel in (ChannelStatistics(), accumulate([np.array([np.nan], np.float32)])):
        summary = channel.summary((0.5,))
        assert (summary.count, summary.min, summary.mean, summary.std) == (0, None, None, None)
        assert summary.quantiles == {"0.5": None}
    assert accumulate([np.array([7], np.int16)], nodata=7).summary().count == 0
    assert accumulate([np.array([], np.int16), np.array([], np.int16)]).summary().count == 0


def test_huge_integers_raise():
    with pytest.raises(BandError, match=r"2\*\*40"):
        IntegerCounts().add(np.array([2**41]))


def test_integers_and_floats_do_not_mix():
    channel = accumulate([np.array([1], np.int16)])
    with pytest.raises(BandError, match="floats"):
        channel.add(np.array([1.0]))
    other = accumulate([np.array([1.0])])
    with pytest.raises(BandError, match="integers"):
        other.add(np.array([1], np.int16))
    with pytest.raises(BandError):
        channel.merge(other)


@pytest.mark.parametrize(("scale", "offset"), [(0.5, -1.0), (-2.0, 3.0), (1e-4, 0.0)])
def test_scale_and_offset(scale, offset):
    values = np.array([1, 5, 5, 8, 20], np.int16)
    summary = accumulate([values]).summary(LEVELS, scale=scale, offset=offset)
    expected = one_pass(values * scale + offset)
    check_exact(summary, expected)
    np.testing.assert_allclose(list(summary.quantiles.values()), expected["quantiles"], rtol=1e-12)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40),
    st.lists(st.floats(-1e3, 1e3), max_size=40),
)
@settings(max_examples=100, deadline=None)
def test_moments_merge(left, right):
    def moments(values):
        array = np.array(values, np.float64)
        if not array.size:
            return Moments()
        squares = float(((array - array.mean()) ** 2).sum())
        return Moments(array.size, array.min(), array.max(), array.mean(), squares)

    merged, whole = moments(left).merge(moments(right)), moments(left + right)
    assert (merged.count, merged.minimum, merged.maximum) == (
        whole.count,
        whole.minimum,
        whole.maximum,
    )
    np.testing.assert_allclose([merged.mean, merged.std], [whole.mean, whole.std], atol=1e-9)


TENSORS = ["uint8", "int16", "int32", "int64", "float32", "float64"]


@pytest.mark.parametrize("kind", TENSORS)
def test_tensors_count_like_arrays(kind):
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(3).normal(100, 20, 9000).clip(0, 255).astype(kind)
    if np.dtype(kind).kind == "f":
        values[:3] = np.nan, np.inf, -0.0
    values[5:9] = 77
    array, tensor = ChannelStatistics(77), ChannelStatistics(77)
    for part in np.array_split(values, 3):
        array.add(part)
        tensor.add(torch.from_numpy(part.reshape(-1, 10)))
    ours, theirs = tensor.summary(LEVELS), array.summary(LEVELS)
    assert (ours.count, ours.min, ours.max, ours.quantiles) == (
        theirs.count,
        theirs.min,
        theirs.max,
        theirs.quantiles,
    )
    np.testing.assert_allclose([ours.mean, ours.std], [theirs.mean, theirs.std], rtol=1e-12)


def test_wide_and_empty_tensors():
    torch = pytest.importorskip("torch")
    values = np.array([-40000, 0, 70000], np.int32)
    channel = ChannelStatistics()
    channel.add(torch.from_numpy(values))
    channel.add(torch.zeros(0, dtype=torch.int32))
    check_exact(channel.summary(), one_pass(values))
    floats = ChannelStatistics()
    floats.add(torch.full((2,), float("nan")))
    assert floats.summary().count == 0


@pytest.mark.gpu
def test_tensors_on_a_device_count_like_arrays():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    for kind in TENSORS:
        test_tensor = np.random.default_rng(4).normal(100, 20, 100_000).clip(0, 255).astype(kind)
        array, tensor = ChannelStatistics(77), ChannelStatistics(77)
        array.add(test_tensor)
        tensor.add(torch.from_numpy(test_tensor).cuda())
        ours, theirs = tensor.summary(LEVELS), array.summary(LEVELS)
        assert (ours.count, ours.min, ours.max, ours.quantiles) == (
            theirs.count,
            theirs.min,
            theirs.max,
            theirs.quantiles,
        )
        np.testing.assert_allclose([ours.mean, ours.std], [theirs.mean, theirs.std], rtol=1e-12)
