"""A style for QGIS beside each map of classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from landseer.predict.inputs import Job
from landseer.predict.options import PredictOptions
from landseer.predict.output import is_complete
from landseer.predict.spec import ModelSpec
from landseer.raster.legend import write_legend


def write_legends(jobs: Sequence[Job], spec: ModelSpec, options: PredictOptions) -> list[Path]:
    """Write the styles of all class maps that are there; see `write_legend`.

    Args:
        jobs: the images and their files.
        spec: what class numbers mean.
        options: which files there are.

    Returns:
        The styles.

    Edges: without a class mask, or where classes have no colours, there are none.
    """
    if spec.mask is None or not spec.classes.colours:
        return []
    return [
        write_legend(job.output, spec.classes.names, spec.classes.colours)
        for job in jobs
        if is_complete(job, spec, options)
    ]
