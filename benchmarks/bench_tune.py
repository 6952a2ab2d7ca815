"""Thirty trials on two worker processes, killed in the midst and resumed: is a finished trial lost, or run twice?

    python benchmarks/bench_tune.py [--trials 30] [--out benchmarks/results/tune.json]

The study trains real, very small networks on made kelp, once with its file and once with a PostgreSQL server that the
benchmark starts itself (left out where it is not installed). The command is killed (SIGKILL) when a third of the
trials has ended, and again at two thirds; then it is run to its end.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from landseer.core.files import write_json
from landseer.synth import KelpSynthConfig, make_kelp

RECIPE = """\
name: study
data: {{adapter: kelp, root: data}}
split: {{kind: group_kfold, n_folds: 2}}
inputs: {{bands: [red, nir, swir], normalise: {{kind: zscore}}}}
model: {{encoder: test_resnet, weights: none, depth: 2, decoder_channels: [8, 8]}}
train: {{epochs: 1, batch_size: 4, precision: fp32, workers: 0, images: 0}}
select: {{tta: none, resamples: 10}}
tune:
  search:
    train.optimiser.lr: {{low: 1e-4, high: 3e-2, log: true}}
    loss: {{choices: [[{{kind: dice}}], [{{kind: ce}}]]}}
    inputs.indices: {{subset_of: [NDVI, NDWI, GNDVI], most: 2}}
  trials: {trials}
  workers: 2
  rescore_folds: []
  storage: {storage}
"""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/tune.json"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_kelp(folder / "data", KelpSynthConfig(train=12, test=1, places=8, size_px=64))
        found = {"file": measure(folder, "null", given.trials)}
        with server() as url:
            if url is not None:
                found["postgresql"] = measure(folder, url, given.trials)
    write_json(given.out, {"trials": given.trials, "workers": 2, **found})
    for name, figures in found.items():
        sys.stdout.write(f"{name}: {figures}\n")


def measure(folder: Path, storage: str, n_trials: int) -> dict[str, Any]:
    """Run a study to its end, killing it twice."""
    shutil.rmtree(folder / "runs", ignore_errors=True)
    (folder / "recipe.yaml").write_text(RECIPE.format(trials=n_trials, storage=storage))
    lost, changed = 0, 0
    before: dict[str, dict[str, str]] = {}
    killed_at: list[int] = []
    started = time.perf_counter()
    for share in (1 / 3, 2 / 3, 1.0):
        master = begin(folder)
        while master.poll() is None and ended(folder) < share * n_trials:
            time.sleep(0.05)
        if share < 1:
            master.send_signal(signal.SIGKILL)
        if master.wait() != 0 and share == 1:
            raise SystemExit((folder / "log.txt").read_text()[-2000:])
        rows = table(folder)
        now = {row["trial"]: row for row in rows}
        lost += sum(number not in now for number in before)
        changed += sum(now.get(number, row) != row for number, row in before.items())
        before = {row["trial"]: row for row in rows if row["state"] in ("done", "pruned")}
        killed_at += [len(before)] if share < 1 else []
    seconds = time.perf_counter() - started
    states = [row["state"] for row in rows]
    again = [row["again_of"] for row in rows if row["again_of"]]
    return {
        "ended": sum(state in ("done", "pruned", "failed") for state in states),
        "states": {state: states.count(state) for state in sorted(set(states))},
        "killed_after": killed_at,
        "finished_trials_lost": lost,
        "finished_trials_changed": changed,
        "stopped_trials_tried_again_once": sorted(again)
        == sorted(row["trial"] for row in rows if row["state"] == "stopped"),
        "seconds": round(seconds, 1),
    }


def begin(folder: Path) -> subprocess.Popen[bytes]:
    """Start the command."""
    command = [sys.executable, "-m", "landseer.cli", "tune", "recipe.yaml"]
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def table(folder: Path) -> list[dict[str, str]]:
    """Read the table of trials."""
    path = folder / "runs/study/tune/trials.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def ended(folder: Path) -> int:
    """Count the trials that ended."""
    return sum(row["state"] in ("done", "pruned", "failed") for row in table(folder))


@contextmanager
def server() -> Iterator[str | None]:
    """Start a PostgreSQL server of our own; None where its programs are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder, programs = Path(tempfile.mkdtemp(prefix="landseer-pg-", dir="/tmp")), found[-1].parent
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []

    def call(*command: str) -> None:
        subprocess.run([*user, *command], check=True, capture_output=True, cwd="/")

    data, options = f"{folder}/data", f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    try:
        call(f"{programs}/initdb", "-D", data, "-U", "tuner", "-A", "trust")
        call(f"{programs}/pg_ctl", "-D", data, "-l", f"{folder}/log", "-o", options, "-w", "start")
        yield f"postgresql://tuner@127.0.0.1:{port}/postgres"
        call(f"{programs}/pg_ctl", "-D", data, "-m", "fast", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
