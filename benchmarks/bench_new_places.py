"""What members, folds, views and threshold bring on places that nothing was trained on, and nothing chosen by.

    python benchmarks/bench_new_places.py RUN TRUTH --out benchmarks/results/new_places.json [--others NAME=MAPS …]

A model's folds cannot be averaged out of fold: each sample is held out by one of them alone. So the images of the
test side of RUN are predicted by the members of its model folder, of two classes, each alone and together, and
compared with TRUTH, maps of the same names that no recipe knows. Where several networks stand for a row (each member,
each fold, each seed alone), the row is the mean of their scores. Differences to the first row are paired, over places.
MAPS are folders that other models predicted.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.core.files import json_number, write_json
from landseer.feed.loader import Loader
from landseer.metrics.bootstrap import interval
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score
from landseer.models.targets import MASK
from landseer.predict.ensemble import Ensemble, Voting
from landseer.predict.model_folder import load_model_folder
from landseer.predict.spec import ModelSpec
from landseer.quantities import ClassMask
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.recipe.load import load_recipe
from landseer.run.context import open_run
from landseer.run.model_stages import make_source
from landseer.samples.table import read_samples

Chances = NDArray[np.float16]
Counts = NDArray[np.int64]
EVEN = 0.5


def main() -> None:
    """Predict, put together, score and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--others", nargs="*", default=[])
    parser.add_argument("--ending", default="_kelp.tif", help="of the names of TRUTH and MAPS")
    parser.add_argument("--views", nargs="+", default=["none", "d4"])
    given = parser.parse_args()
    run = open_run(load_recipe(given.run), given.run)
    frame = read_samples(run.path("samples.parquet"))
    frame = frame[frame["side"] == "test"].reset_index(drop=True)
    truths = [
        read_label(given.truth / f"{name}{given.ending}", run.classes) for name in frame["sample"]
    ]
    spec, loaders = load_model_folder(given.run / "model")
    said: dict[str, list[list[Chances]]] = {views: [] for views in given.views}
    for load in loaders:
        for views, found in said.items():
            ensemble = Ensemble([load()], {MASK: ClassMask(2)}, Voting(tta=views)).eval()
            found.append(list(ask(ensemble, make_source(run, frame), len(frame))))
    rows: dict[str, Counts] = {
        name: np.stack(
            [count(truths, mean(said[views], members), threshold) for members in sets], axis=1
        )
        for name, views, sets, threshold in contenders(spec)
        if views in said
    }
    for other in given.others:
        name, _, folder = other.partition("=")
        maps = [decided(Path(folder) / f"{sample}{given.ending}") for sample in frame["sample"]]
        pairs = zip(truths, maps, strict=True)
        rows[name] = np.stack([confusion_matrix(t, m, 2) for t, m in pairs])[:, None]
    classes, groups = run.classes.names, frame["group"].tolist()
    metric = run.recipe.select.metric
    table = [row_of(name, rows, classes, groups, metric) for name in rows]
    write_json(given.out, {"samples": len(frame), "places": len(set(groups)), "rows": table})
    for row in table:
        print(row)


def contenders(spec: ModelSpec) -> Iterator[tuple[str, str, list[list[int]], float]]:
    """Yield names, views, which members are averaged (several sets: each alone) and thresholds."""
    members = spec.members
    every = list(range(len(members)))
    folds = [[i for i in every if members[i].fold == f] for f in sorted({m.fold for m in members})]
    seeds = [[i for i in every if members[i].seed == s] for s in sorted({m.seed for m in members})]
    yield "a single member", "none", [[i] for i in every], EVEN
    if len(seeds) > 1:
        yield f"{len(seeds)} seeds of one fold averaged", "none", folds, EVEN
    yield f"{len(folds)} folds averaged, one seed", "none", seeds, EVEN
    yield "all members averaged", "none", [every], EVEN
    yield "a single member, eight views", "d4", [[i] for i in every], EVEN
    yield "all members, eight views", "d4", [every], EVEN
    if isinstance(spec.threshold, float):
        yield "all members, the threshold chosen out of fold", "none", [every], spec.threshold
        yield "all of it", "d4", [every], spec.threshold


def ask(ensemble: Ensemble, source: Any, count_samples: int) -> Iterator[Chances]:
    """Yield the probability of class 1 of each sample."""
    for batch in Loader(source, list(range(count_samples)), batch_size=4):
        with torch.no_grad():
            values = ensemble(batch["image"], batch["gsd_m"])
        for chances, (height, width) in zip(values[MASK], batch["sizes"], strict=True):
            yield chances[1, :height, :width].numpy().astype(np.float16)


def mean(said: Sequence[Sequence[Chances]], members: Sequence[int]) -> Iterator[NDArray[Any]]:
    """Yield the mean of some members for each sample."""
    for sample in zip(*(said[i] for i in members), strict=True):
        yield np.stack(sample).astype(np.float32).mean(axis=0)


def decided(path: Path) -> NDArray[np.uint8]:
    """Read a map; what has no data is of class 0, as for the networks."""
    classes = read_bands(path)[0].astype(np.uint8)
    classes[classes == IGNORE] = 0
    return classes


def count(truths: Sequence[Any], chances: Iterator[NDArray[Any]], threshold: float) -> Counts:
    """Count the pixels of all samples: (n, C, C)."""
    pairs = zip(truths, chances, strict=True)
    return np.stack([confusion_matrix(t, (c >= threshold).astype(np.uint8), 2) for t, c in pairs])


def row_of(
    name: str,
    rows: dict[str, Counts],
    classes: Sequence[str],
    groups: Sequence[str],
    metric: str,
) -> dict[str, Any]:
    """Score a row, and its difference to the first."""
    first = next(iter(rows.values()))

    def value(sums: Counts) -> float:
        return float(np.mean([score(one, tuple(classes))[metric] for one in sums]))

    def gain(sums: Counts) -> float:
        own = rows[name].shape[1]
        return value(sums[:own]) - value(sums[own:])

    both = np.concatenate([rows[name], first], axis=1)
    low, high = interval(rows[name], groups, value, n=1000, level=0.95, seed=0)
    gain_low, gain_high = interval(both, groups, gain, n=1000, level=0.95, seed=0)
    return {
        "row": name,
        "value": value(rows[name].sum(0)),
        "low": json_number(low),
        "high": json_number(high),
        "difference": gain(both.sum(0)),
        "difference_low": json_number(gain_low),
        "difference_high": json_number(gain_high),
    }


if __name__ == "__main__":
    main()
