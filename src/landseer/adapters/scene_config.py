"""What a recipe says about scenes: how windows are cut out of them, and how their vector labels become rasters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.adapters.folder_config import ClassSpec
from landseer.core.classes import IGNORE, UNKNOWN
from landseer.vector.rules import HIGHEST, Kind, LabelRules, texts_of

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
_UNKNOWN: dict[str, int | None] = {"unknown": UNKNOWN, "ignore": IGNORE, "leave_out": None}

Metres = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class WindowsConfig(BaseModel):
    """How scenes are cut into windows, each a sample. Nothing is written: windows are read from the scene's file."""

    model_config = _FROZEN

    window_px: Annotated[int, Field(ge=16)] = 512
    """Side of a window, px of the grid that is read; no window is larger."""
    overlap_px: Annotated[int, Field(ge=0)] = 0
    """Least overlap of neighbours, px; for `spread` and `full`."""
    cut: Literal["even", "spread", "full"] = "even"
    """`even`: near-equal parts, so that each pixel lies in exactly one window; `spread`: full windows, evenly spread,
    overlapping where they must; `full`: full windows from the top left; the rest is not used."""
    gsd_m: Metres | None = None
    """Ground sample distance at which scenes are read, m; None reads each on its own grid."""
    scales: Annotated[tuple[Metres, ...], Field(min_length=1)] = (1.0,)
    """How many times finer than that the windows are, each in turn: 2 enlarges, 0.5 shrinks. Test scenes have the first
    only; sheets of further scales are named SCENE_xSCALE and share the scene's site."""
    min_valid: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of pixels with data that a window must have; at 0 only windows wholly without data are left out."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Refuse windows that never advance, and overlaps of parts that share nothing."""
        if self.overlap_px >= self.window_px:
            raise ValueError(
                f"overlap_px: expected fewer than window_px ({self.window_px}); got {self.overlap_px}"
            )
        if self.overlap_px and self.cut == "even":
            raise ValueError("overlap_px: expected 0 with cut: even; use cut: spread or full")
        if len(set(self.scales)) < len(self.scales):
            raise ValueError("scales: expected different ones")
        return self


class SceneClass(ClassSpec):
    """One class of labels, which may be objects of vector files."""

    values: tuple[str | bool | int | float, ...] = ()
    """Values of the vector labels' attribute that mean this class; none take the class's name."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The values as text, as `texts_of` writes them."""
        return tuple(text for value in self.values for text in texts_of(value)) or (self.name,)


class VectorLabelsConfig(BaseModel):
    """How polygons, lines and points become labels: GeoJSON, GPKG, GeoParquet, Shapefile, FlatGeobuf."""

    model_config = _FROZEN

    attribute: str | None = None
    """Attribute that tells an object's class; None where all objects are of the class after the background."""
    unknown: Literal["unknown", "ignore", "leave_out"] = "ignore"
    """Objects whose attribute has a value of no class: with `ignore` their pixels neither train nor count, with
    `leave_out` they show what lies beneath, with `unknown` the audit excludes every window that one touches. The list
    of findings counts them in any case."""
    background: bool = True
    """Whether the first class is what no object covers; false: such ground is ignored, and all classes have objects."""
    crs: str | None = None
    """CRS of the files, such as EPSG:4326, in place of what they say."""
    layer: str | None = None
    """Layer of files with several; None takes the first."""
    buffer_m: Metres | None = None
    """Half the width that lines get, such as roads, and the radius of points, m; None leaves them out."""
    all_touched: bool = False
    """Whether every pixel that an object touches belongs to it; else those whose centre it covers."""
    border: str | None = None
    """Class of a border inside each object along its outline, so that touching objects stay apart."""
    border_px: Metres | None = None
    """Width of that border, px."""
    border_m: Metres | None = None
    """Width of that border, m."""
    ignore_ring_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Pixels this near to an outline, on either side, neither train nor count, m."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Ask for one width of a border, and for a border where there is a width."""
        widths = [width for width in (self.border_px, self.border_m) if width is not None]
        if len(widths) != (self.border is not None):
            raise ValueError(
                "border: expected a class and one of border_px and border_m, or none of them"
            )
        return self

    def rules(self, classes: Sequence[SceneClass]) -> LabelRules:
        """Return the rules by which objects are burnt; classes later in the list lie over earlier ones.

        Raises:
            ValueError: the classes do not fit: see `faults`.
        """
        faults = self.faults(classes)
        if faults:
            raise ValueError("; ".join(faults))
        border = next((one.value for one in classes if one.name == self.border), None)
        kinds = tuple(
            Kind(_value(one), one.wanted if self.attribute is not None else ())
            for one in self._objects(classes)
        )
        return LabelRules(
            kinds=kinds,
            attribute=self.attribute,
            background=_value(classes[0]) if self.background else IGNORE,
            unknown=_UNKNOWN[self.unknown],
            crs=self.crs,
            layer=self.layer,
            buffer_m=self.buffer_m,
            all_touched=self.all_touched,
            border=border if isinstance(border, int) else None,
            border_px=self.border_px,
            border_m=self.border_m,
            ignore_ring_m=self.ignore_ring_m,
        )

    def faults(self, classes: Sequence[SceneClass]) -> list[str]:
        """Say why classes cannot be those of vector labels; nothing when they can."""
        wrong = [one.name for one in classes if not 0 <= _value(one) <= HIGHEST]
        faults = [
            f"classes: expected values 0..{HIGHEST} for vector labels; {name} has another"
            for name in wrong
        ]
        if self.border is not None and self.border not in {one.name for one in classes}:
            faults.append(f"border: expected the name of a class; got {self.border!r}")
        n_objects = len(self._objects(classes))
        if n_objects == 0 or (self.attribute is None and n_objects > 1):
            faults.append(
                "classes: expected one class of objects besides background and border, or `attribute` to tell "
                f"several apart; got {n_objects}"
            )
        wanted = [text for one in self._objects(classes) for text in one.wanted]
        if self.attribute is not None and len(set(wanted)) < len(wanted):
            faults.append("classes: values: expected each value in one class only")
        return faults

    def _objects(self, classes: Sequence[SceneClass]) -> list[SceneClass]:
        """Return the classes that objects have."""
        return [one for one in classes[int(self.background) :] if one.name != self.border]


def _value(one: ClassSpec) -> int:
    """Return a class's label value; -1 for colours, which no vector label has."""
    return one.value if isinstance(one.value, int) else -1
