"""The samples that are shown are worth it, and their pictures agree with their figures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score
from landseer.raster.write import write_raster
from landseer.report.config import ReportConfig
from landseer.report.examples import choose_examples
from landseer.report.judged import judge
from landseer.select.way import Rule

from .conftest import THREE, TWO


def test_worst_have_truth_and_alarms_have_none(outcome):
    examples = choose_examples(outcome)
    scores = outcome.selection.samples
    assert set(examples.alarms) <= {"s00", "s01"} and examples.alarms
    assert not {"s00", "s01"} & {*examples.worst, *examples.best}
    assert not set(examples.worst) & set(examples.best)
    worst, best = ([scores[s] for s in chosen] for chosen in (examples.worst, examples.best))
    assert worst == sorted(worst) and best == sorted(best, reverse=True) and worst[-1] <= best[-1]
    found = [(judge(outcome, s).decision > 0).sum() for s in examples.alarms]
    assert found == sorted(found, reverse=True) and found[-1] > 0


def test_truth_is_counted_from_labels_where_the_table_has_none(outcome):
    bare = outcome.samples.drop(columns=["class_kelp_pixels"])
    again = choose_examples(dataclasses.replace(outcome, samples=bare))
    assert again == choose_examples(outcome)


def test_samples_of_a_few_pixels_are_not_the_worst(build_outcome):
    outcome = build_outcome(config=ReportConfig(examples=8))
    samples = outcome.samples.copy()
    tiny = samples["sample"] == choose_examples(outcome).worst[0]
    samples.loc[tiny, "class_kelp_pixels"] = 1.0
    chosen = choose_examples(dataclasses.replace(outcome, samples=samples))
    assert chosen.least_share > 0
    assert samples["sample"][tiny].iloc[0] not in {*chosen.worst, *chosen.best}
    samples.loc[samples["class_kelp_pixels"] > 0, "class_kelp_pixels"] = 1.0
    chosen = choose_examples(dataclasses.replace(outcome, samples=samples))
    assert chosen.least_share == 0 and len({*chosen.worst, *chosen.best}) == 6


@pytest.mark.parametrize("vote", ["soft", "hard"])
@pytest.mark.parametrize(("classes", "seeds"), [(TWO, (0,)), (TWO, (0, 1)), (THREE, (0, 1, 2))])
def test_the_picture_scores_what_the_selection_says(build_outcome, classes, seeds, vote):
    outcome = build_outcome(classes, seeds=seeds, select_config={"vote": vote})
    for sample, value in outcome.selection.samples.items():
        judged = judge(outcome, sample)
        matrix = confusion_matrix(judged.truth, judged.decision, len(classes))
        shown = score(matrix, classes.names)["dice_foreground"]
        assert shown == pytest.approx(value, abs=2e-3, nan_ok=True)


def test_ties_at_the_threshold_are_found():
    half = np.full((2, 1, 1), 0.5, np.float32)
    assert Rule(0.5).decide(half).item() == 1
    assert Rule().decide(np.array([[[0.6]], [[0.4]]], np.float32)).item() == 0
    assert Rule().decide(np.array([[[0.3]], [[0.3]], [[0.4]]], np.float32)).item() == 2


def test_predictions_in_any_folder_will_do(build_outcome, tmp_path):
    outcome = build_outcome()
    write_raster(tmp_path / "elsewhere" / "s02.tif", np.full((1, 40, 40), 65535, np.uint16))
    moved = dataclasses.replace(outcome, oof=tmp_path / "elsewhere")
    assert judge(moved, "s02").decision.all()
    with pytest.raises(KeyError):
        judge(moved, "nobody")
