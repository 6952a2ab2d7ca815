"""Which samples an epoch draws, and in which order: a function of (seed, epoch), nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseer.core.seeds import generator


def draw_epoch(
    weights: NDArray[np.float64] | None,
    n_samples: int,
    n_draws: int | None,
    seed: int,
    epoch: int,
    *,
    independent: bool = False,
) -> NDArray[np.int64]:
    """Draw the positions that one epoch trains on.

    Args:
        weights: (n_samples,) importance of each sample, > 0; drawn in proportion. None goes through all samples in a
            random order.
        n_samples: how many samples there are.
        n_draws: samples per epoch; None takes `n_samples`.
        seed: the member's seed.
        epoch: counted from 0.
        independent: whether each draw is by itself, with replacement. Else each sample comes as often as its share of
            the draws says, rounded up or down, so that an epoch of equal weights leaves none out.

    Returns:
        (n_draws,) positions in [0, n_samples).

    Edges: without weights, more draws than samples go through all of them again, in a new order.
    Source: systematic sampling with unequal probabilities, Madow 1949, doi:10.1214/aoms/1177729988.
    """
    rng = generator(seed, "epoch", epoch)
    n_draws = n_samples if n_draws is None else n_draws
    if weights is not None and independent:
        return rng.choice(n_samples, size=n_draws, p=weights / weights.sum()).astype(np.int64)
    if weights is not None:
        order = rng.permutation(n_samples)
        ends = np.cumsum(weights[order])
        steps = (rng.random() + np.arange(n_draws)) / n_draws * ends[-1]
        places = np.searchsorted(ends, steps, side="right").clip(max=n_samples - 1)
        return rng.permutation(order[places]).astype(np.int64)
    rounds = [rng.permutation(n_samples) for _ in range(-(-n_draws // n_samples))]
    return np.concatenate(rounds)[:n_draws].astype(np.int64)


def count_draws(n_samples: int, n_soft: int, n_draws: int | None, mix: float) -> tuple[int, int]:
    """Tell how many draws of an epoch are labelled samples, and how many pseudo-labelled ones.

    Args:
        n_samples: how many labelled samples there are.
        n_soft: how many pseudo-labelled ones.
        n_draws: samples per epoch; None goes once through the labelled ones, with the others besides.
        mix: share of pseudo-labelled draws, in (0, 1).

    Edges: without pseudo-labels all draws are of labelled samples; one draw at least is of each kind otherwise.
    """
    if not n_soft:
        return n_draws or n_samples, 0
    if n_draws is None:
        return n_samples, max(1, round(n_samples * mix / (1 - mix)))
    soft = min(max(1, round(n_draws * mix)), n_draws - 1)
    return n_draws - soft, soft


def interleave(labelled: NDArray[np.int64], soft: NDArray[np.int64]) -> NDArray[np.int64]:
    """Spread pseudo-labelled draws evenly among labelled ones, each in its own order.

    Among any n draws in a row there are as many of a kind as its share of n, rounded down or up.

    Source: the line of Bresenham 1965, doi:10.1147/sj.41.0025.
    """
    total = len(labelled) + len(soft)
    steps = np.arange(total + 1, dtype=np.int64) * len(soft) // max(total, 1)
    is_soft = np.diff(steps) > 0
    result = np.empty(total, np.int64)
    result[is_soft], result[~is_soft] = soft, labelled
    return result
