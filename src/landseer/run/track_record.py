"""`run.json`: on what a run ran, with which versions and machine, how often it was called and how long that took."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from landseer import __version__
from landseer.core.files import hash_value, read_json, write_json
from landseer.run.context import Run

LIBRARIES = (
    "numpy", "scipy", "torch", "torchvision", "timm", "segmentation-models-pytorch", "lightning", "safetensors",
    "rasterio", "pyproj", "shapely", "geopandas", "pyarrow", "pydantic", "matplotlib",
)  # fmt: skip
"""Whose versions can change a result."""

RECORD = "run.json"
"""Its name in the run folder."""

_MOST_CALLS, _GIT_S = 50, 10


@contextmanager
def recorded(run: Run, until: str) -> Iterator[None]:
    """Write `run.json` when a call begins, and again when it ends, well or not.

    Args:
        run: the run.
        until: the verb.
    """
    started, clock = _now(), time.perf_counter()
    path = run.path(RECORD)
    earlier = _earlier(path)
    outcome = "running"

    def write() -> None:
        call = {
            "until": until,
            "started": started,
            "seconds": round(time.perf_counter() - clock, 2),
            "outcome": outcome,
            "landseer": __version__,
        }
        calls = [*earlier.get("calls", []), call][-_MOST_CALLS:]
        write_json(path, describe(run, earlier) | {"calls": calls, "stages": stage_seconds(run)})

    write()
    try:
        yield
        outcome = "done"
    except BaseException as error:
        outcome = f"failed: {type(error).__name__}"
        raise
    finally:
        write()


def describe(run: Run, earlier: dict[str, Any]) -> dict[str, Any]:
    """Say on what a run runs.

    Args:
        run: the run.
        earlier: what `run.json` held.
    """
    found = git_state(run.origin) if run.origin is not None else None
    return {
        "name": run.recipe.name,
        "landseer": __version__,
        "python": platform.python_version(),
        "libraries": versions(),
        "recipe": {
            "hash": hash_value(run.recipe.model_dump(mode="json")),
            "file": str(run.origin) if run.origin is not None else _old(earlier, "file"),
            "git": found if run.origin is not None else _old(earlier, "git"),
        },
        "machine": machine(),
    }


def versions() -> dict[str, str | None]:
    """Return the installed versions of what can change a result."""
    found: dict[str, str | None] = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def machine() -> dict[str, Any]:
    """Describe the machine: name, system, processors, memory, graphics cards."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    gpus = range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    return {
        "name": socket.gethostname(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "memory_gb": round(pages / 2**30, 1),
        "gpus": [torch.cuda.get_device_name(number) for number in gpus],
    }


def git_state(file: Path) -> dict[str, Any] | None:
    """Return the commit of the folder that a file lies in, and whether the file differs from it; None without git."""
    if shutil.which("git") is None:
        return None
    commit = _git(file.parent, "rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git(file.parent, "status", "--porcelain", "--", file.name)
    return {"commit": commit, "recipe_changed": bool(changed)}


def stage_seconds(run: Run) -> dict[str, float]:
    """Return how long each stage took when it last ran."""
    stamps = sorted(run.path(".stages").glob("[!.]*.json"))
    return {path.stem: float(_earlier(path).get("seconds", 0.0)) for path in stamps}


def _git(folder: Path, *words: str) -> str | None:
    """Ask git something; None where it has no answer."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=_GIT_S, check=False
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _old(earlier: dict[str, Any], name: str) -> Any:
    """Return what an earlier call knew of the recipe's file."""
    return earlier.get("recipe", {}).get(name)


def _earlier(path: Path) -> dict[str, Any]:
    """Read a file of an earlier call; a damaged one is as good as none."""
    try:
        kept = read_json(path)
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _now() -> str:
    """Return the time, UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
