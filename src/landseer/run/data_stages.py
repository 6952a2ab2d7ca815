"""Stages before any network: list samples, audit them, split them, measure their channels."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import torch

from landseer.adapters import scan_samples
from landseer.audit.integrity import check
from landseer.audit.pairs import read_pairs, write_pairs
from landseer.audit.quality import quality
from landseer.audit.same_place import add_groups, same_place
from landseer.audit.suspects import exclude_suspects
from landseer.core.files import write_json
from landseer.errors import DataError
from landseer.models.config import MinMax, Quantile
from landseer.models.device import best_device
from landseer.models.inputs import plan_inputs
from landseer.raster.read import BandReader
from landseer.run.context import Run
from landseer.samples.findings import write_findings
from landseer.samples.table import read_samples, usable, write_samples
from landseer.samples.weights import weigh
from landseer.splits import prove, split
from landseer.statistics import DEFAULT_LEVELS, choose_step, compute_statistics

MOST_WARNINGS = 3
MANY_IMAGES = 400
"""From so many images on, statistics are counted in processes: below, starting them costs more than it brings."""


def list_samples(run: Run) -> None:
    """Stage `samples`: one row per sample, from the headers of the files."""
    frame, findings = scan_samples(run.recipe.data)
    write_samples(run.path("audit/listed.parquet"), frame)
    write_findings(run.path("audit/listing.csv"), findings)


def audit(run: Run) -> None:
    """Stage `audit`: read every file once, measure quality, set suspects aside, find the same place."""
    frame, findings = check(read_samples(run.path("audit/listed.parquet")), run.bands, run.classes)
    frame = quality(frame, run.bands, run.classes, rules=run.recipe.quality)
    frame, suspects = exclude_suspects(frame, run.recipe.quality.suspects)
    found = same_place(frame, run.bands, run.recipe.same_place)
    _require_samples(frame, run)
    write_samples(run.path("audit/audited.parquet"), add_groups(frame, found.groups))
    write_findings(run.path("audit/findings.csv"), [*findings, *suspects, *found.findings])
    write_pairs(run.path("audit/pairs.csv"), found.pairs)


def _require_samples(frame: gpd.GeoDataFrame, run: Run) -> None:
    """Stop when nothing is left to train on."""
    labelled = usable(frame, side="train")["label"].notna().sum()
    if labelled == 0:
        reasons = frame["excluded"].value_counts().head(3).to_dict()
        raise DataError(
            f"expected labelled samples to train on, got none of {len(frame)}: {reasons}",
            where=run.recipe.data.root,
            do="correct the recipe's `data`, or the files",
        )


def split_samples(run: Run) -> None:
    """Stage `split`: give every sample a fold and a weight, and prove that the folds do not leak."""
    frame = read_samples(run.path("audit/audited.parquet"))
    frame = split(frame, run.recipe.split, run.recipe.seed)
    proof = prove(frame, read_pairs(run.path("audit/pairs.csv")), run.recipe.split)
    for warning in proof.warnings[:MOST_WARNINGS]:
        sys.stderr.write(f"warning: {warning}\n")
    if len(proof.warnings) > MOST_WARNINGS:
        more = len(proof.warnings) - MOST_WARNINGS
        sys.stderr.write(f"warning: {more} more in {run.path('audit/proof.json')}\n")
    weights = run.recipe.weights
    frame = frame.assign(weight=1.0) if weights is None else weigh(frame, weights)
    write_samples(run.path("samples.parquet"), frame)
    write_json(run.path("audit/proof.json"), proof.as_dict())


def measure(run: Run) -> None:
    """Stage `statistics`: one pass over the training samples' valid pixels."""
    plan = plan_inputs(run.recipe.inputs, run.bands)
    frame = usable(read_samples(run.path("samples.parquet")), side="train")
    frame = frame[frame["label"].notna() & ~frame["holdout"].astype(bool)]
    statistics = compute_statistics(
        [Path(image) for image in frame["image"]],
        _reader([band.index for band in plan.bands]),
        plan.bands,
        plan.indices,
        where=plan.valid,
        index_where=plan.keep,
        index_step=_index_step(run, frame),
        processes=len(frame) >= MANY_IMAGES and best_device().type == "cpu",
        levels=sorted({*DEFAULT_LEVELS, *_levels(run)}),
    )
    write_json(run.path("statistics.json"), statistics.to_json())


def _index_step(run: Run, frame: gpd.GeoDataFrame) -> int:
    """Return the step at which indices are measured: a range asks for every pixel, a quantile does not."""
    inputs = run.recipe.inputs
    kinds = [inputs.normalise, *inputs.normalise_channels.values()]
    every = any(isinstance(kind, MinMax) for kind in kinds)
    pixels = int((frame["height"] * frame["width"]).sum())
    return choose_step(pixels, 0 if every else inputs.index_pixels)


def _reader(indexes: Sequence[int]) -> Callable[[Path], Any]:
    """Return what reads an image: onto the GPU where there is one, which then counts."""
    reader, device = BandReader(tuple(indexes)), best_device()
    if device.type == "cpu":
        return reader

    def read(path: Path) -> Any:
        raw = reader(path)
        wide = raw.astype(np.int32) if raw.dtype == np.uint16 else raw
        return torch.from_numpy(wide).to(device)

    return read


def _levels(run: Run) -> list[float]:
    """Return the quantiles that the recipe's normalisation reads."""
    inputs = run.recipe.inputs
    kinds = [inputs.normalise, *inputs.normalise_channels.values()]
    return [
        level for kind in kinds if isinstance(kind, Quantile) for level in (kind.low, kind.high)
    ]
