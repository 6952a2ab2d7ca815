"""Class maps to files of polygons: one file per map, or one of all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pyproj import CRS
from pyproj.exceptions import CRSError

from landseer.core.address import split_address, with_window
from landseer.errors import DataError, FileReadError, UsageError
from landseer.raster.read import read_info
from landseer.samples.footprint import same_crs
from landseer.vector.class_names import read_names, wanted_values
from landseer.vector.features import in_batches, make_features
from landseer.vector.files import ENDINGS, polygon_file
from landseer.vector.ground import Ground
from landseer.vector.options import VectoriseOptions, VectoriseSummary
from landseer.vector.table import LONLAT, Table, Tally

PROBABILITY = "_probability"
"""How the name of a map's probabilities ends."""

_SUFFIXES = (".tif", ".tiff", ".png", ".vrt")


def vectorise(
    maps: str | Path | Sequence[Path],
    out: str | Path,
    options: VectoriseOptions | None = None,
) -> VectoriseSummary:
    """Turn class maps into polygons with class, area, perimeter and confidence.

    Args:
        maps: class maps (or addresses of windows in them), or folders of them.
        out: a file ending .parquet, .gpkg or .geojson, with a column `scene` where there are several maps; or a folder
            for one file per map.
        options: choices.

    Raises:
        UsageError: the file's ending is unknown, classes are, or what was given does not go together.
        DataError: a map cannot be read or is none.
        WriteError: an output cannot be written. None of the broken output is left.

    Edges: a map without CRS gives polygons in pixel coordinates (x to the right, y down), and areas, lengths and limits
        in pixels; a note says so.
    """
    options = options or VectoriseOptions()
    started = time.perf_counter()
    files = find_maps([Path(maps)] if isinstance(maps, str | Path) else maps)
    out = Path(out)
    _check(files, out, options)
    is_file = bool(out.suffix)
    outputs = [(out, files)] if is_file else [(_beside(out, f, options), [f]) for f in files]
    tally = Tally()
    for path, group in outputs:
        _write(path, group, options, tally)
    return VectoriseSummary(
        files=tuple(path for path, _ in outputs),
        n_maps=len(files),
        n_polygons=sum(tally.by_class.values()),
        n_small=tally.n_small,
        by_class=dict(sorted(tally.by_class.items())),
        area_m2=tally.area_m2,
        shapes=dict(tally.shapes),
        notes=tuple(dict.fromkeys(tally.notes)),
        seconds=time.perf_counter() - started,
    )


def find_maps(paths: Sequence[Path]) -> list[Path]:
    """List maps: files as they are, and of folders the rasters in them that are no probabilities.

    Raises:
        FileReadError: a folder holds none, or nothing was given.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(f for f in path.iterdir() if _is_map(f))
        if not inside:
            raise FileReadError(f"expected maps ({', '.join(_SUFFIXES)}); got none", where=path)
        found += inside
    if not found:
        raise FileReadError("expected a map or a folder of maps; got nothing")
    return found


def _is_map(path: Path) -> bool:
    """Whether this can be a class map."""
    is_raster = path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")
    return is_raster and not path.stem.endswith(PROBABILITY)


def _check(files: Sequence[Path], out: Path, options: VectoriseOptions) -> None:
    """Refuse what does not go together before any work."""
    if out.suffix and out.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"expected an output ending {', '.join(ENDINGS)}, or a folder; got {out.name}",
            do="choose GeoParquet, GeoPackage or GeoJSON",
        )
    if options.crs is not None:
        try:
            CRS.from_user_input(options.crs)
        except CRSError as error:
            raise UsageError(f"expected a CRS such as EPSG:4326; got {options.crs}") from error
    given = options.probability
    if len(files) > 1 and given is not None and not given.is_dir():
        raise UsageError(
            f"expected a folder of probabilities for {len(files)} maps; got {given}",
            do=f"name them <map>{PROBABILITY}.tif in one folder",
        )
    names = Counter(_scene(path) for path in files)
    twice = [name for name, count in names.items() if count > 1]
    if twice and not out.suffix:
        raise UsageError(
            f"expected maps of different names; got {', '.join(twice)} several times",
            do="write them into one file",
        )


def _scene(path: Path) -> str:
    """Return the name of a map."""
    file, window = split_address(path)
    return file.stem if window is None else f"{file.stem}_r{window.row}_c{window.col}"


def _beside(out: Path, path: Path, options: VectoriseOptions) -> Path:
    """Return the file of a map in a folder."""
    return out / f"{_scene(path)}.{options.format}"


def find_probability(path: Path, given: Path | None) -> Path | None:
    """Return the probabilities of a map: what was given, or what lies beside it or in the given folder; None if none.

    Raises:
        FileReadError: a folder was given and does not hold them.
    """
    file, window = split_address(path)
    if given is not None and not given.is_dir():
        found = given
    else:
        found = (given or file.parent) / f"{file.stem}{PROBABILITY}.tif"
        if not found.is_file():
            if given is not None:
                raise FileReadError(
                    "expected the probabilities of a map; there is none", where=found
                )
            return None
    return found if window is None else with_window(found, window)


def _write(path: Path, maps: Sequence[Path], options: VectoriseOptions, tally: Tally) -> None:
    """Write the polygons of some maps into one file."""
    grounds = [Ground(read_info(one)) for one in maps]
    crs = _common_crs(path, maps, grounds, options, tally)
    n_written = 0
    with polygon_file(path, crs, layer=options.layer) as file:
        for one, ground in zip(maps, grounds, strict=True):
            table = Table(
                ground=ground,
                crs=crs,
                names=dict(enumerate(options.names)) or read_names(one),
                scene=_scene(one) if len(maps) > 1 else None,
                is_straightened=options.rectangular,
            )
            probability = find_probability(one, options.probability)
            values = wanted_values(options.classes, table.names, one)
            made = make_features(one, ground, options, values=values, probability=probability)
            for features in in_batches(made):
                columns = table.columns(features, n_written + 1)
                file.write(columns, table.place(features))
                n_written += len(features.geometry)
                tally.add(columns, features.n_small)


def _common_crs(
    path: Path,
    maps: Sequence[Path],
    grounds: Sequence[Ground],
    options: VectoriseOptions,
    tally: Tally,
) -> str | None:
    """Choose the CRS of a file, and note what a user should know about it."""
    nowhere = [one for one, ground in zip(maps, grounds, strict=True) if ground.crs is None]
    if not nowhere:
        known = [str(ground.crs) for ground in grounds]
        crs = options.crs or known[0]
        if ENDINGS[path.suffix.lower()] == "geojson":
            crs = LONLAT
        if any(not same_crs(known[0], other) for other in known[1:]):
            tally.notes.append(f"the maps are in several CRS; all polygons are in {crs[:60]}")
        return crs
    if len(nowhere) < len(maps) or options.crs is not None:
        raise DataError(
            "expected maps that lie on the Earth; got one without CRS or transform",
            where=nowhere[0],
            do="give it a CRS, or vectorise it alone and without --crs",
        )
    tally.notes.append(
        "no CRS: coordinates (x right, y down), areas, lengths and limits are in pixels"
    )
    return None
