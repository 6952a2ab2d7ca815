"""Freezing an encoder's first stages for the first epochs of a training."""

from __future__ import annotations

from collections.abc import Sequence

import lightning.pytorch as lightning
from torch import nn

from landseer.errors import UsageError
from landseer.models.stages import encoder_stages, freeze_stages
from landseer.train.config import Freeze
from landseer.train.module import TrainingModule


class Freezer(lightning.Callback):
    """Freeze and thaw stages as a recipe says; what is frozen is a function of the epoch alone.

    All weights are the optimiser's from the start: frozen ones have no gradient, so that it passes over them, and its
    memory of them begins at their thaw. A restart therefore goes on as the unbroken training.

    Args:
        steps: recipe key `train.freeze`.
    """

    def __init__(self, steps: Sequence[Freeze]) -> None:
        self._steps = tuple(steps)
        self._stages: list[list[nn.Parameter]] = []

    def on_fit_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Find the stages, before any weight is frozen."""
        model = _module(pl_module).model
        self._stages = encoder_stages(model.network, len(model.preprocess.channels))
        most = max((step.stages for step in self._steps), default=0)
        if most > len(self._stages):
            raise UsageError(
                f"expected at most {len(self._stages)} stages, for the decoder reads so many maps of the encoder; "
                f"got {most}",
                where="train.freeze",
            )

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Freeze what this epoch does not train."""
        number = stages_frozen(self._steps, trainer.current_epoch)
        freeze_stages(_module(pl_module).model.network.encoder, self._stages, number)


def stages_frozen(steps: Sequence[Freeze], epoch: int) -> int:
    """Return how many stages an epoch leaves frozen.

    Args:
        steps: one after another.
        epoch: counted from 0.
    """
    for step in steps:
        if step.epochs is None or epoch < step.epochs:
            return step.stages
        epoch -= step.epochs
    return 0


def _module(pl_module: lightning.LightningModule) -> TrainingModule:
    """Return the module as what it is."""
    if not isinstance(pl_module, TrainingModule):
        raise TypeError(f"expected a TrainingModule; got {type(pl_module).__name__}")
    return pl_module
