"""Train one member: one fold held out, one seed; resumable at every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from numpy.typing import NDArray

from landseer.augment import AugmentConfig
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import json_number, read_json, write_json
from landseer.core.seeds import derive
from landseer.errors import StageError
from landseer.feed.loader import Loader
from landseer.feed.order import count_draws, draw_epoch, interleave
from landseer.feed.source import Source
from landseer.feed.targets import make_evaluation
from landseer.losses.targets import Balance
from landseer.metrics.evaluation import Counts, Evaluation
from landseer.models.device import has_fast_bf16
from landseer.models.model import Model
from landseer.models.store import save_member
from landseer.models.targets import ONLY_MASK, TargetSpec
from landseer.track.history import History
from landseer.track.progress import EpochLine
from landseer.track.tensorboard import TensorBoard, tensorboard_installed
from landseer.train.averaging import build_averaging
from landseer.train.config import TrainConfig
from landseer.train.freeze import Freezer
from landseer.train.loop import loop
from landseer.train.module import (
    Plan,
    TrainingModule,
    fixed_channels,
    quality_channels,
    rgb_channels,
    steps_per_epoch,
)
from landseer.train.objective import TargetLosses, build_objective
from landseer.train.pictures import Pictures
from landseer.train.profile import Profiler
from landseer.train.timing import Timing


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that one member's training depends on.

    Attributes:
        member: its name, e.g. `fold0_seed0`.
        folder: where it leaves its files.
        source: all samples; `train` and `held_out` are positions in it.
        weights: importance of each training sample, or None.
        monitor: the score whose best epoch is kept.
        seed: seed of weights, order and augmentation.
        targets: what is learnt.
        balance: whether the weights of several targets' losses are learnt too.
        soft: positions of pseudo-labelled samples.
        mix: their share of the draws of an epoch.
        soft_weight: factor of their loss.
    """

    member: str
    folder: Path
    source: Source
    train: tuple[int, ...]
    held_out: tuple[int, ...]
    weights: NDArray[np.float64] | None
    bands: tuple[Band, ...]
    classes: ClassTable
    monitor: str
    seed: int
    targets: Mapping[str, TargetSpec] = field(default_factory=lambda: dict(ONLY_MASK))
    balance: Balance = "fixed"
    soft: tuple[int, ...] = ()
    mix: float = 0.5
    soft_weight: float = 1.0

    def draws(self, n_draws: int | None) -> tuple[int, int]:
        """Return the labelled and the pseudo-labelled draws of an epoch of so many samples; see `count_draws`."""
        return count_draws(len(self.train), len(self.soft), n_draws, self.mix)


def fit_member(
    job: Job,
    model: Model,
    losses: Mapping[str, TargetLosses],
    augment: AugmentConfig,
    config: TrainConfig,
    *,
    watchers: Sequence[lightning.Callback] = (),
    tensorboard: bool = True,
) -> dict[str, Any]:
    """Train one member, or go on where a killed run stopped; keep the best epoch's weights.

    Args:
        job: the member.
        model: a freshly initialised model; it is trained in place.
        losses: of each target.
        augment: how training samples vary.
        config: the recipe's `train`.
        watchers: look at each epoch after its score is known; what they raise ends the training.
        tensorboard: whether TensorBoard's files are written too, where it is installed.

    Returns:
        What `done.json` holds: best epoch, its scores, what it counted by site, the confusion matrix of the class mask
        where there is one, numbers of samples.

    Edges: of what goes into a soup, the best epochs lie in `ingredients/` and `trained.json` stands for `done.json`;
        see `train.soup`.

    Raises:
        StageError: there is nothing to train on, or the loss is not a number.
    """
    done = job.folder / ("done.json" if config.soup is None else TRAINED)
    if done.exists():
        return dict(read_json(done))
    if not job.train or not job.held_out:
        raise StageError(
            f"expected samples to train on and to hold out, got {len(job.train)} and {len(job.held_out)}",
            where=job.member,
            do="use fewer folds, or look at audit/findings.csv for what was left out",
        )
    job.folder.mkdir(parents=True, exist_ok=True)
    module = make_module(job, model, losses, augment, config)
    last = job.folder / "last.ckpt"
    data = Data(job, config)
    with loop():
        board = TensorBoard(job.folder / "tensorboard") if _is_shown(tensorboard) else None
        trainer, best = _trainer(job, config, data, watchers, board)
        trainer.fit(
            module,
            datamodule=data,
            ckpt_path=str(last) if last.exists() else None,
            weights_only=True,
        )
    if not best.best_model_path:
        raise StageError("training ended before its first validation", where=job.member)
    return _finish(job, module, best, done)


def make_module(
    job: Job,
    model: Model,
    losses: Mapping[str, TargetLosses],
    augment: AugmentConfig,
    config: TrainConfig,
) -> TrainingModule:
    """Put model, losses and augmentation of one member together, ready for `lightning.Trainer`.

    Args:
        job, model, losses, augment, config: as in `fit_member`.
    """
    n_draws = sum(job.draws(config.samples_per_epoch))
    plan = Plan(
        seed=job.seed,
        targets=job.targets,
        evaluation=make_evaluation(job.targets, job.classes.names),
        class_names=job.classes.names,
        monitor=job.monitor,
        steps_per_epoch=steps_per_epoch(n_draws, config.batch_size, config.accumulate),
        nearest_channels=quality_channels([band.kind for band in job.bands]),
        fixed_channels=fixed_channels(model),
        rgb=rgb_channels(model),
        soft_weight=job.soft_weight,
    )
    loss = build_objective(losses, model.quantities, _own_grids(job), job.balance)
    return TrainingModule(model, loss, augment, config, plan)


def _own_grids(job: Job) -> frozenset[str]:
    """Return the targets whose reference lies on a grid of its own, and those that follow from them."""
    own = {one.name for one in job.source.references if one.grid == "own"}
    direct = {n for n, spec in job.targets.items() if spec.reference_name(n) in own}
    return frozenset(direct | {n for n, spec in job.targets.items() if direct & set(spec.of)})


def _finish(job: Job, module: TrainingModule, best: ModelCheckpoint, done: Path) -> dict[str, Any]:
    """Keep the best epochs' weights as safetensors, and say what the very best reached."""
    paths = sorted(best.best_k_models, key=lambda path: -float(best.best_k_models[path]))
    into = ingredient_file if done.name == TRAINED else weights_file
    epochs: dict[int, int] = {}
    for rank in reversed(range(len(paths))):
        state = torch.load(paths[rank], map_location="cpu", weights_only=True)
        module.load_state_dict(state["state_dict"])
        save_member(job.folder / into(rank), module.model)
        epochs[rank] = int(state["epoch"])
    tally = {site: np.asarray(one, np.float64) for site, one in state["landseer"]["tally"].items()}
    result = outcome(job, module.evaluation, tally) | {
        "epoch": epochs[0],
        "kept": len(paths),
        "kept_epochs": [epochs[rank] for rank in range(len(paths))],
        "kept_goodness": [json_number(float(best.best_k_models[path])) for path in paths],
    }
    write_json(done, result)
    for path in paths:
        Path(path).unlink()
    (job.folder / "last.ckpt").unlink(missing_ok=True)
    return result


def outcome(job: Job, evaluation: Evaluation, tally: Mapping[str, Counts]) -> dict[str, Any]:
    """Say what some weights reached on a member's held-out samples, as `done.json` does.

    Args:
        job: the member.
        evaluation: how it is scored.
        tally: what was counted, by site.
    """
    counts = np.stack(list(tally.values()))
    scores = evaluation.scores(counts, list(tally))
    result = {
        "member": job.member,
        "monitor": job.monitor,
        "score": json_number(scores[job.monitor]),
        "scores": {name: json_number(value) for name, value in scores.items()},
        "counts": {site: one.tolist() for site, one in tally.items()},
        "n_train": len(job.train),
        "n_held_out": len(job.held_out),
    }
    for name in [name for name, spec in job.targets.items() if spec.quantity == "mask"]:
        result["matrix"] = evaluation.confusion(counts.sum(0), name).tolist()
    return result


TRAINED = "trained.json"
"""What a training leaves in the place of `done.json` when its epochs go into a soup."""


def ingredient_file(rank: int) -> str:
    """Return the file of an epoch that goes into a soup: the best one's (rank 0), the second best's, …"""
    return f"ingredients/{rank + 1}.safetensors"


def weights_file(rank: int) -> str:
    """Return the file of a member's best epoch (rank 0), second best, …"""
    return "best.safetensors" if rank == 0 else f"best_{rank + 1}.safetensors"


def _is_shown(wanted: bool) -> bool:
    """Say whether TensorBoard's files are written."""
    return wanted and tensorboard_installed()


def _trainer(
    job: Job,
    config: TrainConfig,
    data: Data,
    watchers: Sequence[lightning.Callback],
    tensorboard: TensorBoard | None,
) -> tuple[lightning.Trainer, ModelCheckpoint]:
    """Build the loop that runs epochs."""
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
    callbacks: list[lightning.Callback] = [
        EpochLine(job.member, config.epochs),
        Timing(),
        History(job.folder / "metrics.csv"),
        best,
        *watchers,
    ]
    if config.freeze:
        callbacks.append(Freezer(config.freeze))
    if config.profile:
        callbacks.append(Profiler(job.folder / "profile", config.profile))
    if config.images > 0:
        shown = job.held_out[:: max(1, len(job.held_out) // config.images)][: config.images]
        callbacks.insert(
            1,
            Pictures(
                job.folder,
                job.source,
                list(shown),
                job.classes,
                job.bands,
                dict(job.targets),
                tensorboard,
            ),
        )
    if tensorboard is not None:
        callbacks.append(tensorboard)
    if config.averaging is not None:
        callbacks.append(
            build_averaging(
                config.averaging,
                lr=config.optimiser.lr,
                n_epochs=config.epochs,
                batches=data.train_dataloader,
            )
        )
    if config.early_stop is not None:
        callbacks.append(
            EarlyStopping(
                "monitor",
                mode="max",
                patience=config.early_stop.patience_epochs,
                min_delta=config.early_stop.min_delta,
                check_finite=False,
                check_on_train_epoch_end=False,
            )
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
        callbacks=callbacks,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    return trainer, best


def lightning_precision(wanted: str) -> Any:
    """Name the precision as Lightning does; auto takes bf16 where the hardware multiplies it fast."""
    if wanted == "auto":
        wanted = "bf16" if has_fast_bf16() else "fp32"
    return {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}[wanted]


class Data(lightning.LightningDataModule):
    """Hand each epoch its own order of samples."""

    def __init__(self, job: Job, config: TrainConfig) -> None:
        super().__init__()
        self._job, self._config = job, config

    def train_dataloader(self) -> Any:
        """Return the draws of the current epoch."""
        job, config = self._job, self._config
        epoch = self.trainer.current_epoch if self.trainer is not None else 0
        weights = job.weights if config.sampler == "weighted" else None
        n_labelled, n_soft = job.draws(config.samples_per_epoch)
        order = draw_epoch(weights, len(job.train), n_labelled, job.seed, epoch)
        drawn = np.asarray(job.train, np.int64)[order]
        if n_soft:
            seed = derive(job.seed, "pseudo-labels")
            mine = draw_epoch(None, len(job.soft), n_soft, seed, epoch)
            drawn = interleave(drawn, np.asarray(job.soft, np.int64)[mine])
        return Loader(
            job.source,
            drawn.tolist(),
            batch_size=config.batch_size,
            workers=_workers(config),
            drop_single=True,
        )

    def val_dataloader(self) -> Any:
        """Return the held-out samples, whole."""
        return Loader(
            self._job.source,
            self._job.held_out,
            batch_size=self._config.eval_batch_size or self._config.batch_size,
            workers=_workers(self._config),
        )


def _workers(config: TrainConfig) -> int:
    """Return how many threads read ahead."""
    if config.workers is not None:
        return config.workers
    return 8 if torch.cuda.is_available() else 2
