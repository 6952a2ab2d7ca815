"""Weights & Biases: one run at a time, our names alone; offline where no key is known."""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from landseer.errors import UsageError
from landseer.track.sink import Entry

_QUIET = {"WANDB_SILENT": "true", "WANDB_DISABLE_GIT": "true", "WANDB_DISABLE_CODE": "true"}
"""Set before wandb is imported, where they are not set."""

INSTALL = "pip install 'landseer[wandb]'"
"""What brings wandb."""


@dataclass(slots=True)
class WandbSink:
    """Weights & Biases as a tracker.

    Attributes:
        project, entity, mode: as in the recipe.
        folder: where runs are written that are not sent at once.
    """

    project: str
    entity: str | None
    mode: Literal["auto", "offline", "online"]
    folder: Path
    _entries: dict[str, Entry] = field(default_factory=dict)
    _steps: dict[str, int] = field(default_factory=dict)
    _open: Any = None

    @property
    def name(self) -> str:
        """Return its name, as in the recipe."""
        return "wandb"

    @property
    def where(self) -> str:
        """Return its address."""
        return f"{self.entity or ''}/{self.project}"

    def begin(self, entry: Entry, known: str | None) -> str:
        """Open a run, or an earlier one again, and return its id."""
        run = known or secrets.token_hex(8)
        self._entries[run] = entry
        self._run(run)
        return run

    def log(self, run: str, figures: Mapping[str, float], step: int) -> None:
        """Show figures of an epoch; those of an earlier one, which wandb would drop, go into the summary."""
        opened = self._run(run)
        if step <= self._steps.get(run, -1):
            opened.summary.update(dict(figures))
            return
        opened.log({**figures, "epoch": step}, step=step)
        self._steps[run] = step

    def keep(self, run: str, path: Path, folder: str) -> None:
        """Keep a copy of a file: pictures as pictures, weights as the run's model, all others as files."""
        wandb, opened = _import(), self._run(run)
        if path.suffix == ".png":
            opened.log({f"{folder}/{path.stem}".lstrip("/"): wandb.Image(str(path))})
            return
        kind = "model" if folder == "model" else "file"
        name = re.sub(r"[^\w.-]", "_", f"{opened.name}-{path.name}")
        artifact = wandb.Artifact(name, type=kind)
        artifact.add_file(str(path))
        opened.log_artifact(artifact)

    def end(self, run: str, *, failed: bool = False) -> None:
        """Close a run."""
        self._run(run).finish(exit_code=1 if failed else 0)
        self._open = None

    def _run(self, run: str) -> Any:
        """Return a run, opened; the one that was open is closed, for there is one at a time."""
        if self._open is not None and self._open.id == run:
            return self._open
        if self._open is not None:
            self._open.finish()
        entry = self._entries[run]
        self._open = _import().init(
            id=run, resume="allow", name=entry.title, group=entry.group, project=self.project,
            entity=self.entity, config=dict(entry.parameters), tags=[f"{k}:{v}" for k, v in entry.tags.items()],
            dir=str(self.folder), mode=self._mode(),
        )  # fmt: skip
        return self._open

    def _mode(self) -> str:
        """Return how wandb works: as told, else online where a key is known."""
        if self.mode != "auto":
            return self.mode
        known = os.environ.get("WANDB_MODE")
        return known or ("online" if os.environ.get("WANDB_API_KEY") else "offline")


def is_installed() -> bool:
    """Whether wandb is there to be imported."""
    return sys.modules.get("wandb") is not None or find_spec("wandb") is not None


def _import() -> Any:
    """Import wandb."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import wandb
    except ImportError as error:
        raise UsageError(
            f"expected wandb for track.wandb; it is not installed: {error}",
            where="track.wandb",
            do=INSTALL,
        ) from error
    return wandb
