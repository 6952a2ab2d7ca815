"""A model folder of trees predicts by the same engine: files whole, in windows, and both kinds of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import xgboost
from pydantic import ValidationError

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.tree_channels import TreeChannels
from landseer.models.tree_config import TreeSpec
from landseer.predict import (
    MemberSource,
    MemberSpec,
    ModelSpec,
    PredictOptions,
    load_model_folder,
    predict_files,
    save_model_folder,
)
from landseer.predict.plan import plan_scene
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster

BANDS = (Band("a", 1, nodata=0), Band("b", 2, nodata=0))
INPUTS = PreprocessConfig(bands=("a", "b"))
CLASSES = ClassTable(("land", "water"), (0, 1))


def grow(path: Path, seed: int, sides: tuple[int, ...]) -> xgboost.Booster:
    """Grow trees on noise."""
    rng = np.random.default_rng(seed)
    n = len(TreeChannels(INPUTS, BANDS, sides).names)
    x = (rng.random((800, n)) * 900).astype(np.float32)
    truth = (x[:, 0] + x[:, -1] > 900).astype(int)
    booster = xgboost.train(
        {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(x, truth), 6
    )
    booster.save_model(path)
    return booster


@pytest.mark.parametrize("sides", [(), (5,)])
def test_maps_are_the_average_of_the_trees_whatever_the_windows(
    tmp_path: Path, sides: tuple[int, ...]
) -> None:
    boosters = [grow(tmp_path / f"{n}.ubj", n, sides) for n in range(2)]
    seen = TreeSpec(kind="xgboost", neighbourhood=sides)
    spec = ModelSpec(
        name="t",
        bands=BANDS,
        classes=CLASSES,
        inputs=INPUTS,
        model=ModelConfig(weights="none"),
        trees=seen,
        statistics={},
        threshold=0.4,
        reach_px=seen.reach_px,
    )
    sources = [MemberSource(tmp_path / f"{n}.ubj", n, 0, weight=n + 1.0) for n in range(2)]
    written = save_model_folder(tmp_path / "model", spec, sources)
    assert [m.file for m in written.members] == [f"members/fold{n}_seed0.ubj" for n in range(2)]
    image = np.random.default_rng(9).integers(1, 900, (2, 70, 53)).astype(np.uint16)
    image[:, 20:30, 5:25] = 0
    write_raster(tmp_path / "in.tif", image)
    options = PredictOptions(probabilities=True, device="cpu", workers=0)
    outs = []
    for name, window in (("whole", 512), ("windows", 32)):
        chosen = options.model_copy(update={"window_px": window})
        predict_files(tmp_path / "model", [tmp_path / "in.tif"], tmp_path / name, chosen)
        outs.append(read_bands(tmp_path / name / "in.tif")[0])
    np.testing.assert_array_equal(outs[0], outs[1])
    z = TreeChannels(INPUTS, BANDS, sides)(torch.from_numpy(image.astype(np.float32))[None])[0]
    pixels = xgboost.DMatrix(z.permute(1, 2, 0).reshape(-1, len(z)).numpy())
    chance = sum((n + 1) * booster.predict(pixels) for n, booster in enumerate(boosters)) / 3
    there = (image != 0).any(0)
    sure = there & (abs(chance.reshape(70, 53) - 0.4) > 1e-4)
    np.testing.assert_array_equal(outs[0][sure], (chance.reshape(70, 53) >= 0.4)[sure])
    assert 0.1 < (outs[0][there] == 1).mean() < 0.95
    assert set(np.unique(outs[0][~there])) == {255}


def test_windows_share_no_more_than_trees_see() -> None:
    def overlap(sides: tuple[int, ...], **options: int) -> int:
        spec = ModelSpec(
            name="t", bands=BANDS, classes=CLASSES, inputs=INPUTS, model=ModelConfig(weights="none"),
            trees=TreeSpec(kind="forest", neighbourhood=sides), statistics={},
        )  # fmt: skip
        return plan_scene((3000, 3000), PredictOptions(**options), spec).overlap_px

    assert overlap(()) == 1
    assert overlap((7,)) == 7
    assert overlap((), overlap_px=40) == 40


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="inside the model folder"):
        MemberSpec(file="members/a.pkl", fold=0, seed=0)
    assert MemberSpec(file="members/a.txt", fold=0, seed=0).weight == 1
    with pytest.raises(Exception, match="model folder"):
        load_model_folder(tmp_path)
