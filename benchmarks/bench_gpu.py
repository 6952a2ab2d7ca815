"""What the four recipes cost on a GPU as `landseer init` writes them, and what prediction makes of the GPU.

    python benchmarks/bench_gpu.py --out benchmarks/results/gpu.json [--tasks kelp landcover] [--skip-scenes]

Training: each recipe runs from samples to selection, on made data, with the networks, tiles, batches and precision
that it names, but two folds, two epochs of few steps, and random weights. `step_s` is a training step with everything
(preprocessing, augmentation, network, loss, optimiser), `wait_s` what it waits for its tiles besides, `gpu_mb` the most
memory its tensors held; all of the second epoch of each member, when cuDNN has chosen its algorithms.

Scenes: as in `bench_scene.py --unet`, on the GPU: the engine from file to file against bare forward passes of the same
windows, which lie on the GPU before the clock runs.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from bench_scene import _spread, measure_network, unet

from landseer.core.files import json_number, read_json, write_json, write_text
from landseer.core.memory import keep_freed_memory
from landseer.core.parallel import cpu_count
from landseer.models.config import ModelConfig
from landseer.recipe.template import fill_template

SCENE_SIDE = 8192
VERB = "from landseer.cli.main import run; run()"


@dataclass(frozen=True)
class Task:
    """One recipe: how many pictures are made for it, and its steps in an epoch."""

    train: int
    draws: int
    more: tuple[str, ...] = ()


TASKS = {
    "kelp": Task(160, 32 * 20),
    "landcover": Task(6, 16 * 20, ("train.freeze=[]",)),
    "geopose": Task(48, 8 * 10),
    "buildings": Task(6, 8 * 20, ("select.tta=[none, d4]",)),
}
SMALL = ("model.weights=none", "split.n_folds=2", "train.epochs=2", "train.early_stop=null")


def main() -> None:
    """Measure, print, and write after each part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="*", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--skip-scenes", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--side", type=int, default=SCENE_SIDE)
    parser.add_argument("--set", nargs="*", help="key=value laid over every recipe")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    keep_freed_memory()
    found: dict[str, Any] = {"machine": machine(options.device), "recipes": {}, "scenes": {}}
    for name in options.tasks:
        found["recipes"][name] = measure_recipe(name, options.set or [])
        keep(found, "recipes", name, options.out)
    for name, network, precision, batch in [] if options.skip_scenes else scenes():
        torch.manual_seed(0)
        found["scenes"][name] = measure_network(
            network,
            options.rounds,
            side=options.side,
            batch=batch,
            device=options.device,
            precision=precision,
            workers=min(8, cpu_count()),
        )
        keep(found, "scenes", name, options.out)


def keep(found: dict[str, Any], part: str, name: str, out: Path | None) -> None:
    """Show what was found, and write all so far."""
    print(name, json.dumps(found[part][name]), flush=True)
    if out:
        write_json(out, found)


def machine(device: str) -> dict[str, Any]:
    """Say what was measured on."""
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor()
    return {
        "device": name,
        "n_processors": cpu_count(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def measure_recipe(name: str, more: list[str]) -> dict[str, Any]:
    """Make data, run the recipe on them, and read what its members wrote."""
    task = TASKS[name]
    with tempfile.TemporaryDirectory() as folder:
        root, recipe = Path(folder) / "data", Path(folder) / "recipe.yaml"
        landseer("synth", name, str(root), "--train", str(task.train), "--seed", "7")
        write_text(recipe, fill_template(name, name=name, root=root))
        started = time.perf_counter()
        draws = f"train.samples_per_epoch={task.draws}"
        run = Path(folder) / "run"
        landseer("select", str(recipe), *SMALL, draws, *task.more, *more, "--out", str(run))
        seconds = time.perf_counter() - started
        rows = [_last_row(path) for path in sorted(run.glob("folds/*/metrics.csv"))]
        steps = [float(row["train/step_s"]) for row in rows]
        waits = [float(row["train/wait_s"]) for row in rows]
        return {
            "run_s": round(seconds, 1),
            "step_s": _spread(steps),
            "wait_s": _spread(waits),
            "wait_share": _spread([w / s for w, s in zip(waits, steps, strict=True)]),
            "gpu_mb": json_number(max(float(row.get("train/gpu_mb", "nan")) for row in rows)),
            "stages_s": read_json(run / "run.json")["stages"],
        }


def _last_row(path: Path) -> dict[str, str]:
    """Return the figures of a member's last epoch."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))[-1]


def landseer(*words: str) -> None:
    """Run a verb in a process of its own."""
    subprocess.run([sys.executable, "-c", VERB, *words], check=True, stdout=subprocess.DEVNULL)


def scenes() -> list[tuple[str, ModelConfig, Any, int]]:
    """Return what predicts scenes: name, network, precision, batch."""
    swin = ModelConfig(encoder="swin_v2_b", weights="none", decoder="fpn", decoder_channels=(256,))
    return [
        ("unet_efficientnet_b0, float32, batch 4", unet(), "float32", 4),
        ("unet_efficientnet_b0, bf16, batch 4", unet(), "bf16", 4),
        ("unet_efficientnet_b0, bf16, batch 16", unet(), "bf16", 16),
        ("fpn_swin_v2_b, bf16, batch 8", swin, "bf16", 8),
    ]


if __name__ == "__main__":
    main()
