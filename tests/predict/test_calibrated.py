"""Calibrated probabilities are what the calibrator makes of the averages; class maps never change by a bit."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.special import softmax
from torch import nn

from landseer.core.classes import IGNORE, ClassTable
from landseer.predict.calibrated import CALIBRATED, CalibratorSpec, exclusive
from landseer.predict.calibrator import LEAST, Isotonic, Steps, Temperature, VectorScaling
from landseer.predict.ensemble import Ensemble, Voting
from landseer.predict.options import PredictOptions
from landseer.predict.sinks import entropy_of
from landseer.predict.spec import ModelSpec
from landseer.predict.tiles import predict_images
from landseer.quantities import ClassMask
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster

TEMPERATURE = Temperature(temperature=2.5)
VECTOR = VectorScaling(scale=(0.7, 1.4), shift=(0.1, -0.3))
ISOTONIC = Isotonic(curves=(Steps(said=(0.0, 0.3, 1.0), true=(0.05, 0.2, 0.9)),))
BY_HAND = {
    "temperature": lambda p: softmax(np.log(np.maximum(p, LEAST)) / 2.5, axis=0),
    "vector": lambda p: softmax(
        np.log(np.maximum(p, LEAST)) * np.array([0.7, 1.4])[:, None, None]
        + np.array([0.1, -0.3])[:, None, None],
        axis=0,
    ),
    "isotonic": lambda p: np.stack(
        [1 - np.interp(p[1], (0, 0.3, 1), (0.05, 0.2, 0.9)), np.interp(p[1], (0, 0.3, 1), (0.05, 0.2, 0.9))]
    ),
}  # fmt: skip
SIDES = {"small": (30, 41), "scene": (150, 131)}
"""An image that goes through the networks whole, and one that goes in windows and strips."""


class Pixel(nn.Module):
    """Logits of each pixel from its own numbers alone, rather high."""

    def __init__(self, seed: int, n_classes: int = 2) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.weight = nn.Parameter(2 * torch.randn(n_classes, 3, generator=generator))

    def forward(self, x, gsd_m=None):
        return {"mask": 2 + torch.einsum("kc,bchw->bkhw", self.weight, x / 1000 - 0.5)}


def build(spec, calibrator=None, *, n=3, activation="softmax", tta="none"):
    """Return networks of one spec and the ensemble that it describes."""
    quantity = ClassMask(len(spec.classes), activation)
    members = [Pixel(seed, quantity.n_logits) for seed in range(n)]
    voting = Voting(weights=(1.0, 2.0, 0.5)[:n], tta=tta, threshold=spec.threshold)
    return Ensemble(members, {"mask": quantity}, voting, calibrator=calibrator)


def predicted(ensemble, spec, path, folder, **changes):
    """Predict an image with everything written; return what lies in each file."""
    chosen = {
        "probabilities": True, "uncertainty": ("entropy", "disagreement"), "window_px": 64,
        "overlap_px": 16, "workers": 0, "device": "cpu",
    }  # fmt: skip
    predict_images(ensemble, spec, [path], folder, PredictOptions(**(chosen | changes)))
    ends = {"class": "", **{kind: f"_{kind}" for kind in ("probability", *chosen["uncertainty"])}}
    return {kind: read_bands(folder / f"{path.stem}{end}.tif") for kind, end in ends.items()}


def with_holes(write_image, side, **options):
    """Write an image with a corner that has no data."""
    path, image = write_image("image.tif", *side, **options)
    image[:, :7, :9] = -32768
    write_raster(path, image)
    return path, image


@pytest.mark.parametrize("side", SIDES.values(), ids=SIDES)
@pytest.mark.parametrize("where", ["average", "member"])
@pytest.mark.parametrize("mapping", [TEMPERATURE, VECTOR, ISOTONIC], ids=BY_HAND)
def test_what_is_written_is_what_the_calibrator_makes(
    spec, write_image, tmp_path, mapping, where, side
):
    spec = spec.model_copy(update={"threshold": 0.37})
    path, image = with_holes(write_image, side)
    plain = predicted(build(spec), spec, path, tmp_path / "plain")
    calibrator = CalibratorSpec(where=where, mapping=mapping)
    better = predicted(build(spec, calibrator), spec, path, tmp_path / "better")
    for same in ("class", "disagreement"):
        np.testing.assert_array_equal(better[same], plain[same])
    missing = plain["class"][0] == IGNORE
    assert missing.sum() == 63
    assert np.isnan(better["probability"][0][missing]).all()
    assert np.isnan(better["entropy"][0][missing]).all()

    by_hand = BY_HAND[mapping.kind]
    said = _members(image)
    if where == "average":
        wanted = by_hand(np.tensordot(WEIGHTS, said, axes=1))
    else:
        wanted = np.tensordot(WEIGHTS, np.stack([by_hand(one) for one in said]), axes=1)
    there = ~missing
    np.testing.assert_allclose(better["probability"][0][there], wanted[1][there], atol=2e-5)
    np.testing.assert_allclose(better["entropy"][0][there], entropy_of(wanted)[0][there], atol=1e-4)


WEIGHTS = np.array([1.0, 2.0, 0.5]) / 3.5


def _members(image):
    """Work out what each network says, with numpy: (members, 2, h, w)."""
    x = image.astype(np.float64) / 1000 - 0.5
    networks = [Pixel(seed).weight.detach().numpy().astype(np.float64) for seed in range(3)]
    return np.stack([softmax(np.einsum("kc,chw->khw", one, x), axis=0) for one in networks])


@pytest.mark.parametrize("side", SIDES.values(), ids=SIDES)
@pytest.mark.parametrize("where", ["average", "member"])
def test_per_cents_are_rounded_after_calibration(spec, write_image, tmp_path, side, where):
    path, _ = with_holes(write_image, side)
    calibrator = CalibratorSpec(where=where, mapping=TEMPERATURE)
    exact = predicted(build(spec, calibrator), spec, path, tmp_path / "a")["probability"][0]
    cents = predicted(
        build(spec, calibrator), spec, path, tmp_path / "b", probability_dtype="uint8"
    )["probability"][0]  # fmt: skip
    missing = np.isnan(exact)
    assert (cents[missing] == IGNORE).all()
    np.testing.assert_array_equal(cents[~missing], np.rint(100 * exact[~missing]))


@pytest.mark.parametrize("blend", ["probability", "logit"])
def test_views_and_blends_come_before_the_calibrator(spec, write_image, tmp_path, blend):
    path, _ = write_image("image.tif", *SIDES["scene"])
    plain = predicted(build(spec, tta="d2"), spec, path, tmp_path / "plain", blend=blend)
    calibrator = CalibratorSpec(mapping=VECTOR)
    better = predicted(
        build(spec, calibrator, tta="d2"), spec, path, tmp_path / "better", blend=blend
    )
    np.testing.assert_array_equal(better["class"], plain["class"])
    foreground = plain["probability"][0].astype(np.float64)
    wanted = BY_HAND["vector"](np.stack([1 - foreground, foreground]))[1]
    np.testing.assert_allclose(better["probability"][0], wanted, atol=2e-5)


@pytest.mark.parametrize("activation", ["sigmoid", "twin"])
@pytest.mark.parametrize("side", SIDES.values(), ids=SIDES)
def test_masks_that_judge_classes_alone_add_up_once_calibrated(
    spec, write_image, tmp_path, activation, side
):
    classes = ClassTable(("sea", "kelp", "land"), (0, 1, 2))
    spec = spec.model_copy(update={"classes": classes})
    path, _ = write_image("image.tif", *side)
    plain = predicted(build(spec, activation=activation), spec, path, tmp_path / "plain")
    calibrator = CalibratorSpec(mapping=Temperature(temperature=1.0))
    better = predicted(
        build(spec, calibrator, activation=activation), spec, path, tmp_path / "better"
    )
    np.testing.assert_array_equal(better["class"], plain["class"])
    before = plain["probability"]
    assert (before.sum(axis=0) > 1.01).any()
    wanted = before / np.maximum(before.sum(axis=0), 1)
    np.testing.assert_allclose(better["probability"], wanted, atol=3e-5)


def test_what_adds_up_stays_and_what_is_unknown_stays_unknown():
    rng = np.random.default_rng(0)
    said = torch.from_numpy(rng.dirichlet(np.ones(4), (2, 5, 6)).transpose(0, 3, 1, 2)).float()
    said[0, :, 0, 0] = torch.nan
    found = exclusive(said)
    torch.testing.assert_close(found, said, equal_nan=True, atol=1e-6, rtol=0)
    assert found[0, :, 0, 0].isnan().all()


def test_networks_are_asked_for_calibrated_members_only_where_something_is_written_of_them(spec):
    ensemble = build(spec, CalibratorSpec(where="member", mapping=TEMPERATURE))
    assert ensemble.further_planes == {CALIBRATED: 2}
    ensemble.with_calibrated = False
    assert ensemble.further_planes == {}
    assert set(ensemble(torch.zeros(1, 3, 4, 4))) == {"mask"}
    assert build(spec, CalibratorSpec(mapping=TEMPERATURE)).further_planes == {}


def test_a_model_says_its_calibrator_and_older_ones_have_none(spec):
    calibrator = CalibratorSpec(mapping=ISOTONIC, threshold=0.4)
    said = spec.model_copy(update={"calibrator": calibrator}).model_dump(mode="json")
    assert ModelSpec.model_validate(said).calibrator == calibrator
    del said["calibrator"]
    assert ModelSpec.model_validate(said).calibrator is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vote": "hard"}, "soft votes"),
        ({"classes": ClassTable(("a", "b", "c"), (0, 1, 2))}, "calibrator of 3 classes; got 2"),
    ],
)
def test_calibrators_that_do_not_fit_are_refused(spec, changes, message):
    calibrator = CalibratorSpec(mapping=VECTOR)
    said = spec.model_copy(update={"calibrator": calibrator, **changes}).model_dump(mode="json")
    with pytest.raises(ValidationError, match=message):
        ModelSpec.model_validate(said)
