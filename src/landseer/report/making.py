"""How the run was made: training by epoch, its time, the recipe and the versions."""

from __future__ import annotations

import importlib.metadata
import platform
import statistics

from landseer import __version__
from landseer.metrics.evaluation import goodness
from landseer.report.curves import MANY, training_figure
from landseer.report.outcome import Outcome
from landseer.report.parts import (
    Part,
    Section,
    beside,
    chart,
    number,
    seconds_text,
    section,
    table,
)

_LOSS_OF = "train/loss_"
"""What stands before a target's name in the column of its loss."""

PACKAGES = ("torch", "timm", "segmentation-models-pytorch", "lightning", "rasterio", "numpy")


def training_section(outcome: Outcome) -> Section:
    """Show how the members trained."""
    parts: list[Part] = []
    if any(outcome.histories.values()):
        parts += _curves(outcome)
    tables = [_members(outcome)]
    if outcome.seconds:
        stages = [[name, seconds_text(seconds)] for name, seconds in outcome.seconds.items()]
        stages.append(["all", seconds_text(sum(outcome.seconds.values()))])
        tables.append(table("Time of each stage", ["stage", "time"], stages))
    lead = "The best epoch of each member is kept, not the last."
    return section("training", "Training", lead, *parts, *tables)


def recipe_section(outcome: Outcome) -> Section:
    """Say exactly what was run, on what."""
    rows = [["landseer", __version__], ["Python", platform.python_version()]]
    rows += [[name, importlib.metadata.version(name)] for name in PACKAGES]
    rows.append(["system", f"{platform.system()} {platform.machine()}"])
    return section(
        "recipe",
        "Recipe and versions",
        "The recipe, the data and these versions are all that this run depends on.",
        {"kind": "code", "title": "Resolved recipe", "text": outcome.recipe},
        table("Versions", ["package", "version"], rows),
    )


def _curves(outcome: Outcome) -> list[Part]:
    """Draw the loss, the score, and, where there are several targets, the loss of each."""
    many = " The strong line is the median." if len(outcome.histories) > MANY else ""
    greatest = "Greatest probability, without" if outcome.mask_decides else "Without"
    less = ", less is better" if goodness(outcome.monitor, 1.0) < 0 else ""
    shown: list[Part] = [
        beside(
            chart(
                training_figure(outcome.histories, "train/loss", "loss", best=False),
                "Training loss",
                f"One line per member.{many}",
            ),
            chart(
                training_figure(outcome.histories, "monitor", outcome.monitor, best=True),
                f"Score on the held-out fold{less}",
                f"{greatest} flips and turns. Circle: the epoch that was kept.",
            ),
        )
    ]
    each = {
        name.removeprefix(_LOSS_OF): name
        for rows in outcome.histories.values()
        for row in rows
        for name in row
        if name.startswith(_LOSS_OF)
    }
    if len(each) > 1:
        charts = [
            chart(
                training_figure(outcome.histories, key, "loss", best=False, small=True),
                f"Training loss of {target}",
                "Before its weight; colours as above.",
            )
            for target, key in sorted(each.items())
        ]
        shown.append(beside(*charts))
    return shown


def _members(outcome: Outcome) -> Part:
    """Make the table of members."""
    heads = ["member", "best epoch", "score", "trained on", "held out", "per epoch"]
    rows = [
        [
            m["member"], f"{m['epoch'] + 1} of {_epochs(outcome, m['member'])}", number(m["score"]),
            f"{m['n_train']:,}", f"{m['n_held_out']:,}", _epoch_time(outcome, m["member"]),
        ]
        for m in outcome.members
    ]  # fmt: skip
    return table("Members", heads, rows, folded=len(rows) > MANY)


def _epochs(outcome: Outcome, member: str) -> str:
    """Count a member's epochs; a dash where its history is not there."""
    rows = outcome.histories.get(member, ())
    return str(len(rows)) if rows else "–"


def _epoch_time(outcome: Outcome, member: str) -> str:
    """Write the median time of a member's epochs."""
    times = [row["seconds"] for row in outcome.histories.get(member, ()) if "seconds" in row]
    return seconds_text(statistics.median(times)) if times else "–"
