"""What trees score beside the network, as `trees/trees.json` holds it, and what that says."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from landseer.core.files import write_json
from landseer.select.estimate import Estimate, read_result
from landseer.trees.delivered import Delivered, delivered_words

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Kind(BaseModel):
    """One kind of trees."""

    model_config = _FROZEN

    name: str
    """`xgboost`, `lightgbm` or `forest`."""
    score: Estimate
    """Cross-fitted on every pixel of the held-out samples."""
    scores: dict[str, float | None]
    """All scores, pooled."""
    threshold: float | None
    """The threshold that the model takes; null is the greatest probability."""
    rounds: tuple[int, ...]
    """Rounds of each fold's trees, or trees of the forest."""
    train_s: float
    """Seconds of training, all folds."""
    oof_px_s: float | None
    """Held-out pixels predicted a second, reading and writing included; null where there are none."""
    network_gain: Estimate | None
    """The network's score less this one's on the samples that both held out; null where there is no network."""
    groups_better: int | None
    """Groups in which the network is better."""
    groups_worse: int | None
    """Groups in which it is worse."""


class Compared(BaseModel):
    """Everything that was found."""

    model_config = _FROZEN

    metric: str
    """The score that decides."""
    level: float
    """Coverage of the intervals."""
    network: Estimate | None
    """The network's cross-fitted score on the samples that both held out; null where none was trained."""
    kinds: tuple[Kind, ...]
    """Each kind of trees."""
    best: str
    """The kind with the best score; `trees/model` is of this kind."""
    n_samples: int
    """Samples judged."""
    n_groups: int
    """Groups among them."""
    table_px: int
    """Pixels in the table."""
    table_px_by_class: dict[str, int]
    """The same by class."""
    all_px_by_class: dict[str, float]
    """How many pixels those stand for."""
    channels: tuple[str, ...]
    """What the trees saw."""
    delivered: Delivered | None = None
    """What the model folder holds; null in files of earlier versions."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def kind(self, name: str) -> Kind:
        """Return one kind."""
        return next(kind for kind in self.kinds if kind.name == name)

    def write(self, path: Path) -> None:
        """Write `trees.json`.

        Raises:
            WriteError: the file cannot be written.
        """
        write_json(path, self.model_dump(mode="json"))


def read_compared(path: Path) -> Compared:
    """Read `trees.json`.

    Raises:
        FileReadError: the file is missing or is none of these.
    """
    return read_result(path, Compared, "what trees scored", "landseer trees")


def verdict(found: Compared) -> str:
    """Say in one sentence whether the network is worth it here."""
    best = found.kind(found.best)
    trees = f"the best trees ({best.name}) {_figure(best.score)}"
    if found.network is None or best.network_gain is None:
        return (
            f"{_first_upper(trees)} ({found.metric}); no network of this run is there to compare."
        )
    gain = best.network_gain
    scores = f"{found.metric}: the network {_figure(found.network)}, {trees}"
    if gain.value is None or gain.low is None or gain.high is None:
        return f"{scores}; too few places to say whether the difference is chance."
    ends = (
        f"{gain.value:+.3f} ({found.level:.0%} interval {gain.low:+.3f} to {gain.high:+.3f} over "
        f"{found.n_groups:,} places)"
    )
    if not gain.is_clear:
        return f"{scores}; the difference of {ends} may be chance: the network has not shown that it is worth it here."
    if gain.value > 0:
        return f"{scores}; the network brings {ends}: it is worth it here."
    return f"{scores}; the network loses {ends}: it is not worth it here."


def delivered_sentence(found: Compared) -> str:
    """Say what the model folder holds, how fast it is, and whose score is known; nothing where that was not noted."""
    if found.delivered is None:
        return ""
    return delivered_words(found.delivered, found.best, found.metric)


def _figure(figure: Estimate) -> str:
    """Write a score."""
    return "undefined" if figure.value is None else f"{figure.value:.3f}"


def _first_upper(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]
