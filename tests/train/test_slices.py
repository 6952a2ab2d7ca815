"""A member that sees slices: trained on them, and judged as it predicts out of fold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from landseer.augment import AugmentConfig
from landseer.core.files import read_json
from landseer.feed.loader import make_batch
from landseer.losses import Dice
from landseer.models.model import Model
from landseer.models.slices_config import Slices
from landseer.models.store import load_member
from landseer.predict import Ensemble, OofBatch, oof_path, read_oof, write_oof
from landseer.train.config import TrainConfig
from landseer.train.fit import fit_member
from landseer.train.job import Job
from landseer.train.objective import TargetLosses


def test_training_and_validation_see_slices_and_score_what_is_predicted(
    make_job: Callable[..., Job], make_tiny_model: Callable[[], Model], tmp_path: Path
) -> None:
    job, model = make_job(), make_tiny_model()
    model.scale, model.slices = 2.0, Slices(size_px=16, overlap_px=4)
    seen: set[tuple[int, ...]] = set()
    model.network.register_forward_pre_hook(lambda _, given: seen.add(tuple(given[0].shape[-2:])))
    config = TrainConfig(epochs=2, batch_size=4, workers=0, precision="fp32", images=1)
    losses = {"mask": TargetLosses((Dice(),))}
    done = fit_member(job, model, losses, AugmentConfig(crop_px=16), config)
    assert seen == {(32, 32)}

    best = make_tiny_model()
    best.scale, best.slices = 2.0, Slices(size_px=16, overlap_px=4)
    best = load_member(job.folder / "best.safetensors", best).eval()
    batch = make_batch(job.source, job.held_out)
    oof = OofBatch(batch["samples"], batch["image"], batch["sizes"], batch["gsd_m"])
    write_oof(Ensemble([best], best.quantities), [oof], tmp_path / "oof")
    found = np.stack([read_oof(oof_path(tmp_path / "oof", s))[1] >= 0.5 for s in batch["samples"]])
    truth = batch["targets"]["mask"].numpy()
    counted = truth != 255
    hit = (found & (truth == 1) & counted).sum()
    dice = 2 * hit / ((found & counted).sum() + ((truth == 1) & counted).sum())
    assert done["score"] == pytest.approx(dice, abs=1e-3)
    assert read_json(job.folder / "done.json")["score"] == done["score"]
