"""What a user may choose when predicting, and what a prediction reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.predict.ensemble import Precision
from landseer.predict.mixing import Blend
from landseer.predict.seams import SeamFigure
from landseer.predict.spec import Naming

WINDOW_PX, OVERLAP_PX = 1024, 128
"""Side and overlap of windows, where neither a user nor a model's slices say anything."""

Product = Literal["flow", "rectified"]
"""What can be made of predicted geocentric pose."""


Uncertainty = Literal["entropy", "disagreement"]
"""What can be said of how sure a class map is."""


class PredictOptions(BaseModel):
    """Choices of one prediction run; every one has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    probabilities: bool = False
    """Also write `<output>_probability.tif`: one band per class but the first, calibrated where the model can."""
    probability_dtype: Literal["float32", "uint8"] = "float32"
    """float32 in [0, 1] with NaN outside the data, or uint8 in whole per cent with 255 outside the data."""
    products: tuple[Product, ...] = ()
    """What is also made of heights with a direction and a flow scale: `flow` writes `<id>_flow.tif`, two bands of
    pixels (x to the right, y down) from where a thing is seen to its place on the ground; `rectified` writes heights,
    image and classes moved there (`<id>_rectified*.tif`)."""
    uncertainty: tuple[Uncertainty, ...] = ()
    """Maps of how unsure the prediction is: `entropy` of the probabilities as they are written, `disagreement` of the
    members as they are; both 0 to 1."""
    stac: bool = False
    """Also write a STAC item beside each map, `<output>.stac.json`."""
    legend: bool = False
    """Also write a QGIS style beside each class map, `<output>.qml`: the names and colours of its classes."""
    heeds_declared: bool = True
    """Whether a nodata value that a file declares counts for bands of which the model names none; false reads images as
    training does."""
    nodata: Literal["mark", "zero"] = "mark"
    """Pixels without any valid band: `mark` writes 255 and declares it nodata; `zero` writes class 0."""
    window_px: int | None = Field(default=None, ge=1)
    """Images with a longer side are predicted in windows of this size; null takes the model's slices, else 1024."""
    overlap_px: int | None = Field(default=None, ge=0)
    """Least overlap of neighbouring windows; null takes that of the model's slices, else 128, or half a window where
    that is less."""
    border_px: int | None = Field(default=None, ge=0)
    """What is discarded of a window at each side with a neighbour; null takes how far the networks see, where that is
    known and windows can bear it, else two fifths of what neighbours share. The overlap grows where it must. Windows
    that are the model's slices have two fifths discarded, as where the model was judged."""
    blend: Blend = "probability"
    """What is averaged of class masks where windows overlap; with `logit`, logarithms of odds, a window that is sure
    counts more. It matters little where the border covers how far the networks see."""
    aoi: Path | None = None
    """Polygons outside which nothing is predicted: GeoJSON, GPKG, GeoParquet, Shapefile, in any CRS."""
    seams: bool = False
    """Also say of each image that goes in windows what they change: four of them in its middle against one piece."""
    resume: bool = True
    """Go on where a run of the same images and settings was stopped; false begins anew."""
    batch: int = Field(default=8, ge=1)
    """Images or windows that go through the network at once."""
    workers: int = Field(default=2, ge=0)
    """Threads that read ahead, and as many that write; 0 does all in one thread."""
    device: str = "auto"
    """`auto` takes the first CUDA device, else the CPU; or a torch device such as `cuda:1`; several, such as
    `cuda:0,cuda:1`, or `all`, share the windows of large images."""
    precision: Precision | None = None
    """What the networks compute in; None takes what the model was judged in."""
    keep_loaded: bool = True
    """Hold all members on the device; false loads one after another."""
    gsd_m: float | None = Field(default=None, gt=0)
    """Ground sample distance of the images, m, for models that ask for it or read at one; None takes each one's
    georeference."""
    gsd_table: Path | None = None
    """CSV with the columns id and gsd, for images of several distances; those not in it take `gsd_m`."""
    naming: Naming | None = None
    """How outputs are named; None takes the model's naming, else the input's own name."""
    overwrite: bool = False
    """Predict again also where complete maps of the same image, model and settings exist."""
    strict: bool = False
    """Stop at an image that cannot be predicted instead of listing it and going on: before anything is done, where its
    header tells."""

    @property
    def writes_calibrated(self) -> bool:
        """Whether anything is written that a calibrator changes."""
        return self.probabilities or "entropy" in self.uncertainty

    @model_validator(mode="after")
    def _windows_hold_their_overlap(self) -> Self:
        window_px = self.window_px or WINDOW_PX
        if (self.overlap_px or 0) * 2 > window_px:
            raise ValueError(
                f"expected overlap_px of at most half of window_px ({window_px}); got {self.overlap_px}"
            )
        return self


@dataclass(frozen=True, slots=True)
class Failure:
    """One image that could not be read, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class PredictSummary:
    """What a prediction run did.

    Attributes:
        out: the folder of the maps.
        n_written: maps written now.
        n_kept: maps that were already there.
        failures: images without a map, those first whose headers said so.
        n_pixels: pixels predicted now.
        seconds: wall time.
        device: where the networks ran.
        seams: what windows change, by image, where that was asked for.
        notes: what should be known of how an image was read and mapped, by image.
    """

    out: Path
    n_written: int
    n_kept: int
    failures: tuple[Failure, ...] = field(default=())
    n_pixels: int = 0
    seconds: float = 0.0
    device: str = "cpu"
    seams: Mapping[Path, SeamFigure] = field(default_factory=dict)
    notes: Mapping[Path, str] = field(default_factory=dict)

    @property
    def megapixels_per_s(self) -> float:
        """Pixels predicted per second, in millions."""
        return self.n_pixels / max(self.seconds, 1e-9) / 1e6

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "out": str(self.out),
            "written": self.n_written,
            "kept": self.n_kept,
            "failed": {str(failure.path): failure.reason for failure in self.failures},
            "pixels": self.n_pixels,
            "seconds": round(self.seconds, 3),
            "megapixels_per_s": round(self.megapixels_per_s, 3),
            "device": self.device,
            "seams": {str(path): asdict(figure) for path, figure in self.seams.items()},
            "notes": {str(path): note for path, note in self.notes.items()},
        }

    def text(self) -> str:
        """Say it in a few lines."""
        lines = [
            f"{self.n_written} maps written to {self.out}, {self.n_kept} kept, {len(self.failures)} failed "
            f"({self.seconds:.1f} s on {self.device}, {self.megapixels_per_s:.2f} Mpx/s)"
        ]
        lines += [f"  {failure.path}: {failure.reason}" for failure in self.failures]
        lines += [f"  {path}: {figure.text()}" for path, figure in self.seams.items()]
        lines += _together(self.notes)
        return "\n".join(lines)


_FEW = 3


def _together(notes: Mapping[Path, str]) -> list[str]:
    """Say notes in a line each; what holds for many images in one line."""
    paths: defaultdict[str, list[Path]] = defaultdict(list)
    for path, note in notes.items():
        paths[note].append(path)
    lines: list[str] = []
    for note, found in paths.items():
        if len(found) > _FEW:
            lines.append(f"  {len(found)} images, such as {found[0]}: {note}")
        else:
            lines += [f"  {path}: {note}" for path in found]
    return lines
