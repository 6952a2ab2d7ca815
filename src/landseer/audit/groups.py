"""Groups explained: how large each is, what holds it together, and what contradicts it; nothing is taken apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from landseer.audit.cuts import Cut, find_cut
from landseer.audit.mosaic import Link, Mosaic, lay_out
from landseer.core.files import atomic_path
from landseer.errors import FileReadError
from landseer.samples.findings import KEPT, Finding
from landseer.samples.schema import is_missing

GIANT_SAMPLES = 100
GIANT_SHARE = 0.1
_LEAST_GIANT = 10
_MOST_PAIRS = 20

GROUP_COLUMNS = (
    "group", "n_samples", "n_pairs", "weakest_link", "weakest_score", "extent_rows_px", "extent_cols_px",
    "contradictions", "note",
)  # fmt: skip
"""Columns of the groups: name (its smallest sample); samples and pairs; the link without which it falls apart first and
its score; extent of the upper left corners where all shifts are known; pairs whose shift contradicts stronger ones;
what holds a giant group together."""


def explain_groups(
    groups: Mapping[str, str], pairs: pd.DataFrame, n_samples: int, tolerance_px: int
) -> tuple[pd.DataFrame, list[Finding]]:
    """Explain the groups of two samples and more.

    Args:
        groups: sample -> group.
        pairs: the pairs that made them, columns `pairs.PAIR_COLUMNS`.
        n_samples: samples that were compared.
        tolerance_px: largest difference of two shifts that still agree, in pixels of the images.

    Returns:
        one row per group, columns `GROUP_COLUMNS`, the largest first; and the findings: giant groups with the pairs
        that hold them, and pairs that contradict the rest of their group.
    """
    links, methods = _links(groups, pairs)
    sizes = Counter(groups.values())
    records, findings = [], []
    for group in sorted(links, key=lambda name: (-sizes[name], name)):
        own = links[group]
        # Without the shift of every link a layout would be a guess: then only the tree is of use.
        is_laid = all(link.shift is not None for link in own)
        mosaic = lay_out(own, tolerance_px=tolerance_px)
        wrong = mosaic.contradictions if is_laid else ()
        findings += [_contradiction(link) for link in wrong]
        note = ""
        if is_giant(sizes[group], n_samples):
            cut = find_cut(own)
            note = _note(cut, methods)
            findings += _giant(group, sizes[group], n_samples, own, mosaic, cut, methods, is_laid)
        records.append(_record(group, sizes[group], own, mosaic, is_laid, note))
    return pd.DataFrame(records, columns=list(GROUP_COLUMNS)), findings


def write_groups(path: Path, groups: pd.DataFrame) -> None:
    """Write the groups as CSV, whole or not at all.

    Raises:
        WriteError: the file cannot be written.
    """
    with atomic_path(path) as temporary:
        groups.to_csv(temporary, index=False)


def read_groups(path: Path) -> pd.DataFrame:
    """Read the groups back, with names as text.

    Raises:
        FileReadError: there is no such file, or it is no table of groups.
    """
    texts = dict.fromkeys(("group", "weakest_link", "note"), str)
    try:
        table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values={
            name: [""] for name in GROUP_COLUMNS if name not in texts
        })  # fmt: skip
        return table[list(GROUP_COLUMNS)]
    except (OSError, ValueError, KeyError) as error:
        raise FileReadError(
            f"expected the table of groups that the audit writes; got: {error}",
            where=path,
            do="run `landseer audit`",
        ) from error


def is_giant(size: int, n_samples: int) -> bool:
    """Tell whether a group is so large that folds can hardly be balanced around it."""
    return size > GIANT_SAMPLES or (size >= _LEAST_GIANT and size > GIANT_SHARE * n_samples)


def _links(
    groups: Mapping[str, str], pairs: pd.DataFrame
) -> tuple[dict[str, list[Link]], dict[Link, str]]:
    """Return each group's links, and how each was found."""
    links: dict[str, list[Link]] = defaultdict(list)
    methods: dict[Link, str] = {}
    names = ("a", "b", "method", "score", "shift_row", "shift_col", "overlap", "agreement")
    for a, b, method, score, row, col, overlap, agreement in zip(
        *(pairs[name].tolist() for name in names), strict=True
    ):
        shift = None if is_missing(row) else (int(row), int(col))
        link = Link(a, b, score, shift)
        links[groups[a]].append(link)
        methods[link] = _evidence(method, score, overlap, agreement)
    return links, methods


def _evidence(method: str, score: float, overlap: float, agreement: float) -> str:
    """Say in words what a pair stands on."""
    words = [method]
    if method.startswith("image"):
        words.append(f"{score:.1f} deviations above chance")
    if not is_missing(agreement):
        words.append(f"agreement {agreement:.2f}")
    if not is_missing(overlap):
        words.append(f"overlap {overlap:.0%}")
    return ", ".join(words)


def _contradiction(link: Link) -> Finding:
    """Name a pair whose shift contradicts stronger ones."""
    return Finding(
        link.a, "", "", f"its shift to {link.b} contradicts stronger pairs of its group",
        f"score {link.score:.1f}", KEPT,
    )  # fmt: skip


def _giant(
    group: str,
    size: int,
    n_samples: int,
    links: Sequence[Link],
    mosaic: Mosaic,
    cut: Cut | None,
    methods: Mapping[Link, str],
    is_laid: bool,
) -> list[Finding]:
    """Explain a giant group, and each pair that holds its two parts together."""
    extent = f", {mosaic.height} x {mosaic.width} px" if is_laid else ""
    weakest = mosaic.weakest
    held = f", held by {weakest.a} - {weakest.b} ({weakest.score:.1f})" if weakest else ""
    figure = (
        f"{size} of {n_samples} samples by {len(links)} pairs{extent}{held}; {_note(cut, methods)}"
    )
    found = [Finding(group, "", "", "a giant group: check its pairs", figure, KEPT)]
    if cut is not None and len(cut.pairs) <= _MOST_PAIRS:
        parts = f"holds {cut.sizes[0]} and {cut.sizes[1]} samples of group {group} together"
        found += [
            Finding(link.a, "", "", f"its pair with {link.b} {parts}", methods[link], KEPT)
            for link in cut.pairs
        ]
    return found


def _note(cut: Cut | None, methods: Mapping[Link, str]) -> str:
    """Say what holds a giant group together."""
    if cut is None:
        return "no two large parts: it hangs together everywhere, or on one sample"
    weakest = cut.pairs[0]
    count = "one pair" if len(cut.pairs) == 1 else f"{len(cut.pairs)} pairs, the weakest"
    return (
        f"parts of {cut.sizes[0]} and {cut.sizes[1]} samples held by {count} "
        f"{weakest.a} - {weakest.b} ({methods[weakest]})"
    )


def _record(
    group: str, size: int, links: Sequence[Link], mosaic: Mosaic, is_laid: bool, note: str
) -> dict[str, object]:
    """Make a group's row."""
    weakest = mosaic.weakest
    return {
        "group": group,
        "n_samples": size,
        "n_pairs": len({(link.a, link.b) for link in links}),
        "weakest_link": f"{weakest.a} - {weakest.b}" if weakest else "",
        "weakest_score": round(weakest.score, 3) if weakest else None,
        "extent_rows_px": mosaic.height if is_laid else None,
        "extent_cols_px": mosaic.width if is_laid else None,
        "contradictions": len(mosaic.contradictions) if is_laid else 0,
        "note": note,
    }
