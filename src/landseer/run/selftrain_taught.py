"""What pseudo-labels a run's members learn from: the files that a round of self-training left in `labels/`."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

from landseer.core.files import hash_file, read_json
from landseer.feed.source import Item, SoftLabel
from landseer.models.model import Model
from landseer.models.store import load_member
from landseer.predict.oof import oof_path
from landseer.run.context import Run
from landseer.run.mine_taken import read_weights
from landseer.run.outside import training_files
from landseer.train.job import Job

MADE, CHOSEN = "made.json", "chosen.csv"
"""In the folder of a fold's pseudo-labels: what they were made by, and which of them teach."""


def labels_folder(run: Run, fold: int) -> Path:
    """Return where the pseudo-labels lie that teach a fold's members."""
    return run.path(f"labels/fold{fold}")


def taught_files(run: Run) -> Any:
    """Return the state of all that training reads outside `samples.parquet`; see `training_files`.

    Raises:
        FileReadError: the list of mined samples is missing, or none.

    Edges: without pseudo-labels and mined samples just that, so that stamps of ordinary runs stay as they are.
    """
    folds = sorted(int(path.parent.name[4:]) for path in run.path("labels").glob(f"fold*/{CHOSEN}"))
    mined = run.recipe.mine.mined
    if not folds and mined is None:
        return training_files(run)
    taught = [taught_state(run, fold) for fold in folds]
    return [training_files(run), taught, None if mined is None else _mined_state(Path(mined))]


def _mined_state(path: Path) -> str:
    """Return the hash of a list of mined samples that can be read."""
    read_weights(path)
    return hash_file(path)


def taught_state(run: Run, fold: int) -> dict[str, Any]:
    """Return what a member's weights depend on when pseudo-labels teach it; nothing otherwise."""
    folder = labels_folder(run, fold)
    if not (folder / CHOSEN).exists():
        return {}
    config = run.recipe.selftrain
    return {
        "pseudo_labels": {
            "made": read_json(folder / MADE),
            "chosen": hash_file(folder / CHOSEN),
            "mix": config.mix,
            "loss": config.loss,
            "weight": config.weight,
            "temperature": config.temperature,
            "least": config.pick.pixel_probability,
            "warm_start": config.warm_start,
        }
    }


def soft_label(run: Run, path: Path) -> SoftLabel:
    """Describe a pseudo-label as the recipe wants it learnt."""
    config = run.recipe.selftrain
    return SoftLabel(path, config.loss == "hard", config.pick.pixel_probability, config.temperature)


def with_pseudo_labels(run: Run, job: Job, fold: int) -> Job:
    """Add to a member's training the pseudo-labelled samples that were chosen for its fold.

    Args:
        run: the run; without `labels/` in its folder the job stays as it is.
        job: the training on true labels; positions are those of its source.
        fold: the fold that the member does not see.

    Edges: a sample whose label is not trusted is taken out of the labelled ones where its pseudo-label was chosen.
    """
    chosen = labels_folder(run, fold) / CHOSEN
    if not chosen.exists():
        return job
    with chosen.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    items = [
        Item(
            sample=row["sample"],
            image=Path(row["image"]),
            label=None,
            gsd_m=float(row["gsd_m"] or "nan"),
            site=row["site"],
            soft=soft_label(run, oof_path(chosen.parent, row["sample"])),
        )
        for row in rows
    ]
    replaced = {row["sample"] for row in rows}
    kept = [n for n, i in enumerate(job.train) if job.source.items[i].sample not in replaced]
    first = len(job.source)
    return replace(
        job,
        source=job.source.plus(items),
        train=tuple(job.train[n] for n in kept),
        weights=None if job.weights is None else job.weights[kept],
        soft=tuple(range(first, first + len(items))),
        mix=run.recipe.selftrain.mix,
        soft_weight=run.recipe.selftrain.weight,
    )


def start_warm(run: Run, member: str, model: Model) -> Model:
    """Give a student its teacher's weights, where a round of self-training left some to begin with."""
    start = run.path(f"labels/start/{member}.safetensors")
    return load_member(start, model) if start.exists() else model
