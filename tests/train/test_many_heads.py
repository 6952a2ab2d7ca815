"""The network of the buildings system in small: a twin mask, presence and mask learnt together on one decoder."""

from __future__ import annotations

from collections.abc import Callable

import torch

from landseer.augment import AugmentConfig
from landseer.feed.loader import make_batch
from landseer.losses.config import Dice, Focal
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.decoders_config import ContextFpnOptions
from landseer.models.model import build_model
from landseer.models.targets import TargetSpec
from landseer.quantities.mask import split_twin
from landseer.train.config import AdamW, TrainConfig
from landseer.train.fit import fit_member
from landseer.train.job import Job
from landseer.train.objective import TargetLosses

from .conftest import BANDS, STATISTICS

TARGETS = {
    "mask": TargetSpec(quantity="mask"),
    "wet": TargetSpec(quantity="presence", of=("mask",), layers=("water",)),
}
LOSSES = {
    "mask": TargetLosses((Focal(class_weights=(0.25, 0.75)), Dice(weight=0.5))),
    "wet": TargetLosses((Focal(),), weight=0.1),
}


def test_twin_mask_and_presence_learn_together(make_job: Callable[..., Job]) -> None:
    job = make_job(targets=TARGETS)
    network = ModelConfig(
        encoder="test_efficientnet", weights="none", decoder="context_fpn", decoder_channels=(32,),
        context_fpn=ContextFpnOptions(activation="mish", context=True, gate=True), drop_path=0.1,
        stem_activation="mish", activation="twin",
    )  # fmt: skip
    model = build_model(
        PreprocessConfig(bands=("red", "nir")),
        network,
        BANDS,
        STATISTICS,
        2,
        seed=1,
        targets=TARGETS,
    )
    config = TrainConfig(
        epochs=10, batch_size=4, optimiser=AdamW(lr=5e-3), precision="fp32", images=0, workers=0
    )
    result = fit_member(job, model, LOSSES, AugmentConfig(d4=True), config)
    assert result["score"] > 0.8

    batch = make_batch(job.source, job.held_out)
    with torch.no_grad():
        raw, values = model.eval()(batch["image"]), model.values(batch["image"])
    together, alone = split_twin(raw["mask"], 2)
    truth = batch["targets"]["mask"] == 1
    for probability in (together.softmax(1)[:, 1], alone[:, 0].sigmoid(), values["mask"][:, 1]):
        said = probability > 0.5
        assert (said & truth).sum() / (said | truth).sum() > 0.6
    torch.testing.assert_close(
        values["mask"][:, 1], (together.softmax(1)[:, 1] + alone[:, 0].sigmoid()) / 2
    )
    assert (values["wet"] > 0.5).all()
