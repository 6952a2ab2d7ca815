"""The page of trees beside the network: is the network worth it here?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from landseer.core.files import write_text
from landseer.report.page import drawing, fill_page
from landseer.report.parts import Part, Section, cards, chart, number, seconds_text, section, table
from landseer.report.style import LINES, dress, new_figure
from landseer.report.versus_page import Side, pictures
from landseer.select.estimate import Estimate
from landseer.select.versus import Versus
from landseer.track.figures import FAINT, INK
from landseer.trees.result import Compared, Kind, delivered_sentence, verdict

_MOST_CHANNELS = 20


def build_trees_page(
    found: Compared,
    worth: Mapping[str, pd.DataFrame],
    versus: Versus | None,
    sides: tuple[Side, Side] | None,
    out: Path,
    *,
    examples: int = 4,
) -> None:
    """Write the page, whole or not at all; it asks for nothing outside itself.

    Args:
        found: scores and intervals.
        worth: of each kind of trees, what its channels are worth (`importance_table`).
        versus: the best trees and the network compared; None where there is no network.
        sides: both of them.
        out: the HTML file.
        examples: samples shown where the network gains most, and as many where it loses most.

    Raises:
        FileReadError: an image, label or prediction that is shown cannot be read.
        WriteError: the file cannot be written.
    """
    with drawing():
        sections = [_scores(found), _channels(worth), _pixels(found)]
        if versus is not None and sides is not None:
            sections += pictures(versus, sides, examples)
    facts = [
        ("samples judged", f"{found.n_samples:,}"),
        ("places", f"{found.n_groups:,}"),
        ("pixels in the table", f"{found.table_px:,}"),
        ("channels", f"{len(found.channels):,}"),
    ]
    text = fill_page("versus.html.j2", name="Trees and the network", facts=facts, sections=sections)
    write_text(out, text)


def _scores(found: Compared) -> Section:
    """Show network and trees on the same samples."""
    shown = [
        *([] if found.network is None else [("network", found.network)]),
        *((kind.name, kind.score) for kind in found.kinds),
    ]
    figures = cards(*((number(one.value, 3), f"{found.metric}, {name}") for name, one in shown))
    network = [] if found.network is None else [["network", _ends(found.network), *["–"] * 6]]
    heads = (
        "", f"{found.metric}, {found.level:.0%} interval", "network brings", "places better / worse", "threshold",
        "rounds", "training", "held-out px/s",
    )  # fmt: skip
    rows = [*network, *map(_row, found.kinds)]
    drawing = chart(
        _drawing(shown, found.metric),
        "Scores",
        "Every pixel of every held-out sample; the threshold of a fold is chosen on the others. Intervals over places.",
    )
    said = [text for text in (delivered_sentence(found), *found.notes) if text]
    notes: Part = {"kind": "notes", "notes": said}
    parts = [figures, drawing, table("", heads, rows), *([notes] if said else [])]
    return section("scores", "Scores", verdict(found), *parts)


def _row(kind: Kind) -> list[str]:
    """Write one kind of trees."""
    places = (
        "–" if kind.groups_better is None else f"{kind.groups_better:,} / {kind.groups_worse:,}"
    )
    least, most = min(kind.rounds), max(kind.rounds)
    return [
        kind.name,
        _ends(kind.score),
        "–" if kind.network_gain is None else _ends(kind.network_gain, "+"),
        places,
        "greatest" if kind.threshold is None else f"{kind.threshold:.2f}",
        f"{least}" if least == most else f"{least} to {most}",
        seconds_text(kind.train_s),
        "–" if kind.oof_px_s is None else f"{kind.oof_px_s:,.0f}",
    ]


def _ends(figure: Estimate, sign: str = "") -> str:
    """Write a figure and its interval."""
    if figure.value is None:
        return "undefined"
    text = f"{figure.value:{sign}.3f}"
    if figure.low is not None and figure.high is not None:
        text += f" ({figure.low:{sign}.3f} to {figure.high:{sign}.3f})"
    return text.replace("-", "−")


def _drawing(shown: list[tuple[str, Estimate]], metric: str) -> Drawing:
    """Draw each score with its interval."""
    drawing = new_figure(height=0.8 + 0.35 * len(shown))
    axis = dress(drawing.subplots(), x=metric)
    axis.grid(visible=False, axis="y")
    for place, (name, figure) in enumerate(shown):
        colour = INK if name == "network" else LINES[0]
        if figure.low is not None and figure.high is not None:
            axis.plot([figure.low, figure.high], [place, place], color=colour, lw=2.5)
        if figure.value is not None:
            axis.plot(figure.value, place, "s" if name == "network" else "o", color=colour, ms=6)
    axis.set_yticks(range(len(shown)), [name for name, _ in shown], color=INK)
    axis.set_ylim(len(shown) - 0.5, -0.5)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5))
    return drawing


def _channels(worth: Mapping[str, pd.DataFrame]) -> Section:
    """Show what each channel is worth to each kind of trees."""
    lead = (
        "Left: how much the loss on held-out pixels rises where a channel, and what is made of it, tells of another "
        "pixel; lines from the least to the most of the folds. Right: its share of what the splits brought in "
        "training, which flatters channels with many values. Channels that say the same share what they are worth."
    )
    charts = [
        chart(importance_figure(one), name, f"{name}: what channels are worth")
        for name, one in worth.items()
    ]
    return section("channels", "Channels", lead, *charts)


def importance_figure(worth: pd.DataFrame) -> Drawing:
    """Draw what channels are worth.

    Args:
        worth: of `importance_table`.
    """
    rows = worth.head(_MOST_CHANNELS)
    drawing = new_figure(2 * 4.7, 0.8 + 0.24 * len(rows))
    left, right = drawing.subplots(1, 2, sharey=True)
    places = np.arange(len(rows))
    dress(left, x="rise of the loss, nats a pixel").grid(visible=False, axis="y")
    left.barh(places, rows["worth"].fillna(0), color=LINES[0], height=0.65)
    left.hlines(places, rows["worth_low"], rows["worth_high"], color=INK, lw=1.2)
    dress(right, x="share of the gain").grid(visible=False, axis="y")
    right.barh(places, rows["gain"], color=FAINT, height=0.65)
    left.set_yticks(places, list(rows["channel"]), color=INK)
    left.set_ylim(len(rows) - 0.4, -0.6)
    for axis in (left, right):
        axis.xaxis.set_major_locator(MaxNLocator(nbins=5))
    return drawing


def _pixels(found: Compared) -> Section:
    """Show which pixels the trees learnt from."""
    rows = [
        [
            name,
            f"{n:,}",
            f"{found.all_px_by_class[name]:,.0f}",
            _share(n, found.all_px_by_class[name]),
        ]
        for name, n in found.table_px_by_class.items()
    ]
    lead = (
        "All classes but the first and what is near them, and a sample of the rest. Each pixel weighs as many as it "
        "stands for, so that probabilities hold for whole images."
    )
    heads = ("class", "pixels in the table", "pixels they stand for", "share")
    return section("pixels", "Pixels", lead, table("", heads, rows))


def _share(n: int, of: float) -> str:
    """Write a share."""
    return f"{n / of:.1%}" if of else "–"
