"""By time: train on what is earlier, hold out what is later (forward chaining)."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.errors import StageError
from landseer.splits.config import ByTimeConfig
from landseer.splits.dates import Days, day_spans
from landseer.splits.parts import HOLDOUT, TRAIN_ONLY, UNUSED, Folds, Parts
from landseer.splits.units import groups_of, listed_sites

_START = -1


def by_time(rows: gpd.GeoDataFrame, config: ByTimeConfig, seed: int) -> Parts:
    """Cut time into periods; hold out each but the first, trained on what is earlier; the seed has no say.

    Args:
        rows: usable training samples with dates, and with groups where places are kept apart.
        config: folds, gap, what becomes of places seen again.
        seed: not used, for time has an order.

    Returns:
        Folds in the order of time, -1 for the first period; bars for what is not earlier than a fold by more than the
        gap, and for earlier samples of its places where they are kept apart.

    Raises:
        StageError, DataError: dates are missing or cannot be read, or there are too few.
        RecipeError: a site to put aside is unknown.

    Edges: samples of one day stay together; so do dates of which one lies within the other (2019, and May 2019).
    Source: Bergmeir and Benítez 2012, doi:10.1016/j.ins.2011.12.028 (forward chaining).
    """
    first, last = day_spans(rows, config.date_format)
    apart = config.same_place == "apart"
    groups = np.asarray(groups_of(rows) if apart else rows["sample"], dtype=str)
    aside = listed_sites(rows, list(groups), config)
    is_aside = np.isin(groups, sorted(aside))
    if config.holdout_from is not None:
        moments = _moments(first, last)
        late = last >= config.holdout_from.toordinal()
        is_aside |= np.isin(moments, moments[late])
    kept = np.flatnonzero(~is_aside)
    fold = np.full(len(rows), HOLDOUT, np.int64)
    fold[kept] = _periods(first[kept], last[kept], config)
    by_date = (
        fold == HOLDOUT if config.holdout or config.holdout_from else np.zeros(len(rows), bool)
    )
    late = _too_late(first, last, by_date, config.gap_days)
    late |= np.isin(groups, groups[fold == HOLDOUT]) if apart else False
    fold[late & (fold != HOLDOUT)] = UNUSED
    return Parts(fold, _bars(first, last, groups, fold, config))


def _bars(
    first: Days, last: Days, groups: NDArray[np.str_], fold: Folds, config: ByTimeConfig
) -> NDArray[np.bool_]:
    """Bar from each fold what is not earlier by more than the gap, and its own places where they are kept apart."""
    barred = np.zeros((len(fold), config.n_folds), bool)
    for number in range(config.n_folds):
        held = fold == number
        barred[:, number] = _too_late(first, last, held, config.gap_days)
        if config.same_place == "apart":
            barred[:, number] |= np.isin(groups, groups[held])
        barred[held, number] = False
    barred[fold <= HOLDOUT] = False
    return barred


def _too_late(first: Days, last: Days, held: NDArray[np.bool_], gap_days: int) -> NDArray[np.bool_]:
    """Tell which samples are not earlier than all of some others by more than a gap."""
    if not held.any():
        return np.zeros(len(first), bool)
    return last + gap_days >= first[held].min()


def _moments(first: Days, last: Days) -> NDArray[np.int64]:
    """Number what cannot be cut: dates that share days get one number, in the order of time."""
    order = np.lexsort((last, first))
    reached = np.maximum.accumulate(last[order])
    begins = np.r_[False, first[order][1:] > reached[:-1]] if len(order) else np.zeros(0, bool)
    moments = np.zeros(len(first), np.int64)
    moments[order] = np.cumsum(begins)
    return moments


def _periods(first: Days, last: Days, config: ByTimeConfig) -> Folds:
    """Cut time into the start, one period per fold and, for a share put aside, a last one."""
    moments = _moments(first, last)
    n_aside = 1 if config.holdout else 0
    shares = [(1 - config.holdout) / (config.n_folds + 1)] * (config.n_folds + 1)
    shares += [config.holdout] * n_aside
    sizes = np.bincount(moments) if len(moments) else np.zeros(0, np.int64)
    if len(sizes) < len(shares):
        raise StageError(
            f"expected at least {len(shares)} different dates for {config.n_folds} folds, the start"
            f"{' and those put aside' if n_aside else ''}; got {len(sizes)}",
            where="column date",
            do="set split.n_folds lower",
        )
    period = np.searchsorted(_cuts(sizes, shares), moments, side="right")
    period = np.where(period > config.n_folds, HOLDOUT, period + _START)
    return np.where(period == _START, TRAIN_ONLY, period).astype(np.int64)


def _cuts(sizes: NDArray[np.int64], shares: list[float]) -> list[int]:
    """Choose where each period after the first begins: as near to its share as whole moments allow."""
    before = np.r_[0, np.cumsum(sizes)]
    cuts: list[int] = []
    for number in range(1, len(shares)):
        low = (cuts[-1] if cuts else 0) + 1
        high = len(sizes) - (len(shares) - number)
        wanted = round(sum(shares[:number]) * before[-1], 6)
        cuts.append(low + int(np.argmin(np.abs(before[low : high + 1] - wanted))))
    return cuts
