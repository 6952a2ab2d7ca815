"""Class weights are counted on what trains, and targets that need no file of their own are learnt, in a tiny run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from landseer.core.files import read_json
from landseer.errors import DataError
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe
from landseer.run import model_stages
from landseer.run.choose_stage import choose
from landseer.run.context import Run, open_run
from landseer.run.data_stages import audit, list_samples, measure, split_samples
from landseer.run.leak_time import expected_seconds
from landseer.run.losses import losses_of, weighed_losses
from landseer.run.model_stages import Member, member_key, predict_out_of_fold, trainable
from landseer.run.runner import run_stages
from landseer.select.selection import read_selection
from landseer.train.fit import fit_member

N, SIDE = 6, 32
RECIPE = """\
name: tiny
data:
  adapter: folder
  root: data
  images: images/*.tif
  labels: labels/*.tif
  bands: [{name: red}]
  classes: [{name: Bare land, value: 0}, {name: roof, value: 1}]
same_place: {method: none}
split: {kind: group_kfold, n_folds: 2}
inputs: {bands: [red], normalise: {kind: range, low: 0, high: 255}}
model: {encoder: test_resnet, weights: none, depth: 3, decoder_channels: [8, 8, 8], activation: twin}
targets:
  mask:
    quantity: mask
    loss: [{kind: ce, class_weights: inverse_sqrt, half: softmax}, {kind: dice, half: sigmoid}]
  built: {quantity: presence, of: [mask], layers: [roof], loss: [{kind: focal}], weight: 0.1}
  gsd: {quantity: gsd, loss: [{kind: log_ratio}], weight: 0.5}
train: {epochs: 2, batch_size: 2, workers: 0, images: 0, freeze: [{stages: 1, epochs: 1}]}
select: {metric: iou_roof, tta: [none, "none@1,1.25"], resamples: 20}
"""


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Return a function that opens a run of six labelled images, each of its own share of roofs, up to its figures."""
    rng = np.random.default_rng(0)
    for n in range(N):
        label = np.zeros((SIDE, SIDE), np.uint8)
        label[: n + 1, :8] = 1
        label[-2:] = 255
        image = (60 + 120 * label[None] + rng.integers(0, 20, (1, SIDE, SIDE))).astype(np.uint8)
        place: dict[str, Any] = {
            "crs": "EPSG:32630",
            "transform": (0.5 + n / 10, 0, 5e5 + 99 * n, 0, -0.5 - n / 10, 6e6),
        }
        write_raster(tmp_path / f"data/images/{n}.tif", image, **place)
        write_raster(tmp_path / f"data/labels/{n}.tif", label, nodata=255, **place)
    (tmp_path / "tiny.yaml").write_text(RECIPE)

    def opened(*overrides: str) -> Run:
        run = open_run(
            load_recipe(tmp_path / "tiny.yaml", ["data.ignore=[255]", *overrides]), tmp_path / "run"
        )
        for stage in (list_samples, audit, split_samples, measure):
            stage(run)
        return run

    return opened


def pixels_of(samples: list[str], root: Path) -> NDArray[np.float64]:
    """Count the classes of labels anew, from their files."""
    labels = np.stack([read_bands(root / f"labels/{name}.tif") for name in samples])
    return np.array([(labels == value).sum() for value in (0, 1)], float)


def test_a_tiny_run_learns_everything_with_weights_of_what_trains(
    make_run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, seen = make_run(), []

    def spy(job: Any, model: Any, losses: Any, *more: Any, **named: Any) -> Any:
        seen.append((job, losses))
        return fit_member(job, model, losses, *more, **named)

    monkeypatch.setattr(model_stages, "fit_member", spy)
    model_stages.train_members(run)
    frame = trainable(run)
    assert len(seen) == 2
    for job, losses in seen:
        trained = list(frame["sample"].iloc[list(job.train)])
        assert len(trained) == 3
        expected = pixels_of(trained, tmp_path / "data") ** -0.5
        entropy, dice = losses["mask"].losses
        assert entropy.class_weights == pytest.approx(expected / expected.mean(), rel=1e-3)
        assert dice == losses_of(run)["mask"].losses[1]
        assert (losses["built"], losses["gsd"]) == (losses_of(run)["built"], losses_of(run)["gsd"])
    assert seen[0][1]["mask"] != seen[1][1]["mask"]
    scores = read_json(run.path("folds/fold0_seed0/done.json"))["scores"]
    assert np.isfinite([scores["iou_roof"], scores["gsd_mae"]]).all()
    predict_out_of_fold(run)
    choose(run)
    assert np.isfinite(read_selection(run.path("selection.json")).scores["gsd_mae"])


def test_rules_become_numbers_in_the_recipe_s_own_loss_and_in_the_time_of_a_leak(
    make_run: Callable[..., Run],
) -> None:
    run = make_run(
        "targets={}",
        "loss=[{kind: focal, class_weights: median_frequency}]",
        "model.activation=softmax",
    )
    rule: Any = weighed_losses(run, trainable(run))["mask"].losses[0]
    assert rule.class_weights[0] < 1 < rule.class_weights[1]
    assert expected_seconds(run) > 0


def test_without_labels_a_rule_has_nothing_to_count(make_run: Callable[..., Run]) -> None:
    run = make_run()
    frame = trainable(run).drop(columns=["class_bare_land_pixels", "class_roof_pixels"])
    with pytest.raises(DataError, match="expected pixels of some class in the training samples"):
        weighed_losses(run, frame)


@pytest.mark.parametrize(
    ("change", "is_other"), [("train.profile=3", False), ("train.freeze=[]", True)]
)
def test_a_member_is_trained_anew_for_what_changes_its_weights(
    make_run: Callable[..., Run], change: str, is_other: bool
) -> None:
    keys = [member_key(make_run(*more), Member(0, 0)) for more in ((), (change,))]
    assert (keys[0] != keys[1]) == is_other


def test_another_scaling_than_that_of_the_weights_is_told_before_training(
    make_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    network = "model={encoder: swin_v2_t, weights: 'satlas:sentinel2_swint_si_rgb', decoder: fpn}"
    for scaling, said in (("zscore", True), ("range, low: 0, high: 255", False)):
        run = make_run(
            network, "targets={}", "loss=[{kind: ce}]", f"inputs.normalise={{kind: {scaling}}}"
        )
        capsys.readouterr()
        run_stages(run, until="split")
        assert ("satlas:sentinel2_swint_si_rgb was trained with" in capsys.readouterr().err) == said
