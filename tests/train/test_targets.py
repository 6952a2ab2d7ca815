"""A member of several targets: it learns them all, resumes bit for bit, and keeps its best epoch whatever the score."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from landseer.augment import AugmentConfig
from landseer.core.files import read_json
from landseer.feed.loader import make_batch
from landseer.feed.targets import (
    as_judged,
    derive_targets,
    make_evaluation,
    one_of,
    pick_targets,
)
from landseer.losses.value_config import Huber
from landseer.models.targets import TargetSpec
from landseer.track.history import read_history
from landseer.train import fit
from landseer.train.config import AdamW, EarlyStop, Plateau
from landseer.train.fit import fit_member
from landseer.train.module import TrainingModule
from landseer.train.objective import TargetLosses
from landseer.train.schedule import PlateauStepper

from .pose_world import (
    AUGMENT,
    CLASSES,
    LOSSES,
    ROUGH,
    SIDE,
    SPECS,
    JobMaker,
    assert_equal_weights,
    config,
    make_model,
    module_of,
)


@pytest.mark.gpu
def test_six_targets_are_learnt_at_once(make_pose_job: JobMaker) -> None:
    job = make_pose_job()
    result = fit_member(job, make_model(), LOSSES, AUGMENT, config(epochs=40))
    history = read_history(job.folder / "metrics.csv")
    taught = [name for name, one in LOSSES.items() if one.losses]
    for name in ("loss", *(f"loss_{name}" for name in taught)):
        first, last = (
            np.mean([row[f"train/{name}"] for row in part]) for part in (history[:3], history[-3:])
        )
        assert last < 0.7 * first, name
    assert "train/loss_px" not in history[0], "the fitted scale has no loss of its own"
    assert math.isfinite(history[-1]["val/loss"])
    scores = result["scores"]
    assert scores["tall_r2"] > 0.5 and scores["shift_r2"] > 0.4 and scores["flow_r2"] > 0.3
    assert scores["lean_error_deg"] < 30, "90 by chance"
    assert scores["iou_house"] > 0.5 and scores["there_iou_house"] == 1
    known = [item.references["scale"] for item in job.source.items if "scale" in item.references]
    assert scores["px_mae"] < np.abs(np.subtract(known[9:], np.mean(known[:9]))).mean()
    assert result["score"] == scores["geopose_r2"]
    assert result["score"] == pytest.approx(max(row["monitor"] for row in history), abs=1e-5)
    assert set(result["counts"]) == {"a", "b"} and np.array(result["matrix"]).sum() == 4 * SIDE**2


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("changes", "schedule"),
    [
        ({"balance": "uncertainty"}, {"ema_decay": 0.9}),
        (
            {"monitor": "tall_rmse"},
            {"schedule": Plateau(patience_epochs=0, factor=0.5), "validate_every_epochs": 2},
        ),
    ],
    ids=["uncertainty+ema", "plateau of an error"],
)
def test_a_killed_training_goes_on_to_the_same_weights(
    make_pose_job: JobMaker,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    schedule: dict[str, Any],
) -> None:
    settings = config(epochs=5, accumulate=2, early_stop=EarlyStop(patience_epochs=9), **schedule)
    whole, killed = make_pose_job("whole", **changes), make_pose_job("killed", **changes)
    augment = ROUGH
    fit_member(whole, make_model(), LOSSES, augment, settings)
    original = TrainingModule.training_step

    def dying(self: TrainingModule, batch: Any, batch_idx: int) -> torch.Tensor:
        if self.current_epoch == 2 and batch_idx == 1:
            raise KeyboardInterrupt
        return original(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingModule, "training_step", dying)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            fit_member(killed, make_model(), LOSSES, augment, settings)
    assert (killed.folder / "last.ckpt").exists() and not (killed.folder / "done.json").exists()
    fit_member(killed, make_model(), LOSSES, augment, settings)
    assert_equal_weights(whole, killed)
    one, two = (read_json(job.folder / "done.json") for job in (whole, killed))
    assert one | {"member": ""} == two | {"member": ""}
    histories = [read_history(job.folder / "metrics.csv") for job in (whole, killed)]
    assert [[(row["lr"], row["train/loss"]) for row in rows] for rows in histories[:1]] == [
        [(row["lr"], row["train/loss"]) for row in rows] for rows in histories[1:]
    ]


@pytest.mark.gpu
def test_workers_and_pictures_change_no_bit(make_pose_job: JobMaker) -> None:
    targets = SPECS | {"rough": TargetSpec(quantity="height", reference="coarse")}
    losses = LOSSES | {"rough": TargetLosses((Huber(),))}
    plain, other = make_pose_job("plain", targets=targets), make_pose_job("other", targets=targets)
    fit_member(plain, make_model(targets), losses, ROUGH, config())
    fit_member(other, make_model(targets), losses, ROUGH, config(workers=3, images=2))
    assert_equal_weights(plain, other)
    pictures = {path.name for path in (other.folder / "images").iterdir()}
    drawn = {f"epoch_002{name}.png" for name in ("", "_tall", "_shift", "_rough")}
    assert drawn | {"confusion.png"} <= pictures


def test_the_balance_of_uncertainty_is_learnt_and_does_not_decay(
    make_pose_job: JobMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[TrainingModule] = []
    original = fit._finish
    monkeypatch.setattr(
        fit,
        "_finish",
        lambda job, module, *rest: (seen.append(module), original(job, module, *rest))[1],
    )
    settings = config(epochs=4, optimiser=AdamW(lr=0.05, weight_decay=0.5, decay_norms=True))
    fit_member(make_pose_job(balance="uncertainty"), make_model(), LOSSES, AUGMENT, settings)
    factors = seen[0].loss.factors()
    fixed = {name: one.weight for name, one in LOSSES.items() if one.losses}
    assert factors.keys() == fixed.keys()
    assert all(abs(factors[name] / fixed[name] - 1) > 0.01 for name in fixed), factors
    groups = seen[0].configure_optimizers()["optimizer"].param_groups
    (own,) = [group for group in groups if any(p is seen[0].loss.s_t for p in group["params"])]
    assert own["weight_decay"] == 0


def test_without_augmentation_training_and_validation_compute_the_same_loss(
    make_pose_job: JobMaker,
) -> None:
    targets = SPECS | {"rough": TargetSpec(quantity="height", reference="coarse", typical=5.0)}
    losses = LOSSES | {"rough": TargetLosses((Huber(),))}
    job = make_pose_job(targets=targets)
    module = module_of(job, make_model(targets), losses, AugmentConfig(d4=False)).eval()
    module.log = module.log_dict = lambda *_, **__: None  # type: ignore[method-assign,assignment]
    batch = make_batch(job.source, [0, 3, 5])
    with torch.no_grad():
        trained = module.training_step(batch, 0)
        module.validation_step(batch, 0)
    torch.testing.assert_close(module._val_losses[0], trained)


def test_validation_counts_what_each_sample_alone_would_give(make_pose_job: JobMaker) -> None:
    job, model = make_pose_job(), make_model().eval()
    module = module_of(job, model)
    with torch.no_grad():
        module.validation_step(make_batch(job.source, [10, 11, 3]), 0)
        module.validation_step(make_batch(job.source, [12, 13]), 1)
        evaluation = make_evaluation(SPECS, CLASSES.names)
        slow: dict[str, Any] = {}
        for position in (10, 11, 3, 12, 13):
            batch = make_batch(job.source, [position])
            values = as_judged(model.quantities, model.values(batch["image"], batch["gsd_m"]))
            targets = derive_targets(pick_targets(batch["targets"], SPECS), SPECS, CLASSES.names)
            site = batch["sites"][0]
            slow[site] = slow.get(site, 0) + evaluation.count(one_of(targets, 0), one_of(values, 0))
    assert module.tally.keys() == slow.keys() == {"a", "b"}
    for site, counts in slow.items():
        np.testing.assert_allclose(module.tally[site], counts, rtol=1e-4, atol=1e-4)
    scores = module.scores()
    assert scores == evaluation.scores(np.stack(list(module.tally.values())), list(module.tally))


def test_an_undefined_score_is_worse_than_any(
    make_pose_job: JobMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error is below 0 as a score to be raised: neither 0 nor NaN may look better."""
    script = {0: 5.0, 1: float("nan"), 2: 3.0, 3: float("nan"), 4: 4.0}
    original = TrainingModule.scores

    def scores(self: TrainingModule) -> dict[str, float]:
        return original(self) | {"tall_rmse": script[self.current_epoch]}

    monkeypatch.setattr(TrainingModule, "scores", scores)
    job = make_pose_job(monitor="tall_rmse")
    settings = config(epochs=5, early_stop=EarlyStop(patience_epochs=3))
    result = fit_member(job, make_model(), LOSSES, AUGMENT, settings)
    assert result["epoch"] == 2
    history = read_history(job.folder / "metrics.csv")
    assert [row["monitor"] for row in history] == pytest.approx(
        [-5, np.nan, -3, np.nan, -4], nan_ok=True
    )
    assert [row["val/tall_rmse"] for row in history] == pytest.approx(
        list(script.values()), nan_ok=True
    )


def test_patience_ends_on_undefined_scores_too(
    make_pose_job: JobMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = TrainingModule.scores
    monkeypatch.setattr(
        TrainingModule,
        "scores",
        lambda self: original(self) | {"tall_rmse": math.nan if self.current_epoch else 2.0},
    )
    job = make_pose_job(monitor="tall_rmse")
    settings = config(epochs=9, early_stop=EarlyStop(patience_epochs=3))
    assert fit_member(job, make_model(), LOSSES, AUGMENT, settings)["epoch"] == 0
    assert len(read_history(job.folder / "metrics.csv")) == 4


@pytest.mark.parametrize("sign", [1, -1])
def test_a_plateau_is_one_whatever_the_sign_of_the_score(sign: int) -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    stepper = PlateauStepper(Plateau(patience_epochs=1, factor=0.5), optimiser)
    rates = []
    for epoch, value in enumerate([1.0, 1.0, 1.0, 1.01, 1.01, math.nan, 1.0]):
        stepper.step(epoch, value if sign > 0 else value - 3)
        rates.append(optimiser.param_groups[0]["lr"])
    assert rates == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_the_patience_of_a_plateau_counts_epochs() -> None:
    """Scores of every second epoch: after more than three epochs without a rise the rate falls, at the second score."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    stepper = PlateauStepper(Plateau(patience_epochs=3, factor=0.5), optimiser, every=2)
    rates = []
    for epoch in range(1, 11, 2):
        stepper.step(epoch, 1.0)
        rates.append(optimiser.param_groups[0]["lr"])
    assert rates == [1, 1, 0.5, 0.5, 0.25]


def test_a_plateau_looks_at_epochs_with_a_score_of_their_own(make_pose_job: JobMaker) -> None:
    settings = config(
        epochs=6, validate_every_epochs=2, schedule=Plateau(patience_epochs=0, factor=0.5)
    )
    job = make_pose_job(monitor="tall_rmse")
    fit_member(job, make_model(), LOSSES, AUGMENT, settings)
    history = read_history(job.folder / "metrics.csv")
    best, rate = -math.inf, settings.optimiser.lr
    for row in history:
        if "monitor" in row:
            rate, best = (rate if row["monitor"] > best else rate / 2), max(best, row["monitor"])
        assert row["lr"] == pytest.approx(rate)


def test_what_is_not_known_teaches_nothing(make_pose_job: JobMaker) -> None:
    """Sample 3 has neither scale nor angle: magnitudes and directions of it are unknown, the rest is not."""
    job = make_pose_job()
    module = module_of(job, make_model(), augment=AugmentConfig(d4=False))
    logged: dict[str, torch.Tensor] = {}
    module.log = lambda name, value, **_: logged.__setitem__(name, value)  # type: ignore[method-assign,assignment]
    module.log_dict = lambda values, **_: logged.update(values)  # type: ignore[method-assign,assignment]
    loss = module.training_step(make_batch(job.source, [3]), 0)
    loss.backward()
    assert logged["train/loss_lean"] == logged["train/loss_shift"] == 0
    assert logged["train/loss_tall"] > 0 and logged["train/loss_there"] > 0
    gradients = [p.grad for p in module.model.network.head_of("lean").parameters()]
    assert all(grad is None or not grad.any() for grad in gradients)
    assert all(
        grad is None or grad.isfinite().all() for grad in (p.grad for p in module.parameters())
    )


def test_a_target_may_be_called_as_the_ground_sample_distance(make_pose_job: JobMaker) -> None:
    targets = {"gsd_m": TargetSpec(quantity="gsd"), "tall": SPECS["tall"]}
    losses = {"gsd_m": TargetLosses((Huber(),)), "tall": LOSSES["tall"]}
    job = make_pose_job(targets=targets, monitor="gsd_m_mae")
    module = module_of(
        job, make_model(targets), losses, AugmentConfig(d4=False, zoom=(2, 2), zoom_probability=1)
    )
    _, moved, _, gsd_m = module._augmented(make_batch(job.source, [0, 1]))
    torch.testing.assert_close(moved["gsd_m"], torch.full((2,), 0.25))
    torch.testing.assert_close(gsd_m, torch.full((2,), 0.25))
    result = fit_member(job, make_model(targets), losses, AUGMENT, config(epochs=12))
    assert result["score"] < 0.3 and "matrix" not in result


def test_one_zoom_moves_all_targets_by_their_laws(make_pose_job: JobMaker) -> None:
    job = make_pose_job()
    augment = AugmentConfig(d4=False, zoom=(1.25, 1.25), zoom_probability=1)
    module = module_of(job, make_model(), augment=augment)
    batch = make_batch(job.source, [0, 1])
    _, moved, grids, gsd_m = module._augmented(batch)
    known = batch["targets"]
    torch.testing.assert_close(moved["px"], 1.25 * known["scale"])
    torch.testing.assert_close(moved["lean"], known["angle"])
    torch.testing.assert_close(gsd_m, torch.full((2,), 0.4))
    torch.testing.assert_close(
        moved["shift"], moved["tall"] * moved["px"][:, None, None], equal_nan=True
    )
    assert grids == {} and moved.keys() == SPECS.keys()
