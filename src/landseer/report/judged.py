"""What the members said of a sample that they never saw, put together as the fold was judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.predict.oof import oof_path, read_oof
from landseer.raster.label import read_label
from landseer.report.outcome import Outcome
from landseer.samples.schema import is_missing
from landseer.select.selection import FoldScore, MixPart, Selection
from landseer.select.way import Rule


@dataclass(frozen=True, slots=True)
class Judged:
    """One sample: probability (classes, h, w), decision and truth (h, w); truth None where there is no label."""

    probability: NDArray[np.float32]
    decision: NDArray[np.uint8]
    truth: NDArray[np.uint8] | None


def judge(outcome: Outcome, sample: str) -> Judged:
    """Read a sample's predictions and decide its pixels as it was judged.

    Raises:
        FileReadError: a prediction or the label is missing or damaged.
    """
    row = outcome.row(sample)
    probability, decision = judge_held_out(outcome.selection, outcome.oof, sample, int(row["fold"]))
    label = row["label"]
    truth = None if is_missing(label) else read_label(Path(label), outcome.classes)
    return Judged(probability, decision, truth)


@dataclass(frozen=True, slots=True)
class How:
    """How held-out samples are judged.

    Attributes:
        tta: the set of predictions.
        mix: what is mixed instead; empty: `tta` of all seeds.
        rule: how averages are decided, and votes where they are hard.
        member_threshold: by which each member votes where votes are hard.
        judge: the fold, or part of the only one, for which this was chosen on the others; None is the final choice.
    """

    tta: str
    mix: tuple[MixPart, ...]
    rule: Rule
    member_threshold: float | None
    judge: FoldScore | None


def how_judged(selection: Selection, sample: str, fold: int) -> How:
    """Return how a sample that a fold holds out is judged; by the final choice where selection did not judge it."""
    own = selection.judge_of(sample, fold)
    by = own or selection
    if selection.vote == "hard":
        threshold = selection.member_threshold if own is None else own.threshold
        return How(by.tta, by.mix, Rule(selection.threshold), threshold, own)
    return How(by.tta, by.mix, Rule(by.threshold, by.class_factors, by.class_thresholds), None, own)


def weight_in(how: How, selection: Selection, fold: int, seed: int) -> float:
    """Return what a member weighs: as much as the others of a fold that is judged, whose scores nobody knows but from
    this very fold; by the final choice what the model gives it; 0 when it is not among the members."""
    if how.judge is None:
        return selection.weight_of(fold, seed)
    return float(any((one.fold, one.seed) == (fold, seed) for one in selection.members))


def judge_held_out(
    selection: Selection, oof: Path, sample: str, fold: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Read a sample's out-of-fold predictions and decide its pixels as it was judged.

    Args:
        selection: what was chosen.
        oof: folder of out-of-fold predictions of the chosen symmetries and one seed; the others lie beside it.
        sample: its name.
        fold: the one that holds it out.

    Returns:
        (classes, h, w) probabilities and the (h, w) decision.

    Raises:
        FileReadError: a prediction is missing or damaged.
    """
    how = how_judged(selection, sample, fold)
    if how.mix:
        folders = [oof.parent.parent / part.tta / f"seed{part.seed}" for part in how.mix]
        shares = np.asarray([part.share for part in how.mix])
    else:
        folders = _folders(oof, sample, how.tta)
        weights = [weight_in(how, selection, fold, _seed(folder)) for folder in folders]
        shares = _shares(np.array(weights, np.float64))
    seeds = np.stack([read_oof(oof_path(folder, sample)) for folder in folders])
    probability = np.tensordot(shares, seeds, axes=1).astype(np.float32)
    if selection.vote == "soft":
        return probability, how.rule.decide(probability)
    votes = [Rule(how.member_threshold).decide(one) for one in seeds]
    return probability, _vote(votes, shares, len(probability))


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each seed's share; equal ones where none weighs anything."""
    return weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))


def _vote(
    decisions: Sequence[NDArray[np.uint8]], shares: NDArray[np.float64], n_classes: int
) -> NDArray[np.uint8]:
    """Take the class with most votes; a tie of two classes goes to class 1, as selection counts it."""
    votes = np.stack(
        [
            np.tensordot(shares, np.stack([d == c for d in decisions]), axes=1)
            for c in range(n_classes)
        ]
    )
    if n_classes == 2:
        return (votes[1] >= 0.5 - 1e-6).astype(np.uint8)
    return votes.argmax(axis=0).astype(np.uint8)


def _folders(oof: Path, sample: str, tta: str) -> list[Path]:
    """Return the folders of all seeds that have this sample; else the one that is named."""
    beside = oof.parent.parent / tta
    found = [f for f in sorted(beside.glob("seed*")) if oof_path(f, sample).is_file()]
    return found or [oof]


def _seed(folder: Path) -> int:
    """Read the seed from a folder's name; -1 where it has none."""
    digits = folder.name.removeprefix("seed")
    return int(digits) if digits.isdecimal() else -1
