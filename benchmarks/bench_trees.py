"""How fast trees turn a scene into a map, end to end and alone, and what the streamed table holds in memory.

    python benchmarks/bench_trees.py --out benchmarks/results/trees.json [--side 3162] [--rounds 3] [--threads 2]

10 million pixels of 8 bands (int16, deflate). Trees of each kind are grown on 200 000 of their pixels, with a class
that three bands and noise decide. `engine` is `predict_files` on the file, from disk to the written map; `trees` is the
booster alone on the same pixels in memory, as float32 in rows (the least there is to do). Each is given by the clock
and by the processor's time (pixels a second of one processor), which other work on the machine disturbs less. Several
sizes of boosters are measured, with the loss on pixels that they never saw, because fewer and shallower trees are
faster: what that costs stands beside it. `memory` grows xgboost and lightgbm from a table on disk, in a process of its
own for each size, and gives the peak of its memory when the table is written and when the trees are grown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from rasterio.transform import from_origin
from scipy.special import log_softmax

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import write_json
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.tree_config import TreeSpec
from landseer.models.tree_files import Scorer, load_trees
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
from landseer.trees.grow import ENDINGS, Plot, grow
from landseer.trees.table import Pixels, PixelTable, plan_parts, write_table

N_BANDS = 8
BANDS = tuple(Band(f"b{n}", n + 1) for n in range(N_BANDS))
SIZES: tuple[tuple[str, ModelName, TreesConfig], ...] = (
    ("xgboost, 200 x depth 6", "xgboost", TreesConfig(xgboost=XGBoostConfig(rounds=200))),
    ("xgboost, 100 x depth 6", "xgboost", TreesConfig(xgboost=XGBoostConfig(rounds=100))),
    ("xgboost, 50 x depth 6", "xgboost", TreesConfig(xgboost=XGBoostConfig(rounds=50, lr=0.2))),
    ("lightgbm, 200 x 31 leaves", "lightgbm", TreesConfig(lightgbm=LightGBMConfig(rounds=200))),
    ("lightgbm, 100 x 31 leaves", "lightgbm", TreesConfig(lightgbm=LightGBMConfig(rounds=100))),
    ("forest, 60 x depth 12", "forest", TreesConfig(forest=ForestConfig())),
)


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


def make_table(folder: Path, x: np.ndarray, n_samples: int = 20) -> PixelTable:
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


def deliver(folder: Path, trees: Path, name: ModelName) -> Path:
    """Write a model folder of one member."""
    spec = ModelSpec(
        name="bench",
        bands=BANDS,
        classes=ClassTable(("land", "water"), (0, 1)),
        inputs=PreprocessConfig(bands=tuple(band.name for band in BANDS)),
        model=ModelConfig(weights="none"),
        trees=TreeSpec(kind=name),
        statistics={},
        threshold=0.5,
        reach_px=0,
    )
    save_model_folder(folder, spec, [MemberSource(trees, 0, 0)])
    return folder


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return least, middle and most."""
    return {"least": min(values), "middle": statistics.median(values), "most": max(values)}


def measure(side: int, rounds: int, threads: int, n_train: int) -> dict[str, Any]:
    """Measure all boosters in turn, several rounds."""
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
        every, none = np.ones(20, bool), np.zeros(20, bool)
        found: dict[str, Any] = {}
        loaded: list[Scorer] = []
        for number, (title, name, config) in enumerate(SIZES):
            plot = Plot(table, 2, config.model_copy(update={"threads": threads}), 0)
            grow(plot, name, every, none, folder / f"{number}")
            path = folder / f"{number}{ENDINGS[name]}"
            said = log_softmax(load_trees(path)(unseen, threads), axis=1)
            loss = float(-said[np.arange(len(truth)), truth].mean())
            found[title] = {"loss": loss, "engine": [], "trees": []}
            deliver(folder / f"model{number}", path, name)
            loaded.append(load_trees(path))
        for _ in range(rounds):
            for number, (title, _, _) in enumerate(SIZES):
                found[title]["trees"].append(
                    timed(partial(ask, loaded[number], x, threads), len(x))
                )
                predict = partial(
                    predict_files,
                    folder / f"model{number}",
                    [folder / "scene.tif"],
                    folder / "out",
                    PredictOptions(device="cpu", overwrite=True),
                )
                found[title]["engine"].append(timed(predict, len(x)))
    for one in found.values():
        for key in ("engine", "trees"):
            clock, processor = zip(*one[key], strict=True)
            one[key] = {"px_s": spread(clock), "px_processor_s": spread(processor)}
    return found


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
    names = [f"c{n}" for n in range(16)]
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
    written = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wanted = np.ones(n_samples, bool)
    grow(Plot(table, 2, config, 0), name, wanted, ~wanted, folder / "trees")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"written_mb": written, "grown_mb": grown}))


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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--train", type=int, default=200_000)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000_000, 4_000_000, 8_000_000])
    parser.add_argument("--grow", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.grow:
        grow_once(given.grow[0], int(given.grow[1]), Path(given.grow[2]))
        return
    result = {
        "pixels": given.side**2,
        "threads": given.threads,
        "processors": os.cpu_count(),
        "px_s": measure(given.side, given.rounds, given.threads, given.train),
        "memory": measure_memory(given.sizes),
    }
    write_json(given.out, result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
