"""Exclusions: what people decided about samples, in a CSV that anybody can read, edit and keep."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from landseer.core.files import atomic_path
from landseer.errors import DataError, FileReadError
from landseer.samples.findings import EXCLUDED, Finding
from landseer.samples.schema import is_missing

COLUMNS = ("sample", "exclude", "reason")
"""Columns that count; others are for people."""

BY_HAND = "left out by hand"
"""The reason of a sample that is left out without one."""

_WORDS = {"yes": True, "no": False, "": None}
_MOST_FAULTS = 10


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the CSV.

    Attributes:
        exclude: True leaves the sample out, False keeps it whatever a rule says, None leaves it to the rules.
        reason: why, in words.
        line: of the file, from 1.
    """

    exclude: bool | None
    reason: str
    line: int


Decisions = Mapping[str, Decision]
"""Sample -> what was decided."""


def read_decisions(path: Path, samples: Collection[str]) -> dict[str, Decision]:
    """Read what a person decided.

    Args:
        path: CSV with the columns sample and exclude (yes, no, or nothing: not decided), and, if there is one, reason.
        samples: all that there are.

    Raises:
        FileReadError: there is no such file, or it is not text.
        DataError: a column is missing, a word is neither yes nor no, a sample is missing, does not exist or stands
            there twice; up to ten faults are listed, each with line and column.

    Edges: empty lines, capitals, blanks around words and the mark that spreadsheets put first do not matter.
    """
    rows = _read_rows(Path(path))
    _, head = next(rows, (0, []))
    names = [name.strip().lower() for name in head]
    missing = [name for name in COLUMNS[:2] if name not in names]
    if missing:
        semicolons = len(head) == 1 and ";" in head[0]
        raise DataError(
            f"expected the columns {', '.join(COLUMNS)}; got no {' and no '.join(missing)} in "
            f"{','.join(head)!r}",
            where=f"{path}, line 1",
            do="save it with commas between the columns" if semicolons else "name the columns",
        )
    decisions: dict[str, Decision] = {}
    faults: list[str] = []
    for line, cells in rows:
        row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        fault = _fault(row, decisions, samples)
        if fault:
            faults.append(f"line {line}, {fault}")
        else:
            word = _WORDS[row.get("exclude", "").lower()]
            decisions[row["sample"]] = Decision(word, row.get("reason", ""), line)
    if faults:
        more = len(faults) - _MOST_FAULTS
        raise DataError(
            "expected one sample and yes, no or nothing in each row; got\n  "
            + "\n  ".join([*faults[:_MOST_FAULTS], *([f"and {more} more"] if more > 0 else [])]),
            where=path,
            do="correct these rows, or remove them",
        )
    return decisions


def decided(decisions: Decisions, *, exclude: bool) -> frozenset[str]:
    """Return the samples for which one thing was decided."""
    return frozenset(name for name, one in decisions.items() if one.exclude is exclude)


def apply_decisions(
    frame: gpd.GeoDataFrame, decisions: Decisions
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Leave out the samples that a person leaves out; what rules caught in spite of a person never comes here.

    Args:
        frame: sample table; rows already excluded keep their reason.
        decisions: by sample; each is in the table.

    Returns:
        A copy with `excluded` set, and a finding for each sample left out by hand, and for each that was to be kept
        and cannot be, because its files are at fault.
    """
    samples = {name: position for position, name in enumerate(frame["sample"])}
    frame, findings = frame.copy(), []
    reasons = list(frame["excluded"])
    for name, one in decisions.items():
        row, free = frame.iloc[samples[name]], is_missing(reasons[samples[name]])
        if one.exclude and free:
            reasons[samples[name]] = one.reason or BY_HAND
            findings.append(Finding(name, row["image"], "", BY_HAND, one.reason, EXCLUDED))
        elif one.exclude is False and not free:
            figure = f"line {one.line} says no; only rules can be overruled"
            findings.append(Finding(name, row["image"], "", row["excluded"], figure, EXCLUDED))
    frame["excluded"] = pd.Series(reasons, index=frame.index, dtype=object)
    return frame, findings


def write_exclusions(
    path: Path, frame: gpd.GeoDataFrame, decisions: Decisions, caught: Mapping[str, str]
) -> None:
    """Write all samples that are left out, or were spared or left open by a person, in the format that is read.

    Args:
        path: the CSV.
        frame: sample table after rules and decisions.
        decisions: what a person decided.
        caught: sample -> the rule that caught it, also where a person overruled it.

    Raises:
        WriteError: the file cannot be written.
    """
    reasons = dict(zip(frame["sample"], frame["excluded"], strict=True))
    rows = []
    for name, reason in reasons.items():
        one, out = decisions.get(name), not is_missing(reason)
        if out or one is not None:
            word = "yes" if out else "no" if one is not None and one.exclude is False else ""
            said = reason if out else caught.get(name) or (one.reason if one else "")
            by = "rule" if caught.get(name) == said else "hand" if one is not None else "files"
            rows.append((name, word, said, by))
    with atomic_path(path) as temporary:
        pd.DataFrame(rows, columns=[*COLUMNS, "by"]).to_csv(temporary, index=False)


def _read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not empty, with their numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, cells
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        came = error.strerror if isinstance(error, OSError) else str(error)
        raise FileReadError(
            f"expected a CSV of exclusions; got: {came}", where=path, do="see quality.exclusions"
        ) from error


def _fault(row: Mapping[str, str], known: Decisions, samples: Collection[str]) -> str:
    """Say what is wrong with a row; "" for nothing."""
    name, word = row.get("sample", ""), row.get("exclude", "")
    if not name:
        return "column sample: expected a sample, got nothing"
    if word.lower() not in _WORDS:
        return f"column exclude: expected yes, no or nothing, got {word!r}"
    if name in known:
        return f"column sample: {name!r} stands in line {known[name].line} already"
    if name not in samples:
        return f"column sample: there is no {name!r}{_nearest(name, samples)}"
    return ""


def _nearest(name: str, known: Collection[str]) -> str:
    """Name the sample that was probably meant."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
