"""Show a sample: composites side by side with their legends, as one picture for notebooks and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import atomic_path
from landseer.errors import DataError
from landseer.raster.label import read_label
from landseer.report.canvas import (
    Panel,
    Row,
    draw_legend,
    draw_sheet,
    png_bytes,
    stack,
    text_line,
    to_image,
    with_bar,
)
from landseer.report.composites import Options, available, compose, read_variables
from landseer.report.look import Look
from landseer.report.notebook import DataLook
from landseer.report.overlay import with_label
from landseer.report.parts import Bar, Mark
from landseer.report.pictures import Composite
from landseer.report.tiles import fitted, fitted_numbers, scale_bar
from landseer.samples.schema import is_missing
from landseer.track.pixels import class_colours, paint

LABEL = "label"
"""What is asked for to see the label on its own."""

_DEFAULTS = Options()
_MISSING, _NO_CLASS = Mark("hatch", "", "no data"), Mark("hatch", "", "no class")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that notebooks show by themselves.

    Attributes:
        image: RGB.
        label: what it shows, for those who cannot see it.
    """

    image: Image.Image
    label: str

    def _repr_png_(self) -> bytes:
        """Return it as PNG, for notebooks."""
        return png_bytes(self.image)

    def save(self, path: Path) -> Path:
        """Write it, whole or not at all, in the format of the file's ending.

        Raises:
            WriteError: the file cannot be written.
        """
        with atomic_path(Path(path)) as temporary:
            self.image.save(temporary)
        return Path(path)


def show(
    look: Look | DataLook,
    sample: str,
    *what: str,
    label: bool = True,
    side_px: int = 384,
    options: Options | None = None,
) -> Picture:
    """Show one sample of a run.

    Args:
        look: of `landseer.look`, or what it is made of.
        sample: its name.
        what: composites, as in `show_sample`; none shows all that the bands allow.
        label: whether the label lies on top of the first composite.
        side_px: longer side of each picture.
        options: how composites are drawn; None takes the ground distance from the table and the flags from
            what the recipe counts as corrupted and as water.

    Raises:
        DataError: there is no such sample.
        FileReadError, BandError, FormulaError: as in `show_sample`.
    """
    look = look.data if isinstance(look, DataLook) else look
    try:
        row = look.row(sample)
    except KeyError as error:
        raise DataError(
            f"expected a sample of the run {look.name}; got {sample!r}",
            where=look.folder,
            do=f"choose one of the {len(look.samples)}, such as {look.samples['sample'].iloc[0]}",
        ) from error
    options = options or Options(flags=flags_of(look))
    return show_sample(
        row, look.bands, *what, classes=look.classes if label else None, side_px=side_px, options=options
    )  # fmt: skip


def flags_of(look: Look) -> dict[str, str]:
    """Return what the recipe counts in each pixel: name -> formula."""
    named = {"corrupted": look.quality.corrupted, "water": look.quality.water}
    return {name: formula for name, formula in named.items() if formula}


def show_sample(
    row: Any,
    bands: Sequence[Band],
    *what: str,
    classes: ClassTable | None = None,
    side_px: int = 384,
    options: Options = _DEFAULTS,
) -> Picture:
    """Show one row of a sample table.

    Args:
        row: has `sample`, `image`, `label` and `gsd_m`, as rows of the sample table do.
        bands: of the image.
        what: `true`, `false`, `swir`, a band, an index (`NDVI`), a formula (`nir / red`), or `label`; none shows all
            that the bands allow, and the label.
        classes: puts the label on top of the first composite; None shows no label.
        side_px: longer side of each picture; smaller images are repeated by a whole number.
        options: how composites are drawn; its ground distance, if None, is the row's.

    Raises:
        FileReadError, BandError, FormulaError: a file cannot be read, or what is asked for cannot be drawn.
    """
    gsd_m = None if is_missing(row["gsd_m"]) else float(row["gsd_m"])
    options = replace(options, gsd_m=gsd_m if options.gsd_m is None else options.gsd_m)
    variables = read_variables(Path(row["image"]), bands)
    has_label = classes is not None and not is_missing(row["label"])
    numbers = read_label(Path(row["label"]), classes) if has_label and classes is not None else None
    asked = what or (*available(bands), *([LABEL] if numbers is not None else []))
    colours = [] if classes is None else class_colours(classes.colours, len(classes))
    panels = []
    for place, one in enumerate(asked):
        shown = (
            compose(variables, bands, one, options)
            if one != LABEL
            else _label(row, numbers, classes)
        )
        picture = fitted(shown.picture, side_px)
        marks = list(shown.marks)
        if place == 0 and one != LABEL and numbers is not None and classes is not None:
            picture = with_label(picture, fitted_numbers(numbers, side_px), colours)
            marks += [
                Mark("fill", c, n) for c, n in zip(colours[1:], classes.names[1:], strict=True)
            ]
            marks += [_NO_CLASS] if (numbers >= len(classes)).any() else []
        bar = None if place else scale_bar(shown.picture.shape[1], options.gsd_m)
        panels.append(_panel(picture, shown, marks, bar))
    sheet = draw_sheet(
        [Row(tuple(panels))], title=str(row["sample"]), notes=_facts(row, gsd_m), width_px=4 * (side_px + 8) + 32
    )  # fmt: skip
    return Picture(sheet, f"sample {row['sample']}: {', '.join(asked)}")


def _label(row: Any, numbers: NDArray[np.uint8] | None, classes: ClassTable | None) -> Composite:
    """Paint the label on its own, with the share of each class."""
    if numbers is None or classes is None:
        raise DataError(
            "expected a sample with a label, and the class table; got none", where=row["sample"]
        )
    colours = class_colours(classes.colours, len(classes))
    shares = np.bincount(numbers.ravel(), minlength=256) / numbers.size
    marks = tuple(
        Mark("fill", colours[i], f"{name} {shares[i]:.1%}")
        for i, name in enumerate(classes.names)
        if shares[i]
    )
    marks += (_NO_CLASS,) if (numbers >= len(classes)).any() else ()
    return Composite(paint(numbers, colours), LABEL, marks)


def _panel(
    picture: NDArray[np.float32], shown: Composite, marks: list[Mark], bar: Bar | None
) -> Panel:
    """Put title, picture and legend below each other."""
    image = with_bar(to_image(picture), bar)
    marks += [_MISSING] if shown.missing else []
    legend = draw_legend(marks, [shown.ramp] if shown.ramp else [], image.width)
    return Panel(stack([text_line(shown.title, image.width), image, legend], image.width))


def _facts(row: Any, gsd_m: float | None) -> list[str]:
    """Write what the table says of a sample."""
    facts = [f"{int(row['height'])} × {int(row['width'])} px" if "height" in row else ""]
    facts += [f"{gsd_m:g} m per pixel"] if gsd_m else []
    for name in ("date", "group", "fold", "excluded"):
        if name in row and not is_missing(row[name]):
            facts.append(f"{name} {row[name]}")
    return [" · ".join(fact for fact in facts if fact)]
