"""What augmentation and preprocessing cost beside a training step.

UNet with EfficientNet-B0, 7 bands and 17 spectral indices, patches of 352 px, batches of 4: the time of
augmentation (geometric on the raw bands, photometric on all channels), of preprocessing, and of one training step
(forward, backward, optimiser) are measured in turn, so that a busy machine troubles all alike. Goal: augmentation
and preprocessing together take less than a tenth of the training step.

Then the same augmentation of 16 samples of 24 bands, a height and a mask by landseer, kornia and torchvision, beside
one bare `grid_sample` of the same tensors (`augment_peers.py`). Goal: at most 1.2 times the bare call, and less than
the others.

    python benchmarks/bench_augment.py [--rounds 7] [--threads 1] [--device cpu] [--clock cpu] [--keep-memory]
        [--only peers] [--out FILE.json]

On a CPU the clock is the processor time of this process, which others on the machine trouble least; `--clock wall`
and accelerators take the time on the wall.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from augment_peers import build_peers, is_same_map, versions
from torch import Tensor

from landseer.augment import AugmentConfig
from landseer.augment.light import photometric
from landseer.augment.warp import geometric
from landseer.core.bands import Band
from landseer.core.memory import keep_freed_memory
from landseer.losses.build import build_loss
from landseer.losses.config import CrossEntropyDice
from landseer.models import ModelConfig, PreprocessConfig
from landseer.models.inputs import plan_inputs
from landseer.models.network import build_network
from landseer.models.outputs import make_outputs
from landseer.models.preprocess import build_preprocess
from landseer.models.targets import ONLY_MASK
from landseer.quantities import ClassMask

SIDE_PX, BATCH, GOAL, PEER_GOAL = 352, 4, 0.10, 1.2
BANDS = (
    Band("swir", 1, ("S1", "S2"), nodata=-32768),
    Band("nir", 2, ("N",), nodata=-32768),
    Band("red", 3, ("R",), nodata=-32768),
    Band("green", 4, ("G",), nodata=-32768),
    Band("blue", 5, ("B",), nodata=-32768),
    Band("qa", 6, ("QA",), kind="quality"),
    Band("dem", 7, ("DEM",), kind="elevation", nodata=-32768),
)
INDICES = tuple(
    f"kelp:{name}"
    for name in (
        "DEMWM NDVI ATSAVI AVI CI ClGreen GBNDVI GVMI IPVI KIVU MCARI MVI NormNIR PNDVI SABI WDRVI mCRIG"
    ).split()
)
D4_ONLY = AugmentConfig()
USUAL = AugmentConfig(
    rotate_deg=180,
    zoom=(0.8, 1.25),
    shift=0.1,
    brightness=0.1,
    gain=0.05,
    bias=0.02,
    noise_std=0.02,
)
EVERYTHING = AugmentConfig(
    **{
        **USUAL.model_dump(),
        **{name: 1.0 for name in AugmentConfig.model_fields if name.endswith("_probability")},
        "blocks": 4,
        "channel_dropout": 0.1,
    }
)


def main() -> None:
    """Measure, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="measured rounds")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    parser.add_argument("--device", default="cpu", help="torch device")
    parser.add_argument("--clock", choices=("cpu", "wall"), default="cpu", help="time measured")
    parser.add_argument(
        "--keep-memory", action="store_true", help="let glibc keep freed memory (Linux)"
    )
    parser.add_argument("--only", choices=("step", "peers"), help="one of the two comparisons")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.keep_memory:
        keep_freed_memory()
    device = torch.device(options.device)
    use_cpu = options.clock == "cpu" and device.type == "cpu"
    clock = time.process_time if use_cpu else time.perf_counter
    load = [os.getloadavg()[0]]
    figures = {} if options.only == "peers" else measure(options.rounds, device, clock)
    if options.only != "step" and device.type == "cpu":
        figures["resampling"] = measure_peers(options.rounds, clock)
    load.append(os.getloadavg()[0])
    figures["settings"] = {
        "load average": load, "versions": versions(),
        "clock": clock.__name__,
        "keep_memory": options.keep_memory,
        "threads": options.threads, "device": options.device, "torch": torch.__version__,
        "side_px": SIDE_PX, "batch": BATCH, "channels": len(BANDS) + len(INDICES),
    }  # fmt: skip
    show(figures)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def measure(rounds: int, device: torch.device, clock: Callable[[], float]) -> dict[str, Any]:
    """Time each part in every round, after one round that does not count."""
    parts = build_parts(device)
    times: dict[str, list[float]] = {name: [] for name in parts}
    for round_number in range(rounds + 1):
        for name, part in parts.items():
            seconds = timed(part, round_number, device, clock)
            if round_number:
                times[name].append(seconds)
    figures: dict[str, Any] = {"ms": {name: spread(values, 1e3) for name, values in times.items()}}
    step = times["training step"]
    for name in ("D4 only", "usual", "everything"):
        pairs = zip(times[f"augment, {name}"], times["preprocess"], step, strict=True)
        figures.setdefault("share of the training step", {})[f"augment, {name}, and preprocess"] = (
            spread([(augment + preprocess) / whole for augment, preprocess, whole in pairs], 1.0)
        )
        alone = zip(times[f"augment, {name}"], step, strict=True)
        figures["share of the training step"][f"augment, {name}"] = spread(
            [augment / whole for augment, whole in alone], 1.0
        )
    return figures


def measure_peers(rounds: int, clock: Callable[[], float]) -> dict[str, Any]:
    """Time each way in every round, after one round that does not count; ratios are of the same round."""
    parts, absent = build_peers()
    times: dict[str, list[float]] = {name: [] for name in parts}
    for round_number in range(rounds + 1):
        for name, part in parts.items():
            seconds = timed(part, round_number, torch.device("cpu"), clock)
            if round_number:
                times[name].append(seconds)
    return {
        "ms": {name: spread(values, 1e3) for name, values in times.items()},
        "times a bare grid_sample": {
            name: spread([a / b for a, b in zip(values, times["grid_sample"], strict=True)], 1.0)
            for name, values in times.items()
        },
        "absent": absent,
        "largest difference from grid_sample": is_same_map(),
    }


def build_parts(device: torch.device) -> dict[str, Callable[[int], object]]:
    """Return what is timed; each part takes the number of the round, so that draws differ."""
    config = PreprocessConfig(
        bands=tuple(band.name for band in BANDS), indices=INDICES, keep_index_where="qa == 0"
    )
    x_bchw, target_bhw = (tensor.to(device) for tensor in patches())
    preprocess = build_preprocess(config, BANDS, made_statistics(config)).to(device)
    model = ModelConfig(encoder="efficientnet_b0", weights="none", decoder="unet")
    network = build_network(
        model, preprocess.channel_codes, make_outputs(ONLY_MASK, 2, model), seed=0
    ).to(device)
    loss = build_loss([CrossEntropyDice()], 2)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)
    z_bkhw = preprocess(x_bchw)
    z_last = z_bkhw.contiguous(memory_format=torch.channels_last)

    def augment(settings: AugmentConfig) -> Callable[[int], Tensor]:
        def run(epoch: int) -> Tensor:
            ids = range(BATCH)
            targets, quantities = {"label": target_bhw}, {"label": ClassMask(2)}
            geometric(
                x_bchw, targets, quantities, ids, settings, seed=0, epoch=epoch, nearest_channels=[5]
            )  # fmt: skip
            return photometric(z_bkhw, ids, settings, seed=0, epoch=epoch)

        return run

    def step(epoch: int) -> None:
        optimiser.zero_grad()
        loss(network(z_last)["mask"], target_bhw).backward()
        optimiser.step()

    return {
        "augment, D4 only": augment(D4_ONLY),
        "augment, usual": augment(USUAL),
        "augment, everything": augment(EVERYTHING),
        "preprocess": lambda epoch: preprocess(x_bchw),
        "training step": step,
    }


def patches() -> tuple[Tensor, Tensor]:
    """Make raw digital numbers with missing pixels, and labels."""
    generator = torch.Generator().manual_seed(0)
    shape = (BATCH, len(BANDS), SIDE_PX, SIDE_PX)
    x_bchw = torch.rand(shape, generator=generator) * 6000 + 6000
    x_bchw[:, 5] = (torch.rand(x_bchw[:, 5].shape, generator=generator) < 0.05).float()
    x_bchw[:, 6] = torch.rand(x_bchw[:, 6].shape, generator=generator) * 20 - 10
    x_bchw[:, :, :40, :60] = torch.nan
    target_bhw = torch.rand((BATCH, SIDE_PX, SIDE_PX), generator=generator) < 0.05
    return x_bchw, target_bhw.to(torch.uint8)


def made_statistics(config: PreprocessConfig) -> dict[str, Any]:
    """Make plausible statistics; their values do not change the time."""
    bands = {band.name: 12000.0 for band in BANDS}
    channels = {}
    for name in plan_inputs(config, BANDS).channels:
        high = bands.get(name, 1.0)
        channels[name] = {
            "count": 1, "min": 0.0, "max": high, "mean": high / 2, "std": high / 4,
            "quantiles": {"0.01": 0.0, "0.99": high},
        }  # fmt: skip
    return {"channels": channels, "samples": BATCH}


def timed(
    part: Callable[[int], object],
    round_number: int,
    device: torch.device,
    clock: Callable[[], float],
) -> float:
    """Run once and return the seconds until the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started = clock()
    part(round_number)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return clock() - started


def spread(values: list[float], factor: float) -> dict[str, float]:
    """Return median, smallest and largest."""
    scaled = [value * factor for value in values]
    return {"median": statistics.median(scaled), "min": min(scaled), "max": max(scaled)}


def show(figures: dict[str, Any]) -> None:
    """Print the figures as small tables."""
    for name, row in figures.get("ms", {}).items():
        print(f"{name:42s} {row['median']:9.1f} ms   ({row['min']:.1f} to {row['max']:.1f})")
    if "ms" in figures:
        print(f"goal: augmentation and preprocessing below {GOAL:.0%} of the training step")
    for name, row in figures.get("share of the training step", {}).items():
        print(f"{name:42s} {row['median']:9.1%}      ({row['min']:.1%} to {row['max']:.1%})")
    if "resampling" in figures:
        show_peers(figures["resampling"])


def show_peers(figures: dict[str, Any]) -> None:
    """Print the times of all ways beside a bare grid_sample."""
    print(f"goal: landseer at most {PEER_GOAL} times a bare grid_sample, and below the others")
    for name, row in figures["times a bare grid_sample"].items():
        middle = figures["ms"][name]["median"]
        times = f"{row['median']:6.2f} times ({row['min']:.2f} to {row['max']:.2f})"
        print(f"{name:44s} {middle:8.1f} ms {times}")
    for name, reason in figures["absent"].items():
        print(f"{name:44s} {reason}")


if __name__ == "__main__":
    main()
