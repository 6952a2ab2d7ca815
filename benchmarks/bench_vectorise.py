"""How fast a map becomes polygons, and in how much memory, against GDAL's polygonize in one piece and geopandas.

python benchmarks/bench_vectorise.py --out benchmarks/results/vectorise.json
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas
import numpy as np
import rasterio
import rasterio.features
from shapely.geometry import shape

from landseer.core.files import write_json
from landseer.raster.write import write_raster
from landseer.vector.options import VectoriseOptions
from landseer.vector.vectorise import vectorise

CELL_PX = 70
"""One building per square of this side: 20 000 on 10 000 x 10 000 pixels."""

WAYS = ("ours, GeoParquet", "ours, GPKG", "one piece, GPKG", "ours, right-angled, GeoParquet")


def town(side: int, seed: int) -> np.ndarray:
    """Make a map of buildings, every other one with a corner cut out."""
    rng = np.random.default_rng(seed)
    classes = np.zeros((side, side), np.uint8)
    for top in range(0, side - CELL_PX + 1, CELL_PX):
        for left in range(0, side - CELL_PX + 1, CELL_PX):
            height, width = rng.integers(12, 46, 2)
            row, col = top + rng.integers(2, 12), left + rng.integers(2, 12)
            classes[row : row + height, col : col + width] = 1
            if height > 24:
                classes[row : row + height // 2, col + width // 2 : col + width] = 0
    return classes


def in_one_piece(path: Path, out: Path) -> None:
    """Do it as it is commonly done."""
    with rasterio.open(path) as dataset:
        classes, transform, crs = dataset.read(1), dataset.transform, dataset.crs
    found = rasterio.features.shapes(classes, mask=classes == 1, transform=transform)
    shapes, values = zip(*((shape(geometry), value) for geometry, value in found), strict=True)
    frame = geopandas.GeoDataFrame({"value": values}, geometry=list(shapes), crs=crs)
    frame.to_file(out, driver="GPKG")


def measure(way: str, path: Path) -> dict[str, float]:
    """Run one way in this process; return seconds, those of the processor, and megabytes above the start."""
    with tempfile.TemporaryDirectory() as folder:
        before = _peak_mb()
        started, busy = time.perf_counter(), time.process_time()
        out = Path(folder) / ("map.gpkg" if "GPKG" in way else "map.parquet")
        if way.startswith("ours"):
            vectorise(path, out, VectoriseOptions(rectangular="right-angled" in way))
        else:
            in_one_piece(path, out)
        return {
            "seconds": time.perf_counter() - started,
            "processor_s": time.process_time() - busy,
            "peak_mb": _peak_mb() - before,
        }


def _peak_mb() -> float:
    """Return the most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare(side: int, rounds: int, folder: Path) -> dict[str, object]:
    """Measure all ways in turn, each time in a process of its own; shares are of the processor's time."""
    path = folder / f"town_{side}.tif"
    write_raster(path, town(side, side), crs="EPSG:32736", transform=(0.3, 0, 5e5, 0, -0.3, 9.2e6))
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            command = [sys.executable, __file__, "--way", way, "--map", str(path)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            runs[way].append(json.loads(answer.stdout))
    base = [run["processor_s"] for run in runs["one piece, GPKG"]]
    result: dict[str, object] = {"side_px": side, "buildings": (side // CELL_PX) ** 2}
    for way, found in runs.items():
        busy = [run["processor_s"] for run in found]
        result[way] = {
            name: _spread([run[name] for run in found])
            for name in ("seconds", "processor_s", "peak_mb")
        } | {"share_of_one_piece": _spread([a / b for a, b in zip(busy, base, strict=True)])}
    return result


def _spread(values: list[float]) -> list[float]:
    """Return least, middle and most."""
    return [round(value, 3) for value in (min(values), statistics.median(values), max(values))]


def main() -> None:
    """Compare at two sizes, or measure one way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sides", type=int, nargs="+", default=[3500, 10_000])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--map", type=Path)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.way, arguments.map)))
        return
    with tempfile.TemporaryDirectory() as folder:
        result = [compare(side, arguments.rounds, Path(folder)) for side in arguments.sides]
    print(json.dumps(result, indent=1))
    if arguments.out:
        write_json(arguments.out, result)


if __name__ == "__main__":
    main()
