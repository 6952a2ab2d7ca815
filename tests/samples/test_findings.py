"""Findings become a table that people can read."""

import pandas as pd

from landseer.samples.findings import (
    Finding,
    count_kinds,
    findings_frame,
    read_findings,
    write_findings,
)

COLUMNS = ["sample", "file", "band", "what", "figure", "action"]


def test_no_findings_still_have_columns(tmp_path):
    assert list(findings_frame([]).columns) == COLUMNS
    write_findings(tmp_path / "findings.csv", [])
    assert (tmp_path / "findings.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_csv_is_sorted_and_whole(tmp_path):
    findings = [
        Finding("b", "/b.tif", "red", 'has "quotes", commas', "3 px", "kept"),
        Finding("a", "/a.tif", "", "x", "", "y"),
    ]
    assert findings_frame(findings)["sample"].tolist() == ["b", "a"]
    write_findings(tmp_path / "audit" / "findings.csv", iter(findings))
    got = pd.read_csv(tmp_path / "audit" / "findings.csv", keep_default_na=False)
    assert got.to_dict("records") == findings_frame(sorted(findings)).to_dict("records")


def test_findings_come_back_as_they_were_written(tmp_path):
    findings = [
        Finding("a", "a.tif", "", 'odd, "quoted"', "nan", "kept"),
        Finding("", "b.tif", "red", "band is constant", "0", "not used"),
    ]
    write_findings(tmp_path / "f.csv", findings)
    assert read_findings(tmp_path / "f.csv") == sorted(findings)
    write_findings(tmp_path / "none.csv", [])
    assert read_findings(tmp_path / "none.csv") == []


def test_kinds_are_counted_with_what_was_done():
    actions = [
        "excluded",
        "kept, in one group",
        "kept: decide",
        "excluded",
        "not used",
        "kept by hand",
    ]
    findings = [
        Finding(f"s{number // 2}", "", "", "dark" if number < 5 else "odd", "", action)
        for number, action in enumerate(actions)
    ]
    findings.append(Finding("", "", "", "images of several sizes", "", "kept"))
    counted = count_kinds(findings)
    assert counted.to_dict("records") == [
        {"what": "dark", "found": 5, "samples": 3, "excluded": 2, "kept": 2, "other": 1},
        {"what": "images of several sizes", "found": 1, "samples": 0, "excluded": 0, "kept": 1, "other": 0},
        {"what": "odd", "found": 1, "samples": 1, "excluded": 0, "kept": 1, "other": 0},
    ]  # fmt: skip
    assert list(count_kinds([]).columns) == list(counted.columns)
