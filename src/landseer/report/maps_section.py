"""Whole scenes: what was mapped by members that never saw them, beside the truth, and what the maps score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.raster.label import read_small_label
from landseer.raster.read import RasterInfo, read_info, read_small
from landseer.report.composites import natural_bands
from landseer.report.outcome import Outcome, SceneMap
from landseer.report.parts import Mark, Part, Section, Strip, Tile, number, section, strips, table
from landseer.report.tiles import index_uri, photo_uri, scale_bar
from landseer.spectral.compute import physical
from landseer.track.pixels import HIT_NAMES, HITS, class_colours, hits, stretch

SIDE_PX = 512
"""Longer side of a picture, px."""

_NO_DATA = Mark("hatch", "", "no data, or not judged")


def maps_section(outcome: Outcome) -> Section | None:
    """Show scenes as they were mapped out of fold, from the best to the worst; None where there are none."""
    if not outcome.maps or not outcome.map_scores:
        return None
    chosen = _chosen(outcome)
    rows = [_strip(outcome, scene, first=not i) for i, scene in enumerate(chosen)]
    lead = (
        "Each scene was mapped whole, by members that never saw it, at the threshold chosen on other folds. Scores are "
        "of the finished maps; intervals are drawn over scenes."
    )
    if outcome.seams:
        lead = f"{lead} {_seams(outcome.seams)}"
    parts: list[Part] = [_by_class(outcome.map_scores), *_by_object(outcome.map_scores)]
    if rows:
        parts.append(
            strips("", rows, _caption(outcome, len(chosen)), _marks(outcome), len(rows[0].tiles))
        )
    parts.append(_by_scene(outcome))
    return section("maps", "Maps", lead, *parts)


def _seams(seams: Mapping[str, Any]) -> str:
    """Say what windows change."""
    share, rms, worst = seams["share_changed"], seams["rms"], seams["worst"]
    changed = f"values by {rms:.2g} (RMS), {worst:.2g} at most"
    if share is not None:
        changed = f"the class of {share:.3%} of the pixels, and {changed}"
    return (
        f"Windows of {seams['window_px']} px that share {seams['overlap_px']} px change {changed}, against one piece: "
        f"measured in the middle of {seams['image']} by {seams['member']}, which never saw it."
    )


def _chosen(outcome: Outcome) -> list[SceneMap]:
    """Choose scenes from best to worst, evenly, as many as the recipe shows examples of each kind."""
    values = outcome.map_scores["scenes"]
    ordered = sorted(
        outcome.maps, key=lambda scene: -_or_less(values.get(scene.name, {}).get("miou"))
    )
    count = min(len(ordered), max(outcome.config.examples, 0))
    places = np.linspace(0, len(ordered) - 1, count).round().astype(int)
    return [ordered[place] for place in dict.fromkeys(places.tolist())]


def _or_less(value: float | None) -> float:
    """Put what is not known last."""
    return -1.0 if value is None else float(value)


def _strip(outcome: Outcome, scene: SceneMap, *, first: bool) -> Strip:
    """Make the pictures of one scene."""
    info, n_classes = read_info(scene.image), len(outcome.classes)
    picture = _picture(outcome, scene.image)
    found = read_small(scene.map, [1], side_px=SIDE_PX, mean=False)[0].astype(np.uint8)
    truth = _truth(outcome, scene, found)
    colours = class_colours(outcome.classes.colours, n_classes)
    shown = np.where(truth < n_classes, hits(truth, found, n_classes), IGNORE).astype(np.uint8)
    pictures = {
        natural_bands(outcome.bands)[1]: photo_uri(picture, SIDE_PX),
        "truth": index_uri(truth, colours, SIDE_PX),
        "map": index_uri(found, colours, SIDE_PX),
        "result": index_uri(shown, HITS, SIDE_PX),
    }
    bar = scale_bar(info.width, scene.gsd_m) if first else None
    tiles = [
        Tile(uri, f"{scene.name}, {name}", name, bar=None if i else bar)
        for i, (name, uri) in enumerate(pictures.items())
    ]
    return Strip(scene.name, _facts(outcome, scene, info), tuple(tiles))


def _picture(outcome: Outcome, image: Path) -> NDArray[np.float32]:
    """Draw a scene small, in what comes nearest to true colour."""
    bands = natural_bands(outcome.bands)[0]
    raw = read_small(image, [band.index for band in bands], side_px=SIDE_PX)
    layers = [physical(layer, band) for layer, band in zip(raw, bands, strict=True)]
    return stretch(np.stack(layers).astype(np.float32))


def _truth(outcome: Outcome, scene: SceneMap, found: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Read a scene's label small, in class numbers; nothing known where it has none."""
    if scene.label is None:
        return np.full(found.shape, IGNORE, np.uint8)
    return read_small_label(scene.label, outcome.classes, side_px=SIDE_PX)


def _facts(outcome: Outcome, scene: SceneMap, info: RasterInfo) -> tuple[tuple[str, str], ...]:
    """Say what a scene is and how well it was mapped."""
    scores = outcome.map_scores["scenes"].get(scene.name, {})
    facts = [("size px", f"{info.width:,} × {info.height:,}")]
    facts += [(name, number(value, 3)) for name, value in _main(scores)]
    return (*facts, ("fold", ", ".join(map(str, scene.folds))))


def _main(scores: Mapping[str, Any]) -> list[tuple[str, float | None]]:
    """Return the few scores that stand beside pictures."""
    return [(name.replace("_", " "), value) for name, value in scores.items()]


def _by_class(scores: Mapping[str, Any]) -> Part:
    """Show the pooled scores of each class with their intervals."""
    rows = [
        [name, *(_with_interval(of_class.get(key)) for key in ("iou", "f1", "boundary_f1"))]
        for name, of_class in scores["classes"].items()
    ]
    heads = ("class", "IoU", "F1", f"boundary F1 within {scores['tolerance_px']:g} px")
    return table("All maps together", heads, rows)


def _by_object(scores: Mapping[str, Any]) -> list[Part]:
    """Show how many things were found, one by one, where things are counted."""
    rows = [
        [
            name,
            _with_interval(one["f1"]),
            f"{one['found']:,}",
            f"{one['missed']:,}",
            f"{one['false']:,}",
        ]
        for name, one in scores.get("objects", {}).items()
    ]
    heads = ("things, at IoU of 0.5", "F1", "found", "missed", "found wrongly")
    return [table("Thing by thing", heads, rows)] if rows else []


def _by_scene(outcome: Outcome) -> Part:
    """Show the scores of each scene."""
    known = outcome.map_scores["scenes"]
    names = [name for name, _ in _main(next(iter(known.values()), {}))]
    rows = [
        [scene.name, *(number(value, 3) for _, value in _main(known.get(scene.name, {})))]
        for scene in outcome.maps
    ]
    return table("Scene by scene", ("scene", *names), rows, folded=len(rows) > 12)


def _with_interval(score: Mapping[str, float] | None) -> str:
    """Write a score with its interval."""
    if score is None:
        return "–"
    ends = f"{number(score['low'], 3)} to {number(score['high'], 3)}"
    return (
        f"{number(score['value'], 3)} ({ends})"
        if score["low"] is not None
        else number(score["value"], 3)
    )


def _marks(outcome: Outcome) -> Sequence[Mark]:
    """Explain the colours."""
    colours = class_colours(outcome.classes.colours, len(outcome.classes))
    marks = [Mark("fill", c, n) for c, n in zip(colours, outcome.classes.names, strict=True)]
    if len(outcome.classes) == 2:
        marks += [Mark("fill", c, n) for c, n in zip(HITS[1:], HIT_NAMES[1:], strict=True)]
    else:
        marks += [Mark("fill", HITS[1], "right"), Mark("fill", HITS[2], "wrong")]
    return [*marks, _NO_DATA]


def _caption(outcome: Outcome, count: int) -> str:
    """Say which scenes are shown."""
    if count == len(outcome.maps):
        return "From the best map to the worst."
    return f"{count} of {len(outcome.maps)} scenes, from the best map to the worst."
