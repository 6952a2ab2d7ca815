"""References of a coarser grid: learnt at full resolution, carried along, never resampled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from landseer.augment import AugmentConfig
from landseer.core.classes import ClassTable
from landseer.feed.loader import make_batch
from landseer.feed.source import Item, Source
from landseer.feed.targets import beside_targets, pick_grids
from landseer.losses.value_config import Huber
from landseer.models.targets import TargetSpec
from landseer.quantities import Height
from landseer.raster.write import write_raster
from landseer.train.fit import fit_member
from landseer.train.job import Job
from landseer.train.objective import TargetLosses

from .pose_world import BANDS, REFERENCES, SIDE, JobMaker, config, make_model, module_of

ROUGH_ONLY = {"rough": TargetSpec(quantity="height", reference="coarse", typical=5.0)}
ROUGH_LOSS = {"rough": TargetLosses((Huber(delta=5),))}


def test_a_coarser_reference_is_learnt_at_full_resolution(make_pose_job: JobMaker) -> None:
    job = make_pose_job(targets=ROUGH_ONLY, monitor="rough_r2")
    model = make_model(ROUGH_ONLY)
    augment = AugmentConfig(d4=True, rotate_deg=30, zoom=(0.8, 1.2))
    result = fit_member(job, model, ROUGH_LOSS, augment, config(epochs=24))
    assert result["scores"]["rough_r2"] > 0.5
    # what it says between the pixels that taught it is nearer to the truth than their means are
    batch = make_batch(job.source, [10, 11, 12, 13])
    with torch.no_grad():
        said = model.eval().values(batch["image"], batch["gsd_m"])["rough"][:, 0, 2:38, 2:38]
    truth = batch["targets"]["agl"][:, 2:38, 2:38]
    means = batch["targets"]["coarse"].repeat_interleave(4, 1).repeat_interleave(4, 2)
    assert (said - truth).square().nanmean() < (means - truth).square().nanmean()


class Knowing(torch.nn.Module):
    """A network that reads the height off its first channel, whatever was done to the image."""

    def __init__(self) -> None:
        super().__init__()
        self.stride, self.minimum_px, self.targets = 1, 1, ("rough",)
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(
        self, z: torch.Tensor, gsd_m: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        red = z[:, :1] * 255
        return {"rough": (red - 40) / 12 + self.weight}


@pytest.mark.parametrize("shift_m", [0.0, 1.0])
@pytest.mark.parametrize(
    "augment",
    [
        AugmentConfig(d4=True),
        AugmentConfig(d4=True, rotate_deg=45, rotate_probability=1),
        AugmentConfig(d4=True, zoom=(0.7, 1.4), zoom_probability=1, shift=0.2, shift_probability=1),
        AugmentConfig(d4=True, crop_px=32, rotate_deg=20, zoom=(0.8, 1.2)),
    ],
    ids=["turns", "angles", "zooms", "crops"],
)
def test_labels_of_a_coarser_grid_are_carried_never_resampled(
    tmp_path: Path, augment: AugmentConfig, shift_m: float
) -> None:
    """The values stay bit for bit; only where they lie changes, and half a pixel beside it they do not fit."""
    rows, cols = np.indices((SIDE, SIDE))
    tall = 6 + 3 * np.sin(rows / 7.0) + 2 * np.cos(cols / 5.0)
    place = {"crs": "EPSG:32617", "transform": (0.5, 0, 4e5, 0, -0.5, 4e6)}
    image = np.stack([40 + 12 * tall, 0 * tall]).astype(np.float32)
    write_raster(tmp_path / "a.tif", image, **place)
    coarse = tall[2:38, 2:38].reshape(9, 4, 9, 4).mean((1, 3)).astype(np.float32)
    origin = (2, 0, 4e5 + 1 + shift_m, 0, -2, 4e6 - 1 - shift_m)
    write_raster(tmp_path / "c.tif", coarse, crs="EPSG:32617", transform=origin)
    item = Item("a", tmp_path / "a.tif", None, {"coarse": tmp_path / "c.tif"}, 0.5)
    source = Source([item], BANDS, ClassTable((), ()), references=REFERENCES[3:4])
    model = make_model(ROUGH_ONLY)
    model.network = Knowing()  # type: ignore[assignment]
    model.quantities["rough"] = Height()
    job = Job(
        "m", tmp_path, source, (0,), (0,), None, BANDS, ClassTable((), ()), "rough_mae", 0,
        targets=ROUGH_ONLY,
    )  # fmt: skip
    module = module_of(job, model, ROUGH_LOSS, augment)
    allowed = set(coarse.ravel().tolist())
    for draw in range(6):
        batch = make_batch(source, [0], [draw])
        channels, targets, grids, gsd_m = module._augmented(batch)
        assert set(targets["rough"][~targets["rough"].isnan()].tolist()) <= allowed
        values = {
            "rough": model.quantities["rough"].value(
                model.forward_channels(channels, gsd_m)["rough"]
            )
        }
        placed, kept = beside_targets(values, targets, grids)
        error = (placed["rough"][:, 0] - kept["rough"]).abs()
        known = error[~error.isnan()]
        assert len(known) >= 20
        # where a part of a pixel lies beyond the crop, the mean is of the rest
        assert (known.median() < 0.05) == (shift_m == 0), draw
        assert (known.median() > 0.4) == (shift_m > 0), draw
    assert pick_grids(batch["grids"], ROUGH_ONLY)["rough"][0, 0, 0] == pytest.approx(4, abs=1e-3)
