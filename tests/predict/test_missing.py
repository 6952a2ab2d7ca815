"""What a file says was not measured: its mask and its declared nodata, alike in windows and in one piece."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from torch import nn

from landseer.core.bands import Band
from landseer.predict import Ensemble, PredictOptions, predict_images
from landseer.predict import rows as rows_module
from landseer.predict.missing import declared_nodata, read_measured, valid_pixels
from landseer.predict.plan import make_plan
from landseer.predict.rows import read_rows
from landseer.quantities.mask import ClassMask
from landseer.raster.read import read_bands

RED, NIR, QA = Band("red", 1, ("R",)), Band("nir", 2, ("N",)), Band("qa", 3, ("QA",), "quality")
SHAPE = (131, 170)


class Bright(nn.Module):
    """Says class 1 where the first band is bright; NaN is as dark as can be."""

    def forward(self, x, gsd_m=None):
        seen = torch.nan_to_num(x, nan=-1e3)
        return {"mask": torch.cat([200 - seen[:, :1], seen[:, :1] + seen[:, 2:] / 8], 1) / 500}


def write(path: Path, dtype: str, nodata: float | None, mask: np.ndarray | None = None) -> Path:
    """Write three bands with a collar of nodata, and a patch where the first band alone has it."""
    rng = np.random.default_rng(0)
    image = rng.integers(1, 200, (3, *SHAPE)).astype(dtype)
    if nodata is not None:
        image[:, :40], image[:2, :, :9], image[0, 60:90, 60:90] = nodata, nodata, nodata
    profile = {"height": SHAPE[0], "width": SHAPE[1], "count": 3, "dtype": dtype, "nodata": nodata}
    profile |= {"crs": "EPSG:32617", "transform": rasterio.Affine(1, 0, 5, 0, -1, 9)}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "w", tiled=True, blockxsize=32, blockysize=32, **profile) as file,
    ):
        file.write(image)
        if mask is not None:
            file.write_mask(mask)
    return path


CASES = {
    "black collar": ("uint8", 0, (RED, NIR, QA)),
    "decimals": ("float32", -9999, (RED, NIR, QA)),
    "doubles": ("float64", -9999, (RED, NIR, QA)),
    "the recipe names one band": ("int16", 0, (replace(RED, nodata=0), NIR, QA)),
    "the recipe names all that measure": ("int16", 0, (*(replace(b, nodata=0) for b in (RED, NIR)), QA)),
    "the recipe names another value": ("int16", 0, (replace(RED, nodata=7), replace(NIR, nodata=7), QA)),
    "another order": ("float32", -9999, (QA, NIR, RED)),
    "nothing declared": ("uint8", None, (RED, NIR, QA)),
    "nothing declared in decimals": ("float32", None, (RED, NIR, QA)),
    "nan": ("float32", float("nan"), (RED, NIR, QA)),
}  # fmt: skip


@pytest.mark.parametrize("hides", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_windows_hold_what_one_piece_holds(tmp_path: Path, monkeypatch, case: str, hides: bool):
    monkeypatch.setattr(rows_module, "CHUNK_PX", 16)
    dtype, nodata, bands = CASES[case]
    mask = None
    if hides:
        mask = np.full(SHAPE, 255, np.uint8)
        mask[100:120, 50:150] = 0
    path = write(tmp_path / "a.tif", dtype, nodata, mask)
    whole = read_measured(path, bands).astype(np.float32)
    filled = declared_nodata(bands, [nodata] * 3).bands
    there = valid_pixels(whole, filled)
    plan = make_plan(SHAPE, PredictOptions(window_px=48, overlap_px=12))
    for band, rows in zip(plan.bands, read_rows(path, bands, plan.bands, workers=1), strict=True):
        for window in band.windows:
            into = np.zeros((3, window.height, window.width), np.float32)
            share = rows.copy(window, into)
            assert share == pytest.approx(there[window.slices].mean())
            if share:
                np.testing.assert_array_equal(into, whole[:, *window.slices])


def test_a_declared_value_is_missing_where_all_bands_that_measure_have_it(tmp_path: Path):
    path = write(tmp_path / "a.tif", "uint8", 0)
    raw = read_bands(path)
    image = read_measured(path, (RED, NIR, QA))
    gone = (raw[:2] == 0).all(axis=0)
    assert gone.any() and (raw[0] == 0)[~gone].any()
    np.testing.assert_array_equal(np.isnan(image), np.broadcast_to(gone, image.shape))
    np.testing.assert_array_equal(image[:, ~gone], raw[:, ~gone])


def test_in_decimals_it_is_missing_for_each_band_alone(tmp_path: Path):
    path = write(tmp_path / "a.tif", "float32", -9999)
    raw, image = read_bands(path), read_measured(path, (RED, NIR, QA))
    gone = (raw[:2] == -9999).all(axis=0)
    np.testing.assert_array_equal(np.isnan(image), (raw == -9999) | gone)


def test_where_nothing_is_declared_pixels_stay_as_they_are(tmp_path: Path):
    path = write(tmp_path / "a.tif", "uint8", None)
    image = read_measured(path, (RED, NIR, QA))
    assert image.dtype == np.uint8 and not declared_nodata((RED, NIR, QA), [None] * 3).added


def test_maps_of_held_out_scenes_are_read_as_training_reads(spec, tmp_path: Path):
    """There the recipe alone says what is missing, for windows and for one piece."""
    spec = spec.model_copy(update={"bands": (RED, NIR, QA)})
    path = write(tmp_path / "a.tif", "uint8", 0)
    ensemble = Ensemble([Bright()], {"mask": ClassMask(2)})
    cpu = {"device": "cpu", "precision": "float32", "heeds_declared": False}
    for window_px in (48, 512):
        options = PredictOptions(window_px=window_px, overlap_px=12, **cpu)
        predict_images(ensemble, spec, [path], tmp_path / str(window_px), options)
        assert set(np.unique(read_bands(tmp_path / f"{window_px}/a.tif"))) == {0, 1}


@pytest.mark.parametrize(("dtype", "nodata"), [("uint8", 0), ("float32", -9999)])
def test_maps_have_no_data_there(spec, tmp_path: Path, dtype: str, nodata: float):
    """Both ways end in the same map; what the file calls nodata is 255."""
    spec = spec.model_copy(update={"bands": (RED, NIR, QA)})
    path = write(tmp_path / "a.tif", dtype, nodata)
    ensemble = Ensemble([Bright()], {"mask": ClassMask(2)})
    maps = {}
    for window_px in (48, 512):
        options = PredictOptions(
            device="cpu",
            precision="float32",
            window_px=window_px,
            overlap_px=12,
            probabilities=True,
        )
        out = tmp_path / str(window_px)
        predict_images(ensemble, spec, [path], out, options)
        maps[window_px] = read_bands(out / "a.tif")[0], read_bands(out / "a_probability.tif")[0]
    gone = (read_bands(path)[:2] == nodata).all(axis=0)
    np.testing.assert_array_equal(maps[512][0] == 255, gone)
    assert set(np.unique(maps[512][0])) == {0, 1, 255}
    np.testing.assert_array_equal(maps[48][0], maps[512][0])
    np.testing.assert_allclose(maps[48][1], maps[512][1], atol=1e-6)
