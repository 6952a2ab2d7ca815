"""What the run reached: its score, what was chosen, and where it is good and bad."""

from __future__ import annotations

import numpy as np

from landseer.models.targets import MASK
from landseer.report.choices import choice_charts, decision_text, mix_table, options_table
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
from landseer.report.value_scores import metric_unit, sites_chart, value_folds_table

_MANY = 12
_PER_CLASS = ("dice", "iou", "precision", "recall")
_AVERAGED, _WHOLE = ("dice", "iou"), ("accuracy", "mcc")


def score_section(outcome: Outcome) -> Section:
    """Say how good the model is, and how that was counted."""
    selection = outcome.selection
    honest, optimistic = selection.crossfit, selection.optimistic
    unit = f", {metric_unit(outcome)}" if metric_unit(outcome) else ""
    drawn = chart(
        folds_figure(selection),
        f"{selection.metric} of each fold",
        "Diamond and band: all folds pooled, with the interval.",
    )
    parts: list[Part] = [
        cards(
            (number(honest.value).replace("-", "−"), f"{selection.metric}{unit}, honest"),
            (
                f"{number(honest.low, 3)} to {number(honest.high, 3)}".replace("-", "−"),
                f"{honest.level:.0%} interval",
            ),
            (number(optimistic.value).replace("-", "−"), "chosen and judged on the same samples"),
            (f"{selection.n_samples:,}", "samples judged"),
            (f"{selection.n_groups:,}", "places among them"),
        ),
        *_score_parts(outcome, drawn),
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


def _score_parts(outcome: Outcome, drawn: Part) -> list[Part]:
    """Show the folds, and what the class mask scores, where there is one."""
    if outcome.mask is None:
        return [beside(drawn, *sites_chart(outcome)), value_folds_table(outcome)]
    shown: list[Part] = [
        beside(drawn, _confusion(outcome)),
        beside(_by_class(outcome), _overall(outcome)),
    ]
    by_fold = _by_fold(outcome) if outcome.mask_decides else value_folds_table(outcome)
    return [*shown, by_fold]


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
    charts += choice_charts(selection)
    if selection.comparisons:
        charts.append(
            chart(
                comparisons_figure(selection),
                "What each choice is worth",
                "Paired differences with intervals over places. Grey: the interval holds zero.",
            )
        )
    facts = [("flips and turns", "a mixture" if selection.mix else selection.tta)]
    if outcome.mask is not None:
        is_many = selection.class_factors or selection.class_thresholds
        decided = decision_text(selection, outcome.classes.names)
        facts = [
            ("decision" if is_many else "threshold", decided),
            *facts,
            ("vote", selection.vote),
        ]
    weights = [[m.fold, m.seed, number(m.weight), number(m.score)] for m in selection.members]
    members = table(
        f"Weights of the {len(weights)} members",
        ["fold", "seed", "weight", "own score"],
        weights,
        folded=len(weights) > _MANY,
    )
    shown = [beside(*charts, members)] if len(charts) == 1 and len(weights) <= _MANY else []
    return section(
        "choices",
        "Choices",
        "Made on out-of-fold predictions, never on a test side.",
        cards(*((figure, what) for what, figure in facts)),
        *(shown or [*([beside(*charts)] if charts else []), members]),
        *mix_table(selection),
        *options_table(selection),
    )


def examples_section(outcome: Outcome) -> Section | None:
    """Show where the model is best and worst, and where it sees what is not there; None without a class mask."""
    if outcome.mask is None:
        return None
    examples = choose_examples(outcome)
    enough = (
        f"Of samples with at least {examples.least_share:.1%} of their pixels in the truth; "
        if examples.least_share
        else ""
    )
    shown = (
        ("Worst", examples.worst, f"{enough}worst score first.".capitalize()),
        ("Best", examples.best, f"{enough}best score first.".capitalize()),
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
    scores = _mask_scores(outcome)
    rows = [
        [name, *(number(scores.get(f"{kind}_{name}")) for kind in _PER_CLASS)]
        for name in outcome.classes.names
    ]
    return table("By class, pooled over all pixels", ["class", *_PER_CLASS], rows)


def _overall(outcome: Outcome) -> Part:
    """Make the table of scores over all classes."""
    scores = _mask_scores(outcome)
    rows = [
        [kind, *(number(scores.get(f"{kind}_{over}")) for over in ("macro", "foreground"))]
        for kind in _AVERAGED
    ]
    rows += [[name, number(scores.get(name)), ""] for name in _WHOLE]
    return table("Over all classes", ["score", "all classes", "all but the first"], rows)


def _mask_scores(outcome: Outcome) -> dict[str, float]:
    """Return the scores of the class mask by their plain names."""
    scores, mask = outcome.selection.scores, outcome.mask
    if mask is None or mask == MASK or outcome.mask_decides:
        return scores
    return {name.removeprefix(f"{mask}_"): value for name, value in scores.items()}


def _confusion(outcome: Outcome) -> Part:
    """Sum the members' confusion matrices and show them as one."""
    pooled = np.sum([np.asarray(m["matrix"], np.int64) for m in outcome.members], axis=0)
    return matrix(
        "Confusion, share of the truth and pixels",
        pooled,
        outcome.classes.names,
        "Members on their own held-out folds, without flips and turns, at the greatest probability.",
    )
