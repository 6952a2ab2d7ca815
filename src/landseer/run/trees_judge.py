"""Trees judged as the network is: the same samples, folds, score and intervals, and both paired by group."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from landseer.report.versus_page import Side
from landseer.run.choose_stage import held_samples
from landseer.run.context import Run
from landseer.run.hashes import FileHashes
from landseer.run.ledger import Ledger
from landseer.run.model_stages import members_of
from landseer.run.stages import STAGES
from landseer.run.trees_folds import Folds
from landseer.run.versus import count_side
from landseer.select.choose import select
from landseer.select.selection import Selection, read_selection
from landseer.select.versus import Versus, compare_counts
from landseer.trees.config import ModelName


def judge_kind(folds: Folds, name: ModelName, rows: gpd.GeoDataFrame) -> Side:
    """Choose a threshold on the trees' out-of-fold predictions, and score every pixel, as stage `select` does.

    Args:
        folds, name: which trees.
        rows: of the sample table that folds hold out.

    Raises:
        LandseerError: as `select` does.
    """
    run = folds.run
    config = run.recipe.select.model_copy(
        update={"tta": ["none"], "weights": "equal", "vote": "soft"}
    )
    oof = {"none": {0: folds.oof(name)}}
    selection = select(rows, oof, run.classes, config, seed=run.recipe.seed)
    selection.write(run.path(f"trees/{name}/selection.json"))
    return _side(run, name, selection, folds.oof(name), rows)


def network_of(run: Run, rows: gpd.GeoDataFrame) -> tuple[Side | None, str]:
    """Return the run's network as it was judged, where stage `select` is up to date; else None and why."""
    ledger = Ledger(run, FileHashes(run.folder))
    stages = [stage for stage in STAGES if stage.name in ("train", "oof", "select")]
    if not run.path("selection.json").exists():
        return None, "no network of this run has been judged; `landseer select` does that"
    if not all(ledger.is_current(stage, ledger.key_of(stage)) for stage in stages):
        return (
            None,
            "the network of this run is older than its recipe or data; `landseer select` renews it",
        )
    selection = read_selection(run.path("selection.json"))
    oof = run.path(f"oof/{selection.tta}/seed{members_of(run)[0].seed}")
    return _side(run, "network", selection, oof, rows), ""


def _side(run: Run, name: str, selection: Selection, oof: Path, rows: gpd.GeoDataFrame) -> Side:
    """Name what a comparison needs of one of the two."""
    return Side(
        name=name,
        bands=run.bands,
        classes=run.classes,
        selection=selection,
        oof=oof,
        rows=rows.set_index("sample", drop=False),
    )


def compare(run: Run, sides: tuple[Side, Side]) -> Versus:
    """Compare two, each sample as its fold was judged, paired by group.

    Raises:
        LandseerError: as `compare_counts` does.
    """
    rows, recipe = sides[0].rows, run.recipe
    samples = list(rows["sample"])
    return compare_counts(
        (count_side(sides[0], samples), count_side(sides[1], samples)),
        samples,
        held_samples(rows).groups,
        run.classes,
        recipe.select.metric,
        resamples=recipe.select.resamples,
        level=recipe.select.level,
        seed=recipe.seed,
    )
