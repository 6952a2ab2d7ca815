"""What the ideas of the land-cover system are worth on made orthophotos, one change at a time.

    python benchmarks/ladder_landcover.py --out benchmarks/results/ladder_landcover.json [--variants 0 1 2]

Every variant is trained on the same windows and folds as `landseer demo landcover`. Out of fold: mean IoU of the five
classes, pooled over all pixels of windows whose orthophoto the member never saw, and the paired difference to the
first variant over the same resamples of orthophotos. New places: whole maps of orthophotos that no variant has seen.
Mean of batches: the same predictions as the published code scored them, batch by batch.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from landseer.cli.demo import DEMOS
from landseer.core.files import write_json, write_text
from landseer.core.memory import keep_freed_memory
from landseer.metrics.confusion import Matrix, confusion_matrix
from landseer.raster.label import read_label
from landseer.recipe.load import load_recipe
from landseer.recipe.template import fill_template
from landseer.report.judged import judge_held_out
from landseer.run.context import Run, open_run
from landseer.run.model_stages import members_of, trainable
from landseer.run.runner import run_stages
from landseer.run.versus import compare_runs
from landseer.select.selection import read_selection

BATCH = 16
"""Windows in a batch of the published training."""


@dataclass(frozen=True)
class Variant:
    """One rung: a name and what it changes."""

    name: str
    changes: tuple[str, ...]


BY_RARITY = ("weights={kind: balanced}", "train.sampler=weighted")
PYRAMID = ("model.depth=5", "model.decoder=pyramid", "model.decoder_channels=[128]")
VARIANTS = (
    Variant("the demo's recipe, windows drawn by rarity", ()),
    Variant("pyramid, head at stride 4", (*PYRAMID, "model.pyramid={stride: 4}")),
    Variant("pyramid, head at stride 32, as published", (*PYRAMID, "model.pyramid={stride: 32}")),
    Variant("the published loss", ("loss=[{kind: soft_ce, smoothing: 0.1, class_weights: [0.5, 1.5, 0.7, 1, 1.3]}]",)),
    Variant("z-score, as published", ("inputs.normalise={kind: zscore}",)),
    Variant("windows drawn evenly, as the recipe does", ("train.sampler=uniform",)),
    Variant("all classes drawn alike", ("weights={kind: balanced, power: 1}",)),
    Variant("drawn with replacement", ("train.sampler=weighted_random",)),
)  # fmt: skip


def main() -> None:
    """Run every variant and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("ladder_landcover"))
    parser.add_argument(
        "--out", type=Path, default=Path("benchmarks/results/ladder_landcover.json")
    )
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--variants", type=int, nargs="+", default=range(len(VARIANTS)))
    arguments = parser.parse_args()
    keep_freed_memory()
    data, demo = arguments.work / "data", DEMOS["landcover"]
    if not data.exists():
        demo.make(data, None, None, arguments.seed)
    recipe = arguments.work / "landcover.yaml"
    write_text(recipe, fill_template("landcover", name="ladder", root=data.resolve()))
    rows: list[dict[str, Any]] = []
    first = arguments.work / f"run{arguments.variants[0]}"
    for number in arguments.variants:
        variant, folder = VARIANTS[number], arguments.work / f"run{number}"
        _share_audit(first, folder)
        run = open_run(load_recipe(recipe, (*demo.small, *BY_RARITY, *variant.changes)), folder)
        run_stages(run, until="select")
        maps = demo.judge(run, data, arguments.work / f"maps{number}")
        rows.append(_row(variant, run, first, maps))
        write_json(arguments.out, {"metric": "iou_macro", "batch": BATCH, "rows": rows})
        print(rows[-1], flush=True)


def _share_audit(first: Path, folder: Path) -> None:
    """Copy the audit of the first variant: the stages find it up to date."""
    if folder == first or folder.exists() or not first.exists():
        return
    for name in ("audit", ".stages"):
        shutil.copytree(first / name, folder / name)


def _row(variant: Variant, run: Run, first: Path, maps: dict[str, Any]) -> dict[str, Any]:
    """Put together one variant's figures."""
    selection = read_selection(run.path("selection.json"))
    judged = selection.crossfit
    row = {
        "variant": variant.name,
        "oof": judged.value,
        "low": judged.low,
        "high": judged.high,
        "mean_of_batches": _mean_of_batches(_counts(run)),
        "new_places": maps["mIoU"],
        "new_places_classes": maps["IoU"],
    }
    if run.folder != first:
        whole = compare_runs((first, run.folder))[0].whole
        row |= {
            "difference": whole.difference,
            "difference_low": whole.low,
            "difference_high": whole.high,
        }
    return row


def _counts(run: Run) -> Matrix:
    """Count each held-out window as its fold was judged, (n, C, C)."""
    selection = read_selection(run.path("selection.json"))
    oof = run.path(f"oof/{selection.tta}/seed{members_of(run)[0].seed}")
    counts = [
        confusion_matrix(
            read_label(Path(row["label"]), run.classes),
            judge_held_out(selection, oof, row["sample"], int(row["fold"]))[1],
            len(run.classes),
        )
        for row in trainable(run).to_dict("records")
    ]
    return np.stack(counts)


def _mean_of_batches(counts: Matrix) -> float:
    """Return the mean over batches of the mean IoU of the classes that are in them, as torchmetrics forms it."""
    means = []
    for start in range(0, len(counts), BATCH):
        matrix = counts[start : start + BATCH].sum(0)
        union = matrix.sum(0) + matrix.sum(1) - np.diag(matrix)
        means.append(float(np.mean(np.diag(matrix)[union > 0] / union[union > 0])))
    return float(np.mean(means))


if __name__ == "__main__":
    main()
