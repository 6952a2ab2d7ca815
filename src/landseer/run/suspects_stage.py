"""Stage `suspects`: rank labels or references that out-of-fold predictions contradict, with figures and pictures."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from landseer.core.files import atomic_path, write_json
from landseer.core.parallel import parallel_map
from landseer.report.suspects import look_at, write_picture
from landseer.report.value_pictures import write_value_picture
from landseer.report.value_views import show
from landseer.run.choose_stage import deciding_mask
from landseer.run.context import Run
from landseer.run.held_out import held_out_trial, reference_paths
from landseer.run.model_stages import trainable
from landseer.samples.table import read_samples
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
from landseer.select.value_suspects import find_value_suspects

Draw = Callable[[str, str, Path], None]
"""Sample, title and file -> a picture is written."""


def write_suspects(run: Run) -> None:
    """Stage `suspects`: compare, rank, and write the table, the evidence and the pictures.

    Labels are compared where a class mask decides, references of real values otherwise. Nothing is left out by it: the
    table only proposes, and a person decides (`quality.exclusions`).
    """
    tta = read_selection(run.path("selection.json")).tta
    is_mask = deciding_mask(run) is not None
    found, draw = _compare_labels(run, tta) if is_mask else _compare_values(run, tta)
    shutil.rmtree(run.path(FOLDER), ignore_errors=True)
    _write_pictures(run, found, draw)
    write_json(run.path(EVIDENCE), {**found.evidence, "tta": tta})
    with atomic_path(run.path(TABLE)) as temporary:
        found.table.to_csv(temporary, index=False)


def _compare_labels(run: Run, tta: str) -> tuple[Suspects, Draw]:
    """Rank labels, and say how one is drawn."""
    folders = [run.path(f"oof/{tta}/seed{seed}") for seed in run.recipe.train.member_seeds]
    held = held_out(trainable(run), folders)
    by_name: dict[str, Held] = {one.sample: one for one in held}
    found = find_suspects(held, run.classes, run.recipe.suspects)

    def draw(sample: str, title: str, path: Path) -> None:
        look = look_at(by_name[sample], found, run.bands, run.classes)
        write_picture(path, title, look, run.classes)

    return found, draw


def _compare_values(run: Run, tta: str) -> tuple[Suspects, Draw]:
    """Rank references, and say how one is drawn."""
    trial, held = held_out_trial(run)
    frame = read_samples(run.path("samples.parquet")).set_index("sample")
    paths = reference_paths(run, frame)
    found = find_value_suspects(trial, held, paths, run.recipe.suspects, tta)
    targets = found.table.set_index("sample")["target"]

    def draw(sample: str, title: str, path: Path) -> None:
        position, row = held.positions[held.samples.index(sample)], frame.loc[sample]
        about = Path(row["image"]), run.bands, float(row["gsd_m"])
        look = show(trial, position, tta, *about)
        write_value_picture(path, title, trial, look, targets[sample], found.evidence)

    return found, draw


def _write_pictures(run: Run, found: Suspects, draw: Draw) -> None:
    """Write the pictures of the most suspect, named by rank and sample."""

    def write(row: tuple[int, str, float, str]) -> None:
        rank, sample, score, reason = row
        title = f"{rank}  {sample}  score {score:.3f}  {reason}"
        draw(sample, title, picture_path(run, rank, sample))

    top = found.table.head(run.recipe.suspects.pictures)
    columns = (top[name] for name in ("rank", "sample", "score", "reason"))
    for _ in parallel_map(write, list(zip(*columns, strict=True)), label="suspects, pictures"):
        pass


def picture_path(run: Run, rank: int, sample: str) -> Path:
    """Return where a suspect's picture lies."""
    return run.path(f"{FOLDER}/{rank:03d}_{sample.replace('/', '_')}.png")
