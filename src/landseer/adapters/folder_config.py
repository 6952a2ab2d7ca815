"""What a recipe says about a data set that lies in folders: patterns, bands, classes, sites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from landseer.adapters.pattern import wildcards
from landseer.adapters.value_config import NumberSpec, Pattern, ValueSpec
from landseer.adapters.wellknown import codes_of, kind_of
from landseer.core.bands import Band, BandKind
from landseer.core.classes import UNKNOWN, ClassTable, Value
from landseer.core.references import Reference, clashes

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_PALETTE = (
    "#9e9e9e", "#1f78b4", "#33a02c", "#e31a1c", "#ff7f00", "#6a3d9a", "#b15928", "#ffff33",
    "#a6cee3", "#b2df8a", "#fb9a99", "#fdbf6f", "#cab2d6", "#17becf", "#f781bf", "#66c2a5",
)  # fmt: skip
"""Display colours of classes that give none, in turn (ColorBrewer's Paired, reordered)."""


def _parse_value(value: object) -> object:
    """Turn `#rrggbb` and [r, g, b] into a triple; leave other values for pydantic."""
    if isinstance(value, str) and _HEX.fullmatch(value):
        return tuple(bytes.fromhex(value[1:]))
    if isinstance(value, list | tuple):
        if len(value) != 3 or not all(type(part) is int and 0 <= part <= 255 for part in value):
            raise ValueError(f"expected three numbers 0..255; got {value!r}")
        return tuple(value)
    if type(value) is not int:
        raise ValueError(f"expected an integer, '#rrggbb' or [r, g, b]; got {value!r}")
    return value


def _one_group(text: str) -> str:
    """Return a regular expression that has exactly one group."""
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"expected a regular expression; got {text!r} ({error})") from error
    if groups != 1:
        raise ValueError(f"expected a regular expression with one group; got {groups} in {text!r}")
    return text


LabelValue = Annotated[Value, BeforeValidator(_parse_value)]
Colour = Annotated[str, Field(pattern=_HEX.pattern.join("^$"))]
OneGroup = Annotated[str, AfterValidator(_one_group)]
_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class BandSpec(BaseModel):
    """One band of the image files."""

    model_config = _FROZEN

    name: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
    """Name used in recipes and formulas."""
    index: Annotated[int, Field(ge=1)] | None = None
    """Position in the file, counted from 1; None takes the place in this list."""
    codes: tuple[str, ...] | None = None
    """Codes in spectral formulas; None takes those of a well-known name, such as N for nir."""
    kind: BandKind | None = None
    """What it measures; None judges by the name."""
    nodata: float | None = None
    """Raw value that marks a missing pixel."""
    scale: float = 1.0
    """Physical value = raw * scale + offset."""
    offset: float = 0.0
    """Physical value = raw * scale + offset."""

    def band(self, place: int) -> Band:
        """Return the band; `place` is its position in the list, counted from 1."""
        return Band(
            self.name,
            self.index or place,
            codes_of(self.name) if self.codes is None else self.codes,
            kind_of(self.name) if self.kind is None else self.kind,
            self.nodata,
            self.scale,
            self.offset,
        )


class ClassSpec(BaseModel):
    """One class of the labels."""

    model_config = _FROZEN

    name: Annotated[str, Field(min_length=1)]
    """Name of the class."""
    value: LabelValue
    """What stands in the label files: an integer, or the colour of an RGB-coded mask ('#rrggbb' or [r, g, b])."""
    colour: Colour | None = None
    """Display colour; None takes the mask's own colour, or one of a palette."""


class FolderConfig(BaseModel):
    """A data set of image files, label files and files of values found by patterns."""

    model_config = _FROZEN

    adapter: Literal["folder"]
    """Name of the adapter."""
    root: Path
    """Folder from which all patterns start."""
    images: Pattern
    """Pattern of the training images, such as images/*.tif; what its wildcards stand for, joined by _, names the
    sample. `*` and `?` stay within a name, `**` stands for any folders. Files that are labels are left out."""
    labels: Pattern | None = None
    """Pattern of the labels with the same wildcards in the same order; None when there are none."""
    test_images: Pattern | None = None
    """Pattern of the test images."""
    test_labels: Pattern | None = None
    """Pattern of the labels of the test images, with their wildcards; None when there are none."""
    test_prefix: str = ""
    """Put before the names of test samples, for sets that number both sides alike."""
    bands: Annotated[tuple[BandSpec, ...], Field(min_length=1)]
    """Bands of the image files."""
    classes: Annotated[tuple[ClassSpec, ...], Field(max_length=UNKNOWN)] = ()
    """Classes of the labels, background first where there is one."""
    ignore: tuple[LabelValue, ...] = ()
    """Label values that neither train nor count."""
    values: tuple[ValueSpec, ...] = ()
    """Rasters of values besides class labels, such as heights."""
    numbers: tuple[NumberSpec, ...] = ()
    """Numbers of whole images, such as a flow scale, from tables."""
    site: OneGroup | None = None
    """Regular expression with one group, searched in the image's path below the root: the site."""
    site_table: Path | None = None
    """CSV with the columns sample and site, instead of `site`; a relative path starts from the root."""
    date: OneGroup | None = None
    """Regular expression with one group, searched in the image's path below the root: the date."""
    date_table: Path | None = None
    """CSV with the columns sample and date, instead of `date`; a relative path starts from the root."""
    gsd_m: Annotated[float, Field(gt=0)] | None = None
    """Ground sample distance of images that are not georeferenced, m."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Check the keys against each other; pydantic adds the key's path."""
        faults = [*_repeats(self), *_value_faults(self), *_pattern_faults(self)]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def band_table(self) -> tuple[Band, ...]:
        """Return the bands."""
        return tuple(spec.band(place) for place, spec in enumerate(self.bands, 1))

    def reference_table(self) -> tuple[Reference, ...]:
        """Return the references: rasters first, then numbers."""
        values = tuple(spec.reference() for spec in self.values)
        return values + tuple(spec.reference() for spec in self.numbers)

    def class_table(self) -> ClassTable:
        """Return the classes."""
        return class_table(self.classes, self.ignore)


def class_table(specs: Sequence[ClassSpec], ignore: Sequence[Value] = ()) -> ClassTable:
    """Return the table of classes as a recipe lists them.

    Args:
        specs: background first where there is one; those without colour get one.
        ignore: label values that neither train nor count.
    """
    return ClassTable(
        names=tuple(spec.name for spec in specs),
        values=tuple(spec.value for spec in specs),
        colours=tuple(_colour(spec, place) for place, spec in enumerate(specs)),
        ignore=tuple(ignore),
    )


def _colour(spec: ClassSpec, place: int) -> str:
    """Choose a display colour."""
    if spec.colour is not None:
        return spec.colour
    if isinstance(spec.value, tuple):
        return "#" + bytes(spec.value).hex()
    return _PALETTE[place % len(_PALETTE)]


def _repeats(config: FolderConfig) -> list[str]:
    """Find names and values given twice, or taken."""
    lists: dict[str, list[object]] = {
        "bands: the name": [spec.name for spec in config.bands],
        "bands: the index": [band.index for band in config.band_table()],
        "classes: the name": [spec.name for spec in config.classes],
        "classes and ignore: the value": [*(spec.value for spec in config.classes), *config.ignore],
        "values and numbers: the name": [one.name for one in config.reference_table()],
    }
    twice = [
        f"{what} {item!r} is given twice"
        for what, items in lists.items()
        for item in dict.fromkeys(items)
        if items.count(item) > 1
    ]
    return twice + [
        f"values and numbers: the name {other!r} is taken by a figure of {one!r}"
        for one, other in clashes(one.name for one in config.reference_table())
    ]


def _value_faults(config: FolderConfig) -> list[str]:
    """Check that label values are all of one form, and that labels have classes."""
    forms = {type(value) for value in (*(spec.value for spec in config.classes), *config.ignore)}
    faults = (
        ["classes and ignore: expected all integers or all colours; got both"]
        if len(forms) > 1
        else []
    )
    if (config.labels or config.test_labels) and not config.classes:
        faults.append("classes: expected the classes of the labels; got none")
    return faults


def _pattern_faults(config: FolderConfig) -> list[str]:
    """Check that wildcards name samples and fit each other, and that site and date have one origin each."""
    faults = []
    for prefix in ("", "test_"):
        images: str | None = getattr(config, f"{prefix}images")
        named = wildcards(images or "")
        if images is not None and not named:
            faults.append(
                f"{prefix}images: expected a pattern with a * that names the sample; got {images!r}"
            )
        of_images = {f"{prefix}labels": getattr(config, f"{prefix}labels")}
        of_images |= {
            f"values.{number}.{prefix}files": getattr(spec, f"{prefix}files")
            for number, spec in enumerate(config.values)
        }
        faults += [
            f"{key}: expected the wildcards of {prefix}images in the same order "
            f"({' '.join(named) or 'none'}); got {pattern!r}"
            for key, pattern in of_images.items()
            if pattern is not None and wildcards(pattern) != named
        ]
    for key in ("site", "date"):
        if getattr(config, key) is not None and getattr(config, f"{key}_table") is not None:
            faults.append(f"{key}: expected a regular expression or a table; got both")
    return faults
