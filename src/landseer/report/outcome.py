"""What a run left behind, as the report needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.models.targets import MASK
from landseer.report.config import ReportConfig
from landseer.report.measured import Measured
from landseer.select.calibration_result import CalibrationResult
from landseer.select.selection import Selection
from landseer.select.suspects import Suspects


@dataclass(frozen=True, slots=True)
class SceneMap:
    """A scene that was mapped out of fold.

    Attributes:
        name: of the scene.
        image, label: its rasters, whole; label None where it has none.
        map: the class map.
        gsd_m: side of a pixel on the ground, m, or None.
        folds: that hold it out.
    """

    name: str
    image: Path
    label: Path | None
    map: Path
    gsd_m: float | None
    folds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind, as the report needs it.

    Attributes:
        name: of the run.
        recipe: the resolved recipe as text.
        config: what the recipe says about the report.
        samples: the complete sample table.
        bands, classes: of the data.
        listed: findings of listing and audit.
        proof: what the split proved.
        pairs: pairs of the same place.
        statistics: content of statistics.json.
        members: content of folds/members.json.
        histories: rows of metrics.csv by member.
        selection: what was chosen, and the scores.
        oof: folder of out-of-fold predictions of the chosen symmetries.
        monitor: the score whose best epoch was kept.
        seconds: time of each stage.
        suspects: labels or references that out-of-fold predictions contradict; None where none were compared.
        suspect_pictures: how many of them are shown.
        references: what the data know besides class labels.
        values: real-valued targets, measured; None where a class mask is the only target.
        maps: scenes that were mapped out of fold.
        map_scores: content of maps/scores.json.
        calibration: how well probabilities are calibrated; None where that is not known.
        seams: what windows change, as the notes of the model folder say; empty where images go in one piece.
    """

    name: str
    recipe: str
    config: ReportConfig
    samples: gpd.GeoDataFrame
    bands: tuple[Band, ...]
    classes: ClassTable
    listed: pd.DataFrame
    proof: Mapping[str, Any]
    pairs: pd.DataFrame
    statistics: Mapping[str, Any]
    members: Sequence[Mapping[str, Any]]
    histories: Mapping[str, Sequence[Mapping[str, float]]]
    selection: Selection
    oof: Path
    monitor: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    suspects: Suspects | None = None
    suspect_pictures: int = 24
    references: tuple[Reference, ...] = ()
    values: Measured | None = None
    maps: Sequence[SceneMap] = ()
    map_scores: Mapping[str, Any] = field(default_factory=dict)
    calibration: CalibrationResult | None = None
    seams: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mask(self) -> str | None:
        """The name of the class mask among the targets, or None."""
        if self.values is None:
            return MASK
        specs = self.values.trial.specs
        return next((name for name, spec in specs.items() if spec.quantity == "mask"), None)

    @property
    def mask_decides(self) -> bool:
        """Whether the score that decides is one of the class mask."""
        return self.values is None or not self.values.decides

    def row(self, sample: str) -> pd.Series:
        """Return a sample's row of the table.

        Raises:
            KeyError: there is no such sample.
        """
        rows = self.samples[self.samples["sample"] == sample]
        if rows.empty:
            raise KeyError(sample)
        return rows.iloc[0]
