"""The whole geopose system on made cities: from a contest's files to a submission, and what is judged is what runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from landseer.core.files import hash_file, read_json
from landseer.predict import PredictOptions, load_model_folder, predict_files
from landseer.predict.oof import read_values
from landseer.raster.read import read_bands
from landseer.recipe.load import load_recipe
from landseer.recipe.template import fill_template
from landseer.run.context import Run, open_run
from landseer.run.deliver import naming_of
from landseer.run.model_stages import input_bands
from landseer.run.runner import run_stages
from landseer.samples.table import read_samples, usable
from landseer.select.selection import read_selection
from landseer.submit import pack_geopose, score_paths
from landseer.synth.geopose import make_geopose
from landseer.synth.geopose_settings import GeoposeSynthConfig

TINY = (
    "split={kind: group_kfold, n_folds: 2}",
    "model.encoder=test_resnet",
    "model.weights=none",
    "model.decoder=unet",
    "model.depth=3",
    "model.decoder_channels=[16, 16, 8]",
    "targets.agl.head={kind: simple, embedding: 8, gsd_cue: true}",
    "targets.mag.head={kind: plain, exact: true}",
    "augment.crop_px=64",
    "train.epochs=2",
    "train.batch_size=8",
    "train.precision=fp32",
    "train.images=1",
    "report.contact_sheet=4",
    "report.examples=2",
)
SIZE = 96


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cities") / "data"
    config = GeoposeSynthConfig(
        train=16, test=4, size_px=SIZE, cities=("ARG", "OMA"), tiles_per_place=2, image_format="png"
    )
    make_geopose(folder, config, workers=1)
    return folder


def start(data: Path, folder: Path) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "geopose.yaml").write_text(fill_template("geopose", name="tiny", root=data))
    return open_run(load_recipe(folder / "geopose.yaml", TINY), folder / "run")


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = start(data, tmp_path_factory.mktemp("run"))
    run_stages(run)
    return run


def test_every_file_of_a_run_is_there(run: Run) -> None:
    names = (
        "recipe.yaml", "samples.parquet", "audit/findings.csv", "statistics.json",
        "folds/fold0_seed0/best.safetensors", "folds/fold0_seed0/images/epoch_001_agl.png",
        "selection.json", "model/model.yaml", "report/index.html", "report/data/index.html",
    )  # fmt: skip
    assert [name for name in names if not run.path(name).exists()] == []


def test_scores_are_of_all_targets_and_say_how_sure_they_are(run: Run) -> None:
    selection = read_selection(run.path("selection.json"))
    assert selection.metric == "geopose_r2" and set(selection.sites) == {"ARG", "OMA"}
    for name in ("agl_r2", "mag_mae", "direction_error_deg", "scale_rmse", "flow_epe"):
        interval = selection.intervals[name]
        assert interval.low <= interval.high and np.isfinite(interval.value)
    assert selection.crossfit == selection.intervals["geopose_r2"]
    assert {one.choice for one in selection.comparisons} == {"tta", "baseline"}
    by_city = [selection.sites[city] for city in ("ARG", "OMA")]
    expected = np.mean([(city["agl_r2"] + city["flow_r2"]) / 2 for city in by_city])
    assert selection.crossfit.value == pytest.approx(expected)


def test_the_model_predicts_what_was_judged_out_of_fold(run: Run) -> None:
    spec, loaders = load_model_folder(run.path("model"))
    row = usable(read_samples(run.path("samples.parquet")), side="train").iloc[0]
    number = next(n for n, member in enumerate(spec.members) if member.fold == row["fold"])
    image = read_bands(Path(row["image"]), [band.index for band in input_bands(run)])
    x_bchw = torch.from_numpy(image.astype(np.float32))[None]
    model = loaders[number]()
    with torch.no_grad():
        values = model.values(x_bchw, torch.tensor([row["gsd_m"]], dtype=torch.float32))
    judged = read_values(run.path("oof/none/seed0"), row["sample"], model.quantities)
    for name, expected in judged.items():
        got = model.quantities[name].from_mean(model.quantities[name].to_mean(values[name]))
        np.testing.assert_allclose(got[0].numpy(), expected, rtol=1e-4, atol=1e-4)


def test_predictions_are_packed_and_scored_by_city(run: Run, data: Path, tmp_path: Path) -> None:
    options = PredictOptions(naming=naming_of(run), gsd_table=data / "metadata.csv", workers=0)
    summary = predict_files(run.path("model"), [data / "test"], tmp_path / "maps", options)
    assert summary.n_written == 4 and not summary.failures
    said = json.loads(next((tmp_path / "maps").glob("*_VFLOW.json")).read_text())
    assert 0 <= said["angle"] < 2 * np.pi and said["scale"] >= 0
    ids = usable(read_samples(run.path("samples.parquet")), side="test")["sample"]
    archive = tmp_path / "submission.tar.gz"
    pack_geopose(tmp_path / "maps", ids, archive)
    score = score_paths(archive, data / "truth" / "test", "geopose-r2").as_dict()
    assert np.isfinite(score["value"])


def test_a_second_run_gives_the_same(run: Run, data: Path, tmp_path: Path) -> None:
    again = start(data, tmp_path)
    run_stages(again, until="select")
    for name in ("statistics.json", "folds/fold0_seed0/best.safetensors"):
        assert hash_file(again.path(name)) == hash_file(run.path(name))
    assert read_json(again.path("selection.json")) == read_json(run.path("selection.json"))
