"""What is fitted is what was done to the probabilities; held-out error falls; decisions stay where they must."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.isotonic import IsotonicRegression

from landseer.errors import DataError
from landseer.metrics.calibration import calibration, reliability
from landseer.predict.calibrator import Isotonic, Steps, Temperature, VectorScaling
from landseer.select.calibrate import fit_calibrator
from landseer.select.calibration_pixels import Histogram, Pixels, PixelSample, make_store, merge

KINDS = ("temperature", "vector", "isotonic")


def world(n=40_000, n_classes=3, seed=0, power=2.5, tilt=None):
    """Draw truth from honest probabilities, and say sharpened and tilted ones."""
    rng = np.random.default_rng(seed)
    honest = rng.dirichlet(np.ones(n_classes), n).T
    truth = (honest.cumsum(0) < rng.random(n)).sum(0).clip(0, n_classes - 1)
    said = honest**power * np.exp(np.zeros(n_classes) if tilt is None else tilt)[:, None]
    return truth, said / said.sum(0)


def fit(kind, truth, said, weight=None):
    return fit_calibrator(
        kind, Pixels(truth, said, np.ones(len(truth)) if weight is None else weight)
    )


def calibrated(calibrator, said):
    image = torch.from_numpy(said.astype(np.float32))[None, :, :, None]
    return calibrator(image)[0, :, :, 0].numpy()


def ece(truth, said):
    return calibration(reliability(truth[None], said[:, None])).ece


def test_the_temperature_is_the_power_that_was_applied():
    truth, said = world()
    assert fit("temperature", truth, said).temperature == pytest.approx(2.5, rel=0.03)


def test_vector_scaling_finds_power_and_tilt():
    tilt = np.array([0.0, 1.5, -0.5])
    truth, said = world(tilt=tilt, n=80_000)
    found = fit("vector", truth, said)
    np.testing.assert_allclose(found.scale, 1 / 2.5, rtol=0.06)
    shift = np.array(found.shift) - found.shift[0]
    np.testing.assert_allclose(shift, -tilt / 2.5, atol=0.04)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_held_out_error_falls(kind, n_classes):
    truth, said = world(n_classes=n_classes)
    calibrator = fit(kind, truth, said)
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
    said = said.astype(np.float32).astype(float)
    curve = fit("isotonic", truth, said).curves[0]
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
    vector = fit("vector", truth, said)
    assert (vector.scale[2], vector.shift[2]) == (1, 0)
    for kind in KINDS:
        assert np.isfinite(calibrated(fit(kind, truth, said), said)).all()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_of_three_is_three_pixels(kind, n_classes):
    truth, said = world(400, n_classes=n_classes)
    weight = np.random.default_rng(1).integers(1, 4, len(truth))
    weighted = fit(kind, truth, said, weight.astype(float))
    repeated = fit(kind, truth.repeat(weight), said.repeat(weight, axis=1))
    np.testing.assert_allclose(calibrated(weighted, said), calibrated(repeated, said), atol=2e-4)


def test_a_rare_class_has_a_curve_where_it_is():
    rng = np.random.default_rng(0)
    rare = rng.random(100_000) < 0.005
    said = np.where(rare, rng.random(100_000), 0.02 * rng.random(100_000))
    curve = fit("isotonic", rare.astype(int), np.stack([1 - said, said])).curves[0]
    assert sum(place > 0.02 for place in curve.said) > 80


def draw(n=3000, n_classes=2):
    rng = np.random.default_rng(n)
    said = rng.dirichlet(np.ones(n_classes), n).T
    said[1] = np.rint(said[1] * 65535) / 65535
    said[0] = 1 - said[1:].sum(0)
    return rng.integers(0, n_classes, n).astype(np.uint8), said.astype(np.float32)


def test_a_histogram_is_all_pixels():
    samples = [draw(3000), draw(500)]
    store = Histogram()
    for truth, said in samples:
        store.add("", truth, said)
    truth, said = (np.concatenate(parts, axis=-1) for parts in zip(*samples, strict=True))
    found = store.pixels()
    assert found.weight.sum() == 3500
    for kind in KINDS:
        all_of_them = fit(kind, truth, said.astype(float))
        np.testing.assert_allclose(
            calibrated(fit_calibrator(kind, found), said), calibrated(all_of_them, said), atol=1e-4
        )


def test_pixels_are_drawn_evenly_and_by_name_and_stand_for_all():
    samples = {name: draw(n, 3) for name, n in {"a": 3000, "b": 500, "c": 7}.items()}

    def drawn(order):
        pixels = PixelSample(100)
        for name in order:
            pixels.add(name, *samples[name], weight=0.5)
        return pixels.pixels()

    found, back = drawn("abc"), drawn("cba")
    assert found.said.shape == (3, 207)
    np.testing.assert_allclose(found.weight, [15.0] * 100 + [2.5] * 100 + [0.5] * 7)
    np.testing.assert_array_equal(found.said[:, :100], back.said[:, 107:])
    rows = {tuple(row) for row in samples["a"][1].T.astype(float)}
    assert all(tuple(row) in rows for row in found.said[:, :100].T)


def test_memory_is_shared_among_samples():
    store = make_store(3, n_samples=1000, n_pixels=5000, seed=0)
    for number in range(10):
        store.add(str(number), *draw(300, 3))
    assert len(store.pixels().truth) == 50
    assert isinstance(make_store(2, 1, 1, 0), Histogram)


def test_nothing_to_fit_on_and_nonsense_are_refused():
    with pytest.raises(DataError, match="got none"):
        fit("temperature", np.zeros(0, int), np.zeros((2, 0)))
    with pytest.raises(DataError, match="got none"):
        PixelSample().pixels()
    with pytest.raises(DataError, match="got none"):
        merge([])
    with pytest.raises(ValidationError, match="rises"):
        Steps(said=(0.5, 0.2), true=(0, 1))
    with pytest.raises(ValidationError, match="as many scales"):
        VectorScaling(scale=(1, 2, 3), shift=(0, 0))
