"""Means of weights while a training goes on: equal to means made by hand, and the same after a kill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from torch import nn

from landseer.augment import AugmentConfig
from landseer.losses import Dice
from landseer.models.model import Model
from landseer.track.history import read_history
from landseer.train import fit
from landseer.train.averaging import equal_mean, swa_rate, swa_start
from landseer.train.config import AdamW, Ema, Swa, TrainConfig
from landseer.train.fit import fit_member, make_module
from landseer.train.job import Data, Job
from landseer.train.norms import retake_norms, running_norms
from landseer.train.objective import TargetLosses

LOSSES = {"mask": TargetLosses((Dice(),))}
AUGMENT = AugmentConfig(d4=True, noise_std=0.05)
ON_GPU = torch.cuda.is_available()
"""There only what is asked to be deterministic is the same bit for bit."""


def config(**changes: object) -> TrainConfig:
    values: dict[str, Any] = {
        "epochs": 4, "batch_size": 4, "optimiser": AdamW(lr=3e-3), "precision": "fp32", "images": 0,
        "workers": 0, "deterministic": ON_GPU,
    }  # fmt: skip
    return TrainConfig(**(values | changes))


class Recorder(fit.lightning.Callback):
    """Keep the weights and rates of every step, as they are in training."""

    def __init__(self) -> None:
        self.ends: list[dict[str, torch.Tensor]] = []
        self.rates: list[float] = []

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        self.rates.append(optimizer.param_groups[0]["lr"])

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *rest: Any) -> None:
        if rest[-1] + 1 == trainer.num_training_batches:
            state = pl_module.model.state_dict()
            self.ends.append({key: tensor.clone() for key, tensor in state.items()})


def test_swa_keeps_the_mean_of_its_epochs_weights(
    make_job: Callable[..., Job], make_tiny_model: Callable[[], Model]
) -> None:
    job, seen = make_job(monitor="accuracy"), Recorder()
    swa = Swa(start=0.5, lr=2e-3)
    settings = config(epochs=6, average=swa, keep_best=6)
    fit_member(job, make_tiny_model(), LOSSES, AUGMENT, settings, watchers=[seen])
    files = {path.name for path in job.folder.glob("best*.safetensors")}
    assert len(files) == 6
    expected = {
        name: torch.stack([end[name].double() for end in seen.ends[3:]]).mean(0)
        for name, _ in make_tiny_model().named_parameters()
    }
    states = [load_file(job.folder / name) for name in files]
    gaps = [max(float((state[n] - e).abs().max()) for n, e in expected.items()) for state in states]
    assert min(gaps) < 1e-6, "the mean of the last three epochs is among the kept ones"
    before = [
        max(float((state[n] - seen.ends[0][n]).abs().max()) for n in expected) for state in states
    ]
    assert min(before) == 0, "before SWA the weights themselves are kept"


def test_swa_has_a_rate_of_its_own(
    make_job: Callable[..., Job], make_tiny_model: Callable[[], Model]
) -> None:
    job, seen = make_job(), Recorder()
    swa = Swa(start=0.5, lr=2e-3, end_lr=1e-3, cycle_epochs=2)
    fit_member(
        job, make_tiny_model(), LOSSES, AUGMENT, config(epochs=6, average=swa), watchers=[seen]
    )
    assert seen.rates[6:] == pytest.approx(
        [1.75e-3, 1.5e-3, 1.25e-3, 1e-3, 1.75e-3, 1.5e-3], abs=1e-9
    )
    assert max(seen.rates[:6]) > 2e-3, "until then the recipe's schedule goes on"
    rows = read_history(job.folder / "metrics.csv")
    assert [row["lr"] for row in rows[3:]] == pytest.approx([1.5e-3, 1e-3, 1.5e-3])


def test_the_rate_and_the_start_by_themselves() -> None:
    assert swa_rate(Swa(), 0.1, 3.2) == 0.05
    assert swa_rate(Swa(lr=0.3, end_lr=0.1), 0.1, 1.0) == pytest.approx(0.1)
    assert swa_rate(Swa(lr=0.3, end_lr=0.1), 0.1, 1.5) == pytest.approx(0.2)
    assert [swa_start(Swa(start=s), 10) for s in (0.75, 0.5, 0.99)] == [8, 5, 9]
    assert swa_start(Swa(), 1) == 0


def test_equal_means_are_equal_and_counters_are_copied() -> None:
    rows = torch.arange(12.0).reshape(4, 3)
    mean, counter = torch.zeros(3), torch.zeros(3, dtype=torch.long)
    for count, row in enumerate(rows):
        equal_mean([mean], [row], count)
        equal_mean([counter], [row.long()], count)
    assert torch.allclose(mean, rows.mean(0))
    assert torch.equal(counter, rows[-1].long())


def test_norms_are_taken_anew_as_a_slow_loop_takes_them(
    make_job: Callable[..., Job], make_tiny_model: Callable[[], Model]
) -> None:
    job, settings = make_job(), config()
    module = make_module(job, make_tiny_model(), LOSSES, AUGMENT, settings)
    module.train()
    layers = running_norms(module.model)
    first = next(iter(layers.values()))
    before = {key: tensor.clone() for key, tensor in module.model.state_dict().items()}
    batches = list(Data(job, settings).train_dataloader())
    retake_norms(module, list(layers.values()), batches)
    assert module.training and first.momentum == 0.1
    seen: list[torch.Tensor] = []
    handle = first.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    module.eval()
    for batch in batches:
        module.model.forward_channels(*module.training_inputs(batch))
    handle.remove()
    means = np.mean([x.detach().numpy().mean((0, 2, 3)) for x in seen], axis=0)
    spreads = np.mean([x.detach().numpy().var((0, 2, 3), ddof=1) for x in seen], axis=0)
    assert first.running_mean.numpy() == pytest.approx(means, abs=1e-5)
    assert first.running_var.numpy() == pytest.approx(spreads, rel=1e-4)
    after = module.model.state_dict()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed <= {f"{n}.{f}" for n in layers for f in
                       ("running_mean", "running_var", "num_batches_tracked")}  # fmt: skip


def test_without_norms_no_batch_is_read(
    make_job: Callable[..., Job], make_tiny_model: Callable[[], Model]
) -> None:
    module = make_module(make_job(), make_tiny_model(), LOSSES, AUGMENT, config())

    def unread() -> Any:
        raise AssertionError("read")
        yield

    retake_norms(module, [], unread())
    assert running_norms(nn.Sequential(nn.LayerNorm(3), nn.Conv2d(1, 1, 1))) == {}


@pytest.mark.gpu
@pytest.mark.parametrize(("stop", "cycle"), [((1, 0), 1), ((2, 1), 1), ((3, 0), 2)], ids=str)
def test_a_killed_swa_goes_on_to_the_same_weights(
    make_job: Callable[..., Job],
    make_tiny_model: Callable[[], Model],
    monkeypatch: pytest.MonkeyPatch,
    stop: tuple[int, int],
    cycle: int,
) -> None:
    swa = Swa(start=0.3, lr=2e-3, end_lr=1e-3, cycle_epochs=cycle)
    settings = config(average=swa, keep_best=3)
    whole, killed = make_job("whole"), make_job("killed")
    fit_member(whole, make_tiny_model(), LOSSES, AUGMENT, settings)
    original = fit.TrainingModule.training_step

    def dying(self: Any, batch: object, batch_idx: int) -> torch.Tensor:
        if (self.current_epoch, batch_idx) == stop:
            raise KeyboardInterrupt
        return original(self, batch, batch_idx)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(fit.TrainingModule, "training_step", dying)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            fit_member(killed, make_tiny_model(), LOSSES, AUGMENT, settings)
    fit_member(killed, make_tiny_model(), LOSSES, AUGMENT, settings)
    for path in whole.folder.glob("best*.safetensors"):
        left, right = load_file(path), load_file(killed.folder / path.name)
        assert all(torch.equal(left[key], right[key]) for key in left), path.name


@pytest.mark.gpu
def test_the_old_key_is_the_same_mean(
    make_job: Callable[..., Job], make_tiny_model: Callable[[], Model]
) -> None:
    old, new = make_job("old"), make_job("new")
    fit_member(old, make_tiny_model(), LOSSES, AUGMENT, config(epochs=2, ema_decay=0.9))
    fit_member(new, make_tiny_model(), LOSSES, AUGMENT, config(epochs=2, average=Ema(decay=0.9)))
    left, right = (load_file(job.folder / "best.safetensors") for job in (old, new))
    assert all(torch.equal(left[key], right[key]) for key in left)


def test_two_averages_are_one_too_many() -> None:
    with pytest.raises(ValidationError, match="expected it or ema_decay; got both"):
        config(ema_decay=0.9, average=Swa())
