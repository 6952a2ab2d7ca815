"""Exclusions: what people write is read, or refused with line and column; what is written is read back."""

from pathlib import Path

import pandas as pd
import pytest

from landseer.audit.exclusions import (
    BY_HAND,
    Decision,
    apply_decisions,
    decided,
    read_decisions,
    write_exclusions,
)
from landseer.audit.suspects import KEPT_BY_HAND, SuspectRule, exclude_suspects
from landseer.errors import DataError, FileReadError
from landseer.samples.table import make_samples

SAMPLES = {"tile1", "tile2", "tile3", "007"}


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def table(**columns):
    names = sorted(SAMPLES)
    frame = make_samples(
        [
            {"sample": n, "side": "train", "image": f"/{n}.tif", "height": 1, "width": 1}
            for n in names
        ]
    )
    return frame.assign(**columns)


def test_what_people_write_is_read(tmp_path):
    text = (
        'rank,sample,exclude,reason\n1,tile1, Yes ,"cloud, all of it"\n\n2,007,no,\n3,tile2,,see\n'
    )
    for encoding in ("utf-8", "utf-8-sig"):
        found = read_decisions(write(tmp_path / "e.csv", text, encoding), SAMPLES)
        assert found == {
            "tile1": Decision(True, "cloud, all of it", 2),
            "007": Decision(False, "", 4),
            "tile2": Decision(None, "see", 5),
        }
    assert decided(found, exclude=True) == {"tile1"}
    assert decided(found, exclude=False) == {"007"}


def test_the_reason_may_be_left_out(tmp_path):
    found = read_decisions(write(tmp_path / "e.csv", "sample,exclude\ntile1,yes\n"), SAMPLES)
    frame, (finding,) = apply_decisions(table(), found)
    assert frame.set_index("sample")["excluded"].to_dict()["tile1"] == BY_HAND
    assert (finding.sample, finding.what, finding.action) == ("tile1", BY_HAND, "excluded")


def test_every_fault_is_named_with_line_and_column(tmp_path):
    text = "sample,exclude,reason\ntile1,yess,\ntile2,yes,\ntile2,no,\ntile9,yes,\n,yes,\n"
    path = write(tmp_path / "e.csv", text)
    with pytest.raises(DataError) as caught:
        read_decisions(path, SAMPLES)
    message = caught.value.message
    assert "line 2, column exclude: expected yes, no or nothing, got 'yess'" in message
    assert "line 4, column sample: 'tile2' stands in line 3 already" in message
    assert "line 5, column sample: there is no 'tile9'; did you mean 'tile" in message
    assert "line 6, column sample: expected a sample, got nothing" in message
    assert caught.value.where == str(path)


def test_many_faults_are_cut_short(tmp_path):
    text = "sample,exclude\n" + "".join(f"x{n},yes\n" for n in range(14))
    with pytest.raises(DataError, match="and 4 more"):
        read_decisions(write(tmp_path / "e.csv", text), SAMPLES)


@pytest.mark.parametrize(
    ("text", "says", "do"),
    [
        ("sample;exclude\ntile1;yes\n", "no sample and no exclude", "commas"),
        ("sample,reason\ntile1,x\n", "no exclude", "name the columns"),
        ("", "no sample and no exclude", "name the columns"),
    ],
)
def test_columns_must_be_there(tmp_path, text, says, do):
    with pytest.raises(DataError, match=says) as caught:
        read_decisions(write(tmp_path / "e.csv", text), SAMPLES)
    assert do in caught.value.do


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "e.csv").write_bytes(b"sample,exclude\n\xff\xfe\x00,yes\n")
    for name in ("e.csv", "missing.csv"):
        with pytest.raises(FileReadError, match="expected a CSV of exclusions"):
            read_decisions(tmp_path / name, SAMPLES)


def test_no_overrules_a_rule_and_yes_adds_to_it():
    frame = table(share=[0.9, 0.9, 0.1, 0.1])
    frame.loc[3, "excluded"] = "image cannot be read"
    decisions = {
        "007": Decision(False, "looked at it", 2),
        "tile2": Decision(True, "shifted", 3),
        "tile3": Decision(False, "", 4),
    }
    rules = [SuspectRule(name="too much", where="share > 0.5")]
    frame, found = exclude_suspects(frame, rules, decided(decisions, exclude=False))
    frame, by_hand = apply_decisions(frame, decisions)
    assert frame["excluded"].tolist() == [None, "too much", "shifted", "image cannot be read"]
    assert [(f.sample, f.action) for f in found] == [("007", KEPT_BY_HAND), ("tile1", "excluded")]
    assert [(f.sample, f.what) for f in by_hand] == [
        ("tile2", BY_HAND),
        ("tile3", "image cannot be read"),
    ]


def test_what_is_written_decides_the_same_when_read(tmp_path):
    frame = table(share=[0.9, 0.9, 0.1, 0.1])
    decisions = {
        "007": Decision(False, "", 2),
        "tile2": Decision(True, "x", 3),
        "tile3": Decision(None, "?", 4),
    }
    rules = [SuspectRule(name="too much", where="share > 0.5")]
    caught = {"007": "too much", "tile1": "too much"}
    frame, _ = exclude_suspects(frame, rules, {"007"})
    frame, _ = apply_decisions(frame, decisions)
    path = tmp_path / "audit/exclusions.csv"
    write_exclusions(path, frame, decisions, caught)
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_numpy().tolist()
    assert rows == [
        ["007", "no", "too much", "rule"],
        ["tile1", "yes", "too much", "rule"],
        ["tile2", "yes", "x", "hand"],
        ["tile3", "", "?", "hand"],
    ]
    again = read_decisions(path, SAMPLES)
    fresh, _ = exclude_suspects(
        table(share=[0.9, 0.9, 0.1, 0.1]), rules, decided(again, exclude=False)
    )
    fresh, _ = apply_decisions(fresh, again)
    assert fresh["excluded"].tolist() == frame["excluded"].tolist()
