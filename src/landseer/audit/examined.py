"""What one pass over a sample's files told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landseer.audit.label_pass import LabelReading
from landseer.audit.verdict import Verdict
from landseer.raster.read import RasterInfo


@dataclass(frozen=True, slots=True)
class Examined:
    """What one pass over a sample's files told.

    Attributes:
        row: of the sample table: sample, side, image, label.
        verdict: what is wrong.
        info: the image's header; None where it cannot be read.
        content: hash of the image's pixels; "" where they prove nothing.
        label: what was counted in the label; None where there is none, or none that can be read.
        figures: the quality figures by column.
    """

    row: dict[str, Any]
    verdict: Verdict
    info: RasterInfo | None
    content: str
    label: LabelReading | None
    figures: dict[str, float]

    @property
    def image_path(self) -> Path:
        """Where the image lies."""
        return Path(self.row["image"])

    @property
    def label_path(self) -> Path:
        """Where the label lies, if there is one."""
        return Path(str(self.row["label"]))
