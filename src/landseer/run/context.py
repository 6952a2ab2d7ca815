"""The run folder, and what stages ask it for."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from landseer.adapters import config_bands, config_classes, config_references
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import clear_old_leftovers, write_text
from landseer.core.references import Reference
from landseer.errors import StageError, WriteError
from landseer.recipe.load import dump_recipe
from landseer.recipe.schema import Recipe

_IDLE_S = 3600.0
"""A hidden file that nobody has written to for so long is one that a killed process left."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its resolved recipe, its folder, and the file that the recipe was read from, where it is known."""

    recipe: Recipe
    folder: Path
    origin: Path | None = None

    def path(self, name: str) -> Path:
        """Return a path inside the run folder."""
        return self.folder / name

    def recipe_value(self, key: str) -> Any:
        """Return one value of the recipe as plain JSON; `train.batch_size` goes deeper."""
        value: Any = self.recipe.model_dump(mode="json")
        for part in key.split("."):
            value = value[part]
        return value

    @property
    def bands(self) -> tuple[Band, ...]:
        """All bands of the data's files."""
        return config_bands(self.recipe.data)

    @property
    def classes(self) -> ClassTable:
        """The class table of the data's labels."""
        return config_classes(self.recipe.data)

    @property
    def references(self) -> tuple[Reference, ...]:
        """What the data know besides class labels."""
        return config_references(self.recipe.data)


def open_run(recipe: Recipe, folder: Path | None = None, origin: Path | None = None) -> Run:
    """Make the run folder.

    Args:
        recipe: the recipe.
        folder: None takes `runs/NAME` below the current folder.
        origin: the file that the recipe was read from; `run.json` says of which commit it is.

    Raises:
        WriteError: the folder cannot be made.
    """
    place = Path(folder) if folder is not None else Path("runs") / recipe.name
    run = Run(recipe, place, origin)
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(
            f"expected a run folder that can be made; got: {error.strerror}",
            where=run.folder,
            do="choose another folder with --out",
        ) from error
    return run


def keep_recipe(run: Run) -> None:
    """Write the resolved recipe into the run folder, where it is not the same already."""
    text, kept = dump_recipe(run.recipe), run.path("recipe.yaml")
    if not kept.exists() or kept.read_text(encoding="utf-8") != text:
        write_text(kept, text)


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Hold the run folder for this process; the lock goes with the process, however it ends.

    Raises:
        StageError: another process is working in it.
        WriteError: the folder cannot be written.
    """
    try:
        file = run.path(".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise WriteError(f"could not write the file: {error.strerror}", where=run.folder) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise StageError(
                "expected the run folder for this process alone; got one that another process holds "
                f"({file.read().strip() or 'it does not say which'})",
                where=run.folder,
                do="wait for it, or choose another folder with --out",
            ) from error
        _sign(file)
        clear_old_leftovers(run.folder, _IDLE_S)
        yield


def _sign(file: TextIO) -> None:
    """Write into the lock which process holds it."""
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n")
    file.flush()
