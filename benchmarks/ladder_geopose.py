"""What each idea of the geopose system is worth on made cities, one change at a time, each with an interval.

    python benchmarks/ladder_geopose.py --out benchmarks/results/ladder_geopose.json

Every variant is trained on the same tiles and folds as `landseer demo geopose`. Out of fold: the score of every
tile by the member that never saw it, and the paired difference to the reference over the same resamples of places.
New places: test tiles of places that no variant has seen, against their clean truth, one member against all.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.cli.demo import DEMOS
from landseer.core.files import write_json, write_text
from landseer.core.memory import keep_freed_memory
from landseer.core.seeds import generator
from landseer.feed.targets import make_evaluation
from landseer.metrics.evaluation import Evaluation
from landseer.predict import (
    MemberSource,
    PredictOptions,
    load_model_folder,
    predict_files,
    save_model_folder,
)
from landseer.recipe.load import load_recipe
from landseer.recipe.template import fill_template
from landseer.run.context import Run, open_run
from landseer.run.held_out import held_out_trial
from landseer.run.runner import run_stages
from landseer.samples.table import read_samples, usable
from landseer.select.value_counts import ALL_SEEDS, count_values
from landseer.submit.geopose_files import AGL_SUFFIX, FLOW_SUFFIX, read_pose

METRIC = "geopose_r2"
RESAMPLES = 2000


@dataclass(frozen=True)
class Variant:
    """One rung: a name and what it changes."""

    name: str
    changes: tuple[str, ...]


VARIANTS = (
    Variant("the demo's recipe", ()),
    Variant("turns and mirrors in augmentation", ("augment.d4=true", "augment.rotate_deg=22")),
    Variant(
        "squared error instead of Huber",
        ("targets.agl.loss=[{kind: mse}]", "targets.mag.loss=[{kind: mse}]"),
    ),
)


@dataclass(frozen=True)
class Judged:
    """What was counted of one variant out of fold: (n, F) by set of views, and who the samples are."""

    evaluation: Evaluation
    counts: dict[str, NDArray[np.float64]]
    sites: tuple[str, ...]
    groups: tuple[str, ...]


def main() -> None:
    """Run every variant and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("ladder_geopose"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/ladder_geopose.json"))
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("changes", nargs="*", help="key=value laid over every variant")
    arguments = parser.parse_args()
    keep_freed_memory()
    data, demo = arguments.work / "data", DEMOS["geopose"]
    if not data.exists():
        demo.make(data, None, None, arguments.seed)
    recipe = arguments.work / "geopose.yaml"
    write_text(recipe, fill_template("geopose", name="ladder", root=data.resolve()))
    rows: list[dict[str, Any]] = []
    reference: Judged | None = None
    for number, variant in enumerate(VARIANTS):
        folder = arguments.work / ("run" if number == 0 else f"run{number}")
        _share_audit(arguments.work / "run", folder)
        changes = (*demo.small, *arguments.changes, *variant.changes)
        run = open_run(load_recipe(recipe, changes), folder)
        run_stages(run, until="select")
        judged = _judge(run)
        reference = reference or judged
        rows += _rows(variant.name, judged, reference)
        if number == 0:
            rows += _ensemble(run, data)
        write_json(arguments.out, {"metric": METRIC, "rows": rows})
        for row in rows:
            print(_line(row), flush=True)


def _share_audit(first: Path, folder: Path) -> None:
    """Copy the audit of the first variant: the stages find it up to date."""
    if folder == first or folder.exists() or not first.exists():
        return
    for name in ("audit", ".stages"):
        shutil.copytree(first / name, folder / name)


def _judge(run: Run) -> Judged:
    """Count every held-out tile under every set of views."""
    trial, held = held_out_trial(run)
    sets = list(trial.oof)
    counts = count_values(trial, held.positions)
    return Judged(
        trial.evaluation, {tta: counts[tta, ALL_SEEDS] for tta in sets}, held.sites, held.groups
    )


def _rows(name: str, judged: Judged, reference: Judged) -> list[dict[str, Any]]:
    """Compare a variant under both sets of views with the reference as it is seen."""
    rows = []
    for tta, counts in judged.counts.items():
        value, low, high = _interval(judged, counts)
        row = {"variant": f"{name}, views {tta}", "value": value, "low": low, "high": high}
        if not (judged is reference and tta == "none"):
            row |= _difference(judged, counts, reference.counts["none"])
        row["scores"] = judged.evaluation.scores(counts, judged.sites)
        rows.append(row)
    return rows


def _draws(judged: Judged) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Return how often each place is in each resample, each tile's place and the names of sites."""
    places = sorted(set(judged.groups))
    rng = generator(0, "ladder")
    picks = rng.integers(len(places), size=(RESAMPLES, len(places)))
    times = np.stack([np.bincount(pick, minlength=len(places)) for pick in picks])
    place = np.array([places.index(group) for group in judged.groups])
    return times, place, sorted(set(judged.sites))


def _resampled(judged: Judged, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score every resample of places."""
    times, place, sites = _draws(judged)
    site = np.array([sites.index(name) for name in judged.sites])
    pooled = np.zeros((times.shape[1], len(sites), counts.shape[1]))
    np.add.at(pooled, (place, site), counts)
    sums = np.einsum("rg,gsf->rsf", times, pooled)
    return np.array([judged.evaluation.scores(one, sites)[METRIC] for one in sums])


def _interval(judged: Judged, counts: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return a score with its 95 % interval over places."""
    value = judged.evaluation.scores(counts, judged.sites)[METRIC]
    low, high = np.nanquantile(_resampled(judged, counts), [0.025, 0.975])
    return value, float(low), float(high)


def _difference(
    judged: Judged, counts: NDArray[np.float64], reference: NDArray[np.float64]
) -> dict[str, float]:
    """Return a variant less the reference, with the paired interval."""
    one, two = (judged.evaluation.scores(c, judged.sites)[METRIC] for c in (counts, reference))
    low, high = np.nanquantile(
        _resampled(judged, counts) - _resampled(judged, reference), [0.025, 0.975]
    )
    return {
        "difference": one - two,
        "difference_low": float(low),
        "difference_high": float(high),
    }


def _ensemble(run: Run, data: Path) -> list[dict[str, Any]]:
    """Score each member and all of them on new places, with the paired interval over places of what all bring."""
    spec, _ = load_model_folder(_model(run))
    together = _judge_new(run, data, run.path("model"), run.path("predictions"))
    rows, single = [], []
    for member in spec.members:
        folder = run.path(f"alone/fold{member.fold}")
        source = MemberSource(run.path("model") / member.file, member.fold, member.seed)
        save_model_folder(folder, spec, [source])
        alone = _judge_new(run, data, folder, run.path(f"alone/predictions{member.fold}"))
        value, low, high = _interval(alone, alone.counts[""])
        name = f"new places: member of fold {member.fold}"
        rows.append({"variant": name, "value": value, "low": low, "high": high})
        single.append(alone)
    value, low, high = _interval(together, together.counts[""])
    brought = np.mean(
        [_resampled(together, together.counts[""]) - _resampled(s, s.counts[""]) for s in single],
        axis=0,
    )
    ends = np.nanquantile(brought, [0.025, 0.975])
    rows.append(
        {
            "variant": "new places: all members, against the mean of the members",
            "value": value,
            "low": low,
            "high": high,
            "difference": value - float(np.mean([row["value"] for row in rows])),
            "difference_low": float(ends[0]),
            "difference_high": float(ends[1]),
        }
    )
    return rows


def _judge_new(run: Run, data: Path, model: Path, out: Path) -> Judged:
    """Predict the test side and count each tile against its clean truth."""
    predict_files(model, [data / "test"], out, PredictOptions())
    frame = usable(read_samples(run.path("samples.parquet")), side="test")
    evaluation = make_evaluation(
        {name: spec for name, spec in run.recipe.target_specs.items() if name != "mag"}, ()
    )
    counts = [
        evaluation.count(_pose(data / "truth" / "test", sample), _pose(out, sample))
        for sample in frame["sample"]
    ]
    groups = [
        str(group or sample) for group, sample in zip(frame["group"], frame["sample"], strict=True)
    ]
    return Judged(evaluation, {"": np.stack(counts)}, tuple(frame["site"]), tuple(groups))


def _pose(folder: Path, sample: str) -> dict[str, NDArray[np.generic]]:
    """Read heights, direction and flow scale of one tile."""
    pose = read_pose(folder / f"{sample}{AGL_SUFFIX}", folder / f"{sample}{FLOW_SUFFIX}")
    direction = np.array([np.sin(pose.angle_rad), np.cos(pose.angle_rad)])
    return {"agl": pose.agl_m, "direction": direction, "scale": np.array(pose.scale_px_per_m)}


def _model(run: Run) -> Path:
    """Bring the model folder up to date."""
    run_stages(run, until="select")
    return run.path("model")


def _line(row: dict[str, Any]) -> str:
    """Write one row."""
    text = f"{row['variant']}: {row['value']:.3f}"
    if row["low"] is not None:
        text += f" ({row['low']:.3f} to {row['high']:.3f})"
    if "difference" in row:
        ends = f"{row['difference_low']:+.3f} to {row['difference_high']:+.3f}"
        text += f", against the reference {row['difference']:+.3f} ({ends})"
    return text


if __name__ == "__main__":
    main()
