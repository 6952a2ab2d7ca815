"""What the small runs say together: contrasts of all samples, the repeated ones, the lone ones, and by dose."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.core.files import json_number
from landseer.metrics.scores import scores
from landseer.run.context import Run
from landseer.run.leak_compare import Trials, compare
from landseer.run.leak_deal import EVERY, Ground, exposure, participants, repeated_of
from landseer.run.leak_runs import longest_side, small_recipe
from landseer.samples.table import read_samples
from landseer.select.leak_result import Leak, Repeat

KINDS = ("random", "grouped")
"""The two ways to deal samples to folds, in the order in which they are compared."""

DOSES = {"0": (0, 0), "1": (1, 1), "2 or 3": (2, 3), "4 and more": (4, EVERY)}
"""Training samples that show a held-out sample's ground: name, least and most."""

WHOLE, REPEATED, ALONE = "all", "repeated", "alone"

Folds = dict[str, NDArray[np.int64]]


def conclude(
    run: Run,
    rows: gpd.GeoDataFrame,
    ground: Ground,
    dealt: list[Folds],
    counts: NDArray[np.int64],
    memory: NDArray[np.int64],
) -> Leak:
    """Compare what the small runs counted.

    Args:
        run: the base run.
        rows: the samples, in the order of the counts.
        ground: (n, n), which of them share ground.
        dealt: the folds of each repeat, by kind.
        counts: (n, 2, repeats, C, C) held-out pixels, kinds as in `KINDS`.
        memory: (2, C, C) pixels of the grouped trainings, of samples trained on and of samples held out.
    """
    recipe, names = run.recipe, run.classes.names

    def value(matrices: NDArray[np.int64]) -> NDArray[np.float64]:
        return scores(matrices, names)[recipe.select.metric]

    groups = [str(group) for group in rows["group"]]
    trials = Trials(
        counts, groups, value, recipe.select.resamples, recipe.select.level, recipe.seed
    )
    exposed = {kind: np.stack([exposure(ground, d[kind]) for d in dealt], 1) for kind in KINDS}
    subsets = _subsets(ground, exposed["random"])
    found, excess = compare(trials, subsets)
    by_repeat = value(counts.sum(0))
    seen, unseen = value(memory)
    return Leak(
        metric=recipe.select.metric,
        level=recipe.select.level,
        n_samples=len(rows),
        n_groups=len(set(groups)),
        n_repeated=int(repeated_of(ground).sum()),
        trained=_trained(run, rows),
        exposed_random=float((exposed["random"] > 0).mean()),
        exposed_grouped=float((exposed["grouped"] > 0).mean()),
        whole=found[WHOLE],
        repeated=found[REPEATED],
        alone=found.get(ALONE),
        excess=excess.get((REPEATED, ALONE)),
        doses=tuple(found[name] for name in DOSES if name in found),
        seen=json_number(seen),
        unseen=json_number(unseen),
        by_repeat=tuple(
            Repeat(
                random=json_number(by_repeat[0, r]),
                grouped=json_number(by_repeat[1, r]),
                exposed=float((exposed["random"][:, r] > 0).mean()),
            )
            for r in range(len(dealt))
        ),
        fold_sizes=tuple(tuple(map(int, np.bincount(d["grouped"]))) for d in dealt),
        notes=tuple(_notes(run, rows, ground)),
    )


def nothing_to_leak(run: Run, rows: gpd.GeoDataFrame) -> Leak:
    """Return the result where no two samples share ground, and nothing was trained.

    Args:
        run: the base run.
        rows: the samples that would have taken part.
    """
    return Leak(
        metric=run.recipe.select.metric,
        level=run.recipe.select.level,
        n_samples=len(rows),
        n_groups=int(rows["group"].nunique()),
        n_repeated=0,
        trained="nothing",
        notes=("places are known as far as the audit could find them; see audit/findings.csv",),
    )


def _subsets(ground: Ground, exposed: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    """Return the subsets that hold any sample, each (n, repeats)."""
    repeated = np.broadcast_to(repeated_of(ground)[:, None], exposed.shape)
    subsets = {WHOLE: np.ones_like(repeated), REPEATED: repeated, ALONE: ~repeated}
    for name, (least, most) in DOSES.items():
        subsets[name] = repeated & (exposed >= least) & (exposed <= most)
    return {name: mask for name, mask in subsets.items() if mask.any()}


def _trained(run: Run, rows: gpd.GeoDataFrame) -> str:
    """Say what was trained."""
    leak = run.recipe.leak
    model = small_recipe(run.recipe, "small", 0, longest_side(rows)).model
    times = "repeat" if leak.repeats == 1 else "repeats"
    augmented = "varied as in the recipe" if leak.augment == "recipe" else "never varied"
    return (
        f"{model.encoder} from scratch, U-Net {' '.join(map(str, leak.decoder_channels))}, scale {model.scale:g}, "
        f"{leak.epochs} epochs of batches of {leak.batch_size}, samples {augmented}; {leak.n_folds} folds, "
        f"{leak.repeats} {times}"
    )


def _notes(run: Run, rows: gpd.GeoDataFrame, ground: Ground) -> list[str]:
    """Say what the figures cannot tell."""
    notes = [
        "this holds for the small model; networks that are larger or trained longer usually remember more"
    ]
    n_labelled = len(participants(read_samples(run.path("audit/audited.parquet")), EVERY, 0))
    if n_labelled > len(rows):
        notes.append(
            f"{len(rows)} of {n_labelled} samples were drawn, whole places at a time (leak.samples)"
        )
    if repeated_of(ground).all():
        notes.append("every sample shares ground with another one: there is no control")
    if run.recipe.leak.repeats == 1:
        notes.append("one repeat: the interval is over places alone, not over trainings")
    return notes
