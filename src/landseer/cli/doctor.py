"""`landseer doctor`: what this machine has, and what is missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform

import typer

from landseer.cli.verb import verb_app
from landseer.core.parallel import cpu_count

app = verb_app()

PACKAGES = ("torch", "timm", "segmentation-models-pytorch", "lightning", "rasterio", "geopandas")
OPTIONAL = {"tensorboard": "curves in TensorBoard: pip install 'landseer[tensorboard]'"}


@app.command()
def doctor() -> None:
    """Say what this machine has, and what is missing."""
    typer.echo(f"Python {platform.python_version()}, {cpu_count()} processors")
    for name in PACKAGES:
        typer.echo(f"{name} {importlib.metadata.version(name)}")
    for name, what in OPTIONAL.items():
        present = importlib.util.find_spec(name) is not None
        typer.echo(f"{name} {'is here' if present else f'is not here ({what})'}")
    typer.echo(_devices())


def _devices() -> str:
    """Say which devices torch sees."""
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        return "no GPU: everything runs on the processors"
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return "GPU: " + ", ".join(names)
