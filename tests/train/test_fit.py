"""A member: it learns, it can be killed at any time, and what does not matter changes nothing."""

from __future__ import annotations

import signal
from collections.abc import Callable

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from landseer.augment import AugmentConfig
from landseer.errors import StageError
from landseer.losses import Dice
from landseer.models.model import Model
from landseer.track.history import read_history
from landseer.train import fit
from landseer.train.config import (
    SGD,
    Adam,
    AdamW,
    Constant,
    Cosine,
    EarlyStop,
    OneCycle,
    Plateau,
    TrainConfig,
    WarmRestarts,
)
from landseer.train.fit import fit_member
from landseer.train.job import Job
from landseer.train.objective import TargetLosses

JobMaker = Callable[..., Job]
ModelMaker = Callable[[], Model]
LOSSES = {"mask": TargetLosses((Dice(),))}
AUGMENT = AugmentConfig(d4=True, rotate_deg=20, noise_std=0.05, crop_px=32)
ON_GPU = torch.cuda.is_available()
"""There only what is asked to be deterministic is the same bit for bit."""


def config(**changes: object) -> TrainConfig:
    values = {
        "epochs": 3,
        "batch_size": 4,
        "optimiser": AdamW(lr=3e-3),
        "precision": "fp32",
        "images": 0,
        "workers": 0,
        "deterministic": ON_GPU,
    }
    return TrainConfig(**(values | changes))  # type: ignore[arg-type]


def weights(job: Job) -> dict[str, torch.Tensor]:
    return load_file(job.folder / "best.safetensors")


def assert_equal_weights(a: Job, b: Job) -> None:
    left, right = weights(a), weights(b)
    assert left.keys() == right.keys()
    for name in left:
        assert torch.equal(left[name], right[name]), name


def test_a_member_learns_and_leaves_its_files(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    job = make_job()
    result = fit_member(
        job, make_tiny_model(), LOSSES, AUGMENT, config(epochs=16, ema_decay=0.9, images=1)
    )
    assert result["score"] > 0.85
    names = {path.name for path in job.folder.iterdir()}
    assert {"best.safetensors", "metrics.csv", "done.json", "images", "tensorboard"} <= names
    assert "last.ckpt" not in names
    assert len(list((job.folder / "images").glob("epoch_*.png"))) == 16
    history = read_history(job.folder / "metrics.csv")
    assert [row["epoch"] for row in history] == list(range(16))
    assert history[-1]["train/loss"] < history[0]["train/loss"]
    best = max(range(16), key=lambda epoch: history[epoch]["monitor"])
    assert result["epoch"] == best
    assert result["score"] == pytest.approx(history[best]["monitor"], abs=1e-5)


def test_a_finished_member_is_not_trained_again(
    make_job: JobMaker, make_tiny_model: ModelMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job()
    first = fit_member(job, make_tiny_model(), LOSSES, AUGMENT, config(epochs=1))
    monkeypatch.setattr(fit, "TrainingModule", None)
    assert fit_member(job, make_tiny_model(), LOSSES, AUGMENT, config(epochs=1)) == first


@pytest.mark.gpu
@pytest.mark.parametrize("changes", [{"workers": 3, "images": 1}])
def test_workers_cache_and_pictures_change_no_bit(
    make_job: JobMaker, make_tiny_model: ModelMaker, changes: dict[str, object]
) -> None:
    plain, other = make_job("plain"), make_job("other")
    fit_member(plain, make_tiny_model(), LOSSES, AUGMENT, config())
    fit_member(other, make_tiny_model(), LOSSES, AUGMENT, config(**changes))
    assert_equal_weights(plain, other)


def test_another_seed_gives_other_weights(make_job: JobMaker, make_tiny_model: ModelMaker) -> None:
    plain, other = make_job("plain"), make_job("other", seed=4)
    for job in (plain, other):
        fit_member(job, make_tiny_model(), LOSSES, AUGMENT, config(epochs=1))
    assert any(
        not torch.equal(a, b)
        for a, b in zip(weights(plain).values(), weights(other).values(), strict=True)
    )


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("schedule", "ema_decay"),
    [
        (OneCycle(), 0.99),
        (Cosine(warmup=0.2), None),
        (WarmRestarts(), None),
        (Plateau(patience_epochs=0), 0.99),
        (Constant(), None),
    ],
    ids=["onecycle+ema", "cosine", "restarts", "plateau+ema", "constant"],
)
def test_a_killed_training_goes_on_to_the_same_weights(
    make_job: JobMaker,
    make_tiny_model: ModelMaker,
    monkeypatch: pytest.MonkeyPatch,
    schedule: object,
    ema_decay: float | None,
) -> None:
    settings = config(
        epochs=4,
        schedule=schedule,
        ema_decay=ema_decay,
        accumulate=2,
        early_stop=EarlyStop(patience_epochs=3),
    )
    whole, killed = make_job("whole"), make_job("killed")
    fit_member(whole, make_tiny_model(), LOSSES, AUGMENT, settings)

    original = fit.TrainingModule.training_step

    def dying(self: fit.TrainingModule, batch: object, batch_idx: int) -> torch.Tensor:
        if self.current_epoch == 2 and batch_idx == 1:
            raise KeyboardInterrupt
        return original(self, batch, batch_idx)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(fit.TrainingModule, "training_step", dying)
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            fit_member(killed, make_tiny_model(), LOSSES, AUGMENT, settings)
        assert signal.getsignal(signal.SIGINT) is before, "a second one must work too"
    assert not (killed.folder / "done.json").exists()
    assert (killed.folder / "last.ckpt").exists()
    fit_member(killed, make_tiny_model(), LOSSES, AUGMENT, settings)
    assert_equal_weights(whole, killed)
    assert [row["epoch"] for row in read_history(killed.folder / "metrics.csv")] == [0, 1, 2, 3]


@pytest.mark.parametrize("optimiser", [AdamW(), Adam(), SGD()], ids=lambda o: o.kind)
def test_every_optimiser_trains(
    make_job: JobMaker, make_tiny_model: ModelMaker, optimiser: object
) -> None:
    job = make_job()
    result = fit_member(
        job,
        make_tiny_model(),
        LOSSES,
        AUGMENT,
        config(epochs=1, optimiser=optimiser, clip_norm=1.0),
    )
    assert np.isfinite(result["score"])


def test_norms_and_biases_do_not_decay(make_tiny_model: ModelMaker) -> None:
    from landseer.train.optimiser import parameter_groups

    decayed, kept = parameter_groups(make_tiny_model(), 0.1, decay_norms=False)
    assert decayed["weight_decay"] == 0.1
    assert kept["weight_decay"] == 0.0
    assert all(p.ndim > 1 for p in decayed["params"])
    assert all(p.ndim <= 1 for p in kept["params"])
    (both,) = parameter_groups(make_tiny_model(), 0.1, decay_norms=True)
    assert len(both["params"]) == len(decayed["params"]) + len(kept["params"])


def test_early_stop_ends_training(make_job: JobMaker, make_tiny_model: ModelMaker) -> None:
    job = make_job()
    stop = EarlyStop(patience_epochs=1, min_delta=1.0)
    fit_member(job, make_tiny_model(), LOSSES, AUGMENT, config(epochs=9, early_stop=stop))
    assert len(read_history(job.folder / "metrics.csv")) == 2


@pytest.mark.parametrize(("patience", "n_epochs"), [(1, 6), (3, 6), (4, 9)])
def test_patience_counts_epochs_not_scores(
    make_job: JobMaker, make_tiny_model: ModelMaker, patience: int, n_epochs: int
) -> None:
    job = make_job()
    stop = EarlyStop(patience_epochs=patience, min_delta=1.0)
    settings = config(epochs=30, early_stop=stop, validate_every_epochs=3)
    fit_member(job, make_tiny_model(), LOSSES, AUGMENT, settings)
    assert len(read_history(job.folder / "metrics.csv")) == n_epochs


def test_spoilt_weights_are_told_when_they_are_judged(
    make_job: JobMaker, make_tiny_model: ModelMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = fit.TrainingModule.validation_step

    def spoilt(self: fit.TrainingModule, batch: object, batch_idx: int) -> None:
        with torch.no_grad():
            next(self.model.network.parameters()).fill_(torch.nan)
        original(self, batch, batch_idx)  # type: ignore[arg-type]

    monkeypatch.setattr(fit.TrainingModule, "validation_step", spoilt)
    with pytest.raises(StageError, match="outputs of mask that are numbers") as caught:
        fit_member(make_job(), make_tiny_model(), LOSSES, AUGMENT, config(epochs=2))
    assert "epoch 1" in str(caught.value.where) and "train.optimiser.lr" in caught.value.do


def test_the_best_epoch_is_kept_not_the_last(
    make_job: JobMaker, make_tiny_model: ModelMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job()
    original = fit.TrainingModule.training_step

    def spoiling(self: fit.TrainingModule, batch: object, batch_idx: int) -> torch.Tensor:
        if self.current_epoch == 4:
            with torch.no_grad():
                for parameter in self.model.network.parameters():
                    parameter.zero_()
        return original(self, batch, batch_idx)  # type: ignore[arg-type]

    monkeypatch.setattr(fit.TrainingModule, "training_step", spoiling)
    result = fit_member(job, make_tiny_model(), LOSSES, AUGMENT, config(epochs=5))
    assert result["epoch"] < 4
    assert any(tensor.abs().sum() > 0 for tensor in weights(job).values())


def test_nothing_to_hold_out_is_said_so(make_job: JobMaker, make_tiny_model: ModelMaker) -> None:
    with pytest.raises(
        StageError, match="expected samples to train on and to hold out, got 8 and 0"
    ):
        fit_member(make_job(held_out=()), make_tiny_model(), LOSSES, AUGMENT, config())


def test_a_weighted_sampler_draws_by_weight(make_job: JobMaker) -> None:
    heavy = make_job(weights=np.array([1e-9] * 7 + [1.0]))
    loader = fit.Data(heavy, config(sampler="weighted", samples_per_epoch=6)).train_dataloader()
    assert {sample for batch in loader for sample in batch["samples"]} == {"7"}


def test_the_last_epoch_always_validates_and_others_show_no_old_score(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    job = make_job()
    settings = config(epochs=5, validate_every_epochs=2)
    fit_member(job, make_tiny_model(), LOSSES, AUGMENT, settings)
    history = read_history(job.folder / "metrics.csv")
    assert [row["epoch"] for row in history if "monitor" in row] == [1, 3, 4]
    assert all("train/loss" in row for row in history)


def test_a_loss_that_is_no_number_stops_with_the_samples_named(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    model = make_tiny_model()
    with torch.no_grad():
        next(model.network.parameters()).fill_(float("nan"))
    with pytest.raises(StageError, match="expected a loss that is a number, got nan") as caught:
        fit_member(make_job(), model, LOSSES, AUGMENT, config(epochs=1))
    assert "samples" in caught.value.where
