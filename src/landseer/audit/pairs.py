"""Pairs: the table of samples that show the same place, and its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from landseer.core.files import atomic_path
from landseer.errors import FileReadError

PAIR_COLUMNS = (
    "a", "b", "method", "score", "shift_row", "shift_col", "overlap", "overlap_m2", "agreement",
)  # fmt: skip
"""Columns of the pairs: two samples (a < b); how they were found; strength (image: standard deviations above chance;
same pixels: equal patches; footprint: overlap); where b's first pixel lies in a (px); shared area as a share of one
image or of the smaller footprint; the same in m²; correlation, or share of equal patches, in the shared area."""

TEXTS = ("a", "b", "method")

Pair = dict[str, object]
"""One row of the pairs."""


def make_pair(a: str, b: str, method: str, score: float, **more: object) -> Pair:
    """Make one row of the pairs.

    Args:
        a, b: the samples, a < b.
        method: how they were found.
        score: how strongly; see `PAIR_COLUMNS`.
        more: further columns.
    """
    return {"a": a, "b": b, "method": method, "score": score, **more}


def star(names: Sequence[str], method: str) -> list[Pair]:
    """Pair the first of several samples with each of the others, as strongly as can be."""
    first, *rest = sorted(names)
    return [make_pair(first, name, method, float("inf")) for name in rest]


def make_pairs(records: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Make the table of pairs: all columns, sorted; names as text, all else as float."""
    table = pd.DataFrame(list(records), columns=list(PAIR_COLUMNS))
    table = table.astype({name: object if name in TEXTS else float for name in PAIR_COLUMNS})
    return table.sort_values(["a", "b", "method"], kind="stable", ignore_index=True)


def write_pairs(path: Path, pairs: pd.DataFrame) -> None:
    """Write the pairs as CSV, whole or not at all.

    Raises:
        WriteError: the file cannot be written.
    """
    with atomic_path(path) as temporary:
        pairs.to_csv(temporary, index=False)


def read_pairs(path: Path) -> pd.DataFrame:
    """Read the pairs back, with sample names as text: `007` stays `007`.

    Raises:
        FileReadError: there is no such file, or it is no table of pairs.
    """
    try:
        table = pd.read_csv(
            path, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False, na_values=[""]
        )
        records = table[list(PAIR_COLUMNS)].to_dict(orient="records")
    except (OSError, ValueError, KeyError) as error:
        raise FileReadError(
            f"expected the table of pairs that the audit writes; got: {error}",
            where=path,
            do="run `landseer audit`",
        ) from error
    return make_pairs([{str(name): value for name, value in record.items()} for record in records])
