"""Run the stages that are not up to date, in order."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from landseer.errors import StageError
from landseer.recipe.advice import advice
from landseer.run.context import Run, keep_recipe, locked
from landseer.run.hashes import FileHashes
from landseer.run.ledger import Ledger
from landseer.run.stage import Stage
from landseer.run.stages import STAGES, VERBS
from landseer.run.track import tracked

Check = Callable[[Run], object]
"""Raises what would stop the work later."""


def run_stages(
    run: Run, *, until: str = "report", checks: Mapping[str, Check] | None = None
) -> dict[str, Any]:
    """Run every stage up to one, leaving out those whose inputs did not change.

    Args:
        run: the run.
        until: the verb to reach: one of `VERBS`.
        checks: by the name of a stage, what is checked once it is done, before the next one starts.

    Returns:
        What was done: {stage: "done in 3.1 s" | "up to date"}, and the run folder.

    Raises:
        StageError: another process works in the folder, a stage left an output out, or the verb does not exist.
        LandseerError: as stages and checks do.

    Edges: a stage that fails or is stopped leaves no stamp, and is run again by the next call.
    """
    if until not in VERBS:
        raise StageError(f"expected one of the stages {', '.join(VERBS)}; got {until!r}")
    last = [stage.name for stage in STAGES].index(VERBS[until])
    for line in advice(run.recipe):
        sys.stderr.write(f"recipe: {line}\n")
    with locked(run), tracked(run, until):
        keep_recipe(run)
        ledger = Ledger(run, FileHashes(run.folder))
        done: dict[str, Any] = {}
        for stage in STAGES[: last + 1]:
            done[stage.name] = _run_one(stage, ledger)
            if checks and stage.name in checks:
                checks[stage.name](run)
        ledger.hashes.save()
    return {**done, "folder": str(run.folder)}


def _run_one(stage: Stage, ledger: Ledger) -> str:
    """Run one stage unless it is up to date."""
    key = ledger.key_of(stage)
    if ledger.is_current(stage, key):
        return "up to date"
    ledger.forget(stage)
    started = time.perf_counter()
    sys.stderr.write(f"{stage.name} …\n")
    stage.function(ledger.run)
    seconds = time.perf_counter() - started
    missing = ledger.missing(stage)
    if missing:
        raise StageError(f"expected stage {stage.name} to write {', '.join(missing)}, got nothing")
    ledger.note(stage, key, seconds)
    return f"done in {seconds:.1f} s"
