"""One image that is larger than the window: overlapping windows, read ahead and blended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landseer.core.parallel import parallel_map
from landseer.core.window import Window, cover
from landseer.predict.blend import Strip, StripBlender
from landseer.predict.ensemble import Ensemble
from landseer.predict.gsd import GsdLookup
from landseer.predict.map import Map
from landseer.predict.options import PredictOptions
from landseer.predict.output import valid_pixels
from landseer.predict.spec import ModelSpec
from landseer.quantities import average
from landseer.raster.read import RasterInfo, read_bands

Patch = tuple[Window, NDArray[np.generic]]


def predict_large(
    info: RasterInfo,
    ensemble: Ensemble,
    spec: ModelSpec,
    options: PredictOptions,
    gsd: GsdLookup,
) -> Map:
    """Predict one image in overlapping windows.

    Equals one pass over the whole image where the discarded border (three eighths of the overlap) is
    wider than the network's reach and the network has no memory of where its window starts.

    Args:
        info: the header of the image.
        ensemble: on its device.
        spec: the bands to read.
        options: window, overlap, batch and readers.
        gsd: finds the image's ground sample distance.

    Raises:
        FileReadError: a window cannot be read.

    Edges: the class map is held in memory (1 byte a pixel), probabilities only when asked for; the float32
        accumulator holds one window's height of rows.
    """
    windows = cover(info.height, info.width, options.window_px, options.overlap_px)
    shape = (info.height, info.width)
    canvas = _Canvas(ensemble, shape, options)
    dense = [name for name, q in ensemble.quantities.items() if q.extent == "dense"]
    blenders = {
        name: StripBlender(ensemble.quantities[name].n_outputs, shape, windows, options.overlap_px)
        for name in dense
    }
    bands = spec.read_bands
    gsd_m = torch.tensor([gsd(info)])
    read = partial(_read, info.path, [band.index for band in bands])
    patches = parallel_map(read, windows, label=info.path.name, workers=options.workers)
    for batch in _chunks(patches, options.batch):
        shares = [canvas.look(window, valid_pixels(image, bands)) for window, image in batch]
        values = _run(ensemble, batch, gsd_m)
        canvas.note({name: values[name] for name in values if name not in blenders}, shares)
        for name, blender in blenders.items():
            for (window, _), one in zip(batch, values[name].numpy(), strict=True):
                for strip in blender.add(window, one):
                    canvas.put(name, strip)
    for name, blender in blenders.items():
        canvas.put(name, blender.finish())
    return canvas.map()


class _Canvas:
    """The finished rows of one image's maps, and the numbers that its windows gave."""

    def __init__(self, ensemble: Ensemble, shape: tuple[int, int], options: PredictOptions) -> None:
        self._ensemble = ensemble
        self.valid = np.zeros(shape, bool)
        self._classes: NDArray[np.uint8] | None = None
        self._probability: NDArray[np.float32] | None = None
        self._values: dict[str, NDArray[np.float32]] = {}
        self._numbers: dict[str, list[Tensor]] = {}
        self._shares: list[float] = []
        for name, quantity in ensemble.quantities.items():
            if quantity.kind == "mask":
                self._classes = np.zeros(shape, np.uint8)
                if options.probabilities:
                    self._probability = np.zeros((quantity.n_outputs, *shape), np.float32)
            elif quantity.extent == "dense":
                self._values[name] = np.zeros((quantity.n_outputs, *shape), np.float32)

    def look(self, window: Window, valid: NDArray[np.bool_]) -> float:
        """Keep where a window has data, and return the share of it."""
        self.valid[window.slices] = valid
        return float(valid.mean())

    def put(self, name: str, strip: Strip) -> None:
        """Decide and keep finished rows of a dense target."""
        row, values = strip
        rows = slice(row, row + values.shape[1])
        if name in self._values:
            self._values[name][:, rows] = values
            return
        if self._classes is not None:
            decided = self._ensemble.decide(torch.from_numpy(values)[None], name)
            self._classes[rows] = decided[0].numpy()
        if self._probability is not None:
            self._probability[:, rows] = values

    def note(self, numbers: Mapping[str, Tensor], shares: Sequence[float]) -> None:
        """Keep what windows, of which such shares have data, say of the image as a whole."""
        self._shares += shares
        for name, values in numbers.items():
            self._numbers.setdefault(name, []).extend(value[None] for value in values)

    def map(self) -> Map:
        """Return the finished image; numbers are averaged over its windows, by how much of them has data."""
        weights = self._shares if any(self._shares) else None
        numbers = {
            name: average(self._ensemble.quantities[name], values, weights)[0].numpy()
            for name, values in self._numbers.items()
        }
        return Map(self._classes, self._probability, self.valid, self._values, numbers)


def _read(path: Path, indexes: list[int], window: Window) -> Patch:
    """Read one window."""
    return window, read_bands(path, indexes, window)


def _run(ensemble: Ensemble, batch: list[Patch], gsd_m: Tensor) -> dict[str, Tensor]:
    """Predict one batch of windows on the ensemble's device."""
    x_bchw = torch.from_numpy(
        np.stack([image for _, image in batch]).astype(np.float32, copy=False)
    )
    values = ensemble(x_bchw.to(ensemble.device), gsd_m.expand(len(batch)).to(ensemble.device))
    return {name: value.cpu() for name, value in values.items()}


def _chunks(patches: Iterable[Patch], size: int) -> Iterator[list[Patch]]:
    """Group patches into lists of at most `size`."""
    chunk: list[Patch] = []
    for patch in patches:
        chunk.append(patch)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
