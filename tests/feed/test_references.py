"""Batches of references: physical values, numbers, angles, grids of their own, and what is not known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from affine import Affine
from rasterio.warp import transform as rasterio_transform

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.encoding import Encoding
from landseer.core.references import Reference
from landseer.errors import BandError, GridError
from landseer.feed.loader import Loader, make_batch
from landseer.feed.source import Item, Source
from landseer.raster.write import write_raster

BANDS = (Band("red", 1),)
CLASSES = ClassTable(("a", "b"), (0, 1))
UTM, ZONE18 = "EPSG:32617", "EPSG:32618"
AGL = Reference("agl", unit="m", encoding=Encoding(0.01, nodata=65535.0))
FAR = Reference("far", unit="m", grid="own")
ROOFS = Reference("roofs", layers=3)
SCALE, ANGLE = Reference("scale", "number"), Reference("angle", "angle")
ALL = (AGL, FAR, ROOFS, SCALE, ANGLE)
SIZES = [(8, 8), (6, 9), (8, 8)]
ORIGIN = Affine(0.5, 0, 4e5, 0, -0.5, 4e6)
COARSE = [
    (UTM, Affine(2, 0, 4e5 - 1, 0, -2, 4e6 + 0.7), (3, 4)),
    (UTM, Affine(1, 0.2, 4e5, 0.1, -1, 4e6), (5, 2)),
]


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    """Three samples: one knows everything, one lacks label and number, one knows nothing but its image."""
    made = []
    for number, (height, width) in enumerate(SIZES):
        image = tmp_path / f"{number}.tif"
        values = np.arange(height * width, dtype=np.uint16).reshape(height, width)
        write_raster(image, values, crs=UTM, transform=tuple(ORIGIN)[:6])
        if number == 2:
            made.append(Item("2", image, None))
            continue
        known: dict[str, Path | float] = {"angle": 0.5 + number}
        agl = values.copy() * 10
        agl[0, number] = 65535
        write_raster(tmp_path / f"{number}_agl.tif", agl)
        roofs = np.stack([values, values + 1, values + 2]).astype(np.float32)
        write_raster(tmp_path / f"{number}_roofs.tif", roofs)
        crs, place, size = COARSE[number]
        far = np.arange(size[0] * size[1], dtype=np.float32).reshape(size)
        write_raster(tmp_path / f"{number}_far.tif", far, crs=crs, transform=tuple(place)[:6])
        known |= {n: tmp_path / f"{number}_{n}.tif" for n in ("agl", "roofs", "far")}
        label = None
        if number == 0:
            known["scale"] = 1.25
            label = tmp_path / "0_l.tif"
            write_raster(label, (values % 2).astype(np.uint8))
        made.append(Item(str(number), image, label, known, gsd_m=0.5 if number else math.nan))
    return made


def make(items: list[Item], references=ALL, **more) -> Source:
    return Source(items, BANDS, CLASSES, references=references, **more)


def test_rasters_are_physical_values_padded_like_their_images(items: list[Item]) -> None:
    batch = make_batch(make(items), [0, 1, 2])
    agl = batch["targets"]["agl"]
    assert agl.shape == (3, 8, 9) and agl.dtype == torch.float32
    expected = torch.arange(64.0).reshape(8, 8) * 0.1
    expected[0, 0] = torch.nan
    torch.testing.assert_close(agl[0, :, :8], expected, equal_nan=True)
    assert agl[0, :, 8].isnan().all() and agl[1, 6:].isnan().all() and agl[2].isnan().all()
    assert agl[1].isnan().sum() == 1 + 2 * 9
    assert batch["image"].shape == (3, 1, 8, 9) and batch["sizes"] == SIZES


def test_numbers_and_angles_are_known_or_not(items: list[Item]) -> None:
    targets = make_batch(make(items), [0, 1, 2])["targets"]
    assert targets["scale"][0] == 1.25 and targets["scale"][1:].isnan().all()
    assert targets["scale"].shape == (3,) and targets["angle"].shape == (3, 2)
    for number, angle in enumerate((0.5, 1.5)):
        expected = torch.tensor([math.sin(angle), math.cos(angle)])
        torch.testing.assert_close(targets["angle"][number], expected)
    assert targets["angle"][2].isnan().all()


def test_the_ground_sample_distance_can_be_learnt_from_a_reference_or_else_from_the_table(
    items: list[Item],
) -> None:
    batch = make_batch(make(items), [0, 1, 2])
    torch.testing.assert_close(
        batch["targets"]["gsd"], torch.tensor([math.nan, 0.5, math.nan]), equal_nan=True
    )
    own = [Item("0", items[0].image, None, {"gsd": 2.0}, gsd_m=0.5)]
    named = make_batch(make(own, [Reference("gsd", "number")]), [0])
    assert named["targets"]["gsd"].tolist() == [2.0] and named["gsd_m"].tolist() == [0.5]


def test_labels_that_are_missing_are_ignored(items: list[Item]) -> None:
    mask = make_batch(make(items), [0, 1, 2])["targets"]["mask"]
    assert mask.dtype == torch.uint8 and (mask[1:] == 255).all()
    assert mask[0, :, :8].tolist() == [[c % 2 for c in range(8)]] * 8
    assert "mask" not in make_batch(Source(items, BANDS, ClassTable((), ())), [0])["targets"]


def test_grids_of_their_own_say_where_their_pixels_lie(items: list[Item]) -> None:
    batch = make_batch(make(items), [0, 1, 2])
    grids, far = batch["grids"]["far"], batch["targets"]["far"]
    assert list(batch["grids"]) == ["far"] and grids.dtype == torch.float32
    assert far.shape == (3, 5, 4), "padded to the largest"
    for number, (_, place, size) in enumerate(COARSE):
        own = far[number, : size[0], : size[1]]
        for row in range(size[0]):
            for col in range(size[1]):
                x, y = place @ (col + 0.5, row + 0.5)
                at = torch.tensor((~ORIGIN @ (x, y))[::-1]) - 0.5
                seen = grids[number] @ torch.tensor([row, col, 1.0])
                torch.testing.assert_close(seen, at.float(), atol=2e-3, rtol=0)
                is_in = all(-0.501 <= p <= n - 0.5 for p, n in zip(at, SIZES[number], strict=True))
                expected = row * size[1] + col if is_in else math.nan
                assert own[row, col].item() == pytest.approx(expected, nan_ok=True)
    assert far[0, 3:].isnan().all() and far[1, :, 2:].isnan().all()
    assert 0 < far[1, :, :2].isnan().sum() < 10, "a part of it lies beyond the image"
    assert far[2].isnan().all() and grids[2].isnan().all()


def test_grids_in_another_crs_by_rasterio(items: list[Item], tmp_path: Path) -> None:
    (x,), (y,) = rasterio_transform(UTM, ZONE18, [4e5], [4e6])
    place = Affine(3, 0, x + 2, 0, -3, y - 1)
    write_raster(
        tmp_path / "far.tif", np.ones((2, 2), np.float32), crs=ZONE18, transform=tuple(place)[:6]
    )
    item = Item("x", items[0].image, None, {"far": tmp_path / "far.tif"})
    grid = make_batch(make([item]), [0])["grids"]["far"][0]
    for row, col in ((0, 0), (1, 0), (1, 1)):
        (east,), (north,) = rasterio_transform(
            ZONE18, UTM, *[[value] for value in place @ (col + 0.5, row + 0.5)]
        )
        at = torch.tensor((~ORIGIN @ (east, north))[::-1]).float() - 0.5
        torch.testing.assert_close(grid @ torch.tensor([row, col, 1.0]), at, atol=0.05, rtol=0)
    assert abs(grid[0, 1]) > 0.05, "the two zones are turned against each other"


def test_layers_have_an_axis_of_their_own_also_where_nothing_is_known(items: list[Item]) -> None:
    source = make(items)
    roofs = make_batch(source, [2, 0])["targets"]["roofs"]
    assert roofs.shape == (2, 3, 8, 8) and roofs[0].isnan().all()
    assert torch.equal(roofs[1, 2] - roofs[1, 0], torch.full((8, 8), 2.0))
    assert make_batch(source, [2])["targets"]["roofs"].shape == (1, 3, 8, 8)
    assert make_batch(source, [2])["targets"]["far"].shape == (1, 1, 1)


def test_layers_on_a_grid_of_their_own(items: list[Item], tmp_path: Path) -> None:
    known = []
    for number, size in enumerate([(2, 5), (4, 3)]):
        path = tmp_path / f"deep{number}.tif"
        write_raster(
            path,
            np.full((3, *size), float(number), np.float32),
            crs=UTM,
            transform=(1, 0, 4e5, 0, -1, 4e6),
        )
        known.append(Item(str(number), items[number].image, None, {"deep": path}))
    deep = Reference("deep", grid="own", layers=3)
    batch = make_batch(make(known, [deep]), [0, 1])
    assert batch["targets"]["deep"].shape == (2, 3, 4, 5)
    assert (~batch["targets"]["deep"].isnan()).sum((1, 2, 3)).tolist() == [24, 27]
    assert make_batch(make([items[2]], [deep]), [0])["targets"]["deep"].shape == (1, 3, 1, 1)


def test_a_raster_of_another_size_or_number_of_bands_is_refused(items: list[Item]) -> None:
    wrong = Item("0", items[0].image, None, {"agl": items[1].references["agl"]})
    with pytest.raises(GridError, match=r"expected agl of \(8, 8\) pixels, got \(6, 9\)") as caught:
        make([wrong], [AGL]).read(0)
    assert "grid: own" in caught.value.do
    wrong = Item("0", items[0].image, None, {"agl": items[0].references["roofs"]})
    with pytest.raises(BandError, match="1 bands for agl; got 3"):
        make([wrong], [AGL]).read(0)


@pytest.mark.parametrize("cache_gb", [0.0, 1.0, 2e-7])
@pytest.mark.parametrize("workers", [0, 3])
def test_workers_and_cache_change_nothing(items: list[Item], workers: int, cache_gb: float) -> None:
    order = [2, 0, 1, 1]
    reference = list(Loader(make(items, cache_gb=0), order, batch_size=3, workers=0))
    source = make(items, cache_gb=cache_gb)
    for _ in range(2):
        batches = list(Loader(source, order, batch_size=3, workers=workers))
        for batch, expected in zip(batches, reference, strict=True):
            assert batch["samples"] == expected["samples"]
            for key in ("targets", "grids"):
                assert batch[key].keys() == expected[key].keys()
                for name, values in batch[key].items():
                    torch.testing.assert_close(
                        values, expected[key][name], equal_nan=True, rtol=0, atol=0
                    )
            torch.testing.assert_close(batch["gsd_m"], expected["gsd_m"], equal_nan=True)


def test_without_bands_only_labels_and_references_are_read(items: list[Item]) -> None:
    source = Source(items, (), CLASSES, references=ALL)
    batch, whole = make_batch(source, [0, 1]), make_batch(make(items), [0, 1])
    assert batch["image"].shape == (2, 0, 8, 9) and batch["sizes"] == SIZES[:2]
    for name, values in whole["targets"].items():
        torch.testing.assert_close(batch["targets"][name], values, equal_nan=True)


def test_what_is_kept_is_counted(items: list[Item]) -> None:
    tile = make(items).read(0)
    sizes = {"image": 64 * 2, "label": 64, "agl": 64 * 4, "roofs": 3 * 64 * 4, "far": 12 * 4}
    assert tile.nbytes == sum(sizes.values())
