"""Flow and rectified rasters of predicted pose: a box leans in the image and stands on its place after."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from landseer.errors import UsageError
from landseer.models.outputs import make_quantity
from landseer.models.targets import TargetSpec
from landseer.predict import Ensemble, predict_images
from landseer.predict.inputs import Job
from landseer.predict.map import Map
from landseer.predict.options import PredictOptions
from landseer.predict.output import is_complete
from landseer.predict.products import write_products
from landseer.predict.tiles import jobs_of
from landseer.quantities.mask import ClassMask
from landseer.raster.opening import open_raster
from landseer.raster.read import read_bands, read_info
from landseer.raster.write import write_raster

SIDE, HEIGHT_M, SCALE, SHIFT = 64, 10.0, 0.8, 8
FOOT = (slice(20, 40), slice(30, 50))
SEEN = (slice(20 - SHIFT, 40 - SHIFT), slice(30, 50))
GEO = {"crs": "EPSG:32617", "transform": (0.5, 0, 500000, 0, -0.5, 4100000)}


@pytest.fixture
def pose_spec(spec):
    """A model of a mask and of geocentric pose."""
    targets = {
        "mask": TargetSpec(quantity="mask"),
        "agl": TargetSpec(quantity="height"),
        "way": TargetSpec(quantity="direction"),
        "scale": TargetSpec(quantity="flow_scale"),
    }
    return spec.model_copy(update={"targets": targets})


def leaning(tmp_path: Path, **geo) -> tuple[Job, Map]:
    """A box seen 8 pixels above its place: the flow points down the image, angle 0."""
    image = np.full((3, SIDE, SIDE), 50, np.int16)
    image[:, *SEEN] = 200
    write_raster(tmp_path / "a.tif", image, **geo)
    height = np.zeros((1, SIDE, SIDE), np.float32)
    height[0][SEEN] = HEIGHT_M
    classes = (height > 0).astype(np.uint8)
    numbers = {"way": np.array([0.0, 2.0], np.float32), "scale": np.array([SCALE], np.float32)}
    job = Job(
        tmp_path / "a.tif", tmp_path / "o" / "a.tif",
        {"agl": tmp_path / "o" / "a_agl.tif"}, tmp_path / "o" / "a.json",
    )  # fmt: skip
    return job, Map({"classes": classes, "agl": height}, numbers)


def test_flow_points_to_the_ground_and_rectified_rasters_stand_there(tmp_path, pose_spec):
    job, result = leaning(tmp_path)
    options = PredictOptions(products=("flow", "rectified"))
    write_products(job, read_info(job.image), result, pose_spec, options)
    x, y = read_bands(tmp_path / "o" / "a_flow.tif")
    np.testing.assert_allclose(x, 0, atol=1e-5)
    np.testing.assert_allclose(y[SEEN], SHIFT, rtol=1e-5)
    assert y[50, 5] == 0
    rectified = read_bands(tmp_path / "o" / "a_rectified.tif")[0]
    assert (rectified[FOOT] == HEIGHT_M).all() and np.nansum(rectified > 0) == 400
    hidden = np.isnan(rectified)
    assert hidden[20 - SHIFT : 20, 32:48].mean() > 0.9 and not hidden[45:].any()
    assert (read_bands(tmp_path / "o" / "a_rectified_image.tif")[:, *FOOT] == 200).all()
    assert (read_bands(tmp_path / "o" / "a_rectified_class.tif")[0][FOOT] == 1).all()
    with open_raster(tmp_path / "o" / "a_rectified_class.tif") as dataset:
        assert dataset.tags(1)["CLASS_1"] == "kelp" and dataset.colormap(1)[1][:3] == (0, 255, 128)


def test_the_wrong_direction_would_be_seen(tmp_path, pose_spec):
    job, result = leaning(tmp_path)
    wrong = {**result.numbers, "way": np.array([0.0, -1.0], np.float32)}
    result, options = Map(result.arrays, wrong), PredictOptions(products=("rectified",))
    write_products(job, read_info(job.image), result, pose_spec, options)
    rectified = read_bands(tmp_path / "o" / "a_rectified.tif")[0]
    assert (rectified[FOOT] == HEIGHT_M).mean() < 0.5


@pytest.mark.parametrize("geo", [GEO, {}])
def test_rasters_are_cogs(tmp_path, pose_spec, geo):
    job, result = leaning(tmp_path, **geo)
    options = PredictOptions(products=("flow", "rectified"))
    write_products(job, read_info(job.image), result, pose_spec, options)
    for name in ("flow", "rectified", "rectified_image", "rectified_class"):
        with open_raster(tmp_path / "o" / f"a_{name}.tif") as dataset:
            assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert (dataset.crs is not None) == bool(geo)
            assert "STATISTICS_MEAN" in dataset.tags(1)


def test_nothing_is_made_where_direction_or_scale_are_not_known(tmp_path, pose_spec):
    job, result = leaning(tmp_path)
    unknown = {**result.numbers, "scale": np.array([np.nan], np.float32)}
    result, options = Map(result.arrays, unknown), PredictOptions(products=("flow", "rectified"))
    write_products(job, read_info(job.image), result, pose_spec, options)
    for name in ("flow", "rectified"):
        assert np.isnan(read_bands(tmp_path / "o" / f"a_{name}.tif")).all()
    assert (read_bands(tmp_path / "o/a_rectified_class.tif") == 255).all()


class Leaning(nn.Module):
    """Heights from the first band, everything leans down the image."""

    def forward(self, x, gsd_m=None):
        height = x[:, :1] / 50
        way = torch.tensor([[0.0, 2.0]]).expand(len(x), 2)
        return {
            "mask": torch.cat([10 - height, height], dim=1),
            "agl": height,
            "way": way,
            "scale": torch.ones(len(x), 1),
        }


def test_products_of_large_images_are_those_of_one_pass(tmp_path, pose_spec, write_image):
    path, image = write_image("a.tif", 90, 70, **GEO)
    image[0] = 0
    image[0, 50:70, 10:60] = 500  # a house of 10 m, so that rounding moves no pixel
    write_raster(path, image, **GEO)
    targets = pose_spec.targets.items()
    quantities = {name: make_quantity(one, 2, pose_spec.model) for name, one in targets}
    ensemble = Ensemble([Leaning()], quantities)
    products = {"products": ("flow", "rectified"), "device": "cpu", "precision": "float32"}
    for window_px in (128, 32):
        options, out = (
            PredictOptions(window_px=window_px, overlap_px=8, **products),
            tmp_path / str(window_px),
        )
        (job,) = jobs_of(ensemble, pose_spec, [path], out, options)
        assert not is_complete(job, pose_spec, options)
        predict_images(ensemble, pose_spec, [path], out, options)
        assert is_complete(job, pose_spec, options)
    names = sorted(path.name for path in (tmp_path / "128").iterdir())
    assert len(names) == 7
    assert sorted(path.name for path in (tmp_path / "32").iterdir()) == names
    for name in names:
        if name.endswith(".tif"):
            one, other = (read_bands(tmp_path / side / name) for side in ("128", "32"))
            np.testing.assert_allclose(one, other, atol=1e-4)
            assert np.isfinite(one).mean() > 0.8
    one, other = (json.loads((tmp_path / side / "a.json").read_text()) for side in ("128", "32"))
    assert one.pop("way") == pytest.approx(other.pop("way"))
    assert one == pytest.approx(other)


def test_a_model_without_pose_is_told_so_before_anything_is_done(tmp_path, spec, write_image):
    path, _ = write_image("a.tif", 90, 70)
    ensemble = Ensemble([Leaning()], {"mask": ClassMask(2)})
    options = PredictOptions(window_px=32, overlap_px=8, products=("flow",), device="cpu")
    with pytest.raises(UsageError, match="a direction"):
        predict_images(ensemble, spec, [path], tmp_path / "out", options)
    assert not (tmp_path / "out").exists()


def test_a_model_without_pose_is_told_so(tmp_path, spec):
    job, result = leaning(tmp_path)
    with pytest.raises(UsageError, match="a direction"):
        write_products(job, read_info(job.image), result, spec, PredictOptions(products=("flow",)))
