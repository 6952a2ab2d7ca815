"""Which pixels of a sample come into the table, and for how many others each of them stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from landseer.trees.config import PixelsConfig


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pixels of a sample.

    Attributes:
        places: (n,) int64, their positions in the sample read row by row, rising.
        weight: (n,) float32, how many pixels each stands for: 1 / the share of its kind that was drawn.
    """

    places: NDArray[np.int64]
    weight: NDArray[np.float32]


def draw_pixels(
    truth: NDArray[np.uint8],
    usable: NDArray[np.bool_],
    n_classes: int,
    config: PixelsConfig,
    random: np.random.Generator,
) -> Drawn:
    """Draw the pixels of one sample.

    Kinds are: each class but the first; the first class near another one (the buffer); the first class elsewhere (the
    rest). Of each kind so many are drawn as the configuration says, without replacement. The weights of a kind add up
    to the number of its pixels: a weighted sum over the table is an estimate, without bias, of the sum over all pixels,
    so that trees trained with these weights give probabilities that hold for whole images.

    Args:
        truth: (h, w) class numbers; what is not below `n_classes` is left out.
        usable: (h, w), where there are data.
        n_classes: number of classes.
        config: recipe key `trees.pixels`.
        random: what draws.

    Edges: a sample without any usable pixel of known class gives none; of a kind that has pixels at least one is drawn.
    """
    is_known = usable & (truth < n_classes)
    places, weights = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for there, n in _kinds(truth, is_known, n_classes, config):
        chosen = there if n == len(there) else random.choice(there, n, replace=False)
        places.append(chosen)
        weights.append(np.full(n, len(there) / max(n, 1), np.float32))
    joined, weight = np.concatenate(places), np.concatenate(weights)
    order = np.argsort(joined)
    return Drawn(joined[order], weight[order])


def _kinds(
    truth: NDArray[np.uint8], is_known: NDArray[np.bool_], n_classes: int, config: PixelsConfig
) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Yield the places of each kind, and how many of them are wanted."""
    for number in range(1, n_classes):
        there = np.flatnonzero(is_known & (truth == number))
        yield there, _at_most(len(there), len(there) * config.positives, config.most)
    first = is_known & (truth == 0)
    near = first & _within(is_known & (truth > 0), config.buffer_px)
    there = np.flatnonzero(near)
    yield there, _at_most(len(there), len(there), config.most)
    there = np.flatnonzero(first & ~near)
    share = config.rest_share
    wanted = config.rest_per_sample if share is None else len(there) * share
    yield there, _at_most(len(there), wanted, config.most)


def _at_most(n: int, wanted: float, most: int) -> int:
    """Round what is wanted: at least one where there is one, and no more than there are or may be."""
    return min(n, most, max(1, round(wanted)))


def _within(mask: NDArray[np.bool_], distance_px: int) -> NDArray[np.bool_]:
    """Return where a pixel of the mask is no farther away than this."""
    if distance_px == 0 or not mask.any():
        return np.zeros_like(mask)
    found: NDArray[np.bool_] = distance_transform_edt(~mask) <= distance_px
    return found
