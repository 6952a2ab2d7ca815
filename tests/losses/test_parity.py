"""Each loss against its formula written slowly, or against another library."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import segmentation_models_pytorch.losses as smp
import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from pydantic import TypeAdapter
from scipy.spatial.distance import cdist
from sklearn.metrics import jaccard_score, log_loss, matthews_corrcoef
from torch import Tensor

from landseer.core.classes import IGNORE
from landseer.losses import LossConfig
from landseer.losses.build import build_loss

ADAPTER: TypeAdapter[Any] = TypeAdapter(LossConfig)
SKIP: dict[str, Any] = {"ignore_index": IGNORE}


def loss_of(
    logits: Tensor, target: Tensor, *, activation: str = "softmax", **config: Any
) -> Tensor:
    n_classes = 2 if activation == "sigmoid" else logits.shape[1]
    return build_loss([ADAPTER.validate_python(config)], n_classes, activation)(logits, target)  # type: ignore[arg-type]


@pytest.fixture(params=[0, 1, 2])
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def softmax_batch(seed: int, n_classes: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(4, n_classes, 9, 11, generator=generator)
    target = torch.randint(0, n_classes, (4, 9, 11), generator=generator)
    target[:, :2, :5] = IGNORE
    return logits, target


def sigmoid_batch(seed: int) -> tuple[Tensor, Tensor]:
    logits, target = softmax_batch(seed, 2)
    return logits[:, :1], target


@pytest.mark.parametrize(
    ("config", "peer"),
    [
        ({"kind": "dice"}, smp.DiceLoss("multiclass", **SKIP)),
        ({"kind": "dice", "log": True}, smp.DiceLoss("multiclass", log_loss=True, **SKIP)),
        ({"kind": "dice", "classes": [1, 2], "smooth": 2.0}, smp.DiceLoss("multiclass", [1, 2], smooth=1.0, **SKIP)),
        ({"kind": "tversky", "alpha": 0.2, "beta": 0.9}, smp.TverskyLoss("multiclass", alpha=0.2, beta=0.9, **SKIP)),
        ({"kind": "lovasz"}, smp.LovaszLoss("multiclass", **SKIP)),
        ({"kind": "lovasz", "per_sample": True}, smp.LovaszLoss("multiclass", per_image=True, **SKIP)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("absent", [False, True])
def test_softmax_losses_agree_with_smp(
    config: dict[str, Any], peer: torch.nn.Module, absent: bool, seed: int
) -> None:
    logits, target = softmax_batch(seed)
    if absent:
        target[target == 2] = 1
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    value, expected = loss_of(ours, target, **config), peer(theirs, target)
    torch.testing.assert_close(value, expected)
    value.backward()
    expected.backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "peer"),
    [
        ({"kind": "dice"}, smp.DiceLoss("binary", **SKIP)),
        ({"kind": "tversky", "alpha": 0.2, "beta": 0.9}, smp.TverskyLoss("binary", alpha=0.2, beta=0.9, **SKIP)),
        ({"kind": "focal", "gamma": 2.0}, smp.FocalLoss("binary", gamma=2.0, **SKIP)),
        ({"kind": "focal", "gamma": 2.0, "class_weights": [0.75, 0.25]}, smp.FocalLoss("binary", 0.25, 2.0, **SKIP)),
        ({"kind": "lovasz"}, smp.LovaszLoss("binary", **SKIP)),
    ],
)  # fmt: skip
def test_sigmoid_losses_agree_with_smp(
    config: dict[str, Any], peer: torch.nn.Module, seed: int
) -> None:
    logits, target = sigmoid_batch(seed)
    value = loss_of(logits, target, activation="sigmoid", **config)
    torch.testing.assert_close(value, peer(logits, target), rtol=1e-4, atol=1e-6)


def test_jaccard_agrees_with_smp_where_it_has_no_ignored_pixels(seed: int) -> None:
    logits, target = softmax_batch(seed)
    target[target == IGNORE] = 0
    torch.testing.assert_close(
        loss_of(logits, target, kind="jaccard"), smp.JaccardLoss("multiclass")(logits, target)
    )


@pytest.mark.parametrize("weights", [None, [0.2, 1.0, 5.0]])
def test_cross_entropy_agrees_with_torch(weights: list[float] | None, seed: int) -> None:
    logits, target = softmax_batch(seed)
    peer = torch.nn.CrossEntropyLoss(
        weight=torch.tensor(weights) if weights else None, ignore_index=IGNORE
    )
    torch.testing.assert_close(
        loss_of(logits, target, kind="ce", class_weights=weights), peer(logits, target)
    )


def test_soft_cross_entropy_agrees_with_torch(seed: int) -> None:
    logits, target = softmax_batch(seed)
    peer = torch.nn.CrossEntropyLoss(label_smoothing=0.2, ignore_index=IGNORE)
    torch.testing.assert_close(
        loss_of(logits, target, kind="soft_ce", smoothing=0.2), peer(logits, target)
    )


@pytest.mark.parametrize("kind", ["ce", "soft_ce", "focal", "xedice", "mcc", "t_loss", "hausdorff"])
def test_a_sigmoid_equals_the_softmax_over_zero_and_its_logit(kind: str, seed: int) -> None:
    """One channel and its two-channel twin are the same model; losses without background agree."""
    logits, target = sigmoid_batch(seed)
    twin = torch.cat([torch.zeros_like(logits), logits], dim=1)
    config: dict[str, Any] = {"kind": kind}
    if kind == "xedice":
        config["dice_weight"] = 0.0
    torch.testing.assert_close(
        loss_of(logits, target, activation="sigmoid", **config), loss_of(twin, target, **config)
    )


def test_binary_cross_entropy_agrees_with_scikit_learn(seed: int) -> None:
    logits, target = sigmoid_batch(seed)
    valid = target != IGNORE
    expected = log_loss(
        target[valid].numpy(), logits[:, 0][valid].double().sigmoid().numpy(), labels=[0, 1]
    )
    for kind in ("bce", "ce"):
        value = loss_of(logits, target, activation="sigmoid", kind=kind)
        assert value.item() == pytest.approx(expected, rel=1e-5)


def test_binary_cross_entropy_weighs_positives_and_smooths(seed: int) -> None:
    logits, target = sigmoid_batch(seed)
    valid = target != IGNORE
    chosen, truth = logits[:, 0][valid], target[valid].float()
    torch.testing.assert_close(
        loss_of(logits, target, activation="sigmoid", kind="bce", positive_weight=3.0),
        F.binary_cross_entropy_with_logits(chosen, truth, pos_weight=torch.tensor(3.0)),
    )
    torch.testing.assert_close(
        loss_of(logits, target, activation="sigmoid", kind="soft_bce", smoothing=0.2),
        F.binary_cross_entropy_with_logits(chosen, truth * 0.8 + (1 - truth) * 0.2),
    )


def hard_logits(prediction: Tensor, n_classes: int) -> Tensor:
    return F.one_hot(prediction, n_classes).permute(0, 3, 1, 2).float() * 80


def test_certain_predictions_give_the_scores_of_scikit_learn(seed: int) -> None:
    logits, target = softmax_batch(seed, 2)
    prediction = logits.argmax(dim=1)
    valid = target != IGNORE
    truth, guess = target[valid].numpy(), prediction[valid].numpy()
    certain = hard_logits(prediction, 2)
    expected = jaccard_score(truth, guess, average="macro")
    assert loss_of(certain, target, kind="jaccard").item() == pytest.approx(1 - expected, abs=1e-5)
    assert loss_of(certain, target, kind="mcc").item() == pytest.approx(
        1 - matthews_corrcoef(truth, guess), abs=1e-5
    )
    assert loss_of(certain, target, kind="lovasz").item() == pytest.approx(1 - expected, abs=1e-5)


def probabilities(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    valid = (target != IGNORE).unsqueeze(1)
    prob = torch.softmax(logits.double(), dim=1) * valid
    truth = F.one_hot(target * (target != IGNORE), logits.shape[1]).permute(0, 3, 1, 2) * valid
    return prob, truth.double(), valid.double()


def test_soft_dice_is_its_formula(seed: int) -> None:
    logits, target = softmax_batch(seed)
    prob, truth, _ = probabilities(logits, target)
    each = [
        1 - (2 * (p * t).sum() + 1) / ((p * p).sum() + t.sum() + 1)
        for p, t in zip(prob.flatten(0, 1), truth.flatten(0, 1), strict=True)
    ]
    value = loss_of(logits, target, kind="soft_dice", squared=True)
    assert value.item() == pytest.approx(float(np.mean(each)), rel=1e-5)
    pooled = [
        1 - (2 * (prob[:, k] * truth[:, k]).sum() + 1) / (prob[:, k].sum() + truth[:, k].sum() + 1)
        for k in range(3)
    ]
    value = loss_of(logits, target, kind="batch_soft_dice")
    assert value.item() == pytest.approx(float(np.mean(pooled)), rel=1e-5)


def test_per_sample_dice_is_the_mean_of_the_samples(seed: int) -> None:
    logits, target = softmax_batch(seed)
    singles = [loss_of(logits[i : i + 1], target[i : i + 1], kind="dice") for i in range(4)]
    value = loss_of(logits, target, kind="dice", per_sample=True)
    torch.testing.assert_close(value, torch.stack(singles).mean())
    assert not torch.isclose(value, loss_of(logits, target, kind="dice"))


def test_tversky_family_meets_dice_and_jaccard(seed: int) -> None:
    logits, target = softmax_batch(seed)
    halves = {"alpha": 0.5, "beta": 0.5}
    dice = loss_of(logits, target, kind="dice")
    torch.testing.assert_close(loss_of(logits, target, kind="tversky", **halves), dice)
    torch.testing.assert_close(
        loss_of(logits, target, kind="tversky", alpha=1.0, beta=1.0),
        loss_of(logits, target, kind="jaccard"),
    )
    torch.testing.assert_close(
        loss_of(logits, target, kind="focal_tversky", gamma=1.0, **halves), dice
    )
    torch.testing.assert_close(
        loss_of(logits, target, kind="log_cosh_dice"), torch.log(torch.cosh(dice))
    )


def test_tversky_alpha_prices_false_positives() -> None:
    target = torch.zeros(1, 4, 4, dtype=torch.long)
    target[0, 0] = 1
    more = target.clone()
    more[0, 1] = 1
    certain = hard_logits(more, 2)
    cheap = loss_of(certain, target, kind="tversky", alpha=0.1, beta=0.9, classes=[1])
    dear = loss_of(certain, target, kind="tversky", alpha=0.9, beta=0.1, classes=[1])
    assert cheap.item() == pytest.approx(1 - 4 / (4 + 0.1 * 4), rel=1e-5)
    assert dear.item() == pytest.approx(1 - 4 / (4 + 0.9 * 4), rel=1e-5)


def test_focal_tversky_is_its_formula(seed: int) -> None:
    logits, target = softmax_batch(seed)
    prob, truth, _ = probabilities(logits, target)
    losses = []
    for k in range(3):
        p, t = prob[:, k], truth[:, k]
        both = (p * t).sum()
        index = both / (both + 0.3 * (p - p * t).sum() + 0.7 * (t - p * t).sum())
        losses.append(float((1 - index) ** 0.75))
    value = loss_of(logits, target, kind="focal_tversky")
    assert value.item() == pytest.approx(np.mean(losses), rel=1e-5)


def test_softmax_focal_is_its_formula(seed: int) -> None:
    logits, target = softmax_batch(seed)
    prob, _, _ = probabilities(logits, target)
    total, count = 0.0, 0
    weights = [1.0, 2.0, 0.5]
    for index in np.ndindex(*target.shape):
        true = int(target[index])
        if true != IGNORE:
            p = float(prob[index[0], true, index[1], index[2]])
            total, count = total - weights[true] * (1 - p) ** 1.5 * math.log(p), count + 1
    value = loss_of(logits, target, kind="focal", gamma=1.5, class_weights=weights)
    assert value.item() == pytest.approx(total / count, rel=1e-4)


def slow_distance(mask: np.ndarray) -> np.ndarray:
    if mask.all() or not mask.any():
        return np.zeros(mask.shape)
    inside, outside = np.argwhere(mask), np.argwhere(~mask)
    field = np.zeros(mask.shape)
    field[mask] = cdist(inside, outside).min(axis=1)
    field[~mask] = cdist(outside, inside).min(axis=1)
    return field


def test_hausdorff_is_its_formula(seed: int) -> None:
    logits, target = softmax_batch(seed)
    prob, truth, valid = probabilities(logits, target)
    total = 0.0
    for sample in range(4):
        for k in (1, 2):
            p, t = prob[sample, k].numpy(), truth[sample, k].numpy()
            weight = slow_distance(p > 0.5) ** 2 + slow_distance(t > 0.5) ** 2
            total += ((p - t) ** 2 * weight).sum() / 2
    value = loss_of(logits, target, kind="hausdorff")
    assert value.item() == pytest.approx(total / float(valid.sum()), rel=1e-4)
    assert loss_of(logits, target, kind="hausdorff", log=True).item() == pytest.approx(
        math.log1p(value.item()), rel=1e-5
    )


def test_hausdorff_prices_a_far_error_above_a_near_one() -> None:
    target = torch.zeros(1, 20, 20, dtype=torch.long)
    target[0, :4, :4] = 1
    near, far = target.clone(), target.clone()
    near[0, 4, 4] = 1
    far[0, 19, 19] = 1
    close, distant = (
        loss_of(hard_logits(guess, 2), target, kind="hausdorff") for guess in (near, far)
    )
    assert distant > 10 * close


def test_t_loss_is_its_formula(seed: int) -> None:
    logits, target = sigmoid_batch(seed)
    nu, losses = 2.5, []
    for sample in range(4):
        valid = target[sample] != IGNORE
        error = logits[sample, 0][valid].double().sigmoid() - target[sample][valid]
        size, squares = int(valid.sum()), float((error**2).sum())
        losses.append(
            math.lgamma(nu / 2) - math.lgamma((nu + size) / 2) + size / 2 * math.log(math.pi * nu)
            + (nu + size) / 2 * math.log(1 + squares / nu)
        )  # fmt: skip
        losses[-1] /= size
    value = loss_of(logits, target, activation="sigmoid", kind="t_loss", nu=nu)
    assert value.item() == pytest.approx(np.mean(losses), rel=1e-4)


def test_combo_is_its_formula(seed: int) -> None:
    logits, target = softmax_batch(seed)
    prob, truth, valid = probabilities(logits, target)
    mask = valid.bool().expand_as(prob)
    p, t = prob[mask], truth[mask]
    entropy = -(0.7 * t * p.log() + 0.3 * (1 - t) * (1 - p).log()).mean()
    overlap = 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)
    value = loss_of(logits, target, kind="combo", alpha=0.4, beta=0.7)
    assert value.item() == pytest.approx(float(0.4 * entropy + 0.6 * overlap), rel=1e-4)


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 3.0]])
def test_exp_log_is_its_formula(weights: list[float] | None, seed: int) -> None:
    logits, target = softmax_batch(seed)
    prob, truth, valid = probabilities(logits, target)
    count = float(valid.sum())
    frequency = truth.sum(dim=(0, 2, 3))
    rarity = torch.tensor(weights) if weights else (count / frequency).sqrt()
    overlap = np.mean([
        float((-torch.log(2 * (prob[:, k] * truth[:, k]).sum() / (prob[:, k].sum() + frequency[k]))) ** 0.3)
        for k in range(3)
    ])  # fmt: skip
    mask = valid[:, 0].bool()
    true = (prob * truth).sum(dim=1)[mask]
    entropy = (rarity[target[mask]] * (-true.log()) ** 0.3).mean()
    value = loss_of(logits, target, kind="exp_log", class_weights=weights)
    assert value.item() == pytest.approx(0.8 * overlap + 0.2 * float(entropy), rel=1e-4)


def test_xedice_is_half_and_half(seed: int) -> None:
    logits, target = softmax_batch(seed)
    torch.testing.assert_close(
        loss_of(logits, target, kind="xedice"),
        0.5 * loss_of(logits, target, kind="ce") + 0.5 * loss_of(logits, target, kind="dice"),
    )


def test_smoothed_dice_teaches_an_empty_batch_to_stay_empty() -> None:
    logits = torch.zeros(2, 1, 8, 8, requires_grad=True)
    loss_of(
        logits, torch.zeros(2, 8, 8, dtype=torch.long), activation="sigmoid", kind="soft_dice"
    ).backward()
    assert logits.grad is not None
    assert (logits.grad > 0).all()


@pytest.mark.parametrize("kind", ["ce", "bce", "soft_ce", "soft_bce", "focal"])
def test_a_sigmoid_of_each_class_is_the_mean_of_its_channels(kind: str, seed: int) -> None:
    logits, target = softmax_batch(seed)
    each = [
        loss_of(
            logits[:, k : k + 1],
            torch.where(target == IGNORE, target, (target == k).long()),
            activation="sigmoid",
            kind=kind,
        )
        for k in range(3)
    ]
    mixture = build_loss([ADAPTER.validate_python({"kind": kind})], 3, "sigmoid")
    torch.testing.assert_close(mixture(logits, target), torch.stack(each).mean())


def test_dice_of_each_class_alone_agrees_with_smp(seed: int) -> None:
    logits, target = softmax_batch(seed)
    masked = torch.where((target == IGNORE)[:, None], -1e4, logits)
    truth = (
        F.one_hot(target * (target != IGNORE), 3).permute(0, 3, 1, 2) * (target != IGNORE)[:, None]
    )
    mixture = build_loss([ADAPTER.validate_python({"kind": "dice"})], 3, "sigmoid")
    torch.testing.assert_close(mixture(logits, target), smp.DiceLoss("multilabel")(masked, truth))
