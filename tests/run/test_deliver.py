"""What the model folder says of its images."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.enums import ColorInterp

from landseer.core.bands import Band
from landseer.run import deliver

COLOURS = tuple(Band(name, place) for place, name in enumerate(("red", "green", "blue"), 1))


@pytest.mark.parametrize(
    ("bands", "alpha", "count"),
    [
        (COLOURS, True, 3),
        (COLOURS, False, 4),
        ((*COLOURS, Band("nir", 4)), True, 4),  # the header says alpha, the recipe knows better
    ],
)
def test_an_alpha_band_is_no_band(tmp_path: Path, monkeypatch, bands, alpha: bool, count: int):
    path = tmp_path / "a.tif"
    profile = {"height": 9, "width": 9, "count": 4, "dtype": "uint8", "photometric": "MINISBLACK"}
    place = {"crs": "EPSG:32617", "transform": rasterio.Affine(1, 0, 5, 0, -1, 9)}
    with rasterio.open(path, "w", **profile, **place) as file:
        last = ColorInterp.alpha if alpha else ColorInterp.undefined
        file.colorinterp = (*[ColorInterp.gray] * 3, last)
        file.write(np.full((4, 9, 9), 255, np.uint8))
    table = pd.DataFrame({"image": [str(path)]})
    monkeypatch.setattr(deliver, "trainable", lambda run: table)
    assert deliver.n_bands_of(SimpleNamespace(bands=bands)) == count
