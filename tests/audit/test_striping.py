"""Striping rises with stripes of any tilt, and stays low on what covers a part of an image alone."""

import numpy as np
import pytest
from scipy import ndimage

from landseer.audit.examine import examine
from landseer.audit.striping import MIN_SIDE_PX, find_stripes
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples

SIDE = 300
ROWS, COLS = np.mgrid[:SIDE, :SIDE]


def ground(seed=0, noise=1.0):
    """Make smooth ground of large contrast with sensor noise."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), 6) * 200
    return (smooth + noise * rng.standard_normal((SIDE, SIDE)))[None]


def stripes(strength, tilt=0.0, seed=1):
    """Make 16 detectors of different offsets, scanning along the rows but for a tilt."""
    offsets = strength * np.random.default_rng(seed).standard_normal(16)
    return offsets[np.floor(ROWS + tilt * COLS).astype(int) % 16]


def strength(image, valid=None):
    found = find_stripes(image, np.isfinite(image) if valid is None else valid)
    return found.strength


@pytest.mark.parametrize("tilt", [0.0, 0.055, 0.148, -0.2])
def test_rises_with_stripes_at_any_tilt(tilt):
    clean = ground()
    measured = [strength(clean + stripes(amount, tilt)) for amount in (0.0, 1.0, 2.0, 4.0)]
    assert measured[0] < 0.1
    assert measured == sorted(measured)
    assert measured[2] > 0.2


def test_says_which_band_and_which_way():
    clean = np.concatenate([ground(1), ground(2), ground(3)])
    clean[1] += stripes(2.0, 0.15).T
    found = find_stripes(clean, np.isfinite(clean))
    assert (found.band, found.along) == (1, "columns")
    assert abs(abs(found.tilt_deg) - np.degrees(np.arctan(0.15))) < 1


def _cloud(image):
    soft = ndimage.gaussian_filter(np.random.default_rng(5).standard_normal((SIDE, SIDE)), 12)
    return np.where(soft > np.quantile(soft, 0.7), 500 + 50 * soft, image)


def _fields(image):
    """Lay fields of 30 px, aligned with the grid."""
    levels = np.random.default_rng(6).normal(0, 80, (10, 10))
    return image + np.kron(levels, np.ones((30, 30)))


def _canal(image):
    """Lead a straight canal across the whole image."""
    return np.where(np.abs(ROWS - 140 - 0.12 * COLS) < 9, -300.0, image)


def _edge(image):
    return np.where(ROWS + 0.05 * COLS > 150, image + 400, image)


def _road_grid(image):
    """Lay a few streets along rows and columns."""
    return np.where((ROWS % 75 < 2) | (COLS % 75 < 2), 300.0, image)


@pytest.mark.parametrize("cover", [_cloud, _fields, _canal, _edge, _road_grid])
def test_stays_low_on_what_is_no_stripe(cover):
    assert strength(cover(ground())) < 0.15


def test_missing_pixels_have_no_say():
    image = ground() + stripes(2.0, 0.148)
    whole = strength(image)
    slanted = (ROWS + 0.148 * COLS) % 33 < 6
    gaps = np.where(slanted, -32768.0, image)
    assert abs(strength(gaps, ~slanted[None]) - whole) < 0.15
    assert strength(np.where(slanted, -32768.0, ground()), ~slanted[None]) < 0.1


def test_too_small_or_too_empty_for_a_figure():
    image = ground()
    assert (
        find_stripes(image[:, : MIN_SIDE_PX - 1], np.ones((1, MIN_SIDE_PX - 1, SIDE), bool)) is None
    )
    assert find_stripes(image, np.zeros(image.shape, bool)) is None
    assert strength(np.zeros((1, SIDE, SIDE))) == 0


def test_scale_and_offset_do_not_matter():
    image = ground() + stripes(1.0)
    assert strength(image) == pytest.approx(strength(0.0001 * image + 0.2), abs=0.01)


def test_a_striped_image_is_reported_and_kept(tmp_path):
    image = ((ground() + stripes(3.0, 0.148)) * 20 + 9000).astype(np.int16)
    write_raster(tmp_path / "a.tif", image)
    record = {
        "sample": "a",
        "side": "train",
        "image": str(tmp_path / "a.tif"),
        "height": SIDE,
        "width": SIDE,
    }
    frame, (finding,) = examine(
        make_samples([record]), [Band("red", 1)], ClassTable(("a", "b"), (0, 1)), workers=1
    )
    assert bool(frame["striped"].item())
    assert (finding.band, finding.what, finding.action) == ("red", "image is striped", "kept")
    assert finding.figure.endswith("of 1 (above 0.2), along the rows, -8.5 degrees")
