"""What all verbs share: how their help looks and how they print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="Recipe file or run folder.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Values laid over the recipe.")
]
RunFolder = Annotated[
    Path | None, typer.Option("--out", help="Run folder; runs/NAME when left out.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def verb_app() -> typer.Typer:
    """Make the application that holds one verb."""
    return typer.Typer(add_completion=False, rich_markup_mode=None)


def emit(result: dict[str, Any], *, as_json: bool) -> None:
    """Print a result: one JSON object, or one aligned line per figure."""
    if as_json:
        typer.echo(json.dumps(result, indent=1, default=str))
        return
    width = max((len(name) for name in result), default=0)
    for name, value in result.items():
        shown = f"{value:.4f}" if isinstance(value, float) else value
        typer.echo(f"{name:<{width}}  {shown}")
