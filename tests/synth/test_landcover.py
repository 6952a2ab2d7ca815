"""The land-cover data set on disk: LandCover.ai's layout, lists by its numbering, masks that fit the pictures."""

from __future__ import annotations

import hashlib
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import ndimage

from landseer.core.seeds import generator
from landseer.errors import WriteError
from landseer.raster.opening import quiet
from landseer.raster.read import read_bands
from landseer.synth import (
    SYNTH_CONFIGS,
    SYNTHS,
    LandcoverSummary,
    LandcoverSynthConfig,
    make_landcover,
)
from landseer.synth.camera import look
from landseer.synth.country import build_country
from landseer.synth.landcover import TRUTH_FILE
from landseer.synth.landcover_files import tile_lists, tile_numbers
from landseer.synth.landcover_label import draw_mask
from landseer.synth.landcover_plan import make_plan
from landseer.synth.landcover_summary import OrthoTruth
from landseer.synth.truth_table import read_rows

SMALL = LandcoverSynthConfig(train=3, val=1, test=1, size_px=540, seed=4, coarse=0.25)
Made = tuple[Path, LandcoverSummary]
Mask = NDArray[np.generic]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("synth") / "landcover"
    return root, make_landcover(root, SMALL, workers=1)


def hashes(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def pairs(root: Path) -> list[tuple[Mask, Mask]]:
    return [
        (read_bands(path), read_bands(root / "masks" / path.name)[0])
        for path in sorted((root / "images").iterdir())
    ]


def green(image: Mask) -> NDArray[np.float64]:
    """Say how much greener than grey every pixel is."""
    red, mid, blue = image.astype(float)
    return mid - (red + blue) / 2


def test_the_family_lists_landcover() -> None:
    assert SYNTHS["landcover"] is make_landcover
    assert SYNTH_CONFIGS["landcover"] is LandcoverSynthConfig


def test_layout_is_the_archives(made: Made) -> None:
    root, _ = made
    assert {p.name for p in root.iterdir()} == {
        "images",
        "masks",
        "train.txt",
        "val.txt",
        "test.txt",
        "truth",
    }
    names = {p.name for p in (root / "images").iterdir()}
    assert names == {p.name for p in (root / "masks").iterdir()}
    assert names == {f"{spec.name}.tif" for spec in make_plan(SMALL)}
    for name in names:
        assert all(part for part in name.removesuffix(".tif").split("-"))
        with (
            quiet(),
            rasterio.open(root / "images" / name) as image,
            rasterio.open(root / "masks" / name) as mask,
        ):
            assert (image.count, set(image.dtypes), image.crs.to_epsg()) == (3, {"uint8"}, 2180)
            assert (mask.count, set(mask.dtypes), mask.crs.to_epsg()) == (1, {"uint8"}, 2180)
            assert (image.shape, image.transform) == (mask.shape, mask.transform)
            assert image.res[0] in (0.25, 0.5)
            assert 140_000 < image.bounds.left < 880_000
            assert 130_000 < image.bounds.bottom < 790_000


def test_shares_of_coarse_orthophotos_and_sides_are_exact() -> None:
    specs = make_plan(LandcoverSynthConfig(train=12, val=3, test=8, size_px=512))
    assert sum(spec.gsd_m == 0.5 for spec in specs) == 4
    assert [sum(spec.side == side for spec in specs) for side in ("train", "val", "test")] == [
        9,
        3,
        8,
    ]
    assert len({spec.name for spec in specs}) == 20


@pytest.mark.parametrize("size", [(512, 512), (1024, 1300), (1100, 1023), (511, 900), (1536, 2600)])
def test_tile_numbers_count_as_the_published_script_does(size: tuple[int, int]) -> None:
    number, full = 0, []
    for top in range(0, size[0], 512):
        for left in range(0, size[1], 512):
            tile = np.empty(size, bool)[top : top + 512, left : left + 512]
            if tile.shape == (512, 512):
                full.append(number)
            number += 1
    assert tile_numbers(size) == full


def test_lists_hold_whole_orthophotos_by_default(made: Made) -> None:
    root, _ = made
    lists = {side: (root / f"{side}.txt").read_text().split() for side in ("train", "val", "test")}
    for spec in make_plan(SMALL):
        wanted = {f"{spec.name}_{k}" for k in tile_numbers(spec.size)}
        for side, tiles in lists.items():
            mine = {tile for tile in tiles if tile.rpartition("_")[0] == spec.name}
            assert mine == (wanted if side == spec.side else set())


def test_lists_by_tiles_mix_orthophotos_and_lose_none() -> None:
    config = LandcoverSynthConfig(train=6, val=2, test=3, size_px=1536)
    plan = make_plan(config)
    whole = tile_lists(config, plan)
    mixed = tile_lists(config.model_copy(update={"split": "tiles"}), plan)
    assert sorted(chain(*mixed.values())) == sorted(chain(*whole.values()))
    assert {side: len(tiles) for side, tiles in mixed.items()} == {
        side: len(t) for side, t in whole.items()
    }
    shared = {t.rpartition("_")[0] for t in mixed["train"]} & {
        t.rpartition("_")[0] for t in mixed["test"]
    }
    assert len(shared) >= 4


def test_classes_look_different_in_the_pictures(made: Made) -> None:
    root, _ = made
    for image, mask in pairs(root):
        bright = image.astype(float).mean(0)
        deep = {k: ndimage.binary_erosion(mask == k, iterations=3) for k in range(5)}
        level = {k: bright[m].mean() for k, m in deep.items() if m.sum() > 400}
        rough = {k: bright[m].std() for k, m in deep.items() if m.sum() > 400}
        if 2 in level:
            assert level[2] < level[0] - 8
        if 3 in level:
            assert rough[3] < 0.6 * rough[0]
        if 4 in level:
            assert green(image)[deep[4]].mean() < green(image)[deep[0]].mean() - 2


def test_road_edges_lie_where_the_picture_says(made: Made) -> None:
    offs = []
    for image, mask in pairs(made[0]):
        road = mask == 4
        if road.sum() < 2000:
            continue
        inside = ndimage.binary_erosion(road, iterations=2)
        near, far = (ndimage.binary_dilation(road, iterations=k) for k in (2, 6))
        verge = green(image)[far & ~near].mean()
        shifted = np.roll(inside, 24, 1) & ~near
        offs.append((verge - green(image)[inside].mean(), verge - green(image)[shifted].mean()))
    assert offs
    assert all(here > 4 and here > there + 3 for here, there in offs), offs


def test_class_shares_are_near_the_published_ones() -> None:
    config = LandcoverSynthConfig(train=16, val=0, test=0)
    share = np.zeros(5)
    for spec in make_plan(config):
        builder = build_country(spec.country, 210.0, generator(config.seed, "country", spec.name))
        world = builder.world((-210.0, 210.0, -210.0, 210.0))
        mask = draw_mask(builder, world, look((0.0, 0.0), (400, 400), 1.0))
        share += np.bincount(mask.ravel(), minlength=5) / mask.size / 16
    wanted = np.array([0.58, 0.0086, 0.33, 0.065, 0.0162])
    np.testing.assert_allclose(share, wanted, rtol=0.45)
    assert abs(share[0] - wanted[0]) < 0.08
    assert abs(share[2] - wanted[2]) < 0.08


def test_summary_and_truth_agree_with_the_files(made: Made) -> None:
    root, summary = made
    rows = {row.name: row for row in read_rows(root / TRUTH_FILE, OrthoTruth)}
    count = np.zeros(5)
    for path in (root / "masks").iterdir():
        mask = read_bands(path)[0]
        share = np.bincount(mask.ravel(), minlength=5) / mask.size
        row = rows[path.stem]
        np.testing.assert_allclose(
            share, [row.background, row.building, row.woodland, row.water, row.road], atol=1e-6
        )
        count += np.bincount(mask.ravel(), minlength=5)
    np.testing.assert_allclose(list(summary.shares.values()), count / count.sum(), atol=2e-6)
    assert summary.n_tiles["test"] == len((root / "test.txt").read_text().split())
    assert "2 training, 1 validation and 1 test orthophotos" in summary.text


def test_equal_bytes_whatever_the_number_of_workers(tmp_path: Path) -> None:
    tiny = LandcoverSynthConfig(train=2, val=0, test=1, size_px=160, seed=9)
    make_landcover(tmp_path / "one", tiny, workers=1)
    make_landcover(tmp_path / "two", tiny, workers=2)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_what_is_there_is_kept_and_other_content_is_refused(made: Made) -> None:
    root, summary = made
    before = hashes(root)
    again = make_landcover(root, SMALL, workers=1)
    assert (again.made, again.shares, again.n_tiles) == (False, summary.shares, summary.n_tiles)
    assert hashes(root) == before
    with pytest.raises(WriteError, match="expected an empty folder"):
        make_landcover(root, SMALL.model_copy(update={"seed": 6}), workers=1)


@pytest.mark.parametrize(
    "values",
    [
        {"train": 0},
        {"train": 2, "val": 2},
        {"size_px": 8},
        {"split": "random"},
        {"coarse": 1.5},
        {"tiles": 4},
    ],
)
def test_settings_refuse_nonsense(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LandcoverSynthConfig(**values)  # type: ignore[arg-type]
