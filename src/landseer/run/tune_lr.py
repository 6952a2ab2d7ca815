"""The learning-rate range test of a recipe: one fold, one member, a rate that rises until the loss runs away."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as lightning
from torch import Tensor

from landseer.core.files import write_json
from landseer.core.progress import Progress
from landseer.errors import StageError
from landseer.report.lr_figure import lr_figure
from landseer.run.context import Run, locked
from landseer.run.losses import weighed_losses
from landseer.run.model_stages import (
    make_job,
    make_model,
    make_source,
    members_of,
    require_gsd,
    trainable,
)
from landseer.run.runner import run_stages
from landseer.run.tune_trial import with_folds
from landseer.track.figures import save_figure
from landseer.train.config import Constant
from landseer.train.fit import make_module
from landseer.train.job import Data
from landseer.train.loop import loop
from landseer.tune.config import LrRangeConfig
from landseer.tune.lr_range import LrRange, conclude_range, ramp, runs_away


def find_learning_rate(run: Run) -> LrRange:
    """Let the learning rate rise on the first fold that would score trials, and see what the loss does.

    Args:
        run: the run; `tune/lr_range.json` and `tune/lr_range.png` in its folder take the result.

    Raises:
        DataError: the loss is no number after a few steps already.
        LandseerError: as the stages do.

    Edges: no weights are kept. Where the loss is no number the test ends.
    """
    run_stages(run, until="statistics")
    home = Run(run.recipe, run.path("tune"))
    home.folder.mkdir(parents=True, exist_ok=True)
    with locked(home):
        found = _test(run, run.recipe.tune.lr_range)
        write_json(home.path("lr_range.json"), found.as_dict())
        save_figure(lr_figure(found), home.path("lr_range.png"))
    return found


def _test(run: Run, config: LrRangeConfig) -> LrRange:
    """Train a member of the first fold while the rate rises."""
    frame = trainable(run)
    require_gsd(run, frame)
    first = run.recipe.tune.folds or sorted(fold for fold in frame["fold"].unique() if fold >= 0)
    one = with_folds(run, [int(first[0])])
    member = members_of(one)[0]
    job = make_job(one, frame, make_source(one, frame), member, run.path("tune"))
    losses = weighed_losses(one, frame.iloc[list(job.train)])
    train = one.recipe.train.model_copy(
        update={"schedule": Constant(), "freeze": (), "ema_decay": None, "epochs": config.steps + 1}
    )
    module = make_module(job, make_model(one, job.seed), losses, one.recipe.augment, train)
    with Progress("learning rate", config.steps) as progress, loop():
        rising = Rising(config, progress)
        trainer = lightning.Trainer(
            accelerator="auto",
            devices=1,
            max_steps=config.steps,
            accumulate_grad_batches=train.accumulate,
            gradient_clip_val=train.clip_norm,
            limit_val_batches=0,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
            callbacks=[rising],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        try:
            trainer.fit(module, datamodule=Data(job, train))
        except StageError:
            if len(rising.losses) < 2:
                raise
    return conclude_range(ramp(config), rising.means(), config)


class Rising(lightning.Callback):
    """Set the rate of each step, note its loss, and end when the loss runs away.

    Args:
        config: from where to where, and how.
        progress: advances with each step.
    """

    def __init__(self, config: LrRangeConfig, progress: Progress) -> None:
        self._config, self._progress = config, progress
        self._rates = ramp(config)
        self.losses: list[list[float]] = []

    def means(self) -> list[float]:
        """Return the loss of each step, averaged over the batches that it accumulates."""
        return [sum(one) / len(one) for one in self.losses]

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Set the rate."""
        step = trainer.global_step
        for optimiser in trainer.optimizers:
            for group in optimiser.param_groups:
                group["lr"] = float(self._rates[min(step, len(self._rates) - 1)])
        if step == len(self.losses):
            self.losses.append([])

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Note the loss."""
        loss = outputs["loss"] if isinstance(outputs, dict) else outputs
        if isinstance(loss, Tensor):
            self.losses[-1].append(float(loss.detach()) * trainer.accumulate_grad_batches)
        if trainer.global_step == len(self.losses):
            self._progress.advance()
            if runs_away(self.means(), self._config):
                trainer.should_stop = True
