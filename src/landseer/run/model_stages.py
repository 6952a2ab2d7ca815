"""Stages around the networks: train members, predict out of fold, choose."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from lightning.pytorch import Callback

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.files import hash_value, read_json, write_json
from landseer.core.progress import Progress
from landseer.core.references import Reference
from landseer.core.seeds import derive
from landseer.errors import StageError
from landseer.feed.loader import Loader
from landseer.feed.source import Item, Source
from landseer.models.device import best_device
from landseer.models.inputs import plan_inputs
from landseer.models.model import Model, build_model
from landseer.models.store import load_member
from landseer.models.targets import TargetSpec
from landseer.predict.ensemble import Ensemble, Precision, Voting
from landseer.predict.model_folder import MemberSource
from landseer.predict.oof import OofBatch, write_oof
from landseer.run.context import Run
from landseer.run.losses import weighed_losses
from landseer.run.mine_taken import mined_state, with_mined
from landseer.run.outside import training_files
from landseer.run.selftrain_taught import start_warm, taught_state, with_pseudo_labels
from landseer.run.track import open_tracking
from landseer.run.typical import with_typical
from landseer.samples.labelled import is_labelled
from landseer.samples.schema import is_missing, shorten
from landseer.samples.table import read_samples, usable
from landseer.select.selection import MixPart
from landseer.select.sets import candidate_sets, parse_set
from landseer.splits import takes_part, trains
from landseer.train.fit import fit_member, weights_file
from landseer.train.job import Job
from landseer.train.soup import cook_member

OOF_MARK = "oof/done.json"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the run: the fold that it does not see, and its seed."""

    fold: int
    seed: int

    @property
    def name(self) -> str:
        """Its folder's name below `folds/`."""
        return f"fold{self.fold}_seed{self.seed}"


def trainable(run: Run) -> gpd.GeoDataFrame:
    """Return the labelled samples that take part in folds."""
    frame = usable(read_samples(run.path("samples.parquet")), side="train")
    return frame[is_labelled(frame, run.references) & takes_part(frame)].reset_index(drop=True)


def members_of(run: Run) -> list[Member]:
    """List the members that the recipe asks for."""
    frame = trainable(run)
    folds = sorted(int(fold) for fold in frame["fold"].unique() if fold >= 0)
    wanted = folds if run.recipe.train.folds is None else list(run.recipe.train.folds)
    unknown = sorted(set(wanted) - set(folds))
    if unknown:
        raise StageError(f"expected folds among {folds}, got {unknown}", where="train.folds")
    return [Member(fold, seed) for seed in run.recipe.train.member_seeds for fold in wanted]


def train_members(run: Run, watch: Callable[[Member], Sequence[Callback]] = lambda _: ()) -> None:
    """Stage `train`: train each member that is not yet there.

    Args:
        run: the run.
        watch: what looks at a member's epochs while it trains, see `fit_member`.
    """
    frame = trainable(run)
    require_gsd(run, frame)
    source, tracking = make_source(run, frame), open_tracking(run)
    for member in members_of(run):
        folder = run.path(f"folds/{member.name}")
        start_fresh_if_changed(folder, member_key(run, member))
        if (folder / "done.json").exists() and (folder / "best.safetensors").exists():
            continue
        (folder / "done.json").unlink(missing_ok=True)
        watchers = [*tracking.watch(folder, member.name), *watch(member)]
        _train_member(run, frame, make_job(run, frame, source, member, folder), watchers)
        tracking.finish(folder, member.name)
    write_json(
        run.path("folds/members.json"),
        [read_json(run.path(f"folds/{member.name}/done.json")) for member in members_of(run)],
    )


def _train_member(
    run: Run, frame: gpd.GeoDataFrame, job: Job, watchers: Sequence[Callback]
) -> None:
    """Train one member, or what goes into its soup; all trainings of a soup start from the same weights."""
    train, augment = run.recipe.train, run.recipe.augment
    board = run.recipe.track.tensorboard != "off"
    losses = weighed_losses(run, frame.iloc[[i for i in job.train if i < len(frame)]])
    model = start_warm(run, job.member, make_model(run, job.seed))
    fit_member(job, model, losses, augment, train, watchers=watchers, tensorboard=board)
    if train.soup is None:
        return
    jobs = [job]
    for seed in train.seeds[1:] if train.soup.over == "seeds" else ():
        folder = job.folder / f"ingredients/seed{seed}"
        name, number = f"{job.member} seed {seed}", derive(job.seed, "soup", seed)
        start_fresh_if_changed(folder, f"{read_json(job.folder / 'key.json')['key']} {seed}")
        jobs.append(replace(job, folder=folder, member=name, seed=number))
        fit_member(jobs[-1], make_model(run, job.seed), losses, augment, train)
    model = make_model(run, job.seed, pretrained=False)
    cook_member(job, model, losses, augment, train, [one.folder for one in jobs])


def member_key(run: Run, member: Member) -> str:
    """Return the hash of all that a member's weights depend on."""
    keys = ("seed", "data", "inputs", "model", "targets", "balance", "loss", "augment")
    train = run.recipe_value("train")
    if len(run.recipe.train.member_seeds) == len(run.recipe.train.seeds):
        train.pop("seeds")
    for name in ("folds", "workers", "cache_gb", "images", "eval_batch_size", "profile"):
        train.pop(name)
    frame = trainable(run)
    barred = ["barred"] if (frame["barred"] != "").any() else []
    known = [one.column for one in run.references if one.column in frame.columns]
    table = frame[["sample", "fold", "weight", *barred, *known]].to_json()
    return hash_value(
        {
            "recipe": {key: run.recipe_value(key) for key in keys},
            "train": train,
            "monitor": monitor_of(run),
            "member": member.name,
            "samples": table,
            "files": training_files(run),
            "statistics": read_json(run.path("statistics.json")),
            **taught_state(run, member.fold),
            **mined_state(run, member.fold),
        }
    )


def start_fresh_if_changed(folder: Path, key: str) -> None:
    """Forget what a member's folder holds when it was trained from other inputs."""
    mark = folder / "key.json"
    if mark.exists() and read_json(mark)["key"] == key:
        return
    kept = [
        path.name
        for pattern in ("best*.ckpt", "best*.safetensors")
        for path in folder.glob(pattern)
    ]
    for name in ("done.json", "trained.json", "last.ckpt", "metrics.csv", *kept):
        (folder / name).unlink(missing_ok=True)
    write_json(mark, {"key": key})


def monitor_of(run: Run) -> str:
    """Return the score whose best epoch is kept."""
    return run.recipe.train.monitor or run.recipe.select.metric


def input_bands(run: Run) -> tuple[Band, ...]:
    """Return the bands that the model reads, in its order."""
    return plan_inputs(run.recipe.inputs, run.bands).bands


def make_source(run: Run, frame: gpd.GeoDataFrame, *, with_images: bool = True) -> Source:
    """Make the reader of a table's samples, in its order.

    Args:
        run: the run.
        frame: rows of the sample table.
        with_images: false reads labels and references alone.
    """
    wanted = {spec.reference_name(name) for name, spec in run.recipe.target_specs.items()}
    references = [one for one in run.references if one.name in wanted]
    items = [_item(row, references) for row in frame.to_dict("records")]
    bands = input_bands(run) if with_images else ()
    has_mask = any(spec.quantity == "mask" for spec in run.recipe.target_specs.values())
    classes = run.classes if has_mask else ClassTable((), ())
    return Source(items, bands, classes, run.recipe.train.cache_gb, references)


def _item(row: Mapping[Hashable, Any], references: Sequence[Reference]) -> Item:
    """Describe one row to the feed."""
    known: dict[str, Path | float] = {}
    for one in references:
        value = row.get(one.column)
        if not is_missing(value):
            known[one.name] = Path(str(value)) if one.kind == "raster" else float(value)  # type: ignore[arg-type]
    return Item(
        sample=row["sample"],
        image=Path(row["image"]),
        label=None if is_missing(row["label"]) else Path(row["label"]),
        references=known,
        gsd_m=float(row["gsd_m"]),
        site="" if is_missing(row["site"]) else str(row["site"]),
    )


def make_job(
    run: Run, frame: gpd.GeoDataFrame, source: Source, member: Member, folder: Path
) -> Job:
    """Describe one member's training."""
    fold = frame["fold"].to_numpy()
    train = np.flatnonzero(trains(frame, member.fold))
    job = Job(
        member=member.name,
        folder=folder,
        source=source,
        train=tuple(int(i) for i in train),
        held_out=tuple(int(i) for i in np.flatnonzero(fold == member.fold)),
        weights=frame["weight"].to_numpy(np.float64)[train],
        bands=input_bands(run),
        classes=run.classes,
        monitor=monitor_of(run),
        seed=derive(run.recipe.seed, "member", member.fold, member.seed),
        targets=specs_of(run),
        balance=run.recipe.balance,
    )
    return with_mined(run, with_pseudo_labels(run, job, member.fold), member.fold)


def specs_of(run: Run) -> dict[str, TargetSpec]:
    """Return what is predicted, real values in units that a network learns soon."""
    return with_typical(run, trainable(run))


def require_gsd(run: Run, frame: gpd.GeoDataFrame) -> None:
    """Stop where a head asks for ground sample distances that are not known.

    Raises:
        StageError: samples have none.
    """
    asks = [n for n, t in run.recipe.targets.items() if getattr(t.head, "gsd_cue", False)]
    unknown = frame["sample"][frame["gsd_m"].isna()]
    if asks and len(unknown):
        raise StageError(
            f"expected a ground sample distance for every sample; {len(unknown)} have none: {shorten(unknown)}",
            where=f"targets.{asks[0]}.head.gsd_cue",
            do="give data.gsd_m, georeferenced images, or switch the cue off",
        )


def make_model(run: Run, seed: int, *, pretrained: bool = True) -> Model:
    """Build the model that the recipe describes."""
    return build_model(
        run.recipe.inputs,
        run.recipe.model,
        run.bands,
        read_json(run.path("statistics.json")),
        len(run.classes),
        seed=seed,
        pretrained=pretrained,
        targets=specs_of(run),
    )


def tta_candidates(run: Run) -> list[str]:
    """List the sets of predictions that are to be judged out of fold, cheapest first; see `select.sets`."""
    wanted = run.recipe.select.tta
    views = [wanted] if isinstance(wanted, str) else list(wanted)
    named = ["none", "d4"] if wanted == "auto" else views
    return list(candidate_sets(named, run.recipe.select, run.recipe.train.n_networks))


def oof_state(run: Run) -> Any:
    """Return what out-of-fold predictions depend on besides members and `select.tta`."""
    select = run.recipe.select
    if not select.scales and select.checkpoints == "all":
        return training_files(run)
    return {"files": training_files(run), "sets": tta_candidates(run)}


def predict_out_of_fold(run: Run) -> None:
    """Stage `oof`: predict each fold with the members that never saw it."""
    frame = trainable(run)
    source = make_source(run, frame)
    device = best_device()
    for member in members_of(run):
        positions = np.flatnonzero(frame["fold"].to_numpy() == member.fold)
        models = [
            load_member(path, make_model(run, 0, pretrained=False)).eval()
            for path in weights_of(run, member)
        ]
        for tta in tta_candidates(run):
            wanted = parse_set(tta)
            ensemble = Ensemble(
                wanted.of(models),
                models[0].quantities,
                Voting(tta=wanted.views),
                precision=precision_of(run),
            )
            ensemble = ensemble.to(device).eval()
            batches = oof_batches(run, source, positions, f"predict {member.name} tta {tta}")
            write_oof(ensemble, batches, run.path(f"oof/{tta}/seed{member.seed}"))
    write_json(run.path(OOF_MARK), {"tta": tta_candidates(run), "members": len(members_of(run))})


def weights_of(run: Run, member: Member) -> list[Path]:
    """Return the files of a member's best epochs, the very best first."""
    folder = run.path(f"folds/{member.name}")
    count = read_json(folder / "done.json").get("kept", 1)
    return [folder / weights_file(rank) for rank in range(count)]


def epochs_of(
    run: Run, member: Member, mix: Sequence[MixPart], tta: str, share: float
) -> list[MemberSource]:
    """List the files by which a member takes part in a prediction, with their weights and views.

    Args:
        run: the run.
        member: the member.
        mix: what is mixed; empty: `tta` alone.
        tta: the set of predictions where nothing is mixed.
        share: the member's weight there.
    """
    paths = weights_of(run, member)
    parts = [(one.tta, one.share) for one in mix if one.seed == member.seed]
    sources: dict[tuple[int, str, str], MemberSource] = {}
    for name, weight in parts if mix else [(tta, share)]:
        wanted = parse_set(name)
        ranks = wanted.of(range(len(paths)))
        voice = name if len(ranks) > 1 else ""
        for rank in ranks:
            known = sources.get((rank, wanted.views, voice))
            sources[rank, wanted.views, voice] = MemberSource(
                path=paths[rank],
                fold=member.fold,
                seed=member.seed,
                weight=weight / len(ranks) + (known.weight if known else 0.0),
                rank=rank,
                tta=wanted.views if mix else None,
                voice=voice,
            )
    return list(sources.values())


def precision_of(run: Run) -> Precision:
    """Return what the networks predict in: what they trained in."""
    names: dict[str, Precision] = {
        "fp32": "float32",
        "auto": "auto",
        "bf16": "bf16",
        "fp16": "fp16",
    }
    return names[run.recipe.train.precision]


def oof_batches(run: Run, source: Source, positions: np.ndarray, label: str) -> Iterator[OofBatch]:
    """Read the samples of one fold in batches, with progress."""
    train = run.recipe.train
    size = train.eval_batch_size or train.batch_size
    with Progress(label, len(positions)) as progress:
        for batch in Loader(source, positions.tolist(), batch_size=size):
            yield OofBatch(batch["samples"], batch["image"], batch["sizes"], batch["gsd_m"])
            progress.advance(len(batch["samples"]))
