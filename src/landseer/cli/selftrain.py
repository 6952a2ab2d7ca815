"""`landseer selftrain RECIPE`: learn from samples without labels, in rounds, as far as true labels say it helps."""

from __future__ import annotations

from typing import Any

from landseer.cli.verb import Json, Overrides, RecipePath, RunFolder, emit, opened, room, verb_app

app = verb_app()


@app.command()
def selftrain(
    recipe: RecipePath,
    overrides: Overrides = None,
    out: RunFolder = None,
    as_json: Json = False,
) -> None:
    """Learn from samples without labels, in rounds, as far as true labels say it helps."""
    run = opened(recipe, overrides, out)
    found = room("run.selftrain").self_train(run)
    lines = [*found.notes, *(_line(one, found) for one in found.rounds)]
    lines.append(f"Best: round {found.best.number}, {found.best.folder}")
    lines.append(f"Written: {run.path('selftrain/rounds.csv')}")
    result = {**found.model_dump(mode="python"), "best": found.best.number}
    emit(result, as_json=as_json, text="\n".join(lines))


def _line(one: Any, found: Any) -> str:
    """Say what one round scored and brought."""
    text = f"Round {one.number}: {found.metric} {one.score:.4f} ({one.low:.4f} to {one.high:.4f})"
    gain = one.gain
    if gain is None or gain.value is None:
        return text
    ends = "" if gain.low is None else f" ({gain.low:+.4f} to {gain.high:+.4f})"
    used = f", {one.taught.chosen} of {one.taught.candidates} pseudo-labels"
    return f"{text}, gain {gain.value:+.4f}{ends}{used}"
