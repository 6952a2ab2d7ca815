"""Who is left out: rules and what a person decided, and a reason to audit again when that changes."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import geopandas as gpd

from landseer.audit.exclusions import (
    Decisions,
    apply_decisions,
    decided,
    read_decisions,
    write_exclusions,
)
from landseer.audit.suspects import exclude_suspects
from landseer.core.files import hash_file
from landseer.errors import RecipeError
from landseer.run.context import Run
from landseer.run.hashes import MISSING
from landseer.run.outside import data_state
from landseer.samples.findings import Finding

EXCLUSIONS = "audit/exclusions.csv"


def decisions_of(run: Run, samples: Collection[str]) -> Decisions:
    """Read the file at `quality.exclusions`; nothing where the recipe names none.

    Raises:
        RecipeError: it is a file that the run itself writes, and would overwrite.
        FileReadError, DataError: it cannot be read, or rows are at fault.
    """
    path = run.recipe.quality.exclusions
    if path is None:
        return {}
    if Path(path).resolve().is_relative_to(run.path("audit").resolve()):
        raise RecipeError(
            "expected a file of your own; got one that this run writes anew each time",
            where=f"quality.exclusions: {path}",
            do="copy it out of the run folder, edit the copy, and name that one",
        )
    return read_decisions(path, set(samples))


def set_aside(
    run: Run, frame: gpd.GeoDataFrame, decisions: Decisions
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Apply rules and decisions, and write `audit/exclusions.csv`.

    Returns:
        The table with `excluded` set, and what was found and done.
    """
    keep = decided(decisions, exclude=False)
    frame, found = exclude_suspects(frame, run.recipe.quality.suspects, keep)
    caught = {finding.sample: finding.what for finding in found[::-1]}
    frame, by_hand = apply_decisions(frame, decisions)
    write_exclusions(run.path(EXCLUSIONS), frame, decisions, caught)
    return frame, [*found, *by_hand]


def audit_files(run: Run) -> list[str]:
    """Return hashes of what the audit depends on outside the run folder: the data, and what a person decided."""
    path = run.recipe.quality.exclusions
    known = MISSING if path is None or not Path(path).is_file() else hash_file(path)
    return [data_state(run), known]
