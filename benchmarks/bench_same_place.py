"""How well and how fast the same place is found twice, on made-up kelp tiles whose places are known.

    python benchmarks/bench_same_place.py [--samples 2000] [--work FOLDER] [--methods default nir ...] [--out FILE.json]
        [--encoder NAME --weights FILE]

A pair counts as the same place when the truth shows both tiles in one place and their windows share at least
`same_place.min_overlap` of a tile. Precision and recall are of the pairs listed in `audit/pairs.csv`; `grouped` is the
share of the true pairs that end in one group, which is what keeps a split from leaking. All figures come with and
without the open sea, whose tiles hold nothing that stays from date to date. 15 % of the tiles have heavy clouds;
`clear` pairs have at most 60 % of cloud on either tile.

Methods: `default` (elevation and near infrared, flagged pixels left out); `dem`; `nir`; `embedding` (the published kelp
mapping's way, with a random network where its pretrained one is not at hand); `picture` (its merging on the
elevation pictures themselves, 32 x 32, by several thresholds); `network` (its merging on the network's class scores and
on its pooled features, by several thresholds). Each runs in a process of its own with one thread.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning

from landseer.adapters.kelp import KelpConfig, bands
from landseer.audit.components import connected_components
from landseer.audit.embedding import explode, find_alike, merge_greedily, picture
from landseer.audit.same_place import same_place
from landseer.audit.settings import EmbeddingConfig, SamePlaceConfig
from landseer.core.files import write_json
from landseer.errors import WeightsError
from landseer.feed.embed import make_embed
from landseer.raster.read import read_bands
from landseer.samples.table import make_samples
from landseer.synth.kelp import make_kelp
from landseer.synth.settings import FlawShares, KelpSynthConfig

SEED = 11
METHODS = ("default", "dem", "nir", "picture", "embedding", "network")
DEM = "where(isnan(dem), 0, dem)"
OVERLAPS = (0.05, 0.4, 0.6, 0.8, 1.01)
CLOUDS = (0.0, 0.01, 0.1, 0.3, 0.6, 1.01)
THRESHOLDS = (0.9, 0.95, 0.97, 0.99)
NETWORK_THRESHOLDS = (0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97)

Pair = tuple[str, str]


def make_set(folder: Path, samples: int) -> pd.DataFrame:
    """Make the tiles, or take those that are there, and return their truth."""
    config = KelpSynthConfig(
        places=round(0.3 * samples),
        train=round(0.8 * samples),
        test=samples - round(0.8 * samples),
        seed=SEED,
        flaws=FlawShares(heavy_cloud=0.15),
    )
    make_kelp(folder, config, workers=1)
    return pd.read_csv(folder / "truth" / "truth.csv")


def true_pairs(truth: pd.DataFrame, size_px: int = 350) -> pd.DataFrame:
    """Return the pairs that share ground: names, overlap, the larger cloud share, whether they show the open sea."""
    least = SamePlaceConfig().min_overlap
    rows = []
    for _, group in truth.groupby("place"):
        for one, two in combinations(group.sort_values("tile_id").itertuples(), 2):
            sides = [
                max(0, size_px - abs(a - b)) for a, b in ((one.row, two.row), (one.col, two.col))
            ]
            overlap = sides[0] * sides[1] / size_px**2
            if overlap >= least:
                cloud = max(one.cloud_share, two.cloud_share)
                rows.append((one.tile_id, two.tile_id, overlap, cloud, one.kind == "sea"))
    return pd.DataFrame(rows, columns=["a", "b", "overlap", "cloud", "sea"])


def judge(wanted: pd.DataFrame, found: Iterable[Pair], groups: dict[str, str]) -> dict[str, Any]:
    """Return precision and recall of the pairs, and how many true pairs end in one group."""
    listed = {(min(pair), max(pair)) for pair in found}
    right = pd.Series([pair in listed for pair in zip(wanted["a"], wanted["b"], strict=True)])
    together = wanted["a"].map(groups) == wanted["b"].map(groups)
    sizes = Counter(groups.values())
    within = sum(size * (size - 1) // 2 for size in sizes.values())
    land, clear = ~wanted["sea"], wanted["cloud"] <= 0.6

    def share(values: pd.Series, where: pd.Series) -> float | None:
        return round(float(values[where].mean()), 4) if where.any() else None

    def by(column: str, edges: tuple[float, ...]) -> dict[str, Any]:
        parts = {
            f"{low:g}..{min(high, 1):g}": land & (wanted[column] >= low) & (wanted[column] < high)
            for low, high in pairwise(edges)
        }
        return {
            name: {"pairs": int(where.sum()), "recall": share(right, where)}
            for name, where in parts.items()
        }

    every = pd.Series(True, index=wanted.index)
    cases = {
        "all": every,
        "all_clear": clear,
        "without_sea": land,
        "without_sea_clear": land & clear,
    }
    return {
        "pairs_wanted": len(wanted),
        "pairs_listed": len(listed),
        "precision": round(int(right.sum()) / max(len(listed), 1), 4),
        "recall": {name: share(right, where) for name, where in cases.items()},
        "grouped": {name: share(together, where) for name, where in cases.items()},
        "grouped_precision": round(int(together.sum()) / max(within, 1), 4),
        "largest_group": max(sizes.values()),
        "recall_by_overlap_without_sea": by("overlap", OVERLAPS),
        "recall_by_cloud_without_sea": by("cloud", CLOUDS),
    }


def image_paths(folder: Path, truth: pd.DataFrame) -> list[Path]:
    """Return the path of each tile."""
    return [
        folder / f"{row.side}_satellite" / f"{row.tile_id}_satellite.tif"
        for row in truth.itertuples()
    ]


def run_same_place(
    folder: Path, truth: pd.DataFrame, method: str, embedding: EmbeddingConfig
) -> dict[str, Any]:
    """Find the same place by one method, and judge it."""
    layers = {"default": (), "dem": (DEM,), "nir": ("nir",), "embedding": ()}[method]
    config = SamePlaceConfig(
        method="embedding" if method == "embedding" else "auto",
        layers=layers,
        valid="qa == 0",
        embedding=embedding,
    )
    records = [
        {"sample": name, "side": side, "image": str(path), "height": 350, "width": 350}
        for name, side, path in zip(
            truth["tile_id"], truth["side"], image_paths(folder, truth), strict=True
        )
    ]
    embed, weights = None, ""
    if method == "embedding":
        embed, weights = _network(config.embedding)
    found = same_place(
        make_samples(records), bands(KelpConfig(adapter="kelp", root=folder)), config,
        workers=1, embed=embed,
    )  # fmt: skip
    pairs = zip(found.pairs["a"], found.pairs["b"], strict=True)
    judged = judge(true_pairs(truth), pairs, found.groups)
    network = {"encoder": embedding.encoder, "weights": weights}
    return network | judged if weights else judged


def _network(config: EmbeddingConfig) -> tuple[Any, str]:
    """Make the published network, or a random one where its weights are not at hand."""
    try:
        embed = make_embed(config.encoder, config.weights, pooled=False)
        return embed, Path(config.weights).name
    except WeightsError as error:
        print(f"random weights: {error}", file=sys.stderr)
        return make_embed(config.encoder, "none", pooled=False), "none (random)"


def run_picture(folder: Path, truth: pd.DataFrame) -> dict[str, Any]:
    """Merge by the likeness of the elevation pictures themselves, greedily and by components."""
    order = truth.assign(path=image_paths(folder, truth)).sort_values("tile_id")
    return _merged(truth, order, np.stack([_small(path) for path in order["path"]]))


def run_network(folder: Path, truth: pd.DataFrame, config: EmbeddingConfig) -> dict[str, Any]:
    """Merge by the likeness of what a network makes of the elevation pictures."""
    order = truth.assign(path=image_paths(folder, truth)).sort_values("tile_id")
    found: dict[str, Any] = {"encoder": config.encoder, "weights": Path(config.weights).name}
    for pooled in (False, True):
        embed = make_embed(config.encoder, config.weights, pooled=pooled)
        paths = list(order["path"])
        parts = [
            embed([picture(read_bands(path, [7])[0]) for path in paths[start : start + 64]])
            for start in range(0, len(paths), 64)
        ]
        merged = _merged(truth, order, np.concatenate(parts), NETWORK_THRESHOLDS)
        found["pooled" if pooled else "logits"] = merged
    return found


def _merged(
    truth: pd.DataFrame,
    order: pd.DataFrame,
    vectors: NDArray[np.float32],
    thresholds: Sequence[float] = THRESHOLDS,
) -> dict[str, Any]:
    """Merge vectors by several thresholds, and judge each."""
    names, wanted = order["tile_id"].tolist(), true_pairs(truth)
    found: dict[str, Any] = {}
    for threshold in thresholds:
        alike = find_alike(vectors, threshold)
        pairs = [(names[a], names[b]) for a, b, _ in alike]
        for grouping in ("greedy", "components"):
            groups = (
                merge_greedily(names, alike)
                if grouping == "greedy"
                else connected_components(names, pairs)
            )
            groups, exploded = explode(groups, 100)
            judged = judge(wanted, pairs, groups)
            kept = ("precision", "recall", "grouped", "grouped_precision")
            row: dict[str, Any] = {name: judged[name] for name in kept}
            found[f"{threshold:g} {grouping}"] = row | {"exploded": sorted(exploded.values())}
    return found


def _small(path: Path) -> NDArray[np.float32]:
    """Return a tile's elevation picture as 1024 numbers of zero mean."""
    image = Image.fromarray(picture(read_bands(path, [7])[0]))
    small = np.asarray(image.resize((32, 32), Image.Resampling.BOX), np.float32).ravel()
    return small - small.mean()


def measure(folder: Path, samples: int, method: str, embedding: EmbeddingConfig) -> dict[str, Any]:
    """Run one method and return its figures, time and memory."""
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    truth = make_set(folder, samples)
    start, cpu_start = time.perf_counter(), time.process_time()
    if method == "picture":
        judged = run_picture(folder, truth)
    elif method == "network":
        judged = run_network(folder, truth, embedding)
    else:
        judged = run_same_place(folder, truth, method, embedding)
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "processor_seconds": round(time.process_time() - cpu_start, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    } | judged


def main() -> None:
    """Measure each method in a process of its own, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS[:-1]))
    parser.add_argument("--work", type=Path, help="folder to make the tiles in, and to keep")
    parser.add_argument("--encoder", default=EmbeddingConfig().encoder)
    parser.add_argument("--weights", default=EmbeddingConfig().weights, help="as in the recipe")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", choices=METHODS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        embedding = EmbeddingConfig(encoder=options.encoder, weights=options.weights)
        print(json.dumps(measure(options.work, options.samples, options.one, embedding)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.work or Path(temporary) / "kelp"
        truth = make_set(folder, options.samples)
        found: dict[str, Any] = {
            "samples": len(truth),
            "places": int(truth["place"].nunique()),
            "sea_samples": int((truth["kind"] == "sea").sum()),
            "min_overlap": SamePlaceConfig().min_overlap,
        }
        for method in options.methods:
            command = [
                sys.executable, __file__, "--work", folder, "--samples", options.samples,
                "--encoder", options.encoder, "--weights", options.weights,
            ]  # fmt: skip
            done = subprocess.run(
                [str(part) for part in (*command, "--one", method)],
                check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            found[method] = json.loads(done.stdout.splitlines()[-1])
            print(f"{method}: {json.dumps(found[method], indent=1)}", flush=True)
            if options.out:
                write_json(options.out, found)


if __name__ == "__main__":
    main()
