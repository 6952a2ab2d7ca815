"""Blocks of ground and the buffer around them."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import Polygon
from shapely.affinity import translate

from landseer.errors import StageError
from landseer.splits import GroupKFoldConfig, SpatialBlocksConfig, prove, split, trains
from landseer.splits.blocks import RADIUS_M, block_names
from landseer.splits.ground import lay_out, near_pairs, nearest_m

GEOD = Geod(ellps="WGS84")
SAG_M = 0.05
"""Edges that are straight in degrees, as the slow way takes them, bend by this much near a pole."""


def square(lon, lat, side_m, turn_deg=0.0):
    """A square on the ellipsoid, cut at the antimeridian."""
    lons, lats, _ = GEOD.fwd(
        [lon] * 4, [lat] * 4, np.arange(45, 360, 90) + turn_deg, [side_m / 2**0.5] * 4
    )
    lons = np.array(lons)
    lons = lon + (lons - lon + 180) % 360 - 180
    corners, step = np.column_stack([lons, lats]), np.arange(8)[:, None] / 8
    edges = zip(corners, np.roll(corners, -1, axis=0), strict=True)
    shape = Polygon(np.concatenate([one + step * (two - one) for one, two in edges]))
    world = shapely.box(-180, -90, 180, 90)
    parts = [shapely.intersection(translate(shape, shift), world) for shift in (-360, 0, 360)]
    return shapely.union_all([part for part in parts if not part.is_empty])


def slow_gap_m(one, two):
    """Least ellipsoidal distance between points along two outlines: never less than the truth."""
    points = [shapely.get_coordinates(shape) for shape in (one, two)]
    if shapely.intersects(one, two):
        return 0.0
    a, b = (np.repeat(points[0], len(points[1]), axis=0), np.tile(points[1], (len(points[0]), 1)))
    return float(np.min(GEOD.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])[2]))


def scatter(seed, n, lon, lat, spread_m, side_m):
    """Squares around a point, wherever on the Earth it lies."""
    rng = np.random.default_rng(seed)
    angle, reach = rng.uniform(0, 360, n), spread_m * np.sqrt(rng.random(n))
    lons, lats, _ = GEOD.fwd([lon] * n, [lat] * n, angle, reach)
    return [square(x, y, side_m, rng.uniform(0, 90)) for x, y in zip(lons, lats, strict=True)]


PLACES = st.sampled_from(
    [(10.0, 0.0), (-120.0, 35.0), (25.0, 78.0), (180.0, 66.0), (-179.999, -17.0), (60.0, 88.5)]
)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), place=PLACES, buffer_m=st.sampled_from([50.0, 400.0, 3000.0]))
def test_nothing_trains_within_the_buffer_of_what_is_held_out(table, seed, place, buffer_m):
    shapes = scatter(seed, 14, *place, spread_m=6000, side_m=200)
    frame = table(range(14)).set_geometry(shapes, crs="EPSG:4326")
    config = SpatialBlocksConfig(n_folds=2, block_m=2500, buffer_m=buffer_m)
    try:
        done = split(frame, config, 0)
    except StageError:
        assume(False)
    for fold in range(2):
        held, train = (np.flatnonzero(rows) for rows in (done["fold"] == fold, trains(done, fold)))
        gaps = {(i, j): slow_gap_m(shapes[i], shapes[j]) for i in held for j in range(14) if i != j}
        assert min(gaps[i, j] for i in held for j in train) >= buffer_m - SAG_M
        barred = sorted(set(range(14)) - set(held) - set(train))
        for j in (
            barred
        ):  # and nothing is barred for nothing: the slow distance is too long by a point's spacing
            assert min(gaps[i, j] for i in held) < buffer_m + 15
    assert (
        min(f["nearest_training_m"]["min"] for f in prove(done, _no_pairs(), config).folds)
        >= buffer_m
    )


def _no_pairs():
    import pandas as pd

    return pd.DataFrame({"a": [], "b": []})


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), place=PLACES)
def test_distances_are_those_of_the_slow_way(table, seed, place):
    shapes = scatter(seed, 8, *place, spread_m=20_000, side_m=900)
    ground = lay_out(table(range(8)).set_geometry(shapes, crs="EPSG:4326").geometry)
    one, two = np.divmod(np.arange(64), 8)
    gaps = ground.gap_m(one, two).reshape(8, 8)
    slow = np.array([[slow_gap_m(a, b) for b in shapes] for a in shapes])
    assert (gaps <= slow + SAG_M).all()
    assert (slow - gaps <= 80 + 1e-4 * slow).all()
    halves = np.arange(4), np.arange(4, 8)
    assert np.allclose(nearest_m(ground, *halves), gaps[:4, 4:].min(axis=1), rtol=1e-6, atol=0.01)
    left, right = near_pairs(ground, *halves, 5000.0)
    assert set(zip(left, right - 4, strict=True)) == set(
        zip(*np.nonzero(gaps[:4, 4:] < 5000), strict=True)
    )


def test_far_apart_is_measured_too(table):
    shapes = [square(0, 0, 1000), square(0, 60, 1000), square(180, 0, 1000)]
    ground = lay_out(table(range(3)).set_geometry(shapes, crs="EPSG:4326").geometry)
    near = nearest_m(ground, np.array([0]), np.array([1, 2]))[0]
    assert near == pytest.approx(GEOD.inv(0, 0, 0, 60)[2], rel=0.005)
    assert np.isinf(nearest_m(ground, np.array([0]), np.array([], int))[0])


@settings(max_examples=60, deadline=None)
@given(
    lon=st.floats(-180, 180), lat=st.floats(-90, 90), side_m=st.floats(100, 3_000_000),
)  # fmt: skip
def test_blocks_are_square_cells_of_equal_area(lon, lat, side_m):
    (name,) = block_names(np.array([[lon, lat]]), side_m)
    band, cell = map(int, name.split("/")[1:])
    n_bands = np.ceil(np.pi * RADIUS_M / side_m)
    assert 0 <= band < n_bands
    edges = np.clip((np.arange(2) + band) * side_m / RADIUS_M - np.pi / 2, -np.pi / 2, np.pi / 2)
    assert edges[0] - 1e-6 <= np.radians(lat) <= edges[1] + 1e-6
    around = (
        2
        * np.pi
        * RADIUS_M
        * np.cos(np.clip((band + 0.5) * side_m / RADIUS_M - np.pi / 2, -1.5707963, 1.5707963))
    )
    n_cells = max(round(around / side_m), 1)
    assert 0 <= cell < n_cells + 1
    if abs(lat) < 60 and side_m < 50_000:
        area = 2 * np.pi * RADIUS_M**2 * (np.sin(edges[1]) - np.sin(edges[0])) / n_cells
        assert area == pytest.approx(side_m**2, rel=0.01)


def test_a_block_is_never_cut_and_is_told(placed):
    lon_lat = [(x / 100, y / 100) for x in range(8) for y in range(8)]
    frame = placed(lon_lat)
    done = split(frame, SpatialBlocksConfig(n_folds=3, block_m=3000), 0)
    assert (done.groupby("block")["fold"].nunique() == 1).all()
    assert done["block"].nunique() > 6
    assert done["block"].str.startswith("3000m/").all()
    table = prove(done, _no_pairs()).balance.set_index("stratum")
    assert table.loc["blocks"].drop("deviation").sum() == done["block"].nunique()


def test_a_group_stays_whole_in_the_block_of_its_middle(placed):
    lon_lat = [(0.0, 0.0), (0.2, 0.0), (0.1, 0.0), (0.5, 0.5), (0.9, 0.9)]
    done = split(
        placed(lon_lat, groups=[0, 0, 1, 2, 3]), SpatialBlocksConfig(n_folds=2, block_m=2000), 0
    )
    blocks = done["block"].tolist()
    assert blocks[0] == blocks[1] == blocks[2]
    assert done["fold"].iloc[0] == done["fold"].iloc[1]


def test_a_number_of_blocks_is_reached_with_the_largest_side(placed):
    lon_lat = [(x / 100, y / 100) for x in range(20) for y in range(20)]
    done = split(placed(lon_lat), SpatialBlocksConfig(n_folds=4, n_blocks=12), 0)
    assert 12 <= done["block"].nunique() <= 30
    with pytest.raises(StageError, match="places for 12 blocks; got 1"):
        split(placed([(1.0, 1.0)] * 5), SpatialBlocksConfig(n_folds=2, n_blocks=12), 0)


def test_samples_near_those_put_aside_are_not_used(placed):
    frame = placed([(0.0, 0), (0.01, 0), (0.05, 0), (0.5, 0), (0.9, 0)], site=list("abcde"))
    done = split(frame, GroupKFoldConfig(n_folds=3, holdout_sites=("a",), buffer_m=2000), 0)
    assert done["holdout"].tolist() == [True, False, False, False, False]
    assert done["barred"].tolist() == ["", "0 1 2", "", "", ""]
    assert done["fold"].iloc[1] == -1
    proof = prove(done, _no_pairs(), GroupKFoldConfig(n_folds=3, buffer_m=2000))
    assert proof.n_unused == 1
    assert proof.folds[-1]["name"] == "holdout"
    assert proof.folds[-1]["nearest_training_m"]["min"] == pytest.approx(5466, abs=30)
    assert any("1 samples are not used at all" in warning for warning in proof.warnings)


def test_what_cannot_be_placed_is_refused(placed):
    frame = placed([(0.0, 0), (0.1, 0), (0.2, 0)])
    frame.loc[1, "geometry"] = None
    for config in (
        SpatialBlocksConfig(n_folds=2, block_m=100),
        GroupKFoldConfig(n_folds=2, buffer_m=1),
    ):
        with pytest.raises(StageError, match=r"1 of 3 have none \(s0001\)"):
            split(frame, config, 0)
    close = placed([(0.0, 0), (0.001, 0), (0.002, 0)])
    with pytest.raises(StageError, match=r"to train fold 0; got none \(.* are barred"):
        split(close, GroupKFoldConfig(n_folds=2, buffer_m=5000), 0)
