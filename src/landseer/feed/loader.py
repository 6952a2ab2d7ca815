"""Batches of tensors, read ahead by threads while the network works."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landseer.core.classes import IGNORE
from landseer.core.references import Reference
from landseer.feed.source import MASK, SOFT, Source, Tile
from landseer.models.targets import GSD


class Batch(TypedDict):
    """One batch: raw images (b, c, h, w) float32, what is known of them, and who they are.

    Smaller samples are padded to the largest one, at the bottom and right, with NaN and 255.

    Keys:
        targets: by name of the reference: `mask` (b, h, w) uint8, rasters (b, h, w) float32 on their own grid,
            numbers (b,), angles as vectors (dx, dy) = (sin, cos) of shape (b, 2); NaN where not known. Where no
            reference is called `gsd`, that is `gsd_m`. `mask.soft` (b, classes, h, w) where samples have pseudo-labels.
        grids: by name of rasters on a grid of their own, (b, 2, 3) maps from its pixels to the image's.
        gsd_m: (b,) ground sample distance, NaN where not known.
        draws: number of each sample's draw within the epoch.
        sizes: each sample's own (height, width).
    """

    image: Tensor
    targets: dict[str, Tensor]
    grids: dict[str, Tensor]
    gsd_m: Tensor
    draws: list[int]
    samples: list[str]
    sites: list[str]
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
        """Read and stack the samples of one batch; where there is a GPU, in memory that it copies from by itself."""
        batch = make_batch(self._source, [p for _, p in draws], [draw for draw, _ in draws])
        return _pinned(batch) if torch.cuda.is_available() else batch


def _pinned(batch: Batch) -> Batch:
    """Move the tensors of a batch to memory that is never paged out."""
    pinned = batch.copy()
    pinned["image"], pinned["gsd_m"] = batch["image"].pin_memory(), batch["gsd_m"].pin_memory()
    pinned["targets"] = {name: one.pin_memory() for name, one in batch["targets"].items()}
    pinned["grids"] = {name: one.pin_memory() for name, one in batch["grids"].items()}
    return pinned


def make_batch(source: Source, positions: Sequence[int], draws: Sequence[int] = ()) -> Batch:
    """Read samples and stack them into one batch; see `Batch`.

    Args:
        source: where they come from.
        positions: which ones.
        draws: numbers of their draws; none counts from 0.
    """
    tiles = [source.read(position) for position in positions]
    items = [source.items[position] for position in positions]
    images = [tile.image for tile in tiles]
    sizes = [(image.shape[1], image.shape[2]) for image in images]
    targets: dict[str, Tensor] = {}
    if source.has_labels:
        labels = [tile.label for tile in tiles]
        targets[MASK] = _stack(labels, _largest(sizes), np.uint8, IGNORE)
        softs = [tile.soft for tile in tiles]
        n_classes = max((len(soft) for soft in softs if soft is not None), default=0)
        if n_classes:
            targets[SOFT] = _stack(softs, (n_classes, *_largest(sizes)), np.float32, np.nan)
    grids: dict[str, Tensor] = {}
    for reference in source.references:
        targets[reference.name] = _target(reference, tiles, sizes)
        if reference.grid == "own":
            maps = [tile.grids.get(reference.name, np.full((2, 3), np.nan)) for tile in tiles]
            grids[reference.name] = torch.from_numpy(np.stack(maps)).float()
    gsd_m = torch.tensor([item.gsd_m for item in items], dtype=torch.float32)
    targets.setdefault(GSD, gsd_m)
    return Batch(
        image=_stack(images, (len(images[0]), *_largest(sizes)), np.float32, np.nan),
        targets=targets,
        grids=grids,
        gsd_m=gsd_m,
        draws=list(draws or range(len(tiles))),
        samples=[item.sample for item in items],
        sites=[item.site for item in items],
        sizes=sizes,
    )


def _target(
    reference: Reference, tiles: Sequence[Tile], sizes: Sequence[tuple[int, int]]
) -> Tensor:
    """Stack what one reference says of each sample."""
    name = reference.name
    if reference.kind == "raster":
        rasters = [tile.values.get(name) for tile in tiles]
        own = [raster.shape[-2:] for raster in rasters if raster is not None] or [(1, 1)]
        shape = _largest(own) if reference.grid == "own" else _largest(sizes)
        leading = (reference.layers,) if reference.layers > 1 else ()
        return _stack(rasters, (*leading, *shape), np.float32, np.nan)
    numbers = torch.tensor([tile.numbers[name] for tile in tiles], dtype=torch.float32)
    if reference.kind == "angle":
        return torch.stack([numbers.sin(), numbers.cos()], dim=1)
    return numbers


def _largest(sizes: Sequence[tuple[int, ...]]) -> tuple[int, int]:
    """Return the height and the width that hold all."""
    return max(size[0] for size in sizes), max(size[1] for size in sizes)


def _stack(
    arrays: Sequence[NDArray[Any] | None], shape: tuple[int, ...], dtype: type, fill: float
) -> Tensor:
    """Stack arrays into (b, ..., h, w), padded below and to the right; None is nothing but padding."""
    stacked: NDArray[Any] = np.full((len(arrays), *shape), fill, dtype)
    for number, array in enumerate(arrays):
        if array is not None:
            stacked[number, ..., : array.shape[-2], : array.shape[-1]] = array
    return torch.from_numpy(stacked)
