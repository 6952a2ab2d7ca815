"""Sites: whole ones held out in turn, or, on purpose, every one spread over all folds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import geopandas as gpd
import numpy as np

from landseer.errors import StageError
from landseer.samples.schema import shorten
from landseer.splits.buffer import deal_apart
from landseer.splits.config import LeaveOneSiteOutConfig, LocationStratifiedConfig
from landseer.splits.parts import HOLDOUT, Parts, unbarred
from landseer.splits.strata import stratum_keys
from landseer.splits.units import groups_of, listed_sites, sites_of


def leave_one_site_out(rows: gpd.GeoDataFrame, config: LeaveOneSiteOutConfig, seed: int) -> Parts:
    """Hold out each site in turn, or whole sites dealt into a number of folds.

    Raises:
        RecipeError: there is no such column, or a site to put aside is unknown.
        StageError: samples have no site or group, sites share places, or there are too few sites.
    """
    units = _whole_sites(rows, config)
    n_folds, column = config.n_folds, config.column
    return deal_apart(rows, units, config, n_folds=n_folds, seed=seed, noun="site", column=column)


def location_stratified(
    rows: gpd.GeoDataFrame, config: LocationStratifiedConfig, seed: int
) -> Parts:
    """Deal the samples of each location to all folds, whatever group they are of.

    The counts of a location in two folds differ by at most 1, and so do the folds' sizes.

    Raises:
        RecipeError: there is no such column, or a site to put aside is unknown.
        StageError: samples have no location, or there are fewer samples than folds.
    """
    places = sites_of(rows, config.column, where="split.column")
    aside = listed_sites(rows, places, config, config.column)
    strata = [*stratum_keys(rows, config.strata).values()]
    keys = strata[-1] if strata else [""] * len(rows)
    order = sorted(
        (n for n in range(len(rows)) if places[n] not in aside),
        key=lambda n: (places[n], keys[n], _digest(seed, rows["sample"].iloc[n])),
    )
    fold = np.full(len(rows), HOLDOUT, np.int64)
    kept = [n for p, n in enumerate(order) if not _falls_aside(p, config.holdout)]
    if len(kept) < config.n_folds:
        raise StageError(
            f"expected at least as many samples as folds; got {len(kept)} for {config.n_folds} folds",
            where="split",
            do="set split.n_folds lower",
        )
    fold[kept] = np.arange(len(kept)) % config.n_folds
    return unbarred(fold)


def _whole_sites(rows: gpd.GeoDataFrame, config: LeaveOneSiteOutConfig) -> list[str]:
    """Return the site of each row; sites that share places are refused, or named together."""
    sites = sites_of(rows, config.column, where="split.column")
    groups = groups_of(rows)
    seen: dict[str, set[str]] = {}
    for site, group in zip(sites, groups, strict=True):
        seen.setdefault(group, set()).add(site)
    shared = {group: names for group, names in seen.items() if len(names) > 1}
    if shared and config.shared_places == "error":
        names = sorted({name for names in shared.values() for name in names})
        raise StageError(
            f"expected sites that share no place; {len(shared)} groups have samples in several ({shorten(shared)}), "
            f"of the sites {shorten(names)}",
            where=f"column {config.column}",
            do="correct the sites, or set split.shared_places to merge, which makes one site of them",
        )
    return _joined(sites, [sorted(names) for names in shared.values()])


def _joined(sites: Sequence[str], links: Sequence[Sequence[str]]) -> list[str]:
    """Name linked sites together: `a+b`, whatever the order of the links."""
    clusters = {site: {site} for site in sites}
    for link in links:
        together = set().union(*(clusters[site] for site in link))
        clusters |= dict.fromkeys(together, together)
    return ["+".join(sorted(clusters[site])) for site in sites]


def _falls_aside(position: int, share: float) -> bool:
    """Tell whether a position of a list falls to the share put aside, evenly along the list."""
    return int((position + 1) * share + 1e-9) > int(position * share + 1e-9)


def _digest(seed: int, name: str) -> str:
    """Hash a sample's name for a seed."""
    return hashlib.sha256(f"{seed}/location/{name}".encode()).hexdigest()
