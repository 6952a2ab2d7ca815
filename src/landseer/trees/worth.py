"""What each channel is worth to trees: how much worse they get on held-out pixels where it is shuffled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_softmax

from landseer.models.tree_files import Scorer
from landseer.trees.table import Block, PixelTable


def permutation_worth(
    scorer: Scorer, block: Block, sources: Sequence[str], random: np.random.Generator, threads: int
) -> dict[str, float]:
    """Return by how much the loss rises where a channel tells of another pixel.

    Args:
        scorer: the trees.
        block: pixels that they never saw.
        sources: for each column the channel of the recipe it is made of; columns of one source are shuffled together,
            or what is around a pixel would give away what was in it.
        random: what shuffles.
        threads: of the trees.

    Returns:
        By channel, the rise of the weighted mean of -log p(truth), in nats a pixel; it can be a little below zero.

    Edges: no pixels give no figures.

    Source: Breiman 2001, doi:10.1023/A:1010933404324; Fisher, Rudin and Dominici 2019, arXiv:1801.01489.
    """
    if not len(block.truth):
        return {}
    whole = weighted_loss(scorer(block.channels, threads), block)
    found = {}
    for name in dict.fromkeys(sources):
        columns = [place for place, source in enumerate(sources) if source == name]
        shuffled = block.channels.copy()
        order = random.permutation(len(shuffled))
        shuffled[:, columns] = block.channels[order][:, columns]
        found[name] = weighted_loss(scorer(shuffled, threads), block) - whole
    return found


def weighted_loss(logits_nc: NDArray[np.float32], block: Block) -> float:
    """Return the weighted mean of -log p(truth)."""
    said = log_softmax(logits_nc.astype(np.float64), axis=1)[
        np.arange(len(block.truth)), block.truth
    ]
    return float(-np.average(said, weights=block.weight))


def sample_block(
    table: PixelTable, wanted: NDArray[np.bool_], most: int, random: np.random.Generator
) -> Block:
    """Draw pixels of some samples, no more than `most`, each as likely as any other; memory holds a file and these.

    Args:
        table: the pixels.
        wanted: (samples,) bool, whose pixels.
        most: how many.
        random: what draws.
    """
    n = sum(table.counts(wanted).values())
    share = min(1.0, most / max(n, 1))
    drawn = [block.only(random.random(len(block.truth)) < share) for block in table.blocks(wanted)]
    drawn = drawn or [table.empty()]
    return Block(
        *(
            np.concatenate([getattr(block, name) for block in drawn])
            for name in ("samples", "truth", "weight", "channels")
        )
    )


def by_source(gain: NDArray[np.float64], sources: Sequence[str]) -> dict[str, float]:
    """Add up the gain of the columns that one channel of the recipe made."""
    return {
        name: float(sum(g for g, source in zip(gain, sources, strict=True) if source == name))
        for name in dict.fromkeys(sources)
    }


def importance_table(folds: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Average what was found in each fold.

    Args:
        folds: for each its `gain` and its `worth` by channel.

    Returns:
        A row a channel, the most important first: `channel`, `gain` (share of what splits brought), `worth` (rise of
        the loss in nats a pixel), `worth_low` and `worth_high` (least and most of the folds); NaN where nothing was
        shuffled.
    """
    gain = pd.DataFrame([fold["gain"] for fold in folds])
    worth = pd.DataFrame([fold["worth"] for fold in folds], columns=gain.columns, dtype=float)
    found = pd.DataFrame(
        {
            "channel": gain.columns,
            "gain": gain.mean().to_numpy(),
            "worth": worth.mean().to_numpy(),
            "worth_low": worth.min().to_numpy(),
            "worth_high": worth.max().to_numpy(),
        }
    )
    return found.sort_values(["worth", "gain"], ascending=False, ignore_index=True)
