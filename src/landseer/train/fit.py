"""Train one member: one fold held out, one seed; resumable at every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from landseer.augment import AugmentConfig
from landseer.core.files import json_number, read_json, write_json
from landseer.errors import StageError
from landseer.feed.targets import make_evaluation
from landseer.metrics.evaluation import Counts, Evaluation
from landseer.models.model import Model
from landseer.models.store import save_member
from landseer.track.tensorboard import TensorBoard, tensorboard_installed
from landseer.train.config import TrainConfig
from landseer.train.job import Data, Job
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
from landseer.train.trainer import make_trainer


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
        trainer, best = make_trainer(job, config, data, watchers, board)
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
