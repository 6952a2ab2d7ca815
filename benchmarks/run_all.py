"""Run every benchmark and write its figures under `benchmarks/results/`.

python benchmarks/run_all.py            all but the ladder (minutes)
python benchmarks/run_all.py --ladder   the ladder too (about half an hour on two processors)
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

from landseer.core.files import write_json
from landseer.core.parallel import cpu_count

HERE = Path(__file__).parent
BENCHMARKS = (
    "startup", "statistics", "preprocess", "augment", "loader", "folds", "scene", "seams", "vectorise", "tune",
    "trees", "select_memory",
)  # fmt: skip


def main() -> None:
    """Run them one after another; never two at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ladder", action="store_true")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    machine = {
        "python": platform.python_version(),
        "processor": platform.processor() or platform.machine(),
        "n_processors": cpu_count(),
        "load_before": os.getloadavg()[0],
    }
    write_json(arguments.results / "machine.json", machine)
    for name in BENCHMARKS:
        print(f"\n== {name}", flush=True)
        out = arguments.results / f"{name}.json"
        subprocess.run([sys.executable, HERE / f"bench_{name}.py", "--out", out], check=True)
    if arguments.ladder:
        out = arguments.results / "ladder.json"
        subprocess.run([sys.executable, HERE / "ladder.py", "--out", out], check=True)


if __name__ == "__main__":
    main()
