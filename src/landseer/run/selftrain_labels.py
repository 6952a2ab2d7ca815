"""Pseudo-labels of one fold: predicted by its teacher, measured, chosen; streamed and resumable."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.core.files import atomic_path, hash_file, hash_value, read_json, write_json
from landseer.core.parallel import parallel_map
from landseer.errors import DataError, UsageError
from landseer.feed.source import SoftLabel, read_soft
from landseer.models.device import best_device
from landseer.models.model import Model
from landseer.models.store import load_member
from landseer.predict.ensemble import Ensemble, Voting
from landseer.predict.oof import oof_path, write_oof
from landseer.run.context import Run
from landseer.run.model_stages import (
    Member,
    make_model,
    make_source,
    members_of,
    oof_batches,
    precision_of,
    weights_of,
)
from landseer.run.selftrain_taught import CHOSEN, MADE, labels_folder
from landseer.samples.schema import is_missing
from landseer.select.selection import read_selection
from landseer.select.sets import parse_set
from landseer.selftrain.confidence import Sureness, disagreement, sureness
from landseer.selftrain.pick import pick

SURENESS = "sureness.csv"
"""In the folder of a fold's pseudo-labels: how sure each is, and whether it teaches."""


@dataclass(frozen=True, slots=True)
class Teacher:
    """Who teaches one fold: the run of the round before, its members, and the set of predictions that is averaged.

    Edges: where a mixture was chosen, its first set is taken, of all members alike.
    """

    run: Run
    members: tuple[Member, ...]
    tta: str

    @property
    def weights(self) -> list[Path]:
        """Files of all its networks."""
        wanted = parse_set(self.tta)
        return [path for member in self.members for path in wanted.of(weights_of(self.run, member))]


def teacher_of(student: Run, teacher: Run, fold: int) -> Teacher:
    """Say who teaches a fold: members that never saw its held-out labels, unless the recipe wants all."""
    config = student.recipe.selftrain
    members = [one for one in members_of(teacher) if config.teachers == "all" or one.fold == fold]
    tta = config.tta or read_selection(teacher.path("selection.json")).tta
    return Teacher(teacher, tuple(members), tta)


def make_labels(student: Run, teacher: Run, fold: int, candidates: gpd.GeoDataFrame) -> int:
    """Make and choose the pseudo-labels that teach a fold's students.

    Args:
        student: the run of this round; `labels/foldN/` in its folder takes everything.
        teacher: the run of the round before, chosen.
        fold: the fold.
        candidates: rows of samples that may teach it.

    Returns:
        How many were chosen.

    Raises:
        DataError: none may teach, or none is sure enough.
        UsageError: agreement is asked for of a single network.

    Edges: labels that are there are kept, as long as teacher and samples are the same.
    """
    require_some(len(candidates), fold)
    who, folder = teacher_of(student, teacher, fold), labels_folder(student, fold)
    _start_fresh_if_changed(folder, _made_by(who, candidates))
    networks = [
        load_member(path, make_model(teacher, 0, pretrained=False)).eval() for path in who.weights
    ]
    name = f"teach fold {fold}"
    predict_missing(who, networks, candidates, folder, name)
    parts: list[Path] = []
    if student.recipe.selftrain.pick.disagreement_at_most is not None:
        parts = _apart(who, networks, candidates, folder, name)
    found = _measure(student, folder, parts, list(candidates["sample"]))
    chosen = pick(found, student.recipe.selftrain.pick)
    if not chosen:
        raise DataError(
            f"expected pseudo-labels sure enough to teach fold {fold}; got none of {len(found)}, the surest of entropy "
            f"{min(one.entropy for one in found):.3f}",
            where=folder / SURENESS,
            do="loosen selftrain.pick",
        )
    _write(folder, found, chosen, candidates)
    return len(chosen)


def require_some(n_candidates: int, fold: int) -> None:
    """Stop where no sample may teach a fold.

    Raises:
        DataError: there is none.
    """
    if not n_candidates:
        raise DataError(
            f"expected samples without labels that may teach fold {fold}; got none",
            where="selftrain.unlabelled",
            do="name more of them; those of places that the fold holds out never teach it",
        )


def _made_by(who: Teacher, candidates: gpd.GeoDataFrame) -> dict[str, Any]:
    """Say what pseudo-labels depend on."""
    images = [(str(path), Path(path).stat().st_mtime_ns) for path in candidates["image"]]
    return {
        "teachers": [member.name for member in who.members],
        "weights": [hash_file(path) for path in who.weights],
        "tta": who.tta,
        "precision": who.run.recipe.train.precision,
        "samples": hash_value([list(candidates["sample"]), images]),
    }


def _start_fresh_if_changed(folder: Path, made: dict[str, Any]) -> None:
    """Forget pseudo-labels that another teacher made, or of other samples."""
    mark = folder / MADE
    if mark.exists() and read_json(mark) == made:
        return
    if folder.exists():
        shutil.rmtree(folder)
    write_json(mark, made)


def predict_missing(
    who: Teacher, networks: Sequence[Model], frame: gpd.GeoDataFrame, folder: Path, name: str
) -> None:
    """Predict samples as the average of networks and views, where `folder` does not have them yet.

    Edges: batches of which a sample is missing are predicted whole, since a network rounds otherwise in other company:
        what was stopped goes on to the same bytes.
    """
    train = who.run.recipe.train
    size = train.eval_batch_size or train.batch_size
    there = [oof_path(folder, sample).exists() for sample in frame["sample"]]
    batches_left = {number // size for number, is_there in enumerate(there) if not is_there}
    missing = [number for number in range(len(frame)) if number // size in batches_left]
    if not missing:
        return
    quantities = networks[0].quantities
    voting = Voting(tta=parse_set(who.tta).views)
    ensemble = Ensemble(networks, quantities, voting, precision=precision_of(who.run))
    # Whatever label a sample has is not read: nobody may learn from it here.
    source = make_source(who.run, frame.assign(label=None))
    batches = oof_batches(who.run, source, np.asarray(missing), name)
    write_oof(ensemble.to(best_device()).eval(), batches, folder)


def _apart(
    who: Teacher, networks: Sequence[Model], frame: gpd.GeoDataFrame, folder: Path, name: str
) -> list[Path]:
    """Predict by each network alone, to see where they disagree; return the folders."""
    if len(networks) < 2:
        raise UsageError(
            "expected two networks or more in each teacher, so that they can disagree; got one",
            where="selftrain.pick.disagreement_at_most",
            do="give train.seeds two or more, or leave the threshold out",
        )
    folders = [folder / f"network{number}" for number in range(len(networks))]
    for number, (network, into) in enumerate(zip(networks, folders, strict=True)):
        predict_missing(who, [network], frame, into, f"{name}, network {number}")
    return folders


def _measure(
    student: Run, folder: Path, parts: Sequence[Path], samples: Sequence[str]
) -> list[Sureness]:
    """Measure how sure each pseudo-label is."""

    def read(path: Path) -> NDArray[np.float32]:
        return read_soft(SoftLabel(path, temperature=student.recipe.selftrain.temperature))

    def one(sample: str) -> Sureness:
        apart = [read(oof_path(part, sample)) for part in parts]
        split = disagreement(apart) if apart else None
        return sureness(sample, read(oof_path(folder, sample)), split)

    workers = student.recipe.select.workers
    return list(parallel_map(one, samples, workers=workers, label="measure pseudo-labels"))


def _write(
    folder: Path, found: Sequence[Sureness], chosen: Sequence[Sureness], frame: gpd.GeoDataFrame
) -> None:
    """Write how sure each pseudo-label is, then the list of those that teach."""
    taken = {one.sample for one in chosen}
    head = ("sample", "chosen", "entropy", "probability", "disagreement", "class_px")
    with atomic_path(folder / SURENESS) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for one in found:
            apart = "" if one.disagreement is None else f"{one.disagreement:.6f}"
            counts = " ".join(map(str, one.class_px))
            figures = (f"{one.entropy:.6f}", f"{one.probability:.6f}", apart, counts)
            writer.writerow((one.sample, int(one.sample in taken), *figures))
    with atomic_path(folder / CHOSEN) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("sample", "image", "gsd_m", "site"))
        for row in frame[frame["sample"].isin(taken)].to_dict("records"):
            gsd = "" if np.isnan(row["gsd_m"]) else repr(float(row["gsd_m"]))
            site = "" if is_missing(row["site"]) else row["site"]
            writer.writerow((row["sample"], row["image"], gsd, site))


def read_sureness(folder: Path) -> list[tuple[Sureness, bool]]:
    """Read how sure each pseudo-label of a fold is, and whether it teaches."""
    with (folder / SURENESS).open(encoding="utf-8", newline="") as file:
        return [
            (
                Sureness(
                    row["sample"],
                    float(row["entropy"]),
                    float(row["probability"]),
                    tuple(int(n) for n in row["class_px"].split()),
                    float(row["disagreement"]) if row["disagreement"] else None,
                ),
                row["chosen"] == "1",
            )
            for row in csv.DictReader(file)
        ]
