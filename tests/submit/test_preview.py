"""Pictures show what they should."""

import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.raster.write import write_raster
from landseer.submit.preview import PreviewRow, compose, write_previews

BANDS = (
    Band("swir", 1, ("S1", "S2"), nodata=-1),
    Band("nir", 2, ("N",), nodata=-1),
    Band("red", 3, ("R",), nodata=-1),
    Band("green", 4, ("G",), nodata=-1),
    Band("blue", 5, ("B",), nodata=-1),
)
TABLE = ClassTable(("background", "kelp"), (0, 1), ("#000000", "#ff0000"))


def test_sheet(tmp_path: Path):
    rng = np.random.default_rng(0)
    rows = []
    for i in range(3):
        paths = [tmp_path / f"{i}_{kind}.tif" for kind in ("satellite", "kelp", "truth")]
        write_raster(paths[0], rng.integers(0, 9999, (5, 40, 30)).astype(np.int32))
        write_raster(paths[1], rng.integers(0, 2, (40, 30)).astype(np.uint8), nodata=255)
        write_raster(paths[2], rng.integers(0, 2, (40, 30)).astype(np.uint8))
        rows.append(PreviewRow(paths[0], paths[1], paths[2] if i else None))
    sheet = matplotlib.image.imread(write_previews(rows, BANDS, TABLE, tmp_path / "sheet.png", n=2))
    narrow = matplotlib.image.imread(write_previews(rows[:1], BANDS, TABLE, tmp_path / "b.png"))
    assert sheet.shape[1] > narrow.shape[1] and sheet.shape[0] > narrow.shape[0]
    red = (sheet[..., 0] > 0.95) & (sheet[..., 1] < 0.05) & (sheet[..., 2] < 0.05)
    assert red.mean() > 0.02
    with pytest.raises(ValueError, match="row"):
        write_previews([], BANDS, TABLE, tmp_path / "c.png")


def test_no_global_figures_are_made():
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_one_band_images_are_grey(tmp_path: Path):
    write_raster(tmp_path / "a.tif", np.arange(900).reshape(1, 30, 30).astype(np.uint16))
    write_raster(tmp_path / "m.tif", np.zeros((30, 30), np.uint8))
    row = PreviewRow(tmp_path / "a.tif", tmp_path / "m.tif")
    assert write_previews([row], (Band("grey", 1),), TABLE, tmp_path / "x.png").stat().st_size > 500


def test_colours_come_from_the_right_bands():
    image = np.full((5, 2, 2), 100.0)
    image[2, 0, 0] = 900
    picture = compose(image, BANDS, (("R",), ("G",), ("B",)))
    assert picture[0, 0].tolist() == [1, 0, 0]
    assert compose(image[:2], BANDS[:2], (("R",), ("G",), ("B",))) is None
