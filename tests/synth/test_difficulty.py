"""As a whole: how much kelp there is, and that a simple rule finds some of it but not all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from landseer.synth.plan import make_plan
from landseer.synth.settings import KelpSynthConfig
from landseer.synth.spectra import NIR, NODATA, RED
from landseer.synth.view import View, render
from landseer.synth.world import build_world

CONFIG = KelpSynthConfig(places=48, train=48, test=0, seed=21, size_px=96)
QA, DEM = 5, 6


def views() -> Iterator[View]:
    for spec in make_plan(CONFIG):
        world = build_world(CONFIG, spec.place, spec.kind)
        yield render(world, spec, CONFIG.size_px, CONFIG.seed)


@pytest.fixture(scope="module")
def everything() -> list[View]:
    return list(views())


def test_kelp_is_rare_and_uneven(everything: list[View]) -> None:
    pixels = np.array([view.truth.sum() for view in everything])
    share = pixels.mean() / CONFIG.size_px**2
    assert 0.002 < share < 0.016
    assert 0.2 < np.mean(pixels == 0) < 0.6
    assert pixels.std() > 1.2 * pixels.mean()


def test_flags_are_rare_and_uneven(everything: list[View]) -> None:
    shares = np.array([view.image[QA].mean() for view in everything])
    assert 0.03 < shares.mean() < 0.13
    assert np.median(shares) < 0.06
    assert shares.max() > 0.4


def rule(view: View, threshold: float) -> NDArray[np.bool_]:
    """Kelp is where the vegetation index is high, the DEM says water and nothing is flagged."""
    nir, red = view.image[NIR].astype(float), view.image[RED].astype(float)
    good = (view.image[QA] == 0) & (view.image[DEM] <= 0) & (nir > NODATA) & (red > NODATA)
    index = np.divide(nir - red, nir + red, out=np.zeros_like(nir), where=good)
    return good & (index > threshold)


def test_a_threshold_finds_some_kelp_but_falls_well_short(everything: list[View]) -> None:
    best = 0.0
    for threshold in np.linspace(0.0, 0.15, 16):
        hits = sum(int((rule(v, threshold) & (v.truth == 1)).sum()) for v in everything)
        said = sum(int(rule(v, threshold).sum()) for v in everything)
        true = sum(int(v.truth.sum()) for v in everything)
        best = max(best, 2 * hits / (said + true))
    assert 0.2 < best < 0.6
