"""What each choice is worth on a run's out-of-fold predictions, each judged on folds that it was not chosen on.

    python benchmarks/bench_choices.py RUN --out benchmarks/results/choices_kelp.json

RUN is trained with several seeds; with `train.keep_best` and `select.checkpoints=choose` epochs are choices too. Every
row is compared with the first one, a single member at its best epoch, in pairs over the same resamples of places.
Nothing is trained. What `landseer trees`, `tune` and `selftrain` found, in RUN or where `--tuned` and `--taught` say,
is put beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from landseer.core.files import read_json, write_json
from landseer.metrics.confusion import Matrix
from landseer.recipe.load import load_recipe
from landseer.report.versus_page import Side
from landseer.run.choose_stage import held_samples
from landseer.run.context import Run, open_run
from landseer.run.model_stages import members_of, trainable
from landseer.run.versus import count_side
from landseer.select.choose import select
from landseer.select.config import SelectConfig
from landseer.select.selection import Selection
from landseer.select.versus import compare_counts


class Choice(NamedTuple):
    """A row: its name, the seeds and sets of predictions that it may take, and how it chooses among them."""

    name: str
    seeds: tuple[int, ...]
    sets: tuple[str, ...]
    changes: dict[str, Any]


KEPT = {
    "calibration": {"judgements": ("kind", "figures", "differences")},
    "trees": {"kinds": ("name", "score", "network_gain")},
}
"""What is kept of long files: parts of a list."""


def main() -> None:
    """Judge every choice and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tuned", type=Path, help="a run that was tuned")
    parser.add_argument("--taught", type=Path, help="a run that taught itself")
    arguments = parser.parse_args()
    run = open_run(load_recipe(arguments.run), arguments.run)
    rows: list[dict[str, Any]] = []
    first: Matrix | None = None
    for choice in choices_of(run):
        selection, counts = judge(run, choice)
        first = counts if first is None else first
        rows.append(row_of(run, choice, selection, first, counts))
        print(rows[-1], flush=True)
    metric = run.recipe.select.metric
    beside = said_by(run.folder, arguments.tuned, arguments.taught)
    write_json(arguments.out, {"metric": metric, "rows": rows} | beside)


def choices_of(run: Run) -> Iterator[Choice]:
    """List the choices that the run's predictions allow, from the simplest."""
    seeds = run.recipe.train.member_seeds
    there = {path.name for path in run.path("oof").iterdir() if path.is_dir()}
    plain, turned = by_epochs(there, "none"), by_epochs(there, "d4")
    one, plainly = plain[:1], {"threshold": "argmax"}
    yield Choice("a single member, its best epoch", seeds[:1], one, plainly)
    if len(plain) > 1:
        yield Choice("its best epochs averaged", seeds[:1], plain[-1:], plainly)
    if len(seeds) > 1:
        yield Choice("all seeds averaged", seeds, one, plainly)
    if turned:
        yield Choice("eight views", seeds[:1], turned[:1], plainly)
    tuned, careful = {"threshold": "tune"}, {"threshold": "cautious"}
    yield Choice("a threshold", seeds[:1], one, tuned)
    yield Choice("a threshold where its gain is clear", seeds[:1], one, careful)
    whole = (*one, *plain[-1:], *turned[:1], *turned[-1:])
    yield Choice("all of these, members alike", seeds, whole, tuned)
    yield Choice("the same, a threshold where its gain is clear", seeds, whole, careful)
    yield Choice(
        "all of these, members by their scores", seeds, whole, {"weights": "fold_score", **tuned}
    )
    yield Choice("all of these, members by their ranks", seeds, whole, {"weights": "rank", **tuned})
    yield Choice("all of these, shares fitted", seeds, whole, {"weights": "fitted", **tuned})
    yield Choice(
        "shares fitted, a threshold where its gain is clear",
        seeds,
        whole,
        {"weights": "fitted", **careful},
    )
    apart = tuple(sorted(name for name in there if "+epoch" in name)) or whole
    yield Choice("greedy among all of them", seeds, apart, {"weights": "greedy", **tuned})
    yield Choice(
        "greedy, a threshold where its gain is clear",
        seeds,
        apart,
        {"weights": "greedy", **careful},
    )


def by_epochs(there: set[str], views: str) -> tuple[str, ...]:
    """List the sets of these views, the one of the fewest epochs first and that of all last."""
    counted = sorted(
        (int(name.rpartition("+best")[2]), name)
        for name in there
        if name.startswith(f"{views}+best")
    )
    return (*(name for _, name in counted), *((views,) if views in there else ()))


def judge(run: Run, choice: Choice) -> tuple[Selection, Matrix]:
    """Choose, and count every held-out sample as its fold was judged."""
    frame = trainable(run)
    frame = frame[frame["fold"].isin({member.fold for member in members_of(run)})]
    oof = {
        name: {s: run.path(f"oof/{name}/seed{s}") for s in choice.seeds}
        for name in dict.fromkeys(choice.sets)
    }
    config = SelectConfig(
        metric=run.recipe.select.metric, resamples=run.recipe.select.resamples, **choice.changes
    )
    selection = select(frame, oof, run.classes, config, seed=run.recipe.seed)
    side = Side(
        name=choice.name,
        bands=run.bands,
        classes=run.classes,
        selection=selection,
        oof=run.path(f"oof/{selection.tta}/seed{choice.seeds[0]}"),
        rows=frame.set_index("sample", drop=False),
    )
    return selection, count_side(side, list(frame["sample"]))


def row_of(
    run: Run, choice: Choice, selection: Selection, first: Matrix, counts: Matrix
) -> dict[str, Any]:
    """Say what a choice scores and what it brings."""
    frame = trainable(run)
    held = held_samples(frame[frame["fold"].isin({member.fold for member in members_of(run)})])
    found = compare_counts(
        (first, counts), held.samples, held.groups, run.classes, run.recipe.select.metric, seed=0
    )
    return {
        "choice": choice.name,
        "value": selection.crossfit.value,
        "low": selection.crossfit.low,
        "high": selection.crossfit.high,
        "optimistic": selection.optimistic.value,
        "difference": found.whole.difference,
        "difference_low": found.whole.low,
        "difference_high": found.whole.high,
    }


def said_by(run: Path, tuned: Path | None, taught: Path | None) -> dict[str, Any]:
    """Return what the verbs say of calibration, trees, a search and a round of self-training, where they ran."""
    files = {
        "calibration": run / "calibration.json",
        "trees": run / "trees/trees.json",
        "tune": (tuned or run) / "tune/rescore.json",
        "selftrain": (taught or run) / "selftrain/rounds.json",
    }
    found = {name: read_json(path) for name, path in files.items() if path.is_file()}
    for name, keys in KEPT.items():
        for part, kept in keys.items() if name in found else ():
            found[name] = [{key: one[key] for key in kept} for one in found[name][part]]
    return found


if __name__ == "__main__":
    main()
