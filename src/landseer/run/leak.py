"""The leak meter: a small model under random and under grouped folds, and how far their scores lie apart."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np

from landseer.audit.pairs import read_pairs
from landseer.errors import StageError, UsageError
from landseer.models.targets import MASK
from landseer.report.leak import leak_figure
from landseer.run.context import Run, locked
from landseer.run.hashes import FileHashes
from landseer.run.leak_conclude import KINDS, Folds, conclude, nothing_to_leak
from landseer.run.leak_deal import (
    Ground,
    add_amount,
    exposure,
    grouped_folds,
    participants,
    random_folds,
    repeated_of,
    shared_ground,
)
from landseer.run.leak_memory import remembered
from landseer.run.leak_runs import (
    Small,
    bring_up,
    counts_of,
    hand_over,
    longest_side,
    small_recipe,
    train_all,
)
from landseer.run.ledger import Ledger
from landseer.run.runner import run_stages
from landseer.run.stages import STAGES
from landseer.samples.table import read_samples, write_samples
from landseer.samples.weights import weigh
from landseer.select.leak_result import Leak
from landseer.splits.strata import stratum_keys
from landseer.track.figures import save_figure


def measure_leak(run: Run) -> Leak:
    """Say how much a random split would have flattered the score of a recipe.

    The base run is brought up to its audit. Then a small model is trained under random and under grouped folds of
    equal sizes, on the same samples, with the same steps and first weights. Small runs that are there are taken up.

    Args:
        run: the base run; `leak/` in its folder takes everything.

    Returns:
        What was found; `leak/leak.json` and `leak/leak.png` hold the same.

    Raises:
        UsageError: the recipe has other targets than the class mask.
        StageError: there are fewer places than folds, or another process works in the folder.
        LandseerError: as the stages do.

    Edges: where no two samples share ground nothing is trained, and the result says so.
    """
    if not run.recipe.target_specs.keys() == {MASK}:
        raise UsageError(
            f"expected a recipe whose only target is the class mask; got {', '.join(run.recipe.targets)}",
            where="targets",
            do="leave `targets` away: the leak is measured with classes",
        )
    run_stages(run, until="audit")
    shared = Run(run.recipe, run.path("leak"))
    shared.folder.mkdir(parents=True, exist_ok=True)
    with locked(shared):
        rows, ground = _gather(run)
        result = _measure(run, shared, rows, ground) if ground.any() else nothing_to_leak(run, rows)
        result.write(shared.path("leak.json"))
        shared.path("leak.png").unlink(missing_ok=True)
        if result.whole is not None:
            save_figure(leak_figure(result), shared.path("leak.png"))
    _let_the_report_look(run)
    return result


def _gather(run: Run) -> tuple[gpd.GeoDataFrame, Ground]:
    """Return the samples that take part, and which of them share ground."""
    recipe = run.recipe
    frame = read_samples(run.path("audit/audited.parquet"))
    rows = participants(frame, recipe.leak.samples, recipe.seed)
    rows = add_amount(rows, run.classes.names)
    return rows, shared_ground(list(rows["sample"]), read_pairs(run.path("audit/pairs.csv")))


def _measure(run: Run, shared: Run, rows: gpd.GeoDataFrame, ground: Ground) -> Leak:
    """Deal, train and compare."""
    weights = run.recipe.weights
    weighted = rows.assign(fold=0, holdout=False, barred="", weight=1.0)
    write_samples(
        shared.path("samples.parquet"), weighted if weights is None else weigh(weighted, weights)
    )
    bring_up(shared, ("statistics",))
    dealt = [_deal(run, rows, ground, repeat) for repeat in range(run.recipe.leak.repeats)]
    smalls = [
        Small(kind, repeat, _small_run(run, rows, kind, repeat))
        for repeat in range(len(dealt))
        for kind in KINDS
    ]
    for small in smalls:
        hand_over(shared, small, dealt[small.repeat][small.kind])
    train_all(smalls)
    counted = {(small.kind, small.repeat): counts_of(small.run) for small in smalls}
    counts = np.stack(
        [np.stack([counted[kind, r] for r in range(len(dealt))], axis=1) for kind in KINDS], axis=1
    )
    memory = [remembered(small.run) for small in smalls if small.kind == "grouped"]
    return conclude(run, rows, ground, dealt, counts, np.sum(memory, axis=0))


def _small_run(run: Run, rows: gpd.GeoDataFrame, kind: str, repeat: int) -> Run:
    """Return one of the small runs."""
    recipe = run.recipe
    name = f"{recipe.name}-leak-{kind}-{repeat}"
    small = small_recipe(recipe, name, recipe.seed + repeat, longest_side(rows))
    return Run(small, run.path(f"leak/{kind}-{repeat}"))


def _deal(run: Run, rows: gpd.GeoDataFrame, ground: Ground, repeat: int) -> Folds:
    """Deal the samples both ways.

    Raises:
        StageError: a place would be on both sides of the grouped folds.
    """
    seed = run.recipe.seed + repeat
    strata = getattr(run.recipe.split, "strata", ())
    grouped, columns = grouped_folds(rows, run.recipe.leak.n_folds, strata, seed)
    if exposure(ground, grouped).any():
        raise StageError(
            "expected grouped folds to keep every place on one side; got pairs across folds",
            where="audit/pairs.csv",
            do="run `landseer audit` again",
        )
    cells = list(stratum_keys(rows, columns).values())[-1]
    return {"grouped": grouped, "random": random_folds(grouped, cells, repeated_of(ground), seed)}


def _let_the_report_look(run: Run) -> None:
    """Let the next `landseer report` write the page again, for it shows the leak."""
    ledger = Ledger(run, FileHashes(run.folder))
    for stage in STAGES:
        if stage.name == "report":
            ledger.forget(stage)


def leak_files(run: Run) -> dict[str, Path]:
    """Return where the result lies: `json` and `png`."""
    return {"json": run.path("leak/leak.json"), "png": run.path("leak/leak.png")}


__all__ = ["leak_files", "measure_leak"]
