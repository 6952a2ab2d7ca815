"""The out-of-fold probabilities of a chosen ensemble, sample by sample, as they are calibrated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.classes import ClassTable
from landseer.core.parallel import parallel_map
from landseer.errors import GridError
from landseer.predict.calibrated import Where, exclusive
from landseer.predict.calibrator import Calibrator
from landseer.predict.oof import read_oof
from landseer.raster.label import read_label
from landseer.select.counts import Scored
from landseer.select.judged import Judged
from landseer.select.selection import Selection
from landseer.select.way import Column, scored_columns


@dataclass(frozen=True, slots=True)
class Held:
    """What was said of one sample's labelled pixels by members that never saw it.

    Attributes:
        sample: its name.
        truth: (n,) class numbers.
        said: (m, C, n) float32 probabilities of each member that is calibrated; of their average where m is 1.
        shares: (m,) how much each counts; they add up to 1.
    """

    sample: str
    truth: NDArray[np.uint8]
    said: NDArray[np.float32]
    shares: NDArray[np.float64]

    def average(self, calibrator: Calibrator | None = None) -> NDArray[np.float32]:
        """Return (C, n) probabilities: of each member calibrated, then averaged."""
        each = torch.from_numpy(self.said)[..., None]
        if calibrator is not None:
            each = calibrator(each)
        shares = torch.from_numpy(self.shares).float()
        return torch.tensordot(shares, each[..., 0], dims=1).numpy()


def read_held(
    judged: Judged,
    selection: Selection,
    classes: ClassTable,
    where: Where,
    workers: int | None,
    label: str,
) -> Iterator[Held]:
    """Yield every sample in order, reading ahead in threads.

    Args:
        judged: the samples, with predictions under the chosen symmetries.
        selection: symmetries and weights.
        classes: the class table of the labels.
        where: whether the members' average is calibrated, or each of them.
        workers: threads.
        label: of the progress line.

    Raises:
        FileReadError: a file is missing or damaged.
        GridError: a prediction has another size than the label.
    """
    if selection.mix:
        columns = [Column(part.tta, part.seed) for part in selection.mix]
        mixed = np.array([part.share for part in selection.mix], np.float64)
        work = [(scored, mixed) for scored in scored_columns(judged, columns)]
    else:
        work = [
            (scored, _shares(judged, selection, fold))
            for scored, fold in zip(judged.scored(selection.tta), judged.folds, strict=True)
        ]
    yield from parallel_map(
        partial(_read, classes=classes, where=where), work, label=label, workers=workers
    )


def _shares(judged: Judged, selection: Selection, fold: int) -> NDArray[np.float64]:
    """Return each seed's share by the weights of the fold's members; equal ones where they have none."""
    weights = np.array([selection.weight_of(fold, seed) for seed in judged.seeds], np.float64)
    n = len(weights)
    return weights / weights.sum() if weights.sum() > 0 else np.full(n, 1 / n)


def _read(work: tuple[Scored, NDArray[np.float64]], *, classes: ClassTable, where: Where) -> Held:
    """Read one sample: its labelled pixels alone."""
    scored, shares = work
    counting = shares > 0
    truth = read_label(scored.label, classes)
    known = truth < len(classes)
    paths = [path for path, counts in zip(scored.predictions, counting, strict=True) if counts]
    each = []
    for path in paths:
        one = read_oof(path)
        if one.shape[1:] != truth.shape:
            raise GridError(
                f"expected a prediction of {truth.shape} pixels; got {one.shape[1:]}", where=path
            )
        each.append(one[:, known])
    said, shares = np.stack(each), shares[counting]
    if where == "average":
        said = np.tensordot(shares, said, axes=1)[None].astype(np.float32)
        shares = np.ones(1)
    adding_up = exclusive(torch.from_numpy(said)[..., None])[..., 0].numpy()
    return Held(scored.sample, truth[known], adding_up, shares)
