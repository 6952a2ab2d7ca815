"""Batches of tensors, read ahead by threads while the network works."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor

from landseer.core.classes import IGNORE
from landseer.feed.source import Source, Tile


class Batch(TypedDict):
    """One batch: raw images (b, c, h, w) float32, labels (b, h, w) uint8, and who they are.

    Smaller samples are padded to the largest one, at the bottom and right, with NaN and 255.
    """

    image: Tensor
    label: Tensor
    draws: list[int]
    samples: list[str]
    sizes: list[tuple[int, int]]


class Loader:
    """Iterate over batches in a given order.

    Args:
        source: where samples come from.
        order: positions in the source, in the order in which they are wanted.
        batch_size: samples a batch; the last batch may be smaller.
        workers: threads that read ahead; 0 reads in the caller's thread. The batches are the same.
        drop_single: leave out a last batch of one sample (batch norm cannot train on it).
    """

    def __init__(
        self,
        source: Source,
        order: Sequence[int],
        *,
        batch_size: int,
        workers: int = 2,
        drop_single: bool = False,
    ) -> None:
        self._source, self._workers = source, workers
        draws = list(enumerate(int(position) for position in order))
        self._batches = [draws[i : i + batch_size] for i in range(0, len(draws), batch_size)]
        if drop_single and len(self._batches) > 1 and len(self._batches[-1]) == 1:
            self._batches.pop()

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        if self._workers <= 0:
            yield from map(self._load, self._batches)
            return
        with ThreadPoolExecutor(self._workers, thread_name_prefix="feed") as executor:
            ahead: deque[Future[Batch]] = deque()
            for batch in self._batches:
                ahead.append(executor.submit(self._load, batch))
                if len(ahead) > self._workers + 1:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _load(self, draws: list[tuple[int, int]]) -> Batch:
        """Read and stack the samples of one batch."""
        tiles = [self._source.read(position) for _, position in draws]
        image, label = stack(tiles)
        return Batch(
            image=image,
            label=label,
            draws=[draw for draw, _ in draws],
            samples=[self._source.items[position].sample for _, position in draws],
            sizes=[tile.image.shape[1:] for tile in tiles],
        )


def stack(tiles: Sequence[Tile]) -> tuple[Tensor, Tensor]:
    """Stack decoded samples into one image and one label tensor, padding the smaller ones.

    Returns:
        (b, c, h, w) float32 raw values, NaN in the padding; (b, h, w) uint8 classes, 255 in the
        padding and where a sample has no label.
    """
    height = max(tile.image.shape[1] for tile in tiles)
    width = max(tile.image.shape[2] for tile in tiles)
    n_bands = tiles[0].image.shape[0]
    image = np.full((len(tiles), n_bands, height, width), np.nan, np.float32)
    label = np.full((len(tiles), height, width), IGNORE, np.uint8)
    for number, tile in enumerate(tiles):
        rows, cols = tile.image.shape[1:]
        image[number, :, :rows, :cols] = tile.image
        if tile.label is not None:
            label[number, :rows, :cols] = tile.label
    return torch.from_numpy(image), torch.from_numpy(label)
