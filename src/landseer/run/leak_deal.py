"""Two ways to deal the same samples to folds of the same sizes: places whole, or samples one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from landseer.audit.components import connected_components
from landseer.core.seeds import derive, generator
from landseer.errors import StageError
from landseer.samples.table import usable
from landseer.splits import StratifiedGroupKFoldConfig, split

AMOUNT = "leak_amount"
"""Column that says how much a label holds of all classes but the first: none, little or much."""

CLOSED = ("site", "duplicate")
"""Methods that link the first sample of a place to each other one, and mean all of them to each other."""

EVERY = 10**9
"""More samples than any data set has."""

Folds = NDArray[np.int64]
Ground = NDArray[np.bool_]
"""(n, n): which samples share ground; nothing shares ground with itself."""


def participants(frame: gpd.GeoDataFrame, most: int, seed: int) -> gpd.GeoDataFrame:
    """Return the labelled training samples, or whole groups of them up to a number.

    Args:
        frame: the audited sample table.
        most: groups are drawn at random until one more would go beyond it.
        seed: of the draw.
    """
    rows = usable(frame, side="train")
    rows = rows[rows["label"].notna()].sort_values("sample", kind="stable", ignore_index=True)
    if len(rows) <= most:
        return rows
    sizes = rows["group"].value_counts().sort_index()
    kept: set[str] = set()
    for number in generator(seed, "leak", "groups").permutation(len(sizes)):
        if int(sizes.iloc[number]) <= most:
            most -= int(sizes.iloc[number])
            kept.add(str(sizes.index[number]))
    return rows[rows["group"].isin(kept)].reset_index(drop=True)


def add_amount(rows: gpd.GeoDataFrame, classes: Sequence[str]) -> gpd.GeoDataFrame:
    """Add the column `AMOUNT`, by which both splits are stratified; what is not measured counts as none."""
    columns = [f"class_{name}_pct" for name in classes[1:] if f"class_{name}_pct" in rows]
    share = rows[columns].fillna(0).sum(axis=1).to_numpy(np.float64)
    middle = float(np.median(share[share > 0])) if (share > 0).any() else 0.0
    words = np.where(share <= 0, "none", np.where(share <= middle, "little", "much"))
    return rows.assign(**{AMOUNT: pd.Series(words, index=rows.index, dtype=object)})


def shared_ground(samples: Sequence[str], pairs: pd.DataFrame) -> Ground:
    """Tell which samples share ground: those of a pair, and all of one site or of one image."""
    number = {name: position for position, name in enumerate(samples)}
    ground = np.zeros((len(samples), len(samples)), bool)
    closed = pairs["method"].isin(CLOSED)
    links = list(zip(pairs["a"][~closed], pairs["b"][~closed], strict=True))
    chained = set(pairs["a"][closed]) | set(pairs["b"][closed])
    stars = zip(pairs["a"][closed], pairs["b"][closed], strict=True)
    members: dict[str, list[str]] = defaultdict(list)
    for name, first in connected_components(sorted(chained), stars).items():
        members[first].append(name)
    for names in members.values():
        links += combinations(names, 2)
    for one, other in links:
        if one in number and other in number and one != other:
            ground[number[one], number[other]] = ground[number[other], number[one]] = True
    return ground


def repeated_of(ground: Ground) -> NDArray[np.bool_]:
    """Tell which samples share ground with any other one, (n,)."""
    return np.asarray(ground.any(axis=1), bool)


def grouped_folds(
    rows: gpd.GeoDataFrame, n_folds: int, strata: Sequence[str], seed: int
) -> tuple[Folds, list[str]]:
    """Deal whole groups; return each row's fold, and the columns by which they were balanced.

    Raises:
        StageError: there are fewer groups than folds.
    """
    n_groups = rows["group"].nunique()
    if n_groups < n_folds:
        raise StageError(
            f"expected at least {n_folds} places for {n_folds} folds; got {n_groups}",
            where="leak.n_folds",
            do="set leak.n_folds lower, or look at audit/findings.csv for groups that grew too large",
        )
    columns = [*dict.fromkeys([*strata, AMOUNT])]
    config = StratifiedGroupKFoldConfig(n_folds=n_folds, strata=tuple(columns))
    dealt = split(rows, config, derive(seed, "leak", "folds"))
    return dealt["fold"].to_numpy(np.int64), columns


def random_folds(
    grouped: Folds, cells: Sequence[str], is_repeated: NDArray[np.bool_], seed: int
) -> Folds:
    """Deal the fold numbers of the grouped split anew, sample by sample.

    Samples that share ground with none keep their fold, for it makes no difference to them; the others exchange
    theirs within their cell, so that sizes and make-up of all folds stay what they were.

    Args:
        grouped: (n,) folds that keep groups whole.
        cells: n keys; cells of fewer than two repeated samples a fold are taken together.
        is_repeated: (n,) which samples share ground with another one.
        seed: of the draw.

    Source: own (a permutation within strata).
    """
    least = 2 * (int(grouped.max()) + 1)
    keys = pd.Series(list(cells), dtype=object)[is_repeated]
    keys = keys.where(keys.map(keys.value_counts()) >= least, "")
    folds = grouped.copy()
    rng = generator(seed, "leak", "random")
    for key in sorted(set(keys)):
        inside = keys.index[keys == key].to_numpy()
        folds[inside] = rng.permutation(grouped[inside])
    return folds


def exposure(ground: Ground, folds: Folds) -> NDArray[np.int64]:
    """Count, for each sample when it is held out, the training samples that share its ground."""
    return (ground & (folds[:, None] != folds[None, :])).sum(axis=1).astype(np.int64)
