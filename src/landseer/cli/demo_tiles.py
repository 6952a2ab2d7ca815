"""Demos of tiles, kelp and geocentric pose: what makes their recipes small, their data, and how they are judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landseer.cli.verb import room

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


def _say_tiles(made: Any) -> str:
    """Say how many tiles were made."""
    return f"{made.n_train} tiles for training, {made.n_test} of other places to be judged on"


@dataclass(frozen=True, slots=True)
class Demo:
    """One task's demo.

    Attributes:
        small: overrides that make its recipe small.
        make: (folder, training tiles or None, test tiles or None, seed) -> summary of the data made there.
        judge: (run, data folder, output folder) -> what came out.
        say: summary -> what was made, in words.
    """

    small: Sequence[str]
    make: Callable[[Path, int | None, int | None, int], Any]
    judge: Callable[[Any, Path, Path], dict[str, Any]]
    say: Callable[[Any], str] = _say_tiles


def demo_settings(config: Any, **values: Any) -> Any:
    """Make a data set's settings from the options that were given."""
    given = {name: value for name, value in values.items() if value is not None}
    return room("cli.settings").make_settings(config, given)


def make_kelp(data: Path, train: int | None, test: int | None, seed: int) -> Any:
    """Make coasts with kelp."""
    synth = room("synth")
    config = demo_settings(synth.KelpSynthConfig, train=train or 160, test=test or 80, seed=seed)
    return synth.make_kelp(data, config)


def judge_kelp(run: Any, data: Path, out: Path) -> dict[str, Any]:
    """Predict the test side, pack it as the contest asks, score it against the hidden truth."""
    predictions, archive = out / "predictions", out / "submission" / "submission.tar"
    predict, submit, previews = room("predict"), room("submit"), room("submit.preview")
    options = predict.PredictOptions()
    predict.predict_files(run.path("model"), [data / "test_satellite"], predictions, options)
    rows = test_rows(run)
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


def make_geopose(data: Path, train: int | None, test: int | None, seed: int) -> Any:
    """Make four cities seen from the side."""
    settings, synth = room("synth.geopose_settings"), room("synth.geopose")
    config = demo_settings(
        settings.GeoposeSynthConfig, train=train or 160, test=test or 40, size_px=320, seed=seed
    )
    return synth.make_geopose(data, config)


def judge_geopose(run: Any, data: Path, out: Path) -> dict[str, Any]:
    """Predict the test side, pack it as the contest asks, score each city against the hidden truth."""
    predictions, archive = out / "predictions", out / "submission" / "submission.tar.gz"
    predict, submit = room("predict"), room("submit")
    options = predict.PredictOptions(naming=run_naming(run))
    predict.predict_files(run.path("model"), [data / "test"], predictions, options)
    rows = test_rows(run)
    sizes = {row.sample: (row.height, row.width) for row in rows.itertuples()}
    submit.pack_geopose(predictions, rows["sample"], archive, sizes=sizes)
    score = submit.score_paths(archive, data / "truth" / "test", "geopose-r2")
    return score.as_dict() | {"submission": str(archive)}


def run_naming(run: Any) -> Any:
    """Return how a run's data set names predictions."""
    return room("run.deliver").naming_of(run)


def test_rows(run: Any) -> Any:
    """Return the rows of the test side."""
    tables = room("samples.table")
    return tables.usable(tables.read_samples(run.path("samples.parquet")), side="test")
