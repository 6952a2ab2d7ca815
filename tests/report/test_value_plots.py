"""Charts of real values hold the counts of numpy and the figures of the sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib import rc_context

from landseer.errors import GridError
from landseer.metrics.regression import binned_scores, value_sums
from landseer.report.style import SETTINGS, svg
from landseer.report.value_plots import (
    count_text,
    density_counts,
    density_figure,
    error_classes_figure,
)

EDGES = np.linspace(0, 30, 31)


@pytest.fixture()
def values():
    rng = np.random.default_rng(4)
    truth = rng.gamma(1.5, 6, (80, 90))
    prediction = 0.8 * truth + rng.normal(0, 1, truth.shape)
    truth[0], prediction[1] = np.nan, np.nan
    return truth, prediction


def test_counts_are_those_of_numpy(values):
    truth, prediction = values
    counts = density_counts(truth, prediction, EDGES)
    known = np.isfinite(truth) & np.isfinite(prediction)
    clipped = [one[known].clip(0, 29.999) for one in values]
    expected, _, _ = np.histogram2d(*clipped, bins=[EDGES, EDGES])
    assert (counts == expected).all() and counts.sum() == known.sum()
    halves = [density_counts(t, p, EDGES) for t, p in zip(truth, prediction, strict=True)]
    assert (sum(halves) == counts).all()
    with pytest.raises(GridError):
        density_counts(truth, prediction[1:], EDGES)


def test_density_shows_counts_equality_and_medians(values):
    counts = density_counts(*values, EDGES)
    with rc_context(SETTINGS):
        figure = density_figure(counts, EDGES)
        text = svg(figure, "density")
    axis, bar = figure.axes
    (mesh,) = axis.collections
    shown = mesh.get_array()
    assert (np.ma.filled(shown, 0) == counts.T).all() and (shown.mask == (counts.T == 0)).all()
    equal, median = (line.get_xydata() for line in axis.lines)
    assert (equal[:, 0] == equal[:, 1]).all()
    truth, prediction = values
    for x, y in median:
        inside = np.isfinite(prediction) & (truth >= x - 0.5) & (truth < x + 0.5)
        assert y == pytest.approx(np.median(prediction[inside]), abs=0.75)
    assert median[:, 0].max() < 29 and len(median) > 10
    assert axis.get_xlabel() == "true, m" and bar.get_ylabel() == "pixels"
    assert "mathdefault" not in text and ">100<" in text


def test_density_of_nothing():
    with rc_context(SETTINGS):
        figure = density_figure(np.zeros((30, 30), int), EDGES, "")
    (axis,) = figure.axes
    assert not axis.collections and axis.get_ylabel() == "predicted"


def test_error_classes(values):
    truth, prediction = values
    sums = np.stack([value_sums(t, p) for t, p in zip(truth, prediction, strict=True)])
    with rc_context(SETTINGS):
        figure = error_classes_figure(sums)
        svg(figure, "errors")
    (axis,) = figure.axes
    scores = binned_scores(value_sums(truth, prediction), leave_out_missing=True)
    bars = [[bar.get_height() for bar in group] for group in axis.containers]
    assert np.allclose(bars, [scores["rmse"], scores["mae"]], equal_nan=True)
    bias = axis.lines[0].get_ydata()
    assert np.allclose(bias, scores["bias"], equal_nan=True)
    names = [label.get_text().split("\n") for label in axis.get_xticklabels()]
    assert [name[0] for name in names] == ["0–2", "2–5", "5–10", "10–20", "20–40", "≥ 40"]
    assert names[1][1] == count_text(scores["n"][1])
    with rc_context(SETTINGS):
        other = error_classes_figure(
            value_sums(truth, prediction, (0, 5, math.inf)), (0, 5, math.inf), "K"
        )
    assert other.axes[0].get_ylabel() == "error, K"


def test_counts_in_words():
    assert [count_text(n) for n in (0, 812, 1200, 45_600, 3.4e6, 2e9)] == [
        "0", "812", "1.2 k", "45.6 k", "3.4 M", "2 G",
    ]  # fmt: skip
