"""Suspect references: real values against the members that never saw them, ranked by what speaks against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from landseer.audit.suspects import SuspectsConfig
from landseer.core.parallel import parallel_map
from landseer.metrics.value_quality import Usual, in_mads, usual_errors
from landseer.select.placed import Placed
from landseer.select.suspects import Suspects
from landseer.select.value_charges import Charge, strongest_charges
from landseer.select.value_counts import Trial
from landseer.select.value_looks import (
    NUMBERS,
    First,
    Rules,
    first_look,
    regions_of,
    second_look,
)
from landseer.select.values import Held

VALUES = "values"
"""What `evidence["kind"]` is where references were compared."""

COMPARED = ("height", "dense_value", "magnitude")
"""Quantities of one plane that are compared."""

LISTED, PROPOSED, MOST_PROPOSED = 1.0, 3.0, 0.2
"""Scores from which on a sample is listed, and proposed for a look; and the share of the samples that are, at most."""

Paths = Mapping[str, Mapping[str, str]]
"""Sample -> target -> where its reference lies."""

_PIXELS, _FEWEST, _MOST = 2_000_000, 200, 4_000
_STEADY_SHARE = 0.05


def find_value_suspects(
    trial: Trial,
    held: Held,
    paths: Paths,
    config: SuspectsConfig,
    tta: str,
    *,
    workers: int | None = None,
) -> Suspects:
    """Rank samples by what speaks against their references, in two passes over the files.

    Three things speak against them: regions where a raster is lower, or higher, than is usual for what is predicted;
    a raster that lies beside what is predicted; a number that is far from what is predicted. Each is measured against
    what is usual among the samples, and the one that stands out most is the score: usual spreads above the middle
    sample.

    Args:
        trial: references and predictions.
        held: the samples; all take part.
        paths: where references lie, for the table.
        config: recipe key `suspects`; of its scores `any_width` counts thin regions, too, all others are `region`.
        tta: the set of views.
        workers: threads; None takes one per processor.

    Returns:
        The table: the columns of `suspects_table`, with `target`, `rmse`, `mads` (how far the RMSE lies above the
        median of its site) and `shift_row`, `shift_col` (px) instead of probabilities. The evidence: what is usual of
        each target, the settings, and `note` where nothing could be compared.

    Raises:
        FileReadError: a reference or prediction cannot be read.

    Edges: ties by name. A network that overlooks things makes many references look too high; these then have to stand
        out from more.

    Source: own.
    """
    dense = [name for name, s in trial.specs.items() if s.quantity in COMPARED and not s.of]
    numbers = [name for name, q in trial.quantities.items() if q.kind in NUMBERS]
    rules = Rules(config.edge_px, config.region_px, config.score != "any_width")
    most = min(_MOST, max(_FEWEST, _PIXELS // max(len(held.samples), 1)))
    look = partial(first_look, trial=trial, tta=tta, dense=dense, most=most)
    first = list(parallel_map(look, held.positions, label="suspects, usual", workers=workers))
    usual = {name: _usual(first, name) for name in dense}
    measure = partial(second_look, trial=trial, tta=tta, usual=usual, rules=rules)
    second = list(parallel_map(measure, held.positions, label="suspects", workers=workers))
    charges = strongest_charges(trial.quantities, held.sites, first, second)
    table = _table(held, charges, _plain_figures(held, first, dense), paths)
    proposed = table.loc[table["proposed"] == "yes", "region_share"]
    evidence = {
        "kind": VALUES,
        "score": config.score,
        "edge_px": config.edge_px,
        "region_px": config.region_px,
        "samples": len(held.samples),
        "members": len(trial.oof[tta]),
        "targets": [*dense, *numbers],
        "usual": {name: _as_json(one) for name, one in usual.items()},
        "expected": round(float(proposed.sum()), 2),
        "note": "" if dense or numbers else _NOTHING,
    }
    return Suspects(table.head(config.most), evidence)


def contradicted(placed: Placed, target: str, evidence: Mapping[str, Any]) -> NDArray[np.int8]:
    """Find again what spoke against a sample's reference when it was ranked.

    Returns:
        (h, w) int8 on the reference's grid: -1 too low, 1 too high, 0 nothing.
    """
    found = {name: np.asarray(part, float) for name, part in evidence["usual"][target].items()}
    edge_px, region_px = int(evidence["edge_px"]), int(evidence["region_px"])
    rules = Rules(edge_px, region_px, evidence["score"] != "any_width")
    return regions_of(placed, target, Usual(**found), rules)


def _usual(first: Sequence[First], target: str) -> Usual:
    """Measure what is usual of a dense target over all samples."""
    known = np.concatenate([one.dense[target].known for one in first])
    return usual_errors(known, np.concatenate([one.dense[target].said for one in first]))


def _plain_figures(
    held: Held, first: Sequence[First], dense: Sequence[str]
) -> list[dict[str, float]]:
    """Return RMSE, the same in deviations of its site, and displacement of the first dense target."""
    if not dense:
        return [{} for _ in first]
    ones = [one.dense[dense[0]] for one in first]
    rmse = np.array([one.rmse for one in ones])
    middle = float(np.nanmedian(rmse)) if np.isfinite(rmse).any() else 0.0
    mads = in_mads(rmse, np.array(held.sites), _STEADY_SHARE * middle + 1e-9)
    return [
        {
            "rmse": round(one.rmse, 4),
            "mads": round(float(far), 2),
            "shift_row": round(one.shift[0], 2),
            "shift_col": round(one.shift[1], 2),
        }
        for one, far in zip(ones, mads, strict=True)
    ]


def _table(
    held: Held, charges: Sequence[Charge], figures: Sequence[Mapping[str, float]], paths: Paths
) -> pd.DataFrame:
    """Make the table, in the format of exclusions, with nothing decided."""
    order = sorted(range(len(charges)), key=lambda i: (-charges[i].score, held.samples[i]))
    most = max(1, int(MOST_PROPOSED * len(charges)))
    rows: list[dict[str, Any]] = []
    for rank, i in enumerate((i for i in order if charges[i].score >= LISTED), start=1):
        one, sample = charges[i], held.samples[i]
        rows.append(
            {
                "sample": sample,
                "exclude": "",
                "reason": one.reason,
                "rank": rank,
                "proposed": "yes" if one.score >= PROPOSED and rank <= most else "no",
                "score": round(one.score, 4),
                "fold": held.folds[i],
                "given": one.given,
                "predicted": one.predicted,
                "region_px": one.region_px,
                "region_share": round(one.region_share, 4),
                "wrong_share": round(one.wrong_share, 4),
                "target": one.target,
                **figures[i],
                "label": paths.get(sample, {}).get(one.target, ""),
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


def _as_json(usual: Usual) -> dict[str, list[float]]:
    """Return limits as plain lists; what is not limited is a very large number."""
    parts = {"at": usual.at, "low": usual.low, "high": usual.high}
    return {name: np.nan_to_num(part).tolist() for name, part in parts.items()}


_NOTHING = (
    "No target is a height or another value per pixel or per image: there is nothing to compare."
)

_COLUMNS = [
    "sample", "exclude", "reason", "rank", "proposed", "score", "fold", "given", "predicted",
    "region_px", "region_share", "wrong_share", "target", "rmse", "mads", "shift_row", "shift_col", "label",
]  # fmt: skip
