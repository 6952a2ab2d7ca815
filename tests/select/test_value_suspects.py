"""References with known faults come first, with the reason; good ones do not; nothing is decided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from landseer.audit.suspects import SuspectsConfig
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import read_json, write_json
from landseer.core.references import Reference
from landseer.feed.source import Item, Source
from landseer.models.config import ModelConfig
from landseer.models.outputs import make_quantity
from landseer.models.targets import TargetSpec
from landseer.predict.oof import numbers_path, oof_path
from landseer.raster.write import write_raster
from landseer.select.placed import place
from landseer.select.value_counts import Trial
from landseer.select.value_suspects import (
    LISTED,
    MOST_PROPOSED,
    PROPOSED,
    contradicted,
    find_value_suspects,
)
from landseer.select.values import Held

SIDE, N = 64, 24
SPECS = {
    "tall": TargetSpec(quantity="height", reference="agl"),
    "lean": TargetSpec(quantity="direction", reference="angle"),
    "px": TargetSpec(quantity="flow_scale", reference="scale"),
    "shift": TargetSpec(quantity="magnitude", of=("tall", "px")),
}
REFERENCES = (Reference("agl"), Reference("angle", "angle"), Reference("scale", "number"))
LOST, MOVED, TURNED, LONG, TORN = 3, 8, 13, 17, 20
"""Samples with a fault: a block that the reference lacks; moved by two pixels; a wrong angle; a wrong scale; holes."""


def scene(rng: np.random.Generator) -> np.ndarray:
    """Blocks of 4 to 15 m on flat ground."""
    truth = np.zeros((SIDE, SIDE))
    for _ in range(7):
        row, col = rng.integers(2, SIDE - 20, 2)
        truth[row : row + rng.integers(8, 18), col : col + rng.integers(8, 18)] = rng.uniform(4, 15)
    return truth


def write_sample(root: Path, i: int, seeds: Sequence[int]) -> Item:
    """Write one sample's reference, with its fault, and its predictions by each seed."""
    rng = np.random.default_rng(i)
    truth, name = scene(rng), f"s{i:02d}"
    known = truth + rng.normal(0, 0.1, truth.shape)
    if i == LOST:
        truth[20:44, 20:44], known[20:44, 20:44] = 12, 0.05
    known = np.roll(known, (2, 0), axis=(0, 1)) if i == MOVED else known
    if i == TORN:
        known[:30] = np.nan
    angle, scale = 1.0, 1.2
    for seed in seeds:
        gain = np.exp(ndimage.gaussian_filter(rng.normal(0, 1, truth.shape), 8))
        said = ndimage.gaussian_filter(truth * gain, 1.2) + rng.normal(0, 0.2, truth.shape)
        folder = root / f"seed{seed}"
        write_raster(oof_path(folder, name, "tall"), said[None].astype(np.float32))
        write_raster(oof_path(folder, name, "shift"), (scale * said)[None].astype(np.float32))
        turn = angle + rng.normal(0, 0.05)
        numbers = {"lean": [math.sin(turn), math.cos(turn)], "px": [scale + rng.normal(0, 0.03)]}
        write_json(numbers_path(folder, name), numbers)
    write_raster(root / "agl" / f"{name}.tif", known.astype(np.float32))
    write_raster(root / "images" / f"{name}.tif", np.ones((1, SIDE, SIDE), np.uint8))
    said_of = {
        "angle": angle + (2.0 if i == TURNED else 0),
        "scale": scale * (3 if i == LONG else 1),
    }
    paths: dict[str, Path | float] = {"agl": root / "agl" / f"{name}.tif", **said_of}
    return Item(name, root / "images" / f"{name}.tif", None, paths, 0.5, f"site{i % 2}")


def make_trial(root: Path, seeds: Sequence[int] = (0,)) -> tuple[Trial, Held]:
    """Write all samples; two folds, groups of one, two sites."""
    items = [write_sample(root, i, seeds) for i in range(N)]
    bands = (Band("grey", 1),)
    source = Source(items, bands, ClassTable((), ()), 0.0, REFERENCES)
    quantities = {name: make_quantity(spec, 0, ModelConfig()) for name, spec in SPECS.items()}
    oof = {"none": {seed: root / f"seed{seed}" for seed in seeds}}
    names = tuple(item.sample for item in items)
    folds = tuple(i % 2 for i in range(N))
    held = Held(names, tuple(range(N)), folds, names, tuple(item.site for item in items))
    return Trial(source, SPECS, quantities, (), oof), held


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, Held]:
    return make_trial(tmp_path_factory.mktemp("world"))


def hunt(made: tuple[Trial, Held], **config: object):
    trial, held = made
    paths = {name: {"tall": f"/{name}_agl.tif"} for name in held.samples}
    return find_value_suspects(trial, held, paths, SuspectsConfig(**config), "none", workers=1)


def test_faults_come_first_and_nothing_is_decided(made: tuple[Trial, Held]) -> None:
    table = hunt(made).table
    faults = {f"s{i:02d}" for i in (LOST, MOVED, TURNED, LONG)}
    assert set(table["sample"].head(4)) == faults
    assert set(table.loc[table["proposed"] == "yes", "sample"]) == faults
    assert set(table["exclude"]) == {""}
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert (table["score"].diff().dropna() <= 0).all()
    proposed = (table["score"] >= PROPOSED) & (table["rank"] <= MOST_PROPOSED * N)
    assert (proposed == (table["proposed"] == "yes")).all()
    assert (table["score"] >= LISTED).all()


def test_reasons_say_what_and_how_much(made: tuple[Trial, Held]) -> None:
    rows = hunt(made).table.set_index("sample")
    lost, moved = rows.loc[f"s{LOST:02d}"], rows.loc[f"s{MOVED:02d}"]
    assert lost["reason"].startswith("tall lower than predicted: 0.0")
    assert 350 < lost["region_px"] <= 24 * 24
    assert 0.05 < lost["region_share"] <= lost["wrong_share"] < 0.8
    assert lost["label"] == f"/s{LOST:02d}_agl.tif"
    assert moved["target"] == "tall" and moved["reason"].startswith("tall lies 1.")
    assert "px down" in moved["reason"] and moved["shift_row"] > 0.8
    turned, long = rows.loc[f"s{TURNED:02d}"], rows.loc[f"s{LONG:02d}"]
    assert turned["given"] == f"{math.degrees(3.0):.3g}°"
    assert turned["reason"].startswith("lean 172°, predicted 5")
    assert long["reason"].startswith("px 3.6 px/m, predicted 1.")
    assert long["label"] == ""


def test_the_evidence_finds_the_same_regions_again(made: tuple[Trial, Held]) -> None:
    trial, held = made
    found = hunt(made)
    row = found.table.set_index("sample").loc[f"s{LOST:02d}"]
    placed = place(trial, held.positions[LOST], "none")
    again = contradicted(placed, "tall", found.evidence)
    assert int((again == -1).sum()) == row["region_px"]
    assert (again[24:40, 24:40] == -1).all()
    proposed = found.table[found.table["proposed"] == "yes"]
    assert found.evidence["expected"] == round(float(proposed["region_share"].sum()), 2)
    assert found.evidence["targets"] == ["tall", "lean", "px"]


def test_lines_count_only_when_asked_for(made: tuple[Trial, Held]) -> None:
    trial, held = made
    position = held.positions[LOST]
    thin = contradicted(
        place(trial, position, "none"), "tall", hunt(made, score="any_width").evidence
    )
    wide = contradicted(place(trial, position, "none"), "tall", hunt(made).evidence)
    assert (thin[wide != 0] == wide[wide != 0]).all()
    few = contradicted(place(trial, position, "none"), "tall", hunt(made, region_px=4000).evidence)
    assert not few.any()
    assert len(hunt(made, most=2).table) == 2


def test_seeds_are_averaged_and_order_of_samples_does_not_matter(tmp_path: Path) -> None:
    trial, held = make_trial(tmp_path, seeds=(0, 1))
    said = place(trial, 0, "none").said["tall"]
    one, two = (
        place(replace(trial, oof={"none": {0: tmp_path / f"seed{seed}"}}), 0, "none").said["tall"]
        for seed in (0, 1)
    )
    np.testing.assert_allclose(said, (np.asarray(one) + np.asarray(two)) / 2, rtol=1e-5)
    forward = hunt((trial, held)).table
    parts = held.samples, held.positions, held.folds, held.groups, held.sites
    back = Held(*(part[::-1] for part in parts))
    backward = hunt((trial, back)).table
    assert forward["sample"].head(4).tolist() == backward["sample"].head(4).tolist()
    assert hunt((trial, held)).evidence["members"] == 2


def test_where_nothing_can_be_compared_the_table_is_empty_with_a_sentence(
    made: tuple[Trial, Held],
) -> None:
    trial, held = made
    spec = TargetSpec(quantity="presence", reference="agl", layers=("kelp",))
    quantities = {"there": make_quantity(spec, 2, ModelConfig())}
    bare = replace(trial, specs={"there": spec}, quantities=quantities)
    for name in held.samples:
        folder = trial.oof["none"][0]
        path = numbers_path(folder, name)
        write_json(path, {**read_json(path), "there": [0.5]})
    found = find_value_suspects(bare, held, {}, SuspectsConfig(), "none", workers=1)
    assert found.table.empty
    assert "nothing to compare" in found.evidence["note"]
