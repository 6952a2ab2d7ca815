"""One held-out sample: what is known of it and what was predicted, pixel on pixel, on the grid of each reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from landseer.feed.loader import make_batch
from landseer.feed.targets import (
    as_judged,
    beside_targets,
    derive_grids,
    derive_targets,
    one_of,
    pick_grids,
    pick_targets,
)
from landseer.select.value_counts import Trial, average_seeds, read_seed

Arrays = Mapping[str, NDArray[np.generic]]
"""By target: (h, w) class numbers or values, (n, h, w) layers, (n,) vectors, or single numbers."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One sample.

    Attributes:
        sample: its name.
        known: references, each on its own grid; 255 and NaN where nothing is known.
        said: predictions in the shapes of `known`: means over the pixels of a coarser reference.
        full: dense predictions on the pixels of the image.
        grids: (2, 3) of targets on a grid of their own, where its pixels lie in the image's.
    """

    sample: str
    known: Arrays
    said: Arrays
    full: Arrays
    grids: Mapping[str, NDArray[np.float64]]

    def error(self, target: str) -> NDArray[np.float32]:
        """Return prediction less reference of a real-valued target; NaN where either is not known."""
        said, known = (np.asarray(one[target], np.float32) for one in (self.said, self.known))
        return np.asarray(said - known, np.float32)


def place(trial: Trial, position: int, tta: str) -> Placed:
    """Read one sample's references and what all seeds together predict of it.

    Args:
        trial: references and predictions.
        position: of the sample in the trial's source.
        tta: the set of views.

    Raises:
        FileReadError: a prediction or a reference is missing or damaged.
        GridError: a reference has another size than its image.

    Edges: a reference pixel that lies beyond the image is not known.
    """
    batch = make_batch(trial.source, [position])
    targets = derive_targets(
        pick_targets(batch["targets"], trial.specs), trial.specs, trial.class_names
    )
    grids = derive_grids(pick_grids(batch["grids"], trial.specs), trial.specs)
    sample = batch["samples"][0]
    values = _predicted(trial, sample, tta)
    placed, known = beside_targets(values, targets, grids)
    dense = {n: v for n, v in values.items() if trial.quantities[n].extent == "dense"}
    return Placed(
        sample,
        one_of(known, 0),
        one_of(as_judged(trial.quantities, placed), 0),
        one_of(as_judged(trial.quantities, dense), 0),
        {name: np.asarray(grid[0], np.float64) for name, grid in grids.items()},
    )


def _predicted(trial: Trial, sample: str, tta: str) -> dict[str, Tensor]:
    """Read what all seeds together predict of a sample, as a batch of one."""
    folders = trial.oof[tta].values()
    each = [read_seed(folder, sample, trial.quantities) for folder in folders]
    return average_seeds(each, trial.quantities) if len(each) > 1 else each[0]
