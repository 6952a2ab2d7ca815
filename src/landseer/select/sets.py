"""Sets of out-of-fold predictions by name: which views were averaged, and which of a member's best epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from landseer.errors import UsageError
from landseer.quantities.views import parse_views
from landseer.select.config import SelectConfig

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PredictionSet:
    """What was averaged into one prediction.

    Attributes:
        views: name of the set of views; see `quantities.views`.
        first, count: which of the member's kept epochs, the very best being 0; count None takes all behind the first.
    """

    views: str
    first: int = 0
    count: int | None = None

    def of(self, epochs: Sequence[Item]) -> Sequence[Item]:
        """Take the set's epochs out of a member's; the last one where there are fewer."""
        first = min(self.first, len(epochs) - 1)
        return epochs[first:] if self.count is None else epochs[first : first + self.count]

    def cost(self, n_epochs: int = 1) -> float:
        """Return how many images of the original size go through a network for one prediction."""
        passes = sum(view.zoom**2 for view in parse_views(self.views))
        return passes * len(self.of(range(n_epochs)))


def parse_set(name: str) -> PredictionSet:
    """Read a name: `VIEWS`, `VIEWS+bestK` (the K best epochs), or `VIEWS+epochK` (the K-th best alone).

    Raises:
        UsageError: no such views, or something else behind the plus.
    """
    views, plus, epochs = name.partition("+")
    parse_views(views)
    if not plus:
        return PredictionSet(views)
    for word in ("best", "epoch"):
        number = epochs.removeprefix(word)
        if epochs.startswith(word) and number.isdecimal() and int(number):
            count = int(number)
            return (
                PredictionSet(views, 0, count)
                if word == "best"
                else PredictionSet(views, count - 1, 1)
            )
    raise UsageError(f"expected +bestK or +epochK behind a set of views; got {name!r}")


def candidate_sets(views: Sequence[str], config: SelectConfig, n_epochs: int) -> tuple[str, ...]:
    """List the sets that are predicted out of fold, the cheapest first.

    Args:
        views: sets of views without zooms of `select.scales`.
        config: recipe key `select`.
        n_epochs: how many epochs a member keeps.

    Returns:
        Names that `parse_set` reads. Greedy selection gets every scale and epoch alone, for it mixes them itself;
        otherwise scales come together, and epochs as the best one, the best two, and so on.
    """
    greedy = config.weights == "greedy"
    names = [name for one in views for name in (one, *_zoomed(one, config.scales, apart=greedy))]
    if config.checkpoints == "choose" and n_epochs > 1:
        names = [name for one in names for name in _by_epoch(one, n_epochs, apart=greedy)]
    unique = list(dict.fromkeys(names))
    if not config.scales and config.checkpoints == "all":
        return tuple(unique)
    return tuple(sorted(unique, key=lambda name: parse_set(name).cost(n_epochs)))


def _zoomed(views: str, scales: Sequence[float], *, apart: bool) -> list[str]:
    """Name a set of views at other scales."""
    others = [f"{scale:g}" for scale in dict.fromkeys(scales) if scale != 1]
    if not others or "@" in views:
        return []
    if apart:
        return [f"{views}@{scale}" for scale in others]
    return [f"{views}@{','.join(['1'] * (1.0 in scales) + others)}"]


def _by_epoch(views: str, n_epochs: int, *, apart: bool) -> list[str]:
    """Name a set of views by the epochs that take part."""
    if apart:
        return [f"{views}+epoch{number}" for number in range(1, n_epochs + 1)]
    return [*(f"{views}+best{number}" for number in range(1, n_epochs)), views]
