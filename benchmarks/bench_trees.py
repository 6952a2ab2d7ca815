"""How fast trees turn a scene into a map, end to end and alone, and what the streamed table holds in memory.

    python benchmarks/bench_trees.py --out benchmarks/results/trees.json [--side 3162] [--rounds 2] [--threads 2]

10 million pixels of 8 bands (int16, deflate). Trees are grown on 200 000 of their pixels, with a class that three bands
and noise decide. First the two shapes that `landseer trees` delivers: the boosters of five folds, whose rounds are
stopped by inner parts of their training, averaged (`trees.deliver: folds`), and one booster of all of it with the
median of those rounds (`refit`). Then fewer rounds, lightgbm and a forest. `loss` is that on pixels which none of them
saw: what speed costs.

`engine` is `predict_files` on the file, from disk to the written map; `trees` is the booster alone on pixels in memory,
as float32 in rows (the least there is to do). Each is given by the clock and by the processor's time (pixels a second
of one processor), which other work on the machine disturbs less. `answer` holds the figure that is asked for: pixels a
second, from disk to map, of what is delivered when nothing is said.

`memory` grows xgboost and lightgbm from a table on disk, in a process of its own for each size, and gives the peak of
its memory before there is a pixel, when the table is written, and when the trees are grown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import rasterio
import torch
from rasterio.transform import from_origin
from scipy.special import softmax

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import write_json
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.tree_config import TreeSpec
from landseer.models.tree_files import Scorer, load_trees, tree_library
from landseer.predict import (
    MemberSource,
    ModelSpec,
    PredictOptions,
    predict_files,
    save_model_folder,
)
from landseer.raster.read import read_bands
from landseer.trees.config import (
    ForestConfig,
    LightGBMConfig,
    ModelName,
    TreesConfig,
    XGBoostConfig,
)
from landseer.trees.delivered import refit_config, refit_rounds
from landseer.trees.grow import ENDINGS, Plot, grow
from landseer.trees.inner import inner_parts
from landseer.trees.table import Pixels, PixelTable, plan_parts, write_table

N_BANDS = 8
BANDS = tuple(Band(f"b{n}", n + 1) for n in range(N_BANDS))
FOLDS, REFIT = "xgboost, delivered as folds", "xgboost, delivered as refit"
SIZES: tuple[tuple[str, ModelName, TreesConfig], ...] = (
    ("xgboost, 100 x depth 6", "xgboost", TreesConfig(xgboost=XGBoostConfig(rounds=100, lr=0.1))),
    ("xgboost, 50 x depth 6", "xgboost", TreesConfig(xgboost=XGBoostConfig(rounds=50, lr=0.2))),
    ("lightgbm, 200 x 31 leaves", "lightgbm", TreesConfig(lightgbm=LightGBMConfig(rounds=200))),
    ("forest, 60 x depth 12", "forest", TreesConfig(forest=ForestConfig())),
)
BY_LIGHTGBM = "lightgbm, 200 x 31 leaves, asked by lightgbm itself"
N_SAMPLES, N_FOLDS = 20, 5
GOAL_PX_S = 1_000_000
STARTED = time.perf_counter()


def make_scene(path: Path, side: int) -> None:
    """Write a scene of smooth bands with noise."""
    rng = np.random.default_rng(0)
    profile = {
        "driver": "GTiff", "width": side, "height": side, "count": N_BANDS, "dtype": "int16", "crs": "EPSG:32637",
        "transform": from_origin(0, 0, 10, 10), "tiled": True, "blockxsize": 512, "blockysize": 512,
        "compress": "deflate", "predictor": 2,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        for band in range(N_BANDS):
            coarse = rng.normal(size=(side // 64 + 2, side // 64 + 2))
            smooth = np.kron(coarse, np.ones((64, 64)))[:side, :side] * 700
            file.write((smooth + rng.normal(size=smooth.shape) * 300).astype(np.int16), band + 1)


def classes_of(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Decide classes by three bands, and noise."""
    a, b, c = x[:, 0] / 700, x[:, 1] / 700, x[:, 2] / 700
    score = 2 * (a * b + np.sin(2 * c) + np.where(a > 0.5, b, -c) - 0.7)
    return (rng.random(len(x)) < 1 / (1 + np.exp(-score))).astype(np.uint8)


def make_table(folder: Path, x: np.ndarray, n_samples: int = N_SAMPLES) -> PixelTable:
    """Write pixels as a table."""
    parts_of = np.array_split(np.arange(len(x)), n_samples)
    samples = [(f"s{n}", n % 2, f"g{n}") for n in range(n_samples)]

    def pixels_of(position: int) -> Pixels:
        mine = parts_of[position]
        truth = classes_of(x[mine], np.random.default_rng(position))
        return Pixels(mine, mine, truth, np.ones(len(mine), np.float32), x[mine])

    names = [band.name for band in BANDS]
    parts = plan_parts([f for _, f, _ in samples], [len(m) for m in parts_of], 250_000)
    return write_table(folder, "bench", names, samples, parts, pixels_of)


@dataclass
class Shape:
    """A model folder: its boosters, and what was measured of it."""

    name: ModelName
    files: list[Path]
    loss: float = float("nan")
    rounds: list[int] = field(default_factory=list)
    engine: list[tuple[float, float]] = field(default_factory=list)
    trees: list[tuple[float, float]] = field(default_factory=list)

    def found(self) -> dict[str, Any]:
        """Return what was measured."""
        known: dict[str, Any] = {"loss": self.loss, "boosters": len(self.files)}
        for key in ("engine", "trees"):
            if measured := getattr(self, key):
                clock, processor = zip(*measured, strict=True)
                known[key] = {"px_s": spread(clock), "px_processor_s": spread(processor)}
        return {**known, "rounds": self.rounds}


def deliver(folder: Path, shape: Shape) -> None:
    """Write a model folder."""
    spec = ModelSpec(
        name="bench",
        bands=BANDS,
        classes=ClassTable(("land", "water"), (0, 1)),
        inputs=PreprocessConfig(bands=tuple(band.name for band in BANDS)),
        model=ModelConfig(weights="none"),
        trees=TreeSpec(kind=shape.name),
        statistics={},
        threshold=0.5,
        reach_px=0,
    )
    sources = [MemberSource(path, fold, 0) for fold, path in enumerate(shape.files)]
    save_model_folder(folder, spec, sources)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return least, middle and most."""
    return {"least": min(values), "middle": statistics.median(values), "most": max(values)}


def delivered(table: PixelTable, folder: Path) -> dict[str, Shape]:
    """Grow what `landseer trees` delivers: a booster for each fold, and one of all samples with their median."""
    config, every = TreesConfig(threads=1), np.ones(N_SAMPLES, bool)
    groups, px = [f"g{n}" for n in range(N_SAMPLES)], table.class_px(2)
    folds, refit = Shape("xgboost", []), Shape("xgboost", [folder / "refit.ubj"])
    for fold in range(N_FOLDS):
        wanted = np.arange(N_SAMPLES) % N_FOLDS != fold
        inners = inner_parts(groups, wanted, px, config.inner_share, fold)
        grown = grow(Plot(table, 2, config, fold), "xgboost", wanted, inners, folder / f"f{fold}")
        folds.files.append(folder / f"f{fold}.ubj")
        folds.rounds.append(grown.rounds)
    fixed = refit_config(config, "xgboost", refit_rounds(folds.rounds))
    refit.rounds = [grow(Plot(table, 2, fixed, 0), "xgboost", every, (), folder / "refit").rounds]
    return {FOLDS: folds, REFIT: refit}


def others(table: PixelTable, folder: Path) -> dict[str, Shape]:
    """Grow boosters of other sizes and kinds."""
    shapes = {}
    for number, (title, name, config) in enumerate(SIZES):
        plot = Plot(table, 2, config.model_copy(update={"threads": 1}), 0)
        grown = grow(plot, name, np.ones(N_SAMPLES, bool), (), folder / f"{number}")
        shapes[title] = Shape(name, [folder / f"{number}{ENDINGS[name]}"], rounds=[grown.rounds])
    return shapes


def loss_of(scorers: Sequence[Scorer], x: np.ndarray, truth: np.ndarray, threads: int) -> float:
    """Return the mean of -log p(truth) of the average of the probabilities."""
    chances = np.mean([softmax(scorer(x, threads), axis=1) for scorer in scorers], axis=0)
    return float(-np.log(chances[np.arange(len(truth)), truth]).mean())


def measure(side: int, rounds: int, threads: int, n_train: int) -> dict[str, Any]:
    """Measure all shapes in turn, several rounds; the average of the folds, which takes longest, once."""
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make_scene(folder / "scene.tif", side)
        image = read_bands(folder / "scene.tif")
        x = np.ascontiguousarray(image.reshape(N_BANDS, -1).T.astype(np.float32))
        rng = np.random.default_rng(1)
        chosen = rng.choice(len(x), 2 * n_train, replace=False)
        table = make_table(folder / "table", x[chosen[:n_train]])
        unseen = x[chosen[n_train:]]
        truth = classes_of(unseen, rng)
        say("scene and table")
        shapes = delivered(table, folder) | others(table, folder)
        say("trees")
        loaded = {title: [load_trees(path) for path in one.files] for title, one in shapes.items()}
        for number, (title, one) in enumerate(shapes.items()):
            one.loss = loss_of(loaded[title], unseen, truth, threads)
            deliver(folder / f"model{number}", one)
        part = x[: len(x) // 4]
        say("losses")
        for turn in range(rounds):
            for number, (title, one) in enumerate(shapes.items()):
                if title == FOLDS and turn:
                    continue
                predict = partial(
                    predict_files,
                    folder / f"model{number}",
                    [folder / "scene.tif"],
                    folder / "out",
                    PredictOptions(device="cpu", overwrite=True),
                )
                one.engine.append(timed(predict, len(x)))
                if title != FOLDS:
                    one.trees.append(
                        timed(partial(ask, loaded[title][0], part, threads), len(part))
                    )
            say(f"round {turn + 1} of {rounds}")
        found = {title: one.found() for title, one in shapes.items()}
        slow = partial(ask, by_lightgbm(shapes[SIZES[2][0]].files[0]), part, threads)
        clock, processor = timed(slow, len(part))
        return {**found, BY_LIGHTGBM: {"trees": {"px_s": clock, "px_processor_s": processor}}}


def say(what: str) -> None:
    """Say what is done, and when."""
    sys.stderr.write(f"{time.perf_counter() - STARTED:.0f} s: {what}\n")


def by_lightgbm(path: Path) -> Scorer:
    """Return what asks lightgbm itself, as is done where its trees cannot be written as xgboost's."""
    booster = lightgbm.Booster(model_file=str(path))

    def score(x_nf: np.ndarray, threads: int) -> np.ndarray:
        return np.asarray(booster.predict(x_nf, raw_score=True, num_threads=threads))

    return score


def answer(found: dict[str, Any]) -> dict[str, Any]:
    """Return the figure that is asked for: of what is delivered when nothing is said, beside the folds' average."""
    refit, folds = found[REFIT], found[FOLDS]
    px_s, by_processor = (refit["engine"][key]["middle"] for key in ("px_s", "px_processor_s"))
    faster = px_s / folds["engine"]["px_s"]["middle"]
    is_reached = px_s >= GOAL_PX_S
    return {
        "goal_px_s": GOAL_PX_S,
        "px_s": px_s,
        "px_processor_s": by_processor,
        "is_reached": is_reached,
        "times_faster_than_folds": faster,
        "loss": refit["loss"],
        "loss_of_folds": folds["loss"],
        "sentence": (
            f"{px_s / 1e6:.2f} M pixels a second from disk to map ({by_processor / 1e6:.2f} M a processor second) with "
            f"one xgboost model of {refit['rounds'][0]} rounds, {faster:.1f} times as fast as the average of "
            f"{folds['boosters']} folds: the goal of {GOAL_PX_S / 1e6:g} M is {'' if is_reached else 'not '}reached."
        ),
    }


def ask(scorer: Scorer, x: np.ndarray, threads: int) -> None:
    """Ask trees about all pixels, some at a time."""
    for start in range(0, len(x), 1 << 17):
        scorer(x[start : start + (1 << 17)], threads)


def timed(function: Callable[[], Any], n: int) -> tuple[float, float]:
    """Return how many of n are done in a second by the clock, and in a second of one processor."""
    clock, processor = time.perf_counter(), time.process_time()
    function()
    return n / (time.perf_counter() - clock), n / (time.process_time() - processor)


def grow_once(name: ModelName, n_pixels: int, folder: Path) -> None:
    """Grow from a table of so many pixels of 16 channels and print the peak of the memory, MB."""
    tree_library(name)
    started, names = peak_mb(), [f"c{n}" for n in range(16)]
    n_samples = max(1, n_pixels // 50_000)
    samples = [(f"s{n}", 0, f"g{n}") for n in range(n_samples)]

    def pixels_of(position: int) -> Pixels:
        rng = np.random.default_rng(position)
        x = rng.normal(size=(50_000, 16)).astype(np.float32)
        truth = (x[:, 0] * x[:, 1] + x[:, 2] > 0.5).astype(np.uint8)
        place = np.arange(50_000)
        return Pixels(place, place, truth, np.ones(50_000, np.float32), x)

    parts = plan_parts([0] * n_samples, [50_000.0] * n_samples, 400_000)
    table = write_table(folder / "t", "k", names, samples, parts, pixels_of)
    config = TreesConfig(
        xgboost=XGBoostConfig(rounds=3), lightgbm=LightGBMConfig(rounds=3), threads=1
    )
    written = peak_mb()
    wanted = np.ones(n_samples, bool)
    grow(Plot(table, 2, config, 0), name, wanted, (), folder / "trees")
    print(json.dumps({"started_mb": started, "written_mb": written, "grown_mb": peak_mb()}))


def peak_mb() -> float:
    """Return the peak of this process's memory, MB; `getrusage` would count that of the process which started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure_memory(sizes: list[int]) -> dict[str, Any]:
    """Grow from tables of several sizes, each in a process of its own."""
    found: dict[str, Any] = {}
    for name in ("xgboost", "lightgbm"):
        for n_pixels in sizes:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, __file__, "--grow", name, str(n_pixels), folder]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            peaks = json.loads(said.splitlines()[-1])
            found[f"{name}, {n_pixels:,} px"] = {
                **peaks,
                "float_table_mb": n_pixels * 16 * 4 / 2**20,
            }
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/trees.json"))
    parser.add_argument("--side", type=int, default=3162)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--train", type=int, default=200_000)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000_000, 6_000_000])
    parser.add_argument("--grow", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.grow:
        grow_once(given.grow[0], int(given.grow[1]), Path(given.grow[2]))
        return
    found = measure(given.side, given.rounds, given.threads, given.train)
    result = {
        "answer": answer(found),
        "pixels": given.side**2,
        "threads": given.threads,
        "processors": os.cpu_count(),
        "px_s": found,
        "memory": measure_memory(given.sizes),
    }
    result["seconds"] = time.perf_counter() - STARTED
    write_json(given.out, result)
    print(json.dumps(result, indent=1))
    print(result["answer"]["sentence"])


if __name__ == "__main__":
    main()
