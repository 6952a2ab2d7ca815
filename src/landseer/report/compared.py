"""Samples as they were compared: bands and rasters of values, laid on the ground where the recipe says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.audit.ground import beside_row, layer_rasters, to_ground
from landseer.audit.settings import RectifyConfig
from landseer.core.bands import Band
from landseer.core.references import Reference
from landseer.report.composites import read_variables


@dataclass(frozen=True, slots=True)
class Compared:
    """Reads samples as the search for the same place did.

    Attributes:
        bands: of the images.
        references: of the data.
        rectify: by which references images are laid on the ground (recipe key `same_place.rectify`), or None.
    """

    bands: tuple[Band, ...]
    references: tuple[Reference, ...] = ()
    rectify: RectifyConfig | None = None

    def __call__(self, row: Mapping[str, object]) -> dict[str, NDArray[np.generic]]:
        """Read a sample, a row of the sample table: names and codes of bands and names of rasters -> (h, w).

        Returns:
            Physical values, NaN where missing; of samples that are laid on the ground also where it is not seen.

        Raises:
            FileReadError, BandError: a file cannot be read as it should be.
        """
        variables = read_variables(Path(str(row["image"])), self.bands)
        shape = next(iter(variables.values())).shape
        known = beside_row(row, layer_rasters(self.references), self.rectify)
        rasters = known.read(shape)
        everything: dict[str, NDArray[np.generic]] = {**variables, **rasters}
        if known.pose is None:
            return everything
        layers = [np.asarray(layer, np.float32) for layer in everything.values()]
        moved = to_ground(layers, rasters[known.pose.height], known.pose, 1)
        return dict(zip(everything, moved, strict=True))
