"""`landseer doctor`: what this machine has, and what is missing."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
from pathlib import Path
from typing import Any

from landseer import __version__
from landseer.cli.verb import Json, emit, verb_app
from landseer.core.parallel import cpu_count

app = verb_app()

PACKAGES = ("torch", "timm", "segmentation-models-pytorch", "lightning", "rasterio", "geopandas")
OPTIONAL = {"tensorboard": "curves in TensorBoard: pip install 'landseer[tensorboard]'"}


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what this machine has, and what is missing."""
    found: dict[str, Any] = {
        "landseer": __version__,
        "python": platform.python_version(),
        "processors": cpu_count(),
        "memory_gb": _memory_gb(),
        **{name: _version(name) for name in PACKAGES},
        **{
            name: _version(name) if importlib.util.find_spec(name) else f"not here ({what})"
            for name, what in OPTIONAL.items()
        },
        "gpu": _devices(),
        "weights_cache": str(_weights_cache()),
    }
    emit(found, as_json=as_json)


def _version(package: str) -> str:
    """Return a package's version, or say that it is missing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing: install landseer again"


def _memory_gb() -> float:
    """Return the machine's memory."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)


def _weights_cache() -> Path:
    """Return the folder in which fetched weights are kept."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache/huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", home / "hub"))


def _devices() -> str:
    """Say which devices torch sees."""
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        return "none: everything runs on the processors"
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return ", ".join(names)
