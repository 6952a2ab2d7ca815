"""`landseer leak RECIPE`: say how much a random split would have flattered the score."""

from __future__ import annotations

from landseer.cli.verb import Json, Overrides, RecipePath, RunFolder, emit, opened, room, verb_app

app = verb_app()


@app.command()
def leak(
    recipe: RecipePath,
    overrides: Overrides = None,
    out: RunFolder = None,
    as_json: Json = False,
) -> None:
    """Train a small model under random and under grouped folds: how much does a random split flatter?"""
    run = opened(recipe, overrides, out)
    measured = room("run.leak")
    words = room("report.leak")
    found = measured.measure_leak(run)
    files = {name: str(path) for name, path in measured.leak_files(run).items() if path.exists()}
    text = "\n".join(
        [words.headline(found), *words.evidence(found), *(f"Written: {p}" for p in files.values())]
    )
    result = {"sentence": words.headline(found), **found.model_dump(mode="json"), "files": files}
    emit(result, as_json=as_json, text=text)
