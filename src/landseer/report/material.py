"""What the run was made from: the data, places seen more than once, folds and channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import yaml

from landseer.core.references import PREFIX
from landseer.report.curves import balance_figure, quality_figure
from landseer.report.outcome import Outcome
from landseer.report.parts import Part, Section, beside, cards, chart, number, section, table
from landseer.report.quantiles import quantile_strip
from landseer.report.sheets import contact_sheet, places_sheet
from landseer.samples.labelled import is_labelled
from landseer.samples.schema import is_missing
from landseer.samples.table import usable
from landseer.track.pixels import class_colours

_SHARES = ("qa_corrupted_pixels_pct", "water_pixels_pct", "nodata_pct")
_MOST_FINDINGS = 40
_MOST_CLASSES = 5


def data_section(outcome: Outcome) -> Section:
    """Say what the data are, and what was left out."""
    samples = outcome.samples
    used = usable(samples, side="train")
    labelled = used[is_labelled(used, outcome.references)]
    n_excluded = int((~samples["excluded"].map(is_missing).astype(bool)).sum())
    parts: list[Part] = [
        cards(
            (f"{len(samples):,}", "samples listed"),
            (f"{len(labelled):,}", "labelled and used"),
            (f"{int((samples['side'] == 'test').sum()):,}", "on the test side"),
            (f"{n_excluded:,}", "left out, with a reason"),
            (_span(used, "width", "height"), "pixels across and down"),
            (_ground(used), "m on the ground per pixel"),
        )
    ]
    places = _spaced(len(labelled), outcome.config.contact_sheet)
    if places:
        parts.append(contact_sheet(outcome, list(labelled["sample"].iloc[places])))
    classes = [f"class_{name}_pct" for name in outcome.classes.names]
    classes = classes[1:] if len(classes) == 2 else classes[:_MOST_CLASSES]
    known = [one.figure_column("valid_pct") for one in outcome.references if one.kind == "raster"]
    columns = [c for c in (*classes, *known, *_SHARES) if c in used and used[c].notna().any()]
    if columns:
        charts = [chart(quality_figure(used[c]), _plain(c), "") for c in columns]
        parts.append(beside(*charts))
    parts += _findings(outcome.listed)
    return section("data", "Data", "What was found on disk, and what was done about it.", *parts)


def places_section(outcome: Outcome) -> Section:
    """Show which samples show the same place."""
    used = usable(outcome.samples, side="train")
    groups = _groups(used)
    sizes = groups.value_counts(sort=False).sort_index()
    sizes = sizes.sort_values(ascending=False, kind="stable")
    several = sizes[sizes > 1]
    parts: list[Part] = [
        cards(
            (f"{len(sizes):,}", "different places"),
            (f"{len(several):,}", "seen more than once"),
            (f"{int(sizes.max()) if len(sizes) else 0:,}", "samples of the most seen place"),
            (f"{len(outcome.pairs):,}", "pairs of the same place"),
        )
    ]
    chosen = [
        (str(name), list(used["sample"][groups == name]))
        for name in several.index[: outcome.config.groups]
    ]
    if chosen:
        parts.append(places_sheet(outcome, chosen))
    lead = "Samples of one place stay on one side of every split."
    return section("places", "Same place", lead, *parts)


def folds_section(outcome: Outcome) -> Section:
    """Show how the folds are balanced, and that they do not leak."""
    used = usable(outcome.samples, side="train")
    proof = outcome.proof
    parts: list[Part] = [
        cards(
            (f"{used['fold'][used['fold'] >= 0].nunique()}", "folds"),
            (f"{proof.get('cross_fold_pairs', 0):,}", "pairs of one place across folds"),
            (f"{proof.get('cross_fold_overlap_m2') or 0:,.0f} m²", "shared ground across folds"),
            (f"{proof.get('test_pairs', 0):,}", "pairs of one place across train and test"),
        )
    ]
    parts += [{"kind": "warning", "text": text} for text in proof.get("warnings", ())]
    single, joint = _balance(proof.get("balance", ()))
    names, shown = outcome.classes.names, []
    if any(f"class_{name}_pct" in used for name in names) and (used["fold"] >= 0).any():
        figure = balance_figure(used, names, class_colours(outcome.classes.colours, len(names)))
        shown.append(chart(figure, "Class shares of each fold", "Mean over the fold's samples."))
    parts += [beside(*shown, *single)] if shown or single else []
    return section("folds", "Folds", "A score is honest only if its folds are.", *parts, *joint)


def channels_section(outcome: Outcome) -> Section:
    """List what the network sees."""
    clip, fixed = _clipping(outcome.recipe)
    rows = []
    for name, channel in outcome.statistics["channels"].items():
        values = channel.get("quantiles", {})
        strip = quantile_strip(values, None if name in fixed else clip)
        ends = [values.get(f"{level:g}") for level in clip or (0.01, 0.99)]
        figures = (channel.get("min"), ends[0], channel.get("mean"), ends[1], channel.get("max"))
        rows.append([name, strip, number(channel.get("count")), *map(number, figures)])
    low, high = clip or (0.01, 0.99)
    heads = ["channel", "spread", "valid pixels", "min", f"{low:.0%}", "mean", f"{high:.0%}", "max"]
    said = (
        "Dark: the middle half of the values; black line: the median; orange lines: beyond them values are clipped."
        if clip
        else "Dark: the middle half of the values; black line: the median."
    )
    return section(
        "channels",
        "Channels",
        "Measured once, over valid pixels of training samples; the model carries these figures.",
        table("", heads, rows, n_text=2),
        {"kind": "note", "text": said},
    )


def _plain(column: str) -> str:
    """Name a column of shares in plain words."""
    if column.startswith(PREFIX) and column.endswith("_valid_pct"):
        return f"known pixels of {column.removeprefix(PREFIX).removesuffix('_valid_pct')}"
    return (
        column.removesuffix("_pct").removesuffix("_pixels").removeprefix("class_").replace("_", " ")
    )


def _findings(listed: pd.DataFrame) -> list[Part]:
    """Make the table of findings, if there are any."""
    if not len(listed):
        return []
    heads = ["sample", "what", "figure", "action"]
    rows = listed[heads].head(_MOST_FINDINGS).fillna("").replace("", "–").to_numpy().tolist()
    more = f", the first {len(rows)}" if len(listed) > len(rows) else ""
    return [table(f"Findings ({len(listed):,}{more})", heads, rows, n_text=4)]


def _groups(used: pd.DataFrame) -> pd.Series:
    """Return each sample's place; a sample without one is a place of its own."""
    if "group" not in used:
        return used["sample"]
    missing = used["group"].map(is_missing).astype(bool)
    return used["group"].where(~missing, used["sample"])


def _balance(records: Sequence[dict[str, Any]]) -> tuple[list[Part], list[Part]]:
    """Make the tables of single strata and, folded, of joint ones."""
    if not records:
        return [], []
    folds = [name for name in records[0] if name not in ("stratum", "deviation")]
    heads = ["stratum", *folds, "deviation"]
    cells = [
        [row["stratum"], *(f"{row[fold]:,}" for fold in folds), f"{row['deviation']:.1%}"]
        for row in records
    ]
    single = [row for row in cells if " | " not in row[0]]
    joint = [row for row in cells if " | " in row[0]]
    title = f"Balance of the {len(joint)} joint strata"
    first = table("Balance of samples, groups and strata", heads, single)
    return [first], [table(title, heads, joint, folded=True)] if joint else []


def _clipping(recipe: str) -> tuple[tuple[float, float] | None, frozenset[str]]:
    """Read from the recipe at which quantiles channels are clipped, and which have a range of their own."""
    read = yaml.safe_load(recipe)
    inputs = (read.get("inputs") if isinstance(read, dict) else None) or {}
    normalise = inputs.get("normalise") or {}
    fixed = frozenset(inputs.get("fixed_range") or {})
    if normalise.get("kind") != "quantile":
        return None, fixed
    return (float(normalise["low"]), float(normalise["high"])), fixed


def _span(used: pd.DataFrame, width: str, height: str) -> str:
    """Write the size of the images, or its range."""
    if not len(used):
        return "–"
    small, large = used[[width, height]].min(), used[[width, height]].max()
    first = f"{small[width]} × {small[height]}"
    return first if (small == large).all() else f"{first} … {large[width]} × {large[height]}"


def _ground(used: pd.DataFrame) -> str:
    """Write the ground sample distance, or its range."""
    known = used["gsd_m"].dropna()
    if not len(known):
        return "–"
    low, high = f"{known.min():.4g}", f"{known.max():.4g}"
    return low if low == high else f"{low} … {high}"


def _spaced(n: int, wanted: int) -> list[int]:
    """Return evenly spaced positions."""
    return sorted({int(i) for i in np.linspace(0, n - 1, min(n, wanted))}) if n else []
