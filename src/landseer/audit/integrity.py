"""Read every file once and tell which samples can be used: whole files, the right bands, labels that fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import UNKNOWN, ClassTable
from landseer.core.parallel import parallel_map
from landseer.core.window import Window
from landseer.errors import DataError
from landseer.raster.label import load_label
from landseer.raster.read import RasterInfo, read_info, read_strips
from landseer.samples.findings import EXCLUDED, KEPT, Finding
from landseer.samples.footprint import same_crs
from landseer.samples.schema import is_missing

SHIFT_TOLERANCE_PX = 0.1
"""How far the corners of a label may lie from those of its image, px."""

_LABEL_STRIP_PX = 2**26
_VALUES_SHOWN = 8
_GROUND = ("reflectance", "other")
"""Kinds of bands that show the ground; a sample without any valid pixel of them is of no use."""


@dataclass(slots=True)
class _Verdict:
    """What was found in one sample, and the first reason to leave it out."""

    sample: str
    findings: list[Finding] = field(default_factory=list)
    excluded: str | None = None

    def exclude(self, path: Path, what: str, figure: str) -> None:
        """Leave the sample out."""
        self.findings.append(Finding(self.sample, str(path), "", what, figure, EXCLUDED))
        self.excluded = self.excluded or (f"{what}: {figure}" if figure else what)

    def note(self, path: Path, band: str, what: str, figure: str) -> None:
        """Report something and keep the sample."""
        self.findings.append(Finding(self.sample, str(path), band, what, figure, KEPT))


def check(
    frame: gpd.GeoDataFrame, bands: Sequence[Band], classes: ClassTable, workers: int | None = None
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Read the image and the label of every sample that is not yet excluded.

    Args:
        frame: a sample table.
        bands: bands that the images should have.
        classes: what label values mean.
        workers: threads; None takes one per processor.

    Returns:
        A copy of the table with `excluded` set where a sample cannot be used, and the findings in the table's order.

    Edges: excluded are files that cannot be read to their end, images that lack a band or have no valid pixel, labels
        of another size, CRS or place, and labels with values that the class table does not have. Kept, but reported,
        are pixels that are NaN or infinite, and single bands without a valid pixel. Elevation and quality bands may be
        empty.
    """
    todo = frame.index[frame["excluded"].map(is_missing).astype(bool)]
    rows = frame.loc[todo, ["sample", "image", "label"]].to_dict("records")
    examine = partial(_examine, bands=tuple(bands), classes=classes)
    findings: list[Finding] = []
    reasons = frame["excluded"].astype(object).where(frame["excluded"].notna(), None)
    verdicts = parallel_map(examine, rows, label="integrity", workers=workers)
    for index, verdict in zip(todo, verdicts, strict=True):
        findings += verdict.findings
        reasons.at[index] = verdict.excluded
    return frame.assign(excluded=reasons), findings


def _examine(row: dict[str, Any], bands: tuple[Band, ...], classes: ClassTable) -> _Verdict:
    """Examine one sample; bad data becomes a finding, never an error."""
    verdict = _Verdict(row["sample"])
    image = Path(row["image"])
    label = None if is_missing(row["label"]) else Path(row["label"])
    info: RasterInfo | None = None
    try:
        info = read_info(image)
        _examine_image(verdict, image, info, bands)
    except DataError as error:
        verdict.exclude(image, "image cannot be read", error.message)
    if label is not None:
        try:
            _examine_label(verdict, label, info, classes)
        except DataError as error:
            verdict.exclude(label, "label cannot be read", error.message)
    return verdict


def _examine_image(
    verdict: _Verdict, path: Path, info: RasterInfo, bands: tuple[Band, ...]
) -> None:
    """Read an image to its end and count its pixels."""
    lacking = [band for band in bands if band.index > info.count]
    if lacking:
        names = ", ".join(f"{band.name} ({band.index})" for band in lacking)
        verdict.exclude(
            path, "image lacks bands", f"{info.count} bands in the file, without {names}"
        )
        bands = tuple(band for band in bands if band not in lacking)
    indexes = [band.index for band in bands] or None
    tally = np.zeros((len(bands), 3), np.int64)
    for _, pixels in read_strips(path, indexes):
        if bands:
            tally += [
                _count(values, band.nodata) for values, band in zip(pixels, bands, strict=True)
            ]
    _report_pixels(verdict, path, bands, tally, info.width * info.height)


def _count(values: NDArray[np.generic], nodata: float | None) -> tuple[int, int, int]:
    """Count NaN, infinite and valid pixels of one band."""
    is_valid = np.ones(values.shape, bool) if nodata is None else values != nodata
    if values.dtype.kind != "f":
        return 0, 0, int(is_valid.sum())
    is_finite = np.isfinite(values)
    n_nan = int(np.isnan(values).sum())
    return n_nan, int((~is_finite).sum()) - n_nan, int((is_valid & is_finite).sum())


def _report_pixels(
    verdict: _Verdict, path: Path, bands: tuple[Band, ...], tally: NDArray[np.int64], total: int
) -> None:
    """Turn the counts of the bands into findings."""
    for band, (n_nan, n_infinite, n_valid) in zip(bands, tally, strict=True):
        expects_nan = band.nodata is not None and np.isnan(band.nodata)
        if n_nan and not expects_nan:
            verdict.note(
                path, band.name, "pixels are NaN and count as missing", _share(n_nan, total)
            )
        if n_infinite:
            verdict.note(path, band.name, "pixels are infinite", _share(n_infinite, total))
        if not n_valid and band.kind in _GROUND:
            verdict.note(path, band.name, "band has no valid pixel", _share(total, total))
    ground = [
        n_valid for band, (_, _, n_valid) in zip(bands, tally, strict=True) if band.kind in _GROUND
    ]
    if ground and not any(ground):
        verdict.exclude(
            path, "image has no valid pixel", f"all {total} pixels are nodata, NaN or infinite"
        )


def _share(count: int, total: int) -> str:
    """Write a count and its share."""
    return f"{count} pixels ({100 * count / total:.3g} %)"


def _examine_label(
    verdict: _Verdict, path: Path, image: RasterInfo | None, classes: ClassTable
) -> None:
    """Read a label to its end and compare it with its image and the class table."""
    label = read_info(path)
    if image is not None:
        _compare_grids(verdict, path, image, label)
    unknown: Counter[str] = Counter()
    step = max(1, _LABEL_STRIP_PX // label.width)
    for row in range(0, label.height, step):
        window = Window(row, 0, min(step, label.height - row), label.width)
        part = load_label(path, classes, window)
        if (part.classes == UNKNOWN).any():
            unknown.update(part.unknown())
    if unknown:
        shown = ", ".join(
            f"{value} ({count} pixels)" for value, count in unknown.most_common(_VALUES_SHOWN)
        )
        rest = (
            f" and {len(unknown) - _VALUES_SHOWN} more values"
            if len(unknown) > _VALUES_SHOWN
            else ""
        )
        verdict.exclude(path, "label has values that the class table does not list", shown + rest)


def _compare_grids(verdict: _Verdict, path: Path, image: RasterInfo, label: RasterInfo) -> None:
    """Compare size, CRS and place of a label with those of its image."""
    if (label.height, label.width) != (image.height, image.width):
        figure = f"label {label.height} x {label.width}, image {image.height} x {image.width} (rows x columns)"
        verdict.exclude(path, "label has another size than its image", figure)
        return
    if image.crs is not None and label.crs is not None and not same_crs(image.crs, label.crs):
        figure = f"label {label.crs[:60]}, image {image.crs[:60]}"
        verdict.exclude(path, "label has another CRS than its image", figure)
    elif _can_compare(image, label):
        first, last = _shifts_px(image, label)
        if np.abs([first, last]).max() > SHIFT_TOLERANCE_PX:
            verdict.exclude(path, "label is shifted against its image", _spell_shift(first, last))


def _can_compare(image: RasterInfo, label: RasterInfo) -> bool:
    """Tell whether both files say where they lie, and the image's pixels have an area."""
    if image.transform is None or label.transform is None:
        return False
    return bool(np.linalg.det(_affine(image)[0]) != 0)


def _shifts_px(image: RasterInfo, label: RasterInfo) -> NDArray[np.float64]:
    """Return where the label's first and last corner lie in the image's grid, less where they should: (row, col) px."""
    corners = np.array([[0.0, 0.0], [label.width, label.height]])
    linear, origin = _affine(label)
    world = corners @ linear.T + origin
    linear, origin = _affine(image)
    seen = np.linalg.solve(linear, (world - origin).T).T
    return (seen - corners)[:, ::-1]


def _affine(info: RasterInfo) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split a transform into its 2 x 2 part and its origin."""
    a, b, c, d, e, f = info.transform or (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    return np.array([[a, b], [d, e]]), np.array([c, f])


def _spell_shift(first: NDArray[np.float64], last: NDArray[np.float64]) -> str:
    """Write a shift in pixels; both corners when they differ."""
    # Adding zero turns -0.00 into 0.00.
    first, last = np.round(first, 2) + 0.0, np.round(last, 2) + 0.0
    text = f"{first[0]:+.2f} rows, {first[1]:+.2f} columns"
    if np.abs(first - last).max() <= SHIFT_TOLERANCE_PX:
        return text
    return f"{text} at its first corner, {last[0]:+.2f} rows, {last[1]:+.2f} columns at its last"
