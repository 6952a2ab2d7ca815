"""Nothing that judges a part was chosen on it."""

import numpy as np
import pytest

from landseer.core.classes import ClassTable
from landseer.errors import DataError, UsageError
from landseer.metrics.histogram import ThresholdCounts, histogram
from landseer.metrics.threshold import cross_fit
from landseer.select.counts import Trial, _count_two
from landseer.select.crossfit import Candidate, Judge, make_parts, plateau_centre

TWO = ClassTable(("background", "kelp"), (0, 1))
THRESHOLDS = tuple(j / 50 for j in range(51))
ONE = Candidate("none", (1.0,))


def random_counts(n, rng):
    """Counts and histograms of n samples."""
    counts, bins = [], []
    for _ in range(n):
        truth = (rng.random(300) < 0.3).astype(np.uint8)
        p = np.clip(rng.normal(0.3 + 0.3 * truth, 0.2), 0, 1)
        q = np.rint(p * 65535).astype(np.uint16)
        counts.append(_count_two(q[None], truth, Trial(TWO, ((1.0,),), THRESHOLDS))[0])
        bins.append(histogram(truth, q, n_bins=50))
    return np.stack(counts), np.stack(bins)


def test_agrees_with_the_metrics_room():
    rng = np.random.default_rng(3)
    counts, bins = random_counts(12, rng)
    parts = np.arange(12) % 3
    judge = Judge("dice_kelp", TWO, THRESHOLDS, parts)
    sums = {ONE: np.stack([counts[parts == part].sum(0) for part in range(3)])}
    chosen = judge.choose_per_part(sums, THRESHOLDS)
    names = tuple(map(str, range(12)))
    whole = ThresholdCounts(names, bins, ("background", "kelp"))
    expected = cross_fit({p: whole.take(np.flatnonzero(parts == p)) for p in range(3)}, "dice_kelp")
    assert [choice.option for choice in chosen] == list(expected.thresholds.values())
    honest = judge.apply({ONE: counts}, chosen)
    assert judge.value(honest.sum(0)) == pytest.approx(expected.score)


def test_a_part_has_no_say_in_its_own_choice():
    rng = np.random.default_rng(4)
    counts, _ = random_counts(6, rng)
    parts = np.arange(6) % 3
    judge = Judge("dice_kelp", TWO, THRESHOLDS, parts)

    def choice_for_part_0(values):
        sums = np.stack([values[parts == part].sum(0) for part in range(3)])
        return judge.choose_per_part({ONE: sums}, THRESHOLDS)[0]

    spoiled = counts.copy()
    spoiled[parts == 0] = spoiled[parts == 0][..., ::-1, :] * 1000
    assert choice_for_part_0(counts) == choice_for_part_0(spoiled)
    spoiled[parts == 1] = spoiled[parts == 1][..., ::-1, :] * 1000
    assert choice_for_part_0(counts) != choice_for_part_0(spoiled)


def test_ties_go_to_the_first_candidate():
    counts, _ = random_counts(4, np.random.default_rng(5))
    judge = Judge("dice_kelp", TWO, THRESHOLDS, np.arange(4))
    other = Candidate("d4", (1.0,))
    assert judge.best({ONE: counts.sum(0), other: counts.sum(0)}, THRESHOLDS).candidate == ONE


@pytest.mark.parametrize(
    "flags,expected",
    [
        ("0110", 1),
        ("1111", 1),
        ("10011100", 4),
        ("11000011", 6),
        ("1", 0),
        ("1100011", 5),
        ("0011011", 2),
    ],
)
def test_plateau(flags, expected):
    assert plateau_centre(np.array([flag == "1" for flag in flags])) == expected


def test_parts_are_folds_or_groups():
    assert make_parts([3, 1, 3], ["a", "b", "c"]).tolist() == [1, 0, 1]
    assert make_parts([0] * 4, ["b", "a", "b", "c"]).tolist() == [1, 0, 1, 2]
    assert make_parts([0] * 7, list("abcdefg")).max() == 4


def test_undefined_metric_is_an_error():
    judge = Judge("dice_kelp", TWO, (None,), np.zeros(1, np.int64))
    nothing = np.array([[[5, 0], [0, 0]]])
    with pytest.raises(DataError, match="0/0"):
        judge.best({ONE: nothing}, (None,))
    with pytest.raises(UsageError, match="dice_kelp"):
        Judge("dice_kelb", TWO, (None,), np.zeros(1, np.int64))
