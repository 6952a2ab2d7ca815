"""Parts: what a splitter decides for each sample: where it is held out, and which folds it must not train."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TRAIN_ONLY = -1
HOLDOUT = -2
UNUSED = -3

Folds = NDArray[np.int64]
Bars = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A split of n samples into folds.

    Attributes:
        fold: (n,) the fold that holds each sample out, from 0; -1 trained on only, -2 put aside, -3 not used, because
            it is too near to what is put aside.
        barred: (n, n_folds) True where a sample must not train a fold, besides the one that holds it out.
        blocks: name of each sample's block of ground, where there are blocks.
    """

    fold: Folds
    barred: Bars
    blocks: tuple[str, ...] | None = None


def unbarred(fold: Folds) -> Parts:
    """Make parts of which every sample trains every fold but its own."""
    n_folds = int(fold.max(initial=-1)) + 1
    return Parts(fold, np.zeros((len(fold), n_folds), bool))


def spread_inner(whole: Parts, inner: Parts, rows: NDArray[np.intp], outer: int) -> Parts:
    """Put the split of some samples back among all of them, with one outer fold put aside.

    Args:
        whole: the outer split of all samples.
        inner: the inner split of the samples at `rows`.
        rows: their positions.
        outer: the outer fold that is put aside.

    Returns:
        Parts of all samples: those at `rows` as in `inner`, the outer fold's put aside, all others not used.
    """
    fold = np.where(whole.fold == outer, HOLDOUT, UNUSED).astype(np.int64)
    fold[rows] = inner.fold
    barred = np.zeros((len(fold), inner.barred.shape[1]), bool)
    barred[rows] = inner.barred
    blocks = whole.blocks
    if blocks is not None and inner.blocks is not None:
        named = list(blocks)
        for row, name in zip(rows, inner.blocks, strict=True):
            named[row] = name
        blocks = tuple(named)
    return Parts(fold, barred, blocks)
