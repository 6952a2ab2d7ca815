"""How long a small run will take, from a few steps of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from landseer.feed.loader import Loader
from landseer.feed.source import MASK
from landseer.losses import LossConfig
from landseer.losses.build import build_loss
from landseer.models.device import best_device, has_fast_bf16
from landseer.models.model import Model
from landseer.run.context import Run
from landseer.run.losses import weighed_losses
from landseer.run.model_stages import make_model, make_source, trainable

Loss = Callable[[Tensor, Tensor], Tensor]

_TIMED = 3


def expected_seconds(run: Run) -> float:
    """Guess how long a small run takes from a few steps of its training.

    Edges: a network's first step is slower and is not counted; reading files and other work on the machine are not
        foreseen.
    """
    frame, size = trainable(run), run.recipe.train.batch_size
    few = range(min(len(frame), size))
    batch = next(iter(Loader(make_source(run, frame), few, batch_size=size, workers=0)))
    losses = weighed_losses(run, frame)[MASK].losses
    step_s, look_s = _timed(run, losses, batch["image"], batch["targets"][MASK])
    n_trainings = frame["fold"].nunique() - 1
    batches = len(frame) / size
    return batches * (step_s * run.recipe.train.epochs * n_trainings + 2 * look_s)


def _timed(
    run: Run, losses: Sequence[LossConfig], image: Tensor, label: Tensor
) -> tuple[float, float]:
    """Return the seconds of a training step and of a prediction of one batch."""
    device, crop_px = best_device(), run.recipe.augment.crop_px
    image, label = image.to(device), label.to(device).long()
    cut = (..., slice(0, crop_px), slice(0, crop_px))
    model = make_model(run, 0, pretrained=False).to(device)
    loss = build_loss(losses, len(run.classes), run.recipe.model.activation)
    steps = [_seconds(lambda: _step(model, loss, image[cut], label[cut])) for _ in range(_TIMED)]
    with torch.no_grad():
        return min(steps[1:]), _seconds(lambda: model(image))


def _step(model: Model, loss: Loss, image: Tensor, label: Tensor) -> None:
    """Do the work of one training step, in the precision of training."""
    wide = has_fast_bf16() and image.device.type == "cpu"
    with torch.autocast(image.device.type, torch.bfloat16, enabled=wide):
        logits = model(image)[MASK]
    loss(logits.float(), label).backward()


def _seconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    started = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def in_words(seconds: float) -> str:
    """Write a time as people say it."""
    return f"{max(seconds, 1):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
