"""Weight soups: the mean of several trained weights as one network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as lightning
import torch
from torch import Tensor

from landseer.augment import AugmentConfig
from landseer.core.files import read_json, write_json
from landseer.errors import StageError
from landseer.metrics.evaluation import goodness
from landseer.models.device import best_device
from landseer.models.model import Model
from landseer.models.store import load_state, save_member
from landseer.train.config import TrainConfig
from landseer.train.fit import TRAINED, ingredient_file, make_module, outcome, weights_file
from landseer.train.job import Data, Job
from landseer.train.loop import loop
from landseer.train.module import TrainingModule
from landseer.train.norms import retake_norms, running_norms
from landseer.train.objective import TargetLosses
from landseer.train.trainer import lightning_precision

State = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What went into a soup: positions among the candidates, and the score of every mixture that was tried."""

    positions: tuple[int, ...]
    tried: tuple[tuple[tuple[int, ...], float], ...]


def mean_state(states: Sequence[State]) -> State:
    """Average weights key by key; flags and counters are the first's.

    Args:
        states: of one architecture, at least one.

    Edges: tensors that are equal in all states, such as frozen ones, stay as they are, bit for bit.
    """
    first = states[0]
    result: State = {}
    for key, tensor in first.items():
        others = [state[key] for state in states[1:]]
        if not tensor.is_floating_point() or all(torch.equal(tensor, other) for other in others):
            result[key] = tensor.clone()
        else:
            total = sum((other.double() for other in others), tensor.double())
            result[key] = (total / len(states)).to(tensor.dtype)
    return result


def choose(
    kind: Literal["greedy", "uniform"], n: int, taste: Callable[[tuple[int, ...]], float]
) -> Chosen:
    """Choose what goes into a soup.

    Args:
        kind: all candidates, or from the best on those with which the score does not fall.
        n: candidates, the best first.
        taste: score of the mean of some candidates; more is better, NaN is worse than any.

    Source: Wortsman et al. 2022, arXiv:2203.05482, recipe 1.
    """
    everything = tuple(range(n))
    if kind == "uniform":
        return Chosen(everything, ((everything, taste(everything)),))
    taken: tuple[int, ...] = (0,)
    best = taste(taken)
    tried = [(taken, best)]
    for position in everything[1:]:
        mixture = (*taken, position)
        score = taste(mixture)
        tried.append((mixture, score))
        if score >= best or best != best:
            taken, best = mixture, score
    return Chosen(taken, tuple(tried))


def cook_member(
    job: Job,
    model: Model,
    losses: Mapping[str, TargetLosses],
    augment: AugmentConfig,
    config: TrainConfig,
    trained: Sequence[Path],
) -> dict[str, Any]:
    """Make a member of the epochs that `fit_member` left as ingredients.

    Every mixture's batch norms are taken anew from training samples, and it is scored on the member's held-out fold,
    which serves as its validation, as it does for the best epoch.

    Args:
        job: the member.
        model, losses, augment: as in `fit_member`; the model is filled in place.
        config: the recipe's `train`.
        trained: folders of the trainings: the member's own, or one for each seed.

    Returns:
        What `done.json` holds; `soup` says what went in and what each mixture reached.

    Raises:
        StageError: the recipe asks for no soup.
    """
    if config.soup is None:
        raise StageError("expected a recipe that asks for a soup; got none", where="train.soup")
    done = job.folder / "done.json"
    if done.exists():
        return dict(read_json(done))
    kettle = _Kettle(job, make_module(job, model, losses, augment, config), config, trained)
    chosen = choose(config.soup.kind, len(kettle.files), kettle.taste)
    if chosen.positions != chosen.tried[-1][0]:
        kettle.taste(chosen.positions)
    save_member(job.folder / weights_file(0), kettle.module.model)
    result = outcome(job, kettle.module.evaluation, kettle.module.tally) | {
        "epoch": kettle.epoch,
        "kept": 1,
        "soup": {
            "kind": config.soup.kind,
            "ingredients": [_label(kettle.files[n], job.folder) for n in chosen.positions],
            "tried": [
                {
                    "ingredients": [n + 1 for n in mixture],
                    "goodness": score if score == score else None,
                }
                for mixture, score in chosen.tried
            ],
        },
    }
    write_json(done, result)
    return result


def _label(path: Path, folder: Path) -> str:
    """Name an ingredient by its file below the member's folder."""
    return path.relative_to(folder).as_posix()


class _Kettle:
    """The ingredients of one member, the best first, and what scores their mixtures."""

    def __init__(
        self, job: Job, module: TrainingModule, config: TrainConfig, trained: Sequence[Path]
    ) -> None:
        self.module = module.to(best_device())
        self._job, self._config, self._data = job, config, Data(job, config)
        found = [
            (-math.inf if score is None else score, folder / ingredient_file(rank), result["epoch"])
            for folder in trained
            for result in [read_json(folder / TRAINED)]
            for rank, score in enumerate(result["kept_goodness"])
        ]
        found.sort(key=lambda one: -one[0])
        self.files = [path for _, path, _ in found]
        self.epoch = found[0][2]

    def taste(self, positions: tuple[int, ...]) -> float:
        """Fill the module with the mean of some ingredients and score it; one alone stays as it was trained."""
        states = [load_state(self.files[n]) for n in positions]
        model = self.module.model
        model.load_state_dict(mean_state(states))
        if len(states) > 1:
            moved = [
                layer
                for name, layer in running_norms(model).items()
                if any(not _same_norm(name, states[0], other) for other in states[1:])
            ]
            retake_norms(self.module, moved, self._data.train_dataloader())
        return self._validate()

    def _validate(self) -> float:
        """Score the module on the held-out fold; more is better."""
        trainer = lightning.Trainer(
            accelerator="auto",
            devices=1,
            precision=lightning_precision(self._config.precision),
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
        )
        with loop():
            trainer.validate(self.module, self._data.val_dataloader(), verbose=False)
        self.module.to(best_device())
        monitor = self._job.monitor
        return goodness(monitor, self.module.scores()[monitor])


def _same_norm(name: str, one: State, other: State) -> bool:
    """Say whether a batch norm's statistics are the same in two states."""
    return torch.equal(one[f"{name}.running_mean"], other[f"{name}.running_mean"])
