"""Class maps to files of polygons: one file per map, or one of all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pyproj import Transformer
from pyproj.exceptions import ProjError

from landseer.core.files import clear_leftovers
from landseer.errors import DataError, UsageError
from landseer.raster.read import read_info
from landseer.samples.footprint import same_crs
from landseer.vector.class_names import note_absent, read_names, wanted_values
from landseer.vector.features import in_batches, make_features
from landseer.vector.files import ENDINGS, polygon_file
from landseer.vector.ground import Ground
from landseer.vector.maps import PROBABILITY, find_maps, find_probability, scene_of
from landseer.vector.options import VectoriseOptions, VectoriseSummary
from landseer.vector.table import LONLAT, Table, Tally


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
    files, notes = find_maps([Path(maps)] if isinstance(maps, str | Path) else maps)
    out = Path(out)
    _check(files, out, options)
    is_file = bool(out.suffix)
    outputs = [(out, files)] if is_file else [(_beside(out, f, options), [f]) for f in files]
    clear_leftovers(path for path, _ in outputs)
    tally = Tally(notes=notes)
    for path, group in outputs:
        _write(path, group, options, tally)
    lone = {value: name for value, name in tally.wanted.items() if not tally.by_class[name]}
    tally.notes += note_absent(lone, files)
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


def _check(files: Sequence[Path], out: Path, options: VectoriseOptions) -> None:
    """Refuse what does not go together before any work."""
    if out.suffix and out.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"expected an output ending {', '.join(ENDINGS)}, or a folder; got {out.name}",
            do="choose GeoParquet, GeoPackage or GeoJSON",
        )
    if options.crs is not None:
        try:
            Transformer.from_crs(LONLAT, options.crs, always_xy=True)
        except ProjError as error:
            raise UsageError(
                f"expected a CRS on the Earth, such as EPSG:4326; got {options.crs}"
            ) from error
        form = ENDINGS[out.suffix.lower()] if out.suffix else options.format
        if form == "geojson" and not same_crs(options.crs, LONLAT):
            raise UsageError(
                f"expected no CRS for GeoJSON, which is always {LONLAT}; got {options.crs}",
                where="--crs",
                do="write .gpkg or .parquet, or leave --crs away",
            )
    for one in files if options.classes else ():
        _classes(one, options)
    given = options.probability
    if len(files) > 1 and given is not None and not given.is_dir():
        raise UsageError(
            f"expected a folder of probabilities for {len(files)} maps; got {given}",
            do=f"name them <map>{PROBABILITY}.tif in one folder",
        )
    names = Counter(scene_of(path) for path in files)
    twice = [name for name, count in names.items() if count > 1]
    if twice and not out.suffix:
        raise UsageError(
            f"expected maps of different names; got {', '.join(twice)} several times",
            do="write them into one file",
        )


def _beside(out: Path, path: Path, options: VectoriseOptions) -> Path:
    """Return the file of a map in a folder."""
    return out / f"{scene_of(path)}.{options.format}"


def _write(path: Path, maps: Sequence[Path], options: VectoriseOptions, tally: Tally) -> None:
    """Write the polygons of some maps into one file."""
    grounds = [Ground(read_info(one)) for one in maps]
    crs = _common_crs(path, maps, grounds, options, tally)
    n_written = 0
    with polygon_file(path, crs, layer=options.layer) as file:
        for one, ground in zip(maps, grounds, strict=True):
            names, values = _classes(one, options)
            tally.wanted |= {value: names.get(value, str(value)) for value in values or ()}
            table = Table(
                ground=ground,
                crs=crs,
                names=names,
                scene=scene_of(one) if len(maps) > 1 else None,
                is_straightened=options.rectangular,
            )
            probability = find_probability(one, options.probability)
            made = make_features(one, ground, options, values=values, probability=probability)
            for features in in_batches(made):
                columns = table.columns(features, n_written + 1)
                file.write(columns, table.place(features))
                n_written += len(features.geometry)
                tally.add(columns, features.n_small)


def _classes(path: Path, options: VectoriseOptions) -> tuple[dict[int, str], list[int] | None]:
    """Return the names of a map's classes by value, and the values that are wanted."""
    names = dict(enumerate(options.names)) or read_names(path)
    return names, wanted_values(options.classes, names, path, are_own=not options.names)


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
