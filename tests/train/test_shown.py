"""What a training shows: TensorBoard's files read back, and the kelp system's names beside ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from landseer.augment import AugmentConfig
from landseer.losses import Dice
from landseer.models.model import Model
from landseer.track.aliases import KelpAliases
from landseer.track.history import read_history
from landseer.track.mirror import AfterEpoch
from landseer.train import fit
from landseer.train.config import TrainConfig
from landseer.train.fit import fit_member
from landseer.train.job import Job
from landseer.train.objective import TargetLosses

LOSSES = {"mask": TargetLosses((Dice(),))}
SETTINGS = TrainConfig(epochs=3, batch_size=4, precision="fp32", workers=0, images=2)


def read_board(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(folder), {"images": 0, "scalars": 0})
    board.Reload()
    return board


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_holds_the_history_and_pictures_also_after_a_kill(
    make_job: Callable[..., Job],
    make_tiny_model: Callable[[], Model],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job, seen = make_job(), list[int]()
    watchers = [KelpAliases(job.classes.names)]
    original = fit.TrainingModule.training_step

    def dying(self: Any, batch: object, batch_idx: int) -> torch.Tensor:
        if self.current_epoch == 1 and batch_idx == 1:
            raise KeyboardInterrupt
        return original(self, batch, batch_idx)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(fit.TrainingModule, "training_step", dying)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            fit_member(job, make_tiny_model(), LOSSES, AugmentConfig(), SETTINGS, watchers=watchers)

    def look() -> None:
        seen.append(len(read_history(job.folder / "metrics.csv")))

    watchers = [KelpAliases(job.classes.names), AfterEpoch(look)]
    fit_member(job, make_tiny_model(), LOSSES, AugmentConfig(), SETTINGS, watchers=watchers)
    assert seen[-2:] == [2, 3], "a tracker finds the epoch's row when it is called"
    rows, board = read_history(job.folder / "metrics.csv"), read_board(job.folder / "tensorboard")
    for name in ("train/loss", "val/dice_water", "monitor", "val/f1", "train/dice"):
        events = {one.step: one.value for one in board.Scalars(name)}
        assert events == {n: pytest.approx(row[name], abs=1e-5) for n, row in enumerate(rows)}
    assert set(board.Tags()["images"]) == {"examples", "confusion"}
    assert {one.step for one in board.Images("confusion")} == {0, 1, 2}
    for row in rows:
        for there, here in (
            ("dice", "dice_macro"), ("iou", "iou_water"), ("precision", "precision_water"), ("f1", "dice_water"),
        ):  # fmt: skip
            if f"val/{here}" in row:
                assert row[f"val/{there}"] == row[f"val/{here}"]
        assert 0 < row["train/dice"] < 1


def test_tensorboard_can_be_left_out(
    make_job: Callable[..., Job], make_tiny_model: Callable[[], Model]
) -> None:
    job = make_job()
    settings = SETTINGS.model_copy(update={"epochs": 1, "images": 0})
    fit_member(job, make_tiny_model(), LOSSES, AugmentConfig(), settings, tensorboard=False)
    assert not (job.folder / "tensorboard").exists()


def test_looking_at_the_training_changes_no_bit(
    make_job: Callable[..., Job], make_tiny_model: Callable[[], Model]
) -> None:
    plain, named = make_job("plain"), make_job("named")
    settings = SETTINGS.model_copy(update={"epochs": 2, "images": 0})
    fit_member(plain, make_tiny_model(), LOSSES, AugmentConfig(), settings)
    watchers = [KelpAliases(named.classes.names)]
    fit_member(named, make_tiny_model(), LOSSES, AugmentConfig(), settings, watchers=watchers)
    one, two = ((job.folder / "best.safetensors").read_bytes() for job in (plain, named))
    assert one == two
