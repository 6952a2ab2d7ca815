"""The kelp system's names: each is torchmetrics' own figure, and ours under another name."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.classification import (
    BinaryAccuracy,
    BinaryF1Score,
    BinaryJaccardIndex,
    BinaryPrecision,
    MulticlassF1Score,
    MulticlassJaccardIndex,
)

from landseer.errors import UsageError
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score
from landseer.track.aliases import count_pairs, kelp_aliases, macro_dice

NAMES = ("background", "kelp")


def world() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    truth = (torch.rand(4, 20, 20, generator=generator) < 0.2).long()
    wrong = torch.rand(4, 20, 20, generator=generator) < 0.15
    return truth, torch.where(wrong, 1 - truth, truth)


def test_aliases_are_what_torchmetrics_says() -> None:
    truth, decided = world()
    ours = score(
        confusion_matrix(truth.numpy().astype(np.uint8), decided.numpy().astype(np.uint8), 2), NAMES
    )
    found = kelp_aliases(ours, NAMES)
    both = MulticlassJaccardIndex(2, average="none")(decided, truth)
    expected = {
        "dice": MulticlassF1Score(2, average="macro")(decided, truth),
        "iou": BinaryJaccardIndex()(decided, truth),
        "iou_background": both[0],
        "iou_kelp": both[1],
        "accuracy": BinaryAccuracy()(decided, truth),
        "precision": BinaryPrecision()(decided, truth),
        "f1": BinaryF1Score()(decided, truth),
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), abs=1e-6), name


def test_with_both_losses_and_the_training_dice_they_are_eighteen() -> None:
    ours = score(np.array([[5, 1], [2, 3]]), NAMES)
    named = [f"{side}/{name}" for side in ("val", "test") for name in kelp_aliases(ours, NAMES)]
    every = {"train/loss", "train/dice", "val/loss", "test/loss", *named}
    assert len(every) == 18


@pytest.mark.parametrize("n_channels", [1, 2])
def test_the_training_dice_counts_as_a_matrix_does(n_channels: int) -> None:
    truth, decided = world()
    truth[0, :5] = 255
    logits = torch.where(decided == 1, 1.0, -1.0)[:, None]
    if n_channels == 2:
        logits = torch.cat([-logits, logits], 1)
    counts = count_pairs(truth, logits)
    matrix = confusion_matrix(truth.numpy().astype(np.uint8), decided.numpy().astype(np.uint8), 2)
    assert counts.tolist() == matrix.tolist()
    assert float(macro_dice(counts)) == pytest.approx(score(matrix, NAMES)["dice_macro"], abs=1e-6)


def test_a_class_that_is_not_there_is_left_out() -> None:
    assert float(macro_dice(torch.tensor([[7, 0], [0, 0]]))) == 1.0


def test_other_targets_have_no_such_names() -> None:
    with pytest.raises(UsageError, match="a class mask of two classes"):
        kelp_aliases({"dice_macro": 1.0}, ("a", "b", "c"))
    with pytest.raises(UsageError, match="a class mask of two classes"):
        kelp_aliases({"agl_rmse": 1.0}, ())
