"""Any data set of scenes in folders, described by patterns in the recipe: windows are read without being cut out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from landseer.adapters.pattern import Match, fill, find_files, nothing_found, wildcards
from landseer.adapters.scene import Scene, scan_scenes
from landseer.adapters.scenes_config import ScenesConfig
from landseer.adapters.tables import read_column
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.errors import DataError
from landseer.samples.findings import EXCLUDED, KEPT, Finding

Lookup = Callable[[str, str], str | None]
"""(scene, relative path) -> site or date, None when unknown."""

_NO_LABEL = "label is missing"


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a data set: its patterns and what is known of its scenes."""

    name: str
    root: Path
    images: str
    more: tuple[str, ...]
    labels: str | None
    areas: str | None
    prefix: str
    mosaic: str | None
    site: Lookup
    date: Lookup
    gsd_m: float | None


def bands(config: ScenesConfig) -> tuple[Band, ...]:
    """Return the bands of the recipe."""
    return config.band_table()


def classes(config: ScenesConfig) -> ClassTable:
    """Return the classes of the recipe."""
    return config.class_table()


def references(config: ScenesConfig) -> tuple[Reference, ...]:
    """Return nothing: scenes have labels only."""
    return ()


def scan(config: ScenesConfig, work: Path) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table from the windows of the scenes that the patterns match.

    Args:
        config: recipe key `data`.
        work: folder for burnt labels and virtual rasters; see `scene.scan_scenes`.

    Returns:
        The sample table, and what was found on the way.

    Raises:
        DataError: a pattern matches nothing, `mosaic` no training file, no training scene has its label, or a table is
            wrong.
        FileReadError: the root, a folder or a table cannot be read.
        WriteError: `work` cannot be written.

    Edges: a training scene whose label is missing is excluded, a test scene is not.
    """
    root = Path(config.root).absolute()
    scenes, findings = [], []
    for side in _sides(root, config):
        some, found = _scan_side(side)
        scenes += some
        findings += found
    findings += _without(scenes, "site", config.site_table or config.site)
    findings += _without(scenes, "date", config.date_table or config.date)
    frame, found = scan_scenes(
        scenes,
        config.windows,
        work,
        rules=config.rules(),
        bands=bands(config),
        align=config.align,
    )
    return frame, findings + found


def _sides(root: Path, config: ScenesConfig) -> list[_Side]:
    """List the sides that the recipe has."""
    site = _lookup(root, config.site, config.site_table, "site")
    date = _lookup(root, config.date, config.date_table, "date")
    shared = (config.mosaic, site, date, config.gsd_m)
    sides = [
        _Side(
            "train",
            root,
            config.images,
            config.more_images,
            config.labels,
            config.areas,
            "",
            *shared,
        )
    ]
    if config.test_images is not None:
        patterns = (
            config.test_images,
            config.test_more_images,
            config.test_labels,
            config.test_areas,
        )
        sides.append(_Side("test", root, *patterns, config.test_prefix, *shared))
    return sides


def _lookup(root: Path, expression: str | None, table: Path | None, key: str) -> Lookup:
    """Make the function that knows a scene's site or date."""
    if table is not None:
        known = read_column(root / table, key)
        return lambda scene, _: known.get(scene)
    if expression is None:
        return lambda _, __: None
    compiled = re.compile(expression)
    return lambda _, relative: (found := compiled.search(relative)) and found.group(1)


def _scan_side(side: _Side) -> tuple[list[Scene], list[Finding]]:
    """Find the scenes of one side and what belongs to them."""
    labels = _by_parts(side, side.labels)
    taken = {match.relative for match in labels.values()}
    taken |= {match.relative for match in _by_parts(side, side.areas).values()}
    found = find_files(side.root, side.images)
    taken |= {text for match in found for text in _named(side, match)}
    matches = [one for one in found if one.relative not in taken]
    if not matches:
        raise nothing_found(side.root, side.images, f"{side.name} scenes")
    scenes, findings = [], _outside_mosaics(side, matches)
    for name, group in _groups(side, matches).items():
        scene, missing = _scene(side, side.prefix + name, group)
        scenes.append(scene)
        findings += missing
    if side.labels is not None and not any(scene.labels for scene in scenes):
        raise DataError(
            f"expected labels of the {side.name} scenes; none of {len(scenes)} has its own ({findings[0].figure})",
            where=side.root,
            do="correct the pattern of the labels",
        )
    used = {group[0].parts for group in _groups(side, matches).values()}
    return scenes, findings + [
        Finding("", str(match.path), "", "label without an image", "", "not used")
        for parts, match in labels.items()
        if parts not in used
    ]


def _named(side: _Side, match: Match) -> list[str]:
    """Return the files that would belong to a scene of this one file, which are then no scenes."""
    name, site = _group(side, match), side.site(match.name, match.relative)
    return [
        _partner(side, pattern, name, site, match)[1]
        for pattern in (side.labels, side.areas)
        if pattern
    ]


def _by_parts(side: _Side, pattern: str | None) -> Mapping[tuple[str, ...], Match]:
    """Find files by what the wildcards stand for; none where the pattern has none."""
    if pattern is None or not wildcards(pattern):
        return {}
    return {match.parts: match for match in find_files(side.root, pattern)}


def _groups(side: _Side, matches: list[Match]) -> dict[str, list[Match]]:
    """Put files of one mosaic together; each file is a scene where there are no mosaics."""
    groups: dict[str, list[Match]] = {}
    for match in matches:
        groups.setdefault(_group(side, match), []).append(match)
    return groups


def _outside_mosaics(side: _Side, matches: list[Match]) -> list[Finding]:
    """Report files that the expression of the mosaics does not match; refuse one that matches no training file."""
    lone = [
        match for match in matches if side.mosaic and not re.search(side.mosaic, match.relative)
    ]
    if not lone:
        return []
    count, first = f"{len(lone)} of {len(matches)} {side.name} files", lone[0]
    if len(lone) == len(matches) and side.name == "train":
        raise DataError(
            f"expected files that the expression {side.mosaic!r} matches; it matches none of {len(matches)}, such as "
            f"{first.relative}",
            where=side.root,
            do="correct `mosaic`, or leave it out where each file is a scene",
        )
    what = "files that the expression of `mosaic` does not match"
    figure = f"{count}, such as {first.relative}"
    return [Finding("", str(first.path), "", what, figure, f"{KEPT}, each a scene")]


def _group(side: _Side, match: Match) -> str:
    """Name the scene that a file belongs to."""
    found = None if side.mosaic is None else re.search(side.mosaic, match.relative)
    return match.name if found is None else found.group(1)


def _scene(side: _Side, name: str, group: list[Match]) -> tuple[Scene, list[Finding]]:
    """Put together what is known of one scene, and report what is missing."""
    first = group[0]
    more = tuple(side.root / fill(pattern, first.parts) for pattern in side.more)
    site, date = side.site(name, first.relative), side.date(name, first.relative)
    label, label_text = _partner(side, side.labels, name, site, first)
    area, area_text = _partner(side, side.areas, name, site, first)
    is_left_out = side.labels is not None and label is None and side.name == "train"
    missing = [
        (_NO_LABEL, label_text, label, EXCLUDED if is_left_out else KEPT),
        ("area of interest is missing", area_text, area, f"{KEPT} whole"),
    ]
    scene = Scene(
        name,
        (*(match.path for match in group), *more),
        () if label is None else (label,),
        side="train" if side.name == "train" else "test",
        site=site,
        date=date,
        areas=() if area is None else (area,),
        joined="bands" if side.mosaic is None else "mosaic",
        gsd_m=side.gsd_m,
        excluded=_NO_LABEL if is_left_out else None,
    )
    return scene, [
        Finding(name, str(first.path), "", what, f"expected {text}", action)
        for what, text, path, action in missing
        if text and path is None
    ]


def _partner(
    side: _Side, pattern: str | None, name: str, site: str | None, match: Match
) -> tuple[Path | None, str]:
    """Return the file that belongs to a scene, None where it is not there; and what was expected, "" if nothing."""
    if pattern is None:
        return None, ""
    text = fill(pattern, match.parts) if wildcards(pattern) else pattern
    text = text.replace("{scene}", name.removeprefix(side.prefix)).replace("{site}", site or "")
    path = side.root / text
    return (path if path.is_file() else None), text


def _without(scenes: list[Scene], key: str, known: object) -> list[Finding]:
    """Report scenes to which the recipe's site or date does not reach."""
    lone = [one for one in scenes if known is not None and getattr(one, key) is None]
    return [
        Finding(
            one.name,
            str(one.images[0]),
            "",
            f"no {key} for this scene",
            "",
            f"{KEPT} without {key}",
        )
        for one in lone
    ]
