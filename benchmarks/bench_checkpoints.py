"""What do several checkpoints bring: best epochs, EMA, SWA and soups on the same made tiles and folds?

    python benchmarks/bench_checkpoints.py --out benchmarks/results/checkpoints.json

Every contender is made of the same few trainings. `out of fold` is its pooled score on the folds that its members did
not train on, but by which epochs and ingredients were chosen; `new places` is the mean score of its members, each
alone, on tiles of places that nothing was chosen by. What choosing flatters is how much more is gained on the former
than on the latter, both against the last epoch, which nothing chose. Intervals are paired, over places.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.files import read_json, write_json, write_text
from landseer.core.memory import keep_freed_memory
from landseer.core.seeds import derive
from landseer.feed.loader import Loader
from landseer.feed.source import Source
from landseer.metrics.bootstrap import interval
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score
from landseer.models.store import load_member
from landseer.predict.ensemble import Ensemble, Voting
from landseer.raster.label import read_label
from landseer.recipe.load import load_recipe
from landseer.recipe.template import fill_template
from landseer.run.context import Run, open_run
from landseer.run.losses import weighed_losses
from landseer.run.model_stages import make_job, make_model, make_source, members_of, trainable
from landseer.run.runner import run_stages
from landseer.samples.table import read_samples
from landseer.synth import KelpSynthConfig, make_kelp
from landseer.train.config import Ema, Soup, Swa, TrainConfig
from landseer.train.fit import TRAINED, fit_member, ingredient_file, weights_file
from landseer.train.soup import cook_member

SMALL = (
    "split={kind: group_kfold, n_folds: 3}", "inputs.indices=[]", "inputs.fixed_range={qa: [0, 1]}",
    "model.encoder=resnet10t", "model.weights=none", "model.decoder_channels=[64, 48, 32, 24, 16]",
    "augment.crop_px=176", "model.scale=0.5", "train.epochs=8", "train.samples_per_epoch=96", "train.batch_size=8",
    "train.optimiser.lr=2.0e-3", "train.optimiser.weight_decay=0.01", "train.keep_best=8", "train.images=0",
    "train.precision=fp32",
)  # fmt: skip
BEST = 4
REFERENCE, UNCHOSEN = "single best epoch", "last epoch"
Counts = NDArray[np.int64]


def main() -> None:
    """Train, make the contenders, score them and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("checkpoints"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/checkpoints.json"))
    parser.add_argument("--train", type=int, default=90)
    parser.add_argument("--test", type=int, default=30)
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2], choices=range(3))
    arguments = parser.parse_args()
    keep_freed_memory()
    started = time.perf_counter()
    data, recipe = arguments.work / "data", arguments.work / "kelp.yaml"
    if not recipe.exists():
        make_kelp(data, KelpSynthConfig(train=arguments.train, test=arguments.test, seed=42))
        write_text(recipe, fill_template("kelp", name="checkpoints", root=data.resolve()))
    run = open_run(
        load_recipe(recipe, (*SMALL, f"train.folds={arguments.folds}")), arguments.work / "run"
    )
    run_stages(run, until="statistics")
    contenders = _contenders(run)
    held, new = _held_out(run, contenders), _new_places(run, contenders, data)
    result = {
        "train": arguments.train,
        "test": arguments.test,
        "folds": arguments.folds,
        "rows": [_row(name, held, new) for name in contenders],
        "soups": _greedy(run),
        "seconds": round(time.perf_counter() - started),
    }
    write_json(arguments.out, result)
    print(_markdown(result["rows"]))


def _contenders(run: Run) -> dict[str, dict[int, list[list[Path]]]]:
    """Train, and return by contender and fold the files of each network that votes."""
    found: dict[str, dict[int, list[Path]]] = {}
    frame = trainable(run)
    source = make_source(run, frame)
    plain = run.recipe.train
    for member in members_of(run):
        base = make_job(run, frame, source, member, run.path(f"folds/{member.name}"))
        losses = weighed_losses(run, frame.iloc[list(base.train)])

        def fit(
            name: str,
            config: TrainConfig,
            seed: int = base.seed,
            base: Any = base,
            losses: Any = losses,
        ) -> Path:
            job = replace(base, folder=base.folder / name, seed=seed)
            fit_member(job, make_model(run, base.seed), losses, run.recipe.augment, config)
            return job.folder

        def cook(
            name: str, soup: Soup, trained: list[Path], base: Any = base, losses: Any = losses
        ) -> Path:
            config = plain.model_copy(update={"soup": soup, "seeds": (0, 1)})
            job = replace(base, folder=base.folder / name)
            folders = [_as_ingredients(job.folder / str(n), one) for n, one in enumerate(trained)]
            cook_member(
                job, make_model(run, base.seed), losses, run.recipe.augment, config, folders
            )
            return job.folder / weights_file(0)

        first, second = fit("plain", plain), fit("other_seed", plain, derive(base.seed, "soup", 1))
        ema = fit("ema", plain.model_copy(update={"average": Ema(decay=0.98)}))
        swa = fit("swa", plain.model_copy(update={"average": Swa(start=0.5)}))
        best = [first / weights_file(rank) for rank in range(BEST)]
        others = [second / weights_file(rank) for rank in range(BEST)]
        made = {
            UNCHOSEN: [first / weights_file(_last(first))],
            REFERENCE: best[:1],
            f"best {BEST} epochs, predictions averaged": best,
            "EMA 0.98, best epoch": [ema / weights_file(0)],
            "EMA 0.98, last epoch": [ema / weights_file(_last(ema))],
            "SWA from half, best epoch": [swa / weights_file(0)],
            "SWA from half, last epoch": [swa / weights_file(_last(swa))],
            f"uniform soup of the best {BEST}": [cook("uniform", Soup(kind="uniform"), [first])],
            f"greedy soup of the best {BEST}": [cook("greedy", Soup(kind="greedy"), [first])],
            "two seeds, predictions averaged": [best[0], others[0]],
            "uniform soup over two seeds": [
                cook("seeds_uniform", Soup(kind="uniform", over="seeds"), [first, second])
            ],
            "greedy soup over two seeds": [
                cook("seeds_greedy", Soup(kind="greedy", over="seeds"), [first, second])
            ],
        }
        for name, files in made.items():
            found.setdefault(name, {})[member.fold] = files
    return found


def _last(folder: Path) -> int:
    """Return the rank of a training's last epoch."""
    epochs = read_json(folder / "done.json")["kept_epochs"]
    return int(epochs.index(max(epochs)))


def _as_ingredients(folder: Path, trained: Path) -> Path:
    """Lay the best epochs of a training out as what goes into a soup."""
    result = read_json(trained / "done.json")
    for rank in range(BEST):
        target = folder / ingredient_file(rank)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(trained / weights_file(rank), target)
    write_json(folder / TRAINED, result | {"kept_goodness": result["kept_goodness"][:BEST]})
    return folder


def _counts(
    run: Run,
    files: Sequence[Path],
    source: Source,
    positions: Sequence[int],
    truth: Callable[[str], Any],
) -> dict[str, Counts]:
    """Count the pixels of some samples under the mean of some networks."""
    models = [load_member(path, make_model(run, 0, pretrained=False)).eval() for path in files]
    ensemble = Ensemble(models, models[0].quantities, Voting(tta="none")).eval()
    result = {}
    for batch in Loader(source, list(positions), batch_size=8):
        with torch.no_grad():
            values = ensemble(batch["image"], batch["gsd_m"])
        for name, chances, (height, width) in zip(
            batch["samples"], values["mask"], batch["sizes"], strict=True
        ):
            decided = chances.argmax(0)[:height, :width].numpy().astype(np.uint8)
            result[name] = confusion_matrix(truth(name), decided, 2)
    return result


def _held_out(run: Run, contenders: Any) -> dict[str, Any]:
    """Count each sample under the members of its own fold."""
    frame = trainable(run)
    source, labels = (
        make_source(run, frame),
        dict(zip(frame["sample"], frame["label"], strict=True)),
    )
    counts: dict[str, list[Counts]] = {}
    for name, folds in contenders.items():
        found: dict[str, Counts] = {}
        for fold, files in folds.items():
            positions = np.flatnonzero(frame["fold"].to_numpy() == fold).tolist()
            found |= _counts(
                run, files, source, positions, lambda s: read_label(Path(labels[s]), run.classes)
            )
        counts[name] = [found[sample] for sample in frame["sample"] if sample in found]
    groups = frame["group"][frame["fold"].isin(list(contenders[REFERENCE]))].tolist()
    return {"counts": {n: np.stack(c)[:, None] for n, c in counts.items()}, "groups": groups}


def _new_places(run: Run, contenders: Any, data: Path) -> dict[str, Any]:
    """Count each test sample under every fold's networks alone: (n, folds, C, C)."""
    frame = read_samples(run.path("samples.parquet"))
    frame = frame[frame["side"] == "test"].reset_index(drop=True)
    truths = data / "truth/test_kelp"
    source, positions = make_source(run, frame), range(len(frame))
    counts = {}
    for name, folds in contenders.items():
        each = [
            _counts(
                run,
                files,
                source,
                positions,
                lambda s: read_label(truths / f"{s}_kelp.tif", run.classes),
            )
            for files in folds.values()
        ]
        counts[name] = np.stack([[one[sample] for one in each] for sample in frame["sample"]])
    return {"counts": counts, "groups": frame["group"].tolist()}


def _dice(sums: Counts) -> float:
    """Return the Dice of kelp, averaged over members: (members, C, C)."""
    return float(np.mean([score(one, ("water", "kelp"))["dice_kelp"] for one in sums]))


def _row(name: str, held: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Score one contender and compare it with the single best epoch."""
    row: dict[str, Any] = {"contender": name}
    for key, side in (("oof", held), ("new", new)):
        own, base = side["counts"][name], side["counts"][REFERENCE]
        both = np.stack([own, base], axis=1)
        row[key] = _dice(own.sum(0))
        row[f"{key}_gain"] = row[key] - _dice(base.sum(0))
        row[f"{key}_low"], row[f"{key}_high"] = interval(
            both,
            side["groups"],
            lambda sums: _dice(sums[0]) - _dice(sums[1]),
            n=500,
            level=0.95,
            seed=0,
        )
    unchosen = {k: _dice(s["counts"][UNCHOSEN].sum(0)) for k, s in (("oof", held), ("new", new))}
    row["flattered"] = (row["oof"] - unchosen["oof"]) - (row["new"] - unchosen["new"])
    return row


def _greedy(run: Run) -> dict[str, list[int]]:
    """Say how many ingredients each greedy soup took."""
    found: dict[str, list[int]] = {}
    for member in members_of(run):
        for name in ("greedy", "seeds_greedy"):
            soup = read_json(run.path(f"folds/{member.name}/{name}/done.json"))["soup"]
            found.setdefault(name, []).append(len(soup["ingredients"]))
    return found


def _markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| | out of fold | against the single best epoch | new places | against the single best epoch | flattered by |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = [row["contender"]]
        for key in ("oof", "new"):
            cells += [
                f"{row[key]:.3f}",
                f"{row[f'{key}_gain']:+.3f} ({row[f'{key}_low']:+.3f} to {row[f'{key}_high']:+.3f})",
            ]
        lines.append(f"| {' | '.join(cells)} | {row['flattered']:+.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
