"""Compare two run folders on the samples that both held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np

from landseer.audit.components import connected_components
from landseer.core.parallel import parallel_map
from landseer.errors import DataError, UsageError
from landseer.metrics.confusion import Matrix, confusion_matrix
from landseer.raster.label import read_label
from landseer.recipe.load import load_recipe
from landseer.report.judged import judge_held_out
from landseer.report.versus_page import Side
from landseer.run.choose_stage import deciding_mask, held_samples
from landseer.run.context import Run, open_run
from landseer.run.model_stages import members_of, trainable
from landseer.select.selection import read_selection
from landseer.select.versus import Versus, compare_counts


@dataclass(frozen=True, slots=True)
class Held:
    """What one run held out: the run, its selection's reader of samples, and the rows by sample."""

    run: Run
    side: Side
    rows: gpd.GeoDataFrame
    groups: dict[str, str]


def compare_runs(
    folders: tuple[Path, Path], metric: str | None = None, *, resamples: int | None = None
) -> tuple[Versus, tuple[Side, Side]]:
    """Compare two runs, each sample as its fold was judged.

    Args:
        folders: run folders whose stage `select` is done.
        metric: the score that decides; None takes the first run's.
        resamples: of the bootstrap; None takes the first run's.

    Returns:
        The comparison, and what the page needs of both runs.

    Raises:
        FileReadError: a run has no selection, or a prediction is missing.
        UsageError: a run has no class mask that decides, or the metric is unknown.
        DataError: the runs share no sample, have other classes, or other labels.

    Edges: samples that one run alone held out are counted and left out. Groups that either run keeps together are
        drawn together.
    """
    first, second = (_open(folder) for folder in folders)
    if first.side.classes.names != second.side.classes.names:
        raise DataError(
            f"expected the same classes in both runs; got {', '.join(first.side.classes.names)} and "
            f"{', '.join(second.side.classes.names)}",
            where=folders[1],
        )
    config = first.run.recipe.select
    samples = [name for name in first.rows.index if name in second.rows.index]
    counts = count_side(first.side, samples), count_side(second.side, samples)
    found = compare_counts(
        counts,
        samples,
        _joined(first, second, samples),
        first.side.classes,
        metric or config.metric,
        resamples=resamples or config.resamples,
        level=config.level,
        seed=first.run.recipe.seed,
    )
    alone = len(first.rows) + len(second.rows) - 2 * len(samples)
    return replace(found, left_out=alone), (first.side, second.side)


def _open(folder: Path) -> Held:
    """Open a run folder and list what it held out."""
    if not (folder / "recipe.yaml").is_file():
        raise UsageError("expected a run folder with recipe.yaml; got none", where=folder)
    run = open_run(load_recipe(folder), folder)
    if deciding_mask(run) is None:
        raise UsageError(
            f"expected a run that a score of class masks decides; got {run.recipe.select.metric}",
            where=folder,
        )
    side = side_of(run)
    held = held_samples(side.rows)
    return Held(run, side, side.rows, dict(zip(held.samples, held.groups, strict=True)))


def side_of(run: Run) -> Side:
    """Return what reads a run's held-out samples as they were judged; its stage `select` is done."""
    selection, members = read_selection(run.path("selection.json")), members_of(run)
    frame = trainable(run)
    frame = frame[frame["fold"].isin({member.fold for member in members})]
    return Side(
        name=run.recipe.name,
        bands=run.bands,
        classes=run.classes,
        selection=selection,
        oof=run.path(f"oof/{selection.tta}/seed{members[0].seed}"),
        rows=frame.set_index("sample", drop=False),
    )


def _joined(first: Held, second: Held, samples: Sequence[str]) -> list[str]:
    """Return a group for each sample that keeps together what either run keeps together."""
    links = [
        (f"{number}{held.groups[name]}", name)
        for number, held in enumerate((first, second))
        for name in samples
    ]
    nodes = list(dict.fromkeys([*samples, *(group for group, _ in links)]))
    found = connected_components(nodes, links)
    return [found[name] for name in samples]


def count_side(side: Side, samples: Sequence[str]) -> Matrix:
    """Count the pixels of each sample as its fold was judged, (n, C, C)."""

    def one(name: str) -> Matrix:
        row = side.rows.loc[name]
        truth = read_label(Path(row["label"]), side.classes)
        _, decided = judge_held_out(side.selection, side.oof, name, int(row["fold"]))
        return confusion_matrix(truth, decided, len(side.classes))

    n = len(side.classes)
    counts = list(parallel_map(one, samples, label=f"read {side.name}"))
    return np.stack(counts) if counts else np.zeros((0, n, n), np.int64)
