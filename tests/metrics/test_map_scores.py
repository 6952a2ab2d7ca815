"""Scores of maps in strips against one pass, scikit-learn, and the intervals of a single statistic."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, jaccard_score

from landseer.errors import DataError, LabelError
from landseer.metrics import map_counts
from landseer.metrics.bootstrap import interval
from landseer.metrics.boundary import boundary_counts, boundary_scores
from landseer.metrics.map_counts import MapRules, SceneCounter
from landseer.metrics.map_scores import MapScores
from landseer.metrics.scores import score

NAMES = ("ground", "house", "water")
RULES = MapRules(tolerance_px=1.5, object_classes=(1,))


def scene(seed, shape=(40, 31)):
    """Truth and prediction of one scene, with ignored and outside pixels."""
    rng = np.random.default_rng(seed)
    truth = np.zeros(shape, np.uint8)
    for _ in range(7):
        row, col = rng.integers(0, 30, 2)
        truth[row : row + 5, col : col + 4] = rng.integers(1, 3)
    prediction = np.roll(truth, rng.integers(0, 2, 2), (0, 1))
    prediction[rng.random(shape) < 0.02] = 2
    truth[:4, :4] = 255
    prediction[-3:, :5] = 255
    return truth, prediction


def count(truth, prediction, rules=RULES, n_classes=3, cuts=()):
    counter = SceneCounter(rules, n_classes)
    for rows in np.split(np.arange(len(truth)), sorted(cuts)):
        counter.add(truth[rows], prediction[rows])
    return counter.finish()


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("pixels", "boundary", "objects", "n_outside")
    )


@pytest.fixture
def scored():
    return MapScores(NAMES, RULES, ("a", "b", "c"), tuple(count(*scene(i)) for i in range(3)))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), cuts=st.lists(st.integers(0, 40), max_size=5))
def test_strips_equal_one_pass(seed, cuts):
    truth, prediction = scene(seed)
    assert same(count(truth, prediction, cuts=cuts), count(truth, prediction))


def test_pieces_of_a_strip_equal_one_pass(monkeypatch):
    truth, prediction = scene(3)
    expected = count(truth, prediction)
    monkeypatch.setattr(map_counts, "PIXELS_AT_ONCE", 100)
    assert same(count(truth, prediction), expected)


def test_pooled_pixels_equal_scikit_learn(scored):
    truth, prediction = (np.concatenate([scene(i)[k].ravel() for i in range(3)]) for k in (0, 1))
    prediction = np.where(prediction == 255, 0, prediction)[truth != 255]
    truth = truth[truth != 255]
    pooled = scored.pooled()
    assert pooled["iou_macro"] == pytest.approx(jaccard_score(truth, prediction, average="macro"))
    assert pooled["dice_house"] == pytest.approx(
        f1_score(truth, prediction, labels=[1], average="macro")
    )
    assert scored.n_pixels == len(truth) and scored.n_outside == 45


def test_scores_of_a_scene_are_those_of_its_own_counts(scored):
    truth, prediction = scene(1)
    prediction = np.where(prediction == 255, 0, prediction).astype(np.uint8)
    of_boundary = boundary_scores(boundary_counts(truth, prediction, 3, tolerance_px=1.5), NAMES)
    by_scene = scored.by_scene()
    for name, value in of_boundary.items():
        assert by_scene[name][1] == pytest.approx(float(value), nan_ok=True)
    right, wrong, missed = scored.counts[1].objects[0]
    assert right + missed > 0
    assert by_scene["objects_f1_house"][1] == pytest.approx(
        2 * right / (2 * right + wrong + missed)
    )


def test_intervals_are_those_of_each_statistic_alone(scored):
    matrices = np.stack([counts.pixels for counts in scored.counts])
    expected = interval(matrices, "abc", lambda m: score(m, NAMES)["iou_house"], n=300, seed=4)
    found = scored.intervals(n=300, seed=4)
    ground = np.zeros((5, 5), np.uint8)
    nothing = count(ground, ground)
    assert found["iou_house"] == pytest.approx(expected)
    assert found["boundary_f1_water"][0] < found["boundary_f1_water"][1]
    assert np.isnan(
        MapScores(NAMES, RULES, ("a", "b"), (nothing, nothing)).intervals()["iou_water"]
    ).all()
    together = scored.intervals(groups=["x", "x", "x"])
    assert np.isnan(together["iou_house"]).all()


def test_rows_and_table(scored):
    rows = scored.rows()
    assert [(row["scene"], row["class"]) for row in rows[:4]] == [
        ("a", "ground"), ("a", "house"), ("a", "water"), ("b", "ground"),
    ]  # fmt: skip
    last = rows[-2]
    assert last["scene"] == "all" and last["iou"] == scored.pooled()["iou_house"]
    assert last["tp"] == sum(int(counts.objects[0, 0]) for counts in scored.counts)
    assert rows[-1]["tp"] is None and rows[-1]["objects_f1"] is None
    read = list(csv.DictReader(io.StringIO(scored.csv())))
    assert len(read) == len(rows)
    assert float(read[-2]["boundary_f1"]) == last["boundary_f1"] and read[-1]["tp"] == ""


def test_classes_are_as_many_as_are_found():
    truth = np.array([[0, 1, 5]], np.uint8)
    found = count(truth, truth, MapRules(tolerance_px=None), None)
    assert found.n_classes == 6 and found.pixels.sum() == 3 and not found.boundary.any()
    nothing = np.zeros((3, 3), np.uint8)
    empty = count(nothing, nothing, MapRules(None), None)
    assert empty.n_classes == 2
    grown = MapScores(("a", "b", "c"), MapRules(None), ("x",), (empty.with_classes(2),))
    assert "boundary_f1_a" not in grown.pooled() and grown.pooled()["iou_a"] == 1
    with pytest.raises(LabelError, match="0 to 2"):
        count(truth, truth)
    with pytest.raises(DataError, match="scene"):
        MapScores(NAMES, RULES, (), ())
