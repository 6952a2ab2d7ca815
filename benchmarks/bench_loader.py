"""Does the loader starve the training step? Seconds that a step waits for its batch, against the step itself.

    python benchmarks/bench_loader.py --out benchmarks/results/loader.json

Bytes to move: a batch of 8 tiles of 350 x 350 px and 7 int16 bands is 13.7 MB on disk before compression.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import write_json
from landseer.core.memory import keep_freed_memory
from landseer.feed.loader import Loader
from landseer.feed.source import Item, Source
from landseer.models.config import ModelConfig
from landseer.models.device import has_fast_bf16
from landseer.models.network import build_network
from landseer.models.outputs import make_outputs
from landseer.models.targets import ONLY_MASK
from landseer.raster.write import write_raster

BANDS = tuple(Band(f"b{number}", number) for number in range(1, 8))


def main() -> None:
    """Train on made tiles, once reading every time and once from memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=32)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        items = _make(Path(folder), arguments.tiles)
        result = {
            name: _measure(Source(items, BANDS, ClassTable(("a", "b"), (0, 1)), cache_gb))
            for name, cache_gb in (("reading every time", 0.0), ("from memory", 4.0))
        }
    for name, row in result.items():
        print(
            f"{name:<20} step {row['step_s']:.3f} s, waited {row['wait_s']:.4f} s "
            f"({row['share']:.1%}; worst {row['worst']:.1%})"
        )
    if arguments.out:
        write_json(arguments.out, result)


def _make(folder: Path, n_tiles: int) -> list[Item]:
    """Write tiles whose entropy is like that of real ones."""
    rng = np.random.default_rng(0)
    items = []
    for number in range(n_tiles):
        smooth = ndimage.gaussian_filter(rng.normal(size=(350, 350)), 12) * 20000
        image = smooth + rng.normal(9000, 40, (7, 350, 350))
        write_raster(folder / f"{number}.tif", image.astype(np.int16))
        write_raster(folder / f"{number}_l.tif", (smooth > 500).astype(np.uint8))
        items.append(Item(str(number), folder / f"{number}.tif", folder / f"{number}_l.tif"))
    return items


def _measure(source: Source) -> dict[str, float]:
    """Return the time of a step, and how long it waits for its batch, over three epochs."""
    config = ModelConfig(encoder="efficientnet_b0", weights="none")
    network = build_network(
        config, {band.name: () for band in BANDS}, make_outputs(ONLY_MASK, 2, config), seed=0
    )
    network = network.to(memory_format=torch.channels_last).train()
    steps, waits = [], []
    for _ in range(3):
        batches = iter(Loader(source, range(len(source)), batch_size=8))
        while True:
            started = time.perf_counter()
            batch = next(batches, None)
            if batch is None:
                break
            waits.append(time.perf_counter() - started)
            started = time.perf_counter()
            _step(
                network,
                batch["image"][..., :320, :320] / 1e4,
                batch["targets"]["mask"][..., :320, :320],
            )
            steps.append(time.perf_counter() - started)
    step, wait = statistics.median(steps[4:]), statistics.median(waits[4:])
    shares = [w / s for w, s in zip(waits[4:], steps[4:], strict=True)]
    return {"step_s": step, "wait_s": wait, "share": wait / step, "worst": max(shares)}


def _step(network: torch.nn.Module, image: torch.Tensor, label: torch.Tensor) -> None:
    """Run one training step."""
    with torch.autocast("cpu", torch.bfloat16, enabled=has_fast_bf16(torch.device("cpu"))):
        logits = network(image.contiguous(memory_format=torch.channels_last))["mask"]
    torch.nn.functional.cross_entropy(logits.float(), label.long()).backward()
    network.zero_grad(set_to_none=True)


if __name__ == "__main__":
    main()
