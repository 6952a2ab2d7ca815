"""The running average equals the slow mean of all; symmetries undo themselves."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from landseer.predict.calibrated import CALIBRATED, CalibratorSpec
from landseer.predict.calibrator import Temperature
from landseer.predict.ensemble import Ensemble, Voting
from landseer.predict.model_folder import MemberSource
from landseer.predict.tiles import voices_of
from landseer.quantities.d4 import ELEMENTS, TTA_SETS, apply, inverse
from landseer.quantities.mask import ClassMask


class Toy(nn.Module):
    """A convolution that is not symmetric; logits of the input's size."""

    def __init__(self, seed: int, n_classes: int = 3, bands: int = 2) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.conv = nn.Conv2d(bands, n_classes, 3, padding=1)
        for parameter in self.conv.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"mask": self.conv(x)}


class Pointwise(nn.Module):
    """Equivariant under every turn: each pixel alone."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"mask": torch.stack([x.sum(1), x[:, 0] * x[:, 1]], 1)}


def slow_mean(members, weights, x, tta, activation="softmax"):
    quantity = ClassMask(3, activation)
    kept = []
    for member, weight in zip(members, weights, strict=True):
        for element in TTA_SETS[tta]:
            probability = quantity.value(member(apply(element, x))["mask"])
            kept.append(weight * apply(inverse(element), probability))
    return torch.stack(kept).sum(0) / (sum(weights) * len(TTA_SETS[tta]))


@pytest.mark.parametrize(
    "tta,activation", list(itertools.product(TTA_SETS, ["softmax", "sigmoid"]))
)
def test_equals_the_slow_mean_of_all(tta, activation):
    members, weights = [Toy(seed) for seed in range(3)], (0.2, 1.0, 0.5)
    x = torch.randn(2, 2, 7, 12)
    ensemble = Ensemble(
        members, {"mask": ClassMask(3, activation)}, Voting(weights=weights, tta=tta)
    )
    with torch.no_grad():
        expected = slow_mean(members, weights, x, tta, activation)
    got = ensemble(x)["mask"]
    assert got.dtype == torch.float32
    assert torch.allclose(got, expected, atol=1e-6)


@pytest.mark.parametrize("element", ELEMENTS)
def test_each_element_is_undone_on_an_equivariant_model(element, monkeypatch):
    monkeypatch.setitem(TTA_SETS, "one", (element,))
    x = torch.randn(2, 2, 5, 9)
    plain = Ensemble([Pointwise()], {"mask": ClassMask(2)})(x)["mask"]
    turned = Ensemble([Pointwise()], {"mask": ClassMask(2)}, Voting(tta="one"))(x)["mask"]
    assert torch.allclose(plain, turned, atol=1e-6)


def test_a_wrong_inverse_would_be_seen(monkeypatch):
    monkeypatch.setitem(TTA_SETS, "one", ("rot90",))
    monkeypatch.setattr("landseer.predict.viewed.inverse", lambda element: element)
    x = torch.randn(1, 2, 6, 6)
    plain = Ensemble([Pointwise()], {"mask": ClassMask(2)})(x)["mask"]
    wrong = Ensemble([Pointwise()], {"mask": ClassMask(2)}, Voting(tta="one"))(x)["mask"]
    assert not torch.allclose(wrong, plain)


def test_input_is_left_alone():
    class Identity(nn.Module):
        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"mask": x}

    x = torch.randn(1, 2, 4, 4)
    before = x.clone()
    Ensemble([Identity(), Identity()], {"mask": ClassMask(2)}, Voting(tta="d4"))(x)
    assert torch.equal(x, before)


def test_one_after_another_gives_the_same_and_holds_one():
    loaded = []

    def loader(seed):
        def load():
            loaded.append(seed)
            return Toy(seed)

        return load

    x = torch.randn(1, 2, 6, 8)
    voting = Voting(weights=(1.0, 2.0, 0.0), tta="d2")
    kept = Ensemble([Toy(0), Toy(1), Toy(2)], {"mask": ClassMask(3)}, voting)
    lean = Ensemble(
        [loader(0), loader(1), loader(2)], {"mask": ClassMask(3)}, voting, keep_loaded=False
    )
    assert torch.equal(kept(x)["mask"], lean(x)["mask"])
    assert loaded == [0, 1]
    assert sum(p.numel() for p in lean.parameters()) == 0


class Constant(nn.Module):
    """Two classes, the second as sure everywhere."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        logit = torch.logit(torch.tensor(self.p))
        logits = [torch.zeros_like(x[:, 0]), torch.full_like(x[:, 0], logit)]
        return {"mask": torch.stack(logits, 1)}


def test_hard_votes_count_members():
    shares = [0.49, 0.47, 0.9, 0.1, 0.9]
    members = [Constant(p) for p in shares] * 2
    voting = Voting(hard=True, member_threshold=0.48, threshold=0.6)
    ensemble = Ensemble(members, {"mask": ClassMask(2)}, voting)
    probability = ensemble(torch.zeros(1, 1, 2, 2))["mask"]
    assert torch.allclose(probability[:, 1], torch.tensor(0.6))
    assert (ensemble.decide(probability) == 1).all()
    stricter = Ensemble(
        members, {"mask": ClassMask(2)}, Voting(hard=True, member_threshold=0.5, threshold=0.5)
    )
    assert (stricter.decide(stricter(torch.zeros(1, 1, 2, 2))["mask"]) == 0).all()


@pytest.mark.parametrize("keep_loaded", [True, False])
def test_epochs_of_one_training_are_averaged_before_they_vote(keep_loaded):
    """Each epoch for itself says yes, yes, no, no: half of the votes. Averaged, both trainings say no."""
    members = [lambda p=p: Constant(p) for p in (0.6, 0.1, 0.6, 0.3)]
    voting = Voting(hard=True, member_threshold=0.5, threshold=0.5, weights=(1, 1, 2, 2))
    apart = Ensemble(members, {"mask": ClassMask(2)}, voting, keep_loaded=keep_loaded)
    joined = replace(voting, voices=(0, 0, 1, 1))
    together = Ensemble(members, {"mask": ClassMask(2)}, joined, keep_loaded=keep_loaded)
    x = torch.zeros(1, 1, 2, 2)
    assert (apart.decide(apart(x)["mask"]) == 1).all()
    assert (together.decide(together(x)["mask"]) == 0).all()
    assert (together(x)["mask"][:, 1] == 0).all()


def test_epochs_of_one_training_are_averaged_before_they_are_calibrated():
    mapping = Temperature(temperature=3.0)
    members = [Toy(seed) for seed in range(3)]
    x = 0.3 * torch.randn(2, 2, 7, 12, generator=torch.Generator().manual_seed(0))
    voting = Voting(weights=(1.0, 1.0, 3.0), tta="flips", voices=(0, 0, 1))
    calibrator = CalibratorSpec(where="member", mapping=mapping)
    ensemble = Ensemble(members, {"mask": ClassMask(3)}, voting, calibrator=calibrator)
    with torch.no_grad():
        first = slow_mean(members[:2], (1, 1), x, "flips")
        second = slow_mean(members[2:], (1,), x, "flips")
    got = ensemble(x)
    assert torch.allclose(got["mask"], 0.4 * first + 0.6 * second, atol=1e-6)
    expected = 0.4 * calibrator(first) + 0.6 * calibrator(second)
    assert torch.allclose(got[CALIBRATED], expected, atol=1e-5)


def test_voices_change_nothing_where_they_do_not_matter():
    members, x = [Toy(seed) for seed in range(3)], torch.randn(2, 2, 7, 12)
    voting = Voting(weights=(0.2, 0.2, 0.5))
    plain = Ensemble(members, {"mask": ClassMask(3)}, voting)
    voiced = Ensemble(members, {"mask": ClassMask(3)}, replace(voting, voices=(0, 0, 1)))
    assert torch.equal(plain(x)["mask"], voiced(x)["mask"])


def test_voices_are_numbered_by_training_and_set_of_predictions():
    one = [
        MemberSource(Path("a"), fold, seed, rank=rank, voice=voice)
        for fold, seed, rank, voice in (
            (0, 0, 0, "d4"), (0, 0, 1, "d4"), (1, 0, 0, "d4"), (1, 0, 1, "d4"), (0, 1, 0, ""), (0, 1, 0, ""),
        )
    ]  # fmt: skip
    assert voices_of(one) == (0, 0, 1, 1, 2, 3)
    assert voices_of(one[4:]) == ()


def test_missing_logits_stay_missing_under_both_votes():
    class Hole(nn.Module):
        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"mask": x}

    x = torch.randn(1, 2, 3, 3)
    x[0, :, 1, 1] = torch.nan
    for hard in (False, True):
        ensemble = Ensemble([Hole()], {"mask": ClassMask(2)}, Voting(hard=hard))
        decided = ensemble.decide(ensemble(x)["mask"])
        assert (decided == 255).nonzero().tolist() == [[0, 1, 1]]


def test_decision_at_the_threshold_is_positive():
    ensemble = Ensemble([Pointwise()], {"mask": ClassMask(2)}, Voting(threshold=0.25))
    probability = torch.tensor([0.75, 0.25]).reshape(1, 2, 1, 1)
    assert ensemble.decide(probability).item() == 1
    assert ensemble.decide(probability).dtype == torch.uint8


@pytest.mark.parametrize("weights", [(1.0,), (0.0, 0.0), (-1.0, 2.0)])
def test_wrong_weights_are_refused(weights):
    with pytest.raises(ValueError, match="expected 2 weights"):
        Ensemble([Toy(0), Toy(1)], {"mask": ClassMask(3)}, Voting(weights=weights))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_lower_precision_stays_near(precision):
    x = torch.randn(1, 2, 32, 40)
    members = [Toy(seed) for seed in range(2)]
    expected = Ensemble(members, {"mask": ClassMask(3)}, Voting(tta="d4"))(x)["mask"]
    fast = Ensemble(members, {"mask": ClassMask(3)}, Voting(tta="d4"), precision=precision).cuda()
    got = fast(x.cuda())["mask"]
    assert got.dtype == torch.float32
    assert (got.cpu() - expected).abs().max() < 0.05
