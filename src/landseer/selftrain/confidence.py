"""How sure a pseudo-label is, and how far the networks behind it agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Probability = NDArray[np.float32]
"""(classes, h, w)."""


@dataclass(frozen=True, slots=True)
class Sureness:
    """What is known of one pseudo-label.

    Attributes:
        sample: its name.
        entropy: mean entropy of its pixels as a share of the greatest possible.
        probability: mean of the highest class probability.
        class_px: pixels whose likeliest class each is.
        disagreement: mean share of votes against the majority; None where nobody counted.
    """

    sample: str
    entropy: float
    probability: float
    class_px: tuple[int, ...]
    disagreement: float | None = None


def sureness(sample: str, probability: Probability, disagreement: float | None = None) -> Sureness:
    """Measure one pseudo-label.

    Formula: entropy = mean over pixels of -sum p ln p / ln(classes), 0 ln 0 = 0.

    Args:
        sample: its name.
        probability: (classes, h, w).
        disagreement: see `disagreement`.

    Edges: ties go to the lower class number.
    """
    p = probability.astype(np.float64)
    logs = np.log(p, where=p > 0, out=np.zeros_like(p))
    entropy = -(p * logs).sum(0).mean() / np.log(len(p))
    counts = np.bincount(probability.argmax(0).ravel(), minlength=len(p))
    return Sureness(
        sample, float(entropy), float(p.max(0).mean()), tuple(int(n) for n in counts), disagreement
    )


def disagreement(networks: Sequence[Probability]) -> float:
    """Average over pixels the share of networks whose likeliest class is not the most voted one.

    Args:
        networks: probabilities of each, two or more.
    """
    votes = np.stack([one.argmax(0) for one in networks])
    counts = np.stack([(votes == number).sum(0) for number in range(len(networks[0]))])
    return float(1 - (counts.max(0) / len(networks)).mean())
