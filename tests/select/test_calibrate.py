"""What is fitted is what was done to the probabilities; held-out error falls; decisions stay where they must."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.isotonic import IsotonicRegression

from landseer.errors import DataError
from landseer.metrics.calibration import calibration, reliability
from landseer.predict.calibrator import Isotonic, Steps, Temperature, VectorScaling
from landseer.select.calibrate import PixelSample, fit_calibrator

KINDS = ("temperature", "vector", "isotonic")


def world(n=40_000, n_classes=3, seed=0, power=2.5, tilt=None):
    """Draw truth from honest probabilities, and say sharpened and tilted ones."""
    rng = np.random.default_rng(seed)
    honest = rng.dirichlet(np.ones(n_classes), n).T
    truth = (honest.cumsum(0) < rng.random(n)).sum(0).clip(0, n_classes - 1)
    said = honest**power * np.exp(np.zeros(n_classes) if tilt is None else tilt)[:, None]
    return truth, said / said.sum(0)


def calibrated(calibrator, said):
    image = torch.from_numpy(said.astype(np.float32))[None, :, :, None]
    return calibrator(image)[0, :, :, 0].numpy()


def ece(truth, said):
    return calibration(reliability(truth[None], said[:, None])).ece


def test_the_temperature_is_the_power_that_was_applied():
    truth, said = world()
    assert fit_calibrator("temperature", truth, said).temperature == pytest.approx(2.5, rel=0.03)


def test_vector_scaling_finds_power_and_tilt():
    tilt = np.array([0.0, 1.5, -0.5])
    truth, said = world(tilt=tilt, n=80_000)
    found = fit_calibrator("vector", truth, said)
    np.testing.assert_allclose(found.scale, 1 / 2.5, rtol=0.06)
    shift = np.array(found.shift) - found.shift[0]
    np.testing.assert_allclose(shift, -tilt / 2.5, atol=0.04)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_held_out_error_falls(kind, n_classes):
    truth, said = world(n_classes=n_classes)
    calibrator = fit_calibrator(kind, truth, said)
    other, new = world(n_classes=n_classes, seed=1)
    better = calibrated(calibrator, new)
    np.testing.assert_allclose(better.sum(0), 1, atol=1e-5)
    assert ece(other, new) > 0.08
    assert ece(other, better) < 0.02


def test_a_temperature_changes_no_decision():
    _, said = world(2000)
    for t in (0.3, 4.0):
        better = calibrated(Temperature(temperature=t), said)
        np.testing.assert_array_equal(better.argmax(0), said.argmax(0))


def test_the_curve_of_two_classes_is_scikit_learns():
    truth, said = world(200, n_classes=2)
    curve = fit_calibrator("isotonic", truth, said).curves[0]
    reference = IsotonicRegression(out_of_bounds="clip").fit(said[1], truth)
    places = np.linspace(0, 1, 101)
    ours = np.interp(places, curve.said, curve.true)
    np.testing.assert_allclose(ours, reference.predict(places), atol=1e-9)


def test_curves_read_as_numpy_interpolates():
    curve = Steps(said=(0.1, 0.4, 0.9), true=(0.0, 0.7, 0.8))
    said = np.linspace(0, 1, 101, dtype=np.float32)
    both = np.stack([1 - said, said])
    ours = calibrated(Isotonic(curves=(curve,)), both)[1]
    np.testing.assert_allclose(ours, np.interp(said, curve.said, curve.true), atol=1e-6)


@pytest.mark.parametrize(
    "calibrator",
    [
        Temperature(temperature=2),
        VectorScaling(scale=(1, 2), shift=(0, 1)),
        Isotonic(curves=(Steps(said=(0, 1), true=(0.1, 0.9)),)),
    ],
)
def test_what_is_unknown_stays_unknown(calibrator):
    image = torch.full((1, 2, 2, 2), 0.5)
    image[..., 0] = torch.nan
    found = calibrator(image)
    assert found[..., 0].isnan().all()
    assert found[..., 1].isfinite().all()


def test_a_class_that_is_never_there_does_no_harm():
    truth, said = world(5000)
    truth = np.where(truth == 2, 0, truth)
    vector = fit_calibrator("vector", truth, said)
    assert (vector.scale[2], vector.shift[2]) == (1, 0)
    for kind in KINDS:
        assert np.isfinite(calibrated(fit_calibrator(kind, truth, said), said)).all()


def test_pixels_are_drawn_evenly_and_by_name():
    rng = np.random.default_rng(0)
    images = {name: rng.dirichlet(np.ones(2), (50, 60)).transpose(2, 0, 1) for name in "abc"}
    labels = {name: rng.integers(0, 2, (50, 60)).astype(np.uint8) for name in "abc"}
    labels["c"][:] = 255
    labels["c"][0, :7] = 1
    images["c"][:, 0, 0] = np.nan

    def drawn(order):
        pixels = PixelSample(100)
        for name in order:
            pixels.add(name, labels[name], images[name])
        return pixels.arrays()

    truth, said = drawn("abc")
    assert len(truth) == 206
    assert said.shape == (2, 206)
    back = drawn("cba")[1]
    np.testing.assert_array_equal(said[:, :100], back[:, 106:])


def test_nothing_to_fit_on_and_nonsense_are_refused():
    with pytest.raises(DataError, match="got none"):
        fit_calibrator("temperature", np.zeros(0, int), np.zeros((2, 0)))
    with pytest.raises(DataError, match="got none"):
        PixelSample().arrays()
    with pytest.raises(ValidationError, match="rises"):
        Steps(said=(0.5, 0.2), true=(0, 1))
    with pytest.raises(ValidationError, match="as many scales"):
        VectorScaling(scale=(1, 2, 3), shift=(0, 0))
