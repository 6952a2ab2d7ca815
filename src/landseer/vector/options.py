"""What a user may choose when maps become polygons, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Format = Literal["parquet", "gpkg", "geojson"]
"""GeoParquet, GeoPackage or GeoJSON."""


class VectoriseOptions(BaseModel):
    """Choices of one run; every one has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    classes: tuple[str, ...] = ()
    """Classes that become polygons, by name or number; none takes all but class 0."""
    names: tuple[str, ...] = ()
    """Names of the classes, that of class 0 first; none takes those in the map, else the numbers."""
    connectivity: Literal[4, 8] = 4
    """4: pixels hang together by their sides; 8: by their corners as well, as one feature of several polygons."""
    min_area_m2: float = Field(default=0.0, ge=0)
    """Smaller polygons are left out; their ground goes to the polygon around them where they touch no other."""
    min_hole_m2: float = Field(default=0.0, ge=0)
    """Smaller holes are filled, unless a polygon lies in them."""
    simplify_m: float = Field(default=0.0, ge=0)
    """Corners that cut off less than about the square of this go; neighbours keep their common borders."""
    rectangular: bool = False
    """Make every polygon right-angled, as buildings are; neighbours may then overlap by some pixels."""
    min_iou: float = Field(default=0.85, ge=0, le=1)
    """Least agreement, as intersection over union, of a right-angled polygon with the one on the map."""
    probability: Path | None = None
    """Probabilities as predicted, or the folder of them; none looks for `<map>_probability.tif` beside each map."""
    crs: str | None = None
    """CRS of the polygons; none takes the map's. GeoJSON is always in EPSG:4326."""
    layer: str = Field(default="polygons", min_length=1)
    """Name of the layer in a GeoPackage."""
    format: Format = "parquet"
    """Format of the files in an output folder; an output file's own ending says it."""


@dataclass(frozen=True, slots=True)
class VectoriseSummary:
    """What became of the maps.

    Attributes:
        files: written, one per map or one of all.
        n_maps: maps read.
        n_polygons: features written.
        n_small: shapes left out as too small.
        by_class: features of each class.
        area_m2: their area together, of maps with a CRS.
        shapes: how many features are `right-angled`, a `rectangle` or only `simplified`, where right angles were asked
            for.
        notes: what a user should know.
        seconds: wall time.
    """

    files: tuple[Path, ...]
    n_maps: int
    n_polygons: int
    n_small: int
    by_class: dict[str, int]
    area_m2: float | None
    shapes: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "files": [str(path) for path in self.files],
            "maps": self.n_maps,
            "polygons": self.n_polygons,
            "left_out": self.n_small,
            "by_class": self.by_class,
            "area_m2": self.area_m2,
            "shapes": self.shapes,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }

    def text(self) -> str:
        """Say it in a few lines, but for the notes."""
        names = ", ".join(f"{name} {count}" for name, count in sorted(self.by_class.items()))
        area = "" if self.area_m2 is None else f", {self.area_m2 / 1e4:.2f} ha"
        lines = [
            f"{self.n_polygons} polygons{f' ({names})' if names else ''}{area} of {self.n_maps} "
            f"{'map' if self.n_maps == 1 else 'maps'} ({self.seconds:.1f} s)"
        ]
        if self.n_small:
            lines.append(f"  {self.n_small} left out as too small")
        if self.shapes:
            lines.append("  " + ", ".join(f"{n} {how}" for how, n in sorted(self.shapes.items())))
        lines += [f"  {path}" for path in self.files]
        return "\n".join(lines)
