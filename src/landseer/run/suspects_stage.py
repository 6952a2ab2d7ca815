"""Stage `suspects`: rank the labels that out-of-fold predictions contradict, with figures and pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

from landseer.core.files import atomic_path, write_json
from landseer.core.parallel import parallel_map
from landseer.report.suspects import look_at, write_picture
from landseer.run.context import Run
from landseer.run.model_stages import trainable
from landseer.select.selection import read_selection
from landseer.select.suspects import (
    EVIDENCE,
    FOLDER,
    TABLE,
    Held,
    Suspects,
    find_suspects,
    held_out,
)


def write_suspects(run: Run) -> None:
    """Stage `suspects`: compare, rank, and write the table, the evidence and the pictures.

    Nothing is left out by it: the table only proposes, and a person decides (`quality.exclusions`).
    """
    tta = read_selection(run.path("selection.json")).tta
    folders = [run.path(f"oof/{tta}/seed{seed}") for seed in run.recipe.train.seeds]
    held = held_out(trainable(run), folders)
    found = find_suspects(held, run.classes, run.recipe.suspects)
    shutil.rmtree(run.path(FOLDER), ignore_errors=True)
    _write_pictures(run, found, {one.sample: one for one in held})
    write_json(run.path(EVIDENCE), {**found.evidence, "tta": tta})
    with atomic_path(run.path(TABLE)) as temporary:
        found.table.to_csv(temporary, index=False)


def _write_pictures(run: Run, found: Suspects, held: dict[str, Held]) -> None:
    """Write the pictures of the most suspect, named by rank and sample."""

    def write(row: tuple[int, str, float, str]) -> None:
        rank, sample, score, reason = row
        look = look_at(held[sample], found, run.bands, run.classes)
        title = f"{rank}  {sample}  score {score:.3f}  {reason}"
        write_picture(picture_path(run, rank, sample), title, look, run.classes)

    top = found.table.head(run.recipe.suspects.pictures)
    columns = (top[name] for name in ("rank", "sample", "score", "reason"))
    for _ in parallel_map(write, list(zip(*columns, strict=True)), label="suspects, pictures"):
        pass


def picture_path(run: Run, rank: int, sample: str) -> Path:
    """Return where a suspect's picture lies."""
    return run.path(f"{FOLDER}/{rank:03d}_{sample.replace('/', '_')}.png")
