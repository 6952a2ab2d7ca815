"""The whole kelp system on made tiles: from raw files to a submission, twice."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from landseer.core.files import hash_file, read_json
from landseer.predict import (
    MemberSource,
    PredictOptions,
    load_model_folder,
    predict_files,
    save_model_folder,
)
from landseer.raster.read import read_bands
from landseer.recipe.load import load_recipe
from landseer.recipe.template import fill_template
from landseer.report.versus_page import build_versus_page
from landseer.run.context import Run, open_run
from landseer.run.runner import run_stages
from landseer.run.versus import compare_runs
from landseer.samples.table import read_samples, usable
from landseer.select.calibration_result import read_calibration
from landseer.select.selection import read_selection
from landseer.submit import pack_kelp, score_paths
from landseer.synth import KelpSynthConfig, make_kelp

TINY = (
    "split.n_folds=2",
    "split.strata=[has_kelp]",
    "model.encoder=test_resnet",
    "model.weights=none",
    "model.depth=3",
    "model.decoder_channels=[16, 16, 8]",
    "augment.crop_px=64",
    "train.epochs=2",
    "train.samples_per_epoch=16",
    "train.batch_size=8",
    "train.precision=fp32",
    "train.images=1",
    "select.tta=[none, flips]",
    "report.contact_sheet=4",
    "report.examples=2",
    f"train.deterministic={torch.cuda.is_available()}",
)
SIZE = 96


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kelp") / "data"
    make_kelp(folder, KelpSynthConfig(places=10, train=18, test=4, size_px=SIZE), workers=1)
    return folder


def start(data: Path, folder: Path) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kelp.yaml").write_text(fill_template("kelp", name="tiny", root=data))
    return open_run(load_recipe(folder / "kelp.yaml", TINY), folder / "run")


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = start(data, tmp_path_factory.mktemp("run"))
    run_stages(run)
    return run


@pytest.mark.gpu
def test_every_file_of_a_run_is_there(run: Run) -> None:
    names = (
        "recipe.yaml", "samples.parquet", "audit/findings.csv", "audit/pairs.csv",
        "audit/proof.json", "statistics.json", "folds/fold0_seed0/best.safetensors",
        "folds/fold1_seed0/metrics.csv", "selection.json", "calibration.json", "model/model.yaml",
        "model/members/fold0_seed0.safetensors", "report/index.html",
    )  # fmt: skip
    assert [name for name in names if not run.path(name).exists()] == []


@pytest.mark.gpu
def test_every_training_sample_has_one_out_of_fold_prediction(run: Run) -> None:
    samples = usable(read_samples(run.path("samples.parquet")), side="train")
    for tta in ("none", "flips"):
        found = {path.stem for path in run.path(f"oof/{tta}/seed0").glob("*.tif")}
        assert found == set(samples["sample"])


def test_no_place_is_on_two_sides(run: Run) -> None:
    samples = usable(read_samples(run.path("samples.parquet")), side="train")
    assert samples.groupby("group")["fold"].nunique().max() == 1
    assert read_json(run.path("audit/proof.json"))["cross_fold_pairs"] == 0


@pytest.mark.gpu
def test_a_second_run_has_nothing_to_do(run: Run) -> None:
    result = run_stages(run)
    assert {result[name] for name in result if name not in ("folder", "score")} == {"up to date"}


@pytest.mark.gpu
def test_the_same_recipe_gives_the_same_model_bit_for_bit(
    run: Run, data: Path, tmp_path: Path
) -> None:
    again = start(data, tmp_path)
    run_stages(again, until="select")
    names = ("statistics.json", "selection.json", "calibration.json", "model/model.yaml")
    for name in (*names, "model/members/fold1_seed0.safetensors"):
        assert hash_file(again.path(name)) == hash_file(run.path(name)), name


def test_the_calibrator_is_judged_across_folds_and_delivered(run: Run, tmp_path: Path) -> None:
    """Another calibrator is another model folder, and the same class map."""
    found = read_calibration(run.path("calibration.json"))
    kinds = [one.kind for one in found.judgements]
    assert kinds == ["none", "temperature", "vector", "isotonic"]
    assert found.n_samples == read_selection(run.path("selection.json")).n_samples
    other = tmp_path / "other"
    shutil.copytree(run.folder, other)
    kind = "vector" if found.kind == "temperature" else "temperature"
    changes = (f"calibrate.kind={kind}", "train.images=0")
    result = run_stages(open_run(load_recipe(other, changes), other), until="select")
    assert result["select"] == "up to date"
    image = read_samples(run.path("samples.parquet"))["image"].iloc[0]
    for name, folder in (("a", run.folder), ("b", other)):
        options = PredictOptions(probabilities=True)
        predict_files(folder / "model", [image], tmp_path / name, options)
    maps, other_maps = (sorted((tmp_path / name).glob("*.tif")) for name in "ab")
    is_probability = [path.stem.endswith("probability") for path in maps]
    assert sorted(is_probability) == [False, True]
    for path, same, probability in zip(maps, other_maps, is_probability, strict=True):
        assert (read_bands(path) == read_bands(same)).all() != probability
    spec, _ = load_model_folder(other / "model")
    assert spec.calibrator == read_calibration(other / "calibration.json").calibrator
    assert spec.calibrator is not None


def test_the_threshold_can_be_changed_without_training(run: Run, data: Path) -> None:
    before = run.path("folds/fold0_seed0/best.safetensors").stat().st_mtime_ns
    changed = load_recipe(run.folder, ("select.threshold=0.3", "train.images=0"))
    result = run_stages(open_run(changed, run.folder), until="select")
    assert result["train"] == result["oof"] == "up to date"
    assert result["select"] != "up to date"
    assert read_selection(run.path("selection.json")).threshold == 0.3
    assert run.path("folds/fold0_seed0/best.safetensors").stat().st_mtime_ns == before


def test_two_runs_are_compared_by_what_they_held_out(run: Run, tmp_path: Path) -> None:
    """Both pooled scores are those of the runs' own selections; against itself a run differs in nothing."""
    other = tmp_path / "other"
    shutil.copytree(run.folder, other)
    changes = ("select.threshold=0.2", "train.images=0")
    run_stages(open_run(load_recipe(other, changes), other), until="select")
    base = tmp_path / "base"
    shutil.copytree(other, base)
    again = ("select.threshold=0.7", "train.images=0")
    run_stages(open_run(load_recipe(base, again), base), until="select")
    found, sides = compare_runs((base, other), resamples=50)
    for folder, value in ((base, found.whole.first), (other, found.whole.second)):
        honest = read_selection(folder / "selection.json").crossfit
        assert value == pytest.approx(honest.value, nan_ok=True)
    samples = read_samples(other / "samples.parquet")
    assert len(found.samples) == len(usable(samples, "train"))
    assert found.n_groups == usable(samples, "train")["group"].nunique()
    build_versus_page(found, sides, tmp_path / "index.html", examples=2)
    page = (tmp_path / "index.html").read_text()
    assert "tiny (first) and tiny (second)" in page
    moved = [np.sign(pair.gained_px) for pair in found.samples]
    assert page.count(", what changed") == min(moved.count(1), 2) + min(moved.count(-1), 2) > 0
    same, _ = compare_runs((other, other), resamples=50)
    assert all(pair.gained_px == 0 for pair in same.samples)


def test_the_test_side_becomes_a_submission_with_a_score(
    run: Run, data: Path, tmp_path: Path
) -> None:
    summary = predict_files(
        run.path("model"), [data / "test_satellite"], tmp_path / "maps", PredictOptions()
    )
    assert (summary.n_written, len(summary.failures)) == (4, 0)
    ids = usable(read_samples(run.path("samples.parquet")), side="test")["sample"]
    pack_kelp(tmp_path / "maps", ids, tmp_path / "submission.tar", size_px=SIZE)
    with tarfile.open(tmp_path / "submission.tar") as archive:
        assert sorted(archive.getnames()) == sorted(f"{name}_kelp.tif" for name in ids)
    truth = data / "truth" / "test_kelp"
    result = score_paths(tmp_path / "submission.tar", truth, "kelp-dice")
    assert result.n_files == 4
    assert result.n_pixels == 4 * SIZE * SIZE


def test_the_model_folder_says_what_the_members_said_out_of_fold(
    run: Run, data: Path, tmp_path: Path
) -> None:
    """What was trained is what runs: one member's own prediction is the one that was judged."""
    spec, _ = load_model_folder(run.path("model"))
    member = spec.members[0]
    source = MemberSource(run.path("model") / member.file, member.fold, member.seed)
    plain = {"tta": "none", "calibrator": None}
    save_model_folder(tmp_path / "alone", spec.model_copy(update=plain), [source])
    samples = usable(read_samples(run.path("samples.parquet")), side="train")
    row = samples[samples["fold"] == member.fold].iloc[0]
    options = PredictOptions(probabilities=True)
    predict_files(tmp_path / "alone", [row["image"]], tmp_path / "maps", options)
    probability = read_bands(tmp_path / "maps" / f"{row['sample']}_kelp_probability.tif")[0]
    judged = read_bands(run.path(f"oof/none/seed{member.seed}/{row['sample']}.tif"))[0] / 65535
    inside = probability == probability
    assert abs(probability - judged)[inside].max() <= 1 / 65535
