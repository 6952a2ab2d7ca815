"""Connected components: who belongs together when some pairs do."""

from __future__ import annotations

from collections.abc import Iterable


def connected_components(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Name each sample's component after the smallest name in it.

    Every chain is followed to its end: A-B and B-C put A, B and C together, in whatever order the pairs come.

    Args:
        names: all samples; those in no pair stay alone.
        pairs: two names each; both must be among `names`.

    Returns:
        name -> smallest name of its component.

    Raises:
        KeyError: a pair has a name that is not among `names`.

    Source: own (union-find with path halving; Tarjan and van Leeuwen 1984, doi:10.1145/62.2160).
    """
    parent = {name: name for name in names}
    for one, other in pairs:
        low, high = sorted((_root(parent, one), _root(parent, other)))
        parent[high] = low
    return {name: _root(parent, name) for name in parent}


def _root(parent: dict[str, str], name: str) -> str:
    """Return the root of a name, shortening the way to it."""
    while parent[name] != name:
        parent[name] = parent[parent[name]]
        name = parent[name]
    return name
