"""What the model says of samples that hold nothing: wrong, surely right, or neither."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.core.files import atomic_path
from landseer.selftrain.config import MineConfig

Verdict = Literal["wrong", "sure", "unsure"]

COLUMNS = ("sample", "fold", "verdict", "wrong_px", "wrong_share", "highest", "mean", "said_by")
"""Of `mine/mined.csv`."""


@dataclass(frozen=True, slots=True)
class Mined:
    """One empty sample under the members of one fold.

    Attributes:
        sample: its name.
        fold: the fold of the members that judged it.
        verdict: whether they are wrong about it.
        wrong_px: pixels that they give another class than the first.
        wrong_share: of its pixels.
        highest, mean: over its pixels, the probability of all classes but the first.
        said_by: who says that it is empty: `label` or `user`.
    """

    sample: str
    fold: int
    verdict: Verdict
    wrong_px: int
    wrong_share: float
    highest: float
    mean: float
    said_by: Literal["label", "user"]

    @property
    def is_declared(self) -> bool:
        """Whether the user says that it is empty, for it has no label."""
        return self.said_by == "user"


def judge_empty(
    sample: str,
    fold: int,
    probability: NDArray[np.float32],
    decision: NDArray[np.uint8],
    truth: NDArray[np.uint8] | None,
    config: MineConfig,
) -> Mined:
    """Judge what was predicted of a sample that holds nothing but the first class.

    Args:
        sample: its name.
        fold: of the members that predicted it.
        probability: (classes, h, w).
        decision: (h, w) class numbers.
        truth: (h, w) label, of which pixels that are not known do not count; None counts all.
        config: from where on a sample is wrong or sure.

    Edges: without a pixel that counts it is neither.
    """
    counts = np.ones(decision.shape, bool) if truth is None else truth != IGNORE
    others = (1 - probability[0])[counts]
    wrong_px = int(((decision > 0) & counts).sum())
    highest = float(others.max(initial=0.0))
    verdict: Verdict = "unsure"
    if wrong_px >= config.wrong_at_least_px:
        verdict = "wrong"
    elif others.size and highest < config.sure_below:
        verdict = "sure"
    n_px = max(int(counts.sum()), 1)
    mean = float(others.sum() / n_px)
    said_by: Literal["label", "user"] = "user" if truth is None else "label"
    return Mined(sample, fold, verdict, wrong_px, wrong_px / n_px, highest, mean, said_by)


def ranked(found: Sequence[Mined]) -> list[Mined]:
    """Order samples, those that the model is most wrong about first."""
    return sorted(found, key=lambda one: (-one.wrong_px, -one.highest, one.sample, one.fold))


def factor_of(one: Mined, config: MineConfig) -> float:
    """Return the factor on the sampler's weight."""
    return {"wrong": config.wrong_factor, "sure": config.sure_factor, "unsure": 1.0}[one.verdict]


def write_mined(found: Sequence[Mined], path: Path) -> None:
    """Write `mined.csv`, the worst first."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in ranked(found):
            figures = (f"{value:.6f}" for value in (one.wrong_share, one.highest, one.mean))
            writer.writerow(
                (one.sample, one.fold, one.verdict, one.wrong_px, *figures, one.said_by)
            )
