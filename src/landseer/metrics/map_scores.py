"""Scores of maps: of each scene, of all scenes pooled, and how sure they are given how few scenes there are."""

from __future__ import annotations

import csv
import io
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.errors import DataError
from landseer.metrics.bootstrap import resample
from landseer.metrics.boundary import N_FIELDS, boundary_scores
from landseer.metrics.confusion import group_matrices
from landseer.metrics.map_counts import MapCounts, MapRules
from landseer.metrics.objects import object_scores
from landseer.metrics.scores import scores

ALL = "all"
"""Stands in the scene column for all scenes pooled."""

_COLUMNS = (
    "iou", "dice", "precision", "recall", "boundary_f1", "boundary_precision", "boundary_recall", "objects_f1",
    "objects_precision", "objects_recall",
)  # fmt: skip

Scores = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class MapScores:
    """What was counted on each scene, and the scores that follow.

    Names: those of `scores` (`iou_water`, `iou_macro`, …), of `boundary_scores` (`boundary_f1_water`, …), and
    `objects_f1_NAME`, `objects_precision_NAME`, `objects_recall_NAME` of the object classes.

    Attributes:
        class_names: names of the classes, background first.
        rules: what was counted.
        scenes: names of the scenes.
        counts: one for each scene.
    """

    class_names: tuple[str, ...]
    rules: MapRules
    scenes: tuple[str, ...]
    counts: tuple[MapCounts, ...]

    def __post_init__(self) -> None:
        if not self.scenes:
            raise DataError("expected at least one scene; got none")

    @property
    def n_pixels(self) -> int:
        """Pixels that count."""
        return int(sum(counts.pixels.sum() for counts in self.counts))

    @property
    def n_outside(self) -> int:
        """Pixels that count and that the predictions mark as outside the data."""
        return sum(counts.n_outside for counts in self.counts)

    def by_scene(self) -> Scores:
        """Score each scene alone: (scenes,) for each name."""
        return self._score(self._vectors())

    def pooled(self) -> dict[str, float]:
        """Score the counts of all scenes added up."""
        return {name: float(v) for name, v in self._score(self._vectors().sum(axis=0)).items()}

    def intervals(
        self,
        *,
        groups: Sequence[Hashable] | None = None,
        n: int = 1000,
        level: float = 0.95,
        seed: int = 0,
    ) -> dict[str, tuple[float, float]]:
        """Return the percentile bootstrap interval of each pooled score: whole scenes are drawn again.

        Args:
            groups: a key for each scene, such as its city; scenes of one group are drawn together.
            n: number of resamples.
            level: share of the resamples inside the interval.
            seed: root seed.

        Edges: (NaN, NaN) with fewer than two groups; resamples in which a score is NaN are left out of it.

        Source: as of `bootstrap.interval`.
        """
        _, pooled = group_matrices(self._vectors(), self.scenes if groups is None else groups)
        if len(pooled) < 2:
            return dict.fromkeys(self.pooled(), (np.nan, np.nan))
        drawn = self._score(resample(pooled, n, seed))
        edges = (1 - level) / 2, (1 + level) / 2
        return {name: _quantiles(values, edges) for name, values in drawn.items()}

    def rows(self) -> list[dict[str, Any]]:
        """List scores by scene and class, all scenes pooled last.

        Returns:
            For each: `scene`, `class`, `pixels` (true ones), the scores without the class in their names, and `tp`,
            `fp`, `fn` of object classes; None where a score is undefined or not counted.
        """
        scenes = [*self.scenes, ALL]
        total = self._vectors().sum(axis=0)
        vectors = np.concatenate([self._vectors(), total[None]])
        scored = self._score(vectors)
        pixels, _, objects = self._parts(vectors)
        return [
            {"scene": scene, "class": name, "pixels": int(pixels[i, c].sum())}
            | {key: _known(scored.get(f"{key}_{name}"), i) for key in _COLUMNS}
            | self._found(objects[i], c)
            for i, scene in enumerate(scenes)
            for c, name in enumerate(self.class_names)
        ]

    def csv(self) -> str:
        """Write `rows` as a table with a header."""
        rows, text = self.rows(), io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def _found(self, objects: NDArray[np.int64], number: int) -> dict[str, int | None]:
        """Return counts of objects of one class."""
        classes = self.rules.object_classes
        counts = objects[classes.index(number)].tolist() if number in classes else [None] * 3
        return dict(zip(("tp", "fp", "fn"), counts, strict=True))

    def _vectors(self) -> NDArray[np.int64]:
        """Lay the counts of each scene in a row: (scenes, F)."""
        return np.stack(
            [
                np.concatenate([part.ravel() for part in (c.pixels, c.boundary, c.objects)])
                for c in (counts.with_classes(len(self.class_names)) for counts in self.counts)
            ]
        )

    def _parts(self, vectors: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Take rows apart: (..., C, C) pixels, (..., C, 4) boundaries and (..., K, 3) objects."""
        n = len(self.class_names)
        shapes = (n, n), (n, N_FIELDS), (len(self.rules.object_classes), 3)
        ends = np.cumsum([rows * cols for rows, cols in shapes])[:-1]
        pieces = np.split(vectors, ends, axis=-1)
        return tuple(
            piece.reshape(*vectors.shape[:-1], *shape)
            for piece, shape in zip(pieces, shapes, strict=True)
        )

    def _score(self, vectors: NDArray[np.int64]) -> Scores:
        """Score rows of counts."""
        pixels, boundary, objects = self._parts(vectors)
        found = dict(scores(pixels, self.class_names))
        if self.rules.tolerance_px is not None:
            found |= boundary_scores(boundary, self.class_names)
        by_kind = object_scores(objects)
        for place, number in enumerate(self.rules.object_classes):
            for kind, values in by_kind.items():
                found[f"objects_{kind}_{self.class_names[number]}"] = values[..., place]
        return found


def _quantiles(values: NDArray[np.float64], edges: tuple[float, float]) -> tuple[float, float]:
    """Return two quantiles of what is known."""
    known = values[~np.isnan(values)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, edges)
    return float(low), float(high)


def _known(values: NDArray[np.float64] | None, place: int) -> float | None:
    """Return one score; None where it is undefined or not there."""
    if values is None or np.isnan(values[place]):
        return None
    return float(values[place])
