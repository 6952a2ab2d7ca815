"""The verbs that bring a recipe up to one stage differ in the stage alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from landseer.cli.verb import (
    Json,
    Overrides,
    RecipePath,
    RunFolder,
    aligned,
    emit,
    opened,
    room,
    verb_app,
)
from landseer.core.files import read_json


def stage_app(stage: str, summary: str) -> typer.Typer:
    """Make the verb that runs every stage up to this one, where its inputs changed."""
    app = verb_app()

    @app.command(help=summary)
    def command(
        recipe: RecipePath,
        overrides: Overrides = None,
        out: RunFolder = None,
        as_json: Json = False,
    ) -> None:
        run = opened(recipe, overrides, out)
        done = room("run.runner").run_stages(run, until=stage)
        found = _outcome(run.folder, stage)
        shown = found | {name: _sentence(score) for name, score in found.items() if name == "score"}
        emit(done | found, as_json=as_json, text=aligned(done | shown))

    return app


def _outcome(folder: Path, stage: str) -> dict[str, Any]:
    """Return what people want to know at the end: the honest score, and where model and report are."""
    if stage not in ("select", "report"):
        return {}
    chosen = read_json(folder / "selection.json")
    found: dict[str, Any] = {
        "score": {"metric": chosen["metric"], **chosen["crossfit"]},
        "model": str(folder / "model"),
    }
    return found | ({"report": str(folder / "report/index.html")} if stage == "report" else {})


def _sentence(score: dict[str, Any]) -> str:
    """Write the cross-fitted score for people."""
    figures = [score[name] for name in ("value", "low", "high")]
    value, low, high = ("undefined" if figure is None else f"{figure:.4f}" for figure in figures)
    return f"{score['metric']} {value} ({low} to {high} at {score['level']:.0%}; {score['counts']})"
