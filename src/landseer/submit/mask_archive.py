"""An archive of plain masks, one per test image, as contests of segmentation want it: packed and proven."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
from landseer.submit.geopose_archive import new_archive
from landseer.submit.names import check_folder, compare_names, unique_ids


@dataclass(frozen=True, slots=True)
class MaskContest:
    """What a contest wants.

    Attributes:
        thing: what pixels of value 1 show.
        suffix: what follows the id in a mask's name.
        endings: what the archive's name may end in.
        size_px: side of every mask; None takes any size.
        compressed: whether the archive is compressed with gzip.
    """

    thing: str
    suffix: str
    endings: tuple[str, ...]
    size_px: int | None
    compressed: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """What an archive holds.

    Attributes:
        path: the archive.
        n_files: masks in it.
        n_positive_pixels: pixels of value 1 in all of them.
        n_filled_pixels: pixels outside the data that were written as 0.
        n_empty: masks without any pixel of value 1.
        thing: what pixels of value 1 show.
    """

    path: Path
    n_files: int
    n_positive_pixels: int
    n_filled_pixels: int = 0
    n_empty: int = 0
    thing: str = "kelp"

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self) | {"path": str(self.path)}

    def text(self) -> str:
        """Say it in one line."""
        return (
            f"{self.path}: {self.n_files} masks, {self.n_positive_pixels} {self.thing} pixels, {self.n_empty} without "
            f"{self.thing}, {self.n_filled_pixels} pixels outside the data written as 0"
        )


def pack_masks(
    contest: MaskContest,
    predictions: Path,
    ids: Iterable[str],
    out: Path,
    *,
    workers: int | None = None,
) -> Submission:
    """Pack predicted masks, then verify the archive.

    Args:
        contest: what is wanted.
        predictions: folder of `<id><suffix>`; other products of an image, `<id>_NAME.tif`, are left out.
        ids: the test images; each must be there exactly once.
        out: the archive; appears whole or not at all.
        workers: threads that read and write masks.

    Returns:
        What the archive holds.

    Raises:
        DataError: masks are missing or too many, an id is given twice, or the archive's name ends in something else.
        FileReadError: there is no such folder.
        GridError: a mask has another size or more than one band.
        LabelError: a mask has values other than 0, 1 and nodata.
        WriteError: the archive cannot be written.

    Edges: nodata pixels (255) are written as 0 and counted; masks are written anew as plain uint8 without
        georeference; the same masks give the same bytes.
    """
    wanted = unique_ids(ids)
    folder, out = Path(predictions), Path(out)
    if not out.name.endswith(contest.endings):
        endings = " or ".join(contest.endings)
        raise DataError(f"expected a name that ends in {endings}; got {out.name}", where=out)
    check_folder(folder)
    _compare(contest, wanted, _maps(contest, folder, set(wanted)), folder)
    encode = partial(_encode, contest, folder)
    filled = 0
    with atomic_path(out) as temporary:
        with _new(contest, temporary) as archive:
            masks = parallel_map(encode, wanted, label="submit", workers=workers)
            for sample, (content, n_filled) in zip(wanted, masks, strict=True):
                entry = tarfile.TarInfo(f"{sample}{contest.suffix}")
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
                filled += n_filled
        found = verify_masks(contest, temporary, wanted)
    return Submission(
        out, found.n_files, found.n_positive_pixels, filled, found.n_empty, contest.thing
    )


def verify_masks(contest: MaskContest, path: Path, ids: Iterable[str]) -> Submission:
    """Open an archive again and check every mask.

    Args:
        contest: what is wanted.
        path: the archive.
        ids: the test images.

    Raises:
        FileReadError: it is no such archive, or a mask cannot be read.
        DataError: masks are missing, too many, twice there, or not at the root.
        GridError: a mask has another size or more than one band.
        LabelError: a mask is not uint8 or has values other than 0 and 1.
    """
    path = Path(path)
    wanted = unique_ids(ids)
    form = "a gzipped" if contest.compressed else "an uncompressed"
    n_positive = n_empty = 0
    try:
        with (
            tarfile.open(path, "r:gz" if contest.compressed else "r:") as archive,
            tempfile.TemporaryDirectory() as scratch,
        ):
            entries = archive.getmembers()
            _compare(contest, wanted, [entry.name for entry in entries], path)
            for entry in entries:
                archive.extract(entry, scratch, filter="data")
                mask = _read_mask(Path(scratch) / entry.name, contest.size_px)
                _check_values(mask, (0, 1), f"{path}: {entry.name}")
                positive = int(np.count_nonzero(mask))
                n_positive, n_empty = n_positive + positive, n_empty + (positive == 0)
                (Path(scratch) / entry.name).unlink()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise FileReadError(f"expected {form} tar; got: {error}", where=path) from error
    return Submission(path, len(wanted), n_positive, n_empty=n_empty, thing=contest.thing)


@contextmanager
def _new(contest: MaskContest, path: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive for writing."""
    opened = new_archive(path) if contest.compressed else tarfile.open(path, "w")
    with opened as archive:
        yield archive


def _maps(contest: MaskContest, folder: Path, wanted: set[str]) -> list[str]:
    """List the masks of a folder, without other products of the wanted images."""
    names = [path.name for path in folder.glob(f"[!.]*{contest.suffix}")]
    ids = {name: name.removesuffix(contest.suffix) for name in names}
    return [name for name in names if ids[name] in wanted or ids[name].split("_")[0] not in wanted]


def _compare(contest: MaskContest, wanted: list[str], names: Iterable[str], where: Path) -> None:
    """Refuse missing, extra and repeated masks."""
    expected = [f"{sample}{contest.suffix}" for sample in wanted]
    what = f"one mask {contest.suffix} for each of {len(wanted)} test ids"
    compare_names(expected, names, what, where)


def _encode(contest: MaskContest, folder: Path, sample: str) -> tuple[bytes, int]:
    """Write one mask anew; return its bytes and how many nodata pixels became 0."""
    source = folder / f"{sample}{contest.suffix}"
    mask = _read_mask(source, contest.size_px)
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
