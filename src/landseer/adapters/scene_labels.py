"""The label of a scene on the scene's own pixels: as it is, burnt from vectors, or brought onto the grid."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from landseer.core.classes import IGNORE
from landseer.core.files import hash_stat, hash_value, read_json, write_json
from landseer.errors import FileReadError, LabelError
from landseer.raster.align import write_aligned
from landseer.raster.read import RasterInfo, read_info
from landseer.raster.stack import write_stack
from landseer.samples.findings import EXCLUDED, KEPT, Finding
from landseer.samples.footprint import same_crs
from landseer.vector.burn import burn_label
from landseer.vector.labels import ObjectCounts, read_objects
from landseer.vector.placing import Geometries
from landseer.vector.rules import LabelRules

_VERSION = 1
"""Raised when the same inputs are burnt otherwise."""
ELSEWHERE = "vector label does not meet its image"
_NEAR = 0.01
"""How far corners of one grid may lie apart, px."""


def burn_kept(
    path: Path,
    labels: tuple[Path, ...],
    grid: RasterInfo,
    rules: LabelRules,
    areas: tuple[Path, ...],
) -> ObjectCounts:
    """Burn vector labels unless the file is there and neither files nor rules have changed.

    Args:
        path: where, ending `.tif`; beside it a JSON says what it was made of and what was found.
        labels: vector files.
        grid: header of the scene's raster.
        rules: how they are burnt.
        areas: vector files outside of whose polygons all is ignored.

    Returns:
        What was found in the files.

    Raises:
        DataError: a file cannot be read, has no CRS or no such attribute, or the grid has no place on the Earth.
        WriteError: the label cannot be written.
    """
    missing = [one for one in (*labels, *areas) if not one.is_file()]
    if missing:
        raise FileReadError("expected a vector file; there is no such file", where=missing[0])
    place = replace(grid, path=Path(grid.path.name))
    made_of = [hash_stat(one) for one in (*labels, *areas)]
    key = hash_value([_VERSION, len(labels), made_of, asdict(rules), asdict(place)])
    note = path.with_suffix(".json")
    kept = read_json(note) if path.is_file() and note.is_file() else {}
    if kept.get("key") == key:
        return ObjectCounts(**kept["counts"])
    note.unlink(missing_ok=True)
    objects = read_objects(labels, grid, rules)
    burn_label(path, grid, objects, rules, polygons_of(areas, grid) if areas else None)
    write_json(note, {"key": key, "counts": asdict(objects.counts)})
    return objects.counts


def polygons_of(areas: tuple[Path, ...], grid: RasterInfo) -> Geometries:
    """Read areas of interest as polygons in pixels of a grid.

    Raises:
        DataError: as of `burn_kept`.
    """
    return read_objects(areas, grid, LabelRules()).polygons


def count_findings(
    name: str, labels: tuple[Path, ...], counts: ObjectCounts, rules: LabelRules
) -> list[Finding]:
    """Say what was wrong with the objects of a scene; what excludes it stands first."""
    file, read = str(labels[0]), f"of {counts.read}"
    is_lost = len(counts.extents) == len(labels)
    action = f"{EXCLUDED if is_lost else KEPT}: its CRS is probably wrong, see `crs`"
    found = [
        Finding(name, path, "", ELSEWHERE, _extent(extent), action)
        for path, extent in counts.extents.items()
    ]
    kinds = {
        "objects with invalid rings": (counts.repaired, f"{KEPT}: made valid"),
        "objects without geometry": (counts.empty, "not used"),
        "objects without area": (counts.lost, "not used"),
        "objects that have no place in the image's CRS": (counts.unplaced, "not used"),
        "lines and points among labels": (counts.thin, "not used: see `buffer_m`"),
    }
    found += [
        Finding(name, file, "", what, f"{count} {read}", action)
        for what, (count, action) in kinds.items()
        if count
    ]
    if counts.unknown:
        values = ", ".join(
            f"{value or 'none'}: {n}"
            for value, n in sorted(counts.unknown.items(), key=lambda one: (-one[1], one[0]))
        )
        what = f"objects whose {rules.attribute} has no class"
        found.append(Finding(name, file, "", what, values, _becomes(rules.unknown)))
    return found


def _becomes(unknown: int | None) -> str:
    """Say what becomes of objects of no class, which have this label value."""
    if unknown is None:
        return "not used"
    if unknown == IGNORE:
        return f"{KEPT}: their pixels neither train nor count"
    return (
        f"{KEPT} as {unknown}: the audit excludes windows with them; `unknown: ignore` keeps these"
    )


def fit_raster(
    name: str, label: Path, own: RasterInfo, grid: RasterInfo, work: Path, *, align: bool
) -> Path:
    """Return a raster label on a scene's pixels.

    Args:
        name: of the scene.
        label: the file.
        own: header of the scene on its own grid.
        grid: header of the scene as it is read.
        work: folder for what must be written.
        align: whether a label on another grid is brought onto this one.

    Raises:
        FileReadError: the label cannot be read.
        LabelError: it lies on another grid, and `align` is false.
        GridError: it cannot be aligned, for something is not georeferenced.
        WriteError: something cannot be written.
    """
    info = read_info(label)
    if is_same_grid(info, own):
        if (own.height, own.width) == (grid.height, grid.width):
            return label
        return _scaled(work / "stacks" / f"{name}_label.vrt", label, grid)
    if is_same_grid(info, grid):
        return label
    if not align:
        raise LabelError(
            f"expected a label on the pixels of its image ({_grid(own)}); got {_grid(info)}",
            where=label,
            do="set `align: true` to read the nearest pixels, or remove the label",
        )
    path = work / "labels" / f"{name}.tif"
    _align_kept(path, label, grid)
    return path


def is_same_grid(first: RasterInfo, second: RasterInfo) -> bool:
    """Tell whether two rasters have the same pixels; one that has no georeference lies where the other does."""
    if (first.height, first.width) != (second.height, second.width):
        return False
    if first.crs is not None and second.crs is not None and not same_crs(first.crs, second.crs):
        return False
    if first.transform is None or second.transform is None:
        return True
    a, b, c, d, e, f = (x - y for x, y in zip(first.transform, second.transform, strict=True))
    pixel = max(map(abs, (*second.transform[:2], *second.transform[3:5])))
    height, width = first.height, first.width
    corners = ((0, 0), (width, 0), (0, height), (width, height))
    apart = (max(abs(a * x + b * y + c), abs(d * x + e * y + f)) for x, y in corners)
    return max(apart) <= _NEAR * pixel


def _scaled(path: Path, label: Path, grid: RasterInfo) -> Path:
    """Write a virtual raster of a label, scaled as its image."""
    return write_stack(path, [label], size=(grid.height, grid.width), are_classes=True)


def _align_kept(path: Path, label: Path, grid: RasterInfo) -> None:
    """Bring a label onto a grid unless that was done."""
    place: dict[str, Any] = asdict(replace(grid, path=Path(grid.path.name)))
    key = hash_value([_VERSION, hash_stat(label), place])
    note = path.with_suffix(".json")
    if path.is_file() and note.is_file() and read_json(note).get("key") == key:
        return
    note.unlink(missing_ok=True)
    write_aligned(path, label, grid)
    write_json(note, {"key": key})


def _grid(info: RasterInfo) -> str:
    """Describe a grid in a few words."""
    crs = "no CRS" if info.crs is None else info.crs[:40]
    corner = (
        "" if info.transform is None else f", from {info.transform[2]:.9g}, {info.transform[5]:.9g}"
    )
    return f"{info.height} x {info.width} px, {crs}{corner}"


def _extent(extent: tuple[float, float, float, float]) -> str:
    """Write a box."""
    left, bottom, right, top = extent
    return f"x {left:.7g}..{right:.7g}, y {bottom:.7g}..{top:.7g}"
