"""The sections of the report, in the order in which people ask: is it true, what is in it, what went wrong."""

from __future__ import annotations

import importlib.metadata
import math
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from landseer import __version__
from landseer.report.curves import (
    balance_figure,
    comparisons_figure,
    folds_figure,
    quality_figure,
    threshold_figure,
    training_figure,
)
from landseer.report.outcome import Outcome
from landseer.report.pictures import View, contact_sheet, groups_sheet, predictions_sheet
from landseer.report.style import png_uri, svg_uri
from landseer.samples.schema import is_missing
from landseer.samples.table import usable
from landseer.track.figures import class_colours, confusion_figure

PACKAGES = ("torch", "timm", "segmentation-models-pytorch", "lightning", "rasterio", "numpy")
_SHARES = ("class_{}_pct", "qa_corrupted_pixels_pct", "water_pixels_pct", "nodata_pct")
_MOST_FINDINGS = 40

Part = dict[str, Any]
Section = dict[str, Any]


def score_section(outcome: Outcome) -> Section:
    """Say how good the model is, and how that was counted."""
    selection = outcome.selection
    folds = [
        [
            fold.fold,
            fold.n_samples,
            fold.tta,
            _number(fold.threshold),
            *_scores(fold.scores, outcome),
        ]
        for fold in selection.folds
    ]
    heads = ["fold", "samples", "TTA", "threshold", *_headed(outcome)]
    classes = [
        [name, *(_number(selection.scores.get(f"{kind}_{name}")) for kind in _PER_CLASS)]
        for name in outcome.classes.names
    ]
    optimistic = selection.optimistic
    return _section(
        "score",
        "Score",
        "Every pixel below was predicted by members that never saw its place; whatever judges a fold "
        "was chosen on the other folds.",
        _cards(
            (f"{selection.crossfit.value:.4f}", f"{selection.metric}, honest"),
            (f"{optimistic.value:.4f}", "the same, chosen and judged on the same samples"),
            (f"{selection.n_samples:,}", "samples judged"),
            (f"{selection.n_groups:,}", "places among them"),
            (_number(selection.threshold), "threshold"),
            (selection.tta, "test-time augmentation"),
        ),
        _figure(
            folds_figure(selection), "Bars: each fold. Line and band: pooled score, its interval."
        ),
        _table("By fold", heads, folds),
        _table("By class, pooled over all pixels", ["class", *_PER_CLASS], classes),
        _table(
            "Over all classes",
            ["score", "value"],
            [
                [name, _number(selection.scores[name])]
                for name in _OVERALL
                if name in selection.scores
            ],
        ),
        _figure(
            confusion_figure(_pooled_matrix(outcome), outcome.classes.names, ""),
            "Members on their own held-out folds, without test-time augmentation, greatest probability.",
        ),
        {"kind": "notes", "notes": selection.notes},
    )


def choices_section(outcome: Outcome) -> Section:
    """Say what was chosen, from which curve, and what each choice is worth."""
    selection = outcome.selection
    parts = []
    if selection.curves:
        parts.append(
            _figure(
                threshold_figure(selection),
                "All out-of-fold pixels pooled; the headline score never uses a threshold that saw its fold.",
            )
        )
    if selection.comparisons:
        parts.append(
            _figure(
                comparisons_figure(selection),
                "Paired differences, intervals over places. Grey: the interval holds zero.",
            )
        )
    weights = [[m.fold, m.seed, _number(m.weight), _number(m.score)] for m in selection.members]
    parts.append(_table("Members", ["fold", "seed", "weight", "own score"], weights))
    return _section(
        "choices", "Choices", "Made on out-of-fold predictions, never on a test side.", *parts
    )


def examples_section(outcome: Outcome) -> Section:
    """Show where the model is best and worst."""
    scored = {
        s: v for s, v in outcome.selection.samples.items() if v is not None and math.isfinite(v)
    }
    ranked = sorted(scored, key=lambda sample: (scored[sample], sample))
    n = min(outcome.config.examples, len(ranked) // 2)
    parts: list[Part] = []
    for title, chosen in (("Worst", ranked[:n]), ("Best", ranked[::-1][:n])):
        if chosen:
            sheet = predictions_sheet(
                [_view(outcome, s, f"{outcome.selection.metric} {scored[s]:.3f}") for s in chosen],
                outcome.bands,
                outcome.classes,
                [outcome.oof / f"{sample}.tif" for sample in chosen],
                outcome.selection.threshold,
            )
            parts.append(_picture(sheet, f"{title} samples, predicted out of fold."))
    return _section("examples", "Best and worst", "Look before you believe a number.", *parts)


def data_section(outcome: Outcome) -> Section:
    """Say what the data are, and what was left out."""
    samples = outcome.samples
    used = usable(samples, side="train")
    labelled = used[used["label"].notna()]
    n_excluded = int(samples["excluded"].map(lambda value: not is_missing(value)).sum())
    shown = labelled.iloc[_spaced(len(labelled), outcome.config.contact_sheet)]
    columns = [c.format(outcome.classes.names[-1]) for c in _SHARES]
    columns = [c for c in columns if c in used and used[c].notna().any()]
    parts = [
        _cards(
            (f"{len(samples):,}", "samples listed"),
            (f"{len(labelled):,}", "labelled and used"),
            (f"{int((samples['side'] == 'test').sum()):,}", "on the test side"),
            (f"{n_excluded:,}", "left out, with a reason"),
            (f"{used['group'].nunique():,}", "different places"),
        )
    ]
    if len(shown):
        sheet = contact_sheet(
            [_view(outcome, s, "") for s in shown["sample"]], outcome.bands, outcome.classes
        )
        parts.append(_picture(sheet, "True colour; yellow: outline of the label."))
    if columns:
        parts.append(_figure(quality_figure(used, columns), "Shares of pixels, number of samples."))
    listed = outcome.listed
    if len(listed):
        rows = (
            listed[["sample", "what", "figure", "action"]].head(_MOST_FINDINGS).to_numpy().tolist()
        )
        more = len(listed) - len(rows)
        title = f"Findings ({len(listed):,}{f', the first {len(rows)}' if more > 0 else ''})"
        parts.append(_table(title, ["sample", "what", "figure", "action"], rows))
    return _section("data", "Data", "What was found on disk, and what was done about it.", *parts)


def places_section(outcome: Outcome) -> Section:
    """Show which samples show the same place."""
    used = usable(outcome.samples, side="train")
    sizes = used.groupby("group").size().sort_values(ascending=False, kind="stable")
    several = sizes[sizes > 1]
    parts: list[Part] = [
        _cards(
            (f"{len(sizes):,}", "different places"),
            (f"{len(several):,}", "seen more than once"),
            (f"{int(sizes.max()) if len(sizes) else 0:,}", "samples of the most seen place"),
            (f"{len(outcome.pairs):,}", "pairs of the same place"),
        )
    ]
    chosen = list(several.index[: outcome.config.groups])
    if chosen:
        groups = [
            [_view(outcome, s, "") for s in used.loc[used["group"] == group, "sample"][:6]]
            for group in chosen
        ]
        parts.append(
            _picture(
                groups_sheet(groups, outcome.bands), "One place a row: near infrared, red, green."
            )
        )
    lead = "Samples of one place stay on one side of every split."
    return _section("places", "Same place", lead, *parts)


def folds_section(outcome: Outcome) -> Section:
    """Show how the folds are balanced, and that they do not leak."""
    used = usable(outcome.samples, side="train")
    proof = outcome.proof
    crossing = proof.get("cross_fold_pairs", 0)
    parts: list[Part] = [
        _cards(
            (f"{used['fold'][used['fold'] >= 0].nunique()}", "folds"),
            (f"{crossing:,}", "pairs of one place across folds"),
            (f"{proof.get('cross_fold_overlap_m2') or 0:,.0f} m²", "shared ground across folds"),
        )
    ]
    parts += [{"kind": "warning", "text": text} for text in proof.get("warnings", ())]
    colours = class_colours(outcome.classes.colours, len(outcome.classes))
    if any(f"class_{name}_pct" in used for name in outcome.classes.names):
        parts.append(
            _figure(balance_figure(used, outcome.classes.names, colours), "Mean over samples.")
        )
    return _section("folds", "Folds", "A score is honest only if its folds are.", *parts)


def channels_section(outcome: Outcome) -> Section:
    """List what the network sees."""
    rows = []
    for name, channel in outcome.statistics["channels"].items():
        quantiles = channel.get("quantiles", {})
        figures = [channel.get(key) for key in ("count", "min", "mean", "std", "max")]
        ends = [quantiles.get(level) for level in sorted(quantiles, key=float)]
        shown = [ends[0], ends[-1]] if ends else [None, None]
        rows.append([name, *(_number(v) for v in (*figures, *shown))])
    heads = ["channel", "valid pixels", "min", "mean", "std", "max", "lowest quantile", "highest"]
    return _section(
        "channels",
        "Channels",
        "Measured once, over valid pixels of training samples; the model carries these figures.",
        _table("", heads, rows),
    )


def training_section(outcome: Outcome) -> Section:
    """Show how the members trained."""
    rows = [
        [m["member"], m["epoch"] + 1, _number(m["score"]), m["n_train"], m["n_held_out"]]
        for m in outcome.members
    ]
    stages = [[name, f"{seconds:,.1f} s"] for name, seconds in outcome.seconds.items()]
    return _section(
        "training",
        "Training",
        "The best epoch of each member is kept, not the last.",
        _figure(
            training_figure(outcome.histories, outcome.monitor), "Dots: the epoch that was kept."
        ),
        _table("Members", ["member", "best epoch", "score", "trained on", "held out"], rows),
        _table("Time", ["stage", "seconds"], stages),
    )


def recipe_section(outcome: Outcome) -> Section:
    """Say exactly what was run, on what."""
    rows = [["landseer", __version__], ["Python", platform.python_version()]]
    rows += [[name, importlib.metadata.version(name)] for name in PACKAGES]
    rows.append(["system", f"{platform.system()} {platform.machine()}"])
    return _section(
        "recipe",
        "Recipe and versions",
        "The recipe, the data and these versions are all that this run depends on.",
        {"kind": "code", "title": "Resolved recipe", "text": outcome.recipe, "open": False},
        _table("", ["package", "version"], rows),
    )


SECTIONS: tuple[Callable[[Outcome], Section], ...] = (
    score_section,
    choices_section,
    examples_section,
    data_section,
    places_section,
    folds_section,
    channels_section,
    training_section,
    recipe_section,
)

_PER_CLASS = ("dice", "iou", "precision", "recall")
_OVERALL = ("dice_macro", "dice_foreground", "iou_macro", "iou_foreground", "accuracy", "mcc")


def _section(key: str, title: str, lead: str, *parts: Part) -> Section:
    """Make a section."""
    return {"key": key, "title": title, "lead": lead, "parts": parts}


def _cards(*cards: tuple[str, str]) -> Part:
    """Make a row of figures."""
    return {"kind": "cards", "cards": cards}


def _figure(figure: Figure, caption: str) -> Part:
    """Make a figure of lines and text."""
    return {"kind": "figure", "uri": svg_uri(figure), "caption": caption}


def _picture(figure: Figure, caption: str) -> Part:
    """Make a figure of pixels."""
    return {"kind": "figure", "uri": png_uri(figure), "caption": caption}


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Part:
    """Make a table."""
    return {"kind": "table", "title": title, "heads": heads, "rows": rows}


def _number(value: float | None) -> str:
    """Write a number for people."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) >= 1000):
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) >= 10 else f"{value:.4f}"


def _headed(outcome: Outcome) -> list[str]:
    """Return which scores a table of folds shows."""
    metric = outcome.selection.metric
    return [metric, *(name for name in ("iou_foreground", "accuracy") if name != metric)]


def _scores(scores: dict[str, float], outcome: Outcome) -> list[str]:
    """Return these scores as cells."""
    return [_number(scores.get(name)) for name in _headed(outcome)]


def _pooled_matrix(outcome: Outcome) -> np.ndarray:
    """Sum the members' confusion matrices."""
    return np.sum([np.asarray(m["matrix"], np.int64) for m in outcome.members], axis=0)


def _spaced(n: int, wanted: int) -> list[int]:
    """Return evenly spaced positions."""
    return sorted({int(i) for i in np.linspace(0, n - 1, min(n, wanted))}) if n else []


def _view(outcome: Outcome, sample: str, caption: str) -> View:
    """Return a sample's files."""
    row: pd.Series = outcome.samples.set_index("sample").loc[sample]
    label = None if is_missing(row["label"]) else Path(row["label"])
    return View(sample, Path(row["image"]), label, caption)
