"""Turn image files into rows of the sample table by reading their headers, many at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landseer.core.parallel import cpu_count, parallel_map
from landseer.core.references import PREFIX
from landseer.errors import FileReadError, GridError
from landseer.raster.read import RasterInfo, read_info
from landseer.samples.findings import EXCLUDED, KEPT, Finding
from landseer.samples.footprint import footprint, ground_sample_distance_m

# Headers wait for the disk, not for the processor.
_THREADS_PER_CPU = 4


@dataclass(frozen=True, slots=True)
class Source:
    """What an adapter knows of a sample before any file is opened.

    Attributes:
        sample, side, site, date: as in the sample table.
        image: absolute path.
        label: absolute path, or None when there is none.
        gsd_m: ground sample distance to use where the file does not tell, m; None when unknown.
        excluded: why the sample is left out, or None.
        references: by name, absolute paths and numbers; None and NaN for what is not known.
    """

    sample: str
    side: str
    image: Path
    label: Path | None
    site: str | None = None
    date: str | None = None
    gsd_m: float | None = None
    excluded: str | None = None
    references: Mapping[str, Path | float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A row of the sample table, what was found on the way, and the header when it could be read."""

    record: dict[str, Any]
    findings: tuple[Finding, ...]
    info: RasterInfo | None


def scan_headers(sources: Iterable[Source]) -> list[Scanned]:
    """Read the header of every image.

    Returns:
        One `Scanned` per source, in their order; a file that cannot be read is excluded, with a finding.
    """
    found = list(sources)
    workers = _THREADS_PER_CPU * cpu_count()
    return list(parallel_map(_scan, found, label="samples", workers=workers))


def _scan(source: Source) -> Scanned:
    """Read one header."""
    try:
        info = read_info(source.image)
    except FileReadError as error:
        finding = Finding(
            source.sample, str(source.image), "", "image cannot be read", error.message, EXCLUDED
        )
        reason = f"image cannot be read: {error.message}"
        return Scanned(_record(source, height=0, width=0, excluded=reason), (finding,), None)
    place, findings = _place(source, info)
    record = _record(source, height=info.height, width=info.width, crs=info.crs, **place)
    return Scanned(record, findings, info)


def _record(source: Source, **values: Any) -> dict[str, Any]:
    """Make a row of the sample table."""
    row = {
        "sample": source.sample, "side": source.side, "image": str(source.image),
        "label": None if source.label is None else str(source.label),
        "site": source.site, "date": source.date, "excluded": source.excluded,
        "gsd_m": math.nan if source.gsd_m is None else source.gsd_m,
    }  # fmt: skip
    known = {
        PREFIX + name: str(value) if isinstance(value, Path) else value
        for name, value in source.references.items()
    }
    return row | known | values


def _place(source: Source, info: RasterInfo) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Return transform, footprint and ground sample distance, as far as the file tells them."""
    transform = None if info.transform is None else list(info.transform)
    if transform is None or info.crs is None:
        return {"transform": transform}, ()
    try:
        return {
            "transform": transform,
            "geometry": footprint(info.crs, transform, info.height, info.width),
            "gsd_m": ground_sample_distance_m(info.crs, transform, info.height, info.width),
        }, ()
    except GridError as error:
        what = "image has no place on the Earth"
        finding = Finding(
            source.sample, str(source.image), "", what, error.message, f"{KEPT} without footprint"
        )
        return {"transform": transform}, (finding,)
