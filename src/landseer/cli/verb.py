"""What all verbs share: how their help looks, how they reach the system, and how they print."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="Recipe file or run folder.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Values laid over the recipe.")
]
RunFolder = Annotated[
    Path | None,
    typer.Option("--out", help="Run folder; left out: runs/NAME, or RECIPE where that is one."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]

HELP = {"help_option_names": ["-h", "--help"]}
"""What asks for help."""


def verb_app() -> typer.Typer:
    """Make the application that holds one verb."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=HELP)


def room(name: str) -> Any:
    """Import a part of the system when a verb starts to work, so that its help and usage errors come at once.

    Args:
        name: module below `landseer`, such as `run.runner`.
    """
    return importlib.import_module(f"landseer.{name}")


def opened(recipe: Path, overrides: Sequence[str] | None, out: Path | None) -> Any:
    """Open the run of a recipe, or of a run folder that stands for one.

    Args:
        recipe, overrides, out: as the verb was given them.

    Returns:
        The run (`run.context.Run`).

    Raises:
        LandseerError: the recipe is wrong, or the run folder cannot be made.
    """
    loaded = room("recipe.load").load_recipe(recipe, overrides or ())
    folder = out if out is not None or not recipe.is_dir() else recipe
    origin = None if recipe.is_dir() else recipe
    return room("run.context").open_run(loaded, folder, origin)


def emit(result: dict[str, Any], *, as_json: bool, text: str | None = None) -> None:
    """Print a result on stdout.

    Args:
        result: names and values.
        as_json: one JSON object, in which undefined figures are null.
        text: what people read instead; None prints one aligned line per figure.
    """
    if as_json:
        typer.echo(json.dumps(_plain(result), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        typer.echo(text if text is not None else aligned(result))


def aligned(result: dict[str, Any]) -> str:
    """Write one line per figure, the values below each other."""
    width = max((len(name) for name in result), default=0)
    return "\n".join(f"{name:<{width}}  {_shown(value)}" for name, value in result.items())


def _shown(value: Any) -> str:
    """Write one value for people."""
    if value is None:
        return "undefined"
    if isinstance(value, float):
        return "undefined" if math.isnan(value) else f"{value:.4f}".rstrip("0").rstrip(".")
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(item)}" for name, item in value.items()) or "none"
    return str(value)


def _plain(value: Any) -> Any:
    """Turn a value into what JSON knows."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float) else str(value)
