"""What a stage is, and when it need not run again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landseer.core.files import hash_file, hash_value, read_json, write_json

if TYPE_CHECKING:
    from landseer.run.context import Run


@dataclass(frozen=True, slots=True)
class Stage:
    """One step from files to files.

    Attributes:
        name: as on the command line.
        function: does the work; reads only `inputs`, the data and the recipe's `keys`.
        keys: the recipe keys that change its result.
        inputs: files of the run folder that it reads.
        outputs: files of the run folder that it writes.
        extra: further values its result depends on (e.g. the state of the data on disk).
        version: raised when the code changes what the stage writes.
    """

    name: str
    function: Callable[[Run], None]
    keys: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    extra: Callable[[Run], Any] | None = field(default=None)
    version: int = 1


def key_of(stage: Stage, run: Run) -> str:
    """Return the hash of all that a stage's result depends on: 16 hex digits."""
    return hash_value(
        {
            "stage": stage.name,
            "version": stage.version,
            "recipe": {key: run.recipe_value(key) for key in stage.keys},
            "inputs": {name: _state(run.path(name)) for name in stage.inputs},
            "extra": stage.extra(run) if stage.extra is not None else None,
        }
    )


def _state(path: Path) -> str:
    """Return the content hash of a file, or of the names and contents in a folder."""
    if path.is_dir():
        return hash_value([(str(p.relative_to(path)), hash_file(p)) for p in _files(path)])
    return hash_file(path) if path.exists() else "missing"


def _files(folder: Path) -> list[Path]:
    """List the files of a folder that people or stages wrote."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))


def is_current(stage: Stage, run: Run) -> bool:
    """Say whether a stage's outputs are there and come from the inputs as they are now."""
    stamp = _stamp(stage, run)
    if not stamp.exists() or not all(run.path(name).exists() for name in stage.outputs):
        return False
    kept = read_json(stamp)
    if kept.get("key") != key_of(stage, run):
        return False
    return bool(kept.get("outputs") == output_states(stage, run))


def output_states(stage: Stage, run: Run) -> dict[str, str]:
    """Return the content hashes of a stage's outputs."""
    return {name: _state(run.path(name)) for name in stage.outputs}


def write_stamp(stage: Stage, run: Run, key: str, seconds: float) -> None:
    """Note that a stage ran, on what, and what it left."""
    write_json(
        _stamp(stage, run),
        {
            "stage": stage.name,
            "key": key,
            "seconds": round(seconds, 2),
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "outputs": output_states(stage, run),
        },
    )


def _stamp(stage: Stage, run: Run) -> Path:
    """Return the path of a stage's stamp."""
    return run.path(f".stages/{stage.name}.json")
