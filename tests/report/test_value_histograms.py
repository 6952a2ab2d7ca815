"""Histograms by site count the pixels that are known; what cannot be read is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from landseer.core.references import Reference
from landseer.raster.write import write_raster
from landseer.report.value_histograms import values_by_site_figure
from landseer.samples.table import make_samples

AGL = Reference("agl", unit="m", minimum=0.0)


@pytest.fixture
def rows(tmp_path: Path):
    rng = np.random.default_rng(0)
    records = []
    for i in range(6):
        values = rng.uniform(0, 10 + 10 * (i % 2), (30, 30)).astype(np.float32)
        values[:10] = np.nan
        if i != 4:
            write_raster(tmp_path / f"{i}.tif", values)
        records.append(
            {
                "sample": f"s{i}", "side": "train", "image": "/i.tif", "height": 30, "width": 30, "site": "AB"[i % 2],
                "ref_agl": str(tmp_path / f"{i}.tif"),
            }
        )  # fmt: skip
    return make_samples(records)


def test_shares_add_up_and_sites_have_their_own_panel(rows) -> None:
    figure = values_by_site_figure(rows, AGL, workers=1)
    assert figure is not None
    axes = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title(loc="left") for axis in axes] == ["A", "B"]
    for axis, (median, highest) in zip(axes, ((5, 10), (10, 20)), strict=True):
        stairs = axis.patches[0].get_data()
        assert stairs.values.sum() == pytest.approx(1)
        middle = (stairs.edges[1:] + stairs.edges[:-1]) / 2
        assert float((stairs.values * middle).sum()) == pytest.approx(median, rel=0.05)
        words = axis.get_title(loc="right")
        assert float(words.split("highest ")[1]) == pytest.approx(highest, rel=0.02)
    assert {axis.get_xlim() for axis in axes} == {axes[0].get_xlim()}


def test_nothing_known_draws_nothing(rows, tmp_path: Path) -> None:
    for i in range(6):
        write_raster(tmp_path / f"{i}.tif", np.full((30, 30), np.nan, np.float32))
    assert values_by_site_figure(rows, AGL, workers=1) is None
