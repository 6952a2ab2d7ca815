"""Sheets of pictures: the data, samples of one place, and predictions beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.raster.label import read_label
from landseer.report.composites import COLOURS, colour_bands, natural_bands
from landseer.report.examples import Examples
from landseer.report.judged import Judged, judge
from landseer.report.outcome import Outcome
from landseer.report.parts import Mark, Part, Strip, Tile, number, strips, tiles
from landseer.report.tiles import (
    OUTLINE,
    composite,
    index_uri,
    photo_uri,
    scale_bar,
    share_uri,
    shrunk,
)
from landseer.samples.schema import is_missing
from landseer.track.pixels import HIT_NAMES, HITS, class_colours, hits, outline

_SMALL_PX, _LARGE_PX = 256, 384
_PER_PLACE = 6
_NO_DATA = Mark("hatch", "", "no data")


def contact_sheet(outcome: Outcome, samples: Sequence[str]) -> Part:
    """Show samples in true colour with the outline of their labels."""
    shown = [_contact(outcome, sample, first=not i) for i, sample in enumerate(samples)]
    has_labels = outcome.mask is not None
    lift = " Point at a picture to lift the outline." if has_labels else ""
    outlined = [Mark("line", OUTLINE, "outline of the label")] if has_labels else []
    return tiles(
        shown,
        f"{_named(outcome).capitalize()}; one stretch for all three bands of a sample.{lift}",
        (*outlined, _NO_DATA),
    )


def places_sheet(outcome: Outcome, groups: Sequence[tuple[str, Sequence[str]]]) -> Part:
    """Show samples of one place, a place per row."""
    rows: list[Strip] = []
    for place, members in groups:
        shown = tuple(
            _photo(outcome, sample, first=not rows and not i, false_colour=True)
            for i, sample in enumerate(members[:_PER_PLACE])
        )
        folds = sorted({int(outcome.row(sample)["fold"]) for sample in members})
        facts = (("samples", f"{len(members):,}"), ("fold", ", ".join(map(str, folds))))
        rows.append(Strip(place, facts, shown))
    caption = (
        f"{_named(outcome, false_colour=True).capitalize()}. At most {_PER_PLACE} samples of a place; its name is its "
        "first sample's, unless the data give it one."
    )
    return strips("", rows, caption, (_NO_DATA,), _PER_PLACE)


def predictions_sheet(
    outcome: Outcome, title: str, chosen: Sequence[str], examples: Examples, caption: str
) -> Part:
    """Show samples with composites, truth, probability and what was found, missed or found wrongly."""
    rows = [_prediction(outcome, s, examples, first=not i) for i, s in enumerate(chosen)]
    colours = class_colours(outcome.classes.colours, len(outcome.classes))
    two = len(outcome.classes) == 2
    marks = [Mark("fill", c, n) for c, n in zip(colours, outcome.classes.names, strict=True)]
    if two:
        marks += [Mark("fill", c, n) for c, n in zip(HITS[1:], HIT_NAMES[1:], strict=True)]
    else:
        marks += [Mark("fill", HITS[1], "right"), Mark("fill", HITS[2], "wrong")]
    marks += [Mark("ramp", "", "probability 0 to 1"), _NO_DATA]
    return strips(title, rows, caption, marks, len(rows[0].tiles) if rows else 5)


def _contact(outcome: Outcome, sample: str, *, first: bool) -> Tile:
    """Make one tile of the contact sheet."""
    row = outcome.row(sample)
    tile = _photo(outcome, sample, first=first)
    if outcome.mask is None or is_missing(row["label"]):
        return tile
    mask = read_label(Path(row["label"]), outcome.classes)
    edge = outline(shrunk((mask > 0) & (mask < len(outcome.classes)), _SMALL_PX))
    if not edge.any():
        return tile
    over = index_uri(np.where(edge, 0, 255).astype(np.uint8), (OUTLINE,), _SMALL_PX, clear=True)
    return Tile(tile.uri, tile.label, tile.caption, over, tile.bar)


def _photo(outcome: Outcome, sample: str, *, first: bool, false_colour: bool = False) -> Tile:
    """Make a composite with the sample's name; the first of a sheet carries the scale bar."""
    row = outcome.row(sample)
    picture = composite(Path(row["image"]), outcome.bands, false_colour=false_colour)
    return Tile(
        photo_uri(picture, _SMALL_PX),
        f"{sample}, {_named(outcome, false_colour=false_colour)}",
        sample,
        bar=scale_bar(picture.shape[1], row["gsd_m"]) if first else None,
    )


def _prediction(outcome: Outcome, sample: str, examples: Examples, *, first: bool) -> Strip:
    """Make one row of predictions."""
    judged = judge(outcome, sample)
    score = outcome.selection.samples[sample]
    known = judged.truth is None or judged.truth < len(outcome.classes)
    found_px = int(np.count_nonzero((judged.decision > 0) & known))
    facts = [(outcome.selection.metric, number(score, 3))]
    if len(outcome.classes) == 2:
        facts += [("truth px", f"{examples.truth_px[sample]:,}"), ("found px", f"{found_px:,}")]
    facts.append(("fold", str(int(outcome.row(sample)["fold"]))))
    return Strip(sample, tuple(facts), _panels(outcome, sample, judged, first=first))


def _panels(outcome: Outcome, sample: str, judged: Judged, *, first: bool) -> tuple[Tile, ...]:
    """Make the pictures of a prediction."""
    row, n_classes = outcome.row(sample), len(outcome.classes)
    image = Path(row["image"])
    natural = composite(image, outcome.bands)
    colours = class_colours(outcome.classes.colours, n_classes)
    nothing = np.full(judged.decision.shape, 255, np.uint8)
    truth = nothing if judged.truth is None else judged.truth
    pictures = {
        _named(outcome): photo_uri(natural, _LARGE_PX),
        **_false_colour(outcome, image),
        "truth": index_uri(truth, colours, _LARGE_PX),
        **_said(judged, colours, n_classes),
        "result": index_uri(hits(truth, judged.decision, n_classes), HITS, _LARGE_PX),
    }
    bar = scale_bar(natural.shape[1], row["gsd_m"]) if first else None
    return tuple(
        Tile(uri, f"{sample}, {name}", name, bar=None if i else bar)
        for i, (name, uri) in enumerate(pictures.items())
    )


def _false_colour(outcome: Outcome, image: Path) -> dict[str, str]:
    """Make the picture in false colour; none where the bands for it are missing."""
    if colour_bands(outcome.bands, "false") is None:
        return {}
    return {
        "false colour": photo_uri(composite(image, outcome.bands, false_colour=True), _LARGE_PX)
    }


def _named(outcome: Outcome, *, false_colour: bool = False) -> str:
    """Name what `composite` shows of these bands."""
    if false_colour and colour_bands(outcome.bands, "false") is not None:
        return COLOURS["false"][1]
    return natural_bands(outcome.bands)[1]


def _said(judged: Judged, colours: Sequence[str], n_classes: int) -> dict[str, str]:
    """Make the picture of what was said: the probability of one class, or the decision between several."""
    if n_classes == 2:
        positive: NDArray[np.float32] = judged.probability[1]
        return {"probability": share_uri(positive, _LARGE_PX)}
    return {"prediction": index_uri(judged.decision, colours, _LARGE_PX)}
