"""`landseer demo TASK`: make data, run the whole system, submit, score, and open on a report."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

SMALL_GEOPOSE = (
    "split.n_folds=3",
    "model.encoder=resnet10t",
    "model.weights=none",
    "model.decoder=unet",
    "model.depth=4",
    "model.decoder_channels=[64, 48, 32, 16]",
    "targets.agl.head={kind: plain, exact: true}",
    "targets.agl.weight=0.1",
    "targets.mag.head={kind: plain, exact: true}",
    "targets.mag.weight=0.05",
    "targets.direction.weight=2",
    "augment.crop_px=128",
    "augment.d4=false",
    "augment.rotate_deg=0",
    "train.epochs=24",
    "train.batch_size=8",
    "train.validate_every_epochs=8",
    "train.optimiser.lr=2.0e-3",
    "train.optimiser.weight_decay=0.01",
    "train.schedule={kind: onecycle, rise: 0.2}",
    "train.ema_decay=0.98",
    "train.eval_batch_size=16",
    "train.precision=auto",
)
"""What makes the geopose recipe small enough for two processors and a few minutes. A hundred tiles and few steps are
too little to learn directions under all turns and mirrors, so that pictures keep their attitude;
`benchmarks/ladder_geopose.py` says what that is worth."""


@dataclass(frozen=True, slots=True)
class Demo:
    """One task's demo.

    Attributes:
        small: overrides that make its recipe small.
        make: (folder, training tiles or None, test tiles or None, seed) -> summary of the data made there.
        judge: (run, data folder, output folder) -> what came out.
    """

    small: Sequence[str]
    make: Callable[[Path, int | None, int | None, int], Any]
    judge: Callable[[Any, Path, Path], dict[str, Any]]


@app.command()
def demo(
    task: Annotated[str, typer.Argument(help="One of: kelp, geopose.")] = "kelp",
    out: Annotated[Path, typer.Option(help="Folder of data, run and submission.")] = Path("demo"),
    train: Annotated[int | None, typer.Option(help="Training tiles: 160.")] = None,
    test: Annotated[
        int | None,
        typer.Option(help="Test tiles, of places never in training: kelp 80, geopose 40."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Root of all random numbers.")] = 42,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value laid over the small recipe.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make data, run the whole system on it, and open on a report."""
    if task not in DEMOS:
        raise UsageError(f"expected one of {', '.join(DEMOS)}; got {task!r}")
    started, chosen, data = time.perf_counter(), DEMOS[task], out / "data"
    made = chosen.make(data, train, test, seed)
    recipe_file = out / f"{task}.yaml"
    write_text(recipe_file, fill_template(task, name=f"{task}-demo", root=data.resolve()))
    recipe = room("recipe.load").load_recipe(recipe_file, [*chosen.small, *(set_ or ())])
    run = room("run.context").open_run(recipe, out / "run")
    room("run.runner").run_stages(run)
    sys.stderr.write("predict …\n")
    result = chosen.judge(run, data, out) | {
        "tiles": f"{made.n_train} for training, {made.n_test} of other places to be judged on",
        "report": str(run.path("report/index.html")),
        "minutes": round((time.perf_counter() - started) / 60, 2),
    }
    write_json(out / "result.json", result)
    emit(result, as_json=as_json)


def _settings(config: Any, **values: Any) -> Any:
    """Make a data set's settings from the options that were given."""
    given = {name: value for name, value in values.items() if value is not None}
    return room("cli.settings").make_settings(config, given)


def _make_kelp(data: Path, train: int | None, test: int | None, seed: int) -> Any:
    """Make coasts with kelp."""
    synth = room("synth")
    config = _settings(synth.KelpSynthConfig, train=train or 160, test=test or 80, seed=seed)
    return synth.make_kelp(data, config)


def _judge_kelp(run: Any, data: Path, out: Path) -> dict[str, Any]:
    """Predict the test side, pack it as the contest asks, score it against the hidden truth."""
    predictions, archive = out / "predictions", out / "submission" / "submission.tar"
    predict, submit, previews = room("predict"), room("submit"), room("submit.preview")
    options = predict.PredictOptions()
    predict.predict_files(run.path("model"), [data / "test_satellite"], predictions, options)
    rows = _test_rows(run)
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


def _make_geopose(data: Path, train: int | None, test: int | None, seed: int) -> Any:
    """Make four cities seen from the side."""
    settings, synth = room("synth.geopose_settings"), room("synth.geopose")
    config = _settings(
        settings.GeoposeSynthConfig, train=train or 160, test=test or 40, size_px=320, seed=seed
    )
    return synth.make_geopose(data, config)


def _judge_geopose(run: Any, data: Path, out: Path) -> dict[str, Any]:
    """Predict the test side, pack it as the contest asks, score each city against the hidden truth."""
    predictions, archive = out / "predictions", out / "submission" / "submission.tar.gz"
    predict, submit = room("predict"), room("submit")
    options = predict.PredictOptions(naming=run_naming(run))
    predict.predict_files(run.path("model"), [data / "test"], predictions, options)
    rows = _test_rows(run)
    sizes = {row.sample: (row.height, row.width) for row in rows.itertuples()}
    submit.pack_geopose(predictions, rows["sample"], archive, sizes=sizes)
    score = submit.score_paths(archive, data / "truth" / "test", "geopose-r2")
    return score.as_dict() | {"submission": str(archive)}


def run_naming(run: Any) -> Any:
    """Return how a run's data set names predictions."""
    return room("run.deliver").naming_of(run)


def _test_rows(run: Any) -> Any:
    """Return the rows of the test side."""
    tables = room("samples.table")
    return tables.usable(tables.read_samples(run.path("samples.parquet")), side="test")


DEMOS: dict[str, Demo] = {
    "kelp": Demo(SMALL, _make_kelp, _judge_kelp),
    "geopose": Demo(SMALL_GEOPOSE, _make_geopose, _judge_geopose),
}
"""Demos by task."""
