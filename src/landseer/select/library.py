"""A sample of pixels under every prediction there is, to search on in memory that does not grow with the data.

Histograms cannot tell what the average of two predictions is; only pixels can. The draw is even over samples and,
within each, over its classes, so that rare classes are seen; each pixel carries for how many it stands, which makes
counts of the sample unbiased estimates of counts of all pixels. What is chosen on it is counted on all afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import ClassTable
from landseer.core.parallel import parallel_map
from landseer.core.seeds import generator
from landseer.errors import DataError
from landseer.select.counts import Scored, read_scored
from landseer.select.judged import Judged
from landseer.select.way import Column, scored_columns

_FULL = np.float32(65535)


@dataclass(frozen=True, slots=True)
class Library:
    """Pixels to search on.

    Attributes:
        truth: (n,) class numbers.
        said: (columns, C - 1, n) 16-bit probabilities.
        weight: (n,) for how many pixels each stands.
        sample: (n,) number of its sample.
    """

    truth: NDArray[np.uint8]
    said: NDArray[np.uint16]
    weight: NDArray[np.float64]
    sample: NDArray[np.int64]

    def where(self, is_mine: NDArray[np.bool_]) -> Library:
        """Take the pixels of some samples."""
        mine = is_mine[self.sample]
        return Library(
            self.truth[mine], self.said[:, :, mine], self.weight[mine], self.sample[mine]
        )

    def column(self, number: int) -> NDArray[np.float32]:
        """Return the probabilities of one column, (C - 1, n)."""
        return self.said[number].astype(np.float32) / _FULL


def draw_library(
    judged: Judged,
    columns: Sequence[Column],
    classes: ClassTable,
    n_pixels: int,
    *,
    seed: int = 0,
    workers: int | None = None,
) -> Library:
    """Draw pixels of all samples.

    Args:
        judged: the samples.
        columns: the predictions.
        classes: the class table.
        n_pixels: how many, about; at least one of each class in each sample.
        seed: root of the draw; a sample's name seeds its own.
        workers: threads that read.

    Raises:
        DataError: no labelled pixel.
    """
    each = max(1, n_pixels // max(1, len(judged.samples)))
    scored = scored_columns(judged, columns)
    draw = partial(_draw, classes=classes, n_pixels=each, seed=seed)
    drawn = list(parallel_map(draw, scored, label="draw pixels", workers=workers))
    sizes = [len(one.truth) for one in drawn]
    if not sum(sizes):
        raise DataError("expected labelled pixels to choose on; got none")
    return Library(
        np.concatenate([one.truth for one in drawn]),
        np.concatenate([one.said for one in drawn], axis=2),
        np.concatenate([one.weight for one in drawn]),
        np.repeat(np.arange(len(drawn)), sizes),
    )


def _draw(scored: Scored, classes: ClassTable, n_pixels: int, seed: int) -> Library:
    """Draw pixels of one sample."""
    truth, said = read_scored(scored, classes)
    rng = generator(seed, "library", scored.sample)
    counts = np.bincount(truth, minlength=len(classes))
    places, weights = [], []
    for number, count in zip(np.flatnonzero(counts), _shared(counts, n_pixels), strict=True):
        own = np.flatnonzero(truth == number)
        places.append(np.sort(rng.choice(own, count, replace=False)))
        weights.append(np.full(count, counts[number] / count))
    at = np.concatenate([*places, np.zeros(0, np.int64)]).astype(np.int64)
    weight = np.concatenate([*weights, np.zeros(0)])
    return Library(truth[at], said[:, :, at], weight, np.zeros(len(at), np.int64))


def _shared(counts: NDArray[np.int64], n_pixels: int) -> list[int]:
    """Share out the pixels to be drawn: evenly over the classes that are there, what one lacks goes to larger ones."""
    there = np.flatnonzero(counts)
    taken = np.zeros(len(counts), np.int64)
    left, open_classes = n_pixels, len(there)
    for number in there[np.argsort(counts[there], kind="stable")]:
        taken[number] = min(int(counts[number]), max(1, left // open_classes))
        left, open_classes = left - int(taken[number]), open_classes - 1
    return [int(taken[number]) for number in there]
