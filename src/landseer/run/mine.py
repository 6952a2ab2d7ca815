"""Mining: look through samples that hold nothing, find those that the model is wrong or sure about."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from landseer.audit.pairs import read_pairs
from landseer.core.files import atomic_path, hash_file
from landseer.core.parallel import parallel_map
from landseer.errors import DataError, UsageError
from landseer.models.store import load_member
from landseer.predict.oof import oof_path, read_oof
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.recipe.wording import nearest
from landseer.report.judged import how_judged, judge_held_out
from landseer.run.choose_stage import deciding_mask
from landseer.run.context import Run, locked
from landseer.run.losses import class_pixels
from landseer.run.mine_taken import COLUMNS
from landseer.run.model_stages import input_bands, make_model, members_of, trainable
from landseer.run.runner import run_stages
from landseer.run.selftrain_labels import Teacher, predict_missing
from landseer.samples.labelled import is_labelled
from landseer.samples.schema import is_missing
from landseer.samples.table import read_samples, usable
from landseer.select.selection import Selection, read_selection
from landseer.select.way import Rule
from landseer.selftrain.bars import may_teach
from landseer.selftrain.mined import Mined, factor_of, judge_empty, ranked, write_mined
from landseer.track.figures import SheetRow, save_figure, sheet_figure
from landseer.track.pixels import class_colours, paint, stretch
from landseer.train.pictures import composite

Prediction = tuple[NDArray[np.float32], NDArray[np.uint8]]


def mine(run: Run) -> list[Mined]:
    """Find the empty samples that the model is wrong or sure about.

    A labelled sample without a positive pixel is judged out of fold. One that the user declares empty is judged for
    each fold apart, by members of that fold, and only for folds that hold out nothing of its place.

    Args:
        run: the run; `mine/` in its folder takes `mined.csv`, `weights.csv` and `worst.png`.

    Returns:
        What was found, the worst first.

    Raises:
        UsageError: no score of class masks decides, or samples are declared empty by a column that is not there.
        DataError: there is no empty sample.
        LandseerError: as the stages do.
    """
    if deciding_mask(run) is None:
        raise UsageError(
            f"expected a score of class masks to decide; got {run.recipe.select.metric}",
            where="select.metric",
        )
    run_stages(run, until="select", checks={"split": declared_empty})
    declared, may = declared_empty(run)
    shared = Run(run.recipe, run.path("mine"))
    shared.folder.mkdir(parents=True, exist_ok=True)
    with locked(shared):
        selection = read_selection(run.path("selection.json"))
        found = ranked([*_labelled(run, selection), *_declared(run, selection, declared, may)])
        if not found:
            raise DataError(
                "expected samples that hold nothing but the first class; got none",
                where="mine",
                do="name columns and values of such samples in mine.empty",
            )
        write_mined(found, shared.path("mined.csv"))
        _write_weights(run, found, declared, shared.path("weights.csv"))
        _draw_worst(run, selection, found, shared.path("worst.png"))
    return found


def declared_empty(run: Run) -> tuple[gpd.GeoDataFrame, NDArray[np.bool_]]:
    """List the samples without label that the user declares empty, and (n, n_folds) which folds they may train.

    Raises:
        UsageError: a column is not there.
    """
    frame = read_samples(run.path("samples.parquet"))
    meant = np.zeros(len(frame), bool)
    for column, values in run.recipe.mine.empty.items():
        if column not in frame.columns:
            raise UsageError(
                f"expected a column of the sample table; got {column!r}{nearest(column, frame.columns)}",
                where="mine.empty",
            )
        meant |= frame[column].isin(list(values)).to_numpy()
    if not meant.any():
        return frame.iloc[:0], np.zeros((0, 0), bool)
    may = may_teach(frame, read_pairs(run.path("audit/pairs.csv")), run.recipe.split)
    is_used = frame["sample"].isin(usable(frame, None)["sample"]).to_numpy()
    is_free = ~is_labelled(frame, run.references).to_numpy() | (frame["side"] == "test").to_numpy()
    kept = np.flatnonzero(meant & is_used & is_free & may.any(axis=1))
    return frame.iloc[kept].reset_index(drop=True), may[kept]


def _labelled(run: Run, selection: Selection) -> list[Mined]:
    """Judge labelled samples without a positive pixel out of fold."""
    frame = trainable(run)
    positive = class_pixels(run, frame)[:, 1:].sum(axis=1)
    folds = {member.fold for member in members_of(run)}
    rows = frame[(positive == 0) & frame["fold"].isin(folds).to_numpy() & frame["label"].notna()]

    def one(row: dict[Any, Any]) -> Mined:
        sample, fold = str(row["sample"]), int(row["fold"])
        truth = read_label(Path(row["label"]), run.classes)
        predicted = judge_held_out(selection, _oof(run, selection), sample, fold)
        return judge_empty(sample, fold, *predicted, truth, run.recipe.mine)

    records = rows.to_dict("records")
    workers = run.recipe.select.workers
    return list(parallel_map(one, records, workers=workers, label="empty samples"))


def _declared(
    run: Run, selection: Selection, rows: gpd.GeoDataFrame, may: NDArray[np.bool_]
) -> list[Mined]:
    """Judge samples that the user declares empty, for each fold by its own members."""
    found: list[Mined] = []
    for fold in sorted({member.fold for member in members_of(run)}):
        mine_of = rows[may[:, fold]].reset_index(drop=True) if len(rows) else rows
        if not len(mine_of):
            continue
        tta = how_judged(selection, str(mine_of["sample"].iloc[0]), fold).tta
        members = tuple(member for member in members_of(run) if member.fold == fold)
        who = Teacher(run, members, tta)
        folder = _folder(run, who, fold)
        networks = [
            load_member(path, make_model(run, 0, pretrained=False)).eval() for path in who.weights
        ]
        predict_missing(who, networks, mine_of, folder, f"mine, fold {fold}")
        for sample in mine_of["sample"]:
            predicted = _predicted(selection, folder, fold, sample)
            found.append(judge_empty(sample, fold, *predicted, None, run.recipe.mine))
    return found


def _folder(run: Run, who: Teacher, fold: int) -> Path:
    """Return where predictions of declared samples lie: a folder for each state of the members."""
    state = "-".join(hash_file(path)[:8] for path in who.weights)
    return run.path(f"mine/predicted/fold{fold}/{who.tta}-{state}")


def _predicted(selection: Selection, folder: Path, fold: int, sample: str) -> Prediction:
    """Read a prediction and decide its pixels as the fold was judged."""
    probability = read_oof(oof_path(folder, sample))
    how = how_judged(selection, sample, fold)
    rule = Rule(how.member_threshold) if selection.vote == "hard" else how.rule
    return probability, rule.decide(probability)


def _oof(run: Run, selection: Selection) -> Path:
    """Return the folder of one seed's out-of-fold predictions; the others lie beside it."""
    return run.path(f"oof/{selection.tta}/seed{run.recipe.train.member_seeds[0]}")


def _write_weights(
    run: Run, found: Sequence[Mined], declared: gpd.GeoDataFrame, path: Path
) -> None:
    """Write what a recipe takes by `mine.mined`: factors, and negatives with their image."""
    images = declared.set_index("sample")
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in sorted(found, key=lambda one: (one.sample, one.fold)):
            factor = repr(factor_of(one, run.recipe.mine))
            if not one.is_declared:
                writer.writerow((one.sample, "", factor, one.verdict, "", "", ""))
                continue
            row = images.loc[one.sample]
            gsd = "" if math.isnan(row["gsd_m"]) else repr(float(row["gsd_m"]))
            site = "" if is_missing(row["site"]) else row["site"]
            writer.writerow((one.sample, one.fold, factor, one.verdict, row["image"], gsd, site))


def _draw_worst(run: Run, selection: Selection, found: Sequence[Mined], path: Path) -> None:
    """Draw the samples that the model is most wrong about."""
    path.unlink(missing_ok=True)
    worst = [one for one in found if one.verdict == "wrong"][: run.recipe.mine.pictures]
    if not worst:
        return
    frame = read_samples(run.path("samples.parquet")).set_index("sample")
    colours = class_colours(run.classes.colours, len(run.classes))
    rows = [_sheet_row(run, selection, one, frame.loc[one.sample], colours) for one in worst]
    titles = ("image", "what the model sees", "its probability")
    legend = list(zip(colours, run.classes.names, strict=True))
    save_figure(
        sheet_figure(rows, titles, title="empty samples, the worst first", legend=legend), path
    )


def _sheet_row(
    run: Run, selection: Selection, one: Mined, row: pd.Series, colours: Sequence[str]
) -> SheetRow:
    """Draw one sample."""
    bands = input_bands(run)
    image = read_bands(Path(row["image"]), [band.index for band in bands])
    probability, decision = _again(run, selection, one)
    gsd_m = float(row["gsd_m"])
    return SheetRow(
        f"{one.sample}\n{one.wrong_px} px wrong\nfold {one.fold}",
        (stretch(composite(image, bands)), paint(decision, colours), 1 - probability[0]),
        None if math.isnan(gsd_m) else gsd_m,
    )


def _again(run: Run, selection: Selection, one: Mined) -> Prediction:
    """Read what was predicted of a sample once more."""
    if not one.is_declared:
        return judge_held_out(selection, _oof(run, selection), one.sample, one.fold)
    members = tuple(member for member in members_of(run) if member.fold == one.fold)
    who = Teacher(run, members, how_judged(selection, one.sample, one.fold).tta)
    return _predicted(selection, _folder(run, who, one.fold), one.fold, one.sample)
