"""One trial: a recipe with some values changed, trained fold by fold, and scored as any run is."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import torch

from landseer.core.files import hash_value, read_json
from landseer.feed.targets import make_evaluation
from landseer.metrics.evaluation import goodness
from landseer.recipe.load import validate
from landseer.recipe.schema import Recipe
from landseer.recipe.tune_checks import lay_values
from landseer.run.choose_stage import choose
from landseer.run.context import Run, keep_recipe
from landseer.run.data_stages import measure
from landseer.run.model_stages import (
    Member,
    members_of,
    predict_out_of_fold,
    specs_of,
    train_members,
)
from landseer.run.tune_worker import PrunedError, Report, Task
from landseer.samples.table import read_samples, write_samples
from landseer.samples.weights import weigh
from landseer.select.selection import read_selection
from landseer.train.module import TrainingModule
from landseer.tune.ranges import Subset


@dataclass(frozen=True, slots=True)
class TrialWork:
    """What workers do for each trial.

    Attributes:
        home: the recipe that is tuned, and the folder `tune` of its run with the samples of the study.
        folds: that score a trial, in order.
        metric: the score that decides.
        n_workers: processes that share this machine.
    """

    home: Run
    folds: tuple[int, ...]
    metric: str
    n_workers: int

    def prepare(self, n_workers: int) -> None:
        """Take this process's share of the processors."""
        torch.set_num_threads(min(torch.get_num_threads(), share(n_workers)))

    def __call__(self, task: Task, report: Report, folds: dict[str, float]) -> float:
        """Train and score one trial.

        Raises:
            PrunedError: a report said that the trial should end.
            LandseerError: the recipe with these values is not valid, or as the stages do.
        """
        run = Run(self.recipe(task.values, f"trial {task.number}"), task.folder)
        keep_recipe(run)
        hand_over(run, self.home)
        try:
            for place in range(len(self.folds)):
                self._train(run, place, report, folds)
            predict_out_of_fold(run)
            choose(run)
        except Exception:
            clear(run, keep=self.home.recipe.tune.keep)
            raise
        selection = read_selection(run.path("selection.json"))
        folds |= {str(one.fold): one.scores[self.metric] for one in selection.folds}
        clear(run, keep=self.home.recipe.tune.keep)
        return goodness(self.metric, selection.crossfit.value)

    def recipe(self, values: dict[str, Any], where: str) -> Recipe:
        """Return the recipe of a trial.

        Raises:
            RecipeError: it is not valid with these values.
        """
        recipe = self.home.recipe
        always = {
            "tune": {},
            "train.seeds": list(recipe.train.seeds[:1]),
            "train.images": 0,
            "train.profile": 0,
            "select.workers": share(self.n_workers),
        }
        own = {"train.folds": list(self.folds), "select.metric": self.metric}
        return validate(lay_values(recipe, always | recipe.tune.trial | values | own), {}, where)

    def _train(self, run: Run, place: int, report: Report, folds: dict[str, float]) -> None:
        """Train the members of one fold, and report what the folds so far score together."""
        so_far = with_folds(run, self.folds[: place + 1])
        config, epochs = self.home.recipe.tune, run.recipe.train.epochs
        by_epoch = config.prune_by == "epoch"
        before = _counts(with_folds(run, self.folds[:place])) if place else []

        def watch(member: Member) -> Sequence[lightning.Callback]:
            first = member.seed == run.recipe.train.seeds[0] and member.fold == self.folds[place]
            return [_Watch(self, so_far, before, place * epochs, report)] if first else ()

        train_members(so_far, watch if by_epoch else lambda _: ())
        counts = _counts(so_far)
        mine = [
            tally
            for member, tally in zip(members_of(so_far), counts, strict=True)
            if member.fold == self.folds[place]
        ]
        folds[str(self.folds[place])] = pooled(so_far, mine)[self.metric]
        value = goodness(self.metric, pooled(so_far, counts)[self.metric])
        if not by_epoch and report(place + 1, value) and place + 1 < len(self.folds):
            raise PrunedError

    def value(self, run: Run, counts: Sequence[dict[str, list[float]]]) -> float:
        """Score counts together, more being better."""
        return goodness(self.metric, pooled(run, counts)[self.metric])


class _Watch(lightning.Callback):
    """Report each validated epoch of a fold, pooled with the folds before."""

    def __init__(
        self,
        work: TrialWork,
        run: Run,
        before: list[dict[str, list[float]]],
        steps_before: int,
        report: Report,
    ) -> None:
        self._work, self._run, self._before = work, run, before
        self._steps_before, self._report = steps_before, report

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Report the epoch's score."""
        if not isinstance(pl_module, TrainingModule):
            return
        tally = {site: counts.tolist() for site, counts in pl_module.tally.items()}
        value = self._work.value(self._run, [*self._before, tally])
        if self._report(self._steps_before + trainer.current_epoch + 1, value):
            raise PrunedError


def share(n_workers: int) -> int:
    """Return the processors of one of several workers."""
    return max(1, len(os.sched_getaffinity(0)) // n_workers)


def with_folds(run: Run, folds: Sequence[int]) -> Run:
    """Return a run that trains some of its folds."""
    train = run.recipe.train.model_copy(update={"folds": tuple(folds)})
    return Run(run.recipe.model_copy(update={"train": train}), run.folder)


def _counts(run: Run) -> list[dict[str, list[float]]]:
    """Return what each member counted at its best epoch, by site."""
    return [
        read_json(run.path(f"folds/{member.name}/done.json"))["counts"]
        for member in members_of(run)
    ]


def pooled(run: Run, counts: Sequence[dict[str, list[float]]]) -> dict[str, float]:
    """Return all scores of counts of several folds together, each pixel decided by the greatest probability."""
    evaluation = make_evaluation(specs_of(run), run.classes.names)
    by_site = [(site, tally) for one in counts for site, tally in one.items()]
    numbers = np.asarray([tally for _, tally in by_site], np.float64)
    return evaluation.scores(numbers, [site for site, _ in by_site])


def hand_over(run: Run, home: Run) -> None:
    """Give a run the samples and statistics of a folder that shares them; weigh and measure anew where it asks to.

    Args:
        run: the run; its folder is there.
        home: a recipe, and a folder with its `samples.parquet`.
    """
    if run.recipe.weights == home.recipe.weights:
        _link(home.path("samples.parquet"), run.path("samples.parquet"))
    else:
        frame, weights = read_samples(home.path("samples.parquet")), run.recipe.weights
        write_samples(
            run.path("samples.parquet"),
            frame.assign(weight=1.0) if weights is None else weigh(frame, weights),
        )
    _link(_measured(run, home), run.path("statistics.json"))


def _measured(run: Run, home: Run) -> Path:
    """Return the statistics of a run's inputs, measured once for all that read the same."""
    inputs = run.recipe.inputs
    searched = home.recipe.tune.search.get("inputs.indices")
    if isinstance(searched, Subset):
        every = dict.fromkeys((*map(str, searched.subset_of), *inputs.indices))
        inputs = inputs.model_copy(update={"indices": tuple(every)})
    key = hash_value(inputs.model_dump(mode="json"))
    shared = Run(run.recipe.model_copy(update={"inputs": inputs}), home.path(f"statistics/{key}"))
    shared.folder.mkdir(parents=True, exist_ok=True)
    with shared.path(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.path("statistics.json").exists():
            _link(home.path("samples.parquet"), shared.path("samples.parquet"))
            measure(shared)
            shared.path("samples.parquet").unlink()
    return shared.path("statistics.json")


def _link(source: Path, target: Path) -> None:
    """Let a file stand in two places, by copy where the disk cannot link."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def clear(run: Run, *, keep: bool) -> None:
    """Delete what a trial needs no more: weights, predictions, its copies of shared files."""
    for name in ("samples.parquet", "statistics.json"):
        run.path(name).unlink(missing_ok=True)
    if keep:
        return
    shutil.rmtree(run.path("oof"), ignore_errors=True)
    for pattern in ("folds/*/*.safetensors", "folds/*/*.ckpt"):
        for path in run.folder.glob(pattern):
            path.unlink()
    for path in run.folder.glob("folds/*/tensorboard"):
        shutil.rmtree(path)


__all__ = ["TrialWork", "clear", "hand_over", "pooled", "share", "with_folds"]
