"""The section of suspect references: what out-of-fold predictions contradict most, in pictures and figures."""

from __future__ import annotations

from collections.abc import Sequence

from landseer.report.measured import Measured
from landseer.report.outcome import Outcome
from landseer.report.parts import Part, Section, Strip, Tile, cards, number, section, strips, table
from landseer.report.tiles import fitted, index_uri, photo_uri, scale_bar
from landseer.report.value_pictures import LINES_OF, SIDE_MARKS, outlines, shown_target
from landseer.report.value_tiles import UNKNOWN, ramp_mark, value_uri
from landseer.report.value_views import (
    FLOW_MARKS,
    Colours,
    Shown,
    colours_of,
    flow_view,
    show,
    views_of,
)
from landseer.select.suspects import TABLE, Suspects

_SIDE_PX = 160
_COLUMNS = ("sample", "proposed", "reason", "score", "rmse", "mads", "fold")
_LEAD = "References that members which never saw them contradict most. Nothing was left out for it."


def value_suspects_section(outcome: Outcome, measured: Measured, found: Suspects) -> Section:
    """Show the references that the out-of-fold predictions contradict most."""
    evidence, rows = found.evidence, found.table
    if rows.empty:
        text = str(evidence.get("note") or "No reference stands out.")
        return section("suspects", "Suspect references", _LEAD, {"kind": "note", "text": text})
    n_shown = outcome.suspect_pictures if measured.drawn else 0
    shown = rows.head(n_shown)
    parts: list[Part] = [
        cards(
            (f"{evidence['samples']:,}", "samples compared"),
            (f"{len(rows):,}", "stand out"),
            (f"{int((rows['proposed'] == 'yes').sum()):,}", "proposed for a look"),
        ),
        {
            "kind": "note",
            "text": f"Look, write yes or no into the column exclude of a copy of {TABLE}, and name that copy in "
            "the recipe's quality.exclusions. The score counts usual spreads above the middle sample.",
        },
    ]
    if len(shown):
        parts += _sheets(outcome, measured, found, list(shown["sample"]))
    rest = rows.iloc[len(shown) :]
    if len(rest):
        cells = rest.loc[:, list(_COLUMNS)].fillna("").replace("", "–").to_numpy().tolist()
        title = f"{len(rest):,} more, without a picture" if n_shown else "What stands out"
        parts.append(table(title, _COLUMNS, cells, n_text=3, folded=n_shown > 0))
    return section("suspects", "Suspect references", _LEAD, *parts)


def _sheets(
    outcome: Outcome, measured: Measured, found: Suspects, samples: Sequence[str]
) -> list[Part]:
    """Make a sheet per raster that is drawn, the most suspect first."""
    figures = {str(row["sample"]): row for row in found.table.to_dict("records")}
    by_target: dict[str, list[str]] = {}
    for sample in samples:
        target = shown_target(measured.trial, str(figures[sample]["target"]))
        if target is not None:
            by_target.setdefault(target, []).append(sample)
    return [_sheet(outcome, measured, found, target, own) for target, own in by_target.items()]


def _sheet(
    outcome: Outcome, measured: Measured, found: Suspects, target: str, samples: Sequence[str]
) -> Part:
    """Make a row of pictures per suspect; all have one scale of values and one of errors."""
    trial, figures = measured.trial, found.table.set_index("sample")
    tta = str(found.evidence["tta"])
    looks = []
    for sample in samples:
        row = outcome.row(sample)
        about = row["image"], outcome.bands, float(row["gsd_m"])
        looks.append(show(trial, measured.position(sample), tta, *about))
    colours = colours_of(trial, looks, target)
    rows: list[Strip] = []
    for look in looks:
        row = figures.loc[look.sample]
        charge = str(row["target"]), str(row["reason"])
        tiles = _tiles(measured, look, target, (colours, found), charge, bar=not rows)
        facts = (
            ("score", number(float(row["score"]), 2)),
            ("RMSE", number(float(row["rmse"] or "nan"), 2)),
            ("fold", str(int(row["fold"]))),
        )
        rows.append(Strip(f"{row['rank']} · {look.sample}", facts, tiles))
    marks = [
        ramp_mark(colours.values, target),
        ramp_mark(colours.errors, "prediction − reference"),
        *SIDE_MARKS,
        *(FLOW_MARKS if measured.pose is not None else ()),
        UNKNOWN,
    ]
    said = "Most suspect first. Point at a picture to lift the outlines."
    return strips("", rows, said, marks, 4) | {"captioned": True}


def _tiles(
    measured: Measured,
    look: Shown,
    target: str,
    with_what: tuple[Colours, Suspects],
    about: tuple[str, str],
    *,
    bar: bool,
) -> tuple[Tile, ...]:
    """Make a suspect's pictures; reference and error carry the outlines, the image the flow where a number is wrong."""
    (colours, found), (charged, reason) = with_what, about
    picture, words = fitted(look.picture, _SIDE_PX), "image"
    if charged != target:
        picture, words = flow_view(look, measured.trial.specs, _SIDE_PX)
    scale = scale_bar(look.picture.shape[1], look.gsd_m) if bar else None
    views = views_of(look, target, _SIDE_PX)
    lines = outlines(look, target, found.evidence, _SIDE_PX)
    over = index_uri(lines, LINES_OF, _SIDE_PX, clear=True)
    end = f", {views.note}" if views.note else ""
    rasters = (
        (views.known, colours.values, f"reference{end}: {reason}", over),
        (views.said, colours.values, "predicted out of fold", ""),
        (views.error, colours.errors, f"error{end}", over),
    )
    return (
        Tile(photo_uri(picture, _SIDE_PX), f"{look.sample}, {words}", words, bar=scale),
        *(
            Tile(value_uri(raster, ramp, _SIDE_PX), f"{look.sample}, {what}", what, lines_over)
            for raster, ramp, what, lines_over in rasters
        ),
    )
