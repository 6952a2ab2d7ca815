"""A STAC item beside each map: what it shows, from which image and by which model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from landseer.predict.inputs import Job
from landseer.predict.options import PredictOptions
from landseer.predict.output import is_complete
from landseer.predict.products import product_path
from landseer.predict.spec import ModelSpec
from landseer.predict.stac import write_map_item


def write_items(
    jobs: Sequence[Job], spec: ModelSpec, options: PredictOptions, model: Path | None = None
) -> list[Path]:
    """Write the items of all images whose maps are there; see `item_of_map`.

    Args:
        jobs: the images and their files.
        spec: what class numbers mean.
        options: which files there are.
        model: the model's own item.

    Returns:
        The items.

    Edges: an image without any map (only numbers) has no item; what failed has none.
    """
    return [
        write_map_item(
            main,
            None if spec.mask is None else spec.classes,
            assets=others,
            image=job.image,
            model=model,
        )
        for job in jobs
        if is_complete(job, spec, options)
        for main, others in _maps(job, spec, options)
    ]


def _maps(job: Job, spec: ModelSpec, options: PredictOptions) -> list[tuple[Path, dict[str, Path]]]:
    """Return the main map of an image with its others by what they are; nothing where there is none."""
    found = {} if spec.mask is None else {"classes": job.output}
    found |= job.values
    if spec.mask is not None and options.probabilities:
        found["probability"] = job.probability
    found |= {name: job.uncertainty(name) for name in options.uncertainty if spec.mask is not None}
    found |= {name: product_path(job, name) for name in options.products}
    others = list(found.items())[1:]
    return [(path, dict(others)) for path in list(found.values())[:1]]
