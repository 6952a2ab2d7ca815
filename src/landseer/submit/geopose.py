"""The geopose contest's archive: heights in centimetres and a JSON per test image, packed, read back and proven."""

from __future__ import annotations

import gzip
import io
import json
import math
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landseer.core.files import atomic_path
from landseer.core.parallel import parallel_map
from landseer.errors import DataError, FileReadError, GridError, LabelError, WriteError
from landseer.raster.read import read_info
from landseer.submit.geopose_files import (
    AGL_SUFFIX,
    CM_PER_M,
    FLOW_SUFFIX,
    NODATA_CM,
    Pose,
    read_pose,
)
from landseer.submit.names import compare_names, unique_ids

MOST_CM = NODATA_CM - 1
"""Greatest height that a file can hold, cm."""

Sizes = Mapping[str, tuple[int, int]]
"""Rows and columns of each test image."""

_ENDINGS = (".tar.gz", ".tgz")
_TURN = 2 * math.pi
_ROUNDING_RAD = 1e-6


@dataclass(frozen=True, slots=True)
class GeoposeSubmission:
    """What an archive holds.

    Attributes:
        path: the archive.
        n_images: images in it.
        n_pixels: heights in it.
        mean_m, max_m: of all heights.
        scale_px_per_m: smallest and largest scale.
        n_below: pixels below 0 m that were written as 0.
        n_above: pixels above 655.34 m that were written as that.
    """

    path: Path
    n_images: int
    n_pixels: int
    mean_m: float
    max_m: float
    scale_px_per_m: tuple[float, float]
    n_below: int = 0
    n_above: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self) | {"path": str(self.path)}

    def text(self) -> str:
        """Say it in one line."""
        low, high = self.scale_px_per_m
        return (
            f"{self.path}: {self.n_images} images, heights {self.mean_m:.2f} m on average, up to {self.max_m:.2f} m, "
            f"scales {low:.3f} to {high:.3f} px/m, {self.n_below} pixels below 0 m written as 0, {self.n_above} above "
            f"{MOST_CM / CM_PER_M} m written as that"
        )


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the archive says of one image: size, checksum and figures of its heights, scale in px/m, angle."""

    sample: str
    shape: tuple[int, int]
    checksum: int
    sum_cm: int
    max_cm: int
    scale_px_per_m: float
    angle_rad: float


def pack_geopose(
    predictions: Path,
    ids: Iterable[str],
    out: Path,
    *,
    sizes: Sizes | None = None,
    workers: int | None = None,
) -> GeoposeSubmission:
    """Pack predicted heights, scales and angles for the geopose contest, then read the archive back.

    Args:
        predictions: folder of `<id>_AGL.tif` and `<id>_VFLOW.json`, in units as `read_pose` says; other files in it
            are left out unless they end alike.
        ids: the test images; each must be there exactly once.
        out: the archive, ending in `.tar.gz` or `.tgz`; appears whole or not at all.
        sizes: rows and columns of each image; None takes any size.
        workers: threads that read and write.

    Returns:
        What the archive holds.

    Raises:
        DataError: files are missing or too many, an id is given twice or has no size.
        FileReadError: a file cannot be read.
        GridError: heights have another size than their image, or more than one band.
        LabelError: a height is not finite, the scale is not finite and above 0, or the angle not in [0, 2 pi).
        WriteError: the archive cannot be written, or does not give back what was put in.

    Edges: heights are rounded to centimetres; what lies below 0 or above 655.34 m after that is cut there and
        counted. An angle that rounding has put less than 1e-6 outside its range is written as 0. The same predictions
        give the same bytes.

    Source: DrivenData, Overhead Geopose Challenge, 2021: uint16 centimetres in `tiff_adobe_deflate`, scale in pixels
        per centimetre.
    """
    wanted, folder, out = unique_ids(ids), Path(predictions), Path(out)
    if not out.name.endswith(_ENDINGS):
        raise DataError(f"expected a name that ends in .tar.gz; got {out.name}", where=out)
    found = [
        path.name for path in folder.glob("*") if path.name.endswith((AGL_SUFFIX, FLOW_SUFFIX))
    ]
    _compare(wanted, found, folder)
    encode = partial(_encode, folder, sizes)
    written, n_below, n_above = [], 0, 0
    with atomic_path(out) as temporary:
        with _new_archive(temporary) as archive:
            encoded = parallel_map(encode, wanted, label="submit", workers=workers)
            for entry, tiff, flow, below, above in encoded:
                _add(archive, f"{entry.sample}{AGL_SUFFIX}", tiff)
                _add(archive, f"{entry.sample}{FLOW_SUFFIX}", flow)
                written.append(entry)
                n_below, n_above = n_below + below, n_above + above
        if _read_entries(temporary, wanted, sizes) != written:
            raise WriteError("expected to read back what was packed; got other values", where=out)
    return _summary(out, written, n_below, n_above)


def verify_geopose(
    path: Path, ids: Iterable[str], *, sizes: Sizes | None = None
) -> GeoposeSubmission:
    """Open an archive and check every file.

    Args:
        path: the archive.
        ids: the test images.
        sizes: rows and columns of each image; None takes any size.

    Raises:
        FileReadError: it is no compressed tar, or a file cannot be read.
        DataError: files are missing, too many, twice there, or not at the root.
        GridError: heights have another size or more than one band.
        LabelError: heights are not uint16 or not all known, scale or angle is out of range.
    """
    return _summary(Path(path), _read_entries(Path(path), unique_ids(ids), sizes))


def _summary(
    path: Path, entries: Sequence[_Entry], n_below: int = 0, n_above: int = 0
) -> GeoposeSubmission:
    """Add up what entries say."""
    n_pixels = sum(entry.shape[0] * entry.shape[1] for entry in entries)
    scales = [entry.scale_px_per_m for entry in entries]
    return GeoposeSubmission(
        path,
        len(entries),
        n_pixels,
        sum(entry.sum_cm for entry in entries) / n_pixels / CM_PER_M,
        max(entry.max_cm for entry in entries) / CM_PER_M,
        (min(scales), max(scales)),
        n_below,
        n_above,
    )


def _compare(wanted: Sequence[str], names: Iterable[str], where: Path) -> None:
    """Refuse missing, extra and repeated files."""
    expected = [f"{sample}{suffix}" for sample in wanted for suffix in (AGL_SUFFIX, FLOW_SUFFIX)]
    compare_names(
        expected, names, f"{AGL_SUFFIX} and {FLOW_SUFFIX} of each of {len(wanted)} test ids", where
    )


@contextmanager
def _new_archive(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a compressed tar for writing, without the time of day in it."""
    # Heights are compressed already; the outer compression is for the contest's form only.
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=cast("Any", packed), mode="w") as archive,
    ):
        yield archive


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Put a file into an archive."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))


def _encode(
    folder: Path, sizes: Sizes | None, sample: str
) -> tuple[_Entry, bytes, bytes, int, int]:
    """Check one image's prediction; return what it is, its two files, and pixels cut below and above."""
    source = folder / f"{sample}{AGL_SUFFIX}"
    pose = read_pose(source, folder / f"{sample}{FLOW_SUFFIX}")
    _check_heights(pose, sample, sizes, source)
    scale, angle = _checked_flow(pose, folder / f"{sample}{FLOW_SUFFIX}")
    cm = np.rint(pose.agl_m.astype(np.float64) * CM_PER_M)
    below, above = int((cm < 0).sum()), int((cm > MOST_CM).sum())
    heights = np.clip(cm, 0, MOST_CM).astype(np.uint16)
    flow = json.dumps({"scale": scale / CM_PER_M, "angle": angle}, allow_nan=False).encode()
    entry = _entry(sample, heights, scale / CM_PER_M * CM_PER_M, angle)
    return entry, _tiff(heights), flow, below, above


def _tiff(heights: NDArray[np.uint16]) -> bytes:
    """Write heights in the one form that the contest names."""
    buffer = io.BytesIO()
    Image.fromarray(heights).save(buffer, "TIFF", compression="tiff_adobe_deflate")
    return buffer.getvalue()


def _entry(sample: str, heights: NDArray[np.uint16], scale: float, angle: float) -> _Entry:
    """Say what the archive holds of one image."""
    rows, cols = heights.shape
    return _Entry(
        sample,
        (rows, cols),
        zlib.crc32(np.ascontiguousarray(heights).tobytes()),
        int(heights.sum(dtype=np.int64)),
        int(heights.max()),
        scale,
        angle,
    )


def _read_entries(path: Path, wanted: Sequence[str], sizes: Sizes | None) -> list[_Entry]:
    """Read an archive once from its start; check every image as soon as both its files are there."""
    entries: dict[str, _Entry] = {}
    names: list[str] = []
    known = set(wanted)
    try:
        with tarfile.open(path, "r:gz") as archive, tempfile.TemporaryDirectory() as scratch:
            for member in archive:
                names.append(member.name)
                sample, suffix = _split(member.name)
                if sample not in known or not member.isfile():
                    continue
                target = Path(scratch) / f"{sample}{suffix}"
                target.write_bytes(cast("Any", archive.extractfile(member)).read())
                files = [target.with_name(f"{sample}{s}") for s in (AGL_SUFFIX, FLOW_SUFFIX)]
                if all(file.exists() for file in files):
                    entries[sample] = _checked_entry(sample, files[0], files[1], sizes, path)
                    for file in files:
                        file.unlink()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise FileReadError(f"expected a compressed tar; got: {error}", where=path) from error
    _compare(wanted, names, path)
    return [entries[sample] for sample in wanted]


def _split(name: str) -> tuple[str, str]:
    """Split a file's name into its id and its ending, both "" where it ends otherwise."""
    for suffix in (AGL_SUFFIX, FLOW_SUFFIX):
        if name.endswith(suffix):
            return name.removesuffix(suffix), suffix
    return "", ""


def _checked_entry(
    sample: str, agl: Path, flow: Path, sizes: Sizes | None, archive: Path
) -> _Entry:
    """Check the two files of one image as they came out of an archive."""
    where = f"{archive}: {agl.name}"
    dtype = read_info(agl).dtype
    if dtype != "uint16":
        raise LabelError(f"expected uint16 centimetres; got {dtype}", where=where)
    pose = read_pose(agl, flow)
    _check_heights(pose, sample, sizes, where)
    scale, angle = _checked_flow(pose, f"{archive}: {flow.name}")
    heights = np.rint(pose.agl_m.astype(np.float64) * CM_PER_M).astype(np.uint16)
    return _entry(sample, heights, scale, angle)


def _check_heights(pose: Pose, sample: str, sizes: Sizes | None, where: object) -> None:
    """Refuse heights of another size than the image's, and such as are not known."""
    shape = pose.agl_m.shape
    if sizes is not None and sample not in sizes:
        raise DataError("expected the size of every test image; got none", where=sample)
    if sizes is not None and shape != tuple(sizes[sample]):
        rows, cols = sizes[sample]
        raise GridError(
            f"expected {rows} x {cols} pixels, as the image has; got {shape[0]} x {shape[1]}",
            where=where,
        )
    n_missing = int((~np.isfinite(pose.agl_m)).sum())
    if n_missing:
        raise LabelError(
            f"expected a height at every pixel; got {n_missing} without one",
            where=where,
            do="predict where the image has no data too, and write no nodata",
        )


def _checked_flow(pose: Pose, where: object) -> tuple[float, float]:
    """Return scale in px/m and angle; refuse such as are out of range."""
    scale, angle = pose.scale_px_per_m, pose.angle_rad
    if not (math.isfinite(scale) and scale > 0):
        raise LabelError(f"expected a finite scale above 0; got {scale}", where=where)
    if -_ROUNDING_RAD < angle < 0 or _TURN <= angle < _TURN + _ROUNDING_RAD:
        angle = 0.0
    if not 0 <= angle < _TURN:
        raise LabelError(
            f"expected an angle of at least 0 and below 2 pi; got {angle}",
            where=where,
            do="give radians, modulo 2 pi",
        )
    return scale, angle
