"""Pictures of self-training: the score of each round, and pseudo-labels beside their images."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landseer.feed.source import SoftLabel, harden, read_soft
from landseer.predict.oof import oof_path
from landseer.raster.read import read_bands
from landseer.report.style import dress
from landseer.run.context import Run
from landseer.run.model_stages import input_bands, members_of
from landseer.run.selftrain_labels import read_sureness
from landseer.run.selftrain_taught import labels_folder
from landseer.selftrain.confidence import Sureness
from landseer.selftrain.rounds import Rounds
from landseer.track.figures import DPI, FAINT, INK, SEA, SheetRow, save_figure, sheet_figure
from landseer.track.pixels import PALETTE, class_colours, paint, stretch
from landseer.train.pictures import composite


def draw_rounds(rounds: Rounds, path: Path) -> None:
    """Draw the score of each round with its interval, what each brought, and how sure its pseudo-labels were."""
    save_figure(rounds_figure(rounds), path)


def rounds_figure(rounds: Rounds) -> Figure:
    """Draw the score of each round, the difference to the one before, and the pseudo-labels used."""
    figure = Figure(figsize=(9.0, 3.1), dpi=DPI, layout="constrained")
    scores, gains, labels = figure.subplots(1, 3)
    _scores(scores, rounds)
    _gains(gains, rounds)
    _labels(labels, rounds)
    for axis in (scores, gains, labels):
        axis.set_xticks([one.number for one in rounds.rounds])
        axis.set_xlim(-0.5, len(rounds.rounds) - 0.5)
        dress(axis)
        axis.set_xlabel("round", fontsize=8.5, color=FAINT)
    figure.legend(
        *labels.get_legend_handles_labels(), loc="outside lower right", ncols=3, fontsize=8, frameon=False,
        labelcolor=INK,
    )  # fmt: skip
    if rounds.notes:
        figure.suptitle(
            "taught by members of all folds: these scores are too good",
            fontsize=9,
            color=PALETTE[2],
        )
    return figure


def _scores(axis: Axes, rounds: Rounds) -> None:
    """Draw scores with their intervals; the best round is filled."""
    for one in rounds.rounds:
        axis.plot([one.number] * 2, [one.low, one.high], color=SEA, lw=2, alpha=0.5)
        is_best = one.number == rounds.best.number
        axis.plot(
            one.number, one.score, "o", ms=7, color=SEA, mfc=SEA if is_best else "white", mew=1.6
        )
    axis.set_title(f"{rounds.metric}, true labels only", fontsize=9, loc="left")


def _gains(axis: Axes, rounds: Rounds) -> None:
    """Draw what each round brought beside the one before."""
    least = rounds.stop.min_gain
    axis.axhline(least, color=INK, lw=1, ls=(0, (4, 3)))
    axis.annotate(
        f"helps above {least:g}", (0, least), xycoords=axis.get_yaxis_transform(), xytext=(4, 3),
        textcoords="offset points", fontsize=8, color=INK,
    )  # fmt: skip
    for one in rounds.rounds[1:]:
        gain = one.gain
        if gain is None or gain.value is None:
            continue
        low, high = gain.low, gain.high
        if low is not None and high is not None:
            axis.plot([one.number] * 2, [low, high], color=PALETTE[2], lw=2, alpha=0.5)
        axis.plot(one.number, gain.value, "o", ms=7, color=PALETTE[2])
    axis.set_title("gain on the round before", fontsize=9, loc="left")


def _labels(axis: Axes, rounds: Rounds) -> None:
    """Draw the share of pseudo-labels used, and how sure they were."""
    taught = [(one.number, one.taught) for one in rounds.rounds if one.taught is not None]
    numbers = [number for number, _ in taught]
    shares = [one.chosen / max(one.candidates, 1) for _, one in taught]
    axis.bar(numbers, shares, width=0.5, color=SEA, alpha=0.35, label="share of them used")
    axis.plot(
        numbers,
        [one.probability for _, one in taught],
        "s",
        color=SEA,
        label="probability of the class",
    )
    axis.plot(
        numbers,
        [one.entropy for _, one in taught],
        "^",
        color=PALETTE[2],
        label="entropy, share of greatest",
    )
    axis.set_ylim(0, 1.05)
    axis.set_title("pseudo-labels, means over pixels", fontsize=9, loc="left")


def draw_labels(run: Run, rows: gpd.GeoDataFrame) -> None:
    """Draw pseudo-labels beside their images for each fold, from the surest to the least: `labels/foldN/labels.png`."""
    most = run.recipe.selftrain.pictures
    if not most:
        return
    for fold in sorted({member.fold for member in members_of(run)}):
        folder = labels_folder(run, fold)
        found = sorted(read_sureness(folder), key=lambda one: one[0].entropy)
        places = np.linspace(0, len(found) - 1, min(most, len(found)))
        shown = [found[round(place)] for place in places]
        save_figure(_sheet(run, folder, rows.set_index("sample"), shown), folder / "labels.png")


def _sheet(
    run: Run, folder: Path, rows: gpd.GeoDataFrame, shown: list[tuple[Sureness, bool]]
) -> Figure:
    """Draw image, likeliest class, and the highest probability of each sample."""
    colours = class_colours(run.classes.colours, len(run.classes))
    bands = input_bands(run)
    drawn: list[SheetRow] = []
    for one, is_chosen in shown:
        row = rows.loc[one.sample]
        image = read_bands(Path(row["image"]), [band.index for band in bands])
        temperature = run.recipe.selftrain.temperature
        soft = read_soft(SoftLabel(oof_path(folder, one.sample), temperature=temperature))
        gsd_m = float(row["gsd_m"])
        pictures = (
            stretch(composite(image, bands)),
            paint(harden(soft), colours),
            soft.max(0),
        )
        said = f"{one.sample}\nentropy {one.entropy:.3f}\n{'teaches' if is_chosen else 'left out'}"
        drawn.append(SheetRow(said, pictures, None if math.isnan(gsd_m) else gsd_m))
    legend = list(zip(colours, run.classes.names, strict=True))
    titles = ("image", "likeliest class", "its probability")
    return sheet_figure(drawn, titles, title="pseudo-labels, the surest first", legend=legend)
