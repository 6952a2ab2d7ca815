import json

import numpy as np
import pandas as pd
import pytest

from landseer.errors import StageError
from landseer.splits import (
    ByTimeConfig,
    FixedConfig,
    GroupKFoldConfig,
    RandomConfig,
    StratifiedGroupKFoldConfig,
    prove,
    split,
)


def pairs_of(*pairs):
    return pd.DataFrame(list(pairs), columns=["a", "b"])


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
    with pytest.raises(StageError, match=r"0 pairs of one place and 1 groups \(0\)"):
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
    proof = prove(done, pairs_of(*pairs, *pairs), config)
    assert (proof.cross_fold_pairs, proof.straddling_groups) == (crossing, crossing)
    assert "scores come out too high" in proof.warnings[0]
    assert f"{crossing} pairs" in proof.warnings[1]


def test_shared_ground_is_measured_on_the_footprints_themselves(placed):
    """Two samples at one place, two that share half, one far away; the pairs found by the audit are none."""
    frame = placed(
        [(10, 50), (10, 50), (11, 50), (11 + 50 / 111_000 / np.cos(np.radians(50)), 50), (20, 0)]
    )
    folds = FixedConfig(column="given")
    done = split(frame.assign(given=[0, 1, 0, 1, 1]), folds, 0)
    proof = prove(done, pairs_of(), folds)
    assert proof.cross_fold_pairs == 0
    assert proof.cross_fold_overlap_m2 == pytest.approx(15_000, rel=0.01)
    assert proof.cross_fold_overlap == pytest.approx(1)
    assert any(
        "share 15," in warning and "up to 100% of one" in warning for warning in proof.warnings
    )
    apart = prove(split(frame.assign(given=[0, 0, 1, 1, 0]), folds, 0), pairs_of(), folds)
    assert (apart.cross_fold_overlap_m2, apart.warnings) == (0, [])
    near = apart.folds[0]["nearest_training_m"]
    assert near["min"] == pytest.approx(71_700 - 100, rel=0.005) == near["median"]
    assert apart.folds[0] | {"nearest_training_m": 0} == {
        "name": "fold 0", "held_out": 3, "training": 2, "barred": 0, "nearest_training_m": 0,
    }  # fmt: skip


def test_a_bar_mends_a_leak(frame):
    """The same pair leaks without the bar and not with it."""
    done = split(frame.assign(given=[0, 1] * 4), FixedConfig(column="given"), 0)
    assert (
        prove(done, pairs_of(("s0000", "s0001")), FixedConfig(column="given")).cross_fold_pairs == 1
    )
    done.loc[0, "barred"] = "1"
    assert (
        prove(done, pairs_of(("s0000", "s0001")), FixedConfig(column="given")).cross_fold_pairs == 1
    )
    done.loc[1, "barred"] = "0"
    proof = prove(done, pairs_of(("s0000", "s0001")), FixedConfig(column="given"))
    assert (proof.cross_fold_pairs, proof.straddling_groups) == (0, 3)
    assert [fold["barred"] for fold in proof.folds] == [1, 1]


def test_a_fold_without_training_samples_is_an_error(frame):
    done = split(frame, GroupKFoldConfig(n_folds=2), 0)
    done.loc[done["fold"] == 1, "barred"] = "0"
    with pytest.raises(StageError, match="to train fold 0; got none: 4 are barred from it"):
        prove(done, pairs_of(), GroupKFoldConfig(n_folds=2))


def test_a_broken_buffer_is_an_error(placed):
    done = split(placed([(0, 0), (0.01, 0), (1, 0), (2, 0)]), GroupKFoldConfig(n_folds=2), 0)
    done.loc[:, "fold"] = [0, 1, 0, 1]
    with pytest.raises(
        StageError, match="expected 5000 m between held-out and training samples; got 10"
    ):
        prove(done, pairs_of(), GroupKFoldConfig(n_folds=2, buffer_m=5000))


def test_a_broken_order_of_time_is_an_error(table):
    frame = table(range(6), date=[f"2019-01-0{n}" for n in range(1, 7)])
    done = split(frame, ByTimeConfig(n_folds=2), 0)
    done.loc[5, "barred"] = ""
    with pytest.raises(
        StageError, match="expected fold 0 to be trained on dates more than 0 days before"
    ):
        prove(done, pairs_of(), ByTimeConfig(n_folds=2))


def test_pairs_with_what_is_put_aside_are_counted_alone(frame):
    config = RandomConfig(n_folds=2)
    done = split(frame, config, 0)
    done.loc[0, ["holdout", "fold"]] = True, -1
    proof = prove(done, pairs_of(("s0000", "s0001")), config)
    assert (proof.cross_fold_pairs, proof.holdout_pairs) == (0, 1)
    assert proof.folds[-1]["name"] == "holdout"


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
