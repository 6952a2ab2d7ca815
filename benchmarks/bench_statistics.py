"""How fast the pass over the data is, against decoding the same files alone.

    python benchmarks/bench_statistics.py [--tiles 480] [--repeats 5] [--workers 2] [--out FILE.json]

Each repeat measures, in turn and in this one run: decoding alone, statistics of the bands, and statistics of the bands
and 17 indices without a mask and with one (clear water: about 60 % of the pixels), as a run does it: bands at every
pixel, indices at 2 million or more; and with indices at every pixel. What counts is the ratio
of decoding to the rest; 1 would be statistics for nothing. The ratio of processor times is less disturbed by others.
Tiles are noisy: seven bands of 350 x 350, deflate.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy import ndimage

from landseer.core.bands import Band
from landseer.core.memory import keep_freed_memory
from landseer.core.parallel import cpu_count, parallel_map
from landseer.models.config import PreprocessConfig
from landseer.spectral import Formula, resolve
from landseer.statistics import choose_step, compute_statistics

SIZE_PX = 350
NODATA = -32768
BANDS = (
    Band("swir", 1, ("S1", "S2"), nodata=NODATA),
    Band("nir", 2, ("N",), nodata=NODATA),
    Band("red", 3, ("R",), nodata=NODATA),
    Band("green", 4, ("G",), nodata=NODATA),
    Band("blue", 5, ("B",), nodata=NODATA),
    Band("qa", 6, ("QA",), "quality"),
    Band("dem", 7, ("DEM",), "elevation", nodata=NODATA),
)
INDICES = (
    "DEMWM NDVI kelp:ATSAVI kelp:AVI CI ClGreen GBNDVI kelp:GVMI kelp:IPVI KIVU kelp:MCARI kelp:MVI NormNIR PNDVI "
    "SABI WDRVI mCRIG"
).split()
USABLE = "qa == 0 and dem <= 0"


def make_tile(seed: int) -> NDArray[np.float64]:
    """Make seven bands: a smooth field plus noise, flagged patches, land above the sea."""
    rng = np.random.default_rng(seed)

    def field(width_px: float) -> NDArray[np.float64]:
        smooth = ndimage.gaussian_filter(rng.standard_normal((SIZE_PX, SIZE_PX)), width_px)
        return smooth / smooth.std()

    ground = field(20)
    levels = [(9000, 600, 60), (9500, 1500, 80), (8500, 400, 50), (8600, 400, 50), (8300, 350, 50)]
    bands = [
        mean + swing * ground + noise * rng.standard_normal(ground.shape)
        for mean, swing, noise in levels
    ]
    flags = field(10) > 1.5
    elevation = np.maximum(0, np.round(60 * (field(25) - 0.3)))
    return np.stack([*bands, flags, elevation])


def write_tiles(folder: Path, count: int, dtype: str) -> list[Path]:
    """Write tiles as they are delivered: one strip per row, bands interleaved by pixel, deflate."""
    paths = []
    for number in range(count):
        path = folder / f"{dtype}_{number:04d}.tif"
        shape = {"width": SIZE_PX, "height": SIZE_PX, "count": len(BANDS)}
        with rasterio.open(
            path, "w", driver="GTiff", dtype=dtype, compress="deflate", **shape
        ) as file:
            file.write(make_tile(number).astype(dtype))
        paths.append(path)
    return paths


def read(path: Path) -> NDArray[Any]:
    """Decode one file."""
    with rasterio.open(path) as file:
        return file.read()


def measure(paths: list[Path], workers: int, repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Return (seconds, seconds of processors) per case and repeat."""
    indices, usable = resolve(INDICES, {}, BANDS), Formula.parse(USABLE)
    step = choose_step(
        len(paths) * SIZE_PX**2, PreprocessConfig.model_fields["index_pixels"].default
    )

    def decode() -> None:
        for _ in parallel_map(read, paths, workers=workers):
            pass

    def run(**more: Any) -> Callable[[], object]:
        return lambda: compute_statistics(paths, read, BANDS, workers=workers, **more)

    cases: dict[str, Callable[[], object]] = {
        "decode": decode,
        "bands": run(),
        "bands+17": run(indices=indices, index_step=step),
        "bands+17 masked": run(indices=indices, index_where=usable, index_step=step),
        "bands+17 every pixel": run(indices=indices),
    }
    decode()
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for _ in range(repeats):
        for name, case in cases.items():
            start, cpu_start = time.perf_counter(), time.process_time()
            case()
            seconds[name].append((time.perf_counter() - start, time.process_time() - cpu_start))
    return seconds


def summarise(
    seconds: dict[str, list[tuple[float, float]]], tiles: int
) -> dict[str, dict[str, float]]:
    """Return milliseconds per tile and ratios to decoding alone, repeat by repeat: least, middle, most."""
    rows = {}
    for name, values in seconds.items():
        pairs = list(zip(seconds["decode"], values, strict=True))
        figures = {
            "ms": [1000 * wall / tiles for wall, _ in values],
            "ratio": [alone[0] / value[0] for alone, value in pairs],
            "cpu_ratio": [alone[1] / value[1] for alone, value in pairs],
        }
        rows[name] = {
            f"{figure}_{key}": function(numbers)
            for figure, numbers in figures.items()
            for key, function in (("min", min), ("median", statistics.median), ("max", max))
        }
    return rows


def main() -> None:
    """Measure and print."""
    keep_freed_memory()  # as the command line does
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiles", type=int, default=480)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=cpu_count())
    parser.add_argument("--dtypes", nargs="+", default=["int16", "int32"])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
    found: dict[str, Any] = {"tiles": options.tiles, "workers": options.workers}
    for dtype in options.dtypes:
        with tempfile.TemporaryDirectory() as folder:
            paths = write_tiles(Path(folder), options.tiles, dtype)
            seconds = measure(paths, options.workers, options.repeats)
            megabytes = sum(path.stat().st_size for path in paths) / 1e6 / len(paths)
        found[dtype] = summarise(seconds, options.tiles)
        print(f"{dtype}, {megabytes:.2f} MB a tile, {options.workers} threads: min/median/max")
        for name, row in found[dtype].items():
            times, ratios, cpu = (
                "/".join(f"{row[f'{figure}_{key}']:.2f}" for key in ("min", "median", "max"))
                for figure in ("ms", "ratio", "cpu_ratio")
            )
            print(
                f"  {name:16s} {times:20s} ms a tile; {ratios} of decoding's speed; {cpu} by processor time"
            )
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
