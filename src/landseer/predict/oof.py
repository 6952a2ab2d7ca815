"""Out-of-fold predictions on disk: what each member says of the samples that it never saw."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from landseer.predict.ensemble import Ensemble
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster

_FULL = 65535

OofBatch = tuple[Sequence[str], Tensor, Sequence[tuple[int, int]]]
"""Sample ids, raw x_bchw padded at the bottom and right, and each sample's own (height, width)."""


def oof_path(folder: Path, sample: str) -> Path:
    """Return where a sample's out-of-fold prediction lies."""
    return Path(folder) / f"{sample}.tif"


def write_oof(
    ensemble: Ensemble, batches: Iterable[OofBatch], out: Path, *, workers: int = 2
) -> int:
    """Write the probabilities of samples that the ensemble's members never saw.

    Args:
        ensemble: one member (or several of the same fold) on its device.
        batches: see `OofBatch`.
        out: folder; each sample becomes `<sample>.tif`, uint16 probability * 65535, one band per class but
            class 0, whole or not at all.
        workers: threads that write behind the computation.

    Returns:
        How many samples were written.

    Raises:
        WriteError: the disk is full or the folder cannot be written.
    """
    count = 0
    pending: deque[Future[None]] = deque()
    with ThreadPoolExecutor(max(workers, 1), thread_name_prefix="oof") as executor:
        for samples, x_bchw, sizes in batches:
            probability = ensemble(x_bchw.to(ensemble.device)).cpu().numpy()
            for values, sample, (height, width) in zip(probability, samples, sizes, strict=True):
                own = values[:, :height, :width]
                pending.append(executor.submit(_write, oof_path(out, sample), own))
                count += 1
            while len(pending) > 8 * workers:
                pending.popleft().result()
        for future in pending:
            future.result()
    return count


def read_oof(path: Path) -> NDArray[np.float32]:
    """Read one sample's out-of-fold probabilities.

    Returns:
        (classes, h, w) float32 in [0, 1]; class 0 is what the others leave.

    Raises:
        FileReadError: the file is missing or damaged.

    Edges: probabilities are exact to 1 / 131070; where the others sum to more than 1, class 0 is 0.
    """
    foreground = read_bands(path).astype(np.float32) / np.float32(_FULL)
    background = np.clip(1 - foreground.sum(0, keepdims=True), 0, 1)
    return np.concatenate([background, foreground]).astype(np.float32)


def _write(path: Path, probability: NDArray[np.float32]) -> None:
    """Write one sample, rounded to 16 bits."""
    write_raster(path, np.rint(probability[1:] * _FULL).astype(np.uint16))
