"""Which pseudo-labels a round takes: sure ones, agreed ones, and some of every class."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landseer.errors import UsageError
from landseer.selftrain.confidence import Sureness
from landseer.selftrain.config import PickConfig


def pick(found: Sequence[Sureness], config: PickConfig) -> list[Sureness]:
    """Choose pseudo-labels.

    First go those that miss a threshold, then all but the surest `share`, of all together or of each class. Sureness
    is low entropy; equal ones stand by name.

    Args:
        found: every pseudo-label of one fold.
        config: thresholds and share.

    Returns:
        The chosen ones by name; of each class at least one where the share is of classes.

    Raises:
        UsageError: agreement is asked for, and nobody counted it.
    """
    if config.disagreement_at_most is not None and any(one.disagreement is None for one in found):
        raise UsageError(
            "expected two networks or more in each teacher, so that they can disagree; got one",
            where="selftrain.pick.disagreement_at_most",
            do="give train.seeds two or more, or leave the threshold out",
        )
    left = [one for one in found if _passes(one, config)]
    parts = _by_class(left, config.class_share) if config.balanced else [left]
    kept = [one for part in parts for one in _surest(part, config.share)]
    return sorted(kept, key=lambda one: one.sample)


def class_of(found: Sequence[Sureness], class_share: float) -> NDArray[np.int64]:
    """Return the class that each sample counts to: the rarest one that is there.

    Args:
        found: pseudo-labels.
        class_share: share of pixels from which on a class is there.

    Edges: rare means few pixels over all of them; of equally rare ones the lower number; where no class reaches the
        share the most frequent one of the sample.
    """
    if not found:
        return np.zeros(0, np.int64)
    counts = np.array([one.class_px for one in found])
    is_there = counts >= class_share * counts.sum(1, keepdims=True)
    rarity = np.where(is_there, counts.sum(0), np.iinfo(np.int64).max)
    return np.where(is_there.any(1), rarity.argmin(1), counts.argmax(1)).astype(np.int64)


def _passes(one: Sureness, config: PickConfig) -> bool:
    """Tell whether a pseudo-label reaches every threshold that is set."""
    if config.entropy_at_most is not None and one.entropy > config.entropy_at_most:
        return False
    if config.probability_at_least is not None and one.probability < config.probability_at_least:
        return False
    most = config.disagreement_at_most
    return most is None or one.disagreement is None or one.disagreement <= most


def _by_class(found: Sequence[Sureness], class_share: float) -> list[list[Sureness]]:
    """Deal pseudo-labels by their class."""
    numbers = class_of(found, class_share)
    return [
        [one for one, mine in zip(found, numbers, strict=True) if mine == number]
        for number in np.unique(numbers)
    ]


def _surest(found: Sequence[Sureness], share: float) -> list[Sureness]:
    """Return the share with the lowest entropy, one at least."""
    order = sorted(found, key=lambda one: (one.entropy, one.sample))
    return order[: math.ceil(share * len(order) - 1e-9)]
