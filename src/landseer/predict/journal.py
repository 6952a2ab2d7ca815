"""The journal of a scene: finished strips on disk, so that a killed run goes on and ends in the same bytes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.files import atomic_path, read_json, write_json

FOLDER = ".landseer"
"""Hidden folder beside the maps that holds what is not finished."""

Arrays = dict[str, NDArray[Any]]

_KEY = "key.json"
_TRIES = 100


def folder_of(output: Path) -> Path:
    """Return where the journal of the scene lies that becomes this map."""
    return output.parent / FOLDER / output.stem


def open_folder(folder: Path) -> None:
    """Make the folder of a journal; whoever forgets the last of its neighbours takes the hidden folder away."""
    for _ in range(_TRIES):
        # FileExistsError: it was there, and is gone before mkdir looks whether it is a folder
        with suppress(FileNotFoundError, FileExistsError):
            folder.mkdir(parents=True, exist_ok=True)
            return
    folder.mkdir(parents=True, exist_ok=True)


def forget(folder: Path) -> None:
    """Throw a journal away, and the hidden folder where nothing else is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()


class Journal:
    """Strips of one scene in the making.

    Args:
        folder: of this scene alone; made when the first strip comes.
        key: all that the strips depend on; a journal of something else is thrown away.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self._key = folder, key
        if not self._is_mine():
            self.remove()

    def start(self) -> None:
        """Make the folder, and clear away what a run that was killed had not finished."""
        open_folder(self.folder)
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name.startswith("."):
                path.unlink()

    def strips(self) -> Iterator[tuple[int, Arrays]]:
        """Yield (first row, arrays) of the strips that are there, from the top without a gap."""
        row = 0
        while (path := self._path(row)).is_file():
            with np.load(path) as found:
                arrays = {name: found[name] for name in found.files}
            yield row, arrays
            row = int(arrays.pop(_STOP))

    def add(self, row: int, stop: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep a strip, whole or not at all.

        Raises:
            WriteError: the disk is full or the folder cannot be written.
        """
        if not (self.folder / _KEY).is_file():
            write_json(self.folder / _KEY, {"key": self._key})
        with atomic_path(self._path(row)) as temporary, temporary.open("wb") as file:
            every: dict[str, Any] = {**arrays, _STOP: np.int64(stop)}
            np.savez(file, **every)

    def remove(self) -> None:
        """See `forget`."""
        forget(self.folder)

    def rest(self) -> None:
        """Keep what is there for another run; see `forget` where no strip is."""
        if not self._path(0).is_file():
            self.remove()

    def _is_mine(self) -> bool:
        """Tell whether what is there is of this key."""
        try:
            return bool(read_json(self.folder / _KEY)["key"] == self._key)
        except (OSError, ValueError, KeyError):
            return False

    def _path(self, row: int) -> Path:
        """Return where a strip lies."""
        return self.folder / f"strip_{row:09d}.npz"


_STOP = "_stop"
