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
    """Read a sample's predictions and decide its pixels at the threshold that judged its fold.

    Raises:
        FileReadError: a prediction or the label is missing or damaged.

    Edges: as of `judging`.
    """
    row = outcome.row(sample)
    probability, decision = judge_held_out(outcome.selection, outcome.oof, sample, int(row["fold"]))
    label = row["label"]
    truth = None if is_missing(label) else read_label(Path(label), outcome.classes)
    return Judged(probability, decision, truth)


def judging(selection: Selection, fold: int) -> tuple[str, float | None]:
    """Return the symmetries and the threshold by which a fold is judged.

    Edges: the fold's own, chosen on the others, where there are several; those of the final choice otherwise.
    """
    own = _own_judge(selection, fold)
    return own.tta, own.threshold


def mix_of(selection: Selection, fold: int) -> tuple[MixPart, ...]:
    """Return what is mixed for a fold, chosen on the others; empty: one set of predictions."""
    return _own_judge(selection, fold).mix


def rule_of(selection: Selection, fold: int) -> Rule:
    """Return how a fold's pixels are decided; edges as of `judging`."""
    own = _own_judge(selection, fold)
    return Rule(own.threshold, own.class_factors, own.class_thresholds)


def _own_judge(selection: Selection, fold: int) -> FoldScore | Selection:
    """Return how a fold was judged; the final choice where there is but one."""
    judges = {one.fold: one for one in selection.folds}
    own = judges.get(fold) if len(selection.folds) > 1 else None
    if own is not None and own.fold in {member.fold for member in selection.members}:
        return own
    return selection


def judge_held_out(
    selection: Selection, oof: Path, sample: str, fold: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Read a sample's out-of-fold predictions and decide its pixels as its fold was judged.

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
    tta, threshold = judging(selection, fold)
    mix = mix_of(selection, fold)
    if mix:
        folders = [oof.parent.parent / part.tta / f"seed{part.seed}" for part in mix]
        shares = np.asarray([part.share for part in mix])
    else:
        folders = _folders(oof, sample, tta)
        shares = _shares(selection, fold, folders)
    seeds = np.stack([read_oof(oof_path(folder, sample)) for folder in folders])
    probability = np.tensordot(shares, seeds, axes=1).astype(np.float32)
    decision = rule_of(selection, fold).decide(probability)
    if selection.vote == "hard" and len(seeds) > 1:
        decision = _vote([decide(one, threshold) for one in seeds], shares, len(probability))
    return probability, decision


def decide(probability: NDArray[np.float32], threshold: float | None) -> NDArray[np.uint8]:
    """Choose a class per pixel of (classes, h, w) probabilities, as selection does."""
    return Rule(threshold).decide(probability)


def _shares(selection: Selection, fold: int, folders: Sequence[Path]) -> NDArray[np.float64]:
    """Return each seed's share, as the fold was judged; equal ones where none has any."""
    weights = np.array([selection.judged_weight(fold, _seed(f)) for f in folders], np.float64)
    return weights / weights.sum() if weights.sum() > 0 else np.full(len(folders), 1 / len(folders))


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
