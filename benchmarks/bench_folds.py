"""How even folds of whole groups are, against scikit-learn's StratifiedGroupKFold on the same groups and strata.

    python benchmarks/bench_folds.py [--seeds 10] [--out FILE.json]

For each random group structure and seed both deal the groups into folds. What counts is the worst deviation: over all
folds and strata (all samples, each flag, all flags together), how far the count is from its fair share, as a part of
that share. Joint strata of fewer than ten samples per fold are left out: nobody can balance them. scikit-learn gets
the joint stratum, which is what it can take.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from landseer.core.files import write_json
from landseer.samples.table import make_samples
from landseer.splits import StratifiedGroupKFoldConfig, split

FLAGS = ("has_kelp", "qa_ok", "water")
STRUCTURES: dict[str, dict[str, float]] = {
    "300 small groups": {"groups": 300, "shape": 0.4, "most": 30, "folds": 10},
    "300 groups, some large": {"groups": 300, "shape": 0.15, "most": 60, "folds": 10},
    "60 groups of any size": {"groups": 60, "shape": 0.1, "most": 80, "folds": 5},
    "1500 small groups": {"groups": 1500, "shape": 0.5, "most": 20, "folds": 10},
}
LEAST_PER_FOLD = 10


def make(seed: int, shape: dict[str, float]) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Draw groups, and flags that depend on the group."""
    rng = np.random.default_rng(seed)
    n = int(shape["groups"])
    sizes = np.minimum(rng.geometric(shape["shape"], n), int(shape["most"]))
    groups = np.repeat([f"g{number:04d}" for number in range(n)], sizes)
    chance = np.repeat(rng.random((n, len(FLAGS))), sizes, axis=0)
    return groups, rng.random(chance.shape) < chance * (1.0, 0.5, 0.2)


def ours(groups: NDArray[np.str_], flags: NDArray[np.bool_], n_folds: int, seed: int) -> Any:
    """Deal with landseer."""
    records = [
        {"sample": f"{n:06d}", "side": "train", "image": "i", "height": 1, "width": 1, "group": group}
        for n, group in enumerate(groups)
    ]  # fmt: skip
    frame = make_samples(records).assign(**dict(zip(FLAGS, flags.T, strict=True)))
    config = StratifiedGroupKFoldConfig(n_folds=n_folds, strata=FLAGS)
    return split(frame, config, seed)["fold"].to_numpy()


def theirs(groups: NDArray[np.str_], joint: NDArray[np.intp], n_folds: int, seed: int) -> Any:
    """Deal with scikit-learn."""
    folds = np.empty(len(groups), int)
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(groups, joint, groups)):
        folds[held_out] = number
    return folds


def worst(folds: NDArray[np.intp], strata: list[NDArray[np.bool_]], n_folds: int) -> float:
    """Return the worst deviation over folds and strata, as a share of the fair count."""
    found = []
    for inside in strata:
        fair = inside.sum() / n_folds
        if fair >= LEAST_PER_FOLD:
            counts = np.bincount(folds[inside], minlength=n_folds)
            found.append(np.abs(counts - fair).max() / fair)
    return float(max(found))


def compare(shape: dict[str, float], n_seeds: int) -> dict[str, Any]:
    """Deal each draw both ways."""
    rows: dict[str, list[float]] = {"ours": [], "sklearn": [], "ours_s": [], "sklearn_s": []}
    n_folds = int(shape["folds"])
    for seed in range(n_seeds):
        groups, flags = make(seed, shape)
        joint = flags @ (1 << np.arange(len(FLAGS)))
        strata = [np.ones(len(groups), bool), *flags.T, *~flags.T]
        strata += [joint == key for key in np.unique(joint)]
        dealt = {
            "ours": lambda g=groups, f=flags, s=seed: ours(g, f, n_folds, s),
            "sklearn": lambda g=groups, j=joint, s=seed: theirs(g, j, n_folds, s),
        }
        for name, deal in dealt.items():
            start = time.perf_counter()
            folds = deal()
            rows[f"{name}_s"].append(time.perf_counter() - start)
            rows[name].append(worst(folds, strata, n_folds))
    ratio = [a / b for a, b in zip(rows["ours"], rows["sklearn"], strict=True)]
    figures = {**rows, "ratio": ratio}
    return {
        name: {"min": min(v), "median": statistics.median(v), "max": max(v)}
        for name, v in figures.items()
    } | {"seeds": n_seeds, "better_or_equal": sum(r <= 1 for r in ratio)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", "The least populated class")
    found = {}
    for name, shape in STRUCTURES.items():
        row = found[name] = compare(shape, options.seeds)
        mine, other = row["ours"], row["sklearn"]
        print(
            f"{name:24s} worst deviation {mine['median']:.1%} ({mine['min']:.1%} to {mine['max']:.1%}); scikit-learn "
            f"{other['median']:.1%} ({other['min']:.1%} to {other['max']:.1%}); as even or more in "
            f"{row['better_or_equal']} of {row['seeds']}; {row['ours_s']['median']:.2f} s against "
            f"{row['sklearn_s']['median']:.2f} s"
        )
    if options.out:
        write_json(options.out, found)


if __name__ == "__main__":
    main()
