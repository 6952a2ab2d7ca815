"""Footprints and ground sample distances agree with the ellipsoid."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer

from landseer.errors import GridError
from landseer.samples.footprint import footprint, ground_sample_distance_m, same_crs

GEOD = Geod(ellps="WGS84")


def test_degrees_give_the_box_itself():
    shape = footprint("EPSG:4326", (0.1, 0, -60.0, 0, -0.1, -51.0), 20, 30)
    assert shape.equals(shapely.box(-60, -53, -57, -51))


def test_corners_are_in_order_of_axes():
    shape = footprint("EPSG:32621", (30, 0, 300000, 0, -30, 4300000), 350, 350)
    lon, lat = Transformer.from_crs("EPSG:32621", "EPSG:4326", always_xy=True).transform(
        300000, 4300000
    )
    assert shape.boundary.distance(shapely.Point(lon, lat)) < 1e-9


@settings(max_examples=40, deadline=None)
@given(
    zone=st.integers(1, 60), south=st.booleans(), easting=st.floats(250e3, 700e3), northing=st.floats(0.5e6, 9e6),
    size=st.integers(1, 500),
)  # fmt: skip
def test_utm_keeps_its_nominal_pixel_and_its_area(zone, south, easting, northing, size):
    crs = f"EPSG:{32700 + zone if south else 32600 + zone}"
    transform = (10.0, 0, easting, 0, -10.0, northing)
    assert ground_sample_distance_m(crs, transform, size, size) == 10.0
    shape = footprint(crs, transform, size, size)
    area = abs(GEOD.geometry_area_perimeter(shape)[0])
    assert area == pytest.approx((10.0 * size) ** 2, rel=0.01)


@pytest.mark.parametrize("latitude", [0.0, 30.0, 60.0])
def test_web_mercator_pixels_shrink_with_the_latitude(latitude):
    y = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True).transform(39.2, latitude)[1]
    got = ground_sample_distance_m("EPSG:3857", (0.15, 0, 4363724, 0, -0.15, y), 256, 256)
    assert got == pytest.approx(0.15 * np.cos(np.deg2rad(latitude)), rel=0.005)


def test_degrees_feet_and_rotation():
    got = ground_sample_distance_m("EPSG:4326", (0.001, 0, 0, 0, -0.001, 0), 10, 10)
    assert got == pytest.approx(0.001 * np.sqrt(111319.5 * 110574.4), rel=1e-4)
    feet = ground_sample_distance_m("EPSG:2263", (3.0, 0, 980000, 0, -3.0, 200000), 100, 100)
    assert feet == pytest.approx(3 * 0.3048006, rel=1e-6)
    turned = ground_sample_distance_m("EPSG:32617", (6.0, 8.0, 5e5, 8.0, -6.0, 4e6), 10, 10)
    assert turned == pytest.approx(10.0)


def test_across_the_antimeridian_there_are_two_parts():
    shape = footprint("EPSG:32601", (1000, 0, 100000, 0, -1000, 1000000), 100, 200)
    assert shape.geom_type == "MultiPolygon"
    west, _, east, _ = shape.bounds
    assert (west, east) == (-180.0, 180.0)
    area = abs(GEOD.geometry_area_perimeter(shape)[0])
    assert area == pytest.approx(1e6 * 100 * 200, rel=0.01)


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:32617", (10, 0, 1e30, 0, -10, 1e30)),
        ("EPSG:32617", (0, 0, 5e5, 0, 0, 4e6)),
        ('LOCAL_CS["plan",UNIT["metre",1]]', (10, 0, 0, 0, -10, 0)),
        ("nonsense", (10, 0, 0, 0, -10, 0)),
    ],
)
def test_images_without_a_place_are_refused(crs, transform):
    with pytest.raises(GridError, match="lies on the Earth; got CRS"):
        footprint(crs, transform, 10, 10)


def test_same_crs():
    wkt = CRS.from_epsg(4326).to_wkt("WKT1_GDAL")
    assert same_crs("EPSG:4326", "EPSG:4326")
    assert same_crs("EPSG:4326", wkt)
    assert same_crs("EPSG:4326", "OGC:CRS84")
    assert not same_crs("EPSG:4326", "EPSG:32617")
    assert not same_crs("EPSG:4326", "nonsense")
