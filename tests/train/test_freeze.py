"""Frozen stages stand still bit for bit, thaw when they should, and a killed training freezes as an unbroken one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from landseer.augment import AugmentConfig
from landseer.errors import StageError, UsageError
from landseer.losses import Dice
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.model import Model, build_model
from landseer.models.stages import encoder_stages
from landseer.models.swin import SWINS, SwinSize
from landseer.train import fit
from landseer.train.config import SGD, AdamW, EarlyStop, Freeze, Plateau, TrainConfig
from landseer.train.fit import fit_member
from landseer.train.freeze import stages_frozen
from landseer.train.job import Job
from landseer.train.objective import TargetLosses

from .conftest import BANDS, STATISTICS

JobMaker = Callable[..., Job]
ModelMaker = Callable[[], Model]
LOSSES = {"mask": TargetLosses((Dice(),))}
AUGMENT = AugmentConfig(d4=True, rotate_deg=20)
STEPS = (Freeze(stages=2, epochs=1), Freeze(stages=1, epochs=2))
ON_GPU = torch.cuda.is_available()
"""There only what is asked to be deterministic is the same bit for bit."""


def config(**changes: object) -> TrainConfig:
    values = {
        "epochs": 4, "batch_size": 4, "optimiser": AdamW(lr=3e-3, weight_decay=0.1),
        "precision": "fp32", "images": 0, "workers": 0, "deterministic": ON_GPU, "freeze": STEPS,
    }  # fmt: skip
    return TrainConfig(**(values | changes))  # type: ignore[arg-type]


def test_steps_follow_one_another() -> None:
    assert [stages_frozen(STEPS, epoch) for epoch in range(5)] == [2, 1, 1, 0, 0]
    assert stages_frozen((Freeze(stages=3),), 999) == 3 and stages_frozen((), 0) == 0
    with pytest.raises(ValidationError, match="every step but the last"):
        config(freeze=(Freeze(stages=2), Freeze(stages=1)))


def epoch_states(
    job: Job, model: Model, settings: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, torch.Tensor]]:
    """Train, and return the weights and statistics before training and after each epoch's last step."""

    def copy() -> dict[str, torch.Tensor]:
        return {key: tensor.clone() for key, tensor in model.network.state_dict().items()}

    states = [copy()]
    with monkeypatch.context() as patch:
        patch.setattr(fit.TrainingModule, "on_validation_epoch_start", _with(copy, states))
        fit_member(job, model, LOSSES, AUGMENT, settings)
    return states


def _with(
    copy: Callable[[], dict[str, torch.Tensor]], states: list[dict[str, torch.Tensor]]
) -> object:
    original = fit.TrainingModule.on_validation_epoch_start

    def before(self: fit.TrainingModule) -> None:
        states.append(copy())
        original(self)

    return before


def keys_of_stages(model: Model) -> list[set[str]]:
    """Return the keys of each stage's weights and of the buffers beside them."""
    encoder = model.network.encoder
    names = {id(weight): name for name, weight in encoder.named_parameters()}
    stages = [{names[id(w)] for w in stage} for stage in encoder_stages(model.network, 2)]
    parents = [{name.rpartition(".")[0] for name in stage} for stage in stages]
    return [
        {f"encoder.{key}" for key in encoder.state_dict() if key.rpartition(".")[0] in own}
        for own in parents
    ]


@pytest.mark.parametrize(
    "changes", [{}, {"optimiser": SGD(lr=0.1)}, {"accumulate": 2, "clip_norm": 1.0}]
)
def test_frozen_stages_stand_still_and_move_after_the_thaw(
    make_job: JobMaker,
    make_tiny_model: ModelMaker,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
) -> None:
    model = make_tiny_model()
    first, second, third = keys_of_stages(model)
    assert any("running_mean" in key for key in first)
    states = epoch_states(make_job(), model, config(**changes), monkeypatch)
    assert len(states) == 5
    for epoch, frozen in enumerate((first | second, first, first, set())):
        before, after = states[epoch], states[epoch + 1]
        moved = {key for key in before if not torch.equal(before[key], after[key])}
        assert not moved & frozen
        for stage in (first, second, third):
            assert stage <= frozen or len(stage & moved) > len(stage) / 2
        assert any(key.startswith("decoder") for key in moved) and "head.0.weight" in moved


def test_a_swin_freezes_too(make_job: JobMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SWINS, "swin_v2_b", SwinSize(8, (1, 1, 1, 1), (2, 2, 2, 2), window=4))
    network = ModelConfig(
        encoder="swin_v2_b", weights="none", decoder="fpn", decoder_channels=(32,)
    )
    model = build_model(
        PreprocessConfig(bands=("red", "nir")), network, BANDS, STATISTICS, 2, seed=1
    )
    states = epoch_states(make_job(), model, config(epochs=2), monkeypatch)
    for epoch, last in enumerate((3, 1)):
        moved = {
            k for k in states[epoch] if not torch.equal(states[epoch][k], states[epoch + 1][k])
        }
        numbers = {int(key.split(".")[2]) for key in moved if key.startswith("encoder")}
        assert numbers == set(range(last + 1, 8))


@pytest.mark.gpu
@pytest.mark.parametrize("ema_decay", [None, 0.9])
def test_a_killed_training_freezes_as_an_unbroken_one(
    make_job: JobMaker,
    make_tiny_model: ModelMaker,
    monkeypatch: pytest.MonkeyPatch,
    ema_decay: float | None,
) -> None:
    settings = config(
        schedule=Plateau(patience_epochs=0),
        ema_decay=ema_decay,
        early_stop=EarlyStop(patience_epochs=9),
    )
    whole, killed = make_job("whole"), make_job("killed")
    fit_member(whole, make_tiny_model(), LOSSES, AUGMENT, settings)
    original = fit.TrainingModule.training_step
    for dies_in in (1, 3):

        def dying(
            self: fit.TrainingModule, batch: object, batch_idx: int, dies_in: int = dies_in
        ) -> torch.Tensor:
            if self.current_epoch == dies_in and batch_idx == 1:
                raise KeyboardInterrupt
            return original(self, batch, batch_idx)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(fit.TrainingModule, "training_step", dying)
            with pytest.raises((KeyboardInterrupt, SystemExit, StageError)):
                fit_member(killed, make_tiny_model(), LOSSES, AUGMENT, settings)
    fit_member(killed, make_tiny_model(), LOSSES, AUGMENT, settings)
    left, right = (load_file(job.folder / "best.safetensors") for job in (whole, killed))
    assert all(torch.equal(tensor, right[key]) for key, tensor in left.items())


def test_more_stages_than_there_are_is_refused(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    with pytest.raises(UsageError, match="at most 3 stages"):
        fit_member(
            make_job(), make_tiny_model(), LOSSES, AUGMENT, config(freeze=(Freeze(stages=4),))
        )
