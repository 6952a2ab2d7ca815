"""Saturation is found at a type's maximum and where values pile up, and not in what merely is bright."""

import numpy as np
import pytest

from landseer.audit.saturation import saturated


def natural(seed=0, shape=(100, 100)):
    """Make values whose top thins out."""
    return np.random.default_rng(seed).gamma(4.0, 800.0, shape)


def share(values, valid=None):
    return saturated(values, np.ones(values.shape, bool) if valid is None else valid).mean()


@pytest.mark.parametrize("scale", [1, 0.0001])
@pytest.mark.parametrize("level", [0.9, 0.99, 0.998])
def test_a_stopped_sensor(level, scale):
    values = natural() * scale
    values = values.astype(np.int16) if scale == 1 else values.astype(np.float32)
    stop = np.quantile(values, level).astype(values.dtype)
    assert share(np.minimum(values, stop)) == pytest.approx((values >= stop).mean())


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_the_top_of_the_type_even_for_one_pixel(dtype):
    values = (natural() / 100).astype(dtype)
    values[0, 0] = np.iinfo(dtype).max
    assert saturated(values, np.ones(values.shape, bool)).sum() == 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("dtype", "step"), [("float32", 1), ("int16", 1), ("uint8", 60), ("int16", 60)]
)
def test_natural_tops_are_not_saturated(seed, dtype, step):
    assert (
        share((natural(seed) / step).clip(0, 250 if dtype == "uint8" else None).astype(dtype)) == 0
    )


def test_missing_pixels_have_no_say():
    values = natural().astype(np.int16)
    values[:5] = 32767
    valid = np.ones(values.shape, bool)
    valid[:5] = False
    assert share(values, valid) == 0
    assert share(values, np.zeros(values.shape, bool)) == 0


def test_maps_of_few_values_are_not_judged():
    assert share(np.random.default_rng(0).integers(0, 3, (50, 50)).astype(np.int16)) == 0
    assert share(np.full((50, 50), 7, np.float32)) == 0
