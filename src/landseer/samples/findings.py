"""A finding: one thing that is wrong or odd with the data, where, how much, and what was done about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

from landseer.core.files import atomic_path

KEPT = "kept"
EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fact about the data that a person should know.

    Attributes:
        sample: name of the sample, "" when it concerns none.
        file: path of the file.
        band: name of the band, "" when it concerns none.
        what: what was found.
        figure: how much: a count, a size, a shift with its unit.
        action: what was done: `kept`, `excluded` or a sentence.
    """

    sample: str
    file: str
    band: str
    what: str
    figure: str
    action: str


def findings_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return the findings as a table, in their order, with all columns even when there are none."""
    names = [field.name for field in fields(Finding)]
    return pd.DataFrame([asdict(finding) for finding in findings], columns=names, dtype=object)


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write the findings as CSV, sorted, whole or not at all.

    Raises:
        WriteError: the file cannot be written.
    """
    with atomic_path(path) as temporary:
        findings_frame(sorted(findings)).to_csv(temporary, index=False)


def read_findings(path: Path) -> list[Finding]:
    """Read findings as `write_findings` wrote them.

    Raises:
        OSError: there is no such file.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [Finding(*map(str, row)) for row in table.itertuples(index=False, name=None)]


def count_kinds(findings: Iterable[Finding]) -> pd.DataFrame:
    """Count the findings of each kind, so that many stay readable.

    Returns:
        One row per `what`: `what`, `found` (findings), `samples` (different ones), `excluded` and `kept` (findings, by
        what was done), `other` (neither: a file that belongs to no sample); those that left most out first.
    """
    table = findings_frame(findings)
    kinds = table["action"].str.split(r"[ ,:]", n=1, regex=True).str[0].fillna("")
    table = table.assign(
        excluded=(kinds == EXCLUDED).astype(int),
        kept=(kinds == KEPT).astype(int),
        other=(~kinds.isin([EXCLUDED, KEPT])).astype(int),
        sample=table["sample"].where(table["sample"] != ""),
    )
    grouped = table.groupby("what", sort=True)
    counted = grouped.agg(
        found=("action", "size"),
        samples=("sample", "nunique"),
        excluded=("excluded", "sum"),
        kept=("kept", "sum"),
        other=("other", "sum"),
    ).reset_index()
    return counted.sort_values(
        ["excluded", "found", "what"], ascending=[False, False, True], ignore_index=True
    )
