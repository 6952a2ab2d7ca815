"""The kelp contest's archive: an uncompressed tar of one plain mask per test tile, packed and proven."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from landseer.submit.mask_archive import MaskContest, Submission, pack_masks, verify_masks

SUFFIX = "_kelp.tif"
SIZE_PX = 350
CONTEST = MaskContest("kelp", SUFFIX, (".tar",), SIZE_PX)
"""One uint8 GeoTIFF of 350 x 350 px per tile, 0 and 1."""


def pack_kelp(
    predictions: Path,
    ids: Iterable[str],
    out: Path,
    *,
    size_px: int | None = SIZE_PX,
    workers: int | None = None,
) -> Submission:
    """Pack predicted masks for the kelp contest, then verify the archive.

    Args:
        predictions: folder of `<id>_kelp.tif`; other files in it are left out unless they end alike.
        ids: the test tiles; each must be there exactly once.
        out: the archive, ending in `.tar`; appears whole or not at all.
        size_px: side of every mask; None takes any size.
        workers: threads that read and write masks.

    Returns:
        What the archive holds.

    Raises:
        DataError, FileReadError, GridError, LabelError, WriteError: as of `pack_masks`.
    """
    return pack_masks(replace(CONTEST, size_px=size_px), predictions, ids, out, workers=workers)


def verify_submission(
    path: Path, ids: Iterable[str], *, size_px: int | None = SIZE_PX
) -> Submission:
    """Open an archive again and check every mask; see `verify_masks`."""
    return verify_masks(replace(CONTEST, size_px=size_px), path, ids)
