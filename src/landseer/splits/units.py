"""Units: what must stay whole, put aside or dealt to folds."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.errors import RecipeError, StageError
from landseer.samples.schema import is_missing, shorten
from landseer.splits.assign import assign
from landseer.splits.config_parts import Parted
from landseer.splits.parts import Folds
from landseer.splits.strata import count_matrix, stratum_keys


def groups_of(rows: gpd.GeoDataFrame) -> list[str]:
    """Return the group of each row.

    Raises:
        StageError: there is none for some.
    """
    if "group" not in rows.columns or rows["group"].isna().any():
        raise StageError(
            "expected a group for every training sample; got none for some",
            where="column group",
            do="run `landseer audit` first",
        )
    return [str(group) for group in rows["group"]]


def sites_of(rows: gpd.GeoDataFrame, column: str, *, where: str) -> list[str]:
    """Return the site of each row, as text.

    Raises:
        RecipeError: there is no such column.
        StageError: samples have no site.
    """
    if column not in rows.columns:
        raise RecipeError(
            f"expected a column of the sample table; got {column!r}",
            where=where,
            do=f"use one of: {', '.join(map(str, rows.columns))}",
        )
    lost = [s for s, v in zip(rows["sample"], rows[column], strict=True) if is_missing(v)]
    if lost:
        raise StageError(
            f"expected a value of {column} for every training sample; {len(lost)} of {len(rows)} have none "
            f"({shorten(lost)})",
            where=f"column {column}",
            do="name sites in the recipe, by data.site or data.site_table, or use another split.kind",
        )
    return [str(value) for value in rows[column]]


def listed_sites(
    rows: gpd.GeoDataFrame, units: Sequence[str], config: Parted, column: str = "site"
) -> set[str]:
    """Return the units that lie in the sites that the recipe puts aside.

    Args:
        rows: usable training samples.
        units: what must stay whole, per row.
        config: the splitter, with `holdout_sites`.
        column: where sites stand.

    Raises:
        RecipeError: a site is not there, or what must stay whole lies partly in a site that is not listed.
    """
    if not config.holdout_sites:
        return set()
    sites = sites_of(rows, column, where="split.holdout_sites")
    unknown = set(config.holdout_sites) - set(sites)
    if unknown:
        raise RecipeError(
            f"expected values of {column}; got {shorten(unknown)}",
            where="split.holdout_sites",
            do=f"use some of: {shorten(set(sites))}",
        )
    aside = {u for u, site in zip(units, sites, strict=True) if site in config.holdout_sites}
    others = {s for u, s in zip(units, sites, strict=True) if u in aside} - {*config.holdout_sites}
    if others:
        raise RecipeError(
            f"expected sites of which no sample shows a place of another site; got some that do, of {shorten(others)}",
            where="split.holdout_sites",
            do=f"list {shorten(others)} too",
        )
    return aside


def put_aside(
    rows: gpd.GeoDataFrame,
    units: Sequence[str],
    config: Parted,
    *,
    places: Sequence[str] | None = None,
    column: str = "site",
    seed: int,
) -> NDArray[np.bool_]:
    """Choose what is put aside: the sites listed, or a share of the samples.

    Args:
        rows: usable training samples, sorted by name.
        units: what must stay whole, per row.
        config: the splitter, with `holdout_sites` or `holdout`.
        places: what must stay whole where sites are put aside; None takes the units.
        column: where sites stand.
        seed: breaks ties.

    Returns:
        (n,) True for rows that are put aside.

    Raises:
        RecipeError: as for `listed_sites`.
    """
    if not config.holdout or not len(rows):
        wholes = units if places is None else places
        listed = listed_sites(rows, wholes, config, column)
        return np.array([unit in listed for unit in wholes], bool)
    names = sorted(set(units))
    counts, _ = count_matrix(units, names, stratum_keys(rows, strata_of(config)))
    parts = (1 - config.holdout, config.holdout)
    taken = dict(zip(names, assign(names, counts, parts, seed=seed, key="holdout"), strict=True))
    return np.array([taken[unit] == 1 for unit in units], bool)


def deal(
    rows: gpd.GeoDataFrame,
    units: Sequence[str],
    config: Parted,
    *,
    n_folds: int | None,
    seed: int,
    noun: str = "group",
) -> Folds:
    """Share units out among folds.

    Args:
        rows: usable training samples, sorted by name.
        units: what must stay whole, per row.
        config: the splitter; every fold should hold its strata in equal shares.
        n_folds: number of folds; None makes one of each unit, in the order of their names.
        seed: breaks ties.
        noun: what a unit is, for the message.

    Returns:
        (n,) fold of each row.

    Raises:
        StageError: there are fewer units than folds.
    """
    names = sorted(set(units))
    wanted = 2 if n_folds is None else n_folds
    if len(names) < wanted:
        raise StageError(
            f"expected at least as many {noun}s as folds; got {len(names)} {noun}s for {wanted} folds",
            where="split",
            do="set split.n_folds lower, put less aside, or use another split.kind",
        )
    if n_folds is None:
        dealt = list(range(len(names)))
    else:
        counts, _ = count_matrix(units, names, stratum_keys(rows, strata_of(config)))
        shares = (1 / n_folds,) * n_folds
        dealt = assign(names, counts, shares, seed=seed, key="fold")
    number = dict(zip(names, dealt, strict=True))
    return np.array([number[unit] for unit in units], np.int64)


def strata_of(config: object) -> tuple[str, ...]:
    """Return the strata of a splitter, none where it has none."""
    return tuple(getattr(config, "strata", ()))
