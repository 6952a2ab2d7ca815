"""Samples that only train: never held out, and kept from the folds that their place is held out by."""

import numpy as np
import pytest

from landseer.errors import RecipeError, StageError
from landseer.samples.table import make_samples
from landseer.splits import split
from landseer.splits.config import (
    FixedConfig,
    GroupKFoldConfig,
    LeaveOneSiteOutConfig,
    RandomConfig,
)
from landseer.splits.config_parts import OuterConfig
from landseer.splits.members import held_out, trains


def table(tiers="11221122"):
    """Four sites of two samples; sites b and d are of tier 2."""
    frame = make_samples(
        [
            {"sample": f"{site}{n}", "side": "train", "image": f"/{site}{n}.tif", "height": 8, "width": 8,
             "site": site, "tier": int(tiers[2 * place + n])}
            for place, site in enumerate("abcd") for n in (0, 1)
        ]
    )  # fmt: skip
    return frame.assign(group=frame["site"])


def sides(frame, fold):
    return sorted(frame["sample"][held_out(frame, fold)]), sorted(
        frame["sample"][trains(frame, fold)]
    )


def test_sites_of_the_second_tier_only_train():
    done = split(table(), LeaveOneSiteOutConfig(train_only={"tier": [2]}), 0)
    assert sorted(done["fold"].unique()) == [-1, 0, 1]
    assert sides(done, 0) == (["a0", "a1"], ["b0", "b1", "c0", "c1", "d0", "d1"])
    assert sides(done, 1) == (["c0", "c1"], ["a0", "a1", "b0", "b1", "d0", "d1"])


def test_a_place_that_is_held_out_trains_by_none_of_its_samples():
    """Each site has a sample of either tier."""
    done = split(table("12121212"), LeaveOneSiteOutConfig(train_only={"tier": [2]}), 0)
    for fold, site in enumerate("abcd"):
        held, training = sides(done, fold)
        assert held == [f"{site}0"]
        assert training == sorted(f"{s}{n}" for s in "abcd" if s != site for n in (0, 1))


def test_the_same_folds_without_those_samples():
    """What is held out is as without the key, less the samples that only train."""
    frame, config = table("12121212"), GroupKFoldConfig(n_folds=2)
    plain = split(frame, config, 3)
    done = split(frame, config.model_copy(update={"train_only": {"tier": (2,)}}), 3)
    first = frame["tier"] == 1
    assert (done["fold"][first] == plain["fold"][first]).all()
    assert (done["fold"][~first] == -1).all()
    for fold in (0, 1):
        assert (trains(done, fold) == trains(plain, fold)).all()


def test_they_are_not_put_aside_either():
    config = LeaveOneSiteOutConfig(holdout_sites=("a",), train_only={"tier": (2,)})
    done = split(table("12111111"), config, 0).set_index("sample")
    assert done["holdout"].to_dict() == {
        f"{s}{n}": s + str(n) == "a0" for s in "abcd" for n in (0, 1)
    }
    assert (done.loc["a1", "fold"], done.loc["a1", "barred"]) == (-1, "0 1 2")
    outer = LeaveOneSiteOutConfig(outer=OuterConfig(fold=0), train_only={"tier": (2,)})
    nested = split(table("12111111"), outer, 0).set_index("sample")
    assert (nested.loc["a1", "fold"], nested.loc["a1", "barred"]) == (-1, "0 1 2")


def test_texts_and_several_columns():
    frame = table().assign(kind=list("xxyyxxzz"))
    done = split(frame, RandomConfig(n_folds=2, train_only={"kind": ["z"], "site": ["a"]}), 0)
    meant = frame["kind"].eq("z") | frame["site"].eq("a")
    assert (done["fold"][meant] == -1).all()
    assert (done["fold"][~meant] >= 0).all()


def test_what_does_not_work_is_said():
    with pytest.raises(RecipeError, match="expected a column of the sample table; got 'teir'"):
        split(table(), RandomConfig(n_folds=2, train_only={"teir": [2]}), 0)
    with pytest.raises(StageError, match=r"beside those that only train \(tier: 1, 2\); got none"):
        split(table(), RandomConfig(n_folds=2, train_only={"tier": [1, 2]}), 0)
    assert not hasattr(FixedConfig(column="x"), "train_only")


def test_without_a_match_nothing_changes():
    frame, config = table(), RandomConfig(n_folds=2)
    plain = split(frame, config, 0)
    done = split(frame, config.model_copy(update={"train_only": {"tier": (3,)}}), 0)
    assert done["fold"].equals(plain["fold"])
    assert np.array_equal(done["barred"], plain["barred"])
