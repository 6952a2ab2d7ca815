"""A made-up cross-validation of heights, scales and angles: references and predictions on disk, and their arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.feed.source import Item, Source
from landseer.models.config import ModelConfig
from landseer.models.outputs import make_quantity
from landseer.models.targets import TargetSpec
from landseer.predict import Ensemble, OofBatch, write_oof
from landseer.raster.write import write_raster
from landseer.select.value_counts import Trial
from landseer.select.values import Held

SIDE = 10
POSE = {
    "tall": TargetSpec(quantity="height", reference="agl"),
    "shift": TargetSpec(quantity="magnitude", of=("tall", "px")),
    "px": TargetSpec(quantity="flow_scale", reference="scale"),
    "lean": TargetSpec(quantity="direction", reference="angle"),
}
REFERENCES = (
    Reference("agl"), Reference("scale", "number"), Reference("angle", "angle"),
    Reference("coarse", grid="own"),
)  # fmt: skip
CONFIG = {"resamples": 40, "workers": 1}


@dataclass
class World:
    """A made-up cross-validation: references and predictions on disk, and the arrays behind them."""

    trial: Trial
    held: Held
    truth: dict[str, dict[str, np.ndarray]]
    said: dict[tuple[str, int, str], dict[str, np.ndarray]] = field(default_factory=dict)


def vector(angle: float) -> np.ndarray:
    return np.array([math.sin(angle), math.cos(angle)])


def make_world(
    root: Path,
    *,
    n: int = 12,
    n_folds: int = 3,
    n_groups: int = 6,
    seeds: tuple[int, ...] = (0,),
    ttas: tuple[str, ...] = ("none", "d4"),
    noise: Any = lambda tta, seed, fold: 1.0,
    specs: dict[str, TargetSpec] = POSE,
    shared: float = 0.0,
) -> World:
    """Write heights, scales and angles, and what members of some noise say of them."""
    rng = np.random.default_rng(5)
    names = [f"s{i:02d}" for i in range(n)]
    groups = [f"g{i % n_groups}" for i in range(n)]
    folds = [(i % n_groups) % n_folds for i in range(n)]
    sites = ["ARG" if i % n_groups < n_groups / 2 else "ATL" for i in range(n)]
    oof = {tta: {seed: root / "oof" / tta / f"seed{seed}" for seed in seeds} for tta in ttas}
    config = ModelConfig(encoder="resnet18", weights="none")
    quantities = {name: make_quantity(spec, 2, config) for name, spec in specs.items()}
    truth, said, items = {}, {}, []
    for name, fold, site in zip(names, folds, sites, strict=True):
        agl = rng.gamma(2, 4, (SIDE, SIDE)).astype(np.float32) * (1 if site == "ARG" else 2)
        scale, angle = float(rng.uniform(0.4, 1.2)), float(rng.uniform(0, 2 * math.pi))
        known = agl + np.float32(shared * rng.normal())  # an error that all members have in common
        known[0, :3] = np.nan
        write_raster(root / f"{name}.tif", np.ones((SIDE, SIDE), np.uint8))
        write_raster(root / f"{name}_agl.tif", known)
        coarse = agl[:8, :8].reshape(4, 2, 4, 2).mean((1, 3))
        write_raster(root / f"{name}_c.tif", coarse)
        items.append(
            Item(name, root / f"{name}.tif", None, {
                "agl": root / f"{name}_agl.tif", "scale": scale, "angle": angle, "coarse": root / f"{name}_c.tif",
            }, site=site)
        )  # fmt: skip
        truth[name] = {
            "tall": known, "shift": known * np.float32(scale), "px": np.array(scale), "lean": vector(angle),
        }  # fmt: skip
        for tta in ttas:
            for seed in seeds:
                spread = noise(tta, seed, fold)
                values = {
                    "tall": agl + rng.normal(0, 2 * spread, agl.shape).astype(np.float32),
                    "shift": agl * np.float32(scale) + rng.normal(0, spread, agl.shape).astype(np.float32),
                    "px": np.array(scale + rng.normal(0, 0.1 * spread), np.float32),
                    "lean": vector(angle + rng.normal(0, 0.2 * spread)).astype(np.float32) * 2,
                }  # fmt: skip
                said[tta, seed, name] = values
                outputs = {
                    k: torch.from_numpy(np.asarray(values[k]).reshape(1, *_shape(k))) for k in specs
                }
                # what an ensemble of one member writes, its answers given
                member = Ensemble([_Fixed(outputs)], {k: _plain(q) for k, q in quantities.items()})
                batch = OofBatch([name], torch.zeros(1, 1, SIDE, SIDE), [(SIDE, SIDE)])
                write_oof(member, [batch], oof[tta][seed], workers=1)
    source = Source(items, (), ClassTable((), ()), references=REFERENCES)
    trial = Trial(source, specs, quantities, (), oof)
    held = Held(tuple(names), tuple(range(n)), tuple(folds), tuple(groups), tuple(sites))
    return World(trial, held, truth, said)


class _Fixed(torch.nn.Module):
    def __init__(self, outputs: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.outputs


def _shape(name: str) -> tuple[int, ...]:
    return {"px": (1,), "lean": (2,)}.get(name, (1, SIDE, SIDE))


def _plain(quantity: Any) -> Any:
    return replace(quantity, activation="none") if hasattr(quantity, "activation") else quantity


def mean_of_seeds(world: World, tta: str, sample: str) -> dict[str, np.ndarray]:
    """Average seeds by hand; directions as unit vectors."""
    each = [values for (t, _, s), values in world.said.items() if (t, s) == (tta, sample)]
    mean = {name: np.mean([one[name] for one in each], axis=0) for name in each[0]}
    units = [one["lean"] / np.linalg.norm(one["lean"]) for one in each]
    mean["lean"] = np.mean(units, axis=0)
    return mean


def slow_r2(world: World, name: str, samples: list[str], tta_of: Any) -> float:
    truth = np.concatenate([np.ravel(world.truth[s][name]) for s in samples])
    said = np.concatenate([np.ravel(mean_of_seeds(world, tta_of(s), s)[name]) for s in samples])
    known = ~np.isnan(truth)
    error, spread = (said - truth)[known], truth[known] - truth[known].mean()
    return 1 - (error**2).sum() / (spread**2).sum()


def slow_rmse(world: World, name: str, samples: list[str], tta_of: Any) -> float:
    errors = [mean_of_seeds(world, tta_of(s), s)[name] - world.truth[s][name] for s in samples]
    return float(np.sqrt(np.nanmean(np.square(np.stack(errors)))))
