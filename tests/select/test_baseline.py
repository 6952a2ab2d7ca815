"""What a constant per site scores, against a slow loop; what is known nowhere else is missing."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.feed.source import Item, Source
from landseer.metrics.evaluation import Evaluation
from landseer.models.config import ModelConfig
from landseer.models.outputs import make_quantity
from landseer.models.targets import TargetSpec
from landseer.raster.write import write_raster
from landseer.select import SelectConfig
from landseer.select.baseline import constant_counts
from landseer.select.value_counts import Trial
from landseer.select.values import select_values

from .value_world import CONFIG, REFERENCES, make_world


def test_a_constant_per_site_by_a_slow_loop(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    held, samples = world.held, list(world.held.samples)
    for middle in (False, True):
        counts = constant_counts(
            world.trial, held.positions, held.folds, held.sites, middle=middle, workers=1
        )
        scores = Evaluation(world.trial.evaluation.targets).scores(counts, held.sites)
        reduce = np.nanmedian if middle else np.nanmean
        errors, scales = [], []
        for i, s in enumerate(samples):
            others = [
                samples[j]
                for j in range(12)
                if held.folds[j] != held.folds[i] and held.sites[j] == held.sites[i]
            ]
            level = reduce(np.stack([world.truth[o]["tall"] for o in others]))
            errors.append(level - world.truth[s]["tall"])
            scales.append(reduce([world.truth[o]["px"] for o in others]) - world.truth[s]["px"])
        assert scores["tall_rmse"] == pytest.approx(
            np.sqrt(np.nanmean(np.square(errors))), rel=1e-4
        )
        assert scores["px_mae"] == pytest.approx(np.abs(scales).mean(), rel=1e-4)
        assert scores["tall_r2_sites"] < 0.05, "a constant explains nothing within a site"
    chosen = select_values(world.trial, held, SelectConfig(metric="tall_r2", **CONFIG))
    against = next(c for c in chosen.comparisons if c.choice == "baseline")
    assert against.option == "model" and against.difference > 0.3 and against.low > 0


def test_a_constant_of_what_is_known_nowhere_else_is_missing(tmp_path: Path) -> None:
    world = make_world(tmp_path, n=6, n_folds=2)
    items = []
    for item, fold in zip(world.trial.source.items, world.held.folds, strict=True):
        known = dict(item.references)
        if fold == 0:
            del known["scale"], known["agl"]
        items.append(Item(item.sample, item.image, None, known, site=item.site))
    trial = replace(
        world.trial, source=Source(items, (), ClassTable((), ()), references=REFERENCES)
    )
    held = world.held
    counts = constant_counts(trial, held.positions, held.folds, held.sites, middle=False, workers=1)
    scores = trial.evaluation.scores(counts, held.sites)
    assert math.isnan(scores["px_mae"]) and math.isnan(scores["tall_rmse"])
    assert scores["lean_error_deg"] > 0


def test_a_constant_of_layers_leaves_out_what_is_not_known(tmp_path: Path) -> None:
    items = []
    for number in range(4):
        layer = np.zeros((4, 4), np.float32)
        layer[:1] = 1
        layer[1:] = np.nan if number < 2 else 0
        write_raster(tmp_path / f"{number}.tif", np.ones((4, 4), np.uint8))
        write_raster(tmp_path / f"{number}_r.tif", layer)
        items.append(
            Item(
                str(number),
                tmp_path / f"{number}.tif",
                None,
                {"roof": tmp_path / f"{number}_r.tif"},
            )
        )
    source = Source(items, (), ClassTable((), ()), references=[Reference("roof")])
    specs = {"roof": TargetSpec(quantity="multi_label", layers=("roof",))}
    config = ModelConfig(encoder="resnet18", weights="none")
    quantities = {"roof": make_quantity(specs["roof"], 0, config)}
    trial = Trial(source, specs, quantities, (), {})
    counts = constant_counts(trial, range(4), (0, 0, 1, 1), ("",) * 4, middle=False, workers=1)
    pieces = [trial.evaluation.piece(one, "roof")[0] for one in counts]
    # the others' known pixels are roofs for the last two, and mostly none for the first two
    assert pieces[3].tolist() == [[0, 12], [0, 4]]
    assert pieces[0].tolist() == [[0, 0], [4, 0]]
