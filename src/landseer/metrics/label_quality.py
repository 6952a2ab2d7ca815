"""Label quality: figures of one sample's label against held-out predictions, and scores that rank samples by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.metrics.confident import Probability, confident_class

SOFTMIN_TEMPERATURE = 0.1
"""How strongly `softmin` listens to the worst pixels."""

PRIOR_SHARE = 0.001
"""Share of a sample's pixels that is added below the score `region`, so that a few pixels alone are no evidence."""


@dataclass(frozen=True, slots=True)
class LabelQuality:
    """What speaks against one sample's label.

    Attributes:
        labelled_px: pixels with a class.
        self_confidence: mean probability of the given class.
        softmin: mean of that probability in which the least probable pixels weigh most.
        confident_px: pixels of which the prediction is sure of another class than the given one.
        wrong_share: weight of the wrong regions as a share of a class, of the class where it is greatest: how much of
            a whole label is wrong.
        region_px: pixels in those parts of wrong regions that are wider than an edge error, see `thick_parts`.
        region_share: as `wrong_share`, of these parts alone.
        given: the class that most pixels of these parts were given; -1 where there are none.
        likely: the class that the predictions see there most often; -1 where there are none.
    """

    labelled_px: int
    self_confidence: float
    softmin: float
    confident_px: int
    wrong_share: float
    region_px: int
    region_share: float
    given: int
    likely: int


SCORES: dict[str, Callable[[LabelQuality], float]] = {
    "region": lambda figures: figures.region_share,
    "any_width": lambda figures: figures.wrong_share,
    "confident": lambda figures: figures.confident_px / max(figures.labelled_px, 1),
    "softmin": lambda figures: 1 - figures.softmin,
    "self_confidence": lambda figures: 1 - figures.self_confidence,
}
"""Name of a score -> the function that reads it from the figures: 0 nothing speaks against the label, 1 all does."""


def label_quality(
    label: NDArray[np.uint8],
    probability: Probability,
    thresholds: NDArray[np.float64],
    regions: NDArray[np.bool_],
    edge_px: int = 2,
) -> LabelQuality:
    """Measure one sample's label against predictions of members that never saw it.

    Args:
        label: (h, w) class numbers; what is not below C does not count.
        probability: (C, h, w), mean of the members.
        thresholds: (C,) of `confident_class`.
        regions: (h, w) bool of `wrong_regions`.
        edge_px: as there.

    Edges: a label without any class has means of 1 and counts of 0: nothing speaks against it.
    """
    known, own = label < len(probability), own_probability(label, probability)
    sure = confident_class(probability, thresholds)
    wrong = known & (sure < len(probability)) & (sure != label)
    thick = thick_parts(regions, edge_px)
    given = np.bincount(label[thick], minlength=1)
    likely = np.bincount(sure[thick], minlength=1)
    return LabelQuality(
        labelled_px=int(known.sum()),
        self_confidence=float(own[known].mean(dtype=np.float64)) if known.any() else 1.0,
        softmin=softmin(own[known]) if known.any() else 1.0,
        confident_px=int(wrong.sum()),
        wrong_share=_share(label, probability, sure, regions),
        region_px=int(thick.sum()),
        region_share=_share(label, probability, sure, thick),
        given=int(given.argmax()) if thick.any() else -1,
        likely=int(likely.argmax()) if thick.any() else -1,
    )


def wrong_regions(
    label: NDArray[np.uint8],
    members: Sequence[Probability],
    thresholds: NDArray[np.float64],
    *,
    edge_px: int = 2,
    least_px: int = 9,
) -> NDArray[np.bool_]:
    """Find connected regions that are surely of another class, and not because an edge is a little off.

    Args:
        label: (h, w) class numbers; what is not below C is in no region.
        members: (C, h, w) probabilities of each member; their mean must be sure of the other class, and every one of
            them must hold it for more probable than the given one.
        thresholds: (C,) of `confident_class`.
        edge_px: edges may be off by this much, along rows and columns.
        least_px: pixels that make a region, joined along edges and corners.

    Returns:
        (h, w) bool.

    Source: own; sure classes after Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125.
    """
    mean = np.mean(members, axis=0) if len(members) > 1 else members[0]
    sure = confident_class(mean, thresholds)
    wrong = (label < len(mean)) & (sure < len(mean)) & (label != sure)
    for one in members:
        wrong &= _probability_of(sure, one) > own_probability(label, one)
    wrong &= ~_edges(label, sure, mean.argmax(axis=0), wrong, edge_px)
    numbers, _ = ndimage.label(wrong, np.ones((3, 3), bool))
    large = np.bincount(numbers.ravel()) >= least_px
    large[0] = False
    return np.asarray(large[numbers])


def thick_parts(regions: NDArray[np.bool_], edge_px: int) -> NDArray[np.bool_]:
    """Keep the parts of regions that hold a square wider than an edge error.

    Networks lose thin rivers and hedges whatever the label says; what is wrong with a label as a whole is wide.

    Args:
        regions: (h, w) bool.
        edge_px: squares have a side of edge_px + 1; the picture's border is no edge.

    Source: morphological opening (Serra 1982).
    """
    side = edge_px + 1
    opened = ndimage.grey_opening(regions.view(np.uint8), (side, side), mode="nearest")
    return np.asarray(opened > 0)


def softmin(own: NDArray[np.floating], temperature: float = SOFTMIN_TEMPERATURE) -> float:
    """Return a mean of pixel scores in which low ones weigh most.

    sum(s_i w_i), w_i = exp((1 - s_i) / t) / sum(exp((1 - s_j) / t))

    Args:
        own: scores in [0, 1], such as the probability of the given class; any shape.
        temperature: t; towards 0 it becomes the minimum, towards infinity the mean.

    Edges: NaN without pixels.

    Source: Lad and Mueller 2023, arXiv:2307.05080.
    """
    if own.size == 0:
        return float("nan")
    scores = np.asarray(own, np.float64).ravel()
    weights = np.exp((scores.min() - scores) / temperature)
    return float((scores * weights).sum() / weights.sum())


def own_probability(label: NDArray[np.uint8], probability: Probability) -> NDArray[np.floating]:
    """Return (h, w) probabilities of the given class; 1 where there is no class."""
    return np.where(label < len(probability), _probability_of(label, probability), 1)


def _probability_of(numbers: NDArray[np.uint8], probability: Probability) -> NDArray[np.floating]:
    """Take each pixel's probability of one class; of the last one where there is no such class."""
    index = np.minimum(numbers, len(probability) - 1)[None].astype(np.intp)
    return np.asarray(np.take_along_axis(probability, index, axis=0)[0])


def _edges(
    label: NDArray[np.uint8],
    sure: NDArray[np.uint8],
    likely: NDArray[np.integer],
    wrong: NDArray[np.bool_],
    edge_px: int,
) -> NDArray[np.bool_]:
    """Find wrong pixels that a shifted edge explains.

    A pixel of class a that is surely b is explained when the label has b within reach, and the prediction a. A missing
    bed has no b in the label nearby, an invented one no a in the prediction.
    """
    explained = np.zeros(label.shape, bool)
    for given, other in np.unique(np.stack([label[wrong], sure[wrong]]), axis=1).T:
        pair = wrong & (label == given) & (sure == other)
        explained |= pair & _near(label == other, edge_px) & _near(likely == given, edge_px)
    return explained


def _near(mask: NDArray[np.bool_], reach_px: int) -> NDArray[np.bool_]:
    """Grow a mask by some pixels along rows and columns."""
    return np.asarray(ndimage.maximum_filter(mask.view(np.uint8), 2 * reach_px + 1) > 0)


def _share(
    label: NDArray[np.uint8],
    probability: Probability,
    sure: NDArray[np.uint8],
    regions: NDArray[np.bool_],
) -> float:
    """Weigh each pixel of the wrong regions by how much more probable the other class is; compare with each class."""
    if not regions.any():
        return 0.0
    weight = np.zeros(label.shape)
    margin = _probability_of(sure, probability) - own_probability(label, probability)
    weight[regions] = margin[regions]
    prior, known = PRIOR_SHARE * label.size, label < len(probability)
    shares = []
    for number in range(len(probability)):
        belongs = known & ((label == number) | (sure == number))
        shares.append(weight[belongs].sum() / (belongs.sum() + prior))
    return float(max(shares))
