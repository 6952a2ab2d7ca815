"""A small made-up run: tiles, labels, out-of-fold predictions and what was chosen on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.raster.write import write_raster
from landseer.report.config import ReportConfig
from landseer.report.outcome import Outcome
from landseer.samples.table import make_samples
from landseer.select.choose import select
from landseer.select.config import SelectConfig

BANDS = tuple(
    Band(name, i, (code,), nodata=-1)
    for i, (name, code) in enumerate(
        [("red", "R"), ("green", "G"), ("blue", "B"), ("nir", "N")], start=1
    )
)
TWO = ClassTable(("background", "kelp"), (0, 1), ("#0b3a5b", "#41c060"))
THREE = ClassTable(("land", "water", "wood"), (0, 1, 2), ignore=(9,))
RECIPE = (
    "inputs:\n  normalise: {kind: quantile, low: 0.01, high: 0.99}\n  fixed_range: {qa: [0, 1]}\n"
)
SIDE = 40


def make_outcome(
    root: Path,
    classes: ClassTable = TWO,
    *,
    n: int = 8,
    seeds: tuple[int, ...] = (0,),
    ttas: tuple[str, ...] = ("none", "flips"),
    config: ReportConfig | None = None,
    select_config: dict[str, Any] | None = None,
    n_epochs: int = 3,
    grouped: bool = True,
    gsd_m: float = float("nan"),
    **changes: Any,
) -> Outcome:
    """Write a run's files below `root` and return its outcome; two folds, the first two samples are empty."""
    rng = np.random.default_rng(3)
    folders = {t: {s: root / "oof" / t / f"seed{s}" for s in seeds} for t in ttas}
    records = []
    for i in range(n):
        truth = _truth(rng, len(classes), empty=i < 2)
        records.append(_write_sample(root, rng, f"s{i:02d}", truth, classes, gsd_m))
        records[-1] |= {"fold": i % 2} | ({"group": f"g{i % 4}"} if grouped else {})
        for folder in (f for by_seed in folders.values() for f in by_seed.values()):
            _write_oof(folder / f"s{i:02d}.tif", rng, truth, len(classes))
    frame = make_samples(records)
    options = {"metric": "dice_foreground", "threshold": "tune", "resamples": 20, "workers": 1}
    selection = select(frame, folders, classes, SelectConfig(**options | (select_config or {})))
    names = [f"fold{fold}_seed{seed}" for fold in range(2) for seed in seeds]
    values: dict[str, Any] = {
        "name": "kelp <b>&$x$", "recipe": RECIPE,
        "config": config or ReportConfig(examples=2, contact_sheet=4, groups=2),
        "samples": frame, "bands": BANDS, "classes": classes,
        "listed": pd.DataFrame(
            [["s01", "", "", "<script>alert(1)</script>", "3", "kept"]],
            columns=["sample", "file", "band", "what", "figure", "action"],
        ),
        "proof": _proof(), "pairs": pd.DataFrame({"a": ["s00"], "b": ["s04"]}),
        "statistics": _statistics(), "members": [_member(name, len(classes)) for name in names],
        "histories": {name: _history(n_epochs) for name in names}, "selection": selection,
        "oof": folders[selection.tta][seeds[0]], "monitor": "dice_foreground",
        "seconds": {"samples": 0.5, "train": 125.0},
    }  # fmt: skip
    return Outcome(**(values | changes))


def _truth(rng: np.random.Generator, n_classes: int, *, empty: bool) -> np.ndarray:
    truth = np.zeros((SIDE, SIDE), np.uint8)
    if not empty:
        for number in range(1, n_classes):
            row, col = rng.integers(4, 24, 2)
            truth[row : row + 10, col : col + 12] = number
    return truth


def _write_sample(
    root: Path,
    rng: np.random.Generator,
    sample: str,
    truth: np.ndarray,
    classes: ClassTable,
    gsd_m: float,
) -> dict[str, Any]:
    image = rng.normal(900, 60, (4, SIDE, SIDE)) + 500 * (truth > 0)
    image[:, :3] = -1
    write_raster(root / "images" / f"{sample}.tif", image.astype(np.int16))
    write_raster(root / "labels" / f"{sample}.tif", truth)
    counts = np.bincount(truth.ravel(), minlength=len(classes))
    return {
        "sample": sample, "side": "train", "image": str(root / "images" / f"{sample}.tif"),
        "label": str(root / "labels" / f"{sample}.tif"), "height": SIDE, "width": SIDE, "gsd_m": gsd_m,
        "nodata_pct": 3 / SIDE, "holdout": False,
    } | {
        f"class_{name}_{kind}": float(count / (truth.size if kind == "pct" else 1))
        for name, count in zip(classes.names, counts, strict=True)
        for kind in ("pixels", "pct")
    }  # fmt: skip


def _write_oof(path: Path, rng: np.random.Generator, truth: np.ndarray, n_classes: int) -> None:
    layers = [
        np.clip(0.12 + 0.5 * (truth == c) + rng.normal(0, 0.13, truth.shape), 0, 1)
        / (n_classes - 1)
        for c in range(1, n_classes)
    ]
    write_raster(path, np.rint(np.stack(layers) * 65535).astype(np.uint16))


def _proof() -> dict[str, Any]:
    return {
        "cross_fold_pairs": 0, "cross_fold_overlap_m2": 0.0, "straddling_groups": 0, "test_pairs": 0,
        "warnings": ["group <g1> is large"],
        "balance": [
            {"stratum": "samples", "fold 0": 4, "fold 1": 4, "deviation": 0.0},
            {"stratum": "has=True | ok=False", "fold 0": 3, "fold 1": 1, "deviation": 0.5},
        ],
    }  # fmt: skip


def _statistics() -> dict[str, Any]:
    levels = (0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999)
    return {
        "channels": {
            "red": {
                "count": 1234567, "min": -3.0, "max": 9000.0, "mean": 61.25, "std": 9.0,
                "quantiles": {f"{level:g}": 100 * level**2 for level in levels},
            },
            "qa": dict.fromkeys(("count", "min", "max", "mean", "std"), 0.0)
            | {"quantiles": {"0.01": 0.0, "0.99": 0.0}},
            "blank": {"count": 0, "min": None, "max": None, "mean": None, "std": None, "quantiles": {}},
        }
    }  # fmt: skip


def _member(name: str, n_classes: int) -> dict[str, Any]:
    matrix = np.full((n_classes, n_classes), 11) + np.diag([100] * n_classes)
    return {
        "member": name, "epoch": 1, "score": 0.5, "n_train": 4, "n_held_out": 4, "matrix": matrix.tolist(),
        "scores": {}, "monitor": "dice_foreground",
    }  # fmt: skip


def _history(n_epochs: int) -> list[dict[str, float]]:
    rows = [
        {"epoch": float(e), "seconds": 2.0 + e, "train/loss": 1 / (e + 1), "monitor": 0.2 * (e % 2)}
        for e in range(n_epochs)
    ]
    for row in rows[2:3]:
        del row["monitor"]
    return rows


@pytest.fixture
def build_outcome(tmp_path: Path) -> Callable[..., Outcome]:
    """Return a function that makes an outcome below a folder of this test."""
    return lambda *args, folder="run", **options: make_outcome(tmp_path / folder, *args, **options)


@pytest.fixture(scope="session")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The plain outcome of two classes, made once."""
    return make_outcome(tmp_path_factory.mktemp("run"), gsd_m=30.0)
