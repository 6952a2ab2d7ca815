"""How much of a map changes when it is predicted in windows, by the rule that blends them.

    python benchmarks/bench_seams.py --out benchmarks/results/seams.json --picture docs/images/seams.png

Scenes of 2048 x 2048 pixels and 4 bands of white noise; random networks of seven dilated convolutions that look 47
pixels far and put zeros around (so that a window's sides are wrong), with two classes of equal area; windows of 256
pixels that share 64 or 128 at least, evenly spread: 121 or 225. Each rule blends the same predictions of the same
windows. The map is compared with one pass over the whole scene, from 48 pixels inside its edge on.

How hard a network is decides how much changes. A survey of other tools measured on one such network, with 64 pixels
shared exactly, 4.8 to 5.3 % for the mean, 1.27 % for Hann, 0.85 % for the middle alone; and 0.49 % for nnU-Net's rule
when evenly spread. The first network is nearest to that (scenes of 1984 pixels share 64 exactly), the others are
harder.

To compute: 1.9 (3.5) times the whole pass. To change: at 64 shared pixels no rule can keep all, for no pixel between
windows is further than 38 from a side; at 128 all can be kept, by a border of 47.

A U-Net (ResNet-18, random weights, smooth scenes) looks further than any window here. It shows what only windows that
start at multiples of the network's stride (32) keep: `aligned`.

Rules other than ours are those of other tools, written anew in a line each: `mean` (Raster Vision, MMSegmentation,
geoai "none"), `linear`, `hann` (geoai), `crop` (the middle of each window alone), `gauss` (nnU-Net: an eighth of the
window as its spread).
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import segmentation_models_pytorch as smp
import torch
from matplotlib import pyplot as plt
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from landseer.core.files import write_json
from landseer.core.sides import taper
from landseer.core.window import spread
from landseer.predict.reach import measure_reach

WINDOW_PX, MARGIN_PX = 256, 48
DILATIONS = (1, 2, 4, 8, 16, 8, 8)
NETWORKS: Mapping[str, tuple[type[nn.Module], Callable[[Tensor], Tensor]]] = {
    "tanh, xavier": (nn.Tanh, nn.init.xavier_normal_),
    "tanh, kaiming": (nn.Tanh, partial(nn.init.kaiming_normal_, nonlinearity="relu")),
    "relu, kaiming": (nn.ReLU, partial(nn.init.kaiming_normal_, nonlinearity="relu")),
}
"""Activation, and how weights are drawn."""

_SHOWN = (slice(140, 500), slice(140, 500))
Rule = Callable[[int, int, int], NDArray[np.floating]]
"""Size of a window, what it shares before and after -> weights along its side."""


def main() -> None:
    """Measure all networks, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    results: dict[str, Any] = {"side_px": options.side, "seeds": options.seeds}
    for overlap in (64, 128):
        rules = (
            RULES if overlap == 64 else {**RULES, "border 47": _ours(47), "border 48": _ours(48)}
        )
        for kind in NETWORKS:
            runs = [
                _measure(*_dilated(kind, seed, options.side), overlap, rules)
                for seed in range(options.seeds)
            ]
            name = f"{kind}, {overlap} shared"
            results[name] = _report(name, runs)
    runs = [
        _measure(*_dilated("tanh, xavier", seed, 1984), 64, RULES) for seed in range(options.seeds)
    ]
    name = "tanh, xavier, 64 shared exactly"
    results[name] = _report(name, runs)
    for aligned in (False, True):
        runs = [
            _measure(*_unet(seed, 800), 64, RULES, multiple=32 if aligned else 1)
            for seed in range(options.seeds)
        ]
        name = f"unet, 64 shared, {'aligned' if aligned else 'evenly spread'}"
        results[name] = _report(name, runs)
    if options.out:
        write_json(options.out, results)
    if options.picture:
        draw(options.picture)


def _bell(shape: Callable[[NDArray[np.floating]], NDArray[np.floating]]) -> Rule:
    """Weights of a window's whole side by how far from its middle, -1 to 1; full towards the edge of the scene."""

    def rule(size: int, before: int, after: int) -> NDArray[np.floating]:
        weights = shape((2 * np.arange(size) + 1) / size - 1) + 1e-6
        top = weights.max()
        weights[: 0 if before else size // 2] = top
        weights[size if after else size // 2 :] = top
        return weights

    return rule


def _crop(size: int, before: int, after: int) -> NDArray[np.floating]:
    """Keep what no other window sees further from its side."""
    weights = np.zeros(size)
    weights[before // 2 : size - (after - after // 2)] = 1
    return weights


def _ours(border_px: int | None) -> Rule:
    """Discard a border and blend over what is left."""
    return lambda size, before, after: taper(size, before, after, border_px)


RULES: Mapping[str, Rule] = {
    "mean": lambda size, *_: np.ones(size),
    "linear": _bell(lambda u: 1 - np.abs(u)),
    "hann": _bell(lambda u: np.cos(0.5 * np.pi * u) ** 2),
    "crop": _crop,
    "gauss": _bell(lambda u: np.exp(-0.5 * (4 * u) ** 2)),
    "ours": _ours(None),
}


def _dilated(kind: str, seed: int, side: int) -> tuple[nn.Module, Tensor]:
    """Make a network of dilated convolutions and a scene of white noise."""
    torch.manual_seed(seed)
    activation, draw_weights = NETWORKS[kind]
    layers: list[nn.Module] = []
    for number, dilation in enumerate(DILATIONS):
        conv = nn.Conv2d(
            16 if number else 4, 16, 3, padding=dilation, dilation=dilation, bias=False
        )
        draw_weights(conv.weight)
        layers += [conv, activation()]
    last = nn.Conv2d(16, 2, 1)
    network = nn.Sequential(*layers, last)
    scene = torch.randn(1, 4, side, side)
    _balance(network, last, scene)
    return network, scene


def _unet(seed: int, side: int) -> tuple[nn.Module, Tensor]:
    """Make a U-Net and a smooth scene; its norms know the scene's figures."""
    torch.manual_seed(seed)
    network = smp.Unet("resnet18", encoder_weights=None, in_channels=4, classes=2)
    scene = functional.interpolate(torch.randn(1, 4, side // 8, side // 8), side, mode="bicubic")
    scene += 0.1 * torch.randn_like(scene)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.inference_mode():
        network.train()(scene[..., :512, :512])
    _balance(network.eval(), network.segmentation_head[0], scene)
    return network, scene


@torch.no_grad()
def _balance(network: nn.Module, last: nn.Conv2d, scene: Tensor) -> None:
    """Shift the outputs so that both classes are as common."""
    last.bias = nn.Parameter(torch.zeros(2))
    scores = network(scene[..., :512, :512])
    middle = (scores[:, 1] - scores[:, 0]).median()
    last.bias = nn.Parameter(torch.stack([middle / 2, -middle / 2]))


@torch.inference_mode()
def _measure(
    network: nn.Module,
    scene: Tensor,
    overlap_px: int,
    rules: Mapping[str, Rule],
    multiple: int = 1,
) -> dict[str, dict[str, float]]:
    """Blend by each rule and compare with the whole."""
    whole = network(scene)[0].softmax(0)
    starts = _aligned(spread(scene.shape[-1], WINDOW_PX, overlap_px), overlap_px, multiple)
    parts = [
        network(torch.cat([_cut(scene, row, col) for col in starts])).softmax(1) for row in starts
    ]
    inside = slice(MARGIN_PX, scene.shape[-1] - MARGIN_PX)
    figures = {}
    for name, rule in rules.items():
        apart = blend(parts, starts, scene.shape[-1], rule) - whole
        changed = (apart + whole).argmax(0) != whole.argmax(0)
        figures[name] = {
            "changed_percent": 100 * changed[inside, inside].float().mean().item(),
            "rms": apart[:, inside, inside].square().mean().sqrt().item(),
            "worst": apart[:, inside, inside].abs().max().item(),
        }
    return figures


def _aligned(starts: Sequence[int], overlap_px: int, multiple: int) -> list[int]:
    """Move starts down to multiples, where the overlap with the one before stays large enough."""
    moved = [0]
    for start in starts[1:]:
        most = moved[-1] + WINDOW_PX - overlap_px
        moved.append(min(most, -(-start // multiple) * multiple) // multiple * multiple)
    return moved


def _cut(scene: Tensor, row: int, col: int) -> Tensor:
    """Cut a window out of a scene."""
    return scene[..., row : row + WINDOW_PX, col : col + WINDOW_PX]


def blend(parts: Sequence[Tensor], starts: Sequence[int], side: int, rule: Rule) -> Tensor:
    """Add up rows of windows, weighted along both sides."""
    inner = [one + WINDOW_PX - other for one, other in pairwise(starts)]
    weights = [
        torch.from_numpy(np.asarray(rule(WINDOW_PX, *shared), np.float32))
        for shared in pairwise([0, *inner, 0])
    ]
    total, weight = torch.zeros(2, side, side), torch.zeros(side, side)
    for row, down, windows in zip(starts, weights, parts, strict=True):
        for col, across, window in zip(starts, weights, windows, strict=True):
            factor = down[:, None] * across
            place = slice(row, row + WINDOW_PX), slice(col, col + WINDOW_PX)
            total[:, *place] += window * factor
            weight[place] += factor
    return total / weight


def _report(title: str, runs: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, Any]:
    """Print and return middle, least and greatest of all networks, and each network's share of changed classes."""
    print(f"\n{title}: percent of classes changed (least / middle / most), middle rms", flush=True)
    table: dict[str, Any] = {}
    for rule in runs[0]:
        changed = [run[rule]["changed_percent"] for run in runs]
        rms = statistics.median(run[rule]["rms"] for run in runs)
        worst = max(run[rule]["worst"] for run in runs)
        table[rule] = {"changed_percent": changed, "rms": rms, "worst": worst}
        middle = statistics.median(changed)
        print(f"{rule:12} {min(changed):7.3f} {middle:7.3f} {max(changed):7.3f}   {rms:.5f}")
    return table


def draw(path: Path) -> None:
    """Draw one place: whole, blended by the mean and by ours, and what either changes."""
    network, scene = _dilated("tanh, kaiming", 0, 640)
    smooth = functional.avg_pool2d(functional.pad(scene, (8,) * 4, mode="reflect"), 17, 1) * 14
    with torch.inference_mode():
        whole = network(smooth)[0].softmax(0)
        starts = spread(640, WINDOW_PX, 64)
        parts = [
            network(torch.cat([_cut(smooth, row, col) for col in starts])).softmax(1)
            for row in starts
        ]
    maps = {name: blend(parts, starts, 640, RULES[name]) for name in ("mean", "ours")}
    titles = {"mean": "windows, plain mean", "ours": "windows, landseer"}
    mpl.use("Agg")
    figure, axes = plt.subplots(2, 3, figsize=(10.2, 7), layout="constrained")
    axes[0, 0].imshow(whole[1, *_SHOWN], cmap="viridis", vmin=0.25, vmax=0.75)
    axes[0, 0].set_title("one piece: probability")
    for axis, (name, values) in zip(axes[0, 1:], maps.items(), strict=True):
        axis.imshow(values[1, *_SHOWN], cmap="viridis", vmin=0.25, vmax=0.75)
        axis.set_title(titles[name])
    profile = measure_reach(network, 4, 128).profile
    axes[1, 0].plot(100 * (1 - np.cumsum(profile)))
    axes[1, 0].set(xlabel="distance in pixels", ylabel="% of the effect beyond")
    axes[1, 0].set_title("how far the network looks")
    for axis, values in zip(axes[1, 1:], maps.values(), strict=True):
        apart = (values - whole)[1, *_SHOWN]
        shown = axis.imshow(apart, cmap="RdBu_r", vmin=-0.1, vmax=0.1)
        share = 100 * (values.argmax(0) != whole.argmax(0)).float().mean()
        axis.set_title(f"difference: {share:.2f} % of classes")
    figure.colorbar(shown, ax=axes[1, 1:], shrink=0.8)
    for axis in (*axes[0], *axes[1, 1:]):
        axis.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    main()
