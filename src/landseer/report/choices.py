"""What was chosen, shown: a table of all options, the steps of greedy selection, and the number of each class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from landseer.report.parts import Part, chart, number, table
from landseer.report.style import LINES, dress, legend, legend_above, new_figure
from landseer.select.selection import ClassCurve, OptionScore, Selection
from landseer.track.figures import FAINT, INK

_TICKS = (1 / 64, 1 / 16, 1 / 4, 1, 4, 16, 64)
_MANY = 20


def options_table(selection: Selection) -> Iterator[Part]:
    """Make the table of every option of every choice; nothing where nothing could be chosen."""
    rows = [
        [
            one.choice,
            f"{one.option} ✓" if one.taken else one.option,
            f"{one.passes:.4g}",
            *_figures(one),
        ]
        for one in selection.options
    ]
    if rows:
        heads = [
            "choice",
            "option",
            "passes",
            selection.metric,
            "interval",
            "difference",
            "its interval",
        ]
        title = "Every option, judged on folds that did not choose it"
        yield table(title, heads, rows, n_text=2, folded=len(rows) > _MANY)


def choice_charts(selection: Selection) -> Iterator[Part]:
    """Draw the steps of greedy selection and the score along each class's number, where there are any."""
    if selection.steps:
        yield chart(
            greedy_figure(selection),
            "What greedy selection added",
            "Above: on the pixels that chose the steps. Below: each fold after as many steps chosen on the others. "
            "Steps behind the line were left out.",
        )
    if selection.class_curves:
        kind = selection.class_curves[0].kind
        yield chart(
            class_figure(selection),
            f"Score along each class's {kind}",
            f"Dots are the {kind}s taken; each line changes one class and leaves the others.",
        )


def mix_table(selection: Selection) -> Iterator[Part]:
    """Make the table of what is mixed."""
    rows = [[part.tta, part.seed, number(part.share, 3)] for part in selection.mix]
    if rows:
        yield table("What is mixed, in every fold", ["predictions", "seed", "share"], rows)


def decision_text(selection: Selection, names: Sequence[str]) -> str:
    """Say in a few words how pixels are decided."""
    if selection.class_factors:
        return _named(names, selection.class_factors, "×")
    if selection.class_thresholds:
        return _named(names[1:], selection.class_thresholds, "≥ ")
    return "greatest probability" if selection.threshold is None else number(selection.threshold, 2)


def greedy_figure(selection: Selection) -> Figure:
    """Draw the score after each step, as chosen and on other folds."""
    steps = selection.steps
    places = range(1, len(steps) + 1)
    figure = new_figure(height=3.0)
    axis = dress(figure.subplots(), x="predictions added", y=selection.metric)
    shown = (("chosen and judged on the same pixels", FAINT), ("judged on other folds", LINES[0]))
    for (name, colour), values in zip(
        shown, ([s.optimistic for s in steps], [s.crossfit for s in steps]), strict=True
    ):
        axis.plot(places, values, color=colour, lw=1.8, marker="o", ms=4, label=name)
    n_taken = sum(step.taken for step in steps)
    if n_taken < len(steps):
        axis.axvline(n_taken + 0.5, color=INK, lw=1, ls=(0, (4, 3)))
        axis.annotate(
            f"{n_taken} taken", (n_taken + 0.5, 0.03), xycoords=axis.get_xaxis_transform(),
            xytext=(5 if n_taken < len(steps) / 2 else -5, 0), textcoords="offset points",
            ha="left" if n_taken < len(steps) / 2 else "right", fontsize=8.5, color=INK,
        )  # fmt: skip
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    axis.margins(y=0.15)
    legend_above(figure, axis)
    return figure


def class_figure(selection: Selection) -> Figure:
    """Draw the score along the number of each class."""
    curves = selection.class_curves
    is_factor = curves[0].kind == "factor"
    figure = new_figure(height=3.0)
    axis = dress(figure.subplots(), x=curves[0].kind, y=selection.metric)
    if is_factor:
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(FixedLocator(list(_TICKS)))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xticks(_TICKS, ["1/64", "1/16", "1/4", "1", "4", "16", "64"])
    for place, curve in enumerate(curves):
        colour = LINES[place % len(LINES)]
        axis.plot(curve.numbers, curve.values, color=colour, lw=1.5, label=curve.name)
        axis.plot(curve.chosen, _at(curve), "o", ms=6, color=colour)
    legend(axis, n_columns=1 if len(curves) < 5 else 2)
    return figure


def _at(curve: ClassCurve) -> float:
    """Return the score at the number that was taken."""
    gaps = [abs(one - curve.chosen) for one in curve.numbers]
    return curve.values[gaps.index(min(gaps))]


def _figures(one: OptionScore) -> list[str]:
    """Write score, interval, difference and its interval."""
    return [
        number(one.value),
        _interval(one.low, one.high),
        f"{one.difference:+.4f}".replace("-", "−") if one.difference else "",
        _interval(one.difference_low, one.difference_high) if one.difference else "",
    ]


def _interval(low: float, high: float) -> str:
    """Write an interval."""
    if math.isnan(low):
        return "–"
    return f"{number(low, 3)} to {number(high, 3)}".replace("-", "−")


def _named(names: Sequence[str], numbers: Sequence[float], mark: str) -> str:
    """Pair names with numbers."""
    return ", ".join(f"{name} {mark}{one:.3g}" for name, one in zip(names, numbers, strict=True))
