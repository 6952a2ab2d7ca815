"""`landseer demo TASK`: make data, run the whole system, submit, score, and open on a report."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from landseer.cli.verb import Json, emit, room, verb_app
from landseer.core.files import write_json, write_text
from landseer.errors import UsageError
from landseer.recipe.template import fill_template

app = verb_app()

SMALL = (
    "split.n_folds=3",
    "model.encoder=resnet10t",
    "model.weights=none",
    "model.decoder_channels=[96, 64, 48, 32, 16]",
    "augment.crop_px=176",
    "train.epochs=6",
    "train.samples_per_epoch=160",
    "train.validate_every_epochs=2",
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
    test: Annotated[int, typer.Option(help="Test tiles, of places never in training.")] = 80,
    seed: Annotated[int, typer.Option(help="Root of all random numbers.")] = 42,
    as_json: Json = False,
) -> None:
    """Make data, run the whole system on it, and open on a report."""
    if task != "kelp":
        raise UsageError(f"expected kelp; got {task!r}")
    started = time.perf_counter()
    data = out / "data"
    synth = room("synth")
    values = {"train": train, "test": test, "seed": seed}
    config = room("cli.settings").make_settings(synth.KelpSynthConfig, values)
    made = synth.make_kelp(data, config)
    write_text(out / "kelp.yaml", fill_template("kelp", name="kelp-demo", root=data.resolve()))
    recipe = room("recipe.load").load_recipe(out / "kelp.yaml", SMALL)
    run = room("run.context").open_run(recipe, out / "run")
    room("run.runner").run_stages(run)
    result = _submit(run, data, out) | {
        "tiles": f"{made.n_train} for training, {made.n_test} of other places to be judged on",
        "report": str(run.path("report/index.html")),
        "minutes": round((time.perf_counter() - started) / 60, 2),
    }
    write_json(out / "result.json", result)
    emit(result, as_json=as_json)


def _submit(run: Any, data: Path, out: Path) -> dict[str, Any]:
    """Predict the test side, pack it as the contest asks, score it against the hidden truth."""
    sys.stderr.write("predict …\n")
    predictions, archive = out / "predictions", out / "submission" / "submission.tar"
    predict, submit, previews = room("predict"), room("submit"), room("submit.preview")
    options = predict.PredictOptions()
    predict.predict_files(run.path("model"), [data / "test_satellite"], predictions, options)
    tables = room("samples.table")
    rows = tables.usable(tables.read_samples(run.path("samples.parquet")), side="test")
    submit.pack_kelp(predictions, rows["sample"], archive)
    shown = [
        previews.PreviewRow(
            Path(row.image), predictions / f"{row.sample}_kelp.tif", gsd_m=row.gsd_m
        )
        for row in rows.head(10).itertuples()
    ]
    preview = archive.with_name("preview.png")
    previews.write_previews(shown, run.bands, run.classes, preview)
    score = submit.score_paths(archive, data / "truth" / "test_kelp", "kelp-dice")
    return {
        "kelp-dice": score.as_dict()["value"],
        "submission": str(archive),
        "preview": str(preview),
    }
