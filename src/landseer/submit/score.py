"""The official scores, on any two files or folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import ClassTable
from landseer.core.files import write_json, write_text
from landseer.core.seeds import generator
from landseer.errors import UsageError
from landseer.metrics.map_counts import MapRules
from landseer.metrics.map_scores import MapScores
from landseer.submit.pairs import SUFFIXES, Pair, list_files, pair_files
from landseer.submit.pose_figures import PoseScore
from landseer.submit.score_maps import score_maps
from landseer.submit.score_metrics import MAP_METRICS, SHAPE_METRICS, Counts, Metric, describe
from landseer.submit.score_polygons import count_polygons
from landseer.submit.score_pose import POSE_METRICS, PoseMetric, score_poses
from landseer.submit.score_result import ScoreResult
from landseer.vector.label_files import is_vector

METRICS: dict[str, Metric | PoseMetric] = {**MAP_METRICS, **SHAPE_METRICS, **POSE_METRICS}
"""All scores, by name."""


def score_paths(  # noqa: PLR0913 - the options of a score
    prediction: Path,
    truth: Path,
    metric: str,
    *,
    classes: ClassTable | None = None,
    workers: int | None = None,
    rules: MapRules | None = None,
    with_files: bool = False,
    with_interval: bool = False,
    table: Path | None = None,
) -> ScoreResult | PoseScore:
    """Score predicted class maps, polygons, or heights with scale and angle (`score_poses`), against true ones.

    Args:
        prediction: a raster of any size, a folder of rasters, or a `.tar` of them; a file or a folder of polygons for
            `spacenet-f1`.
        truth: the same; files are matched as `pair_files` says. Files of polygons are class 1.
        metric: one of `METRICS`.
        classes: what the truth's values mean; None takes them as class numbers, 255 ignored. Of no use to heights and
            polygons.
        workers: threads that read.
        rules: tolerance of boundaries, smallest IoU and area of objects; None: 2 pixels, 0.5, any area.
        with_files: also score each file alone.
        with_interval: also return the 95 % interval, by files drawn again.
        table: also write the scores of each file and class there, `.csv` or `.json`; not of polygons and heights.

    Returns:
        The score and what it counts.

    Raises:
        UsageError: an unknown metric, one that polygons do not have, or a table that cannot be.
        DataError: predictions are missing or too many.
        GridError: a prediction lies on another grid than its truth.
        LabelError: a value is no class number.

    Edges: pixels that the truth ignores do not count; where the prediction is 255 (outside the data), class 0
        is counted as predicted.
    """
    if metric not in METRICS:
        raise UsageError(f"expected a metric among {', '.join(METRICS)}; got {metric!r}")
    _check_table(table, metric not in POSE_METRICS)
    if metric in POSE_METRICS:
        return score_poses(prediction, truth, metric, workers=workers)
    chosen, rules = {**MAP_METRICS, **SHAPE_METRICS}[metric], rules or MapRules()
    with ExitStack() as stack:
        pairs = pair_files(_list(prediction, stack), _list(truth, stack))
        if is_vector(pairs[0][1]):
            _check_table(table, False)
            counts = _count_polygons(pairs, metric, rules)
            result = _result(metric, chosen, counts)
        else:
            wanted = _only(rules, chosen, table)
            scores = score_maps(pairs, rules=wanted, classes=classes, workers=workers)
            counts = _part(scores, chosen)
            result = _result(metric, chosen, counts, scores)
            _write_table(table, scores)
    result = replace(result, counts=describe(chosen, rules))
    if with_interval:
        result = replace(result, interval=_interval(chosen.reduce, counts))
    if with_files:
        alone = [chosen.reduce(counts[i : i + 1]) for i in range(len(pairs))]
        result = replace(result, files=dict(zip([name for name, *_ in pairs], alone, strict=True)))
    return result


def _result(
    metric: str, chosen: Metric, counts: Counts, scores: MapScores | None = None
) -> ScoreResult:
    """Put a score together; of polygons there are no pixels."""
    found = counts.sum(axis=(0, 1)).tolist() if chosen.part == "objects" else None
    return ScoreResult(
        metric=metric,
        value=chosen.reduce(counts),
        counts=chosen.counts,
        n_files=len(counts),
        n_pixels=None if scores is None else scores.n_pixels,
        n_outside=None if scores is None else scores.n_outside,
        objects=None if found is None else (found[0], found[1], found[2]),
    )


def _list(path: Path, stack: ExitStack) -> Sequence[Path]:
    """List the rasters at a path; polygons in a folder that has no rasters."""
    path = Path(path)
    if path.is_dir():
        files = sorted(path.glob("[!.]*"))
        vectors = [f for f in files if is_vector(f) and not f.name.endswith(".stac.json")]
        if vectors and not any(file.suffix.lower() in SUFFIXES for file in files):
            return vectors
    return list_files(path, stack)


def _count_polygons(pairs: Sequence[Pair], metric: str, rules: MapRules) -> Counts:
    """Match predicted polygons with true ones."""
    if metric != "spacenet-f1":
        raise UsageError(
            f"expected --metric spacenet-f1 for polygons; got {metric}", do="give predicted maps"
        )
    other = next((truth for _, _, truth in pairs if not is_vector(truth)), None)
    if other is not None:
        raise UsageError(
            "expected polygons as truth where polygons are predicted; got a raster", where=other
        )
    return count_polygons(pairs, rules)


def _check_table(table: Path | None, has_classes: bool) -> None:
    """Refuse to write scores of classes where there are none, or in a format that is not known."""
    if table is None:
        return
    if not has_classes:
        raise UsageError("expected class maps for a table of scores by class", where=table)
    if table.suffix not in (".csv", ".json"):
        raise UsageError(
            f"expected a table that ends in .csv or .json; got {table.name}", where=table
        )


def _write_table(table: Path | None, scores: MapScores) -> None:
    """Write scores by file and class, where that was asked for."""
    if table is not None and table.suffix == ".json":
        write_json(table, scores.rows())
    elif table is not None:
        write_text(table, scores.csv())


def _only(rules: MapRules, metric: Metric, table: Path | None) -> MapRules:
    """Leave out what a metric does not take; a table takes all, with the objects of class 1."""
    if table is not None:
        return replace(rules, object_classes=(1,))
    return replace(
        rules,
        tolerance_px=rules.tolerance_px if metric.part == "boundary" else None,
        object_classes=(1,) if metric.part == "objects" else (),
    )


def _part(scores: MapScores, metric: Metric) -> Counts:
    """Return the counts of each file that a metric takes."""
    size = len(scores.class_names)
    return np.stack([getattr(c.with_classes(size), metric.part) for c in scores.counts])


def _interval(
    reduce: Callable[[Counts], float], counts: Counts, *, n: int = 1000
) -> tuple[float, float]:
    """Return the percentile bootstrap interval by files; (NaN, NaN) with fewer than two."""
    size = len(counts)
    if size < 2:
        return float("nan"), float("nan")
    picks: NDArray[np.int64] = generator(0, "bootstrap").integers(size, size=(n, size))
    values = np.array([reduce(counts[pick]) for pick in picks])
    known = values[~np.isnan(values)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
