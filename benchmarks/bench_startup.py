"""How long the command line takes to answer: `--help`, and the import of the package alone.

python benchmarks/bench_startup.py --out benchmarks/results/startup.json
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from landseer.core.files import write_json

COMMANDS = {
    "bare Python": [sys.executable, "-c", "pass"],
    "import landseer": [sys.executable, "-c", "import landseer"],
    "landseer --help": [sys.executable, "-m", "landseer.cli", "--help"],
}


def main() -> None:
    """Time each command in turn, several rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(arguments.rounds + 1):
        for name, command in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - started)
    result = {
        name: {"min": min(s), "median": statistics.median(s), "max": max(s)}
        for name, s in ((name, values[1:]) for name, values in seconds.items())
    }
    for name, row in result.items():
        print(f"{name:<18} {row['median']:.3f} s ({row['min']:.3f} to {row['max']:.3f})")
    if arguments.out:
        write_json(arguments.out, result)


if __name__ == "__main__":
    main()
