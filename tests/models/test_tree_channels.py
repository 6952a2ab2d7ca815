"""What trees see: the network's channels before normalisation, and what lies around a pixel."""

from __future__ import annotations

import math

import numpy as np
import torch

from landseer.core.bands import Band
from landseer.models.config import PreprocessConfig
from landseer.models.preprocess import build_preprocess
from landseer.models.tree_channels import TreeChannels

BANDS = (
    Band("red", 1, ("R",), nodata=0, scale=0.001),
    Band("nir", 2, ("N",), nodata=0, scale=0.001),
    Band("dem", 3, kind="elevation"),
)


def raw(seed: int = 0, side: int = 12) -> torch.Tensor:
    """Make raw numbers, some of them nodata."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 9000, (2, 3, side, side)).astype(np.float32)
    x[:, :2][rng.random((2, 2, side, side)) < 0.2] = 0
    return torch.from_numpy(x)


def test_they_are_the_networks_channels_but_for_filling_and_scaling() -> None:
    config = PreprocessConfig(bands=("red", "nir"), indices=("NDVI",), normalise={"kind": "none"})
    channels = TreeChannels(config, BANDS)
    x = raw()[:, :2]
    figures = {name: {"min": -7.0, "max": 7.0, "mean": 0.0, "std": 1.0} for name in channels.names}
    network = build_preprocess(config, BANDS, {"channels": figures})(x)
    seen = channels(x)
    assert channels.names == channels.sources == ("red", "nir", "NDVI")
    np.testing.assert_array_equal(seen.nan_to_num(-7.0), network)
    np.testing.assert_array_equal(seen[:, 0].isnan(), x[:, 0] == 0)
    assert seen.isnan().any() and not seen.isinf().any()


def test_what_a_sample_scales_by_itself_is_scaled() -> None:
    config = PreprocessConfig(
        bands=("red", "dem"), normalise_channels={"dem": {"kind": "sample_rank"}}
    )
    x = raw()[:, [0, 2]]
    x[0, 1, 3, 4] = math.nan
    seen = TreeChannels(config, BANDS)(x)
    heights = seen[0, 1].flatten()
    assert heights.isnan().sum() == 1 and seen[0, 1, 3, 4].isnan()
    assert 0 <= heights.nan_to_num(0.5).min() and heights.nan_to_num(0.5).max() <= 1
    there = ~heights.isnan()
    order = x[0, 1].flatten()[there].argsort(stable=True)
    assert (heights[there][order].diff() >= 0).all()
    np.testing.assert_allclose(seen[0, 0].nan_to_num(0), x[0, 0] * 0.001, rtol=1e-6)


def test_squares_are_those_of_a_slow_loop() -> None:
    channels = TreeChannels(PreprocessConfig(bands=("red", "dem")), BANDS, (3, 7))
    x = raw()[:, [0, 2]]
    x[:, 1] += 20000
    seen = channels(x).numpy()
    assert channels.names == (
        "red", "dem", "red_mean3", "dem_mean3", "red_std3", "dem_std3", "red_mean7", "dem_mean7",
        "red_std7", "dem_std7",
    )  # fmt: skip
    assert channels.sources == ("red", "dem") * 5
    for place, half in ((2, 1), (6, 3)):
        for row, col in ((0, 0), (5, 6), (11, 3)):
            around = seen[
                1, :2, max(0, row - half) : row + half + 1, max(0, col - half) : col + half + 1
            ].astype(float)
            np.testing.assert_allclose(
                seen[1, place : place + 2, row, col], np.nanmean(around, axis=(1, 2)), rtol=1e-5
            )
            np.testing.assert_allclose(
                seen[1, place + 2 : place + 4, row, col],
                np.nanstd(around, axis=(1, 2)),
                rtol=1e-4,
                atol=1e-6,
            )


def test_beyond_the_reach_nothing_changes() -> None:
    channels = TreeChannels(PreprocessConfig(bands=("red", "nir")), BANDS, (5,))
    x = raw(side=20)[:, :2]
    whole, window = channels(x), channels(x[:, :, 4:16, 3:15])
    torch.testing.assert_close(window[:, :, 2:-2, 2:-2], whole[:, :, 6:14, 5:13], equal_nan=True)
