"""Maps, out-of-fold predictions and validation see the same slices, and average them by the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from landseer.core.files import read_json
from landseer.models.model import build_model
from landseer.models.slices_config import Slices
from landseer.models.store import save_member
from landseer.models.targets import TargetSpec
from landseer.predict import (
    Ensemble,
    ModelSpec,
    OofBatch,
    PredictOptions,
    Voting,
    oof_path,
    predict_images,
    read_oof,
    write_oof,
)
from landseer.predict.model_folder import load_one
from landseer.predict.oof import read_values
from landseer.predict.plan import plan_scene, windows_of
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster

CPU = {"device": "cpu", "precision": "float32", "probabilities": True}


def sliced(spec: ModelSpec, slices: Slices | None, **changes) -> tuple[Ensemble, ModelSpec]:
    """Return an ensemble of two networks of one file's weights, and its spec."""
    torch.manual_seed(3)
    model = spec.model.model_copy(update={"slices": slices, "scale": 2.5})
    spec = spec.model_copy(update={"model": model} | changes)
    members = [
        build_model(
            spec.inputs, spec.model, spec.bands, spec.statistics, 2, seed=seed, targets=spec.targets
        ).eval()
        for seed in (1, 2)
    ]
    voting = Voting(weights=(2.0, 1.0), tta="flips")
    return Ensemble(members, members[0].quantities, voting), spec


@pytest.mark.parametrize(("shape", "overlap"), [((90, 75), 8), ((33, 64), 0), ((32, 20), 16)])
@pytest.mark.parametrize("workers", [0, 2])
def test_maps_are_what_was_judged(spec, write_image, tmp_path: Path, shape, overlap, workers):
    """Out of fold and on a map, to the 16 bits of the one: the numbers of batches and threads do not matter."""
    path, image = write_image("a.tif", *shape, nodata=-32768)
    ensemble, spec = sliced(spec, Slices(size_px=32, overlap_px=overlap), reach_px=3)
    batch = OofBatch(["a"], torch.from_numpy(image).float()[None], [shape])
    write_oof(ensemble, [batch], tmp_path / "oof")
    judged = read_oof(oof_path(tmp_path / "oof", "a"))
    options = PredictOptions(**CPU, batch=3, workers=workers)
    predict_images(ensemble, spec, [path], tmp_path / "maps", options)
    mapped = read_bands(tmp_path / "maps/a_probability.tif")
    np.testing.assert_allclose(mapped, judged[1:], atol=1.1 / 65535)
    whole = ensemble(torch.from_numpy(image).float()[None])["mask"][0, 1:].numpy()
    assert (max(shape) <= 32) == np.allclose(mapped, whole, atol=1e-4)


def test_without_data_in_some_slices_the_rest_is_the_same(spec, write_image, tmp_path: Path):
    path, image = write_image("a.tif", 70, 70, nodata=-32768)
    image[:, :34] = -32768
    write_raster(path, image, nodata=-32768)
    ensemble, spec = sliced(spec, Slices(size_px=32, overlap_px=4))
    batch = OofBatch(["a"], torch.from_numpy(image).float()[None], [(70, 70)])
    write_oof(ensemble, [batch], tmp_path / "oof")
    predict_images(ensemble, spec, [path], tmp_path / "maps", PredictOptions(**CPU))
    mapped = read_bands(tmp_path / "maps/a_probability.tif")
    assert np.isnan(mapped[:, :34]).all() and np.isfinite(mapped[:, 34:]).all()
    judged = read_oof(oof_path(tmp_path / "oof", "a"))[1:]
    np.testing.assert_allclose(mapped[:, 34:], judged[:, 34:], atol=1.1 / 65535)


def test_options_overrule_the_slices_of_a_model(spec):
    slices = Slices(size_px=128, overlap_px=32)
    assert windows_of(PredictOptions(), None) == (1024, 128)
    assert windows_of(PredictOptions(), slices) == (128, 32)
    assert windows_of(PredictOptions(overlap_px=40), slices) == (128, 40)
    assert windows_of(PredictOptions(window_px=256), slices) == (256, 128)
    assert windows_of(PredictOptions(window_px=100), None) == (100, 50)
    _, spec = sliced(spec, slices, reach_px=5)
    plan = plan_scene((350, 350), PredictOptions(), spec)
    assert (plan.size, plan.border_px, plan.overlap_px) == ((128, 128), None, 32)
    assert plan_scene((350, 350), PredictOptions(window_px=256), spec).border_px == 5


def test_a_model_folder_keeps_its_slices(spec, tmp_path: Path):
    _, spec = sliced(spec, Slices(size_px=32, overlap_px=4))
    model = build_model(spec.inputs, spec.model, spec.bands, spec.statistics, 2, seed=1)
    save_member(tmp_path / "a.safetensors", model)
    again = ModelSpec.model_validate_json(spec.model_dump_json())
    assert load_one(again, tmp_path / "a.safetensors").slices == Slices(size_px=32, overlap_px=4)


def test_numbers_of_the_whole_image_are_what_was_judged(spec, write_image, tmp_path: Path):
    """Averaged by how much of a slice has data, out of fold and on maps alike."""
    path, image = write_image("a.tif", 70, 50, nodata=-32768)
    image[:, :40] = -32768
    image[:, 50:, :10] = -32768
    write_raster(path, image, nodata=-32768)
    targets = {
        "mask": TargetSpec(quantity="mask"),
        "scale": TargetSpec(quantity="flow_scale"),
        "way": TargetSpec(quantity="direction"),
    }
    ensemble, spec = sliced(spec, Slices(size_px=32, overlap_px=4), targets=targets)
    batch = OofBatch(["a"], torch.from_numpy(image).float()[None], [(70, 50)])
    write_oof(ensemble, [batch], tmp_path / "oof")
    predict_images(ensemble, spec, [path], tmp_path / "maps", PredictOptions(**CPU))
    judged = read_values(tmp_path / "oof", "a", ensemble.quantities)
    mapped = read_json(tmp_path / "maps/a.json")
    assert mapped["scale"] == pytest.approx(float(judged["scale"][0]), rel=1e-5)
    assert mapped["way"] == pytest.approx(judged["way"].tolist(), abs=1e-5)
    whole = ensemble(batch.x_bchw)["scale"][0].tolist()
    assert judged["scale"].tolist() != pytest.approx(whole, rel=1e-4)
