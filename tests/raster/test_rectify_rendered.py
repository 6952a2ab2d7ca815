"""Rectification against a rendering: a city seen obliquely returns to what is seen from straight above."""

import numpy as np
import pytest

from landseer.raster.rectify import GAP, HIDDEN, SEEN, rectify
from landseer.synth.camera import look
from landseer.synth.city import build_city
from landseer.synth.render import heights, render
from landseer.synth.styles import STYLES


@pytest.fixture(scope="module")
def scene():
    """Return an oblique view of a district, and heights and surfaces of the same ground from straight above."""
    world = build_city(STYLES["JAX"], 90.0, np.random.default_rng(3))
    view = look((0.0, 0.0), (200, 260), 0.5, off_nadir_deg=22, azimuth_deg=250.0)
    return render(world, view), heights(world, view.straight_down())


def test_a_city_returns_to_its_footprints(scene):
    seen, from_above = scene
    where = seen.agl_m, seen.view.scale_px_per_m, seen.view.angle_rad
    found = rectify(seen.agl_m, *where, missing=np.nan)
    is_seen = found.state == SEEN
    error = np.abs(found.values - from_above)
    assert is_seen.mean() > 0.75
    assert (error[is_seen] < 0.5).mean() > 0.95
    assert (error[found.state == GAP] < 1.0).mean() > 0.8
    high, known = from_above > 2.5, found.state <= GAP
    after = np.nan_to_num(found.values) > 2.5
    before = seen.agl_m > 2.5
    iou = ((after & high)[known]).sum() / ((after | high)[known]).sum()
    assert iou > 0.95 > 0.85 > (before & high).sum() / (before | high).sum()


def test_hidden_ground_lies_beside_what_hides_it(scene):
    seen, from_above = scene
    found = rectify(seen.agl_m, seen.agl_m, seen.view.scale_px_per_m, seen.view.angle_rad)
    hidden = found.state == HIDDEN
    assert 0.02 < hidden.mean() < 0.3
    assert (from_above[hidden] < 1.0).mean() > 0.6, "mostly ground"
    assert (seen.agl_m[hidden] > from_above[hidden] - 0.5).mean() > 0.95, "something higher is seen"


def test_surfaces_keep_their_names(scene):
    seen, _ = scene
    above = render_surface(seen)
    found = rectify(
        seen.surface,
        seen.agl_m,
        seen.view.scale_px_per_m,
        seen.view.angle_rad,
        missing=-1,
        has_classes=True,
    )
    is_seen = found.state == SEEN
    assert found.values.dtype == np.int32
    assert (found.values == above)[is_seen].mean() > 0.93


def render_surface(seen):
    """Return which surface is seen from straight above."""
    world = build_city(STYLES["JAX"], 90.0, np.random.default_rng(3))
    return render(world, seen.view.straight_down()).surface
