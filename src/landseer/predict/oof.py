"""Out-of-fold predictions on disk: what each member says of the samples that it never saw."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from landseer.core.files import json_number, read_json, write_json
from landseer.errors import StageError
from landseer.models.model import Model
from landseer.models.slices import in_slices
from landseer.predict.ensemble import Ensemble
from landseer.quantities import Quantity
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster

_FULL = 65535


class OofBatch(NamedTuple):
    """Samples to be predicted.

    Attributes:
        samples: their ids.
        x_bchw: raw numbers, padded at the bottom and right.
        sizes: each sample's own (height, width).
        gsd_m: (b,) ground sample distance, NaN where not known; None where no head asks for it.
    """

    samples: Sequence[str]
    x_bchw: Tensor
    sizes: Sequence[tuple[int, int]]
    gsd_m: Tensor | None = None


def oof_path(folder: Path, sample: str, target: str | None = None) -> Path:
    """Return where a sample's out-of-fold prediction of a target lies; None is the class mask."""
    return Path(folder) / (target or "") / f"{sample}.tif"


def numbers_path(folder: Path, sample: str) -> Path:
    """Return where lies what was predicted of a sample as a whole."""
    return Path(folder) / "numbers" / f"{sample}.json"


def write_oof(
    ensemble: Ensemble, batches: Iterable[OofBatch], out: Path, *, workers: int = 2
) -> int:
    """Write what is predicted of samples that the ensemble's members never saw.

    Args:
        ensemble: one member (or several of the same fold) on its device.
        batches: see `OofBatch`.
        out: folder; a class mask becomes `<sample>.tif`, uint16 probability * 65535, one band per class but class 0;
            other dense targets `<target>/<sample>.tif`, float32; numbers of the whole image `numbers/<sample>.json`.
            Each is written whole or not at all.
        workers: threads that write behind the computation.

    Returns:
        How many samples were written.

    Raises:
        StageError: probabilities of a class mask are not finite; nothing is written of that sample.
        WriteError: the disk is full or the folder cannot be written.

    Edges: samples are predicted without their padding, as images are when they come alone; those of one size together.
        Where the members see slices (`model.slices`), samples go in slices, as images do when maps are made of them.
        Values that are not finite are written as they are, and count as missing.
    """
    count = 0
    pending: deque[Future[None]] = deque()
    with ThreadPoolExecutor(max(workers, 1), thread_name_prefix="oof") as executor:
        for batch in chain.from_iterable(map(_by_size, batches)):
            gsd_m = None if batch.gsd_m is None else batch.gsd_m.to(ensemble.device)
            values = _ask(ensemble, batch.x_bchw.to(ensemble.device), gsd_m)
            arrays = {name: value.cpu().numpy() for name, value in values.items()}
            for number, (sample, size) in enumerate(zip(batch.samples, batch.sizes, strict=True)):
                one = {name: array[number] for name, array in arrays.items()}
                pending.append(executor.submit(_write, out, sample, one, size, ensemble.quantities))
                count += 1
            while len(pending) > 8 * workers:
                pending.popleft().result()
        for future in pending:
            future.result()
    return count


def _ask(ensemble: Ensemble, x_bchw: Tensor, gsd_m: Tensor | None) -> Mapping[str, Tensor]:
    """Predict samples of one size, in slices where the members see slices."""
    first = ensemble.first
    if not isinstance(first, Model):
        return ensemble(x_bchw, gsd_m)
    return in_slices(ensemble, first, x_bchw, gsd_m)


def _by_size(batch: OofBatch) -> Iterator[OofBatch]:
    """Take apart a batch into batches of samples of one size, without padding."""
    for height, width in dict.fromkeys(batch.sizes):
        mine = [i for i, size in enumerate(batch.sizes) if size == (height, width)]
        yield OofBatch(
            [batch.samples[i] for i in mine],
            batch.x_bchw[mine, :, :height, :width],
            [(height, width)] * len(mine),
            None if batch.gsd_m is None else batch.gsd_m[mine],
        )


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


def read_values(
    folder: Path, sample: str, quantities: Mapping[str, Quantity]
) -> dict[str, NDArray[np.float32]]:
    """Read what was predicted of a sample, of all targets but class masks.

    Returns:
        By target: (n, h, w), or (n,) of the whole image.

    Raises:
        FileReadError: a file is missing or damaged.
    """
    found: dict[str, NDArray[np.float32]] = {}
    numbers: dict[str, Any] | None = None
    for name, quantity in quantities.items():
        if quantity.kind == "mask":
            continue
        if quantity.extent == "dense":
            found[name] = read_bands(oof_path(folder, sample, name)).astype(np.float32)
        else:
            numbers = read_json(numbers_path(folder, sample)) if numbers is None else numbers
            found[name] = np.asarray(numbers[name], np.float32)
    return found


def _write(
    out: Path,
    sample: str,
    values: Mapping[str, NDArray[np.float32]],
    size: tuple[int, int],
    quantities: Mapping[str, Quantity],
) -> None:
    """Write one sample: probabilities rounded to 16 bits, values as they are."""
    numbers: dict[str, list[float | None]] = {}
    for name, value in values.items():
        quantity = quantities[name]
        if quantity.extent == "image":
            numbers[name] = [json_number(number) for number in value]
            continue
        own = value[:, : size[0], : size[1]]
        if quantity.kind == "mask":
            path = oof_path(out, sample)
            _require_finite(own, sample, name, path)
            write_raster(path, np.rint(own[1:] * _FULL).astype(np.uint16))
        else:
            write_raster(oof_path(out, sample, name), own)
    if numbers:
        write_json(numbers_path(out, sample), numbers)


def _require_finite(probability: NDArray[np.float32], sample: str, target: str, path: Path) -> None:
    """Stop before what is no probability becomes a sure class 0: whole numbers have no NaN, as float32 files do."""
    n_px = int((~np.isfinite(probability)).any(axis=0).sum())
    if n_px:
        raise StageError(
            f"expected probabilities of target {target} for sample {sample}; got NaN or infinity in {n_px} of "
            f"{probability[0].size} px",
            where=path,
            do="look at the member's losses in its metrics.csv: its weights are not finite, or fp16 was too narrow; "
            "train it again with a lower train.optimiser.lr, train.clip_norm, or train.precision: fp32",
        )
