"""What holds for every splitter, over random tables."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from shapely import box

from landseer.errors import LandseerError, RecipeError, StageError
from landseer.samples.table import make_samples
from landseer.splits import SPLITTERS, SplitConfig, nested_folds, prove, split, takes_part, trains

CONFIGS = {
    "group_kfold": {"n_folds": 3},
    "stratified_group_kfold": {"n_folds": 3, "strata": ["flag", "kind"]},
    "spatial_blocks": {"n_folds": 3, "block_m": 3000, "buffer_m": 500},
    "leave_one_site_out": {"shared_places": "merge"},
    "location_stratified": {"n_folds": 3, "strata": ["flag"]},
    "by_time": {"n_folds": 2, "gap_days": 10},
    "fixed": {"column": "given"},
    "random": {"n_folds": 3, "strata": ["flag"]},
}
GROUPED = ("group_kfold", "stratified_group_kfold", "spatial_blocks", "leave_one_site_out")
APART = (*GROUPED, "by_time")
COMPLETE = (*GROUPED, "location_stratified", "random", "fixed")
HOLDOUTS = {"holdout": 0.2, "holdout_sites": ["a"], "outer": {"n_folds": 2, "fold": 1}}


def config_of(kind, **more):
    return TypeAdapter(SplitConfig).validate_python({"kind": kind, **CONFIGS[kind], **more})


def make(seed, n=60, n_groups=12):
    """Groups of any size, each at a site; samples scattered around their group, at any date."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, n_groups, n)
    site = rng.choice(list("abcde"), n_groups)
    where = rng.uniform(-0.1, 0.1, (n_groups, 2))
    middle = where[group] + rng.normal(0, 0.003, (n, 2))
    shift = rng.uniform(0, 2000, n_groups)[group] + rng.uniform(0, 200, n)
    return make_samples(
        [
            {
                "sample": f"s{number:03d}", "side": "train", "image": f"/{number}", "height": 1, "width": 1,
                "group": f"g{group[number]}", "site": site[group[number]], "flag": bool(rng.random() < 0.3),
                "kind": str(rng.choice(["x", "y", "z"])), "given": int(rng.integers(0, 3)),
                "date": (date(2015, 1, 1) + timedelta(days=int(shift[number]))).isoformat(),
                "geometry": box(*(middle[number] - 0.002), *(middle[number] + 0.002)),
            }
            for number in range(n)
        ]
    )  # fmt: skip


def try_split(frame, config, seed):
    """Split, or give the example up where there is too little to make folds of."""
    try:
        return split(frame, config, seed)
    except (StageError, RecipeError):
        assume(False)


def pairs_within(frame):
    """Pair each group's samples with its first."""
    pairs = []
    for _, names in frame.groupby("group")["sample"]:
        pairs += [(names.iloc[0], other) for other in names.iloc[1:]]
    return pd.DataFrame(pairs, columns=["a", "b"])


def test_every_splitter_has_a_config_here():
    assert CONFIGS.keys() == SPLITTERS.keys()


@pytest.mark.parametrize("kind", APART)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    n_groups=st.integers(5, 30),
    extra=st.sampled_from([{}, *({key: value} for key, value in HOLDOUTS.items())]),
)
def test_no_place_trains_what_it_judges(kind, seed, n_groups, extra):
    frame = make(seed, n_groups=n_groups)
    config = config_of(kind, **extra)
    done = try_split(frame, config, seed)
    group = done["group"].to_numpy()
    aside, used = done["holdout"].to_numpy(), takes_part(done)
    assert not set(group[aside]) & set(group[used])
    assert not (aside & used).any()
    for fold in range(done["fold"].max() + 1):
        held = (done["fold"] == fold).to_numpy()
        assert held.any() and trains(done, fold).any()
        assert not set(group[held]) & set(group[trains(done, fold)])
        assert not (trains(done, fold) & aside).any()
    proof = prove(done, pairs_within(done), config)
    assert (proof.cross_fold_pairs, proof.holdout_pairs, proof.straddling_groups) == (0, 0, 0)
    json.dumps(proof.as_dict(), allow_nan=False)


@pytest.mark.parametrize("kind", COMPLETE)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_each_usable_sample_is_held_out_once(kind, seed):
    frame = make(seed)
    frame.loc[0, "side"], frame.loc[1, "excluded"] = "test", "dark"
    done = try_split(frame, config_of(kind), seed)
    assert (done["fold"][:2] == -1).all()
    assert (done["fold"][2:] >= 0).all()
    assert not done["holdout"].any()
    assert sorted(set(done["fold"][2:])) == list(range(done["fold"].max() + 1))


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("extra", [{}, {"outer": {"fold": 1}}])
def test_order_of_rows_has_no_say(kind, extra):
    frame = make(5)
    one = split(frame, config_of(kind, **extra), 3).set_index("sample")
    for state in range(3):
        shuffled = frame.sample(frac=1, random_state=state)
        other = split(shuffled, config_of(kind, **extra), 3).set_index("sample").loc[one.index]
        for column in ("fold", "holdout", "barred", *(["block"] if "block" in one else [])):
            assert list(one[column]) == list(other[column])


SCRIPT = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("family", sys.argv[1])
family = importlib.util.module_from_spec(spec); spec.loader.exec_module(family)
print(json.dumps({kind: family.spelled(kind) for kind in family.CONFIGS}))
"""


def spelled(kind):
    done = split(make(5), config_of(kind, outer={"fold": 1}), 3)
    return [
        f"{f} {h} {b}"
        for f, h, b in zip(done["fold"], done["holdout"], done["barred"], strict=True)
    ]


def test_folds_are_the_same_in_another_process():
    for hash_seed in ("1", "77"):
        found = subprocess.run(
            [sys.executable, "-c", SCRIPT, __file__],
            env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, check=True, text=True,
        )  # fmt: skip
        assert json.loads(found.stdout) == {kind: spelled(kind) for kind in CONFIGS}


def test_folds_are_the_same_on_every_machine():
    """Golden: written down once; a change of a library or processor must not move them."""
    for kind, folds in GOLDEN.items():
        done = split(make(5, n=24, n_groups=9), config_of(kind), 42)
        assert " ".join(map(str, done["fold"])) == folds, kind


@pytest.mark.parametrize("kind", CONFIGS)
def test_nested_folds_are_what_the_runs_use(kind):
    frame, n_outer = (
        make(5, n=90, n_groups=60),
        None if kind in ("fixed", "leave_one_site_out") else 3,
    )
    config = config_of(kind, outer={"n_folds": n_outer, "fold": 0, "table": True})
    table = nested_folds(frame, config, 1)
    assert list(table["sample"]) == sorted(frame["sample"])
    outers = sorted(set(table["outer"]) - {-1})
    assert list(table.columns) == ["sample", "outer", *(f"inner_{number}" for number in outers)]
    assert len(outers) == (n_outer or len(outers)) >= 2
    for outer in outers:
        done = split(frame, config_of(kind, outer={"n_folds": n_outer, "fold": outer}), 1)
        aside = done["holdout"].to_numpy()
        assert (aside == (table["outer"] == outer)).all()
        inner = table[f"inner_{outer}"]
        assert inner[aside].isna().all()
        known = inner.notna().to_numpy()
        assert (inner[known].to_numpy(int) == done["fold"][known]).all()
        assert not takes_part(done)[~known].any()
        assert takes_part(done)[known & (done["fold"] >= 0)].all()


def test_nested_folds_know_of_thin_overlaps():
    frame = make(5, n=90, n_groups=60)
    config = config_of("group_kfold", outer={"n_folds": 3, "fold": 0})
    plain = nested_folds(frame, config, 1)
    a = plain.loc[plain["outer"] == 0, "sample"].iloc[0]
    b = plain.loc[plain["outer"] == 1, "sample"].iloc[0]
    barred = nested_folds(frame, config, 1, pd.DataFrame({"a": [a], "b": [b]})).set_index("sample")
    assert pd.isna(barred.loc[b, "inner_0"]) and pd.isna(barred.loc[a, "inner_1"])
    assert barred.drop(index=[a, b]).equals(plain.set_index("sample").drop(index=[a, b]))


def test_outer_folds_put_each_sample_aside_once():
    frame = make(5)
    seen = sum(
        split(frame, config_of("group_kfold", outer={"n_folds": 4, "fold": fold}), 0)["holdout"].astype(int)
        for fold in range(4)
    )  # fmt: skip
    assert (seen == 1).all()


def test_an_outer_fold_that_is_not_there():
    with pytest.raises(RecipeError, match="from 0 to 4; got 9"):
        split(make(5), config_of("leave_one_site_out", outer={"fold": 9}), 0)
    with pytest.raises(ValidationError, match="outer: expected a fold from 0 to 2; got 3"):
        config_of("group_kfold", outer={"fold": 3})
    with pytest.raises(
        ValidationError, match="one of holdout, holdout_sites and outer; got holdout and outer"
    ):
        config_of("group_kfold", outer={"fold": 2}, holdout=0.1)
    with pytest.raises(ValidationError, match="null, for the folds are given"):
        config_of("fixed", outer={"n_folds": 3})


@pytest.mark.parametrize("kind", [kind for kind in CONFIGS if kind != "fixed"])
def test_sites_can_be_put_aside(kind):
    frame = make(5, n=90, n_groups=60)
    done = split(frame, config_of(kind, holdout_sites=["c"]), 0)
    is_c = (done["site"] == "c").to_numpy()
    assert (done["holdout"] == is_c).all()
    with pytest.raises(LandseerError, match="expected values of site; got nowhere"):
        split(frame, config_of(kind, holdout_sites=["nowhere"]), 0)


@pytest.mark.parametrize("kind", [kind for kind in CONFIGS if kind not in ("fixed",)])
def test_a_share_can_be_put_aside(kind):
    done = split(make(5, n=200, n_groups=60), config_of(kind, holdout=0.25), 0)
    most = 0.6 if kind == "leave_one_site_out" else 0.4
    assert 0.1 < done["holdout"].mean() < most
    assert not takes_part(done)[done["holdout"].to_numpy()].any()


def test_a_site_put_aside_must_hold_its_places_alone(table):
    frame = table([0, 0, 1, 2, 3], site=["a", "b", "b", "c", "d"])
    with pytest.raises(RecipeError, match="of b") as error:
        split(frame, config_of("group_kfold", n_folds=2, holdout_sites=["a"]), 0)
    assert error.value.do == "list b too"


def test_settings_that_contradict_each_other_are_refused():
    for kind, keys, message in (
        ("spatial_blocks", {"n_blocks": 9}, "either block_m or n_blocks"),
        ("spatial_blocks", {"block_m": None}, "either block_m or n_blocks"),
        ("spatial_blocks", {"block_m": None, "n_blocks": 2}, "at least one block per fold"),
        ("by_time", {"holdout_from": "2016-01-01", "holdout": 0.1}, "got holdout too"),
        ("by_time", {"date_format": "%d/%m"}, "a form with a year"),
        ("group_kfold", {"buffer_m": -1}, "greater than or equal to 0"),
    ):
        with pytest.raises(ValidationError, match=message):
            config_of(kind, **keys)


GOLDEN = {
    "group_kfold": "1 2 0 2 2 2 0 1 2 0 1 2 0 2 1 0 0 0 1 2 1 0 1 1",
    "stratified_group_kfold": "2 0 0 0 1 1 2 1 2 0 1 2 2 2 1 0 0 0 1 2 1 2 2 1",
    "spatial_blocks": "2 1 0 1 2 2 1 1 2 0 1 2 1 2 0 0 0 0 0 2 0 1 2 1",
    "leave_one_site_out": "3 4 1 4 0 0 4 1 0 1 1 4 4 4 2 1 1 1 2 0 2 4 3 1",
    "location_stratified": "0 0 0 1 0 1 0 1 0 2 1 1 2 2 0 2 0 1 1 2 2 2 1 2",
    "by_time": "0 1 1 1 0 -1 -1 1 1 0 1 -1 -1 -1 0 0 0 0 0 1 -1 -1 -1 1",
    "fixed": "0 0 0 1 2 0 1 2 1 2 0 1 0 1 2 0 2 1 2 2 2 0 1 2",
    "random": "1 0 1 1 2 0 0 1 2 0 1 0 2 0 2 0 2 1 1 2 0 2 1 2",
}
