"""The column `barred`, through the file and back."""

import pytest

from landseer.errors import DataError
from landseer.samples.table import read_samples, write_samples
from landseer.splits import takes_part, trains
from landseer.splits.members import held_out, membership, read_barred, spell_barred


def test_spelling_and_reading_are_inverse():
    for folds in ([], [0], [3, 10, 1]):
        assert read_barred(spell_barred(folds)) == set(folds)
    assert spell_barred([10, 2]) == "2 10"
    assert read_barred(None) == set()
    with pytest.raises(DataError, match="'1,2'"):
        read_barred("1,2")


@pytest.fixture
def frame(table):
    return table(
        range(5), fold=[0, 1, -1, -1, -1], holdout=[False, False, False, True, False], barred=["", "0", "", "", "0 1"]
    )  # fmt: skip


def test_who_trains_and_who_is_held_out(frame):
    assert trains(frame, 0).tolist() == [False, False, True, False, False]
    assert trains(frame, 1).tolist() == [True, False, True, False, False]
    assert held_out(frame, 1).tolist() == [False, True, False, False, False]
    assert takes_part(frame).tolist() == [True, True, True, False, False]
    held, train = membership(frame)
    assert held.shape == train.shape == (5, 2)
    assert (train[:, 1] == trains(frame, 1)).all()


def test_a_table_without_bars_bars_nothing(frame):
    assert trains(frame.drop(columns="barred"), 0).tolist() == [False, True, True, False, True]


def test_bars_survive_the_file(frame, tmp_path):
    for texts in (list(frame["barred"]), [""] * 5):
        write_samples(tmp_path / "s.parquet", frame.assign(barred=texts))
        assert read_samples(tmp_path / "s.parquet")["barred"].tolist() == texts
