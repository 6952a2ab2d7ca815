"""Views: the same place again under other light, plausible numbers, kelp where kelp can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from landseer.synth.plan import TileSpec
from landseer.synth.settings import WORLD_MARGIN_PX, KelpSynthConfig
from landseer.synth.spectra import BLUE, GREEN, NIR, NODATA, RED, SWIR
from landseer.synth.terrain import PlaceKind
from landseer.synth.view import View, render
from landseer.synth.world import World, build_world

CONFIG = KelpSynthConfig(places=3, seed=12, size_px=160, kelp_pixels_median=2500.0)
CLIP = {
    SWIR: (6250, 12000),
    NIR: (6500, 13250),
    RED: (6500, 12000),
    GREEN: (5750, 11250),
    BLUE: (6500, 12000),
}


def spec_of(tile: str, kind: PlaceKind = "coast", row: int = 0, col: int = 0) -> TileSpec:
    return TileSpec(
        tile, "train", 0, kind, WORLD_MARGIN_PX + row, WORLD_MARGIN_PX + col,
        date(2016, 12, 3), "L8", 0.0, (), "careful",
    )  # fmt: skip


def view_of(spec: TileSpec) -> View:
    return render(build_world(CONFIG, spec.place, spec.kind), spec, CONFIG.size_px, CONFIG.seed)


@pytest.fixture(scope="module")
def coast() -> World:
    return build_world(CONFIG, 0, "coast")


def test_views_of_a_place_show_the_same_ground_at_the_stated_offset(coast: World) -> None:
    first = view_of(spec_of("AA000001"))
    second = view_of(
        replace(spec_of("AA000002", row=33, col=50), day=date(1995, 9, 20), sensor="L5")
    )
    a, b = first.image[:, 33:, 50:], second.image[:, :-33, :-50]
    np.testing.assert_array_equal(a[6], b[6])
    land = a[6] > 3
    assert land.mean() > 0.05
    assert np.corrcoef(a[NIR].ravel(), b[NIR].ravel())[0, 1] > 0.6
    wrong = np.corrcoef(first.image[NIR].ravel(), second.image[NIR].ravel())[0, 1]
    assert np.corrcoef(a[NIR].ravel(), b[NIR].ravel())[0, 1] > wrong
    assert not np.array_equal(a[NIR], b[NIR])


def test_clear_surfaces_stay_inside_the_known_range(coast: World) -> None:
    images = [view_of(spec_of(f"AB{n:06d}")).image for n in range(3)]
    for band, (low, high) in CLIP.items():
        values = np.concatenate([image[band][image[5] == 0] for image in images])
        assert np.quantile(values, 0.01) > low
        assert np.quantile(values, 0.96) < high


def test_water_darkens_from_blue_to_swir(coast: World) -> None:
    image = view_of(spec_of("AC000001")).image
    sea = (image[6] <= 0) & (image[5] == 0)
    medians = [np.median(image[band][sea]) for band in (BLUE, RED, NIR, SWIR)]
    assert medians == sorted(medians, reverse=True)


def test_kelp_floats_on_water_and_is_bright_in_the_infrared_alone(coast: World) -> None:
    view = view_of(replace(spec_of("AD000001"), place=1))
    kelp = view.truth == 1
    assert kelp.sum() > 50
    assert (view.image[6][kelp] <= 3).mean() > 0.9
    sea = (view.image[6] <= 0) & ~kelp & (view.image[5] == 0)
    rise = {
        band: np.median(view.image[band][kelp]) - np.median(view.image[band][sea])
        for band in range(5)
    }
    assert rise[NIR] > 600
    assert rise[NIR] > 3 * max(abs(rise[GREEN]), abs(rise[BLUE]))
    assert rise[SWIR] < 0.6 * rise[NIR]


def test_kelp_changes_from_date_to_date_but_keeps_its_place(coast: World) -> None:
    masks = [view_of(replace(spec_of(f"AE{n:06d}"), place=1)).truth for n in range(4)]
    sizes = [int(mask.sum()) for mask in masks]
    assert len(set(sizes)) > 1
    larger, smaller = masks[int(np.argmax(sizes))], masks[int(np.argmin(sizes))]
    assert (larger & smaller).sum() > 0.5 * smaller.sum() > 0


@pytest.mark.parametrize("kind", ["sea", "inland", "barren"])
def test_places_without_kelp_have_none(kind: PlaceKind) -> None:
    view = view_of(spec_of("AF000001", kind))
    assert view.truth.sum() == 0
    dem = view.image[6]
    if kind == "sea":
        assert (dem == NODATA).all()
    if kind == "inland":
        assert (dem > 0).all()


def test_dem_ends_some_way_out_at_sea(coast: World) -> None:
    dem = coast.dem_m
    assert (dem == NODATA).any() and (dem == 0).any() and (dem > 20).any()
    deep = coast.height_m < -60
    assert (dem[deep] <= 0).all()
    assert dem[dem != NODATA].min() >= -5


def test_kelp_under_thick_cloud_is_not_in_the_truth(coast: World) -> None:
    clear = view_of(replace(spec_of("AG000001"), place=1))
    cloudy = view_of(replace(spec_of("AG000001"), place=1, cloud_share=0.95))
    assert cloudy.truth.sum() < 0.3 * clear.truth.sum()
    assert cloudy.cloud_share > 0.6
    assert cloudy.image[5].mean() > 0.6


def test_worlds_do_not_depend_on_what_was_built_before(coast: World) -> None:
    build_world.cache_clear()
    np.testing.assert_array_equal(build_world(CONFIG, 0, "coast").land_rho, coast.land_rho)


def test_kelp_under_missing_pixels_is_not_in_the_truth(coast: World) -> None:
    whole = view_of(replace(spec_of("AH000001"), place=1))
    torn = view_of(replace(spec_of("AH000001"), place=1, flaws=("slc_gaps",)))
    missing = (torn.image[:5] == NODATA).any(axis=0)
    assert (whole.truth[missing] == 1).any()
    np.testing.assert_array_equal(torn.truth, np.where(missing, 0, whole.truth))
