"""What a stage is: one step from files to files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from landseer.run.context import Run


@dataclass(frozen=True, slots=True)
class Stage:
    """One step from files to files.

    Inputs and outputs are files, folders or patterns (`folds/*/best.safetensors`) inside the run folder.

    Attributes:
        name: as on the command line.
        function: does the work; reads only `inputs`, the data and the recipe's `keys`.
        keys: the recipe keys that change its result.
        inputs: what it reads.
        outputs: what it writes.
        extra: further values its result depends on (e.g. the state of the data on disk).
        version: raised when the code changes what the stage writes.
        optional: what it writes for some data only.
    """

    name: str
    function: Callable[[Run], None]
    keys: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    extra: Callable[[Run], Any] | None = field(default=None)
    version: int = 1
    optional: tuple[str, ...] = ()
