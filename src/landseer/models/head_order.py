"""In which order heads answer: those that read others' answers after them. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from landseer.errors import UsageError
from landseer.models.heads_config import HeadConfig, Upsample


def head_order(heads: Mapping[str, HeadConfig]) -> tuple[str, ...]:
    """Sort the targets of a network so that each comes after those it needs.

    Args:
        heads: configuration by target name.

    Returns:
        The target names; those that need nothing keep their order.

    Raises:
        UsageError: no heads, a head needs a target that is not there or of the wrong kind, or heads need each other
            in a circle.
    """
    if not heads:
        raise UsageError("expected a network with at least one target; got none", where="targets")
    for name, head in heads.items():
        _check_name(name)
        _check_needs(name, head, heads)
    try:
        return tuple(TopologicalSorter({n: head.needs for n, head in heads.items()}).static_order())
    except CycleError as error:
        circle = " needs ".join(reversed(error.args[1]))
        raise UsageError(
            f"expected heads that can answer one after another; got a circle: {circle}",
            where="targets",
        ) from error


def _check_name(name: str) -> None:
    """Refuse names that cannot be part of a weight's key."""
    if not name or "." in name:
        raise UsageError(f"expected a target name without dots; got {name!r}", where="targets")


def _check_needs(name: str, head: HeadConfig, heads: Mapping[str, HeadConfig]) -> None:
    """Refuse a need for a target that is not there, or that cannot give what is needed."""
    for need in head.needs:
        if need not in heads:
            raise UsageError(
                f"expected one of the targets {', '.join(heads)}; got {need!r}",
                where=f"head {head.kind} of target {name}",
            )
        other = heads[need]
        if other.extent != "dense":
            raise UsageError(
                f"expected a target with a value at each pixel; {need} has the head {other.kind}",
                where=f"head {head.kind} of target {name}",
            )
        if isinstance(head, Upsample) and not _has_features(other):
            raise UsageError(
                f"expected a target whose head is upsample, with features of its own; got {need}",
                where=f"features_of of target {name}",
            )


def _has_features(head: HeadConfig) -> bool:
    """Return whether a head upsamples features that another may share."""
    return isinstance(head, Upsample) and head.features_of is None
