"""Oblique images are laid on the ground before they are compared, where references say how."""

import numpy as np
import pytest
from scipy import ndimage

from landseer.audit.ground import Pose, beside_of, rectify_faults, to_ground
from landseer.audit.same_place import same_place
from landseer.audit.settings import RectifyConfig, SamePlaceConfig
from landseer.core.bands import Band
from landseer.core.encoding import Encoding
from landseer.core.references import Reference
from landseer.errors import RecipeError
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples

BANDS = (Band("grey", 1),)
AGL = Reference("agl", "raster", "m", Encoding(0.01, nodata=65535.0))
POSE = (Reference("scale", "number"), Reference("angle", "angle"))
KNOWN = (AGL, *POSE)
SIDE, WORLD = 96, 400


@pytest.fixture(scope="module")
def city():
    """Roofs of random height and brightness on ground of random brightness."""
    rng = np.random.default_rng(3)
    height, grey = np.zeros((WORLD, WORLD)), rng.normal(100, 12, (WORLD, WORLD))
    for _ in range(420):
        row, col = rng.integers(0, WORLD - 16, 2)
        down, right = rng.integers(6, 15, 2)
        block = np.s_[row : row + down, col : col + right]
        height[block], grey[block] = rng.integers(3, 11), rng.uniform(60, 160)
    return height, ndimage.gaussian_filter(grey, 0.7)


def view(city, row, col, scale, angle):
    """See a square of the city obliquely: every point is displaced against the flow, the tallest hides others."""
    height, grey = (part[row - 24 : row + SIDE + 24, col - 24 : col + SIDE + 24] for part in city)
    seen, shown = np.full(height.shape, np.nan), np.zeros(height.shape)
    rows, cols = np.indices(height.shape)
    down = np.floor(height * scale * np.cos(angle) + 0.5).astype(int)
    right = np.floor(height * scale * np.sin(angle) + 0.5).astype(int)
    for place in np.argsort(height, axis=None, kind="stable"):
        i, j = divmod(int(place), height.shape[1])
        at = rows[i, j] - down[i, j], cols[i, j] - right[i, j]
        if 0 <= min(at) and at[0] < height.shape[0] and at[1] < height.shape[1]:
            seen[at], shown[at] = height[i, j], grey[i, j]
    near = ndimage.distance_transform_edt(
        np.isnan(seen), return_distances=False, return_indices=True
    )
    inner = np.s_[24 : 24 + SIDE, 24 : 24 + SIDE]
    return seen[tuple(near)][inner], shown[tuple(near)][inner]


def test_pixels_go_back_to_their_footprints(city):
    row, col, scale, angle = 200, 150, 1.5, 2.0
    seen, shown = view(city, row, col, scale, angle)
    pose = Pose("agl", scale, angle)
    heights, greys = to_ground([seen.astype("f4"), shown.astype("f4")], seen.astype("f4"), pose, 1)
    truth, grey = (part[row : row + SIDE, col : col + SIDE] for part in city)
    known = ~np.isnan(heights)
    assert known.mean() > 0.7
    assert np.mean(heights[known] == truth[known]) > 0.88
    assert np.mean(seen == truth) < 0.75  # so that the move was needed
    assert np.corrcoef(greys[known], grey[known])[0, 1] > 0.9


def test_of_shrunk_layers_the_flow_is_shrunk():
    heights = np.zeros((8, 8), np.float32)
    heights[2, 2] = 6
    (moved,) = to_ground([heights], heights, Pose("agl", 2.0, np.pi / 2), 4)
    assert np.argwhere(moved == 6).tolist() == [[2, 5]]


@pytest.fixture(scope="module")
def tiles(city, tmp_path_factory):
    """Six places, each seen twice from opposite sides, half a tile apart."""
    root, records = tmp_path_factory.mktemp("tiles"), []
    rng = np.random.default_rng(0)
    for number, (row, col) in enumerate(
        [(30, 30), (30, 230), (150, 30), (150, 230), (270, 30), (270, 220)]
    ):
        for side, (shift, angle) in {"a": (0, 0.8), "b": (30, 0.8 + np.pi)}.items():
            name, scale = f"{number}{side}", 1.3
            seen, shown = view(city, row, col + shift, scale, angle)
            shown = 0.8 * shown + 10 * (side == "b") + rng.normal(0, 2, shown.shape)
            write_raster(root / f"{name}.tif", np.clip(shown, 0, 255).astype(np.uint8))
            write_raster(root / f"{name}_agl.tif", np.rint(seen * 100).astype(np.uint16))
            records.append(
                {
                    "sample": name, "side": "train", "image": str(root / f"{name}.tif"), "height": SIDE, "width": SIDE,
                    "site": "north" if number < 3 else "south", "ref_agl": str(root / f"{name}_agl.tif"),
                    "ref_scale": scale, "ref_angle": angle,
                }
            )  # fmt: skip
    return make_samples(records)


def found(frame, references=KNOWN, **settings):
    config = SamePlaceConfig(sites_are_places=False, **settings)
    got = same_place(frame, BANDS, config, references=references, workers=1)
    return {
        (a, b): (row, col)
        for a, b, row, col in got.pairs[["a", "b", "shift_row", "shift_col"]].to_numpy()
    }, got


def test_views_from_two_sides_are_found_on_the_ground_alone(tiles):
    true = {(f"{n}a", f"{n}b") for n in range(6)}
    as_seen, _ = found(tiles)
    laid, got = found(tiles, rectify=RectifyConfig())
    assert len(true & set(as_seen)) <= 3
    assert set(laid) == true
    shifts = np.array([laid[pair] for pair in sorted(true)], float)
    assert np.abs(np.abs(shifts) - [0, 30]).max() <= 2
    assert set(got.pairs["method"]) == {"image: (grey) / 1 + sqrt(abs(agl))"}


def test_images_of_which_no_pose_is_known_are_compared_as_they_are(tiles):
    blind = tiles.assign(ref_agl=None, ref_scale=np.nan)
    assert found(blind, rectify={}, layers=("grey",))[0] == found(tiles, layers=("grey",))[0]
    some = tiles.copy()
    some.loc[some["sample"] == "0b", "ref_angle"] = np.nan
    kept, _ = found(some, rectify={})
    assert {(f"{n}a", f"{n}b") for n in range(1, 6)} <= set(kept)


def test_heights_may_be_a_layer_without_rectification(tiles):
    _, got = found(tiles, layers=("sqrt(agl)",))
    assert not set(got.pairs["method"]) - {"image: sqrt(agl)", "same pixels: sqrt(agl)"}
    records = beside_of(tiles, KNOWN, frozenset({"agl", "grey"}), None)
    assert records[0].pose is None
    assert records[0].read((SIDE, SIDE))["agl"].max() >= 3


def test_wrong_names_are_told_before_anything_is_read(tiles):
    with pytest.raises(
        RecipeError, match=r"on the pixels of the images \(agl\); got 'dsm'"
    ) as caught:
        found(tiles, rectify=RectifyConfig(height="dsm"))
    assert caught.value.where == "same_place.rectify.height"
    own = (Reference("agl", grid="own"), *POSE)
    wrong = RectifyConfig(scale="angle", angle="x")
    assert [key for key, _ in rectify_faults(wrong, own)] == ["height", "scale", "angle"]
    assert list(rectify_faults(RectifyConfig(), KNOWN)) == []


def test_places_do_not_reach_from_region_to_region(tiles):
    odd = tiles.copy()
    odd.loc[odd["sample"] == "0b", "site"] = "south"
    pairs, got = found(odd, rectify={})
    assert set(pairs) == {(f"{n}a", f"{n}b") for n in range(1, 6)}
    assert got.groups["0a"] != got.groups["0b"]
    (finding,) = [one for one in got.findings if one.what == "images of two sites look alike"]
    assert finding.figure == "1 pairs, the first 0a and 0b"
