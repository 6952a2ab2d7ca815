"""The baseline: what a constant per site scores, learnt on the same folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from landseer.core.classes import IGNORE
from landseer.core.parallel import parallel_map
from landseer.feed.loader import make_batch
from landseer.feed.targets import (
    derive_targets,
    one_of,
    pick_targets,
)
from landseer.metrics.evaluation import Evaluation
from landseer.select.value_counts import Trial

MOST_PIXELS = 512
"""How many pixels of a sample tell its level."""

Known = dict[str, NDArray[np.float64]]
Reduce = Callable[..., NDArray[np.float64]]


def constant_counts(
    trial: Trial,
    positions: Sequence[int],
    folds: Sequence[int],
    sites: Sequence[str],
    *,
    middle: bool,
    workers: int | None = None,
) -> NDArray[np.float64]:
    """Count held-out samples as if each site's level in the other folds were predicted everywhere.

    Args:
        trial: targets and references; predictions are not read.
        positions: of the samples in the source.
        folds: the fold that held each out.
        sites: the site of each; a site that is in no other fold gets the level of all samples there.
        middle: take medians, which are best by absolute error, instead of means, which are best by squared error.
        workers: threads; None takes one per processor.

    Returns:
        (n, F) counts; class masks are not judged and count as class 0.

    Edges: levels are read off 512 pixels a sample, evenly spread; directions are averaged as vectors.
    """
    levels = list(
        parallel_map(partial(_level, trial=trial), positions, label="baseline", workers=workers)
    )
    reduce: Reduce = np.nanmedian if middle else np.nanmean
    constants = {
        key: _constant([levels[i] for i in _others(folds, sites, *key)], reduce)
        for key in sorted(set(zip(folds, sites, strict=True)))
    }
    jobs = [
        (position, constants[fold, site])
        for position, fold, site in zip(positions, folds, sites, strict=True)
    ]
    count = partial(_count, trial=trial, evaluation=trial.evaluation)
    return np.stack(list(parallel_map(count, jobs, label="baseline", workers=workers)))


def _others(folds: Sequence[int], sites: Sequence[str], fold: int, site: str) -> list[int]:
    """Return the samples of other folds on this site, of all sites where there is none."""
    outside = [i for i, other in enumerate(folds) if other != fold]
    outside = outside or list(range(len(folds)))
    return [i for i in outside if sites[i] == site] or outside


def _targets(position: int, trial: Trial) -> dict[str, Tensor]:
    """Read the targets of one sample as a batch of one."""
    batch = make_batch(trial.source, [position])
    targets = pick_targets(batch["targets"], trial.specs)
    return derive_targets(targets, trial.specs, trial.class_names)


def _level(position: int, trial: Trial) -> Known:
    """Return some known values of each target of a sample: (pixels,) or (1, n)."""
    found: Known = {}
    for name, values in one_of(_targets(position, trial), 0).items():
        if trial.quantities[name].kind == "mask":
            continue
        flat = np.asarray(values, np.float64)
        if trial.quantities[name].extent == "image":
            found[name] = flat.reshape(1, -1)
            continue
        if trial.quantities[name].fill == IGNORE:
            flat = np.where(flat == IGNORE, np.nan, flat)
        planes = flat.reshape(trial.quantities[name].n_outputs, -1).T
        known = planes[~np.isnan(planes).any(1)]
        found[name] = known[:: max(1, len(known) // MOST_PIXELS)]
    return found


def _constant(levels: Sequence[Known], reduce: Reduce) -> Known:
    """Return one value per target and output; NaN where nothing is known."""
    found: Known = {}
    for name in levels[0] if levels else ():
        known = np.concatenate([level[name] for level in levels])
        if not len(known):
            known = np.full((1, known.shape[1]), np.nan)
        nothing = np.isnan(known).all(axis=0)
        found[name] = np.where(nothing, np.nan, reduce(np.where(nothing, 0.0, known), axis=0))
    return found


def _count(
    job: tuple[int, Mapping[str, NDArray[np.float64]]], trial: Trial, evaluation: Evaluation
) -> NDArray[np.float64]:
    """Count one sample against constants."""
    position, constants = job
    truth = one_of(_targets(position, trial), 0)
    said: dict[str, NDArray[np.generic]] = {}
    for name, known in truth.items():
        if name not in constants:
            said[name] = np.zeros_like(known)
            continue
        planes = constants[name]
        values = planes[0] if len(planes) == 1 else planes.reshape(-1, *(1,) * (known.ndim - 1))
        said[name] = np.broadcast_to(values, known.shape)
    return evaluation.count(truth, said)
