"""Suspect labels: every sample's label against the members that never saw it, ranked by what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from landseer.audit.suspects import SuspectsConfig
from landseer.core.classes import ClassTable
from landseer.core.files import read_json
from landseer.core.parallel import parallel_map
from landseer.errors import StageError
from landseer.metrics.confident import (
    calibrated_joint,
    class_thresholds,
    confident_class,
    confident_joint,
    self_confidence,
)
from landseer.metrics.confusion import Matrix
from landseer.metrics.label_quality import (
    SCORES,
    LabelQuality,
    label_quality,
    thick_parts,
    wrong_regions,
)
from landseer.predict.oof import oof_path, read_oof
from landseer.raster.label import read_label

TABLE, FOLDER, EVIDENCE = "audit/suspects.csv", "audit/suspects", "audit/suspects/evidence.json"
"""What the stage leaves in the run folder: the ranking, its pictures, and the figures behind it."""


@dataclass(frozen=True, slots=True)
class Held:
    """One labelled sample with the predictions of the members that never saw it.

    Attributes:
        sample, fold: as in the sample table.
        image, label: its files.
        oof: its predictions, one file for each seed.
    """

    sample: str
    fold: int
    image: Path
    label: Path
    oof: tuple[Path, ...]

    def read(
        self, classes: ClassTable
    ) -> tuple[NDArray[np.uint8], list[NDArray[np.float32]], NDArray[np.float32]]:
        """Read the label (h, w), each member's (C, h, w) probabilities, and their mean."""
        members = [read_oof(path) for path in self.oof]
        mean = np.asarray(np.mean(members, axis=0, dtype=np.float32))
        return read_label(self.label, classes), members, mean


@dataclass(frozen=True, slots=True)
class Suspects:
    """What the stage found.

    Attributes:
        table: one row per suspect, most suspect first.
        evidence: thresholds, joint, expected number and settings.
    """

    table: pd.DataFrame
    evidence: Mapping[str, Any]

    def regions(
        self, label: NDArray[np.uint8], members: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.bool_]:
        """Find what spoke against a sample's label when it was ranked: the thick parts of its wrong regions."""
        edge_px = int(self.evidence["edge_px"])
        regions = wrong_regions(
            label,
            members,
            np.array([np.inf if t is None else t for t in self.evidence["thresholds"]]),
            edge_px=edge_px,
            least_px=self.evidence["region_px"],
        )
        return thick_parts(regions, edge_px)


def held_out(frame: gpd.GeoDataFrame, folders: Sequence[Path]) -> list[Held]:
    """List the samples that every folder of out-of-fold predictions has.

    Args:
        frame: labelled samples with the column fold.
        folders: one for each seed.

    Raises:
        StageError: there are none.
    """
    found = []
    for row in frame.itertuples():
        paths = tuple(oof_path(folder, row.sample) for folder in folders)
        if all(path.is_file() for path in paths):
            found.append(Held(row.sample, int(row.fold), Path(row.image), Path(row.label), paths))
    if not found:
        raise StageError(
            "expected out-of-fold predictions of labelled samples; got none",
            where=", ".join(map(str, folders)),
            do="run `landseer train` first",
        )
    return found


def find_suspects(
    held: Sequence[Held],
    classes: ClassTable,
    config: SuspectsConfig,
    *,
    workers: int | None = None,
) -> Suspects:
    """Rank samples by what speaks against their labels, in two passes over the files.

    The first pass finds from which probability on a prediction is sure of a class, the second measures every sample
    against it. A few samples are in memory at a time.

    Args:
        held: the samples; all take part, and those with nothing against them are not in the table.
        classes: of the labels.
        config: recipe key `suspects`.
        workers: threads; None takes one per processor.

    Returns:
        The table (see `suspects_table`), and the evidence: `thresholds` per class, `joint` (pixels by label and sure
        class), `estimated` (the same, scaled to all labelled pixels), `expected` (how many whole labels all wrong
        regions add up to; so many are proposed), and the settings.

    Raises:
        FileReadError, LabelError: a label or prediction cannot be read.

    Source: confident learning, Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125; regions and the expected
        number of samples: own.
    """

    def confidence_of(one: Held) -> NDArray[np.float64]:
        label, _, mean = one.read(classes)
        return self_confidence(label, mean)

    confidence = np.stack(
        list(parallel_map(confidence_of, held, label="suspects, thresholds", workers=workers))
    )
    thresholds = class_thresholds(confidence)

    def measure(one: Held) -> tuple[LabelQuality, Matrix]:
        label, members, mean = one.read(classes)
        regions = wrong_regions(
            label, members, thresholds, edge_px=config.edge_px, least_px=config.region_px
        )
        joint = confident_joint(label, confident_class(mean, thresholds), len(classes))
        return label_quality(label, mean, thresholds, regions, config.edge_px), joint

    measured = list(parallel_map(measure, held, label="suspects", workers=workers))
    joint = np.sum([matrix for _, matrix in measured], axis=0)
    expected = float(sum(figures.wrong_share for figures, _ in measured))
    evidence: dict[str, Any] = {
        "score": config.score,
        "edge_px": config.edge_px,
        "region_px": config.region_px,
        "samples": len(held),
        "members": len(held[0].oof),
        "classes": list(classes.names),
        "thresholds": [float(t) if np.isfinite(t) else None for t in thresholds],
        "joint": joint.tolist(),
        "estimated": calibrated_joint(joint, confidence[:, 1].sum(axis=0)).round(1).tolist(),
        "expected": round(expected, 2),
    }
    table = suspects_table(held, [figures for figures, _ in measured], classes, evidence)
    return Suspects(table.head(config.most), evidence)


def suspects_table(
    held: Sequence[Held],
    figures: Sequence[LabelQuality],
    classes: ClassTable,
    evidence: Mapping[str, Any],
) -> pd.DataFrame:
    """Make the table of suspects, in the format of exclusions, with nothing decided.

    Returns:
        One row per sample with something against it: sample, exclude (empty), reason, rank (from 1), proposed (yes for
        the first ones, as many as are expected to be wrong), score, fold, given, predicted (what most pixels of wrong
        regions are), region_px, region_share, wrong_share, confident_px, softmin, self_confidence, label (its path).

    Edges: ties by name.
    """
    score, names = SCORES[str(evidence["score"])], classes.names
    order = sorted(range(len(held)), key=lambda i: (-score(figures[i]), held[i].sample))
    n_proposed = round(float(evidence["expected"]))
    rows = []
    for rank, i in enumerate((i for i in order if score(figures[i]) > 0), start=1):
        one, found = held[i], figures[i]
        given, seen = (names[n] if n >= 0 else "" for n in (found.given, found.likely))
        rows.append(
            {
                "sample": one.sample,
                "exclude": "",
                "reason": _reason(found, given, seen),
                "rank": rank,
                "proposed": "yes" if rank <= n_proposed else "no",
                "score": round(score(found), 4),
                "fold": one.fold,
                "given": given,
                "predicted": seen,
                "region_px": found.region_px,
                "region_share": round(found.region_share, 4),
                "wrong_share": round(found.wrong_share, 4),
                "confident_px": found.confident_px,
                "softmin": round(found.softmin, 4),
                "self_confidence": round(found.self_confidence, 4),
                "label": str(one.label),
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


def read_suspects(folder: Path) -> Suspects:
    """Read from a run folder what the stage found."""
    table = pd.read_csv(
        folder / TABLE,
        keep_default_na=False,
        dtype=dict.fromkeys(("sample", "exclude", "reason", "given", "predicted"), str),
    )
    return Suspects(table, read_json(folder / EVIDENCE))


def _reason(found: LabelQuality, given: str, seen: str) -> str:
    """Say in words what speaks against a label."""
    if not found.region_px:
        return f"probability of the label {found.self_confidence:.2f} on average"
    return f"label says {given}, predictions {seen}: {found.region_px} px in wrong regions"


_COLUMNS = [
    "sample", "exclude", "reason", "rank", "proposed", "score", "fold", "given", "predicted",
    "region_px", "region_share", "wrong_share", "confident_px", "softmin", "self_confidence", "label",
]  # fmt: skip
