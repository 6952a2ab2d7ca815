import pytest

from landseer.audit.pairs import PAIR_COLUMNS, make_pairs, read_pairs, write_pairs
from landseer.errors import FileReadError


def test_pairs_survive_their_file_and_names_stay_text(tmp_path):
    pairs = make_pairs(
        [
            {
                "a": "007",
                "b": "NA",
                "method": "image: dem",
                "score": 9.25,
                "shift_row": -3,
                "shift_col": 4,
            },
            {"a": "001", "b": "007", "method": "site", "score": float("inf")},
        ]
    )
    assert pairs["a"].tolist() == ["001", "007"]
    write_pairs(tmp_path / "pairs.csv", pairs)
    assert read_pairs(tmp_path / "pairs.csv").equals(pairs)


def test_no_pairs_are_a_table_too(tmp_path):
    write_pairs(tmp_path / "pairs.csv", make_pairs([]))
    back = read_pairs(tmp_path / "pairs.csv")
    assert len(back) == 0
    assert tuple(back.columns) == PAIR_COLUMNS


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    for name in ("x.csv", "missing.csv"):
        with pytest.raises(FileReadError, match="table of pairs"):
            read_pairs(tmp_path / name)
