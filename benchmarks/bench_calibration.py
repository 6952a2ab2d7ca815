"""How well a calibrator that was fitted out of fold fits the model that is delivered, which averages all folds.

    python benchmarks/bench_calibration.py [--worlds 10] [--out FILE.json]

Each made world has places with offsets of their own, features, and classes drawn from known probabilities. Small
networks are trained on all folds but one, one for each fold and seed. Calibrators are fitted to what they say of the
fold they never saw. The model averages all of them and is judged on new places: as it is; calibrated after averaging;
with each member calibrated before averaging; and by a calibrator fitted to the average on other new places, which
nobody has: the best that could be.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landseer.core.files import write_json
from landseer.metrics.calibration import calibration, losses, reliability
from landseer.select.calibrate import fit_calibrator
from landseer.select.calibration_config import CALIBRATORS, CalibratorName
from landseer.select.calibration_pixels import Pixels

Array = NDArray[np.float64]
N_FEATURES, HIDDEN, FINE = 8, 32, 200

REGIMES: dict[str, dict[str, Any]] = {
    "overfitted": {"steps": 200, "decay": 0.0, "places": 40},
    "stopped early": {"steps": 40, "decay": 0.0, "places": 40},
    "decayed": {"steps": 200, "decay": 10.0, "places": 40},
    "many places": {"steps": 200, "decay": 0.0, "places": 200},
    "three seeds a fold": {"steps": 200, "decay": 0.0, "places": 40, "seeds": 3},
    "rare class": {"steps": 200, "decay": 0.0, "places": 40, "tilt": 3.0},
    "four classes": {"steps": 200, "decay": 0.0, "places": 40, "classes": 4},
}


class World:
    """Places, features and classes drawn from known probabilities."""

    def __init__(self, seed: int, n_classes: int, tilt: float) -> None:
        self.rng = np.random.default_rng(seed)
        self.first = self.rng.normal(size=(N_FEATURES, 16))
        self.second = self.rng.normal(size=(16, n_classes)) / 2
        self.second -= self.second.mean(axis=1, keepdims=True)
        self.tilt = np.array([tilt] + [0.0] * (n_classes - 1))

    def draw(self, n_places: int, n_each: int = 25) -> tuple[Array, NDArray[np.int64], Array]:
        """Return features, classes and the place of each pixel."""
        place = np.arange(n_places).repeat(n_each)
        offset = self.rng.normal(0, 0.7, (n_places, N_FEATURES))[place]
        x = self.rng.normal(size=(len(place), N_FEATURES))
        logits = np.tanh((x + offset) @ self.first / 3) @ self.second * 2 + self.tilt
        honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        drawn = (honest.cumsum(axis=1) < self.rng.random((len(place), 1))).sum(axis=1)
        return x, drawn.clip(0, len(self.tilt) - 1), place


def train(
    x: Array,
    y: NDArray[np.int64],
    weights: Array,
    n_classes: int,
    steps: int,
    decay: float,
    seed: int,
) -> list[Tensor]:
    """Train as many networks at once as `weights` has rows: (members, pixels) how much each pixel counts to each."""
    generator = torch.Generator().manual_seed(seed)
    sizes = [(N_FEATURES, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, n_classes)]
    layers = [
        torch.randn(len(weights), *size, generator=generator) / size[0] ** 0.5 for size in sizes
    ]
    parameters = [layer.requires_grad_() for layer in layers]
    optimiser = torch.optim.AdamW(parameters, lr=0.01, weight_decay=decay)
    features, target = torch.from_numpy(x).float(), torch.from_numpy(y)
    share = torch.from_numpy(weights / weights.sum(axis=1, keepdims=True)).float()
    for _ in range(steps):
        logs = forward(parameters, features).log_softmax(dim=-1)
        own = logs.gather(2, target.expand(len(weights), -1)[..., None])[..., 0]
        loss = -(own * share).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return [layer.detach() for layer in parameters]


def forward(layers: list[Tensor], x: Tensor) -> Tensor:
    """Return logits of all networks: (members, pixels, classes)."""
    hidden = torch.relu(x @ layers[0])
    return torch.relu(hidden @ layers[1]) @ layers[2]


def said_by(layers: list[Tensor], x: Array) -> Array:
    """Return probabilities (members, classes, pixels)."""
    with torch.inference_mode():
        found = forward(layers, torch.from_numpy(x).float()).softmax(dim=-1)
    return found.numpy().astype(np.float64).transpose(0, 2, 1)


def figures(truth: NDArray[np.int64], said: Array) -> dict[str, float]:
    """Return what calibration is judged by."""
    n, log_loss, brier = losses(truth[None], said[:, None])
    found = calibration(reliability(truth[None], said[:, None]))
    return {
        "log_loss": log_loss / n,
        "brier": brier / n,
        "ece": found.ece,
        "overconfidence": found.confidence,
    }


def applied(calibrator: Any, said: Array) -> Array:
    """Calibrate (..., classes, pixels)."""
    members = torch.from_numpy(said.astype(np.float32)).reshape(-1, *said.shape[-2:], 1)
    return calibrator(members).numpy().astype(np.float64).reshape(said.shape)


def one_world(
    seed: int, *, steps: int, decay: float, places: int, seeds: int = 1, tilt: float = 0.0,
    classes: int = 2, n_folds: int = 5,
) -> dict[str, dict[str, float]]:  # fmt: skip
    """Make a world, train, calibrate out of fold, and judge what is delivered on new places."""
    world = World(seed, classes, tilt)
    x, y, place = world.draw(places)
    fold = place % n_folds
    member_folds = np.arange(n_folds).repeat(seeds)
    apart = (fold != member_folds[:, None]).astype(np.float64)
    layers = train(x, y, apart, classes, steps, decay, seed)
    own = said_by(layers, x).reshape(n_folds, seeds, classes, -1)
    held = own[fold, :, :, np.arange(len(fold))].transpose(1, 2, 0)  # (seeds, classes, pixels)
    new_x, new_y, new_place = world.draw(FINE, 50)
    new = said_by(layers, new_x)
    average = new.mean(axis=0)
    result = {"none": figures(new_y, average), "out of fold": figures(y, held.mean(axis=0))}
    for kind in CALIBRATORS:
        result |= calibrated(kind, (y, held), (new_y, new, new_place))
    return result


def calibrated(
    kind: CalibratorName,
    held: tuple[NDArray[np.int64], Array],
    new: tuple[NDArray[np.int64], Array, NDArray[np.int64]],
) -> dict[str, dict[str, float]]:
    """Fit out of fold, after averaging seeds and to each seed, and judge both on the delivered average."""
    truth, said = held
    new_truth, each, place = new
    average = each.mean(axis=0)
    one = np.ones(len(truth))
    to_average = fit_calibrator(kind, Pixels(truth, said.mean(axis=0), one))
    all_seeds = np.concatenate(list(said), axis=1)
    to_member = fit_calibrator(
        kind, Pixels(np.tile(truth, len(said)), all_seeds, np.tile(one, len(said)))
    )
    best = np.empty_like(average)
    for half in (place % 2 == 0, place % 2 == 1):
        fitted = fit_calibrator(
            kind, Pixels(new_truth[~half], average[:, ~half], np.ones((~half).sum()))
        )
        best[:, half] = applied(fitted, average[:, half])
    return {
        f"{kind}, average": figures(new_truth, applied(to_average, average)),
        f"{kind}, member": figures(new_truth, applied(to_member, each).mean(axis=0)),
        f"{kind}, best": figures(new_truth, best),
    }


def summary(values: list[float]) -> dict[str, float]:
    """Return least, middle and most."""
    low, middle, high = np.quantile(values, [0, 0.5, 1])
    return {"least": float(low), "middle": float(middle), "most": float(high)}


def main() -> None:
    """Measure every regime and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    for regime, settings in REGIMES.items():
        worlds = [one_world(seed, **settings) for seed in range(arguments.worlds)]
        found[regime] = {
            way: {name: summary([w[way][name] for w in worlds]) for name in worlds[0][way]}
            for way in worlds[0]
        }
        print(f"\n{regime}", flush=True)
        for way, judged in found[regime].items():
            text = "  ".join(f"{name} {one['middle']:+.4f}" for name, one in judged.items())
            print(f"  {way:22} {text}", flush=True)
    if arguments.out:
        write_json(arguments.out, found)


if __name__ == "__main__":
    main()
