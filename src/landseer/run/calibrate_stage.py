"""Stage `calibrate`: what makes written probabilities be right as often as they say, from out-of-fold predictions."""

from __future__ import annotations

from landseer.run.context import Run
from landseer.run.model_stages import members_of, trainable
from landseer.select.calibration import calibrate
from landseer.select.calibration_result import CalibrationResult, without_mask
from landseer.select.judged import find_judged
from landseer.select.selection import read_selection

CALIBRATION = "calibration.json"


def calibrate_probabilities(run: Run) -> None:
    """Stage `calibrate`: fit and judge calibrators of the chosen ensemble; without a class mask there are none."""
    calibrated(run).write(run.path(CALIBRATION))


def calibrated(run: Run) -> CalibrationResult:
    """Calibrate what selection chose."""
    recipe = run.recipe
    if all(spec.quantity != "mask" for spec in recipe.target_specs.values()):
        return without_mask("no class mask, and so no probabilities of classes")
    selection = read_selection(run.path("selection.json"))
    frame = trainable(run)
    frame = frame[frame["fold"].isin({member.fold for member in members_of(run)})]
    names = list(dict.fromkeys([selection.tta, *(part.tta for part in selection.mix)]))
    oof = {
        name: {seed: run.path(f"oof/{name}/seed{seed}") for seed in recipe.train.member_seeds}
        for name in names
    }
    judged = find_judged(frame, oof, recipe.select.model_copy(update={"tta": names}))
    return calibrate(judged, selection, run.classes, recipe.calibrate, seed=recipe.seed)
