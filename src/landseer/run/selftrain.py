"""Self-training: round 0 is the run itself; each further round learns from the pseudo-labels of the one before."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.audit.pairs import read_pairs
from landseer.errors import UsageError
from landseer.recipe.load import validate
from landseer.recipe.overrides import apply_overrides
from landseer.recipe.schema import Recipe
from landseer.recipe.wording import nearest
from landseer.run.choose_stage import deciding_mask
from landseer.run.context import Run, locked
from landseer.run.leak_runs import bring_up
from landseer.run.model_stages import members_of, weights_of
from landseer.run.runner import run_stages
from landseer.run.selftrain_labels import make_labels, read_sureness, require_some
from landseer.run.selftrain_pictures import draw_labels, draw_rounds
from landseer.run.selftrain_taught import labels_folder
from landseer.run.stages import STAGES, VERBS
from landseer.run.versus import compare_runs
from landseer.samples.labelled import is_labelled
from landseer.samples.table import read_samples, usable
from landseer.select.selection import read_selection
from landseer.selftrain.bars import describe_unknown, may_teach, without_group
from landseer.selftrain.rounds import Round, Rounds, Taught, gain_of, write_rounds

HANDED_OVER = ("samples", "audit", "split")
"""Stages that a round does not run; it is given what they made."""

LATER = ("look", "suspects")
"""Stages that `landseer report` runs for a round, if anybody wants to see them."""

_LAST = [stage.name for stage in STAGES].index(VERBS["select"])
STUDENT_STAGES = tuple(
    stage.name for stage in STAGES[: _LAST + 1] if stage.name not in (*HANDED_OVER, *LATER)
)
"""Stages of a round: from the statistics to the model folder."""

TOO_GOOD = (
    "teachers: all. Teachers were trained on the labels by which their students are scored, and pass them on: the "
    "out-of-fold scores of rounds 1 and later are too good. Use same_fold for scores that hold on new places."
)
"""Said wherever the rule is set aside."""


def self_train(run: Run) -> Rounds:
    """Train in rounds on pseudo-labels, each round scored on true labels alone.

    A fold's student is taught by members of its own fold only, on samples that show no place of the fold: no label of
    a held-out sample reaches, by any way, the training of those that are scored on it. What is there is taken up.

    Args:
        run: the run; `selftrain/` in its folder takes a run folder for each round, and what was found.

    Returns:
        The rounds; `selftrain/rounds.json`, `rounds.csv` and `rounds.png` hold the same.

    Raises:
        UsageError: no score of class masks decides, samples whose labels are not trusted judge a fold, or they are
            named by a column that is not there.
        DataError: no sample without label may teach, or no pseudo-label is sure enough.
        StageError: another process works in the folder.
        LandseerError: as the stages do.
    """
    config = run.recipe.selftrain
    student_recipe(run.recipe, 1)
    if deciding_mask(run) is None:
        raise UsageError(
            f"expected a score of class masks to decide; got {run.recipe.select.metric}",
            where="select.metric",
        )
    notes = (TOO_GOOD,) if config.teachers == "all" else ()
    for note in notes:
        _say(f"warning: {note}")
    run_stages(run, until="select", checks={"split": require_candidates})
    rows, may = find_candidates(run)
    shared = Run(run.recipe, run.path("selftrain"))
    shared.folder.mkdir(parents=True, exist_ok=True)
    with locked(shared):
        done = _rounds(run, [first_round(run)], notes)
        while len(done.rounds) <= config.rounds and not done.is_over:
            one = _one_round(run, done, rows, may)
            done = _rounds(run, [*done.rounds, one], notes)
            write_rounds(done, shared.folder)
            draw_rounds(done, shared.path("rounds.png"))
    return done


def student_recipe(recipe: Recipe, number: int) -> Recipe:
    """Return the recipe of a round's students: the run's, with what `selftrain.student` changes.

    Raises:
        RecipeError: the changed recipe is not valid.
    """
    changes = [f"{key}={json.dumps(value)}" for key, value in recipe.selftrain.student.items()]
    values = apply_overrides(recipe.model_dump(mode="json"), changes).values
    values["name"] = f"{recipe.name}-round{number}"
    return validate(values, {}, "selftrain.student")


def find_candidates(run: Run) -> tuple[gpd.GeoDataFrame, NDArray[np.bool_]]:
    """List the samples that may get pseudo-labels, and (n, n_folds) which folds they may teach.

    Raises:
        UsageError: samples whose labels are not trusted are held out by a fold, or their column is not there.
    """
    config = run.recipe.selftrain.unlabelled
    frame = read_samples(run.path("samples.parquet"))
    pairs = read_pairs(run.path("audit/pairs.csv"))
    may = may_teach(frame, pairs, run.recipe.split)
    is_test = (frame["side"] == "test").to_numpy()
    is_used = frame["sample"].isin(usable(frame, None)["sample"]).to_numpy()
    labelled = is_labelled(frame, run.references).to_numpy()
    weak = _weak(frame, config.weak) & ~is_test & labelled
    judging = frame["sample"][weak & is_used & (frame["fold"] >= 0).to_numpy()]
    if len(judging):
        raise UsageError(
            f"expected samples whose labels are not trusted to judge no fold; {len(judging)} are held out, as is "
            f"{judging.iloc[0]}",
            where="selftrain.unlabelled.weak",
            do="name the same columns and values in split.train_only",
        )
    wanted = (is_test & config.test) | (~is_test & ~labelled & config.train) | weak
    lost = sorted(set(without_group(frame)) & set(frame["sample"][wanted & is_used]))
    if lost:
        _say(f"warning: {describe_unknown(lost)}")
    kept = np.flatnonzero(wanted & is_used & may.any(axis=1))
    return frame.iloc[kept].reset_index(drop=True), may[kept]


def require_candidates(run: Run) -> None:
    """Stop before anything is trained where a fold has nobody to teach it.

    Args:
        run: the run; its stage `split` is done.

    Raises:
        DataError: no sample without label may teach one of the folds that are trained.
        UsageError: as of `find_candidates`.
    """
    _, may = find_candidates(run)
    for fold in sorted({member.fold for member in members_of(run)}):
        require_some(int(may[:, fold].sum()), fold)


def first_round(run: Run) -> Round:
    """Describe the run itself."""
    return _scored(run, 0)


def _one_round(run: Run, done: Rounds, rows: gpd.GeoDataFrame, may: NDArray[np.bool_]) -> Round:
    """Make the pseudo-labels of a round, train its students and score them."""
    number = len(done.rounds)
    teacher = _run_of(run, number - 1)
    student = _run_of(run, number)
    hand_over(run, student)
    with locked(student):
        for fold in sorted({member.fold for member in members_of(teacher)}):
            _say(f"round {number}: pseudo-labels for fold {fold}")
            make_labels(student, teacher, fold, rows[may[:, fold]].reset_index(drop=True))
        _start_from(student, teacher)
        draw_labels(student, rows)
        _say(f"round {number}: students")
        bring_up(student, STUDENT_STAGES)
    found, _ = compare_runs((teacher.folder, student.folder), run.recipe.select.metric)
    first, _ = compare_runs((run.folder, student.folder), run.recipe.select.metric)
    return _scored(student, number).model_copy(
        update={
            "taught": _taught(student),
            "gain": gain_of(found.whole),
            "gain_on_first": gain_of(first.whole),
        }
    )


def hand_over(run: Run, student: Run) -> None:
    """Give a round the samples, audit, split and statistics of the run, with the stamps that say they are current."""
    student.folder.mkdir(parents=True, exist_ok=True)
    names = ["samples.parquet", "statistics.json"]
    names += [f".stages/{stage}.json" for stage in ("samples", "audit", "split", "statistics")]
    audit = run.path("audit")
    names += [
        path.relative_to(run.folder).as_posix()
        for path in sorted(audit.rglob("*"))
        if path.is_file() and not path.relative_to(audit).as_posix().startswith("suspects")
    ]
    for name in names:
        _copy_if_other(run.path(name), student.path(name))
    if run.path("scenes").exists() and not student.path("scenes").exists():
        student.path("scenes").symlink_to(run.path("scenes").resolve(), target_is_directory=True)


def _copy_if_other(source: Path, target: Path) -> None:
    """Copy a file unless the same is there; stamps that the student wrote itself stay."""
    if not source.exists() or (target.name == "statistics.json" and target.exists()):
        return
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _start_from(student: Run, teacher: Run) -> None:
    """Lay out the weights from which students begin, where they begin warm."""
    if not student.recipe.selftrain.warm_start:
        return
    for member in members_of(student):
        target = student.path(f"labels/start/{member.name}.safetensors")
        _copy_if_other(weights_of(teacher, member)[0], target)


def _run_of(run: Run, number: int) -> Run:
    """Return the run of a round."""
    if number == 0:
        return run
    return Run(student_recipe(run.recipe, number), run.path(f"selftrain/round{number}"))


def _scored(run: Run, number: int) -> Round:
    """Describe a chosen run."""
    found = read_selection(run.path("selection.json")).crossfit
    return Round(
        number=number, folder=str(run.folder), score=found.value, low=found.low, high=found.high
    )


def _rounds(run: Run, rounds: list[Round], notes: tuple[str, ...]) -> Rounds:
    """Put rounds together."""
    select, config = run.recipe.select, run.recipe.selftrain
    return Rounds(
        metric=select.metric,
        level=select.level,
        teachers=config.teachers,
        stop=config.stop,
        rounds=tuple(rounds),
        notes=notes,
    )


def _taught(student: Run) -> Taught:
    """Sum up the pseudo-labels of all folds."""
    folds = sorted({member.fold for member in members_of(student)})
    found = [one for fold in folds for one in read_sureness(labels_folder(student, fold))]
    taken = [one for one, is_chosen in found if is_chosen]
    return Taught(
        candidates=len(found),
        chosen=len(taken),
        entropy=float(np.mean([one.entropy for one in taken])),
        probability=float(np.mean([one.probability for one in taken])),
    )


def _weak(frame: gpd.GeoDataFrame, named: dict[str, tuple[Any, ...]]) -> NDArray[np.bool_]:
    """Tell which samples have any of the values.

    Raises:
        UsageError: a column is not there.
    """
    found = np.zeros(len(frame), bool)
    for column, values in named.items():
        if column not in frame.columns:
            raise UsageError(
                f"expected a column of the sample table; got {column!r}{nearest(column, frame.columns)}",
                where="selftrain.unlabelled.weak",
            )
        found |= frame[column].isin(list(values)).to_numpy()
    return found


def _say(text: str) -> None:
    """Tell people how far it is."""
    sys.stderr.write(f"selftrain: {text}\n")
    sys.stderr.flush()
