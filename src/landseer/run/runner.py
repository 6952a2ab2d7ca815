"""Run the stages that are not up to date, in order."""

from __future__ import annotations

import sys
import time
from typing import Any

from landseer.errors import StageError
from landseer.run.context import Run, locked
from landseer.run.stage import Stage, is_current, key_of, write_stamp
from landseer.run.stages import STAGES, VERBS


def run_stages(run: Run, *, until: str = "report") -> dict[str, Any]:
    """Run every stage up to one, leaving out those whose inputs did not change.

    Args:
        run: the run.
        until: the verb to reach: one of `VERBS`.

    Returns:
        What was done: {stage: "done in 3.1 s" | "up to date"}, and the run folder.

    Raises:
        StageError: a stage left an output out, or the verb does not exist.
    """
    if until not in VERBS:
        raise StageError(f"expected one of the stages {', '.join(VERBS)}; got {until!r}")
    last = [stage.name for stage in STAGES].index(VERBS[until])
    result: dict[str, Any] = {}
    with locked(run):
        for stage in STAGES[: last + 1]:
            result[stage.name] = _run_one(stage, run)
    return {**result, "folder": str(run.folder)}


def _run_one(stage: Stage, run: Run) -> str:
    """Run one stage unless it is up to date."""
    if is_current(stage, run):
        return "up to date"
    key, started = key_of(stage, run), time.perf_counter()
    sys.stderr.write(f"{stage.name} …\n")
    stage.function(run)
    seconds = time.perf_counter() - started
    missing = [name for name in stage.outputs if not run.path(name).exists()]
    if missing:
        raise StageError(f"expected stage {stage.name} to write {', '.join(missing)}, got nothing")
    write_stamp(stage, run, key, seconds)
    return f"done in {seconds:.1f} s"
