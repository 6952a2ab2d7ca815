"""What a recipe says about a data set in the layout of the Overhead Geopose Challenge."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from landseer.core.encoding import Encoding
from landseer.core.references import Reference

CONTEST_NODATA = 65535.0
"""What the contest's AGL files hold where the LiDAR saw nothing."""

_CM = 0.01


class GeoposeConfig(BaseModel):
    """Where a data set of oblique images with heights above ground, flow scales and flow angles lies."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    adapter: Literal["geopose"]
    """Name of the adapter."""
    root: Path
    """Folder with train/ and test/; tables in it (geopose_train.csv, geopose_test.csv, metadata.csv) may be missing."""
    agl_unit: Literal["cm", "m"] = "cm"
    """Unit of the AGL files: cm (whole numbers, as in the contest) or m (decimals, as in US3D)."""
    agl_nodata: float | None = None
    """What the AGL files hold where nothing is known; null takes 65535 for cm and nothing but NaN for m."""
    scale_unit: Literal["px_per_cm", "px_per_m"] = "px_per_cm"
    """Unit of `scale` in the VFLOW files: px_per_cm (contest) or px_per_m (US3D)."""

    @property
    def scale_factor(self) -> float:
        """What turns a file's scale into px/m."""
        return 1 / _CM if self.scale_unit == "px_per_cm" else 1.0

    def agl(self) -> Reference:
        """Return the heights above ground, m."""
        is_contest = self.agl_unit == "cm"
        nodata = CONTEST_NODATA if self.agl_nodata is None and is_contest else self.agl_nodata
        encoding = Encoding(_CM if is_contest else 1.0, 0.0, nodata)
        return Reference("agl", "raster", "m", encoding, minimum=0.0)
