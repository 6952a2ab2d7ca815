"""What is known of the data before any training, as the data page and notebooks need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from landseer.audit.quality import QualityConfig
from landseer.audit.settings import RectifyConfig
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.models.config import PreprocessConfig
from landseer.report.compared import Compared
from landseer.report.config import ReportConfig
from landseer.report.pixel_sample import PixelSample


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of the data before any training.

    Attributes:
        name: of the run.
        folder: of the run; `audit/` is in it.
        config: what the recipe says about pages.
        inputs: what the recipe says about channels (recipe key `inputs`).
        quality: what the recipe counts in each sample, and its thresholds (recipe key `quality`).
        seed: root of all random numbers.
        samples: the complete sample table, with folds.
        bands, classes: of the data.
        statistics: content of statistics.json.
        pairs: pairs of the same place.
        proof: what the split proved (audit/proof.json).
        findings: of listing and audit, as text: columns sample, what, figure, action.
        pixels: a bounded sample of pixels with their channels and classes.
        references: what the data know besides classes.
        rectify: by which references images were laid on the ground to be compared (recipe key `same_place.rectify`).
    """

    name: str
    folder: Path
    config: ReportConfig
    inputs: PreprocessConfig
    quality: QualityConfig
    seed: int
    samples: gpd.GeoDataFrame
    bands: tuple[Band, ...]
    classes: ClassTable
    statistics: Mapping[str, Any]
    pairs: pd.DataFrame
    proof: Mapping[str, Any]
    findings: pd.DataFrame
    pixels: PixelSample
    references: tuple[Reference, ...] = ()
    rectify: RectifyConfig | None = None

    @property
    def compared(self) -> Compared:
        """What reads samples as they were compared."""
        return Compared(self.bands, self.references, self.rectify)

    @property
    def gsd_m(self) -> float | None:
        """The median side of a pixel on the ground, m; None where no sample has one."""
        known = self.samples["gsd_m"].dropna()
        return float(known.median()) if len(known) else None

    def row(self, sample: str) -> pd.Series:
        """Return a sample's row of the table.

        Raises:
            KeyError: there is no such sample.
        """
        rows = self.samples[self.samples["sample"] == sample]
        if rows.empty:
            raise KeyError(sample)
        return rows.iloc[0]
