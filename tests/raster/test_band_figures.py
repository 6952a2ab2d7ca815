"""Figures of a band that comes in pieces, against numpy on the whole."""

import numpy as np
import pytest

from landseer.raster import band_figures
from landseer.raster.band_figures import BandFigures


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize("nodata", [None, 7, float("nan")])
def test_as_numpy_counts(dtype, nodata, monkeypatch):
    monkeypatch.setattr(band_figures, "_PIECE_PX", 100)
    values = np.random.default_rng(0).integers(0, 200, (50, 40)).astype(dtype)
    if values.dtype.kind == "f":
        values[3] = np.nan
    figures = BandFigures(nodata)
    for start in (0, 7, 20):
        figures.add(values[start : {0: 7, 7: 20, 20: 50}[start]])
    kept = values[~np.isnan(values) & (values != nodata)].astype(np.float64)
    tags = {name.removeprefix("STATISTICS_"): float(t) for name, t in figures.tags().items()}
    assert tags == pytest.approx(
        {
            "MINIMUM": kept.min(),
            "MAXIMUM": kept.max(),
            "MEAN": kept.mean(),
            "STDDEV": kept.std(),
            "VALID_PERCENT": 100 * kept.size / values.size,
        },
        rel=1e-4,
    )
    assert tags["STDDEV"] == pytest.approx(kept.std(), rel=1e-12)


def test_a_far_mean_costs_no_digits():
    figures = BandFigures(None)
    values = 1e9 + np.random.default_rng(0).random((10, 1000))
    for row in values:
        figures.add(row)
    assert float(figures.tags()["STATISTICS_STDDEV"]) == pytest.approx(values.std(), rel=1e-7)


def test_nothing_valid():
    figures = BandFigures(0)
    assert figures.tags() == {"STATISTICS_VALID_PERCENT": "0"}
    figures.add(np.zeros((2, 2), np.uint8))
    assert figures.tags() == {"STATISTICS_VALID_PERCENT": "0"}
