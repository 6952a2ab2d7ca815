"""The run folder, and what stages ask it for."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landseer.adapters import config_bands, config_classes
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import write_text
from landseer.errors import StageError
from landseer.recipe.load import dump_recipe
from landseer.recipe.schema import Recipe


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its resolved recipe and its folder."""

    recipe: Recipe
    folder: Path

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


def open_run(recipe: Recipe, folder: Path | None = None) -> Run:
    """Make the run folder and write the resolved recipe into it."""
    run = Run(recipe, Path(folder) if folder is not None else Path("runs") / recipe.name)
    run.folder.mkdir(parents=True, exist_ok=True)
    text = dump_recipe(recipe)
    kept = run.path("recipe.yaml")
    if not kept.exists() or kept.read_text(encoding="utf-8") != text:
        write_text(kept, text)
    return run


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Hold the run folder for this process.

    Raises:
        StageError: another process is working in it.
    """
    with run.path(".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StageError(
                "expected the run folder for this process alone, got one that another process holds",
                where=run.folder,
                do="wait for it, or choose another folder with --out",
            ) from error
        yield
