"""What a recipe says about values besides class labels: rasters of values, and numbers in a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from landseer.adapters.pattern import check_pattern
from landseer.core.encoding import Encoding
from landseer.core.references import Reference

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

TAKEN = ("mask",)
"""Names of references that mean the class label elsewhere."""


def _free(name: str) -> str:
    """Return a name that does not mean anything else."""
    if name in TAKEN:
        raise ValueError(f"expected another name than {name}, which is the class label's")
    return name


def _not_zero(value: float) -> float:
    """Return a factor that keeps values apart."""
    if value == 0:
        raise ValueError("expected a factor other than 0; got 0")
    return value


Pattern = Annotated[str, AfterValidator(check_pattern)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$"), AfterValidator(_free)]
Factor = Annotated[FiniteFloat, AfterValidator(_not_zero)]


class ValueSpec(BaseModel):
    """Rasters of one value per pixel, such as heights."""

    model_config = _FROZEN

    name: Name
    """Name used in recipes."""
    files: Pattern
    """Pattern of the rasters of the training images, with the same wildcards in the same order."""
    test_files: Pattern | None = None
    """Pattern of the rasters of the test images, with their wildcards; None when there are none."""
    unit: str = ""
    """Unit of the physical values, such as m."""
    scale: Factor = 1.0
    """Physical value = raw * scale + offset."""
    offset: FiniteFloat = 0.0
    """Physical value = raw * scale + offset."""
    nodata: float | None = None
    """Raw value that marks a missing pixel; NaN does in any case."""
    minimum: float | None = None
    """Least physical value that can be true, such as 0 for heights above ground; lower ones are reported."""
    layers: Annotated[int, Field(ge=1)] = 1
    """Bands of each raster, all of them values: several for masks of several layers."""
    grid: Literal["image", "own"] = "image"
    """`image`: the rasters have the pixels of their images; `own`: coarser, finer, shifted or in another CRS."""

    def reference(self) -> Reference:
        """Return what the rest of the system knows of it."""
        encoding = Encoding(self.scale, self.offset, self.nodata)
        return Reference(
            self.name, "raster", self.unit, encoding, self.grid, self.layers, self.minimum
        )


class NumberSpec(BaseModel):
    """One number per image, from a table."""

    model_config = _FROZEN

    name: Name
    """Name used in recipes."""
    table: Path
    """CSV with the columns sample and `column`; a relative path starts from the root."""
    column: str | None = None
    """Column of the table; None takes `name`."""
    unit: str = ""
    """Unit of the physical value."""
    kind: Literal["number", "angle"] = "number"
    """`angle`: a direction in the image, in radians, 0 downwards, counter-clockwise."""
    scale: Factor = 1.0
    """Physical value = number in the table * scale + offset; 0.017453293 turns degrees into radians."""
    offset: FiniteFloat = 0.0
    """Physical value = number in the table * scale + offset."""
    minimum: float | None = None
    """Least physical value that can be true, such as 0; lower ones are taken as unknown and reported."""

    @property
    def column_name(self) -> str:
        """The table's column."""
        return self.column or self.name

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Refuse what an angle cannot have."""
        if self.kind == "angle" and self.minimum is not None:
            raise ValueError("minimum: expected none for an angle, which goes round")
        return self

    def reference(self) -> Reference:
        """Return what the rest of the system knows of it; the sample table holds physical values."""
        unit = "rad" if self.kind == "angle" else self.unit
        return Reference(self.name, self.kind, unit, minimum=self.minimum)
