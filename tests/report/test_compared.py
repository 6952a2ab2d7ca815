"""Samples are shown as they were compared: rasters of values are layers, and oblique images lie on the ground."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from landseer.audit.settings import RectifyConfig
from landseer.core.bands import Band
from landseer.core.references import Reference
from landseer.raster.write import write_raster
from landseer.report.compared import Compared
from landseer.report.evidence import PREFIX
from landseer.report.pair_sheets import draw_pair

BANDS = (Band("red", 1, ("R",), nodata=0), Band("green", 2, ("G",)))
KNOWN = (Reference("agl"), Reference("scale", "number"), Reference("angle", "angle"))
SIDE = 40


def see(root: Path, name: str, lean: int) -> dict[str, object]:
    """Write the view of one tower of 10 x 10 px that leans by `lean` px to the left, and return its row."""
    rng = np.random.default_rng(0)
    image = np.stack([np.full((SIDE, SIDE), 50.0), rng.uniform(40, 60, (SIDE, SIDE))])
    agl = np.zeros((SIDE, SIDE), np.float32)
    block = np.s_[15:25, 15 - lean : 25 - lean]
    agl[block], image[:, *block] = 8, 200
    image[0, 0, 0] = 0
    write_raster(root / f"{name}.tif", image.astype(np.float32))
    write_raster(root / f"{name}_agl.tif", agl)
    return {
        "sample": name, "image": str(root / f"{name}.tif"), "height": SIDE, "width": SIDE, "fold": 0, "side": "train",
        "date": None, "ref_agl": str(root / f"{name}_agl.tif"), "ref_scale": abs(lean) / 8,
        "ref_angle": np.pi / 2 if lean > 0 else 3 * np.pi / 2,
    }  # fmt: skip


def test_towers_stand_on_their_ground(tmp_path: Path) -> None:
    read = Compared(BANDS, KNOWN, RectifyConfig())
    seen = read(see(tmp_path, "a", 6))
    assert set(seen) == {"red", "R", "green", "G", "agl"}
    assert (seen["agl"][15:25, 15:25] == 8).all()
    assert (seen["red"][15:25, 15:25] == 200).all()
    assert np.nanmax(seen["agl"][:, :15]) == 0
    assert np.isnan(seen["red"][0, 0])


@pytest.mark.parametrize("gap", [{"ref_agl": None}, {"ref_scale": np.nan}, {"ref_angle": np.nan}])
def test_what_cannot_be_laid_is_shown_as_it_is(tmp_path: Path, gap: dict[str, object]) -> None:
    row = see(tmp_path, "a", 6) | gap
    seen = Compared(BANDS, KNOWN, RectifyConfig())(row)
    assert (seen["red"][15:25, 9:19] == 200).all()
    assert np.isnan(seen["agl"]).all() == (row["ref_agl"] is None)
    plain = Compared(BANDS, KNOWN)(see(tmp_path, "a", 6))
    assert (plain["agl"][15:25, 9:19] == 8).all()


def test_pairs_that_were_found_by_heights_agree_on_the_ground(tmp_path: Path) -> None:
    rows = {name: see(tmp_path, name, lean) for name, lean in (("a", 6), ("b", -6))}
    pair = {
        "a": "a", "b": "b", "method": f"{PREFIX}green + sqrt(abs(agl))", "score": 9.0, "overlap": 1.0,
        "agreement": 0.9, "shift_row": 0, "shift_col": 0,
    }  # fmt: skip
    tower = np.s_[15:25, 15:25]
    laid = draw_pair(pair, rows, Compared(BANDS, KNOWN, RectifyConfig()))
    leaning = draw_pair(pair, rows, Compared(BANDS, KNOWN))
    assert laid is not None and leaning is not None
    np.testing.assert_allclose(laid.layer_a[tower], laid.layer_b[tower], atol=0.02)
    assert np.abs(leaning.layer_a[tower] - leaning.layer_b[tower]).mean() > 0.2
