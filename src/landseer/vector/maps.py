"""Which maps are meant, what they are called, and where their probabilities lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from landseer.core.address import split_address, with_window
from landseer.errors import FileReadError

PROBABILITY = "_probability"
"""How the name of a map's probabilities ends."""

_SUFFIXES = (".tif", ".tiff", ".png", ".vrt")


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
