"""Batches: who is in them, what is in them, and what does not change them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from landseer.core.bands import Band
from landseer.core.classes import IGNORE, ClassTable
from landseer.errors import LabelError
from landseer.feed.loader import Loader
from landseer.feed.order import draw_epoch
from landseer.feed.source import Item, Source
from landseer.raster.write import write_raster

CLASSES = ClassTable(("a", "b"), (0, 1))
BANDS = (Band("nir", 2), Band("red", 1))


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    made = []
    for number, (height, width) in enumerate([(8, 8), (6, 9), (8, 8), (5, 5), (8, 8)]):
        image, label = tmp_path / f"{number}.tif", tmp_path / f"{number}_l.tif"
        values = np.arange(2 * height * width, dtype=np.int16).reshape(2, height, width)
        write_raster(image, values + number)
        write_raster(label, (values[0] % 2).astype(np.uint8))
        made.append(Item(str(number), image, label))
    return made


@pytest.mark.parametrize("cache_gb", [0.0, 1.0, 1e-7])
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_workers_and_cache_change_nothing(items: list[Item], workers: int, cache_gb: float) -> None:
    order = [4, 0, 1, 3, 2, 2]
    reference = list(Loader(Source(items, BANDS, CLASSES, 0), order, batch_size=4, workers=0))
    source = Source(items, BANDS, CLASSES, cache_gb)
    for _ in range(2):
        batches = list(Loader(source, order, batch_size=4, workers=workers))
        assert [b["samples"] for b in batches] == [["4", "0", "1", "3"], ["2", "2"]]
        assert [b["draws"] for b in batches] == [[0, 1, 2, 3], [4, 5]]
        for batch, expected in zip(batches, reference, strict=True):
            assert torch.equal(batch["image"].nan_to_num(-1), expected["image"].nan_to_num(-1))
            assert torch.equal(batch["targets"]["mask"], expected["targets"]["mask"])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_batches_lie_where_a_gpu_copies_from_by_itself(items: list[Item]) -> None:
    source = Source(items, BANDS, CLASSES)
    batch = next(iter(Loader(source, range(len(items)), batch_size=2, workers=1)))
    assert batch["image"].is_pinned() and batch["targets"]["mask"].is_pinned()


def test_smaller_samples_are_padded_with_invalid_pixels(items: list[Item]) -> None:
    (batch,) = Loader(Source(items, BANDS, CLASSES), [0, 1], batch_size=2)
    assert batch["image"].shape == (2, 2, 8, 9)
    assert batch["sizes"] == [(8, 8), (6, 9)]
    assert batch["image"][0, :, :, 8].isnan().all()
    assert batch["image"][1, :, 6:].isnan().all()
    assert (batch["targets"]["mask"][1, 6:] == IGNORE).all()
    assert not batch["image"][1, :, :6].isnan().any()


def test_bands_come_in_the_order_asked_for(items: list[Item]) -> None:
    tile = Source(items, BANDS, CLASSES).read(0)
    assert tile.image[0, 0, 0] == 64
    assert tile.image[1, 0, 0] == 0


def test_a_label_of_another_size_is_refused(items: list[Item]) -> None:
    wrong = Item("0", items[0].image, items[1].label)
    with pytest.raises(LabelError, match=r"expected a label of \(8, 8\) pixels, got \(6, 9\)"):
        Source([wrong], BANDS, CLASSES).read(0)


def test_a_single_last_sample_is_left_out_of_training_but_not_of_validation(
    items: list[Item],
) -> None:
    source = Source(items, BANDS, CLASSES)
    assert len(Loader(source, range(5), batch_size=2, drop_single=True)) == 2
    assert len(Loader(source, range(5), batch_size=2)) == 3
    assert len(Loader(source, [0], batch_size=2, drop_single=True)) == 1


def test_an_epoch_without_weights_takes_every_sample_once() -> None:
    order = draw_epoch(None, 10, None, seed=1, epoch=0)
    assert sorted(order) == list(range(10))
    longer = draw_epoch(None, 10, 25, seed=1, epoch=0)
    assert np.bincount(longer).min() >= 2
    assert not np.array_equal(order, draw_epoch(None, 10, None, seed=1, epoch=1))
    assert np.array_equal(order, draw_epoch(None, 10, None, seed=1, epoch=0))


def test_weights_are_the_chances_of_being_drawn() -> None:
    weights = np.array([1.0, 3.0])
    for independent in (False, True):
        order = draw_epoch(weights, 2, 40_000, seed=1, epoch=0, independent=independent)
        assert order.mean() == pytest.approx(0.75, abs=0.01)
        assert not np.array_equal(order, np.sort(order))


def test_each_sample_comes_as_often_as_its_share_says() -> None:
    """Rounded up or down in any epoch, right on average; draws by themselves leave out a third of equal samples."""
    equal = np.full(50, 0.3)
    assert sorted(draw_epoch(equal, 50, None, seed=3, epoch=0)) == list(range(50))
    left_out = [
        50 - len(set(draw_epoch(equal, 50, None, seed=3, epoch=e, independent=True)))
        for e in range(20)
    ]
    assert np.mean(left_out) == pytest.approx(50 / np.e, abs=2)
    weights = np.random.default_rng(0).uniform(0.001, 1, 40)
    shares = weights / weights.sum() * 64
    counts = np.array(
        [np.bincount(draw_epoch(weights, 40, 64, 3, epoch), minlength=40) for epoch in range(2000)]
    )
    assert (counts >= np.floor(shares)).all() and (counts <= np.ceil(shares)).all()
    np.testing.assert_allclose(counts.mean(0), shares, atol=0.05)
    pairs = (counts[:, :-1] > shares[:-1]) & (counts[:, 1:] > shares[1:])
    assert pairs.any(0).all()  # neighbours in the table do not shut each other out
