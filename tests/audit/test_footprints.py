import numpy as np
import pytest
from pyproj import Geod
from shapely import Polygon, box

from landseer.audit.footprints import find_common_ground


@pytest.mark.parametrize("latitude", [0, 45, -51.7, 80])
def test_overlap_is_the_geodesic_area(latitude):
    one, two = (
        box(10, latitude, 10.02, latitude + 0.01),
        box(10.01, latitude, 10.03, latitude + 0.01),
    )
    (found,) = find_common_ground([one, two], min_overlap=0.001)
    area = abs(Geod(ellps="WGS84").geometry_area_perimeter(one.intersection(two))[0])
    assert found.overlap_m2 == pytest.approx(area, rel=1e-3)
    assert found.overlap == pytest.approx(0.5, rel=1e-6)


def test_neighbours_that_touch_or_overlap_by_a_sliver_are_no_pair():
    tiles = [box(k, 0, k + 1, 1) for k in range(3)] + [box(2.9999, 0, 4, 1)]
    assert find_common_ground(tiles, min_overlap=0.001) == []
    assert [(p.a, p.b) for p in find_common_ground(tiles, min_overlap=0)] == [(2, 3)]


def test_every_overlapping_pair_is_found():
    rng = np.random.default_rng(0)
    corners = rng.random((60, 2)) * 3
    tiles = [box(x, y, x + 0.5, y + 0.4) for x, y in corners]
    found = {(p.a, p.b) for p in find_common_ground(tiles, min_overlap=1e-6)}
    slow = {
        (a, b)
        for a in range(60)
        for b in range(a + 1, 60)
        if tiles[a].intersection(tiles[b]).area > 1e-6 * 0.2
    }
    assert found == slow


def test_a_tile_inside_a_scene_overlaps_wholly():
    (found,) = find_common_ground(
        [box(0, 0, 10, 10), Polygon([(1, 1), (2, 1), (2, 2)])], min_overlap=0.9
    )
    assert found.overlap == pytest.approx(1, abs=1e-6)


def test_no_footprints_no_pairs():
    assert find_common_ground([], min_overlap=0.1) == []
