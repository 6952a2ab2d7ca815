"""Steps of a training: accumulated ones are whole ones, a plateau lowers the rate, and their time is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file

from landseer.augment import AugmentConfig
from landseer.feed.source import Source, Tile
from landseer.losses.config import CrossEntropy, Dice
from landseer.metrics.scores import scores
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.decoders_config import ContextFpnOptions
from landseer.models.model import Model, build_model
from landseer.track.history import read_history
from landseer.train.config import SGD, AdamW, Constant, Plateau, TrainConfig
from landseer.train.fit import fit_member
from landseer.train.job import Job
from landseer.train.objective import TargetLosses
from landseer.train.profile import TABLE, TRACE

from .conftest import BANDS, CLASSES, STATISTICS

JobMaker = Callable[..., Job]
ModelMaker = Callable[[], Model]
LOSSES = {"mask": TargetLosses((CrossEntropy(),))}
AUGMENT = AugmentConfig(
    d4=True, crop_px=32
)  # a multiple of the stride: a layer norm of padding is ill-conditioned


def config(**changes: object) -> TrainConfig:
    values = {
        "epochs": 1, "batch_size": 4, "optimiser": AdamW(lr=3e-3), "precision": "fp32",
        "schedule": Constant(), "images": 0, "workers": 0, "deterministic": torch.cuda.is_available(),
    }  # fmt: skip
    return TrainConfig(**(values | changes))  # type: ignore[arg-type]


def without_batch_statistics() -> Model:
    options = ContextFpnOptions(dropout=0, aspp_dropout=0)
    network = ModelConfig(
        encoder="test_convnext",
        weights="none",
        decoder="context_fpn",
        decoder_channels=(32,),
        context_fpn=options,
    )
    return build_model(
        PreprocessConfig(bands=("red", "nir")), network, BANDS, STATISTICS, 2, seed=1
    )


def trained(job: Job, **changes: object) -> dict[str, torch.Tensor]:
    settings = config(optimiser=SGD(lr=0.05, weight_decay=0), epochs=2, **changes)
    fit_member(job, without_batch_statistics(), LOSSES, AUGMENT, settings)
    return load_file(job.folder / "best.safetensors")


def test_two_accumulated_batches_are_one_of_twice_the_size(make_job: JobMaker) -> None:
    whole = trained(make_job("whole"), batch_size=8)
    halves = trained(make_job("halves"), batch_size=4, accumulate=2)
    unaccumulated = trained(make_job("other"), batch_size=4)
    start = {
        k: v for k, v in without_batch_statistics().state_dict().items() if v.is_floating_point()
    }
    moved = max(float((whole[key] - start[key]).abs().max()) for key in start)
    assert moved > 1e-3
    assert max(float((whole[key] - halves[key]).abs().max()) for key in start) < 1e-6
    assert max(float((whole[key] - unaccumulated[key]).abs().max()) for key in start) > 1e-4


def test_a_plateau_of_the_pooled_iou_lowers_the_rate(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    job = make_job(monitor="iou_macro")
    settings = config(
        epochs=7,
        optimiser=SGD(lr=1e-4, momentum=0, nesterov=False),
        schedule=Plateau(factor=0.1, patience_epochs=1, end_lr=2e-6),
    )
    result = fit_member(job, make_tiny_model(), LOSSES, AUGMENT, settings)
    rows = read_history(job.folder / "metrics.csv")
    best, waited, rate, expected = -1.0, 0, 1e-4, []
    for row in rows:
        expected.append(rate)
        waited = 0 if row["monitor"] > best else waited + 1
        best = max(best, row["monitor"])
        if waited > 1:
            rate, waited = max(rate * 0.1, 2e-6), 0
    assert [row["lr"] for row in rows] == pytest.approx(expected, rel=1e-4)
    assert expected[-1] < 1e-4
    pooled = scores(torch.tensor(result["matrix"]).numpy(), CLASSES.names)["iou_macro"]
    assert result["score"] == pytest.approx(float(pooled))
    assert pooled == pytest.approx(max(row["val/iou_macro"] for row in rows), abs=1e-5)


def test_waiting_and_computing_are_told_apart(
    make_job: JobMaker, make_tiny_model: ModelMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Source.read

    def slow(self: Source, position: int) -> Tile:
        time.sleep(0.2)
        return original(self, position)

    job, slower = make_job(), make_job("slow")
    fit_member(job, make_tiny_model(), LOSSES, AUGMENT, config())
    monkeypatch.setattr(Source, "read", slow)
    fit_member(slower, make_tiny_model(), LOSSES, AUGMENT, config())
    (row,), (late,) = (read_history(j.folder / "metrics.csv") for j in (job, slower))
    assert late["train/wait_s"] - row["train/wait_s"] > 0.1
    assert 0 < 2 * (row["train/wait_s"] + row["train/step_s"]) <= row["seconds"]


@pytest.mark.gpu
def test_a_profile_is_a_trace_and_a_table_and_changes_nothing(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    losses = {"mask": TargetLosses((Dice(),))}
    plain, timed = make_job("plain"), make_job("timed")
    fit_member(plain, make_tiny_model(), losses, AUGMENT, config(batch_size=2))
    fit_member(timed, make_tiny_model(), losses, AUGMENT, config(batch_size=2, profile=2))
    folder = timed.folder / "profile"
    assert {path.name for path in folder.iterdir()} == {TRACE, TABLE}
    names = [
        event.get("name", "") for event in json.loads((folder / TRACE).read_text())["traceEvents"]
    ]
    steps = [name for name in names if name.startswith("Optimizer.step")]
    assert len(steps) == 2
    assert "aten::convolution" in (folder / TABLE).read_text()
    left, right = (load_file(job.folder / "best.safetensors") for job in (plain, timed))
    assert all(torch.equal(tensor, right[key]) for key, tensor in left.items())
    assert not (plain.folder / "profile").exists()
