"""What ran on what: the stamps of a run's stages, and whether they still hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landseer.core.files import hash_value, read_json, write_json
from landseer.run.context import Run
from landseer.run.hashes import MISSING, FileHashes
from landseer.run.stage import Stage


@dataclass(slots=True)
class Ledger:
    """The stamps of one run.

    Attributes:
        run: the run.
        hashes: content hashes of its files.
        extras: what the stages' further values were when first asked for; a change in the midst of a run is
            noticed by the next one.
    """

    run: Run
    hashes: FileHashes
    extras: dict[Callable[[Run], Any], Any] = field(default_factory=dict)

    def key_of(self, stage: Stage) -> str:
        """Return the hash of all that a stage's result depends on: 16 hex digits."""
        return hash_value(
            {
                "stage": stage.name,
                "version": stage.version,
                "recipe": {key: self.run.recipe_value(key) for key in stage.keys},
                "inputs": {name: self.hashes.state(name) for name in stage.inputs},
                "extra": self._extra(stage.extra),
            }
        )

    def is_current(self, stage: Stage, key: str) -> bool:
        """Say whether a stage's outputs are there, as it left them, and come from what this key stands for."""
        kept = _read(self._stamp(stage))
        if kept is None or kept.get("key") != key:
            return False
        return not self.missing(stage) and kept.get("outputs") == self._outputs(stage)

    def missing(self, stage: Stage) -> list[str]:
        """List the outputs of a stage that should be there and are not."""
        states = self._outputs(stage)
        return [name for name in stage.outputs if states[name] == MISSING]

    def forget(self, stage: Stage) -> None:
        """Take a stage's stamp away, for from now on its outputs are in the making."""
        self._stamp(stage).unlink(missing_ok=True)

    def note(self, stage: Stage, key: str, seconds: float) -> None:
        """Write a stage's stamp: on what it ran, and what it left."""
        write_json(
            self._stamp(stage),
            {
                "stage": stage.name,
                "key": key,
                "seconds": round(seconds, 2),
                "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "outputs": self._outputs(stage),
            },
        )

    def _outputs(self, stage: Stage) -> dict[str, str]:
        """Return the states of a stage's outputs."""
        names = (*stage.outputs, *stage.optional)
        return {name: self.hashes.state(name) for name in names}

    def _extra(self, function: Callable[[Run], Any] | None) -> Any:
        """Return a stage's further values, worked out once."""
        if function is None:
            return None
        if function not in self.extras:
            self.extras[function] = function(self.run)
        return self.extras[function]

    def _stamp(self, stage: Stage) -> Path:
        """Return the path of a stage's stamp."""
        return self.run.path(f".stages/{stage.name}.json")


def _read(path: Path) -> dict[str, Any] | None:
    """Read a stamp; None where there is none, or a damaged one."""
    try:
        kept = read_json(path)
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None
