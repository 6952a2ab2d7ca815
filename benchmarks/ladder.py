"""What each finding of the kelp system is worth on made data, one change at a time.

    python benchmarks/ladder.py --out benchmarks/results/ladder.json [--variants 0 6 7]

Every variant is trained on the same tiles. `out of fold` is the honest score of its own folds, with its
interval over places; `new places` is the score of its model on test tiles of places that no variant has
seen, against their clean truth.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landseer.cli.demo_tiles import SMALL
from landseer.core.files import write_json, write_text
from landseer.core.memory import keep_freed_memory
from landseer.predict import (
    MemberSource,
    MemberSpec,
    PredictOptions,
    load_model_folder,
    predict_files,
    save_model_folder,
)
from landseer.recipe.load import load_recipe
from landseer.recipe.template import fill_template
from landseer.run.context import Run, open_run
from landseer.run.runner import run_stages
from landseer.select.selection import read_selection
from landseer.submit import score_paths
from landseer.synth import KelpSynthConfig, make_kelp

BANDS_ONLY = ("inputs.indices=[]", "inputs.fixed_range={qa: [0, 1]}")
NO_MASK = ("inputs.keep_index_where=null",)


@dataclass(frozen=True)
class Variant:
    """One rung: a name, what it changes, and what it asks."""

    name: str
    changes: tuple[str, ...]
    question: str


VARIANTS = (
    Variant(
        "the kelp recipe, small", (), "the reference: grouped folds, quantiles, 17 masked indices"
    ),
    Variant("random folds", ("split={kind: random, n_folds: 3}",), "does a random split flatter?"),
    Variant(
        "per-sample quantile",
        ("inputs.normalise={kind: sample_quantile, low: 0.01, high: 0.99}",),
        "quantiles of the data set against those of each sample",
    ),
    Variant("no indices", BANDS_ONLY, "what are the 17 indices worth?"),
    Variant("indices, not masked", NO_MASK, "what is masking land and bad pixels worth?"),
    Variant("z-score", ("inputs.normalise={kind: zscore}",), "quantile against z-score"),
    Variant(
        "no weighted sampler",
        ("train.sampler=uniform",),
        "what is drawing kelp tiles more often worth?",
    ),
    Variant("cross-entropy", ("loss=[{kind: ce}]",), "Dice against cross-entropy"),
)


def main() -> None:
    """Run every variant and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("ladder"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/ladder.json"))
    parser.add_argument("--train", type=int, default=160)
    parser.add_argument("--test", type=int, default=60)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument(
        "--variants",
        type=int,
        nargs="+",
        choices=range(len(VARIANTS)),
        default=range(len(VARIANTS)),
        help="numbers of the variants, 0 the reference; all of them share the audit of the first one",
    )
    parser.add_argument("changes", nargs="*", help="key=value laid over every variant")
    arguments = parser.parse_args()
    keep_freed_memory()
    config = KelpSynthConfig(train=arguments.train, test=arguments.test, seed=arguments.seed)
    data = arguments.work / "data"
    make_kelp(data, config)
    recipe = arguments.work / "kelp.yaml"
    write_text(recipe, fill_template("kelp", name="ladder", root=data.resolve()))
    rows: list[dict[str, Any]] = []
    for number in arguments.variants:
        variant, folder = VARIANTS[number], arguments.work / f"run{number}"
        _share_audit(arguments.work / f"run{arguments.variants[0]}", folder)
        overrides = (*SMALL, *arguments.changes, *variant.changes)
        run = open_run(load_recipe(recipe, overrides), folder)
        run_stages(run, until="select")
        rows.append(_row(variant, run, data))
        if number == 0:
            rows.append(_single(run, data))
        write_json(arguments.out, {"train": config.train, "test": config.test, "rows": rows})
        print(_markdown(rows), flush=True)


def _share_audit(first: Path, folder: Path) -> None:
    """Copy the audit of the first variant: the stages find it up to date."""
    if folder == first or folder.exists() or not first.exists():
        return
    for name in ("audit", ".stages"):
        shutil.copytree(first / name, folder / name)


def _row(variant: Variant, run: Run, data: Path) -> dict[str, Any]:
    """Score one variant."""
    selection = read_selection(run.path("selection.json"))
    return {
        "variant": variant.name,
        "question": variant.question,
        "oof": selection.crossfit.value,
        "low": selection.crossfit.low,
        "high": selection.crossfit.high,
        "new_places": _score(run.path("model"), data, run.path("predictions")),
    }


def _single(run: Run, data: Path) -> dict[str, Any]:
    """Score the members of the reference one by one on the new places."""
    spec, _ = load_model_folder(run.path("model"))
    values = [_alone(run, member, data) for member in spec.members]
    return {
        "variant": "its members alone (mean)",
        "question": "single against ensemble",
        "oof": None,
        "low": min(values),
        "high": max(values),
        "new_places": sum(values) / len(values),
    }


def _alone(run: Run, member: MemberSpec, data: Path) -> float:
    """Score one member by itself: a model folder whose only member it is."""
    spec, _ = load_model_folder(run.path("model"))
    source = MemberSource(run.path("model") / member.file, member.fold, member.seed)
    folder = run.path(f"alone/fold{member.fold}")
    save_model_folder(folder, spec, [source])
    return _score(folder, data, run.path(f"alone/predictions{member.fold}"))


def _score(model: Path, data: Path, out: Path) -> float:
    """Predict the test side and score it against its clean truth."""
    predict_files(model, [data / "test_satellite"], out, PredictOptions(overwrite=True))
    return score_paths(out, data / "truth" / "test_kelp", "kelp-dice").value


def _markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table as Markdown."""
    lines = ["| variant | out of fold | 95 % interval | new places |", "|---|---|---|---|"]
    for row in rows:
        oof = "–" if row["oof"] is None else f"{row['oof']:.3f}"
        lines.append(
            f"| {row['variant']} | {oof} | {row['low']:.3f} to {row['high']:.3f} "
            f"| {row['new_places']:.3f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
