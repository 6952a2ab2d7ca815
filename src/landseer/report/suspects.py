"""Suspect labels in pictures: image, label, what was predicted, and where the two surely differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import atomic_path
from landseer.report.outcome import Outcome
from landseer.report.parts import Mark, Part, Section, Strip, Tile, cards, number, section, strips
from landseer.report.parts import table as table_part
from landseer.report.tiles import (
    composite,
    fitted,
    fitted_numbers,
    index_uri,
    photo_uri,
    scale_bar,
    share_uri,
)
from landseer.report.value_suspects import value_suspects_section
from landseer.select.suspects import TABLE, Held, Suspects, held_out
from landseer.select.value_suspects import VALUES
from landseer.track.pixels import HITS, class_colours, paint

MARKS = (HITS[0], "#a39f90", HITS[2])
"""Colours of: agreed, differs at an edge or not surely, surely wrong."""

MARK_NAMES = ("agreed", "differs at an edge, in a thin line, or not surely", "surely differs")

_SIDE_PX = 384
_GAP_PX = 8
_HEAD_PX = 44
_COLUMNS = ("sample", "score", "given", "predicted", "region_px", "region_share", "fold")


@dataclass(frozen=True, slots=True)
class Look:
    """One suspect as arrays.

    Attributes:
        natural, false: (h, w, 3) composites in 0..1.
        label: (h, w) class numbers.
        probability: (C, h, w), mean of the members.
        marks: (h, w) uint8, positions in `MARKS`; 255 where the label has no class.
    """

    natural: NDArray[np.float32]
    false: NDArray[np.float32]
    label: NDArray[np.uint8]
    probability: NDArray[np.float32]
    marks: NDArray[np.uint8]


def look_at(one: Held, suspects: Suspects, bands: Sequence[Band], classes: ClassTable) -> Look:
    """Read a suspect's image, label and predictions, and mark where they differ.

    Raises:
        FileReadError, LabelError: a file cannot be read.
    """
    label, members, mean = one.read(classes)
    differs, regions = mean.argmax(axis=0) != label, suspects.regions(label, members)
    marks = np.where(regions, 2, differs).astype(np.uint8)
    marks[label >= len(classes)] = 255
    false = composite(one.image, bands, false_colour=True)
    return Look(composite(one.image, bands), false, label, mean, marks)


def write_picture(path: Path, title: str, look: Look, classes: ClassTable) -> None:
    """Write the five pictures of a suspect side by side as PNG.

    Raises:
        WriteError: the file cannot be written.
    """
    colours = class_colours(classes.colours, len(classes))
    panels = {
        "true colour": fitted(look.natural, _SIDE_PX),
        "near infrared, red, green": fitted(look.false, _SIDE_PX),
        "label": paint(fitted_numbers(look.label, _SIDE_PX), colours),
        **_predicted(look, colours),
        "orange: surely differs from the label": paint(fitted_numbers(look.marks, _SIDE_PX), MARKS),
    }
    height = max(len(panel) for panel in panels.values())
    width = sum(panel.shape[1] + _GAP_PX for panel in panels.values()) + _GAP_PX
    sheet = Image.new("RGB", (width, height + _HEAD_PX + _GAP_PX), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    draw.text((_GAP_PX, 4), title, fill="black", font=font)
    left = _GAP_PX
    for name, panel in panels.items():
        draw.text((left, _HEAD_PX - 20), name, fill="#555555", font=font)
        sheet.paste(Image.fromarray(np.rint(panel * 255).astype(np.uint8)), (left, _HEAD_PX))
        left += panel.shape[1] + _GAP_PX
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")


def suspects_section(outcome: Outcome) -> Section:
    """Show the labels, or references, that the out-of-fold predictions contradict most."""
    if outcome.values is not None and outcome.suspects is not None:
        if outcome.suspects.evidence.get("kind") == VALUES:
            return value_suspects_section(outcome, outcome.values, outcome.suspects)
    lead = "Labels that members which never saw them contradict most. Nothing was left out for it."
    found = outcome.suspects
    if found is None or found.table.empty:
        note = "No label is contradicted." if found else "No labels were compared in this run."
        return section("suspects", "Suspect labels", lead, {"kind": "note", "text": note})
    evidence, table = found.evidence, found.table
    shown = table.head(outcome.suspect_pictures)
    parts: list[Part] = [
        cards(
            (f"{evidence['samples']:,}", "labels compared"),
            (f"{evidence['expected']:.0f}", "whole labels that the wrong regions add up to"),
            (f"{int((table['proposed'] == 'yes').sum()):,}", "proposed for a look"),
        ),
        {
            "kind": "note",
            "text": f"Look, write yes or no into the column exclude of a copy of {TABLE}, and name that copy in "
            "the recipe's quality.exclusions.",
        },
        _sheet(outcome, found, list(shown["sample"])),
    ]
    rest = table.iloc[len(shown) :]
    if len(rest):
        cells = rest.loc[:, list(_COLUMNS)].to_numpy().tolist()
        title = f"{len(rest):,} more, without a picture"
        parts.append(table_part(title, _COLUMNS, cells, folded=True))
    return section("suspects", "Suspect labels", lead, *parts, *_joint(found))


def _predicted(look: Look, colours: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Paint the probability of one class, or the most probable of several."""
    if len(look.probability) > 2:
        likely = look.probability.argmax(axis=0).astype(np.uint8)
        return {"predicted, out of fold": paint(fitted_numbers(likely, _SIDE_PX), colours)}
    steps = np.rint(look.probability[1] * 255).astype(np.uint8)
    ramp = matplotlib.colormaps["viridis"](fitted_numbers(steps, _SIDE_PX))[..., :3]
    return {"probability, out of fold": ramp.astype(np.float32)}


def _sheet(outcome: Outcome, found: Suspects, samples: Sequence[str]) -> Part:
    """Make one row of pictures per suspect."""
    rows = outcome.samples[outcome.samples["sample"].isin(set(samples))]
    held = {one.sample: one for one in held_out(rows, _folders(outcome))}
    figures = {str(row["sample"]): row for row in found.table.to_dict("records")}
    shown: list[Strip] = []
    for name in samples:
        look = look_at(held[name], found, outcome.bands, outcome.classes)
        row, gsd_m = figures[name], outcome.row(name)["gsd_m"]
        facts = (
            ("score", number(float(row["score"]), 3)),
            ("label", str(row["given"]) or "–"),
            ("predicted", str(row["predicted"]) or "–"),
            ("wrong px", f"{int(row['region_px']):,}"),
            ("fold", str(int(row["fold"]))),
        )
        bar = None if shown else scale_bar(look.natural.shape[1], gsd_m)
        shown.append(Strip(f"{row['rank']} · {name}", facts, _tiles(name, look, outcome, bar)))
    colours = class_colours(outcome.classes.colours, len(outcome.classes))
    marks = [Mark("fill", c, n) for c, n in zip(colours, outcome.classes.names, strict=True)]
    marks += [Mark("fill", c, n) for c, n in zip(MARKS[1:], MARK_NAMES[1:], strict=True)]
    marks += [Mark("ramp", "", "probability 0 to 1")] if len(outcome.classes) == 2 else []
    return strips("", shown, "Most suspect first.", [*marks, Mark("hatch", "", "no data")], 5)


def _tiles(name: str, look: Look, outcome: Outcome, bar: object) -> tuple[Tile, ...]:
    """Make the five pictures of a suspect."""
    colours = class_colours(outcome.classes.colours, len(outcome.classes))
    if len(outcome.classes) == 2:
        said = {"probability": share_uri(look.probability[1], _SIDE_PX)}
    else:
        likely = look.probability.argmax(axis=0).astype(np.uint8)
        said = {"predicted": index_uri(likely, colours, _SIDE_PX)}
    pictures = {
        "true colour": photo_uri(look.natural, _SIDE_PX),
        "false colour": photo_uri(look.false, _SIDE_PX),
        "label": index_uri(look.label, colours, _SIDE_PX),
        **said,
        "difference": index_uri(look.marks, MARKS, _SIDE_PX),
    }
    return tuple(
        Tile(uri, f"{name}, {what}", what, bar=None if i else bar)  # type: ignore[arg-type]
        for i, (what, uri) in enumerate(pictures.items())
    )


def _folders(outcome: Outcome) -> list[Path]:
    """Return the folders of all seeds of the chosen symmetries."""
    return sorted(path for path in outcome.oof.parent.iterdir() if path.is_dir())


def _joint(found: Suspects) -> list[Part]:
    """Make the table of estimated pixels by label and true class."""
    names, evidence = found.evidence["classes"], found.evidence
    rows = []
    for name, counts, threshold in zip(
        names, evidence["estimated"], evidence["thresholds"], strict=True
    ):
        total = sum(counts)
        shares = [f"{count / total:.2%}" if total else "–" for count in counts]
        rows.append([name, number(threshold, 3), f"{total:,.0f}", *shares])
    heads = ["label", "sure from", "pixels", *(f"truly {name}" for name in names)]
    title = "What pixels of each label are estimated to be (edges included)"
    return [table_part(title, heads, rows, folded=True)]
