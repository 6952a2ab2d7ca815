"""Thin overlaps: neighbours across folds leave each other's training, and the proof finds no pair that leaks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.splits import GroupKFoldConfig, prove, split
from landseer.splits.members import membership
from landseer.splits.thin import bar_overlaps


def pairs_of(names, links):
    return pd.DataFrame([(names[a], names[b]) for a, b in links], columns=["a", "b"], dtype=object)


def is_clean(frame, links):
    held, train = membership(frame)
    position = {name: n for n, name in enumerate(frame["sample"])}
    for a, b in zip(links["a"], links["b"], strict=True):
        one, two = position[a], position[b]
        if (held[one] & train[two]).any() or (held[two] & train[one]).any():
            return False
    return True


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), holdout=st.sampled_from([0.0, 0.2]))
def test_no_pair_trains_what_it_judges(table, seed, holdout):
    rng = np.random.default_rng(seed)
    frame = table(rng.integers(0, 15, 60))
    names = list(frame["sample"])
    links = pairs_of(names, rng.integers(0, 60, (20, 2)))
    links = links[links["a"] != links["b"]]
    config = GroupKFoldConfig(n_folds=3, holdout=holdout)
    before = split(frame, config, 0)
    after = bar_overlaps(before, links)
    assert is_clean(after, links)
    proof = prove(after, links, config)
    assert (proof.cross_fold_pairs, proof.holdout_pairs) == (0, 0)
    touched = set(links["a"]) | set(links["b"])
    alone = ~after["sample"].isin(touched)
    pd.testing.assert_frame_equal(after[alone], before[alone])


def test_a_strip_is_barred_one_way_each_and_both_are_still_judged(table):
    frame = split(table(["x", "y", "z"]), GroupKFoldConfig(n_folds=3), 0)
    names, folds = list(frame["sample"]), dict(zip(frame["sample"], frame["fold"], strict=True))
    after = bar_overlaps(frame, pairs_of(names, [(0, 1)])).set_index("sample")
    assert after.loc[names[0], "barred"] == str(folds[names[1]])
    assert after.loc[names[1], "barred"] == str(folds[names[0]])
    assert after.loc[names[2], "barred"] == ""
    assert dict(after["fold"]) == folds


def test_without_bars_the_proof_finds_the_leak(table):
    config = GroupKFoldConfig(n_folds=3)
    frame = split(table(["x", "y", "z"]), config, 0)
    with pytest.raises(Exception, match="1 pairs of one place"):
        prove(frame, pairs_of(list(frame["sample"]), [(0, 1)]), config)


def test_what_touches_the_holdout_is_not_used(table):
    frame = split(table(range(12)), GroupKFoldConfig(n_folds=2, holdout=0.25), 0)
    aside = frame.index[frame["holdout"]][0]
    used = frame.index[~frame["holdout"]][0]
    links = pairs_of(list(frame["sample"]), [(aside, used)])
    after = bar_overlaps(frame, links)
    assert (after.loc[used, "fold"], after.loc[used, "barred"]) == (-1, "0 1")
    assert after.loc[aside, "holdout"]
