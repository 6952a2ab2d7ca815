"""`landseer tune RECIPE`: search the recipe's keys, and score what was found on folds that no trial saw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from landseer.cli.verb import Json, Overrides, RecipePath, RunFolder, emit, opened, room, verb_app

app = verb_app()

Trials = Annotated[
    int | None, typer.Option("--trials", min=1, help="Trials in all; left out: tune.trials.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes; left out: tune.workers.")
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Begin anew; left out: go on where the last call stopped.")
]
LrRange = Annotated[
    bool, typer.Option("--lr-range", help="Only test the learning rate, on one fold.")
]


@app.command()
def tune(
    recipe: RecipePath,
    overrides: Overrides = None,
    out: RunFolder = None,
    trials: Trials = None,
    workers: Workers = None,
    fresh: Fresh = False,
    lr_range: LrRange = False,
    as_json: Json = False,
) -> None:
    """Search the recipe's keys on some folds, and score what was found on the others."""
    given = {"tune.trials": trials, "tune.workers": workers}
    more = [f"{key}={value}" for key, value in given.items() if value is not None]
    run = opened(recipe, [*(overrides or ()), *more], out)
    if lr_range:
        _test_rate(run, as_json=as_json)
        return
    found = room("run.tune").tune(run, fresh=fresh)
    files = _files(found.folder, "best.yaml", "trials.csv", "rescore.json", "index.html")
    text = "\n".join([found.sentence(), *(f"Written: {path}" for path in files.values())])
    emit(_result(found) | {"files": files}, as_json=as_json, text=text)


def _result(found: Any) -> dict[str, Any]:
    """Return what a search found as plain values."""
    best, rescored = found.best, found.rescored
    states = [one.state for one in found.results]
    return {
        "sentence": found.sentence(),
        "metric": found.metric,
        "trial": best.number,
        "score": room("tune.trials").shown(best.value, found.metric),
        "values": best.values,
        "trials": {state: states.count(state) for state in dict.fromkeys(states)},
        "importance": dict(found.importance),
        "rescored": None if rescored is None else rescored.model_dump(mode="json"),
    }


def _test_rate(run: Any, *, as_json: bool) -> None:
    """Test the learning rate, and say what it found."""
    found = room("run.tune_lr").find_learning_rate(run)
    files = _files(run.path("tune"), "lr_range.json", "lr_range.png")
    text = "\n".join([found.sentence(), *(f"Written: {path}" for path in files.values())])
    result = {"sentence": found.sentence(), **found.summary(), "files": files}
    emit(result, as_json=as_json, text=text)


def _files(folder: Path, *names: str) -> dict[str, str]:
    """Return the files of these names that are there."""
    return {name: str(folder / name) for name in names if (folder / name).exists()}
