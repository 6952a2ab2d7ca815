"""What each sample adds to each candidate's confusion matrix, streamed from disk."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import UNKNOWN, ClassTable
from landseer.core.parallel import parallel_map
from landseer.errors import GridError, LabelError
from landseer.predict.oof import read_oof
from landseer.raster.label import read_label
from landseer.raster.read import read_bands

_FULL = 65535
_TOLERANCE = 1e-6

Option = float | None
"""A threshold on class 1, or None for the class of the greatest probability."""

Shares = tuple[float, ...]
"""One share per seed, summing to 1."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One sample to be scored: its label and one prediction per seed."""

    sample: str
    label: Path
    predictions: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What is counted: every share of the seeds at every option.

    Attributes:
        classes: the class table; thresholds need two classes.
        shares: ways to weigh the seeds.
        options: ways to decide a pixel.
        hard: whether seeds vote with decisions.
    """

    classes: ClassTable
    shares: tuple[Shares, ...]
    options: tuple[Option, ...]
    hard: bool = False


def count_samples(
    samples: Sequence[Scored], trial: Trial, *, label: str = "select", workers: int | None = None
) -> Iterator[NDArray[np.int64]]:
    """Yield each sample's counts in order, reading ahead in threads; see `count_sample`."""
    yield from parallel_map(
        partial(count_sample, trial=trial), samples, label=label, workers=workers
    )


def count_sample(scored: Scored, trial: Trial) -> NDArray[np.int64]:
    """Count one sample's pixels by truth and decision.

    Returns:
        (shares, options, C, C) int64, rows truth, columns decision; ignored pixels do not count.

    Raises:
        FileReadError: a file is missing or damaged.
        GridError: a prediction has another size than the label.
        LabelError: the label has values that the class table does not list.
    """
    truth = _read_truth(scored, trial.classes)
    counted = truth < len(trial.classes)
    if len(trial.classes) == 2:
        raw = [_checked(read_bands(path), truth, path)[0] for path in scored.predictions]
        foreground = np.stack([band[counted] for band in raw]).astype(np.uint16, copy=False)
        return _count_two(foreground, truth[counted], trial)
    read = [_checked(read_oof(path), truth, path) for path in scored.predictions]
    return _count_many(np.stack([p[:, counted] for p in read]), truth[counted], trial)


def read_scored(
    scored: Scored, classes: ClassTable
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Read the labelled pixels of one sample: (n,) class numbers, (predictions, C - 1, n) 16-bit probabilities.

    Raises:
        FileReadError, GridError, LabelError: as of `count_sample`.
    """
    truth = _read_truth(scored, classes)
    counted = truth < len(classes)
    read = [_checked(read_bands(path), truth, path)[:, counted] for path in scored.predictions]
    return truth[counted], np.stack(read).astype(np.uint16, copy=False)


def _read_truth(scored: Scored, classes: ClassTable) -> NDArray[np.uint8]:
    """Read a label whose values are all known."""
    truth = read_label(scored.label, classes)
    if (truth == UNKNOWN).any():
        raise LabelError(
            "expected a label whose values are all in the class table",
            where=scored.label,
            do="exclude the sample, as `landseer audit` does",
        )
    return truth


def cut(option: Option) -> int:
    """Return the least 16-bit probability that decides for class 1."""
    return _FULL // 2 + 1 if option is None else math.ceil(option * _FULL - _TOLERANCE)


def _checked(
    prediction: NDArray[np.generic], truth: NDArray[np.uint8], path: Path
) -> NDArray[np.generic]:
    """Return a prediction that has the label's size."""
    if prediction.shape[1:] != truth.shape:
        raise GridError(
            f"expected a prediction of {truth.shape} pixels; got {prediction.shape[1:]}", where=path
        )
    return prediction


def _count_two(
    foreground: NDArray[np.uint16], truth: NDArray[np.uint8], trial: Trial
) -> NDArray[np.int64]:
    """Count two classes: (seeds, pixels) uint16 against (pixels,) truth."""
    counts = np.empty((len(trial.shares), len(trial.options), 2, 2), np.int64)
    cuts = [cut(option) for option in trial.options]
    for i, shares in enumerate(trial.shares):
        if trial.hard and sum(share > 0 for share in shares) > 1:
            for j, least in enumerate(cuts):
                votes = np.asarray(shares) @ (foreground >= least)
                counts[i, j] = _matrix(votes >= 0.5 - _TOLERANCE, truth, 2)
        else:
            counts[i] = _from_histogram(_mix(foreground, shares), truth, cuts)
    return counts


def _mix(foreground: NDArray[np.uint16], shares: Shares) -> NDArray[np.int64]:
    """Average the seeds, rounded to 16 bits again."""
    if 1.0 in shares:
        return foreground[shares.index(1.0)].astype(np.int64)
    return np.rint(np.asarray(shares) @ foreground).astype(np.int64)


def _from_histogram(
    values: NDArray[np.int64], truth: NDArray[np.uint8], cuts: Sequence[int]
) -> NDArray[np.int64]:
    """Count at every cut from one histogram of the 16-bit values per class: (cuts, 2, 2)."""
    histogram = np.bincount(values + truth * np.int64(_FULL + 1), minlength=2 * (_FULL + 1))
    below = np.zeros((2, _FULL + 3), np.int64)
    below[:, 1:-1] = histogram.reshape(2, _FULL + 1).cumsum(1)
    below[:, -1] = below[:, -2]
    negative = below[:, list(cuts)].T
    return np.stack([negative, below[:, -1] - negative], axis=2)


def _count_many(
    probability: NDArray[np.float32], truth: NDArray[np.uint8], trial: Trial
) -> NDArray[np.int64]:
    """Count any number of classes by the greatest probability: (seeds, C, pixels) against (pixels,) truth."""
    n_classes = len(trial.classes)
    counts = np.empty((len(trial.shares), len(trial.options), n_classes, n_classes), np.int64)
    votes = probability
    if trial.hard:
        votes = np.eye(n_classes, dtype=np.float32)[probability.argmax(1)].transpose(0, 2, 1)
    for i, shares in enumerate(trial.shares):
        decided = np.tensordot(np.asarray(shares, np.float32), votes, axes=1).argmax(0)
        counts[i] = _matrix(decided, truth, n_classes)
    return counts


def _matrix(
    decided: NDArray[np.generic], truth: NDArray[np.uint8], n_classes: int
) -> NDArray[np.int64]:
    """Count (truth, decision) pairs."""
    pairs = truth.astype(np.int64) * n_classes + decided.astype(np.int64)
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)
