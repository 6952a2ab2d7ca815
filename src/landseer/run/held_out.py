"""The samples that a run held out, with their references and all its out-of-fold predictions."""

from __future__ import annotations

from landseer.run.context import Run
from landseer.run.model_stages import (
    held_samples,
    make_trial,
    members_of,
    trainable,
    tta_candidates,
)
from landseer.select.value_counts import Trial
from landseer.select.values import Held


def held_out_trial(run: Run) -> tuple[Trial, Held]:
    """Return what real-valued targets are judged by, and the samples of the folds that were held out.

    Args:
        run: its stage `oof` is done.
    """
    frame = trainable(run)
    frame = frame[frame["fold"].isin({member.fold for member in members_of(run)})]
    oof = {
        tta: {seed: run.path(f"oof/{tta}/seed{seed}") for seed in run.recipe.train.seeds}
        for tta in tta_candidates(run)
    }
    return make_trial(run, frame, oof), held_samples(frame)
