"""What each held-out sample adds to the scores of all targets, under each set of views, streamed from disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landseer.core.parallel import parallel_map
from landseer.feed.loader import make_batch
from landseer.feed.source import Source
from landseer.feed.targets import (
    as_judged,
    beside_targets,
    derive_grids,
    derive_targets,
    make_evaluation,
    one_of,
    pick_grids,
    pick_targets,
)
from landseer.metrics.evaluation import Evaluation
from landseer.models.targets import TargetSpec
from landseer.predict.oof import oof_path, read_oof, read_values
from landseer.quantities import ClassMask, Quantity, average

ALL_SEEDS = -1
"""Stands for the average of all seeds."""

Candidate = tuple[str, int]
"""A set of views, and a seed or `ALL_SEEDS`."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is judged.

    Attributes:
        source: labels and references of the samples; images are not read where it has no bands.
        specs: by target.
        quantities: by target.
        class_names: of the label's classes.
        oof: set of views -> seed -> folder of predictions.
    """

    source: Source
    specs: Mapping[str, TargetSpec]
    quantities: Mapping[str, Quantity]
    class_names: tuple[str, ...]
    oof: Mapping[str, Mapping[int, Path]]

    @property
    def evaluation(self) -> Evaluation:
        """What is counted and scored."""
        return make_evaluation(self.specs, self.class_names)

    @property
    def candidates(self) -> list[Candidate]:
        """Every set of views with each seed and with all of them."""
        return [
            (tta, seed)
            for tta, folders in self.oof.items()
            for seed in (*folders, *([ALL_SEEDS] if len(folders) > 1 else []))
        ]


def count_values(
    trial: Trial, positions: Sequence[int], *, workers: int | None = None
) -> dict[Candidate, NDArray[np.float64]]:
    """Count held-out samples under every candidate, reading ahead in threads; memory holds counts, never pixels.

    Args:
        trial: what is judged.
        positions: of the samples in the source.
        workers: threads; None takes one per processor.

    Returns:
        (n, F) by candidate; with a single seed that seed also stands for all.

    Raises:
        FileReadError: a prediction or a reference is missing or damaged.
        GridError: a reference has another size than its image.
    """
    evaluation = trial.evaluation
    rows = parallel_map(
        partial(_count, trial=trial, evaluation=evaluation),
        positions,
        label="select",
        workers=workers,
    )
    counts = np.stack(list(rows))
    found = {candidate: counts[:, number] for number, candidate in enumerate(trial.candidates)}
    for tta, folders in trial.oof.items():
        if len(folders) == 1:
            found[tta, ALL_SEEDS] = found[tta, next(iter(folders))]
    return found


def _count(position: int, trial: Trial, evaluation: Evaluation) -> NDArray[np.float64]:
    """Count one sample under every candidate: (candidates, F)."""
    batch = make_batch(trial.source, [position])
    targets = derive_targets(
        pick_targets(batch["targets"], trial.specs), trial.specs, trial.class_names
    )
    grids = derive_grids(pick_grids(batch["grids"], trial.specs), trial.specs)
    sample = batch["samples"][0]
    counts = []
    for folders in trial.oof.values():
        each = [read_seed(folder, sample, trial.quantities) for folder in folders.values()]
        if len(each) > 1:
            each.append(average_seeds(each, trial.quantities))
        for values in each:
            placed, known = beside_targets(values, targets, grids)
            judged = as_judged(trial.quantities, placed)
            counts.append(evaluation.count(one_of(known, 0), one_of(judged, 0)))
    return np.stack(counts)


def read_seed(folder: Path, sample: str, quantities: Mapping[str, Quantity]) -> dict[str, Tensor]:
    """Read one seed's prediction of a sample as a batch of one.

    Raises:
        FileReadError: a prediction is missing or damaged.
    """
    arrays = read_values(folder, sample, quantities)
    for name, quantity in quantities.items():
        if isinstance(quantity, ClassMask):
            arrays[name] = read_oof(oof_path(folder, sample))
    return {name: torch.from_numpy(array)[None] for name, array in arrays.items()}


def average_seeds(
    each: Sequence[Mapping[str, Tensor]], quantities: Mapping[str, Quantity]
) -> dict[str, Tensor]:
    """Average the seeds, each target as its quantity wants it."""
    return {
        name: average(quantity, [one[name] for one in each])
        for name, quantity in quantities.items()
    }
