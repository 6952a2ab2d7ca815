"""Examine: one pass over every sample's files, for what is wrong with them and for their quality figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from landseer.audit.copies import find_copies
from landseer.audit.examined import Examined
from landseer.audit.image_pass import ImagePlan, ImageReading, read_image_once
from landseer.audit.integrity import content
from landseer.audit.label_pass import read_label_once
from landseer.audit.number_check import check_numbers
from landseer.audit.quality import QualityConfig, class_figures, flags, image_plan
from landseer.audit.reference_pass import ReferenceReading, figure_names, read_reference_once
from landseer.audit.reference_rest import compare_references
from landseer.audit.rest import compare_with_rest
from landseer.audit.verdict import Verdict
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.parallel import parallel_map
from landseer.core.references import Reference
from landseer.errors import DataError
from landseer.raster.read import RasterInfo, read_info
from landseer.samples.findings import Finding
from landseer.samples.schema import is_missing


def examine(
    frame: gpd.GeoDataFrame,
    bands: Sequence[Band],
    classes: ClassTable,
    *,
    references: Sequence[Reference] = (),
    rules: QualityConfig | None = None,
    workers: int | None = None,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Read the image, the label and the references of every sample that is not yet excluded, once and to the end.

    Excluded are files that cannot be read to their end, images that lack a band or have no valid pixel, labels
    of another size, CRS or place, labels with values that the class table does not have, references as
    `reference_pass` and `reference_rest` say, and training images of whole numbers among decimals (or the other way
    round). All else is reported and kept. Numbers that cannot be true become unknown, angles are wrapped.

    Counts are pixels; `*_pct` are shares from 0 to 1. Shares of classes are of the labelled pixels, all others of all
    pixels. A pixel is missing where any reflectance band is; it is valid where it is neither missing nor corrupted.
    `<height band>_nan_pixels` counts missing heights, `<height band>_zero_pixels` those of exactly 0. `ref_<name>_min`,
    `_max` and `_mean` are physical values, `ref_<name>_valid_pct` the share of the reference's own pixels,
    `ref_<name>_covered_pct` that of the image under it.

    Args:
        frame: a sample table.
        bands: bands that the images should have; physical values and NaN for nodata in the formulas.
        classes: what label values mean; none where there are no labels.
        references: what is known besides labels.
        rules: formulas and thresholds; None takes the defaults.
        workers: threads; None takes one per processor.

    Returns:
        A copy of the table with `excluded` set where a sample cannot be used and with the columns of quality: floats
        (NaN where there is nothing to count, as the label's on test rows, and on excluded rows) and nullable booleans;
        a column is there only if its band, formula or label is. And the findings, in the table's order.

    Raises:
        FormulaError: a formula cannot be read, or needs a band that is not there.

    Edges: an image of more than 16 MiB is read in strips. Counts are exact all the same; sharpness leaves out the rows
        at the seams; saturation is judged and striping measured strip by strip.
    """
    rules = rules or QualityConfig()
    frame, impossible = check_numbers(frame, references)
    todo = frame.index[frame["excluded"].map(is_missing).astype(bool)]
    known = [one for one in references if one.column in frame.columns]
    names = ["sample", "side", "image", "label", *(one.column for one in known)]
    rows = frame.loc[todo, names].to_dict("records")
    plan, rasters = image_plan(bands, rules), [one for one in known if one.kind == "raster"]
    task = partial(_examine, plan=plan, classes=classes, rasters=rasters, rules=rules)
    examined = list(parallel_map(task, rows, label="audit", workers=workers))
    general = impossible + compare_with_rest(examined) + find_copies(examined, classes)
    general += compare_references(examined, rasters)
    reasons = frame["excluded"].astype(object).where(frame["excluded"].notna(), None)
    findings: list[Finding] = []
    for index, one in zip(todo, examined, strict=True):
        findings += one.verdict.findings
        reasons.at[index] = one.verdict.excluded
    figures = [{} if one.verdict.excluded else one.figures for one in examined]
    columns = _columns(plan, classes, has_labels=bool(frame["label"].notna().any()))
    columns += [
        name for one in rasters if frame[one.column].notna().any() for name in figure_names(one)
    ]
    table = pd.DataFrame(figures, index=todo, columns=columns, dtype=float).reindex(frame.index)
    return _with_figures(frame.assign(excluded=reasons), table, classes, rules), findings + general


def _columns(plan: ImagePlan, classes: ClassTable, *, has_labels: bool) -> list[str]:
    """Return the names of all figures, so that the table has them even where every sample is left out."""
    of_labels = class_figures(np.ones(256, np.int64), classes) if has_labels else {}
    return [*ImageReading(plan).figures(), *of_labels]


def _with_figures(
    frame: gpd.GeoDataFrame, figures: pd.DataFrame, classes: ClassTable, rules: QualityConfig
) -> gpd.GeoDataFrame:
    """Put the figures, and what follows from them, in the place of older ones."""
    figures = figures.assign(**flags(figures, classes, rules))
    stale = [name for name in figures.columns if name in frame.columns]
    return gpd.GeoDataFrame(
        pd.concat([frame.drop(columns=stale), figures], axis=1), geometry="geometry", crs=frame.crs
    )


def _examine(
    row: dict[str, Any],
    plan: ImagePlan,
    classes: ClassTable,
    rasters: Sequence[Reference],
    rules: QualityConfig,
) -> Examined:
    """Examine one sample; bad data becomes a finding, never an error."""
    verdict, image = Verdict(row["sample"]), Path(row["image"])
    info: RasterInfo | None = None
    pixels: ImageReading | None = None
    try:
        info, pixels = read_image_once(verdict, image, plan)
    except DataError as error:
        info = _header(image)
        verdict.exclude(image, "image cannot be read", error.message)
    figures = {} if pixels is None else pixels.figures()
    if pixels is not None:
        _report_stripes(verdict, image, pixels, rules.high_striping)
    counted = None
    if not is_missing(row["label"]):
        label = Path(row["label"])
        try:
            counted = read_label_once(verdict, label, info, classes)
            figures = figures | class_figures(counted.counts, classes)
        except DataError as error:
            verdict.exclude(label, "label cannot be read", error.message)
    readings = _read_references(verdict, row, info, rasters)
    for reference in rasters:
        if reference.name in readings:
            found_figures = readings[reference.name].figures
            figures |= {reference.figure_column(key): value for key, value in found_figures.items()}
    found = "" if pixels is None or info is None else content(info, pixels.tallies)
    return Examined(row, verdict, info, found, counted, figures, readings)


def _read_references(
    verdict: Verdict, row: dict[str, Any], image: RasterInfo | None, rasters: Sequence[Reference]
) -> dict[str, ReferenceReading]:
    """Read the reference rasters of one sample."""
    readings = {}
    for reference in rasters:
        if is_missing(row[reference.column]):
            continue
        path = Path(row[reference.column])
        try:
            readings[reference.name] = read_reference_once(verdict, path, image, reference)
        except DataError as error:
            verdict.exclude(path, f"{reference.name} cannot be read", error.message)
    return readings


def _header(path: Path) -> RasterInfo | None:
    """Read the header of an image whose pixels cannot be read, so that its label can still be compared."""
    try:
        return read_info(path)
    except DataError:
        return None


def _report_stripes(verdict: Verdict, path: Path, pixels: ImageReading, limit: float) -> None:
    """Report an image that is striped."""
    stripes = pixels.striping()
    if stripes is not None and stripes.strength > limit:
        band = pixels.plan.bands[pixels.plan.reflectances[stripes.band]].name
        figure = (
            f"{stripes.strength:.2f} of 1 (above {limit:g}), along the {stripes.along}, "
            f"{stripes.tilt_deg:+.1f} degrees"
        )
        verdict.note(path, band, "image is striped", figure)
