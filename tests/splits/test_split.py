import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sklearn.model_selection import StratifiedGroupKFold

from landseer.errors import FileReadError, RecipeError, StageError
from landseer.samples.table import make_samples
from landseer.splits import (
    FixedConfig,
    GroupKFoldConfig,
    RandomConfig,
    SplitConfig,
    StratifiedGroupKFoldConfig,
    split,
)

STRATA = ("has_kelp", "qa_ok", "almost_all_water")


def folds_of(frame):
    return dict(zip(frame["sample"], frame["fold"], strict=True))


def spread(keys, folds, n_folds):
    """Mean over strata of the deviation of the folds' shares: what scikit-learn's splitter makes small."""
    share = [[np.mean(folds[keys == key] == n) for n in range(n_folds)] for key in np.unique(keys)]
    return np.std(share, axis=1).mean()


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.integers(0, 15), min_size=12, max_size=60).filter(
        lambda g: len(set(g)) >= 6
    ),
    flags=st.integers(0, 2**60 - 1),
    n_folds=st.integers(2, 4),
    holdout=st.sampled_from([0.0, 0.2]),
    seed=st.integers(0, 5),
    stratified=st.booleans(),
)
def test_no_two_folds_ever_share_a_group(table, groups, flags, n_folds, holdout, seed, stratified):
    frame = table(groups, flag=[bool(flags >> n & 1) for n in range(len(groups))])
    config = (
        StratifiedGroupKFoldConfig(n_folds=n_folds, holdout=holdout, strata=("flag",))
        if stratified
        else GroupKFoldConfig(n_folds=n_folds, holdout=holdout)
    )
    try:
        done = split(frame, config, seed)
    except StageError:
        return  # too few groups are left beside those put aside
    where = done.assign(place=list(zip(done["fold"], done["holdout"], strict=True)))
    assert (where.groupby("group")["place"].nunique() == 1).all()
    assert set(done["fold"][~done["holdout"]]) == set(range(n_folds))
    assert (done["fold"][done["holdout"]] == -1).all()


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("seed", range(4))
def test_folds_are_at_least_as_even_as_scikit_learns(kelp_like, seed):
    frame = kelp_like(seed)
    ours = split(frame, StratifiedGroupKFoldConfig(n_folds=10, strata=STRATA), seed)[
        "fold"
    ].to_numpy()
    joined = frame[list(STRATA)].astype(str).agg("|".join, axis=1).to_numpy()
    theirs = np.empty(len(frame), int)
    splitter = StratifiedGroupKFold(10, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(frame, joined, frame["group"])):
        theirs[held_out] = number
    assert spread(joined, ours, 10) <= spread(joined, theirs, 10) + 1e-9
    for name in STRATA:
        assert spread(frame[name].to_numpy(), ours, 10) <= spread(
            frame[name].to_numpy(), theirs, 10
        )
    sizes = np.bincount(ours)
    assert np.ptp(sizes) <= np.ptp(np.bincount(theirs)) + 2


def test_equal_groups_give_equal_folds(table):
    done = split(table(np.repeat(range(30), 4)), GroupKFoldConfig(n_folds=5), 0)
    assert np.bincount(done["fold"]).tolist() == [24] * 5


def test_order_of_rows_has_no_say_and_the_seed_has(kelp_like):
    frame = kelp_like(0, 60)
    config = StratifiedGroupKFoldConfig(n_folds=5, strata=STRATA, holdout=0.1)
    one = split(frame, config, 3)
    shuffled = frame.sample(frac=1, random_state=0)
    assert folds_of(split(shuffled, config, 3)) == folds_of(one)
    assert folds_of(split(frame, config, 4)) != folds_of(one)


def test_folds_are_the_same_on_every_machine(table):
    """Golden: written down once; a change of numpy, pandas or processor must not move them."""
    frame = table([0, 0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 6], flag=[True, False] * 6)
    done = split(frame, StratifiedGroupKFoldConfig(n_folds=3, strata=("flag",)), 42)
    assert done["fold"].tolist() == GOLDEN


def test_the_share_put_aside_is_made_of_whole_groups_and_alike(kelp_like):
    frame = kelp_like(1)
    done = split(frame, StratifiedGroupKFoldConfig(n_folds=5, strata=STRATA, holdout=0.2), 0)
    aside = done["holdout"].to_numpy()
    assert aside.mean() == pytest.approx(0.2, abs=0.005)
    for name in STRATA:
        assert done[name][aside].mean() == pytest.approx(done[name].mean(), abs=0.01)
    assert not set(done["group"][aside]) & set(done["group"][~aside])


def test_test_side_and_excluded_rows_are_in_no_fold(table):
    frame = table(range(8))
    frame.loc[0, "side"], frame.loc[1, "excluded"] = "test", "suspect"
    done = split(frame, GroupKFoldConfig(n_folds=3), 0)
    assert done["fold"].tolist()[:2] == [-1, -1]
    assert sorted(done["fold"][2:].unique()) == [0, 1, 2]
    assert not done["holdout"].any()


def test_missing_flags_are_a_stratum_of_their_own(table):
    frame = table(range(12), flag=[True, None, False] * 4)
    done = split(frame, StratifiedGroupKFoldConfig(n_folds=4, strata=("flag",)), 0)
    assert (done.assign(flag=done["flag"].astype(str)).groupby(["fold", "flag"]).size() == 1).all()


def test_random_shares_out_single_samples(table):
    done = split(
        table([0] * 20, flag=[True, False] * 10), RandomConfig(n_folds=5, strata=("flag",)), 0
    )
    assert (done.groupby(["fold", "flag"]).size() == 2).all()


def test_what_cannot_be_split_is_refused(table):
    with pytest.raises(StageError, match="got 2 groups for 3 folds"):
        split(table([0, 0, 1]), GroupKFoldConfig(n_folds=3), 0)
    with pytest.raises(StageError, match="landseer audit"):
        split(table([0, 1]).drop(columns="group"), GroupKFoldConfig(n_folds=2), 0)
    with pytest.raises(RecipeError, match="'kelp'"):
        split(table([0, 1]), StratifiedGroupKFoldConfig(n_folds=2, strata=("kelp",)), 0)
    measured = table(range(30), share=np.linspace(0, 1, 30))
    with pytest.raises(RecipeError, match="share has 30"):
        split(measured, StratifiedGroupKFoldConfig(n_folds=2, strata=("share",)), 0)
    with pytest.raises(StageError, match="0 groups"):
        split(make_samples([]).assign(group=None), GroupKFoldConfig(n_folds=2), 0)


def test_fixed_folds_by_column(table):
    frame = table(range(5), subset=["b", "a", "b", None, "c"])
    with pytest.raises(RecipeError, match=r"1 have none \(s0003\)"):
        split(frame, FixedConfig(column="subset"), 0)
    done = split(frame, FixedConfig(column="subset", unlisted="train_only"), 0)
    assert done["fold"].tolist() == [1, 0, 1, -1, 2]
    with pytest.raises(RecipeError, match="'set'"):
        split(frame, FixedConfig(column="set"), 0)


def test_fixed_folds_by_lists(table, tmp_path):
    def write(name, *samples):
        (tmp_path / name).write_text("\n".join(samples) + "\n\n", encoding="utf-8")
        return tmp_path / name

    frame = table(range(4))
    lists = (write("0", "s0000", "s0002"), write("1", "s0001"))
    done = split(frame, FixedConfig(files=lists, holdout_file=write("h", "s0003")), 0)
    assert done["fold"].tolist() == [0, 1, 0, -1]
    assert done["holdout"].tolist() == [False, False, False, True]
    wrong = (*lists, write("2", "s0001", "nobody"))
    with pytest.raises(
        RecipeError, match=r"1 listed twice \(s0001\) and 1 no usable training samples \(nobody\)"
    ):
        split(frame, FixedConfig(files=wrong, unlisted="train_only"), 0)
    with pytest.raises(FileReadError, match="sample names"):
        split(frame, FixedConfig(files=(tmp_path / "no",)), 0)


def test_the_config_is_a_union_by_kind():
    reader = TypeAdapter(SplitConfig)
    for kind, keys in {"group_kfold": {}, "fixed": {"column": "fold"}, "by_time": {}}.items():
        assert reader.validate_python({"kind": kind, **keys}).kind == kind
    for wrong in (
        {"kind": "fixed"},
        {"kind": "group_kfold", "n_folds": 1},
        {"kind": "random", "folds": 3},
    ):
        with pytest.raises(ValidationError):
            reader.validate_python(wrong)


GOLDEN = [0, 0, 0, 1, 1, 0, 1, 1, 2, 2, 2, 2]
