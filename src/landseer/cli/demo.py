"""`landseer demo TASK`: make data, run the whole system, submit, score, and open on a report."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from landseer.cli.verb import Json, emit, verb_app
from landseer.core.files import write_json, write_text
from landseer.errors import UsageError
from landseer.predict import PredictOptions, predict_files
from landseer.recipe.load import load_recipe
from landseer.recipe.template import fill_template
from landseer.run.context import Run, open_run
from landseer.run.runner import run_stages
from landseer.samples.table import read_samples, usable
from landseer.submit import pack_kelp, score_paths
from landseer.submit.preview import PreviewRow, write_previews
from landseer.synth import KelpSynthConfig, make_kelp

app = verb_app()

SMALL = (
    "split.n_folds=3",
    "model.encoder=resnet10t",
    "model.weights=none",
    "model.decoder_channels=[96, 64, 48, 32, 16]",
    "augment.crop_px=176",
    "train.epochs=6",
    "train.samples_per_epoch=192",
    "train.batch_size=16",
    "train.optimiser.lr=2.0e-3",
    "train.optimiser.weight_decay=0.01",
    "train.ema_decay=0.98",
    "select.tta=[none, flips]",
)
"""What makes the kelp recipe small enough for two processors and a few minutes."""


@app.command()
def demo(
    task: Annotated[str, typer.Argument(help="kelp")] = "kelp",
    out: Annotated[Path, typer.Option(help="Folder of data, run and submission.")] = Path("demo"),
    train: Annotated[int, typer.Option(help="Training tiles.")] = 160,
    test: Annotated[int, typer.Option(help="Test tiles, of places never in training.")] = 40,
    seed: Annotated[int, typer.Option(help="Root of all random numbers.")] = 42,
    as_json: Json = False,
) -> None:
    """Make data, run the whole system on it, and open on a report."""
    if task != "kelp":
        raise UsageError(f"expected kelp, got {task!r}")
    started = time.perf_counter()
    data = out / "data"
    made = make_kelp(data, KelpSynthConfig(train=train, test=test, seed=seed))
    write_text(out / "kelp.yaml", fill_template("kelp", name="kelp-demo", root=data.resolve()))
    run = open_run(load_recipe(out / "kelp.yaml", SMALL), out / "run")
    run_stages(run)
    result = _submit(run, data, out) | {
        "tiles": f"{made.n_train} for training, {made.n_test} of other places to be judged on",
        "report": str(run.path("report/index.html")),
        "minutes": round((time.perf_counter() - started) / 60, 2),
    }
    write_json(out / "result.json", result)
    emit(result, as_json=as_json)


def _submit(run: Run, data: Path, out: Path) -> dict[str, Any]:
    """Predict the test side, pack it as the contest asks, score it against the hidden truth."""
    sys.stderr.write("predict …\n")
    predictions = out / "predictions"
    predict_files(run.path("model"), [data / "test_satellite"], predictions, PredictOptions())
    rows = usable(read_samples(run.path("samples.parquet")), side="test")
    archive = out / "submission" / "submission.tar"
    pack_kelp(predictions, rows["sample"], archive)
    truth = data / "truth" / "test_kelp"
    shown = [
        PreviewRow(Path(row.image), predictions / f"{row.sample}_kelp.tif")
        for row in rows.head(10).itertuples()
    ]
    write_previews(shown, run.bands, run.classes, out / "submission" / "preview.png")
    return {
        "kelp-dice": score_paths(archive, truth, "kelp-dice").value,
        "submission": str(archive),
        "preview": str(out / "submission" / "preview.png"),
    }
