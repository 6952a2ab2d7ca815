"""What a map depends on: networks, settings, image. A map of anything else is made again instead of being kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from landseer.core.address import file_of
from landseer.core.files import hash_file, hash_value
from landseer.predict.ensemble import Ensemble
from landseer.predict.inputs import Job
from landseer.predict.options import PredictOptions
from landseer.predict.spec import ModelSpec

_APART = {
    "device", "workers", "batch", "overwrite", "strict", "resume", "keep_loaded", "naming", "stac", "legend", "seams",
    "probabilities", "uncertainty", "products",
}  # fmt: skip
"""What changes no pixel of a map, or only which maps there are."""


def keyed(
    jobs: Iterable[Job], ensemble: Ensemble, spec: ModelSpec, options: PredictOptions
) -> list[Job]:
    """Give jobs their keys.

    Args:
        jobs: images and their files.
        ensemble: the networks and how they are averaged.
        spec: what they take and give.
        options: see `PredictOptions`.

    Edges: an image that was written again is another one, even when its pixels are the same; a virtual raster is told
        by its text. The number of images a batch, threads and devices change no key, and little of a map.
    """
    tables = [path for path in (options.aoi, options.gsd_table) if path and path.is_file()]
    shared = [
        _hash_networks(ensemble, spec),
        spec.model_dump(mode="json", exclude={"notes", "scores"}),
        options.model_dump(mode="json", exclude=_APART),
        [hash_file(path) for path in tables],
    ]
    common = hash_value(shared)
    return [replace(job, key=hash_value([common, _state(job.image)])) for job in jobs]


def _hash_networks(ensemble: Ensemble, spec: ModelSpec) -> str:
    """Hash all weights and votes; the spec's own hashes stand for members that are loaded as they are needed."""
    said = [[member.sha256 for member in spec.members], ensemble.voting]
    digest = hashlib.sha256(repr(said).encode())
    for name, tensor in ensemble.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _state(image: Path) -> list[Any]:
    """Return what tells whether an image is still the same."""
    file = file_of(image)
    if file.suffix == ".vrt":  # small, and written anew for each run
        return [image.name, hash_file(file)]
    try:
        stat = file.stat()
    except OSError:  # whoever reads it says more
        return [image.name]
    return [image.name, stat.st_size, stat.st_mtime_ns]
