"""Copies: the same image twice, with the same label or with another one, and the same label under two images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from landseer.audit.examined import Examined
from landseer.core.classes import ClassTable
from landseer.core.window import Window
from landseer.raster.label import read_label
from landseer.raster.read import read_info
from landseer.samples.findings import KEPT, Finding

SAME_IMAGE = "the same pixels as another image"
"""What is said of a copy; the audit's search for the same place says it too."""

_STRIP_PX = 2**24


def find_copies(samples: Sequence[Examined], classes: ClassTable) -> list[Finding]:
    """Report images that are copies of another, labels that contradict each other, and labels that are copies.

    Args:
        samples: what was read, in the table's order; samples that are left out do not count.
        classes: what label values mean.

    Returns:
        One finding per copy, which names the first of its kind, in the table's order; where labels of one image
        differ, one per label that differs from the first, with the share of pixels on which they disagree.

    Edges: blank images, and labels of one class only, are alike without being copies. Labels that are equal under
        images that differ may be right (two dates of one place); how many classes they have is said.

    Source: own.
    """
    used = [one for one in samples if one.verdict.excluded is None]
    findings: list[Finding] = []
    for same in _alike(used, lambda one: one.content):
        findings += _image_copies(same, classes)
    for same in _alike(used, _label_key):
        first, *others = same
        findings += [
            Finding(
                one.row["sample"], str(one.label_path), "",
                "the same label as under another image", _figure(first, one, _spell(one)), KEPT,
            )
            for one in others
            if one.content != first.content
        ]  # fmt: skip
    return sorted(findings)


def without_repeats(findings: Iterable[Finding]) -> list[Finding]:
    """Keep the first of several findings that say the same of the same sample."""
    kept: dict[tuple[str, str, str], Finding] = {}
    for one in findings:
        is_copy = one.what == SAME_IMAGE
        key = (one.sample, one.what, "" if is_copy else f"{one.file} {one.band} {one.figure}")
        kept.setdefault(key, one)
    return list(kept.values())


def disagreement(one: Path, other: Path, classes: ClassTable) -> float:
    """Return the share of pixels to which two labels of one size give different classes, 0 to 1, strip by strip.

    Raises:
        FileReadError, LabelError: a label cannot be read.
    """
    info, differ = read_info(one), 0
    step = max(1, _STRIP_PX // info.width)
    for row in range(0, info.height, step):
        window = Window(row, 0, min(step, info.height - row), info.width)
        here, there = read_label(one, classes, window), read_label(other, classes, window)
        differ += int((here != there).sum())
    return differ / (info.height * info.width)


def _alike(samples: Sequence[Examined], key: Callable[[Examined], str]) -> list[list[Examined]]:
    """Gather samples of one key; "" is none."""
    groups: dict[str, list[Examined]] = defaultdict(list)
    for one in samples:
        if key(one):
            groups[key(one)].append(one)
    return [group for group in groups.values() if len(group) > 1]


def _label_key(one: Examined) -> str:
    """Return a label's hash where it shows two classes at least."""
    if one.label is None or np.count_nonzero(one.label.counts) < 2:
        return ""
    return one.label.content


def _image_copies(same: Sequence[Examined], classes: ClassTable) -> list[Finding]:
    """Report the copies of one image."""
    first, *others = same
    findings = [
        Finding(one.row["sample"], str(one.image_path), "", SAME_IMAGE, _figure(first, one), KEPT)
        for one in others
    ]
    labelled = [(one, one.label.content) for one in same if one.label is not None]
    findings += [
        _contradiction(labelled[0][0], one, classes)
        for one, label in labelled[1:]
        if label != labelled[0][1]
    ]
    return findings


def _contradiction(first: Examined, one: Examined, classes: ClassTable) -> Finding:
    """Say how far two labels of one image disagree."""
    share = disagreement(first.label_path, one.label_path, classes)
    figure = _figure(first, one, f"labels disagree on {100 * share:.3g} % of the pixels")
    return Finding(
        one.row["sample"], str(one.label_path), "", "the same image has another label", figure,
        f"{KEPT}: decide which label is right",
    )  # fmt: skip


def _figure(first: Examined, one: Examined, more: str = "") -> str:
    """Name the first of several samples, and say so when it lies on the other side."""
    side = "" if first.row["side"] == one.row["side"] else f", on the {first.row['side']} side"
    return f"{first.row['sample']}{side}{'; ' if more else ''}{more}"


def _spell(one: Examined) -> str:
    """Say what a label shows."""
    counts = np.zeros(1, np.int64) if one.label is None else one.label.counts
    return f"{np.count_nonzero(counts)} classes, {int(counts.sum() - counts.max())} pixels not of the most frequent"
