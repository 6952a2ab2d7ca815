"""The choice itself: candidates are counted, chosen across folds, judged, and written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import ClassTable
from landseer.errors import UsageError
from landseer.metrics.confusion import group_matrices
from landseer.metrics.scores import score
from landseer.select.config import SelectConfig
from landseer.select.counts import Option
from landseer.select.crossfit import Judge, make_parts, name_parts
from landseer.select.describe import (
    compare_choices,
    describe_curves,
    describe_folds,
    describe_limits,
    describe_members,
    describe_options,
)
from landseer.select.evidence import Evidence
from landseer.select.judged import OofFolders, find_judged
from landseer.select.searched_result import select_searched
from landseer.select.selection import Selection
from landseer.select.shares import equal_shares, simplex, single_shares
from landseer.select.tally import count_all

__all__ = ["OofFolders", "select"]


def select(
    frame: gpd.GeoDataFrame,
    oof: OofFolders,
    classes: ClassTable,
    config: SelectConfig | None = None,
    *,
    seed: int = 0,
    exclusive: bool = True,
    n_epochs: int = 1,
) -> Selection:
    """Choose symmetries, shares of the seeds and threshold, and score the choice honestly.

    Whatever judges a fold was chosen on the other folds (cross-fitting); the final choice, which the model
    carries, is made on all of them. Predictions are streamed: memory holds counts, never pixels.

    Args:
        frame: the sample table with `fold` and, where known, `group`.
        oof: predictions under each set of symmetries (cheapest first: it wins ties), by seed.
        classes: the class table of the labels.
        config: recipe key `select`.
        seed: root seed of the bootstrap.
        exclusive: whether classes exclude each other, as those of a softmax do; `per_class` then searches factors, else
            thresholds.
        n_epochs: how many epochs each member keeps; what predictions cost depends on it.

    Returns:
        The selection, with weights for every fold and seed.

    Raises:
        UsageError: an unknown metric or set of symmetries, or a threshold for more than two classes.
        StageError: predictions are missing.
        DataError: the metric is undefined on all samples.

    Edges: with a single fold, groups are dealt to five parts that take the folds' place; with a single group
        nothing can be cross-fitted, and a note says so. More than two classes take the greatest probability.
    """
    config = config or SelectConfig()
    judged = replace(find_judged(frame, oof, config), n_epochs=n_epochs)
    judge = Judge(
        metric=config.metric,
        classes=classes,
        options=_options(classes, config),
        parts=make_parts(judged.folds, judged.groups),
    )
    if config.is_searched(len(classes), len(judged.seeds)):
        return select_searched(judged, judge, config, exclusive=exclusive, seed=seed)
    equal = equal_shares(len(judged.seeds))
    grid = simplex(len(judged.seeds), config.weight_step) if config.weights == "fitted" else ()
    shares = tuple(dict.fromkeys([equal, *single_shares(len(judged.seeds)), *grid]))
    tally = count_all(judged, judge, shares, config)
    return _conclude(Evidence(judged, judge, tally, config, seed))


def _options(classes: ClassTable, config: SelectConfig) -> tuple[Option, ...]:
    """Return the ways to decide a pixel: the greatest probability, and thresholds for two classes."""
    if len(classes) == 2:
        return (None, *config.thresholds)
    if isinstance(config.threshold, float):
        raise UsageError(
            f"expected two classes for a threshold; got {len(classes)}",
            where="select.threshold",
            do="write `threshold: argmax`",
        )
    return (None,)


def _conclude(evidence: Evidence) -> Selection:
    """Choose on all samples, judge across parts, and write both down."""
    judged, judge, config = evidence.judged, evidence.judge, evidence.config
    final, chosen = evidence.choose(judged.oof, fitted=config.weights == "fitted")
    honest = evidence.matrices(chosen)
    optimistic = evidence.matrices((final,) * judge.n_parts)
    group_names, group_sums = group_matrices(honest, judged.groups)
    threshold, member_threshold = _thresholds(final.option, config, len(judge.classes))
    return Selection(
        metric=config.metric,
        tta=final.candidate.tta,
        vote=config.vote,
        threshold=threshold,
        member_threshold=member_threshold,
        members=describe_members(evidence, final),
        crossfit=evidence.intervals.score(honest, honest=judge.n_parts > 1),
        optimistic=evidence.intervals.score(optimistic, honest=False),
        scores=score(honest.sum(0), judge.classes.names),
        n_samples=len(judged.samples),
        n_groups=len(group_names),
        folds=describe_folds(evidence, honest, chosen),
        parts=name_parts(judged.samples, judged.folds, judge.parts),
        comparisons=tuple(compare_choices(evidence, final.candidate.tta)),
        curves=describe_curves(evidence),
        groups=_by_name(map(str, group_names), judge.curve(group_sums)),
        samples=_by_name(judged.samples, judge.curve(honest)),
        options=tuple(describe_options(evidence, final.candidate.tta)),
        notes=describe_limits(evidence),
    )


def _thresholds(option: Option, config: SelectConfig, n_classes: int) -> tuple[Option, Option]:
    """Return the model's threshold and its members': hard votes of two classes need half of the votes."""
    if config.vote == "soft":
        return option, None
    return (0.5 if n_classes == 2 else None), option


def _by_name(names: Iterable[str], values: NDArray[np.float64]) -> dict[str, float]:
    """Pair names with figures."""
    return {name: float(value) for name, value in zip(names, values, strict=True)}
