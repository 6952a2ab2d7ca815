"""One image that is larger than the window: overlapping windows, read ahead and blended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.parallel import parallel_map
from landseer.core.window import Window, cover
from landseer.predict.blend import Strip, StripBlender
from landseer.predict.ensemble import Ensemble
from landseer.predict.options import PredictOptions
from landseer.predict.output import Map, valid_pixels
from landseer.predict.spec import ModelSpec
from landseer.raster.read import RasterInfo, read_bands

Patch = tuple[Window, NDArray[np.generic]]


def predict_large(
    path: Path, info: RasterInfo, ensemble: Ensemble, spec: ModelSpec, options: PredictOptions
) -> Map:
    """Predict one image in overlapping windows.

    Equals one pass over the whole image where the discarded border (three eighths of the overlap) is
    wider than the network's reach and the network has no memory of where its window starts.

    Args:
        path: the image.
        info: its header.
        ensemble: on its device.
        spec: the bands to read.
        options: window, overlap, batch and readers.

    Raises:
        FileReadError: a window cannot be read.

    Edges: the class map is held in memory (1 byte a pixel), probabilities only when asked for; the float32
        accumulator holds one window's height of rows.
    """
    windows = cover(info.height, info.width, options.window_px, options.overlap_px)
    canvas = _Canvas(ensemble, (info.height, info.width), len(spec.classes), options)
    blender = StripBlender(
        len(spec.classes), (info.height, info.width), windows, options.overlap_px
    )
    bands = spec.read_bands
    read = partial(_read, path, [band.index for band in bands])
    patches = parallel_map(read, windows, label=path.name, workers=options.workers)
    for batch in _chunks(patches, options.batch):
        for window, image in batch:
            canvas.valid[window.slices] = valid_pixels(image, bands)
        for window, values in zip([w for w, _ in batch], _run(ensemble, batch), strict=True):
            for strip in blender.add(window, values):
                canvas.put(strip)
    canvas.put(blender.finish())
    return Map(canvas.classes, canvas.probability, canvas.valid)


class _Canvas:
    """The finished rows of one map."""

    def __init__(
        self, ensemble: Ensemble, shape: tuple[int, int], n_classes: int, options: PredictOptions
    ) -> None:
        self._decide = ensemble.decide
        self.classes = np.zeros(shape, np.uint8)
        self.valid = np.zeros(shape, bool)
        self.probability = (
            np.zeros((n_classes, *shape), np.float32) if options.probabilities else None
        )

    def put(self, strip: Strip) -> None:
        """Decide and keep finished rows."""
        row, values = strip
        rows = slice(row, row + values.shape[1])
        self.classes[rows] = self._decide(torch.from_numpy(values)[None])[0].numpy()
        if self.probability is not None:
            self.probability[:, rows] = values


def _read(path: Path, indexes: list[int], window: Window) -> Patch:
    """Read one window."""
    return window, read_bands(path, indexes, window)


def _run(ensemble: Ensemble, batch: list[Patch]) -> NDArray[np.float32]:
    """Predict one batch of windows on the ensemble's device."""
    x_bchw = torch.from_numpy(
        np.stack([image for _, image in batch]).astype(np.float32, copy=False)
    )
    return ensemble(x_bchw.to(ensemble.device)).cpu().numpy()


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
