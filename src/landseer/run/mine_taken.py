"""Empty samples that `landseer mine` found, as a recipe takes them: factors of the sampler, and added negatives."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from landseer.core.files import hash_value
from landseer.errors import FileReadError, RecipeError
from landseer.feed.source import Item
from landseer.run.context import Run
from landseer.train.job import Job

COLUMNS = ("sample", "fold", "factor", "verdict", "image", "gsd_m", "site")
"""Of `mine/weights.csv`: `fold` is empty where the factor holds for every fold; `image` is there for negatives that are
no labelled samples."""


def read_weights(path: Path) -> list[dict[str, str]]:
    """Read a list of mined samples.

    Raises:
        FileReadError: the file is missing, lacks columns, or a factor is no number above 0.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise FileReadError(
            f"expected a list of mined samples; got: {error}", where=path, do="run `landseer mine`"
        ) from error
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise FileReadError(
            f"expected columns {', '.join(COLUMNS)}; no {', '.join(missing)}", where=path
        )
    for row in rows:
        if not _is_factor(row["factor"]):
            raise FileReadError(
                f"expected a factor above 0 of {row['sample']}; got {row['factor']!r}", where=path
            )
    return rows


def with_mined(run: Run, job: Job, fold: int) -> Job:
    """Weigh a member's samples by what was mined, and add negatives.

    Args:
        run: the run; its recipe's `mine.mined` names the list, null leaves the job as it is.
        job: the member's training.
        fold: the fold that it does not see.

    Raises:
        FileReadError: the list cannot be read.
        RecipeError: the sampler does not look at weights.

    Edges: samples of the list that do not train this fold are left alone; an added negative weighs its factor times
        the mean weight of all.
    """
    rows = _rows(run, fold)
    if not rows:
        return job
    if run.recipe.train.sampler == "uniform":
        raise RecipeError(
            f"expected train.sampler weighted, for mined samples are weights; got {run.recipe.train.sampler}",
            where="mine.mined",
        )
    weights = np.ones(len(job.train)) if job.weights is None else job.weights.copy()
    factors = {row["sample"]: float(row["factor"]) for row in rows if not row["image"]}
    names = [job.source.items[position].sample for position in job.train]
    added = [row for row in rows if row["image"]]
    negatives = weights.mean() * np.array([float(row["factor"]) for row in added])
    first = len(job.source)
    return replace(
        job,
        source=job.source.plus([_negative(row) for row in added]) if added else job.source,
        train=(*job.train, *range(first, first + len(added))),
        weights=np.concatenate([weights * [factors.get(name, 1.0) for name in names], negatives]),
    )


def mined_state(run: Run, fold: int) -> dict[str, Any]:
    """Return what a member's weights depend on when mined samples are weighed; nothing otherwise."""
    rows = _rows(run, fold)
    return {"mined": hash_value(rows)} if rows else {}


def _rows(run: Run, fold: int) -> list[dict[str, str]]:
    """Return the rows of the list that hold for a fold."""
    if run.recipe.mine.mined is None:
        return []
    rows = read_weights(Path(run.recipe.mine.mined))
    return [row for row in rows if row["fold"] in ("", str(fold))]


def _negative(row: dict[str, str]) -> Item:
    """Describe a sample that holds nothing but the first class."""
    return Item(
        sample=row["sample"],
        image=Path(row["image"]),
        label=None,
        gsd_m=float(row["gsd_m"] or "nan"),
        site=row["site"],
        is_empty=True,
    )


def _is_factor(text: str) -> bool:
    """Tell whether a text is a number above 0."""
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False
