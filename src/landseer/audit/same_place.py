"""Same place: which samples show common ground, by footprint or by image, and the groups that follow from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from landseer.audit.components import connected_components
from landseer.audit.embedding import Embed, group_by_embedding
from landseer.audit.footprints import find_common_ground
from landseer.audit.groups import explain_groups
from landseer.audit.image_pairs import find_image_pairs, working_factor
from landseer.audit.pairs import Pair, make_pair, make_pairs, star
from landseer.audit.settings import SamePlaceConfig
from landseer.core.bands import Band
from landseer.core.references import Reference
from landseer.errors import StageError
from landseer.samples.findings import Finding
from landseer.samples.schema import is_missing
from landseer.samples.table import usable

_CONTRADICTION_WORKING_PX = 6


@dataclass(frozen=True)
class SamePlace:
    """What shows the same place.

    Attributes:
        groups: sample -> group; a group is named after its smallest sample.
        pairs: one row per pair and method, columns `pairs.PAIR_COLUMNS`, sorted.
        findings: giant and contradictory groups, duplicates, samples that could not be compared.
        summary: one row per group of two and more, columns `groups.GROUP_COLUMNS`.
    """

    groups: dict[str, str]
    pairs: pd.DataFrame
    findings: list[Finding]
    summary: pd.DataFrame


def same_place(
    frame: gpd.GeoDataFrame,
    bands: Sequence[Band],
    config: SamePlaceConfig | None = None,
    *,
    references: Sequence[Reference] = (),
    workers: int | None = None,
    embed: Embed | None = None,
) -> SamePlace:
    """Find the samples, of both sides, that show common ground, and group them.

    Samples of one `site` are grouped unless `sites_are_places` is false. So are images with the same pixels,
    overlapping footprints, and images that agree at some shift. Groups are connected components: a chain of overlaps is
    one group. Pairs that share less than `link_overlap` are listed and link nothing; the split keeps them out of each
    other's training.

    Args:
        frame: sample table; excluded rows are not looked at and stay alone.
        bands: bands of the images.
        config: None takes the defaults.
        references: of the data set, for layers of heights and `rectify`.
        workers: threads; None takes one per processor.
        embed: turns pictures into vectors, for `method: embedding`, which needs it.

    Raises:
        RecipeError: `rectify` names what is no such reference.
        StageError: `method: footprint` and a sample has none; `method: embedding` without `embed`.
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
    sites = _site_pairs(rows) if config.sites_are_places else []
    pairs = sites + _footprint_pairs(placed, config)
    findings: list[Finding] = []
    if config.method == "embedding" and len(rows):
        return _by_embedding(frame, rows, bands, config, embed, pairs)
    if config.method != "none" and len(others):
        found, findings = find_image_pairs(others, bands, config, workers, references)
        pairs += found
    table = make_pairs(pairs)
    linking = table[~(table["overlap"] < config.link_overlap)]
    groups = connected_components(frame["sample"], zip(linking["a"], linking["b"], strict=True))
    tolerance_px = _CONTRADICTION_WORKING_PX * working_factor(rows, config)
    summary, notes = explain_groups(groups, linking, len(rows), tolerance_px)
    return SamePlace(groups, table, findings + notes, summary)


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


def _by_embedding(
    frame: gpd.GeoDataFrame,
    rows: gpd.GeoDataFrame,
    bands: Sequence[Band],
    config: SamePlaceConfig,
    embed: Embed | None,
    pairs: list[Pair],
) -> SamePlace:
    """Group by the likeness of a network's outputs; pairs that its groups part are counted, not listed."""
    if embed is None:
        raise StageError(
            "expected a network for same_place.method: embedding; got none",
            do="run it as a stage of a recipe, or set same_place.method to auto",
        )
    found, groups, findings = group_by_embedding(rows, bands, config.embedding, embed)
    every = {name: groups.get(name, name) for name in frame["sample"]}
    within = [pair for pair in pairs + found if every[str(pair["a"])] == every[str(pair["b"])]]
    table = make_pairs(within)
    summary, notes = explain_groups(every, table, len(rows), 0)
    return SamePlace(every, table, findings + notes, summary)


def _site_pairs(rows: gpd.GeoDataFrame) -> list[Pair]:
    """Pair the samples of each site."""
    sites: dict[str, list[str]] = defaultdict(list)
    for name, site in zip(rows["sample"], rows["site"], strict=True):
        if not is_missing(site):
            sites[str(site)].append(name)
    return [pair for names in sites.values() for pair in star(names, "site")]


def _footprint_pairs(placed: gpd.GeoDataFrame, config: SamePlaceConfig) -> list[Pair]:
    """Pair the samples whose footprints overlap."""
    names = list(placed["sample"])
    ground = find_common_ground(list(placed.geometry), min_overlap=config.min_footprint_overlap)
    return [
        make_pair(
            names[one.a], names[one.b], "footprint", one.overlap,
            overlap=one.overlap, overlap_m2=one.overlap_m2,
        )
        for one in ground
    ]  # fmt: skip
