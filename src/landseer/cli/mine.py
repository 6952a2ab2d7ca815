"""`landseer mine RECIPE`: find empty samples that the model is wrong or sure about."""

from __future__ import annotations

from collections import Counter

from landseer.cli.verb import Json, Overrides, RecipePath, RunFolder, emit, opened, room, verb_app

app = verb_app()


@app.command()
def mine(
    recipe: RecipePath,
    overrides: Overrides = None,
    out: RunFolder = None,
    as_json: Json = False,
) -> None:
    """Find empty samples that the model is wrong or sure about, to train on them more or less."""
    run = opened(recipe, overrides, out)
    found = room("run.mine").mine(run)
    verdicts = Counter(one.verdict for one in found)
    result = {
        "judged": len(found),
        **{name: verdicts[name] for name in ("wrong", "sure", "unsure")},
        "worst": found[0].sample,
        "worst_px": found[0].wrong_px,
        "table": str(run.path("mine/mined.csv")),
        "weights": str(run.path("mine/weights.csv")),
    }
    emit(result, as_json=as_json)
