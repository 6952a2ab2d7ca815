"""Growing trees from the pixel table, which is read file by file and never held as numbers.

xgboost takes the files one after another and keeps a byte per pixel and channel (its quantile matrix), of large tables
on disk; lightgbm keeps the same in memory, through sequences. How many rounds are enough is seen on inner parts of the
training groups, never on the fold that is held out.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.files import atomic_path
from landseer.core.seeds import derive
from landseer.models.tree_files import SAYS, SHARES, tree_library
from landseer.trees.config import (
    ForestConfig,
    LightGBMConfig,
    ModelName,
    TreesConfig,
    XGBoostConfig,
)
from landseer.trees.lightgbm_rows import lightgbm_data
from landseer.trees.table import PixelTable
from landseer.trees.xgboost_rows import pages, xgboost_data

Wanted = NDArray[np.bool_]
"""(samples,) bool: whose pixels."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Where trees grow.

    Attributes:
        table: the pixels.
        n_classes: classes of their labels.
        config: recipe key `trees`.
        seed: root of the random numbers.
    """

    table: PixelTable
    n_classes: int
    config: TreesConfig
    seed: int

    @property
    def threads(self) -> int:
        """Threads of the training."""
        return self.config.threads or len(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True)
class Grown:
    """Trees that were written.

    Attributes:
        rounds: how many rounds they have, or trees of a forest.
        gain: (channels,) what each channel brought to the loss while training, as a share of all.
    """

    rounds: int
    gain: NDArray[np.float64]


def grow(
    plot: Plot, name: ModelName, wanted: Wanted, inners: Sequence[Wanted], path: Path
) -> Grown:
    """Grow trees and write them.

    Args:
        plot: pixels and settings.
        name: which kind.
        wanted: samples that train.
        inners: parts of them of which each tells how many rounds are enough where the others train; the median counts.
            None: all rounds are grown.
        path: the file without its ending; `ENDINGS` has it.

    Raises:
        UsageError: the library is not installed.
        WriteError: the file cannot be written.

    Edges: weights are divided by their mean, so that least weights of leaves count average pixels. Without `refit` the
        trees are those that the first inner part stopped.
    """
    with pages(plot.table):
        booster, rounds, gain = _GROWERS[name](plot, wanted, _asked(plot.config, wanted, inners))
    with atomic_path(path.with_name(path.name + ENDINGS[name])) as temporary:
        # the libraries go by the ending, which a temporary name has not
        whole = temporary.with_name(temporary.name + ENDINGS[name])
        booster.save_model(str(whole))
        whole.replace(temporary)
    total = gain.sum()
    return Grown(rounds, gain / total if total > 0 else gain)


def _asked(config: TreesConfig, wanted: Wanted, inners: Sequence[Wanted]) -> list[Wanted]:
    """Return the parts that are asked: none of them empty or all there is."""
    if config.early_stop is None:
        return []
    parts = [inner & wanted for inner in inners]
    usable = [part for part in parts if part.any() and (wanted & ~part).any()]
    return usable if config.refit else usable[:1]


def _median(rounds: Sequence[int]) -> int:
    """Return the median of numbers of rounds, one at least."""
    return max(1, round(statistics.median(rounds)))


def _grow_xgboost(plot: Plot, wanted: Wanted, inners: Sequence[Wanted]) -> tuple[Any, int, Any]:
    """Boost trees of xgboost."""
    settings, rounds = _xgboost_settings(plot, plot.config.xgboost), plot.config.xgboost.rounds
    booster, found = None, []
    for inner in inners:
        booster = _stopped_xgboost(plot, settings, wanted & ~inner, inner)
        found.append(booster.best_iteration + 1)
    rounds = _median(found) if found else rounds
    if booster is None or plot.config.refit:
        data = xgboost_data(plot.table, wanted, plot.n_classes, plot.threads)
        booster = tree_library("xgboost").train(settings, data, rounds)
    else:
        booster = booster[:rounds]
    return booster, rounds, _xgboost_gain(booster, len(plot.table.names))


def _stopped_xgboost(plot: Plot, settings: Mapping[str, Any], outer: Wanted, inner: Wanted) -> Any:
    """Boost until the inner part no longer gains."""
    data = xgboost_data(plot.table, outer, plot.n_classes, plot.threads)
    check = xgboost_data(plot.table, inner, plot.n_classes, plot.threads, like=data)
    return tree_library("xgboost").train(
        settings,
        data,
        plot.config.xgboost.rounds,
        evals=[(check, "inner")],
        early_stopping_rounds=plot.config.early_stop,
        verbose_eval=False,
    )


def _xgboost_settings(plot: Plot, config: XGBoostConfig) -> dict[str, Any]:
    """Write the recipe's settings as xgboost's."""
    return {
        **_objective(plot.n_classes, "binary:logistic", "multi:softprob", "num_class"),
        "eval_metric": "logloss" if plot.n_classes == 2 else "mlogloss",
        "tree_method": "hist",
        "eta": config.lr,
        "max_depth": config.depth,
        "min_child_weight": config.least_weight,
        "subsample": config.row_share,
        "colsample_bytree": seen_share(config.channel_share, len(plot.table.names)),
        "lambda": config.l2,
        "nthread": plot.threads,
        "seed": _seed(plot, "xgboost"),
        "verbosity": 0,
    }


def seen_share(share: float, n_channels: int) -> float:
    """Return the share by which both libraries show a tree so many channels, rounded up: rounded down, as xgboost does,
    0.8 of three channels would be two."""
    count = math.ceil(share * n_channels - 1e-9)
    return min(1.0, (count + 0.25) / n_channels)


def _objective(n_classes: int, two: str, more: str, count: str) -> dict[str, Any]:
    """Name what is learnt."""
    return {"objective": two} if n_classes == 2 else {"objective": more, count: n_classes}


def _grow_forest(plot: Plot, wanted: Wanted, _inners: Sequence[Wanted]) -> tuple[Any, int, Any]:
    """Grow a random forest: one round of many trees, whose leaves hold the shares of the classes.

    Squares of differences to 0 and 1 are halved best where Gini's impurity is, and the best constant is the share.
    """
    config, n_channels = plot.config.forest, len(plot.table.names)
    data = xgboost_data(plot.table, wanted, plot.n_classes, plot.threads, one_hot=True)
    booster = tree_library("xgboost").train(_forest_settings(plot, config, n_channels), data, 1)
    booster.set_attr(**{SAYS: SHARES})
    return booster, config.trees, _xgboost_gain(booster, n_channels)


def _forest_settings(plot: Plot, config: ForestConfig, n_channels: int) -> dict[str, Any]:
    """Write the recipe's settings as xgboost's."""
    return {
        "objective": "reg:squarederror",
        "base_score": 0.0,
        "tree_method": "hist",
        "eta": 1.0,
        "num_parallel_tree": config.trees,
        "max_depth": config.depth,
        "min_child_weight": config.least_weight,
        "subsample": config.row_share,
        "colsample_bynode": config.channel_share or 1 / math.sqrt(n_channels),
        "lambda": 0.0,
        "nthread": plot.threads,
        "seed": _seed(plot, "forest"),
        "verbosity": 0,
    }


def _xgboost_gain(booster: Any, n_channels: int) -> NDArray[np.float64]:
    """Return what each channel brought."""
    known = booster.get_score(importance_type="total_gain")
    return np.array([known.get(f"f{place}", 0.0) for place in range(n_channels)], np.float64)


def _grow_lightgbm(plot: Plot, wanted: Wanted, inners: Sequence[Wanted]) -> tuple[Any, int, Any]:
    """Boost trees of lightgbm."""
    library, config = tree_library("lightgbm"), plot.config.lightgbm
    settings, rounds = _lightgbm_settings(plot, config), config.rounds
    booster, found = None, []
    for inner in inners:
        booster = _stopped_lightgbm(plot, settings, wanted & ~inner, inner)
        found.append(booster.best_iteration)
    rounds = _median(found) if found else rounds
    if booster is None or plot.config.refit:
        booster = library.train(settings, lightgbm_data(plot.table, wanted, settings), rounds)
    return booster, rounds, booster.feature_importance("gain", rounds)


def _stopped_lightgbm(plot: Plot, settings: Mapping[str, Any], outer: Wanted, inner: Wanted) -> Any:
    """Boost until the inner part no longer gains."""
    library = tree_library("lightgbm")
    data = lightgbm_data(plot.table, outer, settings)
    check = lightgbm_data(plot.table, inner, settings, like=data)
    stop = library.early_stopping(plot.config.early_stop, verbose=False)
    most = plot.config.lightgbm.rounds
    return library.train(settings, data, most, valid_sets=[check], callbacks=[stop])


def _lightgbm_settings(plot: Plot, config: LightGBMConfig) -> dict[str, Any]:
    """Write the recipe's settings as lightgbm's."""
    return {
        **_objective(plot.n_classes, "binary", "multiclass", "num_class"),
        "learning_rate": config.lr,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.least_pixels,
        "bagging_fraction": config.row_share,
        "bagging_freq": 1 if config.row_share < 1 else 0,
        "feature_fraction": seen_share(config.channel_share, len(plot.table.names)),
        "lambda_l2": config.l2,
        "num_threads": plot.threads,
        "seed": _seed(plot, "lightgbm"),
        "deterministic": True,
        "force_col_wise": True,
        "verbose": -1,
    }


def _seed(plot: Plot, name: str) -> int:
    """Return the seed as the libraries want it: 31 bits."""
    return derive(plot.seed, "trees", name) % 2**31


_GROWERS: Mapping[str, Callable[[Plot, Wanted, Sequence[Wanted]], tuple[Any, int, Any]]] = {
    "xgboost": _grow_xgboost,
    "lightgbm": _grow_lightgbm,
    "forest": _grow_forest,
}

ENDINGS: Mapping[str, str] = {"xgboost": ".ubj", "lightgbm": ".txt", "forest": ".ubj"}
"""Endings of their files."""
