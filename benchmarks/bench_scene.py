"""How fast a large scene becomes a map, and how much memory that takes.

    python benchmarks/bench_scene.py --out benchmarks/results/scene.json [--sides 8192 16384] [--rounds 3]

The two numbers first, for a scene of N pixels, 4 bands of uint16, windows of 512 that share 128:
- bytes to move: 8 N to decode, (512 / 384)^2 = 1.8 times 16 N to copy into windows as float32, 1.8 times 8 N to add two
  planes of sums, 8 N to average, 1 N to write: about 60 N, twice that with what is read again;
- operations to do: 1.8 x 2 multiplications and additions a pixel and plane, one division, one comparison: about 10 N.
At 5 GB/s of memory and one core that is 80 Mpx/s; decoding deflate at 440 MB/s (one thread) allows 55 Mpx/s.

`engine` is `predict_images` with a network that computes nothing: it hands on the first two bands. `plain` is written
out below: read a strip, add weighted windows, decide, write, one after another in one thread. Each is measured in a
process of its own, in turn, several rounds; `extra_mb` is the peak of the process above what it held after its imports,
GDAL's cache included; `above_small_scene_mb` above what it held after a scene of 1024 px. `unet` sets the engine, from
file to file, between two runs of bare forward passes of a UNet with EfficientNet-B0 on as many windows, in memory: as
PyTorch builds it (`bare`), and with its batch norms fused as the engine's are (`bare_fused`). Bare passes are given
channels that are ready and stop at logits; the engine also reads, scales, blends, decides and writes.

Seconds of one processor: fused, the network takes 8.6 for the 64 windows of 3072 px where freed memory is kept; the
engine itself takes 0.35, measured without a network: decoding 75 MB of deflate, copying, blending, deciding,
overviews, encoding. Two processors both belong to the network, which waits at each layer for the slower of its two
threads; such seconds count by half at least and in full at most: 2 to 4 %. Scaling and softmax take 2 % more, the first
rows and the laying out of the file, which no network runs beside, 3 %.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from rasterio.transform import from_origin
from rasterio.windows import Window as Rectangle
from torch import nn

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import write_json
from landseer.core.memory import keep_freed_memory
from landseer.core.sides import taper
from landseer.core.window import spread
from landseer.models.config import KnownRange, ModelConfig, PreprocessConfig
from landseer.models.fuse import fused
from landseer.models.model import build_model
from landseer.predict import Ensemble, Precision, PredictOptions, predict_images
from landseer.predict.plan import make_plan
from landseer.predict.spec import ModelSpec
from landseer.quantities.mask import ClassMask

WINDOW, OVERLAP, BATCH = 512, 128, 8
UNET_SIDE = 3072


class Shares(ClassMask):
    """A mask whose outputs are taken for probabilities as they are."""

    def value(self, logits_bchw: torch.Tensor) -> torch.Tensor:
        """Return them."""
        return logits_bchw.float()


class First(nn.Module):
    """Computes nothing: the first two bands."""

    def forward(
        self, x: torch.Tensor, gsd_m: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Hand on two bands."""
        return {"mask": x[:, :2]}


def make_scene(path: Path, side: int) -> None:
    """Write a scene whose pixels compress as those of satellites do."""
    rng = np.random.default_rng(0)
    profile = {
        "driver": "GTiff", "width": side, "height": side, "count": 4, "dtype": "uint16", "crs": "EPSG:32637",
        "transform": from_origin(0, 0, 1, 1), "tiled": True, "blockxsize": 512, "blockysize": 512,
        "compress": "deflate", "predictor": 2, "num_threads": "ALL_CPUS",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        for row in range(0, side, 512):
            steps = rng.integers(-3, 4, (4, 512, side), dtype=np.int16)
            rows = (np.cumsum(steps, axis=2, dtype=np.int32) % 4000).astype(np.uint16)
            file.write(rows, window=Rectangle(0, row, side, 512))


def make_spec(config: ModelConfig | None = None) -> ModelSpec:
    """Describe a model of four bands and two classes."""
    return ModelSpec(
        name="bench",
        bands=tuple(Band(name, i, ()) for i, name in enumerate("abcd", 1)),
        classes=ClassTable(("x", "y"), (0, 1)),
        inputs=PreprocessConfig(bands=tuple("abcd"), normalise=KnownRange(high=4000)),
        model=config or ModelConfig(),
        statistics={},
    )


def engine(path: Path, out: Path) -> None:
    """Predict by the engine."""
    ensemble = Ensemble([First()], {"mask": Shares(2)})
    options = PredictOptions(
        window_px=WINDOW, overlap_px=OVERLAP, batch=BATCH, device="cpu", precision="float32",
        overwrite=True, strict=True,
    )  # fmt: skip
    predict_images(ensemble, make_spec(), [path], out, options)


def plain(path: Path, out: Path) -> None:
    """Predict by hand, one step after another in one thread."""
    out.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path) as file:
        side = file.width
        starts = spread(side, WINDOW, OVERLAP)
        profile = file.profile | {"count": 1, "dtype": "uint8", "num_threads": 1}
        shared = [0, *(a + WINDOW - b for a, b in pairwise(starts)), 0]
        weights = [taper(WINDOW, shared[i], shared[i + 1]) for i in range(len(starts))]
        sums, total = np.zeros((2, WINDOW, side), np.float32), np.zeros((WINDOW, side), np.float32)
        image, bottom = np.zeros((4, WINDOW, side), np.uint16), 0
        with rasterio.open(out / "plain.tif", "w", **profile) as written:
            for number, row in enumerate(starts):
                kept = max(0, bottom - row)
                image[:, :kept] = image[:, WINDOW - kept :]
                bottom = row + WINDOW
                area = Rectangle(0, row + kept, side, WINDOW - kept)
                image[:, kept:] = file.read(window=area)
                for place, col in enumerate(starts):
                    values = image[:, :, col : col + WINDOW].astype(np.float32)[:2]
                    weight = weights[number][:, None] * weights[place]
                    sums[:, :, col : col + WINDOW] += values * weight
                    total[:, col : col + WINDOW] += weight
                done = (starts[number + 1] if number + 1 < len(starts) else side) - row
                means = sums[:, :done] / total[:done]
                decided = (means[1] > means[0]).astype(np.uint8)
                written.write(decided[None], window=Rectangle(0, row, side, done))
                for buffer in (sums, total):
                    buffer[..., : WINDOW - done, :] = buffer[..., done:, :].copy()
                    buffer[..., WINDOW - done :, :] = 0


WAYS: dict[str, Callable[[Path, Path], None]] = {"engine": engine, "plain": plain}


def memory_kb(key: str) -> int:
    """Read what this process holds (VmRSS) or held at most (VmHWM), kB; getrusage would count its parent's too."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    raise KeyError(key)


def measure(way: str, path: Path, side: int) -> dict[str, float]:
    """Run one way in this process."""
    idle = memory_kb("VmRSS")
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm.tif"
        make_scene(warm, 1024)
        WAYS[way](warm, Path(folder) / "warm")
        warmed = memory_kb("VmHWM")
        start = time.perf_counter()
        WAYS[way](path, Path(folder) / "out")
        seconds = time.perf_counter() - start
    after = memory_kb("VmHWM")
    return {
        "seconds": round(seconds, 2),
        "mpx_per_s": round(side * side / seconds / 1e6, 2),
        "extra_mb": round((after - idle) / 1024),
        "above_small_scene_mb": round((after - warmed) / 1024),
    }


def unet() -> ModelConfig:
    """Describe a UNet with EfficientNet-B0, of random weights."""
    return ModelConfig(encoder="efficientnet_b0", weights="none", decoder="unet")


def measure_network(
    config: ModelConfig,
    rounds: int,
    *,
    side: int = UNET_SIDE,
    batch: int = 4,
    device: str = "cpu",
    precision: Precision = "float32",
    **more: Any,
) -> dict[str, Any]:
    """Set the engine against bare forward passes of the same windows, which lie on the device before the clock runs.

    Args:
        config: of the network: four bands in, two classes out.
        rounds: how often the engine runs, each time between two of the bare network, as it was built and with its norms
            fused as the engine's are.
        side, batch, device, precision: of the scene, and how all run.
        more: for `PredictOptions`.

    The bare network is given channels that are ready, in the order in memory that it likes best, and stops at logits.
    """
    spec = make_spec(config)
    model = build_model(spec.inputs, config, spec.bands, {}, 2, seed=0).to(device).eval()
    networks = {"bare": model.network, "bare_fused": fused(model).network}
    ensemble = Ensemble([model], model.quantities, precision=precision)
    options = PredictOptions(
        window_px=WINDOW,
        overlap_px=OVERLAP,
        batch=batch,
        device=device,
        precision=precision,
        overwrite=True,
        **more,
    )
    plan = make_plan((side, side), options, None, 32)
    inputs = [
        torch.rand(stop - start, 4, WINDOW, WINDOW, device=device).to(
            memory_format=torch.channels_last
        )
        for start, stop in plan.batches()
    ]
    lower = torch.autocast(device, torch.bfloat16, enabled=precision == "bf16")

    def bare(network: nn.Module) -> None:
        with lower:
            for z_bkhw in inputs:
                network(z_bkhw)

    def alone() -> dict[str, float]:
        return {
            name: seconds_of(partial(bare, network), device) for name, network in networks.items()
        }

    seconds, before_after = list[float](), list[dict[str, float]]()
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        path = Path(folder) / "a.tif"
        make_scene(path, side)
        engine = partial(predict_images, ensemble, spec, [path], Path(folder) / "out", options)
        engine()
        alone()
        before_after.append(alone())
        for _ in range(rounds):
            seconds.append(seconds_of(engine, device))
            before_after.append(alone())
    found: dict[str, Any] = {
        "windows": len(plan.windows),
        "mpx_per_s": _spread([side * side / 1e6 / one for one in seconds]),
    }
    for name in networks:
        beside = [(one[name] + other[name]) / 2 for one, other in pairwise(before_after)]
        ratios = [one / engine_s for one, engine_s in zip(beside, seconds, strict=True)]
        found |= {f"share_of_{name}": _spread(ratios), f"{name}_s": _spread(beside)}
    return found


def as_met(plain: dict[str, Any], kept: dict[str, Any]) -> dict[str, float]:
    """Set the engine as `landseer predict` runs it against bare forward passes in a script that does nothing else.

    Args:
        plain: what `measure_network` found with memory as in Python; its bare network is the script.
        kept: the same with freed memory kept; its engine is that of `landseer predict`.

    Returns:
        Share of the script's speed: the slowest engine against the fastest script, the middle ones, the other ends.
    """
    scene_mpx = UNET_SIDE**2 / 1e6
    return {
        name: round(kept["mpx_per_s"][name] * seconds / scene_mpx, 3)
        for name, seconds in plain["bare_s"].items()
    }


def seconds_of(function: Callable[[], Any], device: str = "cpu") -> float:
    """Return how long a call takes, until the device is done."""
    start = time.perf_counter()
    function()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _spread(values: list[float]) -> dict[str, float]:
    """Return least, middle and most."""
    ordered = [round(value, 3) for value in sorted(values)]
    return {
        "least": ordered[0],
        "middle": round(statistics.median(ordered), 3),
        "most": ordered[-1],
    }


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=int, nargs="+", default=[8192, 16384])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--unet-rounds", type=int, default=9)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--unet", action="store_true", help="the network alone")
    parser.add_argument(
        "--keep-memory", action="store_true", help="of the network alone, as `landseer` does"
    )
    options = parser.parse_args()
    if options.one:
        way, path, side = options.one
        print(json.dumps(measure(way, Path(path), int(side))))
        return
    if options.unet:
        if options.keep_memory:
            keep_freed_memory()
        print(json.dumps(measure_network(unet(), options.unet_rounds)))
        return
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for side in options.sides:
            path = Path(folder) / f"{side}.tif"
            make_scene(path, side)
            runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
            for _ in range(options.rounds):
                for way in WAYS:
                    command = [sys.executable, __file__, "--one", way, str(path), str(side)]
                    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                    runs[way].append(json.loads(done.stdout.splitlines()[-1]))
            pairs = zip(runs["engine"], runs["plain"], strict=True)
            found[str(side)] = {
                way: {key: _spread([one[key] for one in each]) for key in each[0]}
                for way, each in runs.items()
            } | {"share_of_plain": _spread([p["seconds"] / e["seconds"] for e, p in pairs])}
            print(side, json.dumps(found[str(side)]), flush=True)
            path.unlink()
    ways = {"memory as in Python": (), "memory kept": ("--keep-memory",)}
    for name, more in ways.items() if options.unet_rounds else ():
        command = [sys.executable, __file__, "--unet", "--unet-rounds", str(options.unet_rounds)]
        done = subprocess.run([*command, *more], check=True, stdout=subprocess.PIPE, text=True)
        found[f"unet_efficientnet_b0, {name}"] = json.loads(done.stdout.splitlines()[-1])
        print(name, json.dumps(found[f"unet_efficientnet_b0, {name}"]), flush=True)
    if options.unet_rounds:
        plain, kept = (found[f"unet_efficientnet_b0, {name}"] for name in ways)
        found["unet_efficientnet_b0, landseer predict against a script"] = as_met(plain, kept)
    if options.out:
        write_json(options.out, found)


if __name__ == "__main__":
    main()
