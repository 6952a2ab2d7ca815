"""Evaluation: what each sample adds to the counts of every target, and the scores of any sum of such counts.

A sample becomes one vector of numbers that add up: confusion matrices of masks, sums of real values, of flow and of
angles. Pooled scores, scores per site, cross-fitted choices and bootstrap intervals all follow from sums of vectors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.errors import UsageError
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.pose import angle_error_deg, city_score, end_point_sums, flow_sums
from landseer.metrics.regression import FIELDS, HEIGHT_EDGES_M, value_scores, value_sums
from landseer.metrics.scores import score, score_names

Counts = NDArray[np.float64]
"""(F,) what one sample, or a sum of samples, adds; (n, F) of several."""

Values = Mapping[str, NDArray[np.generic]]
"""By target: (h, w) class numbers or values, (n, h, w) layers, (n,) vectors, or single numbers."""

_ERROR = re.compile(
    r"(?!(?:.*_)?(?:dice|iou|precision|recall)_).*_(?:rmse|mae|bias|error_deg|epe|brier)(?:_sites)?"
)
"""Names of errors; what ends so after the name of a mask's score is a class."""


@dataclass(frozen=True, slots=True)
class Target:
    """One target as it is judged.

    Attributes:
        name: its name.
        kind: recipe name of its quantity.
        classes: names of its classes or layers, where it has some.
    """

    name: str
    kind: str
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """The piece of a sample's vector that belongs to one target, or to several together.

    Attributes:
        name: target, or what the targets make together.
        shape: of the piece.
        count: truth and prediction of one sample -> numbers of this shape.
        scores: a sum of such numbers -> scores by their names.
        by_site: whether scores are also averaged over sites.
    """

    name: str
    shape: tuple[int, ...]
    count: Callable[[Values, Values], NDArray[np.float64]]
    scores: Callable[[NDArray[np.float64]], dict[str, float]]
    by_site: bool = False

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape))


class Evaluation:
    """What is counted and scored of a set of targets.

    Names: scores of a mask called `mask` have no prefix (`iou_water`); all others have their target's (`agl_rmse`).
    Scores ending in `_sites` are means of each site's own score. Where a height, a direction and a flow scale are among
    the targets there are `flow_r2`, `flow_epe`, and the contest's `geopose_r2`.

    Args:
        targets: the targets.

    Raises:
        UsageError: none is given, class names do not do, or two targets have a score of the same name.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        if not targets:
            raise UsageError("expected a target; got none", where="targets")
        self.targets = tuple(targets)
        self._parts = tuple(
            [part for target in targets for part in _parts_of(target)] + _pose_parts(targets)
        )
        self.n_fields = sum(part.size for part in self._parts)
        self._pose = _pose_names(targets)
        _check_names(self._parts)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all scores."""
        return tuple(self.scores(np.zeros((1, self.n_fields)), [""]))

    def count(self, truth: Values, prediction: Values) -> Counts:
        """Return what one sample adds.

        Args:
            truth: by target; masks with 255 and values with NaN where nothing is known. Targets that are not there at
                all add nothing.
            prediction: by target, of the same shapes; masks as decided class numbers.
        """
        return np.concatenate([part.count(truth, prediction).ravel() for part in self._parts])

    def scores(self, counts: NDArray[np.float64], sites: Sequence[Hashable]) -> dict[str, float]:
        """Score counts: pooled over all, and as means over sites.

        Args:
            counts: (n, F) of samples, groups or sites.
            sites: the site of each.

        Edges: undefined scores are NaN; means over sites leave out sites on which nothing is known, or the truth is
            constant. Missing predictions make scores and means over sites NaN, and a site 0 in `geopose_r2`.
        """
        if len(counts) != len(sites):
            raise ValueError(f"expected {len(counts)} sites; got {len(sites)}")
        by_site = _sum_by(counts, sites)
        result: dict[str, float] = {}
        for part, piece in self._pieces(by_site):
            result |= part.scores(piece.sum(0))
            if part.by_site:
                result |= _over_sites(part, piece)
        if self._pose is not None:
            pieces = {part.name: piece for part, piece in self._pieces(by_site)}
            cities = zip(pieces[self._pose[0]], pieces["flow"][:, 0], strict=True)
            result["geopose_r2"] = _mean([city_score(agl, flow).value for agl, flow in cities])
        return result

    def confusion(self, counts: Counts, target: str) -> NDArray[np.int64]:
        """Return the (C, C) confusion matrix of a mask from a sum of counts."""
        found = next(piece for part, piece in self._pieces(counts[None]) if part.name == target)
        return np.rint(found[0]).astype(np.int64)

    def piece(self, counts: Counts, name: str) -> NDArray[np.float64]:
        """Return the numbers of one part of a sum of counts, such as (bins, 7) of a height."""
        return next(piece[0] for part, piece in self._pieces(counts[None]) if part.name == name)

    def _pieces(self, counts: NDArray[np.float64]) -> list[tuple[Part, NDArray[np.float64]]]:
        """Cut (n, F) counts into (n, *shape) pieces."""
        ends = np.cumsum([part.size for part in self._parts])
        pieces = np.split(counts, ends[:-1], axis=1)
        return [
            (part, piece.reshape(len(counts), *part.shape))
            for part, piece in zip(self._parts, pieces, strict=True)
        ]


def higher_is_better(name: str) -> bool:
    """Return whether a score grows as predictions get better; errors do not."""
    return _ERROR.fullmatch(name) is None


def goodness(name: str, value: float) -> float:
    """Return a score so that more is better: errors change their sign, a bias counts by its size."""
    if higher_is_better(name):
        return value
    return -abs(value) if name.removesuffix("_sites").endswith("_bias") else -value


def _parts_of(target: Target) -> list[Part]:
    """Return what is counted of one target by itself."""
    return [_KINDS[target.kind](target)]


def _mask(target: Target) -> Part:
    """Count a class mask by its confusion matrix."""
    names, n = target.classes, len(target.classes)
    score_names(names)
    prefix = "" if target.name == "mask" else f"{target.name}_"

    def count(truth: Values, prediction: Values) -> NDArray[np.float64]:
        if target.name not in truth:
            return np.zeros((n, n))
        known, said = (np.asarray(one[target.name], np.uint8) for one in (truth, prediction))
        return confusion_matrix(known, said, n).astype(np.float64)

    def scores(counts: NDArray[np.float64]) -> dict[str, float]:
        return {f"{prefix}{name}": value for name, value in score(np.rint(counts), names).items()}

    return Part(target.name, (n, n), count, scores)


def _layers(target: Target) -> Part:
    """Count layers that are there or not, each by its 2 x 2 matrix; predictions are probabilities or 0 and 1."""
    n = len(target.classes)

    def count(truth: Values, prediction: Values) -> NDArray[np.float64]:
        if target.name not in truth:
            return np.zeros((n, 2, 2))
        known = np.asarray(truth[target.name], float).reshape(n, -1)
        said = np.asarray(prediction[target.name], float).reshape(n, -1) >= 0.5
        unknown = np.isnan(known) | (known == IGNORE)
        classes = np.where(unknown, IGNORE, known >= 0.5).astype(np.uint8)
        pairs = zip(classes, said.astype(np.uint8), strict=True)
        return np.stack([confusion_matrix(one, two, 2) for one, two in pairs]).astype(float)

    def scores(counts: NDArray[np.float64]) -> dict[str, float]:
        result: dict[str, float] = {}
        for name, matrix in zip(target.classes, np.rint(counts), strict=True):
            one = score(matrix, ("no", "yes"))
            result |= {
                f"{target.name}_{kind}_{name}": one[f"{kind}_yes"] for kind in ("dice", "iou")
            }
        for kind in ("dice", "iou"):
            each = [result[f"{target.name}_{kind}_{name}"] for name in target.classes]
            result[f"{target.name}_{kind}_macro"] = _mean(each)
        return result

    return Part(target.name, (n, 2, 2), count, scores)


def _values(target: Target) -> Part:
    """Count real values; heights by classes of height, and per site."""
    edges = HEIGHT_EDGES_M if target.kind == "height" else None
    n_bins = len(HEIGHT_EDGES_M) - 1 if edges else 1

    def count(truth: Values, prediction: Values) -> NDArray[np.float64]:
        if target.name not in truth:
            return np.zeros((n_bins, len(FIELDS)))
        return value_sums(truth[target.name], prediction[target.name], edges)

    def scores(counts: NDArray[np.float64]) -> dict[str, float]:
        found = value_scores(counts)
        return {f"{target.name}_{name}": found[name] for name in ("r2", "rmse", "mae", "bias")}

    return Part(target.name, (n_bins, len(FIELDS)), count, scores, by_site=True)


def _probabilities(target: Target) -> Part:
    """Count soft masks by the squared error of their probabilities."""

    def count(truth: Values, prediction: Values) -> NDArray[np.float64]:
        if target.name not in truth:
            return np.zeros((1, len(FIELDS)))
        return value_sums(truth[target.name], prediction[target.name], None)

    def scores(counts: NDArray[np.float64]) -> dict[str, float]:
        return {f"{target.name}_brier": value_scores(counts)["rmse"] ** 2}

    return Part(target.name, (1, len(FIELDS)), count, scores)


def _angle(target: Target) -> Part:
    """Count a direction by the angle between true and predicted vectors, degrees."""

    def count(truth: Values, prediction: Values) -> NDArray[np.float64]:
        if target.name not in truth:
            return np.zeros((1, len(FIELDS)))
        known, said = (_angle_rad(values[target.name]) for values in (truth, prediction))
        return value_sums(known * 0.0, abs(angle_error_deg(known, said)), None)

    def scores(counts: NDArray[np.float64]) -> dict[str, float]:
        return {f"{target.name}_error_deg": value_scores(counts)["mae"]}

    return Part(target.name, (1, len(FIELDS)), count, scores, by_site=True)


def _angle_rad(vector: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the angle of (dx, dy) as an array of one."""
    dx, dy = np.asarray(vector, float).ravel()
    return np.array([np.arctan2(dx, dy)])


_KINDS: dict[str, Callable[[Target], Part]] = {
    "mask": _mask,
    "multi_label": _layers,
    "presence": _layers,
    "soft_mask": _probabilities,
    "height": _values,
    "magnitude": _values,
    "dense_value": _values,
    "image_value": _values,
    "flow_scale": _values,
    "gsd": _values,
    "direction": _angle,
}


def _over_sites(part: Part, piece: NDArray[np.float64]) -> dict[str, float]:
    """Average each score over sites: (sites, ..., fields) sums."""
    each = [part.scores(one) for one in piece]
    has_missing = bool(piece[..., FIELDS.index("n_missing")].any())
    return {
        f"{name}_sites": float("nan") if has_missing else _mean([one[name] for one in each])
        for name in each[0]
    }


def _check_names(parts: Sequence[Part]) -> None:
    """Refuse targets of which one has a score that is called like another's."""
    names = [name for part in parts for name in part.scores(np.zeros(part.shape))]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(
            f"expected targets whose scores have names of their own; got {', '.join(twice)} twice",
            where="targets",
            do="rename a target",
        )


def _pose_names(targets: Sequence[Target]) -> tuple[str, ...] | None:
    """Return the first height, direction and flow scale; None where one of them is not there."""
    found = [[target.name for target in targets if target.kind == kind] for kind in _POSE]
    return tuple(names[0] for names in found) if all(found) else None


def _pose_parts(targets: Sequence[Target]) -> list[Part]:
    """Return the flow that a height, a direction and a flow scale make together, where all three are there."""
    found = _pose_names(targets)
    if found is None:
        return []
    height, direction, scale = found

    def vectors(values: Values) -> NDArray[np.float64]:
        unit = np.asarray(values[direction], float).ravel()
        unit = unit / max(float(np.hypot(*unit)), 1e-12)
        magnitude = np.asarray(values[height], float) * float(np.asarray(values[scale]).item())
        return magnitude * unit[:, None, None]

    def count(truth: Values, prediction: Values) -> NDArray[np.float64]:
        if not {height, direction, scale} <= truth.keys():
            return np.zeros((2, len(FIELDS)))
        known, said = vectors(truth), vectors(prediction)
        return np.concatenate([flow_sums(known, said), end_point_sums(known, said)])

    def scores(counts: NDArray[np.float64]) -> dict[str, float]:
        return {
            "flow_r2": value_scores(counts[0])["r2"],
            "flow_epe": value_scores(counts[1])["mae"],
        }

    return [Part("flow", (2, len(FIELDS)), count, scores, by_site=True)]


_POSE = ("height", "direction", "flow_scale")


def _sum_by(counts: NDArray[np.float64], keys: Sequence[Hashable]) -> NDArray[np.float64]:
    """Add up the rows of each key: (keys, F)."""
    numbers: dict[Hashable, int] = {}
    position = [numbers.setdefault(key, len(numbers)) for key in keys]
    pooled = np.zeros((len(numbers), counts.shape[1]))
    np.add.at(pooled, position, counts)
    return pooled


def _mean(values: Sequence[float]) -> float:
    """Average what is defined; NaN where nothing is."""
    defined = [value for value in values if value == value]
    return float(np.mean(defined)) if defined else float("nan")
