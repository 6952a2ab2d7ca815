"""What preprocessing costs beside a training step: 7 bands and 17 indices, U-Net on EfficientNet-B0, 352 px, CPU.

Preprocessing and training step alternate, so that other load on the machine meets both alike. Run it with
`python benchmarks/bench_preprocess.py [--batch 8] [--repeats 9] [--threads 1] [--out figures.json]`.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from landseer.core.bands import Band
from landseer.models import ModelConfig, PreprocessConfig
from landseer.models.model import Model, build_model
from landseer.models.preprocess import build_preprocess

LIMIT = 0.10
SIZE_PX = 352
INDICES = "DEMWM NDVI ATSAVI AVI CI ClGreen GBNDVI GVMI IPVI KIVU MCARI MVI NormNIR PNDVI SABI WDRVI mCRIG"
NORMALISE = ("quantile", "zscore", "minmax", "sample_minmax", "sample_quantile")
BANDS = (
    Band("swir", 1, ("S1", "S2"), nodata=-32768),
    Band("nir", 2, ("N",), nodata=-32768),
    Band("red", 3, ("R",), nodata=-32768),
    Band("green", 4, ("G",), nodata=-32768),
    Band("blue", 5, ("B",), nodata=-32768),
    Band("qa", 6, ("QA",), kind="quality"),
    Band("dem", 7, ("DEM",), kind="elevation", nodata=-32768),
)


def inputs(kind: str) -> PreprocessConfig:
    """Return the 24 channels of the best kelp models, normalised in one of the ways."""
    indices = tuple(f"kelp:{name}" for name in INDICES.split())
    return PreprocessConfig(
        bands=("red", "green", "blue", "swir", "nir", "qa", "dem"),
        indices=indices,
        valid="qa == 0",
        keep_index_where="qa == 0 and dem <= 0",
        normalise={"kind": kind},
        fixed_range={"qa": (0, 1), indices[0]: (0, 1)},
    )


def statistics(config: PreprocessConfig) -> dict:
    """Make up figures for every channel; their values do not change the cost."""
    figures = {"count": 1, "min": -1e5, "max": 1e5, "mean": 10.0, "std": 300.0}
    quantiles = {"0.01": -1e3, "0.99": 1e4}
    return {
        "channels": {
            n: {**figures, "quantiles": quantiles} for n in (*config.bands, *config.indices)
        }
    }


def raw_batch(batch: int) -> torch.Tensor:
    """Make raw digital numbers with nodata, flags and land."""
    rng = np.random.default_rng(0)
    x = rng.integers(7000, 12000, (batch, 7, SIZE_PX, SIZE_PX)).astype(np.float32)
    x[rng.random(x.shape) < 0.02] = -32768
    x[:, 5] = rng.random(x[:, 5].shape) < 0.1
    x[:, 6] = rng.integers(-50, 50, x[:, 6].shape)
    return torch.from_numpy(x)


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def training_step(
    model: Model, optimiser: torch.optim.Optimizer, z: torch.Tensor, y: torch.Tensor
) -> None:
    """Do one step from preprocessed channels."""
    optimiser.zero_grad(set_to_none=True)
    torch.nn.functional.cross_entropy(model.forward_channels(z)["mask"], y).backward()
    optimiser.step()


def measure(batch: int, repeats: int) -> dict[str, list[float]]:
    """Time every kind of normalisation and the training step, turn by turn."""
    config = inputs("quantile")
    network = ModelConfig(encoder="efficientnet_b0", weights="none")
    bands_order = [next(b.index for b in BANDS if b.name == name) - 1 for name in config.bands]
    x = raw_batch(batch)[:, bands_order]
    y = torch.randint(0, 2, (batch, SIZE_PX, SIZE_PX))
    model = build_model(config, network, BANDS, statistics(config), 2, seed=0).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    layers = {kind: build_preprocess(inputs(kind), BANDS, statistics(config)) for kind in NORMALISE}
    z = layers["quantile"](x)
    actions: dict[str, Callable[[], object]] = {
        kind: (lambda layer=layer: layer(x)) for kind, layer in layers.items()
    }
    actions["training step"] = lambda: training_step(model, optimiser, z, y)
    for action in actions.values():
        action()
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            seconds[name].append(timed(action))
    return seconds


def summary(values: list[float]) -> dict[str, float]:
    """Return median and spread."""
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return {"p10": float(low), "median": float(middle), "p90": float(high)}


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    seconds = measure(options.batch, options.repeats)
    step = np.array(seconds["training step"])
    figures = {
        name: {"seconds": summary(values), "share_of_step": summary(list(np.array(values) / step))}
        for name, values in seconds.items()
    }
    print(
        f"batch {options.batch} x 7 x {SIZE_PX} x {SIZE_PX} -> 24 channels, {options.threads} thread(s)"
    )
    for name, figure in figures.items():
        s, r = figure["seconds"], figure["share_of_step"]
        print(
            f"{name:16} {1e3 * s['median']:8.1f} ms ({1e3 * s['p10']:.1f} to {1e3 * s['p90']:.1f})"
            f"   {100 * r['median']:6.2f} % of a step ({100 * r['p10']:.2f} to {100 * r['p90']:.2f})"
        )
    passed = figures["quantile"]["share_of_step"]["median"] < LIMIT
    print(f"quantile below {100 * LIMIT:.0f} % of a training step: {'yes' if passed else 'NO'}")
    if options.out:
        machine = {"processor": platform.processor(), "torch": torch.__version__}
        report = {
            "settings": {"batch": options.batch, "threads": options.threads},
            "machine": machine,
        }
        options.out.write_text(
            json.dumps({**report, "figures": figures, "passed": passed}, indent=1)
        )


if __name__ == "__main__":
    main()
