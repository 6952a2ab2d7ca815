"""What the run reached: its score, what was chosen, and where it is good and bad."""

from __future__ import annotations

import numpy as np

from landseer.report.curves import comparisons_figure, folds_figure, threshold_figure
from landseer.report.examples import choose_examples
from landseer.report.outcome import Outcome
from landseer.report.parts import (
    Part,
    Section,
    beside,
    cards,
    chart,
    matrix,
    number,
    section,
    table,
)
from landseer.report.sheets import predictions_sheet

_PER_CLASS = ("dice", "iou", "precision", "recall")
_AVERAGED, _WHOLE = ("dice", "iou"), ("accuracy", "mcc")


def score_section(outcome: Outcome) -> Section:
    """Say how good the model is, and how that was counted."""
    selection = outcome.selection
    honest, optimistic = selection.crossfit, selection.optimistic
    parts: list[Part] = [
        cards(
            (number(honest.value), f"{selection.metric}, honest"),
            (
                f"{number(honest.low, 3)} to {number(honest.high, 3)}",
                f"{honest.level:.0%} interval",
            ),
            (number(optimistic.value), "chosen and judged on the same samples"),
            (f"{selection.n_samples:,}", "samples judged"),
            (f"{selection.n_groups:,}", "places among them"),
        ),
        beside(
            chart(
                folds_figure(selection),
                f"{selection.metric} of each fold",
                "Diamond and band: all folds pooled, with the interval.",
            ),
            _confusion(outcome),
        ),
        beside(_by_class(outcome), _overall(outcome)),
        _by_fold(outcome),
    ]
    if selection.notes:
        parts.append({"kind": "notes", "notes": selection.notes})
    return section(
        "score",
        "Score",
        "Every pixel below was predicted by members that never saw its place; whatever judges a fold "
        "was chosen on the other folds.",
        *parts,
    )


def choices_section(outcome: Outcome) -> Section:
    """Say what was chosen, from which curve, and what each choice is worth."""
    selection = outcome.selection
    charts = []
    if selection.curves:
        charts.append(
            chart(
                threshold_figure(selection),
                "Score at each threshold",
                "One line per set of flips and turns, all out-of-fold pixels pooled; the headline score "
                "never uses a threshold that saw its fold.",
            )
        )
    if selection.comparisons:
        charts.append(
            chart(
                comparisons_figure(selection),
                "What each choice is worth",
                "Paired differences with intervals over places. Grey: the interval holds zero.",
            )
        )
    facts = (
        ("threshold", "greatest probability" if selection.threshold is None else number(selection.threshold, 2)),
        ("flips and turns", selection.tta),
        ("vote", selection.vote),
    )  # fmt: skip
    weights = [[m.fold, m.seed, number(m.weight), number(m.score)] for m in selection.members]
    return section(
        "choices",
        "Choices",
        "Made on out-of-fold predictions, never on a test side.",
        cards(*((figure, what) for what, figure in facts)),
        *((beside(*charts),) if charts else ()),
        table(
            f"Weights of the {len(weights)} members",
            ["fold", "seed", "weight", "own score"],
            weights,
            folded=len(weights) > 12,
        ),
    )


def examples_section(outcome: Outcome) -> Section:
    """Show where the model is best and worst, and where it sees what is not there."""
    examples = choose_examples(outcome)
    enough = (
        f"Of samples with at least {examples.least_share:.1%} of their pixels in the truth; "
        if examples.least_share
        else ""
    )
    shown = (
        ("Worst", examples.worst, f"{enough}lowest score first.".capitalize()),
        ("Best", examples.best, f"{enough}highest score first.".capitalize()),
        (
            "Most false alarms on empty samples",
            examples.alarms,
            "Samples whose truth is empty, most wrongly found pixels first.",
        ),
    )
    parts = [
        predictions_sheet(outcome, title, chosen, examples, caption)
        for title, chosen, caption in shown
        if chosen
    ]
    lead = (
        "Predicted out of fold, decided as the fold was judged. Look before you believe a number."
    )
    return section("examples", "Best and worst", lead, *parts)


def _by_fold(outcome: Outcome) -> Part:
    """Make the table of folds."""
    selection = outcome.selection
    metric = selection.metric
    heads = [metric, *(name for name in ("iou_foreground", "accuracy") if name != metric)]
    rows = [
        [
            fold.fold, f"{fold.n_samples:,}", fold.tta,
            "greatest" if fold.threshold is None else number(fold.threshold, 2),
            *(number(fold.scores.get(name)) for name in heads),
        ]
        for fold in selection.folds
    ]  # fmt: skip
    names = ["fold", "samples", "flips and turns", "threshold", *heads]
    return table("By fold", names, rows, folded=len(rows) > 12)


def _by_class(outcome: Outcome) -> Part:
    """Make the table of classes."""
    scores = outcome.selection.scores
    rows = [
        [name, *(number(scores.get(f"{kind}_{name}")) for kind in _PER_CLASS)]
        for name in outcome.classes.names
    ]
    return table("By class, pooled over all pixels", ["class", *_PER_CLASS], rows)


def _overall(outcome: Outcome) -> Part:
    """Make the table of scores over all classes."""
    scores = outcome.selection.scores
    rows = [
        [kind, *(number(scores.get(f"{kind}_{over}")) for over in ("macro", "foreground"))]
        for kind in _AVERAGED
    ]
    rows += [[name, number(scores.get(name)), ""] for name in _WHOLE]
    return table("Over all classes", ["score", "all classes", "all but the first"], rows)


def _confusion(outcome: Outcome) -> Part:
    """Sum the members' confusion matrices and show them as one."""
    pooled = np.sum([np.asarray(m["matrix"], np.int64) for m in outcome.members], axis=0)
    return matrix(
        "Confusion, share of the truth and pixels",
        pooled,
        outcome.classes.names,
        "Members on their own held-out folds, without flips and turns, at the greatest probability.",
    )
