"""What a model folder of trees holds, how fast it is, and what is known of how good it is."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from landseer.models.tree_files import Scorer
from landseer.select.estimate import Estimate
from landseer.trees.config import Deliver, ModelName, TreesConfig

_TIMED_PX = 1 << 16
_TIMES = 3


class Aside(BaseModel):
    """Both models on the samples that the split put aside, which neither ever saw."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    n_samples: int
    """Samples."""
    n_groups: int
    """Groups among them."""
    folds: float | None
    """Score of the average of the folds' boosters."""
    refit: float | None
    """Score of the one that was refitted."""
    difference: Estimate
    """The second less the first, with its interval over groups."""


class Delivered(BaseModel):
    """What the model folder holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    deliver: Deliver
    """`refit` or `folds`."""
    members: int
    """Boosters in the folder."""
    rounds: int
    """Rounds of all of them together, or trees of forests."""
    px_s: float
    """Pixels that the trees alone answer in a second of one processor, of those of the table."""
    times_faster: float | None = None
    """How many times as fast as the folds' boosters, of which every one is asked; null where those are delivered."""
    aside: Aside | None = None
    """Both on what the split put aside; null where it put nothing aside or the folds' boosters are delivered."""


def refit_rounds(rounds: Sequence[int]) -> int:
    """Return how many rounds are grown on the samples of all folds: the median of the folds'."""
    return max(1, round(statistics.median(rounds)))


def refit_config(config: TreesConfig, name: ModelName, rounds: int) -> TreesConfig:
    """Return the settings of trees that are grown for so many rounds, without an inner part.

    Edges: a forest has the trees of the recipe, whatever `rounds`.
    """
    own = getattr(config, name)
    if name != "forest":
        own = own.model_copy(update={"rounds": rounds})
    return config.model_copy(update={name: own, "early_stop": None})


def pixels_a_second(
    shapes: Sequence[Sequence[Scorer]], channels: NDArray[np.float32]
) -> list[float]:
    """Measure how many pixels each of several models answers in a second of one processor, whatever else it does.

    Args:
        shapes: the boosters of each model, of which every one is asked about every pixel.
        channels: (n, f) of some pixels; they are repeated until there are 65,536.

    Returns:
        The fastest of three times each, which take turns.
    """
    x_nf = np.resize(channels, (_TIMED_PX, channels.shape[1]))
    best = [float("inf")] * len(shapes)
    for _ in range(_TIMES):
        for place, scorers in enumerate(shapes):
            started = time.thread_time()
            for scorer in scorers:
                scorer(x_nf, 1)
            best[place] = min(best[place], time.thread_time() - started)
    return [_TIMED_PX / seconds for seconds in best]


def delivered_words(found: Delivered, name: str, metric: str) -> str:
    """Say what the model folder holds, and whose score is known.

    Args:
        found: what it holds.
        name: the kind of trees.
        metric: the score that decides.
    """
    speed = f"{found.px_s / 1e6:.2f} M pixels a second of one processor, trees alone"
    if found.deliver == "folds":
        return f"Model: the {found.members} {name} models of the folds, averaged; {speed}."
    grown = "" if name == "forest" else f", {found.rounds} rounds, the median of the folds'"
    faster = "" if found.times_faster is None else f", {found.times_faster:.1f} times as fast"
    text = (
        f"Model: one {name} model refitted on the training samples of all folds{grown}; {speed}{faster} as the average "
        "of the folds' models. The score above is that of the folds' models."
    )
    return f"{text} {_of_aside(found.aside, metric)}"


def _of_aside(aside: Aside | None, metric: str) -> str:
    """Say how the refitted model did on what was put aside."""
    if aside is None:
        return "The refitted one is not judged: that would take samples that the split puts aside (`split.holdout`)."
    figures = (
        f"On {aside.n_samples:,} samples of {aside.n_groups:,} places that the split put aside, {metric} is "
        f"{_number(aside.refit)} refitted and {_number(aside.folds)} averaged"
    )
    gain = aside.difference
    if gain.value is None or gain.low is None or gain.high is None:
        return f"{figures}."
    return f"{figures}, a difference of {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})."


def _number(value: float | None) -> str:
    """Write a score."""
    return "undefined" if value is None else f"{value:.3f}"


def as_scores(scores: dict[str, Any], aside: Aside | None) -> dict[str, Any]:
    """Say in a model's scores that they are those of the folds' models, and what the refitted one scored aside."""
    own = {"of": "the models of the folds, not the refitted one that is delivered"}
    return scores | own | ({} if aside is None else {"aside": aside.model_dump(mode="json")})
