"""Sites left out one by one, and locations spread over all folds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.errors import RecipeError, StageError
from landseer.splits import LeaveOneSiteOutConfig, LocationStratifiedConfig, prove, split

NO_PAIRS = pd.DataFrame({"a": [], "b": []})


def test_one_fold_per_site_in_the_order_of_names(table):
    frame = table(range(6), site=["oma", "arg", "jax", "arg", "atl", "oma"])
    assert split(frame, LeaveOneSiteOutConfig(), 0)["fold"].tolist() == [3, 0, 2, 0, 1, 3]


def test_another_column_may_name_the_sites(table):
    frame = table(range(4), plot=[2, 1, 2, 1])
    assert split(frame, LeaveOneSiteOutConfig(column="plot"), 0)["fold"].tolist() == [1, 0, 1, 0]
    with pytest.raises(RecipeError, match="'city'"):
        split(frame, LeaveOneSiteOutConfig(column="city"), 0)


def test_small_sites_are_dealt_into_folds(table):
    sites = [f"site{n}" for n in range(12) for _ in range(1 + n % 4)]
    done = split(table(range(len(sites)), site=sites), LeaveOneSiteOutConfig(n_folds=3), 0)
    assert (done.groupby("site")["fold"].nunique() == 1).all()
    assert np.ptp(np.bincount(done["fold"])) == 0


def test_places_of_several_sites_are_an_error_or_merged(table):
    frame = table([0, 1, 1, 2, 2, 3], site=["a", "a", "b", "b", "c", "d"])
    with pytest.raises(
        StageError, match=r"2 groups have samples in several \(1, 2\), of the sites a, b, c"
    ) as error:
        split(frame, LeaveOneSiteOutConfig(), 0)
    assert "split.shared_places to merge" in error.value.do
    done = split(frame, LeaveOneSiteOutConfig(shared_places="merge"), 0)
    assert done["fold"].tolist() == [0, 0, 0, 0, 0, 1]


def test_what_is_no_site_is_refused(table):
    with pytest.raises(StageError, match=r"1 of 3 have none \(s0001\)"):
        split(table(range(3), site=["a", None, "b"]), LeaveOneSiteOutConfig(), 0)
    with pytest.raises(StageError, match="got 1 sites for 2 folds"):
        split(table(range(2), site=["a", "a"]), LeaveOneSiteOutConfig(), 0)


@settings(max_examples=40, deadline=None)
@given(
    places=st.lists(st.sampled_from("abcd"), min_size=8, max_size=60),
    n_folds=st.integers(2, 5),
    holdout=st.sampled_from([0.0, 0.2]),
    seed=st.integers(0, 9),
)
def test_every_fold_holds_its_share_of_every_location(table, places, n_folds, holdout, seed):
    frame = table([0] * len(places), site=places)
    done = split(frame, LocationStratifiedConfig(n_folds=n_folds, holdout=holdout), seed)
    used = done[~done["holdout"]]
    counts = (
        pd.crosstab(used["site"], used["fold"])
        .reindex(columns=range(n_folds), fill_value=0)
        .to_numpy()
    )
    assert (np.ptp(counts, axis=1) <= 1).all()
    assert np.ptp(counts.sum(axis=0)) <= 1
    aside = done.groupby("site")["holdout"].sum() - holdout * done.groupby("site").size()
    assert (aside.abs() < 1).all()


def test_the_leak_of_locations_is_named(table):
    frame = table([0, 0, 1, 1, 2, 2], site=["a", "a", "a", "b", "b", "b"])
    config = LocationStratifiedConfig(n_folds=3)
    done = split(frame, config, 0)
    pairs = pd.DataFrame({"a": ["s0000", "s0002", "s0004"], "b": ["s0001", "s0003", "s0005"]})
    proof = prove(done, pairs, config)
    folds = done["fold"].to_numpy().reshape(3, 2)
    assert proof.cross_fold_pairs == (folds[:, 0] != folds[:, 1]).sum() > 0
    assert "leaks on purpose: every fold holds samples of every site" in proof.warnings[0]


def test_the_seed_has_a_say_where_there_is_a_choice(table):
    frame = table([0] * 40, site=["a", "b"] * 20)
    one, two = (split(frame, LocationStratifiedConfig(n_folds=4), seed)["fold"] for seed in (0, 1))
    assert one.tolist() != two.tolist()
