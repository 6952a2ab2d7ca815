"""Which samples an epoch draws, and in which order: a function of (seed, epoch), nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseer.core.seeds import generator


def draw_epoch(
    weights: NDArray[np.float64] | None, n_samples: int, n_draws: int | None, seed: int, epoch: int
) -> NDArray[np.int64]:
    """Draw the positions that one epoch trains on.

    Args:
        weights: (n_samples,) importance of each sample, > 0; drawn with replacement in proportion.
            None goes through all samples in a random order.
        n_samples: how many samples there are.
        n_draws: samples per epoch; None takes `n_samples`.
        seed: the member's seed.
        epoch: counted from 0.

    Returns:
        (n_draws,) positions in [0, n_samples).

    Edges: without weights, more draws than samples go through all of them again, in a new order.
    """
    rng = generator(seed, "epoch", epoch)
    n_draws = n_samples if n_draws is None else n_draws
    if weights is not None:
        return rng.choice(n_samples, size=n_draws, p=weights / weights.sum()).astype(np.int64)
    rounds = [rng.permutation(n_samples) for _ in range(-(-n_draws // n_samples))]
    return np.concatenate(rounds)[:n_draws].astype(np.int64)
