"""The Open Cities contest's archive: a compressed tar of one mask of buildings per test chip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from landseer.submit.mask_archive import MaskContest, Submission, pack_masks, verify_masks

CONTEST = MaskContest("building", ".tif", (".tgz", ".tar.gz"), 1024, compressed=True)
"""One uint8 GeoTIFF of 1024 x 1024 px per chip, 0 and 1, under the chip's own name.

Source: the Open Cities AI Challenge, page "problem description".
"""


def pack_opencities(
    predictions: Path,
    ids: Iterable[str],
    out: Path,
    *,
    size_px: int | None = CONTEST.size_px,
    workers: int | None = None,
) -> Submission:
    """Pack predicted masks for the Open Cities contest, then verify the archive.

    Args:
        predictions: folder of `<id>.tif`; other products of a chip, such as `<id>_probability.tif`, are left out.
        ids: the test chips; each must be there exactly once.
        out: the archive, ending in `.tgz`; appears whole or not at all.
        size_px: side of every mask; None takes any size.
        workers: threads that read and write masks.

    Returns:
        What the archive holds.

    Raises:
        DataError, FileReadError, GridError, LabelError, WriteError: as of `pack_masks`.
    """
    return pack_masks(replace(CONTEST, size_px=size_px), predictions, ids, out, workers=workers)


def verify_opencities(
    path: Path, ids: Iterable[str], *, size_px: int | None = CONTEST.size_px
) -> Submission:
    """Open an archive again and check every mask; see `verify_masks`."""
    return verify_masks(replace(CONTEST, size_px=size_px), path, ids)
