"""One training step and one validation step, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import torch
from torch import Tensor

from landseer.augment import AugmentConfig
from landseer.augment.light import photometric
from landseer.augment.warp import geometric
from landseer.core.seeds import derive
from landseer.errors import StageError
from landseer.feed.loader import Batch
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score
from landseer.models.model import Model
from landseer.train.config import Plateau, TrainConfig
from landseer.train.optimiser import build_optimiser
from landseer.train.schedule import PlateauStepper, build_schedule

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training needs to know beside the model: seed, names, lengths."""

    seed: int
    class_names: tuple[str, ...]
    monitor: str
    steps_per_epoch: int
    nearest_channels: tuple[int, ...] = ()
    fixed_channels: tuple[int, ...] = ()


class TrainingModule(lightning.LightningModule):
    """Augment, preprocess, predict, compare; count a confusion matrix in validation.

    Random numbers are a function of (seed, epoch, draw): the number of workers and a restart between
    two epochs change nothing.
    """

    def __init__(
        self,
        model: Model,
        loss: Loss,
        augment: AugmentConfig,
        config: TrainConfig,
        plan: Plan,
    ) -> None:
        super().__init__()
        self.model = model
        self._loss, self._augment, self._config, self._plan = loss, augment, config, plan
        self._matrix = np.zeros((0, 0), np.int64)
        self._plateau: PlateauStepper | None = None
        self._plateau_state: dict[str, Any] | None = None
        self._val_losses: list[Tensor] = []

    def configure_optimizers(self) -> Any:
        """Build the optimiser and its schedule."""
        optimiser = build_optimiser(self._config.optimiser, self.model)
        if isinstance(self._config.schedule, Plateau):
            self._plateau = PlateauStepper(self._config.schedule, optimiser, self._plateau_state)
            return optimiser
        schedule = build_schedule(
            self._config.schedule,
            optimiser,
            n_epochs=self._config.epochs,
            steps_per_epoch=self._plan.steps_per_epoch,
        )
        if schedule is None:
            return optimiser
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what a restart needs beyond what Lightning keeps."""
        checkpoint["landseer"] = {"matrix": self._matrix.tolist()}
        if self._plateau is not None:
            checkpoint["landseer"]["plateau"] = self._plateau.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the schedule where the checkpoint left it."""
        self._plateau_state = checkpoint["landseer"].get("plateau")
        if self._plateau is not None:
            self._plateau.load(self._plateau_state)

    def on_train_epoch_start(self) -> None:
        """Seed what the network itself draws (dropout, drop path) by epoch; validate the last one."""
        torch.manual_seed(derive(self._plan.seed, "network", self.current_epoch))
        if self.current_epoch == self._config.epochs - 1:
            self.trainer.check_val_every_n_epoch = 1

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        image, label = batch["image"], batch["label"]
        with torch.no_grad():
            image = self.model.preprocess.mask_nodata(image)
            image, label = geometric(
                image,
                label,
                batch["draws"],
                self._augment,
                seed=self._plan.seed,
                epoch=self.current_epoch,
                nearest_channels=self._plan.nearest_channels,
            )
            channels, _ = self.model.preprocess(image)
            channels = photometric(
                channels,
                batch["draws"],
                self._augment,
                seed=self._plan.seed,
                epoch=self.current_epoch,
                fixed_channels=self._plan.fixed_channels,
            )
        loss = self._loss(self.model.forward_channels(channels).float(), label.long())
        if not torch.isfinite(loss):
            raise StageError(
                f"expected a loss that is a number, got {loss.item()}",
                where=f"epoch {self.current_epoch + 1}, samples {', '.join(batch['samples'])}",
                do="lower train.optimiser.lr, set train.clip_norm, or take precision fp32",
            )
        self.log("train/loss", loss, on_step=False, on_epoch=True, batch_size=len(label))
        return loss

    def on_train_epoch_end(self) -> None:
        """Let a plateau schedule look at the epoch's score."""
        if self._plateau is not None and self._matrix.size:
            self._plateau.step(self.current_epoch, self._monitored())

    def _monitored(self) -> float:
        """Return the score that decides, 0 where it is undefined."""
        return float(np.nan_to_num(score(self._matrix, self._plan.class_names)[self._plan.monitor]))

    def on_validation_epoch_start(self) -> None:
        """Start counting."""
        n_classes = len(self._plan.class_names)
        self._matrix = np.zeros((n_classes, n_classes), np.int64)
        self._val_losses.clear()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Count one batch of the held-out fold."""
        logits = self.model(batch["image"]).float()
        label = batch["label"]
        self._val_losses.append(self._loss(logits, label.long()))
        decided = self.model.quantity.decide(self.model.quantity.value(logits))
        self._matrix += confusion_matrix(
            label.cpu().numpy(), decided.cpu().numpy(), len(self._plan.class_names)
        )

    def on_validation_epoch_end(self) -> None:
        """Log pooled scores of the held-out fold."""
        scores = score(self._matrix, self._plan.class_names)
        self.log("val/loss", torch.stack(self._val_losses).mean())
        self.log_dict({f"val/{name}": float(np.nan_to_num(v)) for name, v in scores.items()})
        self.log("monitor", self._monitored())

    @property
    def matrix(self) -> np.ndarray:
        """The confusion matrix of the last validation (rows: truth, columns: prediction)."""
        return self._matrix


def steps_per_epoch(n_draws: int, batch_size: int, accumulate: int) -> int:
    """Return how often the weights change in an epoch."""
    n_batches = -(-n_draws // batch_size)
    if n_batches > 1 and n_draws % batch_size == 1:
        n_batches -= 1
    return -(-n_batches // accumulate)


def quality_channels(kinds: Sequence[str]) -> tuple[int, ...]:
    """Return the positions of bands that hold flags and must not be interpolated."""
    return tuple(position for position, kind in enumerate(kinds) if kind == "quality")


def fixed_channels(model: Model) -> tuple[int, ...]:
    """Return the positions of channels whose range is given: flags and masks get no gain and no noise."""
    fixed = model.preprocess.config.fixed_range
    return tuple(n for n, name in enumerate(model.preprocess.channels) if name in fixed)
