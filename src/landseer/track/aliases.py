"""The 18 names of the kelp system's scores, and what each of them is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor

from landseer.errors import UsageError

KELP = {
    "dice": "dice_macro",
    "iou": "iou_{positive}",
    "iou_{negative}": "iou_{negative}",
    "iou_{positive}": "iou_{positive}",
    "accuracy": "accuracy",
    "precision": "precision_{positive}",
    "f1": "dice_{positive}",
}
"""Name there -> score here, after `val/` and `test/`; with both losses, `train/loss` and `train/dice` they are 18."""


def kelp_aliases(scores: Mapping[str, float], classes: Sequence[str]) -> dict[str, float]:
    """Return a validation's scores under the kelp system's names, without `val/` or `test/`.

    Args:
        scores: of a mask of two classes, by our names.
        classes: their names, background first.

    Raises:
        UsageError: not two classes, or no mask called `mask`.

    Source: torchmetrics 1.2.1 as the published system sets it up: Dice is `macro`, the mean with the background; the
        others are `binary`, those of the second class; all pool the pixels of an epoch.
    """
    if len(classes) != 2 or "dice_macro" not in scores:
        raise UsageError(
            f"expected a class mask of two classes for these names; got {', '.join(classes) or 'none'}",
            where="track.aliases",
            do="leave track.aliases out",
        )
    names = {"negative": classes[0], "positive": classes[1]}
    return {there.format(**names): scores[here.format(**names)] for there, here in KELP.items()}


class KelpAliases(lightning.Callback):
    """Log the scores of each epoch also under the kelp system's names.

    `train/dice` is counted on the training batches as the network saw them: moved, coloured, and changing within the
    epoch. It is a sign of life, not a score to compare.

    Args:
        classes: names of the mask's two classes.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = tuple(classes)
        self._counts = torch.zeros(2, 2, dtype=torch.int64)
        self._hook: Any = None

    def on_fit_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Look at what the loss is given."""
        self._hook = pl_module.loss.register_forward_pre_hook(self._look)  # type: ignore[union-attr, operator]
        self._is_training = False

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Look no longer."""
        self._hook.remove()

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start counting."""
        self._counts = torch.zeros(2, 2, dtype=torch.int64, device=pl_module.device)

    def _look(self, loss: torch.nn.Module, given: tuple[Any, ...]) -> None:
        """Count what the network decides of a training batch."""
        outputs, targets = given[0], given[1]
        if not loss.training or "mask" not in outputs or "mask" not in targets:
            return
        self._counts += count_pairs(targets["mask"], outputs["mask"].detach())

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Log the training's Dice with the epoch's last step."""
        if batch_idx + 1 == trainer.num_training_batches:
            pl_module.log(
                "train/dice", macro_dice(self._counts), on_step=False, on_epoch=True, batch_size=1
            )

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Log the validation's scores."""
        found = kelp_aliases(pl_module.scores(), self._classes)  # type: ignore[operator]
        own = {"accuracy", *(f"iou_{name}" for name in self._classes)}
        pl_module.log_dict({f"val/{n}": value for n, value in found.items() if n not in own})


def count_pairs(truth_bhw: Tensor, logits_bchw: Tensor) -> Tensor:
    """Count (2, 2) pixels, rows truth, of two classes; truth beyond them is left out.

    Args:
        truth_bhw: class numbers.
        logits_bchw: one channel per class, or one that is positive for the second class.
    """
    if logits_bchw.shape[1] == 1:
        decided = (logits_bchw[:, 0] > 0).long()
    else:
        decided = logits_bchw.argmax(1)
    known = truth_bhw < 2
    pairs = truth_bhw[known].long() * 2 + decided[known]
    return torch.bincount(pairs, minlength=4).reshape(2, 2)


def macro_dice(counts: Tensor) -> Tensor:
    """Return the mean of both classes' Dice; a class that is neither true nor decided is left out."""
    both = counts.diagonal().double()
    whole = counts.sum(0).double() + counts.sum(1).double()
    return (2 * both / whole).nanmean().float()
