"""`landseer trees RECIPE`: trees on the same folds; is the network worth it here?"""

from __future__ import annotations

from landseer.cli.verb import Json, Overrides, RecipePath, RunFolder, emit, opened, room, verb_app

app = verb_app()


@app.command()
def trees(
    recipe: RecipePath,
    overrides: Overrides = None,
    out: RunFolder = None,
    as_json: Json = False,
) -> None:
    """Train boosted trees and a forest on the same folds: is the network worth it here?"""
    run = opened(recipe, overrides, out)
    work = room("run.trees")
    found = work.compare_with_trees(run)
    files = {name: str(path) for name, path in work.trees_files(run).items()}
    sentence = room("trees.result").verdict(found)
    model = room("trees.result").delivered_sentence(found)
    written = (f"Written: {path}" for path in files.values())
    text = "\n".join([sentence, model, *found.notes, *written])
    result = {"sentence": sentence, "model": model, **found.model_dump(mode="json"), "files": files}
    emit(result, as_json=as_json, text=text)
