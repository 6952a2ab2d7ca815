"""What a random split would have flattered: in sentences, as a figure, and as a section of the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landseer.report.outcome import Outcome
from landseer.report.parts import Part, Section, cards, chart, number, section, table
from landseer.report.style import dress
from landseer.select.estimate import Estimate
from landseer.select.leak_result import Contrast, Leak, read_leak
from landseer.track.figures import DPI, FAINT, INK
from landseer.track.pixels import PALETTE

FILE = "leak/leak.json"
"""Where the result lies in a run folder."""

_RANDOM, _GROUPED = PALETTE[2], PALETTE[1]
_APART = 0.17
_LEAST_SHOWN = 0.005
"""Below it, two digits would show a clear difference as none."""


def headline(leak: Leak) -> str:
    """Say in one sentence how much a random split flatters, or that nothing can leak."""
    if leak.whole is None:
        return (
            f"Nothing to leak: no two of the {leak.n_samples:,} samples were found to show the same place, so a random "
            "split is as honest as a grouped one."
        )
    random, grouped, gain = leak.whole.random, leak.whole.grouped, leak.whole.difference
    said = f"A random split would have said {_two(random)}; places never seen give {_two(grouped)}:"
    if gain.value is None:
        return f"{said} the score is undefined on these samples."
    if not gain.is_clear:
        return f"{said} a difference of {_signed(gain)} that may be chance."
    if gain.value < 0:
        return f"{said} it does not flatter, it says too little by {_signed(gain)}."
    digits = 2 if gain.low is not None and gain.low >= _LEAST_SHOWN else 3
    once = ", as far as one training each can tell" if len(leak.by_repeat) == 1 else ""
    return f"{said} it flatters by {_with_interval(gain, digits)}{once}."


def evidence(leak: Leak) -> list[str]:
    """Say in sentences where the flattery sits, and what was trained."""
    if leak.whole is None or leak.exposed_random is None:
        return []
    lines = [
        f"Under the random split {leak.exposed_random:.0%} of the held-out samples showed ground of a training sample, "
        f"under the grouped one {leak.exposed_grouped or 0:.0%}."
    ]
    if leak.repeated is not None:
        lines.append(
            f"Samples whose place is shown again ({leak.n_repeated:,}): {_signed(leak.repeated.difference)}."
        )
    if leak.alone is not None:
        n_alone = leak.n_samples - leak.n_repeated
        lines.append(
            f"Samples whose place is shown once ({n_alone:,}; the control): {_signed(leak.alone.difference)}."
        )
    if leak.seen is not None and leak.unseen is not None:
        lines.append(
            f"Its own training samples score {leak.seen:.3f}, places never seen {leak.unseen:.3f} (at the greatest "
            f"probability): {leak.seen - leak.unseen:+.3f} is about what remembering could bring."
        )
    spread = [r.random - r.grouped for r in leak.by_repeat if None not in (r.random, r.grouped)]  # type: ignore[operator]
    if len(spread) > 1:
        lines.append(f"By repeat: {', '.join(f'{value:+.3f}' for value in spread)}.")
    lines.append(
        f"Score: {leak.metric}, pooled over {leak.n_samples:,} samples of {leak.n_groups:,} places; {leak.level:.0%} "
        f"intervals over places and repeats."
    )
    return [*lines, f"Trained: {leak.trained}.", *(f"Note: {note}." for note in leak.notes)]


def leak_figure(leak: Leak) -> Figure:
    """Draw both scores with their intervals, and what lies between them.

    Args:
        leak: of samples that were trained on.

    Raises:
        ValueError: nothing was trained.
    """
    if leak.whole is None:
        raise ValueError("expected a leak that was measured; nothing was trained")
    rows = [row for row in (leak.whole, leak.repeated, leak.alone, *leak.doses) if row is not None]
    names = [_row_name(leak, row) for row in rows]
    figure = Figure(
        figsize=(9.4, 1.8 + 0.48 * len(rows)), dpi=DPI, layout="constrained", facecolor="#ffffff"
    )
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.25, 1))
    _scores(dress(left, x=leak.metric), rows)
    _differences(dress(right, x="random less grouped"), rows)
    left.set_yticks(range(len(rows)), names, color=INK)
    left.set_ylim(len(rows) - 0.4, -0.6)
    for axis in (left, right):
        axis.grid(visible=False, axis="y")
        for line in (0.5, *((2.5,) if leak.alone is not None else (1.5,))):
            axis.axhline(line, color=FAINT, lw=0.5, alpha=0.5)
    left.legend(
        fontsize=8.5,
        frameon=False,
        ncols=2,
        labelcolor=INK,
        loc="lower left",
        bbox_to_anchor=(0, 1),
    )
    style: dict[str, Any] = {"color": INK, "x": 0.01, "ha": "left", "parse_math": False}
    figure.suptitle(_wrapped(headline(leak)), fontsize=9.5, **style)
    return figure


def leak_section(outcome: Outcome) -> Section:
    """Show what a random split would have flattered, or how to find out."""
    path = _file(outcome)
    lead = "The same samples and the same small model under random and under grouped folds of equal sizes."
    if not path.is_file():
        note = "Not measured. `landseer leak RECIPE` measures it in some minutes; then write the report again."
        return section("leak", "Leak", lead, {"kind": "notes", "notes": (note,)})
    leak = read_leak(path)
    if leak.whole is None:
        return section("leak", "Leak", lead, {"kind": "notes", "notes": (headline(leak),)})
    parts: list[Part] = [
        cards(
            (number(leak.whole.random.value, 3), f"{leak.metric}, random folds"),
            (number(leak.whole.grouped.value, 3), f"{leak.metric}, grouped folds"),
            (_with_interval(leak.whole.difference, 3), f"difference, {leak.level:.0%} interval"),
            (f"{leak.exposed_random or 0:.0%}", "held-out samples whose ground was trained on"),
        ),
        chart(
            leak_figure(leak),
            "What a random split flatters",
            "Intervals over places and repeats. Samples shown once are the control: what they gain is no leak.",
        ),
        _table(leak),
        {"kind": "notes", "notes": evidence(leak)},
    ]
    return section("leak", "Leak", f"{headline(leak)} {lead}", *parts)


def _file(outcome: Outcome) -> Path:
    """Return where the leak lies: predictions are in RUN/oof/SYMMETRIES/SEED."""
    return outcome.oof.parents[2] / FILE


def _table(leak: Leak) -> Part:
    """Make the table of subsets."""
    rows = [
        [
            _row_name(leak, row).replace("\n", " "), f"{row.n_samples:g}", f"{row.n_groups:,}",
            number(row.random.value), number(row.grouped.value), _with_interval(row.difference, 3),
        ]
        for row in (leak.whole, leak.repeated, leak.alone, *leak.doses)
        if row is not None
    ]  # fmt: skip
    heads = ["held-out samples", "samples", "places", "random", "grouped", "difference"]
    return table("By what was seen in training", heads, rows)


def _scores(axis: Axes, rows: Sequence[Contrast]) -> None:
    """Draw the scores of both splits: triangles and discs, so that colour is not needed."""
    for place, row in enumerate(rows):
        random = "random folds" if place == 0 else "_"
        grouped = "grouped folds: places never seen" if place == 0 else "_"
        _dot(axis, row.random, place - _APART, _RANDOM, "^", random)
        _dot(axis, row.grouped, place + _APART, _GROUPED, "o", grouped)
    axis.margins(x=0.06)


def _differences(axis: Axes, rows: Sequence[Contrast]) -> None:
    """Draw the paired differences; grey where the interval holds zero."""
    for place, row in enumerate(rows):
        colour = INK if row.difference.is_clear else FAINT
        _dot(axis, row.difference, place, colour, "D", "_")
        if row.difference.value is not None:
            axis.annotate(
                f"{row.difference.value:+.3f}", (row.difference.value, place), xytext=(0, 6),
                textcoords="offset points", ha="center", fontsize=8.5, color=INK,
            )  # fmt: skip
    axis.axvline(0, color=INK, lw=1)
    axis.margins(x=0.08)


def _dot(axis: Axes, figure: Estimate, place: float, colour: str, marker: str, label: str) -> None:
    """Draw a figure and its interval."""
    if figure.value is None:
        return
    if figure.low is not None and figure.high is not None:
        axis.plot([figure.low, figure.high], [place, place], color=colour, lw=2)
    axis.plot(figure.value, place, marker, color=colour, ms=7, label=label)


def _row_name(leak: Leak, row: Contrast) -> str:
    """Name a subset for people."""
    count = f"({row.n_samples:g})"
    if row is leak.whole:
        return f"all samples {count}"
    if row is leak.repeated:
        return f"place shown again {count}"
    if row is leak.alone:
        return f"place shown once {count}"
    views = "view" if row.name == "1" else "views"
    return f"{row.name} {views} of it in training {count}"


def _wrapped(text: str) -> str:
    """Break a sentence after its colon."""
    return text.replace(": ", ":\n", 1) if len(text) > 100 else text


def _two(figure: Estimate) -> str:
    """Write a score with two digits."""
    return number(figure.value, 2)


def _with_interval(figure: Estimate, digits: int = 2) -> str:
    """Write a figure and its interval."""
    ends = "" if figure.low is None else f" ({figure.low:.{digits}f} to {figure.high:.{digits}f})"
    return f"{number(figure.value, digits)}{ends}"


def _signed(figure: Estimate) -> str:
    """Write a difference with its sign, and its interval."""
    if figure.value is None:
        return "undefined"
    ends = "" if figure.low is None else f" ({figure.low:+.3f} to {figure.high:+.3f})"
    return f"{figure.value:+.3f}{ends}"
