"""Each loss of real-valued quantities against torch's own on what is known, or its formula written slowly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from pydantic import TypeAdapter, ValidationError
from sklearn.metrics import mean_absolute_percentage_error, r2_score
from torch import Tensor

from landseer.errors import LabelError
from landseer.losses import LossConfig
from landseer.losses.build import build_target_loss
from landseer.quantities import DenseValue, Direction, Gsd, Height, ImageValue, SoftMask

ADAPTER: TypeAdapter[Any] = TypeAdapter(LossConfig)


def loss_of(raw: Tensor, target: Tensor, quantity: Any = None, **config: Any) -> Tensor:
    return build_target_loss([ADAPTER.validate_python(config)], quantity or DenseValue())(
        raw, target
    )


@pytest.fixture(params=[0, 1, 2])
def maps(request: pytest.FixtureRequest) -> tuple[Tensor, Tensor, Tensor]:
    """Return predictions and truth (b, 1, h, w) with gaps, and where truth is known."""
    generator = torch.Generator().manual_seed(int(request.param))
    value = torch.randn(4, 1, 9, 11, generator=generator) * 8
    target = torch.randn(4, 1, 9, 11, generator=generator) * 8
    target[torch.rand(target.shape, generator=generator) < 0.3] = torch.nan
    return value, target, ~target.isnan()


@pytest.mark.parametrize(
    ("config", "peer"),
    [
        ({"kind": "huber", "delta": 5.0}, torch.nn.HuberLoss(delta=5.0)),
        ({"kind": "huber"}, torch.nn.SmoothL1Loss()),
        ({"kind": "mse"}, torch.nn.MSELoss()),
        ({"kind": "l1"}, torch.nn.L1Loss()),
    ],
    ids=str,
)
def test_point_losses_agree_with_torch(
    config: dict[str, Any], peer: torch.nn.Module, maps: tuple[Tensor, Tensor, Tensor]
) -> None:
    value, target, known = maps
    ours, theirs = value.clone().requires_grad_(), value.clone().requires_grad_()
    expected = peer(theirs[known], target[known])
    got = loss_of(ours, target, **config)
    torch.testing.assert_close(got, expected)
    got.backward()
    expected.backward()
    torch.testing.assert_close(ours.grad, theirs.grad)
    over_all = loss_of(value, target, mean="all", **config)
    torch.testing.assert_close(over_all, expected * known.sum() / known.numel())


def test_log_cosh_is_the_logarithm_of_the_hyperbolic_cosine(
    maps: tuple[Tensor, Tensor, Tensor],
) -> None:
    value, target, known = maps
    error = (value - target)[known].double().numpy()
    expected = np.log(np.cosh(error)).mean()
    assert loss_of(value, target, kind="log_cosh").item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("error", [0.0, 1e-4, 0.03, 0.999, 1.001, 7.0, 1e5])
def test_log_cosh_is_exact_from_tiny_to_huge_errors(error: float) -> None:
    raw = torch.tensor([[error]], requires_grad=True)
    value = loss_of(raw, torch.zeros(1), ImageValue(), kind="log_cosh")
    value.backward()
    exact = math.log(math.cosh(error)) if error < 700 else error - math.log(2)
    if 0 < error < 0.01:  # doubles lose ln(cosh) there, too
        exact = error**2 / 2 - error**4 / 12
    assert value.item() == pytest.approx(exact, rel=1e-5)
    assert raw.grad is not None
    assert raw.grad.item() == pytest.approx(math.tanh(error), rel=1e-5)


def test_relative_error_agrees_with_scikit_learn(maps: tuple[Tensor, Tensor, Tensor]) -> None:
    value, target, known = maps
    expected = mean_absolute_percentage_error(target[known], value[known])
    assert loss_of(value, target, kind="relative_l1", floor=1e-9).item() == pytest.approx(
        expected, rel=1e-4
    )
    small = loss_of(torch.full((1, 1), 3.0), torch.zeros(1), ImageValue(), kind="relative_l1")
    assert small.item() == pytest.approx(3 / 0.01)


def test_log_ratio_prices_twice_like_half() -> None:
    truth = torch.tensor([0.5, 2.0, torch.nan, 10.0])
    for factor in (2.0, 0.5):
        raw = (truth * factor).nan_to_num(1.0)[:, None]
        value = loss_of(raw, truth, ImageValue(), kind="log_ratio")
        assert value.item() == pytest.approx(math.log(2), rel=1e-5)


def test_log_ratio_leads_out_of_zeros_and_wrong_signs() -> None:
    raw = torch.tensor([[-1.0], [0.0], [0.005]], requires_grad=True)
    value = loss_of(raw, torch.tensor([1.0, 1.0, 1.0]), ImageValue(), kind="log_ratio", floor=0.01)
    value.backward()
    below = [math.log(0.01) + (p - 0.01) / 0.01 for p in (-1.0, 0.0, 0.005)]
    assert value.item() == pytest.approx(-np.mean(below), rel=1e-5)
    assert raw.grad is not None
    torch.testing.assert_close(raw.grad, torch.full((3, 1), -100 / 3))


def slow_trimmed(value: Tensor, target: Tensor, share: float, groups: list[list[int]]) -> list[Any]:
    """Sort and cut in plain Python: the kept squared errors."""
    kept = []
    for group in groups:
        errors = (value[group] - target[group]).flatten().double()
        squares = sorted(e * e for e in errors.tolist() if e == e)
        kept += squares[: len(squares) - math.floor(share * len(squares))]
    return kept


@pytest.mark.parametrize("per_sample", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.9])
def test_trimmed_leaves_out_the_worst(
    maps: tuple[Tensor, Tensor, Tensor], share: float, per_sample: bool
) -> None:
    value, target, _ = maps
    target[2, :, :5] = 100.0  # one sample is wrong, which only the pooled cut can notice
    groups = [[0], [1], [2], [3]] if per_sample else [[0, 1, 2, 3]]
    kept = slow_trimmed(value, target, share, groups)
    config = {"kind": "trimmed", "of": "mse", "share": share, "per_sample": per_sample}
    assert loss_of(value, target, **config).item() == pytest.approx(np.mean(kept), rel=1e-5)
    everything = loss_of(value, target, mean="all", **config).item()
    assert everything == pytest.approx(sum(kept) / target.numel(), rel=1e-5)


def test_trimmed_gives_no_gradient_to_what_is_left_out() -> None:
    raw = torch.tensor([[[[1.0, 50.0, 2.0, 0.5]]]], requires_grad=True)
    loss_of(raw, torch.zeros(1, 1, 4), kind="trimmed", share=0.25, of="huber", delta=3.0).backward()
    assert raw.grad is not None
    torch.testing.assert_close(raw.grad.flatten(), torch.tensor([1.0, 0.0, 2.0, 0.5]) / 3)


def test_trimmed_takes_one_of_equals_and_delta_with_huber_alone() -> None:
    value = torch.full((2, 1, 3, 3), 2.0)
    assert loss_of(value, value[:, 0] * 0, kind="trimmed", of="l1", share=0.5).item() == 2.0
    with pytest.raises(ValidationError, match="of: huber"):
        ADAPTER.validate_python({"kind": "trimmed", "of": "mse", "delta": 2.0})


def test_trimmed_does_not_take_a_number_that_is_none_for_the_worst() -> None:
    raw = torch.tensor([1.0, 2.0, 3.0, torch.nan]).reshape(1, 1, 2, 2)
    assert torch.isnan(loss_of(raw, torch.zeros(1, 2, 2), kind="trimmed", share=0.5))


def test_r2_agrees_with_scikit_learn(maps: tuple[Tensor, Tensor, Tensor]) -> None:
    value, target, known = maps
    pooled = 1 - r2_score(target[known], value[known])
    assert loss_of(value, target, kind="r2").item() == pytest.approx(pooled, rel=1e-4)
    each = [1 - r2_score(t[k], v[k]) for v, t, k in zip(value, target, known, strict=True)]
    assert loss_of(value, target, kind="r2", per_sample=True).item() == pytest.approx(
        np.mean(each), rel=1e-4
    )


def test_r2_does_not_mind_where_zero_is() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.randn(2, 1, 64, 64, generator=generator)
    value = truth + 0.5 * torch.randn(truth.shape, generator=generator)
    near, far = (loss_of(value + base, truth + base, kind="r2") for base in (0.0, 1000.0))
    torch.testing.assert_close(near, far, rtol=1e-3, atol=0.0)


def test_r2_of_flat_truth_is_the_squared_error_against_the_least_deviation() -> None:
    raw = torch.full((3, 1, 4, 4), 7.0, requires_grad=True)
    flat = torch.full((3, 4, 4), 5.0)
    for per_sample in (False, True):
        value = loss_of(raw, flat, kind="r2", per_sample=per_sample, least_deviation=2.0)
        assert value.item() == pytest.approx(4 / 2.0**2)
    value.backward()
    assert raw.grad is not None
    torch.testing.assert_close(raw.grad, torch.full_like(raw, 2 * 2 / (3 * 16 * 4)))


def vectors(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    raw = torch.randn(8, 2, generator=generator)
    angle = torch.rand(8, generator=generator) * 2 * torch.pi
    target = torch.stack([angle.sin(), angle.cos()], dim=1)
    target[2, 0] = torch.nan
    target[5] = torch.nan
    return raw, target


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_vector_losses_are_their_formulas(seed: int) -> None:
    raw, target = vectors(seed)
    known = ~target.isnan().any(dim=1)
    peers = {
        "cosine": (1 - F.cosine_similarity(raw, target, dim=1))[known],
        "unit_norm": (raw.norm(dim=1) - 1).square()[known],
        "vector_mse": F.mse_loss(raw, target, reduction="none")[known],
    }
    for kind, expected in peers.items():
        torch.testing.assert_close(loss_of(raw, target, Direction(), kind=kind), expected.mean())
        over_all = loss_of(raw, target, Direction(), kind=kind, mean="all")
        torch.testing.assert_close(over_all, expected.mean() * known.sum() / 8)


def test_cosine_is_one_minus_the_cosine_of_the_angle_between() -> None:
    truth = torch.tensor([[0.0, 1.0]])
    for degrees, length in ((0, 1.0), (60, 0.2), (90, 3.0), (180, 1.0)):
        turn = math.radians(degrees)
        raw = length * torch.tensor([[math.sin(turn), math.cos(turn)]])
        value = loss_of(raw, truth, Direction(), kind="cosine")
        assert value.item() == pytest.approx(1 - math.cos(turn), abs=1e-6)


@pytest.mark.parametrize("length", [1e-4, 0.1, 30.0])
def test_cosine_does_not_mind_the_length_of_the_truth(length: float) -> None:
    raw, target = vectors(0)
    torch.testing.assert_close(
        loss_of(raw, length * target, Direction(), kind="cosine"),
        loss_of(raw, target, Direction(), kind="cosine"),
    )


def test_cosine_has_no_say_where_the_truth_has_no_direction() -> None:
    raw = torch.tensor([[0.0, 0.0], [1.0, 1.0]], requires_grad=True)
    truth = torch.tensor([[0.0, 3.0], [0.0, 0.0]])
    value = loss_of(raw, truth, Direction(), kind="cosine")
    value.backward()
    assert value.item() == pytest.approx(1.0)
    assert raw.grad is not None
    assert raw.grad[0, 1] < 0
    assert not raw.grad[1].any()
    still = loss_of(raw.detach(), truth[1:].expand(2, 2), Direction(), kind="cosine")
    assert still == 0


def soft_masks(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(3, 4, 5, 6, generator=generator) * 3
    target = torch.rand(3, 4, 5, 6, generator=generator)
    target[:, 0, 0] = 0.0
    target = target / target.sum(dim=1, keepdim=True)
    target[:, 1, 2:4, 3] = torch.nan
    return logits, target, ~target.isnan().any(dim=1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_kl_agrees_with_torch(seed: int) -> None:
    logits, target, known = soft_masks(seed)
    rows = logits.permute(0, 2, 3, 1)[known].log_softmax(dim=1)
    truth = target.permute(0, 2, 3, 1)[known]
    expected = F.kl_div(rows, truth, reduction="batchmean")
    got = loss_of(logits, target, SoftMask(n_classes=4), kind="kl")
    torch.testing.assert_close(got, expected)
    squares = loss_of(logits, target, SoftMask(n_classes=4), kind="mse")
    torch.testing.assert_close(squares, F.mse_loss(rows.exp(), truth))


def test_kl_has_the_gradient_of_the_cross_entropy_with_soft_labels() -> None:
    logits, target, known = soft_masks(0)
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss_of(ours, target, SoftMask(n_classes=4), kind="kl").backward()
    F.cross_entropy(theirs.permute(0, 2, 3, 1)[known], target.permute(0, 2, 3, 1)[known]).backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize("wrong", [torch.full((1, 2, 3, 3), 128.0), torch.tensor([1.5, -0.5])])
def test_kl_refuses_what_is_no_distribution(wrong: Tensor) -> None:
    target = wrong.reshape(1, 2, *wrong.shape[2:] or (1, 1)).expand(1, 2, 3, 3)
    with pytest.raises(LabelError, match="sum to 1"):
        loss_of(torch.zeros(1, 2, 3, 3), target, SoftMask(), kind="kl")


def test_values_are_judged_behind_the_quantitys_activation() -> None:
    raw, truth = torch.tensor([[-3.0], [0.5]]), torch.tensor([0.25, 2.0])
    softplus = loss_of(raw, truth, Gsd(), kind="l1")
    torch.testing.assert_close(softplus, (F.softplus(raw[:, 0]) - truth).abs().mean())
    height = raw.reshape(2, 1, 1, 1)
    cut = loss_of(height, truth.reshape(2, 1, 1), Height(), kind="l1")
    torch.testing.assert_close(cut, (raw[:, 0].relu() - truth).abs().mean())


def test_values_are_computed_outside_autocast() -> None:
    class Probe(ImageValue):
        def value(self, raw: Tensor) -> Tensor:
            assert not torch.is_autocast_enabled("cpu")
            return raw * 2

    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = loss_of(torch.ones(2, 1).bfloat16(), torch.ones(2), Probe(), kind="mse")
    assert value.item() == 1.0


def test_infinite_truth_is_not_taken_for_unknown() -> None:
    target = torch.tensor([torch.inf, 1.0])
    assert torch.isinf(loss_of(torch.zeros(2, 1), target, ImageValue(), kind="l1"))
