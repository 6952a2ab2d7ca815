"""What eight views cost: time and memory of an ensemble's prediction against one forward pass.

    python benchmarks/bench_tta.py --out benchmarks/results/tta.json

A U-Net with EfficientNet-B0 predicts heights, a direction and a flow scale. To move: the channels once per view, read
and written (8 x 2 x b c h w x 4 bytes), and the outputs twice. To compute: eight forward passes. So eight views should
cost eight passes and little more, and the memory of one, for sums are kept and not the views.

Times are processor seconds of one thread, the views turn by turn with the single pass; memory is the peak of a process
that does only that.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

from landseer.core.files import write_json
from landseer.core.memory import keep_freed_memory
from landseer.models.config import ModelConfig
from landseer.models.network import build_network
from landseer.models.outputs import make_outputs
from landseer.models.targets import TargetSpec
from landseer.predict import Ensemble, Voting

TARGETS = {
    "agl": TargetSpec(quantity="height"),
    "direction": TargetSpec(quantity="direction"),
    "scale": TargetSpec(quantity="flow_scale"),
}
SETS = ("none", "d2", "d4", "d4@0.8,1,1.25")
SHAPE = (4, 3, 256, 256)


def main() -> None:
    """Measure time here and memory in processes of their own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--memory-of", help="internal: print the peak memory of one set")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    if options.memory_of is not None:
        print(json.dumps(_peak_mb(options.memory_of)))
        return
    figures = _times(options.rounds)
    for name in SETS:
        command = [sys.executable, __file__, "--memory-of", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        figures[name]["peak_mb"] = json.loads(done.stdout)
    for name, row in figures.items():
        print(f"{name:16} {row}")
    if options.out is not None:
        write_json(options.out, figures)


def _ensemble(views: str) -> Ensemble:
    """Build the network under a set of views."""
    config = ModelConfig(encoder="efficientnet_b0", weights="none")
    outputs = make_outputs(TARGETS, 0, config)
    channels = {name: () for name in ("red", "green", "blue")}
    network = build_network(config, channels, outputs, seed=0).eval()
    quantities = {name: output.quantity for name, output in outputs.items()}
    return Ensemble([network], quantities, Voting(tta=views))


def _times(rounds: int) -> dict[str, dict[str, float]]:
    """Time each set of views in turn with one bare forward pass."""
    x_bchw = torch.rand(SHAPE, generator=torch.Generator().manual_seed(0))
    ensembles = {name: _ensemble(name) for name in SETS}
    bare = ensembles["none"].members[0]
    ratios: dict[str, list[float]] = {name: [] for name in SETS}
    for number in range(rounds + 1):
        for name, ensemble in ensembles.items():
            with torch.inference_mode():
                one = _seconds(lambda: bare(x_bchw))
            many = _seconds(lambda ensemble=ensemble: ensemble(x_bchw))
            if number:
                ratios[name].append(many / one)
    return {
        name: {"least": min(r), "median": statistics.median(r), "most": max(r)}
        for name, r in ratios.items()
    }


def _seconds(work: object) -> float:
    """Return the processor seconds of something."""
    started = time.process_time()
    work()  # type: ignore[operator]
    return time.process_time() - started


def _peak_mb(views: str) -> float:
    """Return the peak memory of a process that predicts under a set of views."""
    ensemble = _ensemble(views)
    for _ in range(3):
        ensemble(torch.rand(SHAPE))
    # not ru_maxrss, which a process inherits from the one that started it
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
