"""Which maps are meant, what they are called, and where their probabilities lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from landseer.core.address import split_address, with_window
from landseer.errors import FileReadError
from landseer.raster.opening import open_raster
from landseer.samples.schema import shorten

PROBABILITY = "_probability"
"""How the name of a map's probabilities ends."""

_SUFFIXES = (".tif", ".tiff", ".png", ".vrt")
_TAG = "LANDSEER_KEY"
"""Metadata by which the rasters of `landseer predict` are known."""
_BESIDE = ("_entropy", "_disagreement", "_flow", "_rectified")
"""How names of rasters of fractions end that `predict` writes beside class maps."""


def find_maps(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """List maps: files as they are, and of folders the rasters in them that can be class maps.

    Args:
        paths: files and folders.

    Returns:
        The maps, and a note on rasters that were skipped: those of fractions and those of several bands. What
        `landseer predict` writes beside its class maps is skipped without a word.

    Raises:
        FileReadError: a folder holds none, a raster in it cannot be read, or nothing was given.
    """
    found: list[Path] = []
    skipped: list[str] = []
    for path in map(Path, paths):
        if not path.is_dir():
            found.append(path)
            continue
        rasters = sorted(f for f in path.iterdir() if _is_raster(f))
        strange = {one: _why_not(one) for one in rasters}
        inside = [one for one, why in strange.items() if why is None]
        left = [f"{one.name} ({why})" for one, why in strange.items() if why]
        if not inside:
            came = shorten(left) if left else "none"
            raise FileReadError(
                f"expected class maps ({', '.join(_SUFFIXES)}); got {came}",
                where=path,
                do="name a file to take it though it is of decimals" if left else "",
            )
        found += inside
        skipped += left
    if not found:
        raise FileReadError("expected a map or a folder of maps; got nothing")
    if not skipped:
        return found, []
    return found, [f"skipped as no class map: {shorten(skipped)}; name a file to take it"]


def _is_raster(path: Path) -> bool:
    """Whether this is a raster and no probabilities, by its name."""
    is_raster = path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")
    return is_raster and not path.stem.endswith(PROBABILITY)


def _why_not(path: Path) -> str | None:
    """Say why a raster is no class map; nothing ("") where `predict` made it, None where it is one."""
    with open_raster(path) as dataset:
        count, kinds = dataset.count, set(dataset.dtypes)
        is_own, name = _TAG in dataset.tags(), dataset.descriptions[:1]
    is_fraction = any(not np.issubdtype(kind, np.integer) for kind in kinds)
    if is_own and (is_fraction or count > 1 or name != ("class",)):
        return ""
    if count > 1:
        return f"{count} bands"
    if is_fraction:
        return "" if path.stem.endswith(_BESIDE) else ", ".join(sorted(kinds))
    return None


def scene_of(path: Path) -> str:
    """Return the name of a map."""
    file, window = split_address(path)
    return file.stem if window is None else f"{file.stem}_r{window.row}_c{window.col}"


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
