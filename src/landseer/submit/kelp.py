"""The kelp contest's archive: an uncompressed tar of one plain mask per test tile, packed and proven."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.core.files import atomic_path
from landseer.core.parallel import parallel_map
from landseer.errors import DataError, FileReadError, GridError, LabelError
from landseer.raster.read import read_bands, read_info
from landseer.raster.write import write_raster
from landseer.submit.names import compare_names, unique_ids

SUFFIX = "_kelp.tif"
SIZE_PX = 350


@dataclass(frozen=True, slots=True)
class Submission:
    """What an archive holds.

    Attributes:
        path: the archive.
        n_files: masks in it.
        n_positive_pixels: pixels of value 1 in all of them.
        n_filled_pixels: pixels outside the data that were written as 0.
        n_empty: masks without any pixel of value 1.
    """

    path: Path
    n_files: int
    n_positive_pixels: int
    n_filled_pixels: int = 0
    n_empty: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self) | {"path": str(self.path)}

    def text(self) -> str:
        """Say it in one line."""
        return (
            f"{self.path}: {self.n_files} masks, {self.n_positive_pixels} kelp pixels, {self.n_empty} without kelp, "
            f"{self.n_filled_pixels} pixels outside the data written as 0"
        )


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
        DataError: masks are missing or too many, or an id is given twice.
        GridError: a mask has another size or more than one band.
        LabelError: a mask has values other than 0, 1 and nodata.
        WriteError: the archive cannot be written.

    Edges: nodata pixels (255) are written as 0 and counted; masks are written anew as plain uint8 without
        georeference; the same masks give the same bytes.
    """
    wanted = unique_ids(ids)
    folder, out = Path(predictions), Path(out)
    if out.suffix != ".tar":
        raise DataError(f"expected a name that ends in .tar; got {out.name}", where=out)
    _compare(wanted, [path.name for path in folder.glob(f"*{SUFFIX}")], folder)
    encode = partial(_encode, folder, size_px)
    filled = 0
    with atomic_path(out) as temporary:
        with tarfile.open(temporary, "w") as archive:
            masks = parallel_map(encode, wanted, label="submit", workers=workers)
            for sample, (content, n_filled) in zip(wanted, masks, strict=True):
                entry = tarfile.TarInfo(f"{sample}{SUFFIX}")
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
                filled += n_filled
        found = verify_submission(temporary, wanted, size_px=size_px)
    return Submission(out, found.n_files, found.n_positive_pixels, filled, found.n_empty)


def verify_submission(
    path: Path, ids: Iterable[str], *, size_px: int | None = SIZE_PX
) -> Submission:
    """Open an archive again and check every mask.

    Args:
        path: the archive.
        ids: the test tiles.
        size_px: side of every mask; None takes any size.

    Raises:
        FileReadError: it is no uncompressed tar, or a mask cannot be read.
        DataError: masks are missing, too many, twice there, or not at the root.
        GridError: a mask has another size or more than one band.
        LabelError: a mask is not uint8 or has values other than 0 and 1.
    """
    path = Path(path)
    wanted = unique_ids(ids)
    n_positive = n_empty = 0
    try:
        with tarfile.open(path, "r:") as archive, tempfile.TemporaryDirectory() as scratch:
            entries = archive.getmembers()
            _compare(wanted, [entry.name for entry in entries], path)
            for entry in entries:
                archive.extract(entry, scratch, filter="data")
                mask = _read_mask(Path(scratch) / entry.name, size_px)
                _check_values(mask, (0, 1), f"{path}: {entry.name}")
                positive = int(np.count_nonzero(mask))
                n_positive, n_empty = n_positive + positive, n_empty + (positive == 0)
                (Path(scratch) / entry.name).unlink()
    except (tarfile.TarError, OSError) as error:
        raise FileReadError(f"expected an uncompressed tar; got: {error}", where=path) from error
    return Submission(path, len(wanted), n_positive, n_empty=n_empty)


def _compare(wanted: list[str], names: Iterable[str], where: Path) -> None:
    """Refuse missing, extra and repeated masks."""
    expected = [f"{sample}{SUFFIX}" for sample in wanted]
    what = f"one mask {SUFFIX} for each of {len(wanted)} test ids"
    compare_names(expected, names, what, where)


def _encode(folder: Path, size_px: int | None, sample: str) -> tuple[bytes, int]:
    """Write one mask anew; return its bytes and how many nodata pixels became 0."""
    source = folder / f"{sample}{SUFFIX}"
    mask = _read_mask(source, size_px)
    _check_values(mask, (0, 1, IGNORE), source)
    outside = mask == IGNORE
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "mask.tif"
        write_raster(plain, np.where(outside, 0, mask).astype(np.uint8))
        return plain.read_bytes(), int(outside.sum())


def _read_mask(path: Path, size_px: int | None) -> NDArray[np.uint8]:
    """Read one mask of one uint8 band and the right size."""
    info = read_info(path)
    side = size_px or info.width, size_px or info.height
    if info.count != 1 or (info.width, info.height) != side:
        raise GridError(
            f"expected one band of {side[1]} x {side[0]} pixels; got {info.count} of {info.height} x {info.width}",
            where=path,
        )
    if info.dtype != "uint8":
        raise LabelError(f"expected uint8; got {info.dtype}", where=path)
    return read_bands(path)[0].astype(np.uint8)


def _check_values(mask: NDArray[np.uint8], allowed: tuple[int, ...], where: object) -> None:
    """Refuse other values."""
    wrong = sorted(set(np.unique(mask).tolist()) - set(allowed))
    if wrong:
        raise LabelError(
            f"expected the values {', '.join(map(str, allowed))}; got {', '.join(map(str, wrong[:5]))}",
            where=where,
            do="give the class maps, not the probabilities",
        )
