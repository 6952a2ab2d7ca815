"""A small made-up run with real-valued targets: oblique views, references, predictions, and what was chosen on them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import write_json
from landseer.core.references import Reference
from landseer.feed.source import Item, Source
from landseer.models.config import ModelConfig
from landseer.models.outputs import make_quantity
from landseer.models.targets import TargetSpec
from landseer.predict.oof import numbers_path, oof_path
from landseer.raster.write import write_raster
from landseer.report.measured import measure_values
from landseer.report.outcome import Outcome
from landseer.samples.table import make_samples
from landseer.select.choose import select
from landseer.select.config import SelectConfig
from landseer.select.value_counts import Trial
from landseer.select.values import Held, add_values, select_values

from .conftest import TWO, make_outcome

SIDE, BLOCK = 48, 8
BANDS = tuple(
    Band(name, i, (code,)) for i, (name, code) in enumerate((("red", "R"), ("green", "G"), ("blue", "B")), 1)
)  # fmt: skip
POSE = {
    "agl": TargetSpec(quantity="height"),
    "mag": TargetSpec(quantity="magnitude", of=("agl", "px")),
    "lean": TargetSpec(quantity="direction", reference="angle"),
    "px": TargetSpec(quantity="flow_scale", reference="scale"),
}
CANOPY = {"canopy": TargetSpec(quantity="height", reference="coarse")}
MASK = {"mask": TargetSpec(quantity="mask")}
REFERENCES = (
    Reference("agl", unit="m", minimum=0.0), Reference("angle", "angle", "rad"), Reference("scale", "number", "px/m"),
    Reference("coarse", unit="m", grid="own", minimum=0.0),
)  # fmt: skip
NO_CLASSES = ClassTable((), ())


def make_value_outcome(
    root: Path,
    specs: dict[str, TargetSpec] = POSE,
    *,
    metric: str = "geopose_r2",
    n: int = 8,
    seeds: tuple[int, ...] = (0,),
    ttas: tuple[str, ...] = ("none", "flips"),
    gsd_m: float = 0.5,
    **changes: Any,
) -> Outcome:
    """Write a run's files below a folder; two folds, two sites, groups of one."""
    has_mask = _has_mask(specs)
    records = [_write(root, i, specs, seeds, ttas, gsd_m) for i in range(n)]
    frame = make_samples(records)
    classes = TWO if has_mask else NO_CLASSES
    items = [
        Item(
            row["sample"], Path(row["image"]), Path(row["label"]) if has_mask else None,
            {"agl": Path(row["ref_agl"]), "angle": row["ref_angle"], "scale": row["ref_scale"],
             "coarse": Path(row["ref_coarse"])},
            gsd_m, row["site"],
        )
        for row in records
    ]  # fmt: skip
    wanted = {spec.reference_name(name) for name, spec in specs.items()}
    known = tuple(one for one in REFERENCES if one.name in wanted)
    oof = {t: {s: root / "oof" / t / f"seed{s}" for s in seeds} for t in ttas}
    quantities = {
        name: make_quantity(spec, len(classes), ModelConfig()) for name, spec in specs.items()
    }
    trial = Trial(Source(items, (), classes, 0.0, known), specs, quantities, classes.names, oof)
    names = tuple(row["sample"] for row in records)
    held = Held(
        names, tuple(range(n)), tuple(i % 2 for i in range(n)), names, tuple(r["site"] for r in records)
    )  # fmt: skip
    config = SelectConfig(metric=metric, resamples=20, workers=1)
    of_mask = has_mask and metric.startswith("dice")
    if of_mask:
        selection = add_values(select(frame, oof, classes, config), trial, held, config)
    else:
        selection = select_values(trial, held, config)
    base = make_outcome(root / "plain", n=4)
    values = measure_values(trial, held, selection, decides=not of_mask, workers=1)
    members = [
        {"member": f"fold{fold}_seed{seed}", "epoch": 1, "score": 0.5, "n_train": 4, "n_held_out": 4,
         **({"matrix": [[90, 10], [5, 20]]} if has_mask else {})}
        for fold in range(2) for seed in seeds
    ]  # fmt: skip
    histories = {
        member["member"]: [
            {"epoch": float(e), "seconds": 1.0, "train/loss": 3.0 - e, "monitor": 0.1 * e}
            | {f"train/loss_{name}": 1.0 - 0.1 * e for name in specs}
            for e in range(3)
        ]
        for member in members
    }
    parts: dict[str, Any] = {
        "name": "views <b>&$x$", "samples": frame, "bands": BANDS, "classes": classes, "members": members,
        "histories": histories, "selection": selection, "oof": oof[selection.tta][seeds[0]],
        "monitor": metric, "references": known, "values": values, "suspects": None,
    }  # fmt: skip
    return replace(base, **(parts | changes))


def truth_of(i: int) -> np.ndarray:
    """A block of 6 to 12 m that stands on flat ground, a hole in what is known, one sample nearly flat."""
    truth = np.zeros((SIDE, SIDE))
    truth[10:28, 8 + i : 26 + i] = 6.0 + i if i != 1 else 0.2
    truth[:3, :5] = np.nan
    return truth


def _write(
    root: Path,
    i: int,
    specs: dict[str, TargetSpec],
    seeds: tuple[int, ...],
    ttas: tuple[str, ...],
    gsd_m: float,
) -> dict[str, Any]:
    """Write one sample's image, references and predictions; return its record."""
    name, rng, truth = f"v{i:02d}", np.random.default_rng(i), truth_of(i)
    filled = np.nan_to_num(truth)
    angle, scale = 0.4 + i, 0.8 + 0.1 * i
    image = 90 + 10 * filled + rng.normal(0, 5, (3, SIDE, SIDE))
    write_raster(root / f"images/{name}.tif", np.clip(image, 1, 255).astype(np.uint8))
    write_raster(root / f"agl/{name}.tif", truth.astype(np.float32))
    coarse = np.nanmean(truth.reshape(SIDE // BLOCK, BLOCK, SIDE // BLOCK, BLOCK), axis=(1, 3))
    write_raster(root / f"coarse/{name}.tif", coarse.astype(np.float32))
    write_raster(root / f"labels/{name}.tif", (filled > 1).astype(np.uint8))
    for tta in ttas:
        for seed in seeds:
            folder = root / "oof" / tta / f"seed{seed}"
            noise = rng.normal(0, 0.3 if tta == "flips" else 0.5, truth.shape)
            said = np.maximum(ndimage.gaussian_filter(filled, 1) * 0.9 + noise, 0)
            turned, longer = angle + rng.normal(0, 0.1), scale * np.exp(rng.normal(0, 0.05))
            planes = {"agl": said, "canopy": said, "mag": said * longer}
            for target in planes.keys() & specs.keys():
                write_raster(
                    oof_path(folder, name, target), planes[target][None].astype(np.float32)
                )
            if _has_mask(specs):
                share = np.clip(0.1 + 0.8 * (said > 1), 0, 1)
                write_raster(oof_path(folder, name), np.rint(share[None] * 65535).astype(np.uint16))
            if "lean" in specs:
                lean = [math.sin(turned), math.cos(turned)]
                write_json(numbers_path(folder, name), {"lean": lean, "px": [float(longer)]})
    return {
        "sample": name, "side": "train", "image": str(root / f"images/{name}.tif"),
        "label": str(root / f"labels/{name}.tif") if _has_mask(specs) else None, "height": SIDE, "width": SIDE,
        "gsd_m": gsd_m, "site": "AB"[i % 2], "group": name, "fold": i % 2, "holdout": False,
        "ref_agl": str(root / f"agl/{name}.tif"), "ref_angle": angle, "ref_scale": scale,
        "ref_coarse": str(root / f"coarse/{name}.tif"), "ref_agl_valid_pct": 0.9935,
    }  # fmt: skip


def _has_mask(specs: dict[str, TargetSpec]) -> bool:
    """Tell whether a class mask is among the targets."""
    return any(spec.quantity == "mask" for spec in specs.values())
