"""Forward chaining."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from landseer.errors import StageError
from landseer.splits import ByTimeConfig, prove, split, takes_part, trains

NO_PAIRS = pd.DataFrame({"a": [], "b": []})
START = date(2018, 1, 1)


def days(*numbers):
    return [(START + timedelta(days=int(number))).isoformat() for number in numbers]


@settings(max_examples=30, deadline=None)
@given(
    numbers=st.lists(st.integers(0, 400), min_size=8, max_size=50),
    n_folds=st.integers(2, 4),
    gap_days=st.sampled_from([0, 1, 30]),
    same_place=st.sampled_from(["apart", "allowed"]),
    extra=st.sampled_from([{}, {"holdout": 0.2}, {"holdout_from": "2018-12-01"}, {"outer": {"fold": 1}}]),
    coarse=st.booleans(),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_training_is_always_earlier(
    table, numbers, n_folds, gap_days, same_place, extra, coarse, seed
):
    rng = np.random.default_rng(seed)
    texts = days(*numbers)
    if coarse:
        texts = [text[:7] if rng.random() < 0.3 else text for text in texts]
    frame = table(rng.integers(0, 20, len(numbers)), date=texts)
    config = ByTimeConfig(n_folds=n_folds, gap_days=gap_days, same_place=same_place, **extra)
    try:
        done = split(frame, config, 0)
    except StageError:
        assume(False)
    first = np.array([date.fromisoformat((t + "-01")[:10]) for t in texts])
    month_end = [
        (d.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1) for d in first
    ]
    last = np.array(
        [
            end if len(text) == 7 else day
            for text, day, end in zip(texts, first, month_end, strict=True)
        ]
    )
    groups = done["group"].to_numpy()
    judged = [(done["fold"].to_numpy() == fold, trains(done, fold)) for fold in range(n_folds)]
    judged.append((done["holdout"].to_numpy(), takes_part(done)))
    for held, train in judged:
        if held.any():
            assert train.any()
            assert last[train].max() + timedelta(days=gap_days) < first[held].min()
            assert same_place == "allowed" or not set(groups[held]) & set(groups[train])
    assert prove(done, NO_PAIRS, config).balance is not None


def test_periods_are_of_equal_size_and_the_first_only_trains(table):
    frame = table(range(12), date=days(*range(0, 120, 10)))
    done = split(frame, ByTimeConfig(n_folds=3), 0)
    assert done["fold"].tolist() == [-1] * 3 + [0] * 3 + [1] * 3 + [2] * 3
    assert done["barred"].tolist() == [""] * 6 + ["0"] * 3 + ["0 1"] * 3


def test_a_gap_bars_what_is_too_near_in_time(table):
    frame = table(range(12), date=days(*range(0, 120, 10)))
    done = split(frame, ByTimeConfig(n_folds=3, gap_days=10), 0)
    assert done["barred"].tolist() == [
        "",
        "",
        "0",
        "",
        "",
        "1",
        "0",
        "0",
        "0 2",
        "0 1",
        "0 1",
        "0 1",
    ]
    with pytest.raises(StageError, match="to train fold 0; got none"):
        split(frame, ByTimeConfig(n_folds=3, gap_days=30), 0)


def test_a_day_is_never_cut(table):
    done = split(table(range(9), date=days(0, 0, 0, 0, 0, 1, 1, 2, 3)), ByTimeConfig(n_folds=2), 0)
    assert done["fold"].tolist() == [-1] * 5 + [0, 0, 1, 1]


def test_places_seen_again_are_kept_apart_or_told(table):
    frame = table([0, 1, 2, 0, 3, 4], date=days(*range(6)))
    done = split(frame, ByTimeConfig(n_folds=2), 0)
    assert done["barred"].tolist() == ["0", "", "", "", "0", "0"]
    allowed = ByTimeConfig(n_folds=2, same_place="allowed")
    loose = split(frame, allowed, 0)
    assert loose["barred"].tolist() == ["", "", "", "", "0", "0"]
    pairs = pd.DataFrame({"a": ["s0000"], "b": ["s0003"]})
    assert prove(done, pairs, ByTimeConfig(n_folds=2)).cross_fold_pairs == 0
    proof = prove(loose, pairs, allowed)
    assert (proof.cross_fold_pairs, proof.straddling_groups) == (1, 1)
    assert "known places at a later time" in proof.warnings[0]
    with pytest.raises(StageError, match=r"split\.same_place"):
        split(table([0] * 6, date=days(*range(6))), ByTimeConfig(n_folds=2), 0)


def test_the_latest_are_put_aside(table):
    frame = table(range(10), date=days(*range(10)))
    done = split(frame, ByTimeConfig(n_folds=3, holdout=0.2), 0)
    assert done["holdout"].tolist() == [False] * 8 + [True] * 2
    done = split(
        frame, ByTimeConfig(n_folds=3, holdout_from=START + timedelta(days=7), gap_days=1), 0
    )
    assert done["holdout"].tolist() == [False] * 7 + [True] * 3
    assert done["barred"].iloc[6] == "0 1 2" and done["fold"].iloc[6] == -1


def test_later_than_the_outer_fold_is_not_used(table):
    frame = table(range(12), date=days(*range(12)))
    done = split(frame, ByTimeConfig(n_folds=2, outer={"n_folds": 3, "fold": 1}), 0)
    assert done["holdout"].tolist() == [False] * 6 + [True] * 3 + [False] * 3
    assert done["fold"].tolist() == [-1, -1, 0, 0, 1, 1] + [-1] * 6
    assert takes_part(done).tolist() == [True] * 6 + [False] * 6


def test_too_few_dates_are_refused(table):
    with pytest.raises(
        StageError, match="at least 4 different dates for 3 folds, the start; got 2"
    ):
        split(table(range(4), date=days(0, 0, 1, 1)), ByTimeConfig(n_folds=3), 0)
    with pytest.raises(StageError, match="2 of 2 have none"):
        split(table(range(2)), ByTimeConfig(n_folds=2), 0)
