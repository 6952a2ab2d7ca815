"""One training step and one validation step, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from landseer.feed.source import SOFT
from landseer.feed.targets import (
    as_judged,
    beside_targets,
    derive_grids,
    derive_targets,
    losses_take,
    one_of,
    pick_grids,
    pick_targets,
)
from landseer.losses.soft_labels import pseudo_label_loss
from landseer.losses.targets import TargetsLoss
from landseer.metrics.evaluation import Counts, Evaluation, goodness
from landseer.models.model import Model
from landseer.models.slices import in_slices
from landseer.models.targets import TargetSpec, single_mask
from landseer.quantities import Gsd, Quantity, SoftMask
from landseer.train.config import Plateau, TrainConfig
from landseer.train.optimiser import build_optimiser
from landseer.train.schedule import PlateauStepper, build_schedule

_GSD = ".gsd_m"
"""Among targets the ground sample distance; no target's name has a dot."""

_RAW = ".raw_"
"""Before a target's name: its output before it became a value."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training needs to know beside the model: seed, targets, names, lengths."""

    seed: int
    targets: Mapping[str, TargetSpec]
    evaluation: Evaluation
    class_names: tuple[str, ...]
    monitor: str
    steps_per_epoch: int
    nearest_channels: tuple[int, ...] = ()
    fixed_channels: tuple[int, ...] = ()
    rgb: tuple[int, int, int] | None = None
    soft_weight: float = 1.0


class TrainingModule(lightning.LightningModule):
    """Augment, preprocess, predict, compare; count what scores need in validation.

    Random numbers are a function of (seed, epoch, draw): the number of workers and a restart between
    two epochs change nothing.
    """

    def __init__(
        self,
        model: Model,
        loss: TargetsLoss,
        augment: AugmentConfig,
        config: TrainConfig,
        plan: Plan,
    ) -> None:
        super().__init__()
        self.model, self.loss = model, loss
        self._augment, self._config, self._plan = augment, config, plan
        self._tally: dict[str, Counts] = {}
        self._is_validated = False
        self._plateau: PlateauStepper | None = None
        self._plateau_state: dict[str, Any] | None = None
        self._val_losses: list[Tensor] = []

    def configure_optimizers(self) -> Any:
        """Build the optimiser and its schedule."""
        balance = list(self.loss.parameters())
        optimiser = build_optimiser(self._config.optimiser, self.model, balance)
        if isinstance(self._config.schedule, Plateau):
            self._plateau = PlateauStepper(
                self._config.schedule,
                optimiser,
                self._plateau_state,
                every=self._config.validate_every_epochs,
            )
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
        tally = {site: counts.tolist() for site, counts in self._tally.items()}
        checkpoint["landseer"] = {"tally": tally}
        if self._plateau is not None:
            checkpoint["landseer"]["plateau"] = self._plateau.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up score and schedule where the checkpoint left them."""
        tally = checkpoint["landseer"]["tally"]
        self._tally = {site: np.asarray(counts, np.float64) for site, counts in tally.items()}
        self._plateau_state = checkpoint["landseer"].get("plateau")
        if self._plateau is not None:
            self._plateau.load(self._plateau_state)

    def on_train_epoch_start(self) -> None:
        """Seed what the network itself draws (dropout, drop path) by epoch; validate the last one."""
        torch.manual_seed(derive(self._plan.seed, "network", self.current_epoch))
        self._is_validated = False
        if self.current_epoch == self._config.epochs - 1:
            self.trainer.check_val_every_n_epoch = 1

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        with torch.no_grad():
            channels, targets, grids, gsd_m = self._augmented(batch)
        outputs = self.model.forward_channels(channels, gsd_m)
        loss, parts = self._loss_of(outputs, targets, grids)
        if SOFT in targets:
            loss, parts = self._with_pseudo_labels(loss, parts, outputs, targets[SOFT])
        if not torch.isfinite(loss):
            raise self._diverged(f"a loss that is a number, got {loss.item()}", batch["samples"])
        size = len(batch["samples"])
        self.log("train/loss", loss, on_step=False, on_epoch=True, batch_size=size)
        if len(parts) > 1:
            named = {f"train/loss_{name}": part for name, part in parts.items()}
            self.log_dict(named, on_step=False, on_epoch=True, batch_size=size)
        return loss

    def _require_numbers(self, outputs: dict[str, Tensor], batch: Batch) -> None:
        """Stop where the last steps have spoilt the weights: of a sample that has data some output is a number."""
        has_data = torch.isfinite(batch["image"]).flatten(1).any(dim=1)
        for name, output in outputs.items():
            is_known = torch.isfinite(output).flatten(1).any(dim=1)
            if (has_data & ~is_known).any():
                what = f"outputs of {name} that are numbers, got NaN or inf"
                raise self._diverged(what, batch["samples"])

    def _diverged(self, what: str, samples: Sequence[str]) -> StageError:
        """Return the error of a training that went astray."""
        return StageError(
            f"expected {what}",
            where=f"epoch {self.current_epoch + 1}, samples {', '.join(samples)}",
            do="lower train.optimiser.lr, set train.clip_norm, or take precision fp32",
        )

    def training_inputs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what `Model.forward_channels` takes of one batch in training: channels, ground sample distances."""
        with torch.no_grad():
            channels, _, _, gsd_m = self._augmented(batch)
        return channels, gsd_m

    def _augmented(
        self, batch: Batch
    ) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor], Tensor]:
        """Move image and targets by one map, compute channels and change their light."""
        plan, epoch = self._plan, self.current_epoch
        targets = pick_targets(batch["targets"], plan.targets) | {_GSD: batch["gsd_m"]}
        if SOFT in batch["targets"]:
            targets[SOFT] = batch["targets"][SOFT]
        moved = geometric(
            self.model.preprocess.mask_nodata(batch["image"]),
            targets,
            self._quantities(),
            batch["draws"],
            self._augment,
            seed=plan.seed,
            epoch=epoch,
            nearest_channels=plan.nearest_channels,
            grids=pick_grids(batch["grids"], plan.targets),
        )
        channels = self.model.preprocess(moved.image)
        channels = photometric(
            channels,
            batch["draws"],
            self._augment,
            seed=plan.seed,
            epoch=epoch,
            fixed_channels=plan.fixed_channels,
            rgb=plan.rgb,
        )
        gsd_m = moved.targets.pop(_GSD)
        targets = derive_targets(moved.targets, plan.targets, plan.class_names)
        return channels, targets, derive_grids(moved.grids, plan.targets), gsd_m

    def _quantities(self) -> Mapping[str, Quantity]:
        """Return the quantities that follow an image's motion, the ground sample distance among them."""
        return {
            **self.model.quantities,
            _GSD: Gsd(),
            SOFT: SoftMask(max(2, len(self._plan.class_names))),
        }

    def _loss_of(
        self,
        outputs: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        grids: Mapping[str, Tensor],
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compare outputs with targets on the targets' grids; the whole loss, and each target's."""
        taken = losses_take(self.model.quantities, outputs, grids)
        return self.loss(*beside_targets(taken, targets, grids))

    def _with_pseudo_labels(
        self,
        loss: Tensor,
        parts: dict[str, Tensor],
        outputs: Mapping[str, Tensor],
        soft_bchw: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Add what pseudo-labels say of the class mask to the loss of the labels."""
        name = single_mask(self._plan.targets)
        mask: Any = self.model.quantities[name]
        soft = pseudo_label_loss(mask, outputs[name], soft_bchw)
        return loss + self._plan.soft_weight * soft, {**parts, "pseudo_labels": soft.detach()}

    def on_train_epoch_end(self) -> None:
        """Let a plateau schedule look at the epoch's score, where it has one of its own."""
        if self._plateau is not None and self._is_validated:
            self._plateau.step(self.current_epoch, self._monitored())

    def scores(self) -> dict[str, float]:
        """Score the last validation."""
        counts = np.stack(list(self._tally.values()))
        return self._plan.evaluation.scores(counts, list(self._tally))

    def _monitored(self) -> float:
        """Return the score that decides, so that more is better; NaN, worse than any, where it is undefined."""
        return goodness(self._plan.monitor, self.scores()[self._plan.monitor])

    def on_validation_epoch_start(self) -> None:
        """Start counting."""
        self._tally = {}
        self._val_losses.clear()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Count one batch of the held-out fold."""
        plan = self._plan
        outputs, values = self._answers(batch["image"], batch["gsd_m"])
        targets = derive_targets(
            pick_targets(batch["targets"], plan.targets), plan.targets, plan.class_names
        )
        grids = derive_grids(pick_grids(batch["grids"], plan.targets), plan.targets)
        self._require_numbers(outputs, batch)
        self._val_losses.append(self._loss_of(outputs, targets, grids)[0])
        values, targets = beside_targets(values, targets, grids)
        judged = as_judged(self.model.quantities, values)
        for number, site in enumerate(batch["sites"]):
            counts = plan.evaluation.count(one_of(targets, number), one_of(judged, number))
            self._tally[site] = self._tally.get(site, 0.0) + counts

    def _answers(
        self, x_bchw: Tensor, gsd_m: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return outputs and values of whole samples, put together of slices where the model sees slices."""

        def ask(part_bchw: Tensor, gsd_m: Tensor | None) -> dict[str, Tensor]:
            outputs = self.model(part_bchw, gsd_m)
            values = {n: self.model.quantities[n].value(output) for n, output in outputs.items()}
            return values | {_RAW + name: output for name, output in outputs.items()}

        answers = in_slices(ask, self.model, x_bchw, gsd_m)
        names = list(self.model.quantities)
        return {n: answers[_RAW + n] for n in names}, {n: answers[n] for n in names}

    def on_validation_epoch_end(self) -> None:
        """Log scores of the held-out fold."""
        self._is_validated = True
        self.log("val/loss", torch.stack(self._val_losses).mean())
        scores = self.scores()
        self.log_dict({f"val/{name}": value for name, value in scores.items()})
        self.log("monitor", self._monitored())

    @property
    def tally(self) -> dict[str, Counts]:
        """What the last validation counted, by site."""
        return self._tally

    @property
    def evaluation(self) -> Evaluation:
        """How it is scored."""
        return self._plan.evaluation


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


def rgb_channels(model: Model) -> tuple[int, int, int] | None:
    """Return the positions of red, green and blue among the channels; None where one is missing."""
    codes = model.preprocess.channel_codes
    found = [n for code in "RGB" for n, name in enumerate(codes) if code in codes[name]]
    return (found[0], found[1], found[2]) if len(found) == 3 else None
