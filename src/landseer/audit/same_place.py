"""Same place: which samples show common ground, by footprint or by image, and the groups that follow from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from landseer.audit.components import connected_components
from landseer.audit.footprints import find_common_ground
from landseer.audit.layers import Reading, choose_layers, read_layers
from landseer.audit.match import match_layers
from landseer.audit.mosaic import Link, lay_out
from landseer.audit.pairs import make_pairs
from landseer.audit.settings import SamePlaceConfig
from landseer.core.bands import Band
from landseer.errors import StageError
from landseer.samples.findings import KEPT, Finding
from landseer.samples.schema import is_missing
from landseer.samples.table import usable

GIANT_SAMPLES = 100
GIANT_SHARE = 0.1
_LEAST_GIANT = 10
_CONTRADICTION_WORKING_PX = 6

Pair = dict[str, object]


@dataclass(frozen=True)
class SamePlace:
    """What shows the same place.

    Attributes:
        groups: sample -> group; a group is named after its smallest sample.
        pairs: one row per pair and method, columns `pairs.PAIR_COLUMNS`, sorted.
        findings: giant and contradictory groups, duplicates, samples that could not be compared.
    """

    groups: dict[str, str]
    pairs: pd.DataFrame
    findings: list[Finding]


def same_place(
    frame: gpd.GeoDataFrame,
    bands: Sequence[Band],
    config: SamePlaceConfig | None = None,
    *,
    workers: int | None = None,
) -> SamePlace:
    """Find the samples, of both sides, that show common ground, and group them.

    Samples of one `site` are always grouped. So are images with the same pixels, overlapping footprints, and images
    that agree at some shift. Groups are connected components: a chain of overlaps is one group.

    Args:
        frame: sample table; excluded rows are not looked at and stay alone.
        bands: bands of the images.
        config: None takes the defaults.

    Raises:
        StageError: `method: footprint` and a sample has none.
        FileReadError, BandError, FormulaError: a file or a formula is not what it should be.

    Edges: flat, all-water and all-missing images hold no evidence and stay alone; the findings count them.
    """
    config = config or SamePlaceConfig()
    rows = usable(frame, None).sort_values("sample", kind="stable")
    placed = rows[_has_footprint(rows) & (config.method in ("auto", "footprint"))]
    others = rows[~rows["sample"].isin(placed["sample"])]
    if config.method == "footprint" and len(others):
        raise StageError(
            f"expected a footprint for every sample; {len(others)} of {len(rows)} have none",
            where=f"sample {others['sample'].iloc[0]}",
            do="set same_place.method to auto or image",
        )
    pairs = _site_pairs(rows) + _footprint_pairs(placed, config)
    findings: list[Finding] = []
    factor = _factor(rows, config)
    if config.method != "none" and len(others):
        found, findings = _image_pairs(others, bands, config, factor, workers)
        pairs += found
    table = make_pairs(pairs)
    groups = connected_components(frame["sample"], zip(table["a"], table["b"], strict=True))
    return SamePlace(groups, table, findings + _group_findings(groups, table, len(rows), factor))


def add_groups(frame: gpd.GeoDataFrame, groups: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Return the table with the column `group`.

    Raises:
        StageError: a sample has no group.
    """
    missing = [name for name in frame["sample"] if name not in groups]
    if missing:
        raise StageError(
            f"expected a group for every sample; {len(missing)} have none, the first is {missing[0]}",
            do="run the audit again",
        )
    return frame.assign(group=frame["sample"].map(groups))


def _has_footprint(rows: gpd.GeoDataFrame) -> pd.Series:
    """Tell which rows have a footprint."""
    return ~(rows.geometry.isna() | rows.geometry.is_empty)


def _factor(rows: gpd.GeoDataFrame, config: SamePlaceConfig) -> int:
    """Return how many image pixels make one working pixel, alike for all images."""
    longest = int(max(rows["height"].max(), rows["width"].max())) if len(rows) else 1
    return max(1, -(-longest // config.working_px))


def _pair(a: str, b: str, method: str, score: float, **more: object) -> Pair:
    """Make one row of the pairs."""
    return {"a": a, "b": b, "method": method, "score": score, **more}


def _star(names: Sequence[str], method: str) -> list[Pair]:
    """Pair the first of several samples with each of the others."""
    first, *rest = sorted(names)
    return [_pair(first, name, method, float("inf")) for name in rest]


def _site_pairs(rows: gpd.GeoDataFrame) -> list[Pair]:
    """Pair the samples of each site."""
    sites: dict[str, list[str]] = defaultdict(list)
    for name, site in zip(rows["sample"], rows["site"], strict=True):
        if not is_missing(site):
            sites[str(site)].append(name)
    return [pair for names in sites.values() for pair in _star(names, "site")]


def _footprint_pairs(placed: gpd.GeoDataFrame, config: SamePlaceConfig) -> list[Pair]:
    """Pair the samples whose footprints overlap."""
    names = list(placed["sample"])
    ground = find_common_ground(list(placed.geometry), min_overlap=config.min_footprint_overlap)
    return [
        _pair(
            names[one.a], names[one.b], "footprint", one.overlap,
            overlap=one.overlap, overlap_m2=one.overlap_m2,
        )
        for one in ground
    ]  # fmt: skip


def _image_pairs(
    rows: gpd.GeoDataFrame,
    bands: Sequence[Band],
    config: SamePlaceConfig,
    factor: int,
    workers: int | None,
) -> tuple[list[Pair], list[Finding]]:
    """Pair the samples whose images are the same or agree at some shift."""
    names, paths = list(rows["sample"]), [Path(path) for path in rows["image"]]
    formulas = config.layers or choose_layers(bands)
    readings = read_layers(
        paths, bands, formulas, valid=config.valid, factor=factor, workers=workers
    )
    pairs, findings = _duplicates(names, paths, readings)
    blank = set(range(len(names)))
    for number, formula in enumerate(formulas):
        matches, without = match_layers(
            [reading.layers[number] for reading in readings], config, workers=workers
        )
        blank &= set(without)
        pairs += [
            _pair(
                names[one.a], names[one.b], f"image: {formula}", one.agreement.significance,
                shift_row=one.agreement.row * factor, shift_col=one.agreement.col * factor,
                overlap=one.agreement.overlap, agreement=one.agreement.agreement,
            )
            for one in matches
        ]  # fmt: skip
    if blank:
        figure = f"{len(blank)} of {len(names)} samples, first {names[min(blank)]}"
        findings.append(
            Finding(
                "", "", ", ".join(formulas), "no detail to find the same place by", figure, KEPT
            )
        )
    return pairs, findings


def _duplicates(
    names: Sequence[str], paths: Sequence[Path], readings: Sequence[Reading]
) -> tuple[list[Pair], list[Finding]]:
    """Pair the images whose pixels are all the same, and say so."""
    same: dict[str, list[int]] = defaultdict(list)
    for number, reading in enumerate(readings):
        if reading.content:
            same[reading.content].append(number)
    pairs: list[Pair] = []
    findings = []
    for copies in same.values():
        pairs += _star([names[number] for number in copies], "duplicate")
        findings += [
            Finding(
                names[number], str(paths[number]), "", "the same pixels as another image",
                names[copies[0]], "kept, in one group",
            )
            for number in copies[1:]
        ]  # fmt: skip
    return pairs, findings


def _group_findings(
    groups: Mapping[str, str], pairs: pd.DataFrame, n_samples: int, factor: int
) -> list[Finding]:
    """Explain giant groups, and name the pairs that contradict the rest of their group."""
    links: dict[str, list[Link]] = defaultdict(list)
    columns = (pairs[name].tolist() for name in ("a", "b", "score", "shift_row", "shift_col"))
    for a, b, score, row, col in zip(*columns, strict=True):
        shift = None if is_missing(row) else (int(row), int(col))
        links[groups[a]].append(Link(a, b, score, shift))
    sizes = Counter(groups.values())
    tolerance_px = _CONTRADICTION_WORKING_PX * factor
    findings = []
    for group in sorted(links):
        # Without the shift of every link a layout would be a guess: then only the tree is of use.
        is_laid = all(link.shift is not None for link in links[group])
        mosaic = lay_out(links[group], tolerance_px=tolerance_px)
        if is_laid:
            findings += [
                Finding(
                    link.a, "", "", f"its shift to {link.b} contradicts stronger pairs of its group",
                    f"score {link.score:.1f}", KEPT,
                )
                for link in mosaic.contradictions
            ]  # fmt: skip
        if _is_giant(sizes[group], n_samples):
            extent = f", {mosaic.height} x {mosaic.width} px" if is_laid else ""
            weakest = mosaic.weakest
            held = f", held by {weakest.a} - {weakest.b} ({weakest.score:.1f})" if weakest else ""
            figure = (
                f"{sizes[group]} of {n_samples} samples by {len(links[group])} pairs{extent}{held}"
            )
            findings.append(Finding(group, "", "", "a giant group: check its pairs", figure, KEPT))
    return findings


def _is_giant(size: int, n_samples: int) -> bool:
    """Tell whether a group is so large that folds can hardly be balanced around it."""
    return size > GIANT_SAMPLES or (size >= _LEAST_GIANT and size > GIANT_SHARE * n_samples)
