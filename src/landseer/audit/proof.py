"""Proof: what is found when a proposed pair is registered, and when that is enough."""

from __future__ import annotations

from dataclasses import dataclass

from landseer.audit.register import Agreement
from landseer.audit.settings import SamePlaceConfig


@dataclass(frozen=True, slots=True)
class Match:
    """Two samples (positions a < b) that show the same place, and how well they agree."""

    a: int
    b: int
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Matching:
    """What was found, and what was not looked at.

    Attributes:
        matches: the pairs, sorted.
        blank: positions of the samples without any detail, which can match nothing.
        n_proposed: pairs proposed, after the cap of candidates per sample.
        n_cut: proposals left out by the caps per sample: of proposals, and of proofs that fail.
        n_joined: proposals left unproved because other pairs join their samples already.
        n_uncompared: comparisons of landmarks left out because too many look alike.
    """

    matches: list[Match]
    blank: list[int]
    n_proposed: int = 0
    n_cut: int = 0
    n_joined: int = 0
    n_uncompared: int = 0


def is_proof(found: Agreement, config: SamePlaceConfig, asked: float) -> bool:
    """Tell whether an agreement is large, strong and significant enough.

    Args:
        found: what registration measured.
        config: how much agreement is asked for.
        asked: least significance, from `register.least_significance`.
    """
    return (
        found.overlap >= config.min_overlap
        and found.agreement >= config.min_agreement
        and found.significance >= asked
    )
