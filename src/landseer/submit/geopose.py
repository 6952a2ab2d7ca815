"""The geopose contest's archive: heights in centimetres and a JSON per test image, packed, read back and proven."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from landseer.core.files import atomic_path
from landseer.core.parallel import parallel_map
from landseer.errors import DataError, WriteError
from landseer.submit.geopose_archive import (
    MOST_CM,
    Entry,
    Sizes,
    add_image,
    compare_files,
    encode_image,
    new_archive,
    read_entries,
)
from landseer.submit.geopose_files import AGL_SUFFIX, CM_PER_M, FLOW_SUFFIX
from landseer.submit.names import check_folder, unique_ids

_ENDINGS = (".tar.gz", ".tgz")


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
        FileReadError: the folder is not there, or a file cannot be read.
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
    check_folder(folder)
    found = [
        path.name for path in folder.glob("[!.]*") if path.name.endswith((AGL_SUFFIX, FLOW_SUFFIX))
    ]
    compare_files(wanted, found, folder)
    encode = partial(encode_image, folder, sizes)
    written, n_below, n_above = [], 0, 0
    with atomic_path(out) as temporary:
        with new_archive(temporary) as archive:
            for packed in parallel_map(encode, wanted, label="submit", workers=workers):
                add_image(archive, packed)
                written.append(packed.entry)
                n_below, n_above = n_below + packed.n_below, n_above + packed.n_above
        if read_entries(temporary, wanted, sizes) != written:
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
    return _summary(Path(path), read_entries(Path(path), unique_ids(ids), sizes))


def _summary(
    path: Path, entries: Sequence[Entry], n_below: int = 0, n_above: int = 0
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
