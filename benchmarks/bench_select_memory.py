"""How much memory does choosing hold, and does it grow with the number of samples?

    python benchmarks/bench_select_memory.py [--samples 200 800] [--side 256] [--out FILE.json]

Made labels and out-of-fold predictions of two seeds under two sets of views lie on disk. Each number of samples and
each way of choosing runs in a process of its own; counted is the most that it held (VmHWM) above what it held after
its imports.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from landseer.core.classes import ClassTable
from landseer.core.files import write_json
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples
from landseer.select import SelectConfig
from landseer.select.choose import select

VIEWS, SEEDS = ("none", "d4"), (0, 1)
WAYS: dict[str, tuple[int, dict[str, Any]]] = {
    "threshold": (2, {}),
    "cautious": (2, {"threshold": "cautious", "prefer": "cheapest_within_noise"}),
    "fitted": (2, {"weights": "fitted"}),
    "greedy": (2, {"weights": "greedy"}),
    "greedy_per_class": (3, {"weights": "greedy", "threshold": "per_class"}),
}
"""What is chosen: number of classes, and what differs from the defaults of recipe key `select`."""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, nargs="+", default=[200, 800])
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/select_memory.json"))
    parser.add_argument("--child", nargs=3, metavar=("FOLDER", "WAY", "N"))
    given = parser.parse_args()
    if given.child:
        folder, way, n = given.child
        sys.stdout.write(json.dumps(measure(Path(folder), way, int(n), given.side)))
        return
    found: dict[str, Any] = {"samples": given.samples, "side_px": given.side}
    with tempfile.TemporaryDirectory() as name:
        for n_classes in sorted({n for n, _ in WAYS.values()}):
            write_world(Path(name) / str(n_classes), max(given.samples), given.side, n_classes)
        for way in WAYS:
            found[way] = [called(Path(name), way, n, given.side) for n in given.samples]
            sys.stdout.write(f"{way}: {found[way]}\n")
    write_json(given.out, found)


def called(folder: Path, way: str, n: int, side: int) -> dict[str, float]:
    """Measure in a process of its own."""
    child = ["--child", str(folder), way, str(n), "--side", str(side)]
    command = [sys.executable, __file__, *child]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def measure(folder: Path, way: str, n: int, side: int) -> dict[str, float]:
    """Choose on the first `n` samples; say what it took, MB and seconds."""
    n_classes, config = WAYS[way]
    world = folder / str(n_classes)
    frame = table(world, n, side)
    oof = {view: {seed: world / view / str(seed) for seed in SEEDS} for view in VIEWS}
    names = tuple(f"c{number}" for number in range(n_classes))
    classes = ClassTable(names, tuple(range(n_classes)))
    before, started = memory_mb("VmRSS"), time.perf_counter()
    select(frame, oof, classes, SelectConfig(metric="dice_c1", **config))
    taken, most = time.perf_counter() - started, memory_mb("VmHWM")
    return {"samples": n, "peak_mb": round(most - before, 1), "seconds": round(taken, 1)}


def memory_mb(key: str) -> float:
    """Read what this process holds (VmRSS) or held at most (VmHWM); getrusage would count its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{key}:")[1].split()[0]) / 1024


def table(world: Path, n: int, side: int) -> gpd.GeoDataFrame:
    """Make the sample table: four samples a place, five folds."""
    records = [
        {
            "sample": f"s{number:05d}",
            "side": "train",
            "image": str(world / f"labels/s{number:05d}.tif"),
            "label": str(world / f"labels/s{number:05d}.tif"),
            "height": side,
            "width": side,
            "fold": number // 4 % 5,
            "group": f"p{number // 4}",
        }
        for number in range(n)
    ]
    return make_samples(records)


def write_world(world: Path, n: int, side: int, n_classes: int) -> None:
    """Write labels of blobs, and predictions that know them through noise."""
    rng = np.random.default_rng(0)
    for number in range(n):
        coarse = rng.integers(0, n_classes, (side // 16, side // 16))
        label = np.kron(coarse, np.ones((16, 16), int)).astype(np.uint8)
        write_raster(world / f"labels/s{number:05d}.tif", label)
        for view in VIEWS:
            for seed in SEEDS:
                logits = 2.0 * np.eye(n_classes)[label] + rng.normal(
                    0, 2, (*label.shape, n_classes)
                )
                shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
                planes = np.rint(shares.transpose(2, 0, 1)[1:] * 65535).astype(np.uint16)
                write_raster(world / f"{view}/{seed}/s{number:05d}.tif", planes)


if __name__ == "__main__":
    main()
