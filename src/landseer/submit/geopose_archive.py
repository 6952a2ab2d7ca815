"""One image in the geopose contest's archive: checked, written, and read back."""

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landseer.errors import DataError, FileReadError, GridError, LabelError
from landseer.raster.read import read_info
from landseer.submit.geopose_files import (
    AGL_SUFFIX,
    CM_PER_M,
    FLOW_SUFFIX,
    NODATA_CM,
    Pose,
    read_pose,
)
from landseer.submit.names import compare_names

MOST_CM = NODATA_CM - 1
"""Greatest height that a file can hold, cm."""

Sizes = Mapping[str, tuple[int, int]]
"""Rows and columns of each test image."""

_TURN = 2 * math.pi
_ROUNDING_RAD = 1e-6


@dataclass(frozen=True, slots=True)
class Entry:
    """What an archive says of one image.

    Attributes:
        sample: its id.
        shape: rows and columns.
        checksum: of its heights.
        sum_cm, max_cm: of its heights.
        scale_px_per_m, angle_rad: as its JSON gives them.
    """

    sample: str
    shape: tuple[int, int]
    checksum: int
    sum_cm: int
    max_cm: int
    scale_px_per_m: float
    angle_rad: float


@dataclass(frozen=True, slots=True)
class Packed:
    """One image ready for the archive: what it is, its two files, and pixels that were cut below and above."""

    entry: Entry
    tiff: bytes
    flow: bytes
    n_below: int
    n_above: int


def compare_files(wanted: Sequence[str], names: Iterable[str], where: Path) -> None:
    """Refuse missing, extra and repeated files of the wanted images; see `compare_names`."""
    expected = [f"{sample}{suffix}" for sample in wanted for suffix in (AGL_SUFFIX, FLOW_SUFFIX)]
    compare_names(
        expected, names, f"{AGL_SUFFIX} and {FLOW_SUFFIX} of each of {len(wanted)} test ids", where
    )


@contextmanager
def new_archive(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a compressed tar for writing, without the time of day in it."""
    # Heights are compressed already; the outer compression is for the contest's form only.
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=cast("Any", packed), mode="w") as archive,
    ):
        yield archive


def add_image(archive: tarfile.TarFile, packed: Packed) -> None:
    """Put an image's two files into an archive."""
    for suffix, content in ((AGL_SUFFIX, packed.tiff), (FLOW_SUFFIX, packed.flow)):
        file = tarfile.TarInfo(f"{packed.entry.sample}{suffix}")
        file.size, file.mode = len(content), 0o644
        archive.addfile(file, io.BytesIO(content))


def encode_image(folder: Path, sizes: Sizes | None, sample: str) -> Packed:
    """Check one image's prediction and write it as the contest wants it.

    Args:
        folder: where its two files are.
        sizes: rows and columns of each image; None takes any size.
        sample: its id.

    Raises:
        FileReadError, DataError, GridError, LabelError: as `pack_geopose` says.
    """
    source, flow_path = folder / f"{sample}{AGL_SUFFIX}", folder / f"{sample}{FLOW_SUFFIX}"
    pose = read_pose(source, flow_path)
    _check_heights(pose, sample, sizes, source)
    scale, angle = _checked_flow(pose, flow_path)
    cm = np.rint(pose.agl_m.astype(np.float64) * CM_PER_M)
    heights = np.clip(cm, 0, MOST_CM).astype(np.uint16)
    flow = json.dumps({"scale": scale / CM_PER_M, "angle": angle}, allow_nan=False).encode()
    return Packed(
        _entry(sample, heights, scale / CM_PER_M * CM_PER_M, angle),
        encode_tiff(heights),
        flow,
        int((cm < 0).sum()),
        int((cm > MOST_CM).sum()),
    )


def encode_tiff(heights: NDArray[np.uint16]) -> bytes:
    """Write heights in the one form that the contest names."""
    buffer = io.BytesIO()
    Image.fromarray(heights).save(buffer, "TIFF", compression="tiff_adobe_deflate")
    return buffer.getvalue()


def _entry(sample: str, heights: NDArray[np.uint16], scale: float, angle: float) -> Entry:
    """Say what the archive holds of one image."""
    rows, cols = heights.shape
    return Entry(
        sample,
        (rows, cols),
        zlib.crc32(np.ascontiguousarray(heights).tobytes()),
        int(heights.sum(dtype=np.int64)),
        int(heights.max()),
        scale,
        angle,
    )


def read_entries(path: Path, wanted: Sequence[str], sizes: Sizes | None) -> list[Entry]:
    """Read an archive once from its start; check every image as soon as both its files are there.

    Args:
        path: the archive.
        wanted: ids of the images that must be in it.
        sizes: rows and columns of each image; None takes any size.

    Raises:
        FileReadError, DataError, GridError, LabelError: as `verify_geopose` says.
    """
    entries: dict[str, Entry] = {}
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
    compare_files(wanted, names, path)
    return [entries[sample] for sample in wanted]


def _split(name: str) -> tuple[str, str]:
    """Split a file's name into its id and its ending, both "" where it ends otherwise."""
    for suffix in (AGL_SUFFIX, FLOW_SUFFIX):
        if name.endswith(suffix):
            return name.removesuffix(suffix), suffix
    return "", ""


def _checked_entry(sample: str, agl: Path, flow: Path, sizes: Sizes | None, archive: Path) -> Entry:
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
