import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer
from shapely import Polygon, box

from landseer.audit.footprints import find_common_ground
from landseer.samples.footprint import footprint


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


def tile(crs, x, y, side_m):
    """A tile of 100 x 100 px whose upper left corner is at (x, y)."""
    return footprint(crs, (side_m / 100, 0, x, 0, -side_m / 100, y), 100, 100)


def test_tiles_of_two_utm_zones_share_what_they_share_on_the_ground():
    """The same corner of the Earth, once in zone 32 and once in zone 33."""
    move = Transformer.from_crs("EPSG:32632", "EPSG:32633", always_xy=True)
    x, y = 725_000.0, 5_000_000.0
    other_x, other_y = move.transform(x + 500, y - 500)
    one, two = tile("EPSG:32632", x, y, 1000), tile("EPSG:32633", other_x, other_y, 1000)
    far = tile("EPSG:32633", x, y, 1000)
    (found,) = find_common_ground([one, two, far], min_overlap=0.001)
    assert (found.a, found.b) == (0, 1)
    assert found.overlap == pytest.approx(0.25, abs=0.05)
    assert found.overlap_m2 == pytest.approx(250_000, rel=0.2)


def test_tiles_across_the_antimeridian_meet_and_those_beside_it_do_not():
    """Zone 60 ends where zone 1 begins."""
    move = Transformer.from_crs("EPSG:4326", "EPSG:32660", always_xy=True)
    x, y = move.transform(179.95, -17.0)
    across = tile("EPSG:32660", x, y, 20_000)
    west = shapely.box(179.96, -17.1, 179.98, -17.05)
    east = shapely.box(-179.99, -17.1, -179.95, -17.05)
    assert across.geom_type == "MultiPolygon"
    found = find_common_ground([across, west, east], min_overlap=0.01)
    assert [(pair.a, pair.b) for pair in found] == [(0, 1), (0, 2)]
    assert all(pair.overlap == pytest.approx(1, abs=1e-3) for pair in found)


def test_polar_and_web_mercator_tiles_are_compared_on_the_ground():
    move = Transformer.from_crs("EPSG:3031", "EPSG:3857", always_xy=True)
    south = tile("EPSG:3031", 2_500_000, 500_000, 10_000)
    x, y = move.transform(2_505_000, 495_000)
    (found,) = find_common_ground(
        [south, tile("EPSG:3857", x - 5000, y + 5000, 10_000)], min_overlap=0.01
    )
    assert found.overlap == pytest.approx(1, abs=1e-3)  # 10 km of Web Mercator are 4 km here
