"""Twin masks: two ways of saying the same thing, each with losses of its own, averaged as probabilities."""

import pytest
import torch

from landseer.errors import LabelError, RecipeError
from landseer.losses.build import build_loss, build_target_loss
from landseer.losses.config import CrossEntropy, Dice, Focal
from landseer.quantities import ClassMask
from landseer.quantities.mask import split_twin
from landseer.quantities.quantity import n_planes

SEED = (Focal(gamma=2, class_weights=(0.25, 0.75)), Dice(weight=0.1))


def data(n_classes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    quantity = ClassMask(n_classes, "twin")
    logits = torch.randn(2, quantity.n_logits, 5, 6, generator=generator)
    target = torch.randint(0, n_classes, (2, 5, 6), generator=generator)
    target[0, 0, :3] = 255
    return quantity, logits, target


@pytest.mark.parametrize("n_classes", [2, 5])
def test_the_prediction_is_the_mean_of_both_probabilities(n_classes):
    quantity, logits, _ = data(n_classes)
    assert n_planes(quantity) == (3 if n_classes == 2 else 10) and quantity.n_outputs == n_classes
    value = quantity.value(logits)
    assert value.shape == (2, n_classes, 5, 6)
    softmax = logits[:, :n_classes].softmax(1)
    alone = logits[:, -1:].sigmoid() if n_classes == 2 else logits[:, n_classes:].sigmoid()
    torch.testing.assert_close(value[:, 1:], (softmax[:, 1:] + alone[:, -(n_classes - 1) :]) / 2)
    if n_classes == 2:
        torch.testing.assert_close(value.sum(1), torch.ones(2, 5, 6))
    assert value.half().float().sub(quantity.value(logits.half())).abs().max() < 2e-3


@pytest.mark.parametrize("n_classes", [2, 5])
def test_each_half_has_its_own_loss_and_gradient(n_classes):
    quantity, logits, target = data(n_classes)
    weights = tuple(float(n + 1) for n in range(n_classes))
    parts = (Focal(class_weights=weights), Dice(weight=0.1))
    logits.requires_grad_()
    loss = build_target_loss(parts, quantity)(logits, target)
    together, alone = split_twin(logits, n_classes)
    expected = build_loss(parts[:1], n_classes)(together, target)
    expected = expected + build_loss(parts[1:], n_classes, "sigmoid")(alone, target)
    torch.testing.assert_close(loss, expected)
    focal = build_target_loss((parts[0], Dice(weight=1e-9)), quantity)(logits, target)
    (gradient,) = torch.autograd.grad(focal, logits)
    assert gradient[:, :n_classes].abs().sum() > 1e3 * gradient[:, n_classes:].abs().sum()


def test_a_term_can_be_sent_to_the_other_half():
    quantity, logits, target = data(2)
    given = (CrossEntropy(half="sigmoid"), Dice(half="softmax"), Dice(), Focal())
    together, alone = split_twin(logits, 2)
    terms = build_target_loss(given, quantity).terms(logits, target)
    by_hand = [
        build_loss([given[0].model_copy(update={"half": None})], 2, "sigmoid")(alone, target),
        build_loss([Dice()], 2)(together, target),
        build_loss([Dice()], 2, "sigmoid")(alone, target),
        build_loss([Focal()], 2)(together, target),
    ]
    torch.testing.assert_close(torch.stack(terms), torch.stack(by_hand))


def test_a_batch_without_known_pixels_gives_0_and_a_gradient():
    quantity, logits, target = data(2)
    logits.requires_grad_()
    loss = build_target_loss(SEED, quantity)(logits, torch.full_like(target, 255))
    loss.backward()
    assert loss == 0 and not logits.grad.any()


@pytest.mark.parametrize(
    ("terms", "activation", "text"),
    [
        ((Focal(), CrossEntropy()), "twin", "judges the sigmoid"),
        ((Dice(),), "twin", "judges the softmax"),
        ((Dice(half="softmax"),), "softmax", "only masks of model.activation twin"),
        ((Focal(class_weights=(1, 2, 3)), Dice()), "twin", "expected 2 class_weights"),
    ],
)
def test_terms_that_do_not_fit_are_refused(terms, activation, text):
    with pytest.raises(RecipeError, match=text):
        build_loss(terms, 2, activation)


def test_outputs_and_labels_that_do_not_fit_are_refused():
    _, logits, target = data(2)
    with pytest.raises(RecipeError, match="channels"):
        build_loss(SEED, 2, "twin")(logits[:, :2], target)
    with pytest.raises(LabelError):
        build_loss(SEED, 2, "twin")(logits, target + 1)
