"""Several best epochs: all are kept, ranked by score, and a killed training keeps the same."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from landseer.augment import AugmentConfig
from landseer.losses import Dice
from landseer.train import fit
from landseer.train.config import AdamW, TrainConfig
from landseer.train.fit import fit_member, weights_file
from landseer.train.objective import TargetLosses

LOSSES = {"mask": TargetLosses((Dice(),))}
CONFIG = TrainConfig(
    epochs=6,
    batch_size=4,
    optimiser=AdamW(lr=3e-3),
    precision="fp32",
    images=0,
    workers=0,
    keep_best=3,
    deterministic=torch.cuda.is_available(),
)


def test_the_best_epochs_are_kept_in_order(make_job, make_tiny_model) -> None:
    job = make_job()
    result = fit_member(job, make_tiny_model(), LOSSES, AugmentConfig(), CONFIG)
    assert result["kept"] == 3
    with (job.folder / "metrics.csv").open() as file:
        scores = {int(row["epoch"]): float(row["val/dice_water"]) for row in csv.DictReader(file)}
    ranked = sorted(scores, key=lambda epoch: -scores[epoch])
    assert result["epoch"] == ranked[0]
    files = [load_file(job.folder / weights_file(rank)) for rank in range(3)]
    for one, two in ((0, 1), (0, 2), (1, 2)):
        assert any(not torch.equal(files[one][key], files[two][key]) for key in files[one])
    assert not list(job.folder.glob("*.ckpt"))


@pytest.mark.gpu
def test_the_very_best_is_what_keeping_one_keeps(make_job, make_tiny_model) -> None:
    three, one = make_job("three"), make_job("one")
    fit_member(three, make_tiny_model(), LOSSES, AugmentConfig(), CONFIG)
    single = CONFIG.model_copy(update={"keep_best": 1})
    fit_member(one, make_tiny_model(), LOSSES, AugmentConfig(), single)
    left, right = (load_file(job.folder / "best.safetensors") for job in (three, one))
    assert all(torch.equal(left[key], right[key]) for key in left)


@pytest.mark.gpu
def test_a_killed_training_keeps_the_same_epochs(
    make_job, make_tiny_model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole, killed = make_job("whole"), make_job("killed")
    fit_member(whole, make_tiny_model(), LOSSES, AugmentConfig(), CONFIG)
    original = fit.TrainingModule.training_step

    def dying(self, batch, batch_idx):
        if self.current_epoch == 4:
            raise KeyboardInterrupt
        return original(self, batch, batch_idx)

    monkeypatch.setattr(fit.TrainingModule, "training_step", dying)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        fit_member(killed, make_tiny_model(), LOSSES, AugmentConfig(), CONFIG)
    monkeypatch.setattr(fit.TrainingModule, "training_step", original)
    fit_member(killed, make_tiny_model(), LOSSES, AugmentConfig(), CONFIG)
    for rank in range(3):
        left, right = (load_file(job.folder / weights_file(rank)) for job in (whole, killed))
        assert all(torch.equal(left[key], right[key]) for key in left)
