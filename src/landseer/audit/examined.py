"""What one pass over a sample's files told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landseer.audit.label_pass import LabelReading
from landseer.audit.reference_pass import ReferenceReading
from landseer.audit.verdict import Verdict
from landseer.core.references import PREFIX
from landseer.raster.read import RasterInfo
from landseer.samples.schema import is_missing


@dataclass(frozen=True, slots=True)
class Examined:
    """What one pass over a sample's files told.

    Attributes:
        row: of the sample table: sample, side, image, label, and the columns of references.
        verdict: what is wrong.
        info: the image's header; None where it cannot be read.
        content: hash of the image's pixels; "" where they prove nothing.
        label: what was counted in the label; None where there is none, or none that can be read.
        figures: the quality figures by column.
        references: what was read of the reference rasters, by name.
    """

    row: dict[str, Any]
    verdict: Verdict
    info: RasterInfo | None
    content: str
    label: LabelReading | None
    figures: dict[str, float]
    references: Mapping[str, ReferenceReading] = field(default_factory=dict)

    @property
    def image_path(self) -> Path:
        """Where the image lies."""
        return Path(self.row["image"])

    @property
    def label_path(self) -> Path:
        """Where the label lies, if there is one."""
        return Path(str(self.row["label"]))

    @property
    def is_trained_on(self) -> bool:
        """Whether it is a training sample with a label or a reference."""
        known = [key for key in self.row if key == "label" or key.startswith(PREFIX)]
        is_known = any(not is_missing(self.row[key]) for key in known)
        return self.row["side"] == "train" and is_known
