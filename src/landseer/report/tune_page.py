"""The page of a search: what was found, which keys mattered, and every trial, those that ended early or badly too."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from landseer.core.files import write_text
from landseer.report.page import drawing, fill_page
from landseer.report.parts import (
    Part,
    Section,
    beside,
    cards,
    chart,
    number,
    seconds_text,
    section,
    table,
)
from landseer.report.style import LINES, dress, legend_above, new_figure
from landseer.track.figures import FAINT, GRID, INK
from landseer.tune.ranges import Numbers, label_of
from landseer.tune.space import Parameter, parameters_of
from landseer.tune.trials import Result, shown
from landseer.tune.tuned import Tuned

MOST_SLICES = 12
"""Parameters that are drawn one by one; of more, the most important."""

_LONGEST_LABEL = 28


def build_tune_page(tuned: Tuned, out: Path) -> None:
    """Write the page, whole or not at all; it asks for nothing outside itself.

    Args:
        tuned: a search with at least one trial that has a score.
        out: the HTML file.

    Raises:
        WriteError: the file cannot be written.
    """
    with drawing():
        sections = [_found(tuned), _history(tuned), *_slices(tuned), _trials(tuned)]
    states = [one.state for one in tuned.results]
    named = {
        "done": "scored",
        "pruned": "ended early",
        "failed": "failed",
        "stopped": "stopped, tried again",
    }
    facts = [(said, f"{states.count(state)}") for state, said in named.items() if state in states]
    seconds = [one.seconds for one in tuned.results if not math.isnan(one.seconds)]
    facts.append(("time of all trials", seconds_text(sum(seconds))))
    text = fill_page("versus.html.j2", name=f"{tuned.name}, tuned", facts=facts, sections=sections)
    write_text(out, text)


def _found(tuned: Tuned) -> Section:
    """Show the best recipe, and its honest score."""
    best, rescored = tuned.best, tuned.rescored
    figures = (
        [] if best is None else [(number(shown(best.value, tuned.metric)), "best in the study")]
    )
    if rescored is not None:
        figures += [
            (number(rescored.start), "recipe as it was, other folds"),
            (number(rescored.best), "best recipe, other folds"),
            (_signed(rescored.difference), "difference"),
            (
                f"{_signed(rescored.low)} to {_signed(rescored.high)}",
                f"{rescored.level:.0%} interval",
            ),
        ]
    values = {} if best is None else best.values
    rows = [[key, label_of(value)] for key, value in values.items()]
    title = "" if best is None else f"Trial {best.number}, written to best.yaml"
    return section(
        "found",
        "Found",
        tuned.sentence(),
        cards(*figures),
        table(title, ("key", "value"), rows, n_text=2),
    )


def _history(tuned: Tuned) -> Section:
    """Show the trials in their order, and which parameters mattered."""
    parts: list[Part] = [
        chart(
            history_figure(tuned),
            "Trials",
            "Line: best so far. Small marks at the bottom: trials that ended early, and trials that failed.",
        )
    ]
    if tuned.importance:
        parts.append(
            chart(
                importance_figure(tuned.importance),
                "Importance",
                "Share of the scores' variance that each parameter explains (fANOVA over the trials with a score).",
            )
        )
    steps = [one for one in tuned.results if one.steps]
    if steps:
        parts.append(
            chart(
                steps_figure(tuned),
                "Score so far",
                "A line per trial: its score over the folds so far, at the greatest probability. Grey: ended early.",
            )
        )
    lead = f"{tuned.metric} over folds {', '.join(map(str, tuned.folds))}, cross-fitted."
    return section(
        "history", "History", lead, beside(*parts[:2]), *(beside(one) for one in parts[2:])
    )


def history_figure(tuned: Tuned) -> Figure:
    """Draw each trial's score, and the best so far."""
    figure = new_figure()
    axis = dress(figure.subplots(), x="trial", y=tuned.metric)
    done = [one for one in tuned.results if one.state == "done"]
    values = [shown(one.value, tuned.metric) for one in done]
    axis.plot([one.number for one in done], values, "o", ms=4.5, color=LINES[0], label="scored")
    best = np.maximum.accumulate([one.value for one in done])
    axis.step(
        [one.number for one in done],
        [shown(float(value), tuned.metric) for value in best],
        where="post",
        color=LINES[1],
        lw=1.6,
        label="best so far",
    )
    for state, mark, colour, said in (
        ("pruned", "|", FAINT, "ended early"),
        ("failed", "x", LINES[3], "failed"),
    ):
        places = [one.number for one in tuned.results if one.state == state]
        if places:
            axis.plot(
                places, [0.02] * len(places), mark, ms=7, color=colour, label=said,
                transform=axis.get_xaxis_transform(), clip_on=False,
            )  # fmt: skip
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axis.margins(y=0.12)
    legend_above(figure, axis, 4)
    return figure


def importance_figure(importance: Any) -> Figure:
    """Draw the importance of each parameter."""
    names = list(importance)[:MOST_SLICES]
    figure = new_figure(height=max(1.6, 0.7 + 0.3 * len(names)))
    axis = dress(figure.subplots(), x="share of the variance")
    axis.grid(visible=False, axis="y")
    axis.barh(range(len(names)), [importance[name] for name in names], color=LINES[0], height=0.6)
    axis.set_yticks(range(len(names)), [_short(name) for name in names], color=INK)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlim(left=0)
    return figure


def steps_figure(tuned: Tuned) -> Figure:
    """Draw each trial's score so far by its steps."""
    figure = new_figure()
    axis = dress(
        figure.subplots(), x="folds so far" if _by_fold(tuned) else "epochs so far", y=tuned.metric
    )
    best = tuned.best
    for one in tuned.results:
        if not one.steps:
            continue
        steps = sorted(one.steps)
        is_best = best is not None and one.number == best.number
        colour = LINES[1] if is_best else LINES[0] if one.state == "done" else FAINT
        axis.plot(
            steps, [shown(one.steps[step], tuned.metric) for step in steps], marker=".",
            color=colour, lw=2.2 if is_best else 0.9, alpha=1.0 if is_best else 0.6, zorder=3 if is_best else 2,
        )  # fmt: skip
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    return figure


def _by_fold(tuned: Tuned) -> bool:
    """Say whether steps are folds; epochs are more."""
    return max((max(one.steps) for one in tuned.results if one.steps), default=0) <= len(
        tuned.folds
    )


def _slices(tuned: Tuned) -> list[Section]:
    """Show the score against each parameter."""
    order = {name: place for place, name in enumerate(tuned.importance)}
    every = parameters_of(tuned.search)
    drawn = sorted(every, key=lambda one: order.get(one.name, len(order)))[:MOST_SLICES]
    charts = [chart(slice_figure(tuned, one), _short(one.name), "") for one in drawn]
    left = f" The {len(drawn)} most important of {len(every)}." if len(drawn) < len(every) else ""
    lead = f"The score of each trial against one parameter at a time; the others vary too.{left}"
    pairs = [beside(*charts[n : n + 2]) for n in range(0, len(charts), 2)]
    return [section("slices", "One by one", lead, *pairs)]


def slice_figure(tuned: Tuned, one: Parameter) -> Figure:
    """Draw the score of each done trial against one parameter, later trials darker."""
    done = [result for result in tuned.results if result.state == "done"]
    figure = new_figure()
    axis = dress(figure.subplots(), y=tuned.metric)
    places = [_place(one, result.parameters[one.name]) for result in done]
    values = [shown(result.value, tuned.metric) for result in done]
    for age, place, value in zip(np.linspace(0.35, 1.0, len(done)), places, values, strict=True):
        axis.plot(place, value, "o", ms=4.5, color=LINES[0], alpha=float(age), mew=0)
    best = tuned.best
    if best is not None:
        top = shown(best.value, tuned.metric)
        axis.plot(
            _place(one, best.parameters[one.name]),
            top,
            "o",
            ms=9,
            mfc="none",
            mec=LINES[1],
            mew=1.8,
        )
    _dress_slice(axis, one)
    return figure


def _place(one: Parameter, value: Any) -> float:
    """Return where a value stands on its axis."""
    return float(value) if one.numbers is not None else float(one.options.index(value))


def _dress_slice(axis: Axes, one: Parameter) -> None:
    """Give the horizontal axis of a slice its scale and names."""
    if one.numbers is not None:
        _scale(axis, one.numbers)
        return
    names = (
        ["without", "with"]
        if one.options == (False, True)
        else [_bare(str(o)) for o in one.options]
    )
    axis.set_xticks(
        range(len(names)), [_short(name, 40 // len(names)) for name in names], color=INK
    )
    axis.set_xlim(-0.6, len(names) - 0.4)
    axis.grid(visible=False, axis="x")


def _bare(label: str) -> str:
    """Take away what JSON needs and people do not."""
    return re.sub(r'[\[\]{}"]|"?kind"?: ', "", label)


def _scale(axis: Axes, numbers: Numbers) -> None:
    """Scale an axis of numbers."""
    if numbers.log:
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.tick_params(which="minor", length=0)
        axis.grid(which="minor", color=GRID, linewidth=0.3)
    elif numbers.is_whole:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))


def _trials(tuned: Tuned) -> Section:
    """List every trial, the best first."""
    keys = list(tuned.search)
    rows = [_row(one, keys, tuned.metric) for one in sorted(tuned.results, key=_rank)]
    lead = "Every trial; the same as trials.csv."
    heads = ("trial", "state", *keys, tuned.metric, "time")
    return section(
        "trials",
        "Trials",
        lead,
        table("All trials", heads, rows, n_text=2 + len(keys), folded=True),
    )


def _rank(one: Result) -> tuple[bool, float, int]:
    """Sort trials: the best first, those without a score last."""
    return math.isnan(one.value), -one.value if not math.isnan(one.value) else 0.0, one.number


def _row(one: Result, keys: Sequence[str], metric: str) -> list[str]:
    """Write one trial."""
    values = [_short(label_of(one.values[key])) if key in one.values else "–" for key in keys]
    state = (
        one.state
        if not one.error
        else f"{one.state}: {_short(one.error.partition(chr(10))[0], 80)}"
    )
    return [
        str(one.number),
        state,
        *values,
        number(shown(one.value, metric)),
        seconds_text(one.seconds),
    ]


def _short(text: str, longest: int = _LONGEST_LABEL) -> str:
    """Shorten a label in its middle."""
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[:half]}…{text[len(text) - (longest - 1 - half) :]}"


def _signed(value: float | None) -> str:
    """Write a difference with its sign."""
    return "–" if value is None else f"{value:+.4f}".replace("-", "−")
