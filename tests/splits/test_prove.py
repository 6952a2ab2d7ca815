import json

import pandas as pd
import pytest

from landseer.errors import StageError
from landseer.splits import (
    FixedConfig,
    GroupKFoldConfig,
    RandomConfig,
    StratifiedGroupKFoldConfig,
    prove,
    split,
)


def pairs_of(*pairs, overlap_m2=None):
    frame = pd.DataFrame(list(pairs), columns=["a", "b"])
    return frame if overlap_m2 is None else frame.assign(overlap_m2=overlap_m2)


@pytest.fixture
def frame(table):
    return table([0, 0, 1, 1, 2, 2, 3, 3], flag=[True, False] * 4)


def test_a_grouped_split_has_no_pair_across(frame):
    config = StratifiedGroupKFoldConfig(n_folds=2, strata=("flag",))
    proof = prove(split(frame, config, 0), pairs_of(("s0000", "s0001"), ("s0004", "s0005")), config)
    assert (proof.cross_fold_pairs, proof.straddling_groups, proof.warnings) == (0, 0, [])
    table = proof.balance.set_index("stratum")
    assert table.loc["samples", ["fold 0", "fold 1"]].tolist() == [4, 4]
    assert table.loc["groups", ["fold 0", "fold 1"]].tolist() == [2, 2]
    assert table.loc["flag=True", ["fold 0", "fold 1"]].tolist() == [2, 2]
    assert table["deviation"].tolist() == [0, 0, 0, 0]
    json.dumps(proof.as_dict(), allow_nan=False)


@pytest.mark.parametrize("config", [None, GroupKFoldConfig(n_folds=2)])
def test_a_straddling_group_or_pair_is_an_error(frame, config):
    done = split(frame, GroupKFoldConfig(n_folds=2), 0)
    first = done["fold"].iloc[0]
    other = done.loc[done["fold"] != first, "sample"].iloc[0]
    with pytest.raises(StageError, match="1 pairs of one place and 0 groups"):
        prove(done, pairs_of(("s0000", other)), config)
    done.loc[0, "fold"] = 1 - first
    with pytest.raises(StageError, match=r"0 pairs of one place and 1 groups in several \(0\)"):
        prove(done, pairs_of(), config)


def test_samples_put_aside_and_trained_on_only_are_sides_too(frame):
    done = split(frame, GroupKFoldConfig(n_folds=2), 0)
    for column, value in (("holdout", True), ("fold", -1)):
        moved = done.copy()
        moved.loc[moved["group"] == "0", column] = value
        other = moved.loc[(moved["fold"] >= 0) & ~moved["holdout"], "sample"].iloc[0]
        with pytest.raises(StageError, match="1 pairs"):
            prove(moved, pairs_of(("s0000", other)), None)


def test_random_folds_are_counted_and_warned_of(frame):
    config = RandomConfig(n_folds=4)
    done = split(frame, config, 1)
    pairs = [(f"s{n:04d}", f"s{n + 1:04d}") for n in range(0, 8, 2)]
    folds = dict(zip(done["sample"], done["fold"], strict=True))
    crossing = sum(folds[a] != folds[b] for a, b in pairs)
    assert crossing
    proof = prove(done, pairs_of(*pairs, *pairs, overlap_m2=100.0), config)
    assert proof.cross_fold_pairs == crossing
    assert proof.cross_fold_overlap_m2 == 200.0 * crossing
    assert "scores come out too high" in proof.warnings[0]
    assert f"{crossing} pairs" in proof.warnings[1]


def test_fixed_folds_that_leak_are_warned_of(frame):
    done = split(frame.assign(given=[0, 1] * 4), FixedConfig(column="given"), 0)
    proof = prove(done, pairs_of(("s0000", "s0001")), FixedConfig(column="given"))
    assert (proof.cross_fold_pairs, proof.straddling_groups) == (1, 4)
    assert any("1 pairs" in warning for warning in proof.warnings)


def test_pairs_with_the_test_side_are_told_and_no_error(frame):
    frame.loc[1, "side"] = "test"
    done = split(frame, GroupKFoldConfig(n_folds=2), 0)
    proof = prove(
        done, pairs_of(("s0000", "s0001"), ("s0001", "gone")), GroupKFoldConfig(n_folds=2)
    )
    assert proof.test_pairs == 1
    assert any("training and a test sample" in warning for warning in proof.warnings)


def test_giant_groups_and_empty_strata_are_told(table):
    config = StratifiedGroupKFoldConfig(n_folds=3, strata=("flag",))
    frame = table([0] * 10 + [1, 2, 3, 4], flag=[True] + [False] * 13)
    warnings = prove(split(frame, config, 0), pairs_of(), config).warnings
    assert any("group 0 holds 10 of 14" in warning for warning in warnings)
    assert sum("has no sample of flag=True" in warning for warning in warnings) == 2


def test_names_that_became_numbers_are_refused(frame):
    done = split(frame, GroupKFoldConfig(n_folds=2), 0)
    with pytest.raises(StageError, match=r"got 1 \(int\)"):
        prove(done, pairs_of((1, 2)), GroupKFoldConfig(n_folds=2))
