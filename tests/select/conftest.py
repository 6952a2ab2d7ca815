"""A small made-up cross-validation on disk."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from landseer.core.classes import ClassTable
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples

CLASSES = ClassTable(("background", "kelp"), (0, 1))


@dataclass(frozen=True)
class World:
    """A sample table, its predictions by symmetry and seed, and the arrays behind them."""

    frame: object
    oof: dict
    truth: dict
    probability: dict


def make_world(
    root: Path, *, n=24, n_folds=4, seeds=(0,), ttas=("none",), side=20, noise=None, n_groups=12
) -> World:
    """Write labels and noisy 16-bit predictions whose best threshold is near 0.3."""
    rng = np.random.default_rng(7)
    noise = noise or {}
    records, truth, probability = [], {}, {}
    oof = {tta: {seed: root / "oof" / tta / f"seed{seed}" for seed in seeds} for tta in ttas}
    for i in range(n):
        sample = f"s{i:03d}"
        label = (rng.random((side, side)) < 0.2).astype(np.uint8)
        write_raster(root / "labels" / f"{sample}.tif", label)
        truth[sample] = label
        for tta in ttas:
            for seed in seeds:
                spread = noise.get((tta, seed), 0.12)
                p = np.clip(0.15 + 0.3 * label + rng.normal(0, spread, label.shape), 0, 1)
                q = np.rint(p * 65535).astype(np.uint16)
                write_raster(oof[tta][seed] / f"{sample}.tif", q)
                probability[tta, seed, sample] = q
        records.append(
            {
                "sample": sample, "side": "train", "image": "/none.tif", "height": side, "width": side,
                "label": str(root / "labels" / f"{sample}.tif"),
                "fold": (i % n_groups) % n_folds, "group": f"g{i % n_groups}",
            }
        )  # fmt: skip
    return World(make_samples(records), oof, truth, probability)


@pytest.fixture
def classes() -> ClassTable:
    return CLASSES


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def build_world(tmp_path: Path):
    """Return a function that writes a world below a folder of this test."""
    return lambda folder="world", **options: make_world(tmp_path / folder, **options)
