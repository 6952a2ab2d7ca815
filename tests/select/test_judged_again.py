"""Reading held-out samples again, as pages, maps and comparisons do, gives the very score of the selection."""

import numpy as np
import pytest

from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score
from landseer.report.judged import how_judged, judge_held_out
from landseer.select import SelectConfig
from landseer.select.choose import select

FAST = {"resamples": 20, "workers": 1, "metric": "dice_kelp"}
NOISE = {("none", 0): 0.1, ("none", 1): 0.3, ("none", 2): 0.15, ("d4", 0): 0.08}


@pytest.mark.parametrize("threshold", ["cautious", "tune"])
@pytest.mark.parametrize("vote", ["soft", "hard"])
@pytest.mark.parametrize("weights", ["equal", "fold_score", "rank", "fitted", "greedy"])
@pytest.mark.parametrize("n_folds", [1, 3])
def test_each_sample_is_judged_as_its_fold_was(
    build_world, classes, n_folds, weights, vote, threshold
):
    """With one fold, groups are dealt to parts, which have the numbers of folds."""
    if (weights, vote) == ("greedy", "hard"):
        pytest.skip("greedy selection averages probabilities")
    world = build_world(seeds=(0, 1, 2), ttas=("none", "d4"), noise=NOISE, n_folds=n_folds)
    config = SelectConfig(weights=weights, vote=vote, threshold=threshold, **FAST)
    selection = select(world.frame, world.oof, classes, config)
    assert judged_again(world, selection) == pytest.approx(selection.crossfit.value, abs=1e-12)


def test_seeds_that_were_not_asked_have_no_say(build_world, classes):
    world = build_world(seeds=(0, 1), noise=NOISE)
    first = {"none": {0: world.oof["none"][0]}}
    selection = select(world.frame, first, classes, SelectConfig(**FAST))
    assert judged_again(world, selection) == pytest.approx(selection.crossfit.value, abs=1e-12)


@pytest.mark.parametrize("n_folds", [1, 3])
def test_members_vote_by_the_threshold_of_their_fold_and_votes_by_one_half(
    build_world, classes, n_folds
):
    world = build_world(seeds=(0, 1, 2), noise=NOISE, n_folds=n_folds)
    config = SelectConfig(vote="hard", threshold="tune", **FAST)
    selection = select(world.frame, world.oof, classes, config)
    thresholds = {one.fold: one.threshold for one in selection.folds}
    for sample, fold in zip(world.frame["sample"], world.frame["fold"], strict=True):
        how = how_judged(selection, sample, int(fold))
        number = selection.parts[sample] if n_folds == 1 else int(fold)
        assert how.member_threshold == thresholds[number] != 0.5
        assert how.rule.threshold == selection.threshold == 0.5
    final = how_judged(selection, "nobody", 99)
    assert final.judge is None and final.member_threshold == selection.member_threshold


def judged_again(world, selection):
    """Read all samples again and score them."""
    total = np.zeros((2, 2), np.int64)
    for sample, fold in zip(world.frame["sample"], world.frame["fold"], strict=True):
        oof = world.oof[selection.tta][0]
        _, decided = judge_held_out(selection, oof, sample, int(fold))
        total += confusion_matrix(world.truth[sample], decided, 2)
    return score(total, ("background", "kelp"))["dice_kelp"]
