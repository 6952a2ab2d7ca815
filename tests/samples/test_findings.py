"""Findings become a table that people can read."""

import pandas as pd

from landseer.samples.findings import Finding, findings_frame, write_findings

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
