"""The loop that runs one member's epochs, and what looks on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning.pytorch as lightning
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint

from landseer.models.device import has_fast_bf16
from landseer.track.history import History
from landseer.track.progress import EpochLine
from landseer.track.tensorboard import TensorBoard
from landseer.train.averaging import build_averaging
from landseer.train.config import TrainConfig
from landseer.train.freeze import Freezer
from landseer.train.job import Data, Job
from landseer.train.pictures import Pictures
from landseer.train.profile import Profiler
from landseer.train.timing import Timing


def make_trainer(
    job: Job,
    config: TrainConfig,
    data: Data,
    watchers: Sequence[lightning.Callback],
    tensorboard: TensorBoard | None,
) -> tuple[lightning.Trainer, ModelCheckpoint]:
    """Build the loop that runs epochs, and what keeps the best of them.

    Args:
        job: the member.
        config: the recipe's `train`.
        data: its samples.
        watchers: look at each epoch after its score is known.
        tensorboard: where its files are written; None writes none.
    """
    best = ModelCheckpoint(
        job.folder,
        filename="best" if config.keep_best == 1 else "best-{epoch}",
        monitor="monitor",
        mode="max",
        save_top_k=config.keep_best,
        save_last=True,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    trainer = lightning.Trainer(
        accelerator="auto",
        devices=1,
        precision=lightning_precision(config.precision),
        max_epochs=config.epochs,
        accumulate_grad_batches=config.accumulate,
        gradient_clip_val=config.clip_norm,
        deterministic=config.deterministic,
        check_val_every_n_epoch=config.validate_every_epochs,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        callbacks=[
            EpochLine(job.member, config.epochs),
            *_pictures(job, config, tensorboard),
            Timing(),
            History(job.folder / "metrics.csv"),
            best,
            *watchers,
            *_wanted(job, config),
            *([] if tensorboard is None else [tensorboard]),
            *_averaging(config, data),
            *_early_stop(config),
        ],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    return trainer, best


def _pictures(
    job: Job, config: TrainConfig, tensorboard: TensorBoard | None
) -> list[lightning.Callback]:
    """Show some held-out samples, evenly spread."""
    if config.images == 0:
        return []
    shown = job.held_out[:: max(1, len(job.held_out) // config.images)][: config.images]
    targets = dict(job.targets)
    return [
        Pictures(job.folder, job.source, list(shown), job.classes, job.bands, targets, tensorboard)
    ]


def _wanted(job: Job, config: TrainConfig) -> list[lightning.Callback]:
    """Freeze stages and profile steps, where the recipe says so."""
    found: list[lightning.Callback] = []
    if config.freeze:
        found.append(Freezer(config.freeze))
    if config.profile:
        found.append(Profiler(job.folder / "profile", config.profile))
    return found


def _averaging(config: TrainConfig, data: Data) -> list[lightning.Callback]:
    """Average weights over steps, where the recipe says so."""
    if config.averaging is None:
        return []
    averaging = build_averaging(
        config.averaging,
        lr=config.optimiser.lr,
        n_epochs=config.epochs,
        batches=data.train_dataloader,
    )
    return [averaging]


def _early_stop(config: TrainConfig) -> list[lightning.Callback]:
    """Stop when the score no longer rises, where the recipe says so."""
    if config.early_stop is None:
        return []
    stop = EarlyStopping(
        "monitor",
        mode="max",
        patience=-(-config.early_stop.patience_epochs // config.validate_every_epochs),
        min_delta=config.early_stop.min_delta,
        check_finite=False,
        check_on_train_epoch_end=False,
    )
    return [stop]


def lightning_precision(wanted: str) -> Any:
    """Name the precision as Lightning does; auto takes bf16 where the hardware multiplies it fast."""
    if wanted == "auto":
        wanted = "bf16" if has_fast_bf16() else "fp32"
    return {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}[wanted]
