"""Stages before any network: list samples, audit them, split them, measure their channels."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import torch

from landseer.adapters import scan_samples
from landseer.audit.copies import without_repeats
from landseer.audit.embedding import Embed
from landseer.audit.examine import examine
from landseer.audit.groups import write_groups
from landseer.audit.label_figures import label_figures
from landseer.audit.pairs import read_pairs, write_pairs
from landseer.audit.same_place import add_groups, same_place
from landseer.audit.settings import SamePlaceConfig
from landseer.audit.summary import summarise
from landseer.core.files import atomic_path, write_json
from landseer.errors import DataError
from landseer.feed.embed import make_embed
from landseer.models.config import MinMax, Quantile
from landseer.models.device import best_device
from landseer.models.inputs import plan_inputs
from landseer.raster.read import BandReader
from landseer.run.context import Run
from landseer.run.decisions import decisions_of, set_aside
from landseer.samples.findings import read_findings, write_findings
from landseer.samples.labelled import is_labelled
from landseer.samples.table import read_samples, usable, write_samples
from landseer.samples.weights import weigh
from landseer.splits import bar_overlaps, keeps_places_apart, nested_folds, prove, split, takes_part
from landseer.statistics import DEFAULT_LEVELS, choose_step, compute_statistics

MOST_WARNINGS = 3


def list_samples(run: Run) -> None:
    """Stage `samples`: one row per sample, from the headers of the files."""
    frame, findings = scan_samples(run.recipe.data, run.path("scenes"))
    write_samples(run.path("audit/listed.parquet"), frame)
    write_findings(run.path("audit/listing.csv"), findings)


def audit(run: Run) -> None:
    """Stage `audit`: read every file once, measure quality, set suspects aside, find the same place."""
    listed = read_samples(run.path("audit/listed.parquet"))
    decisions = decisions_of(run, listed["sample"])
    frame, findings = examine(
        listed, run.bands, run.classes, references=run.references, rules=run.recipe.quality
    )
    faulty = frame["sample"][frame["excluded"].notna()]
    frame = label_figures(frame, run.recipe.quality.figures, run.bands, run.classes)
    frame, suspects = set_aside(run, frame, decisions)
    found = same_place(
        frame, run.bands, _trusted(run), references=run.references, embed=_embed(run)
    )
    write_samples(run.path("audit/audited.parquet"), add_groups(frame, found.groups))
    findings = without_repeats([*findings, *suspects, *found.findings])
    write_findings(run.path("audit/findings.csv"), findings)
    write_pairs(run.path("audit/pairs.csv"), found.pairs)
    write_groups(run.path("audit/groups.csv"), found.summary)
    listing = read_findings(run.path("audit/listing.csv"))
    write_json(run.path("audit/summary.json"), summarise(frame, faulty, [*listing, *findings]))
    _require_samples(frame, run)


def _trusted(run: Run) -> SamePlaceConfig:
    """Return how places are compared; where that does not say which pixels to trust, those that are not corrupted."""
    config, corrupted = run.recipe.same_place, run.recipe.quality.corrupted
    if config.valid is not None or corrupted is None:
        return config
    return config.model_copy(update={"valid": f"not ({corrupted})"})


def _embed(run: Run) -> Embed | None:
    """Return the network by which places are compared, where the recipe asks for one."""
    if run.recipe.same_place.method != "embedding":
        return None
    config = run.recipe.same_place.embedding
    is_pooled = config.features == "pooled"
    return make_embed(config.encoder, config.weights, pooled=is_pooled, seed=config.seed)


def _require_samples(frame: gpd.GeoDataFrame, run: Run) -> None:
    """Stop when nothing is left to train on."""
    if not is_labelled(usable(frame, side="train"), run.references).any():
        reasons = frame["excluded"].value_counts().head(3).to_dict()
        raise DataError(
            f"expected labelled samples to train on, got none of {len(frame)}: {reasons}",
            where=run.recipe.data.root,
            do="correct the recipe's `data`, or the files",
        )


def split_samples(run: Run) -> None:
    """Stage `split`: give every sample a fold and a weight, and prove that the folds do not leak."""
    frame = read_samples(run.path("audit/audited.parquet"))
    pairs = read_pairs(run.path("audit/pairs.csv"))
    frame = split(frame, run.recipe.split, run.recipe.seed)
    if keeps_places_apart(run.recipe.split):
        frame = bar_overlaps(frame, pairs)
    proof = prove(frame, pairs, run.recipe.split)
    for warning in proof.warnings[:MOST_WARNINGS]:
        sys.stderr.write(f"warning: {warning}\n")
    if len(proof.warnings) > MOST_WARNINGS:
        more = len(proof.warnings) - MOST_WARNINGS
        sys.stderr.write(f"warning: {more} more in {run.path('audit/proof.json')}\n")
    weights = run.recipe.weights
    frame = frame.assign(weight=1.0) if weights is None else weigh(frame, weights)
    write_samples(run.path("samples.parquet"), frame)
    write_json(run.path("audit/proof.json"), proof.as_dict())
    _write_tables(run, frame, pairs, proof.balance)


def _write_tables(
    run: Run, frame: gpd.GeoDataFrame, pairs: pd.DataFrame, balance: pd.DataFrame
) -> None:
    """Write the balance of the folds and, where asked for, all nested folds."""
    with atomic_path(run.path("audit/balance.csv")) as temporary:
        balance.to_csv(temporary, index=False)
    outer = run.recipe.split.outer
    run.path("audit/nested.csv").unlink(missing_ok=True)
    if outer is not None and outer.table:
        overlaps = pairs if keeps_places_apart(run.recipe.split) else None
        table = nested_folds(frame, run.recipe.split, run.recipe.seed, overlaps)
        with atomic_path(run.path("audit/nested.csv")) as temporary:
            table.to_csv(temporary, index=False)


def measure(run: Run) -> None:
    """Stage `statistics`: one pass over the training samples' valid pixels."""
    plan = plan_inputs(run.recipe.inputs, run.bands)
    frame = usable(read_samples(run.path("samples.parquet")), side="train")
    frame = frame[is_labelled(frame, run.references) & takes_part(frame)]
    statistics = compute_statistics(
        [Path(image) for image in frame["image"]],
        _reader([band.index for band in plan.bands]),
        plan.bands,
        plan.indices,
        where=plan.valid,
        index_where=plan.keep,
        index_step=_index_step(run, frame),
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
        raw, there = reader(path)
        wide = raw.astype(np.int32) if raw.dtype == np.uint16 else raw
        placed = None if there is None else torch.from_numpy(there).to(device)
        return torch.from_numpy(wide).to(device), placed

    return read


def _levels(run: Run) -> list[float]:
    """Return the quantiles that the recipe's normalisation reads."""
    inputs = run.recipe.inputs
    kinds = [inputs.normalise, *inputs.normalise_channels.values()]
    return [
        level for kind in kinds if isinstance(kind, Quantile) for level in (kind.low, kind.high)
    ]
