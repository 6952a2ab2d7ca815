"""Held-out pixels to fit calibrators to, in memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from landseer.core.seeds import generator
from landseer.errors import DataError

_FULL = 65535


@dataclass(frozen=True, slots=True)
class Pixels:
    """Pixels to fit to.

    Attributes:
        truth: (n,) class numbers.
        said: (C, n) float64 probabilities.
        weight: (n,) for how many pixels each stands.
    """

    truth: NDArray[np.integer]
    said: NDArray[np.float64]
    weight: NDArray[np.float64]


class PixelStore(Protocol):
    """Takes pixels sample by sample."""

    def add(
        self,
        sample: str,
        truth: NDArray[np.uint8],
        said: NDArray[np.float32],
        weight: float = 1.0,
    ) -> None:
        """Take one sample's pixels: (n,) class numbers, (C, n) probabilities, and how much each counts."""

    def pixels(self) -> Pixels:
        """Return what was taken, or a part that stands for it."""


class Histogram:
    """All pixels of two classes: how often each 16-bit probability was said of each class. Exact."""

    def __init__(self) -> None:
        self._counts = np.zeros((2, _FULL + 1))

    def add(
        self,
        sample: str,
        truth: NDArray[np.uint8],
        said: NDArray[np.float32],
        weight: float = 1.0,
    ) -> None:
        """Count one sample's pixels."""
        places = np.rint(said[1] * np.float32(_FULL)).astype(np.int64) + np.int64(_FULL + 1) * truth
        counts = np.bincount(places, minlength=2 * (_FULL + 1))
        self._counts += weight * counts.reshape(2, -1)

    def pixels(self) -> Pixels:
        """Return each probability that was said, once per class, with its number of pixels as weight."""
        truth, steps = np.nonzero(self._counts)
        share = steps / _FULL
        return Pixels(truth, np.stack([1 - share, share]), self._counts[truth, steps])


class PixelSample:
    """Pixels of many samples, an even share of each, weighted so that together they stand for all.

    Args:
        n_pixels: kept of each sample, at most.
        seed: root of the draw; the same pixels come whatever the order of the samples.
    """

    def __init__(self, n_pixels: int = 4096, seed: int = 0) -> None:
        self._n, self._seed = n_pixels, seed
        self._kept: list[tuple[NDArray[np.uint8], NDArray[np.float32], float]] = []

    def add(
        self,
        sample: str,
        truth: NDArray[np.uint8],
        said: NDArray[np.float32],
        weight: float = 1.0,
    ) -> None:
        """Draw pixels of one sample; its name seeds the draw."""
        places = np.arange(len(truth))
        if len(truth) > self._n:
            rng = generator(self._seed, "calibrate", sample)
            places = np.sort(rng.choice(len(truth), self._n, replace=False))
        each = weight * len(truth) / max(len(places), 1)
        self._kept.append((truth[places], said[:, places], each))

    def pixels(self) -> Pixels:
        """Return the pixels that were drawn.

        Raises:
            DataError: no sample was added.
        """
        return merge(
            Pixels(truth, said.astype(np.float64), np.full(len(truth), weight))
            for truth, said, weight in self._kept
        )


def merge(parts: Iterable[Pixels]) -> Pixels:
    """Put pixels together.

    Raises:
        DataError: there are none to put together.
    """
    found = list(parts)
    if not found:
        raise DataError("expected held-out pixels to calibrate on; got none")
    return Pixels(
        np.concatenate([part.truth for part in found]),
        np.concatenate([part.said for part in found], axis=1),
        np.concatenate([part.weight for part in found]),
    )


def make_store(n_classes: int, n_samples: int, n_pixels: int, seed: int) -> PixelStore:
    """Return an empty store.

    Args:
        n_classes: two are counted exactly, of more a part is drawn.
        n_samples: how many samples will come, all stores together.
        n_pixels: about how many pixels all stores together keep.
        seed: root of the draw.
    """
    if n_classes == 2:
        return Histogram()
    return PixelSample(max(1, n_pixels // max(n_samples, 1)), seed)
