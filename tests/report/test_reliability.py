"""The report's calibration section: lines stand where figures are, and what was taken is told with its intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from landseer.report.reliability import reliability_figure
from landseer.report.reliability_section import reliability_section
from landseer.report.style import svg
from landseer.select.calibration import calibrate
from landseer.select.calibration_config import CalibrateConfig
from landseer.select.calibration_result import Diagram, without_mask
from landseer.select.config import SelectConfig
from landseer.select.judged import find_judged


def calibrated(outcome, **config):
    """Calibrate what an outcome chose."""
    tta = outcome.selection.tta
    judged = find_judged(outcome.samples, {tta: {0: outcome.oof}}, SelectConfig(tta=tta))
    settings = CalibrateConfig(resamples=50, workers=0, **config)
    return calibrate(judged, outcome.selection, outcome.classes, settings)


def parts_of(section, kind):
    flat = [p for part in section["parts"] for p in part.get("parts", (part,))]
    return [part for part in flat if part["kind"] == kind]


def diagram(name="kelp", shift=0.0):
    said = (0.05, None, 0.5, 0.95)
    true = tuple(None if s is None else s + shift for s in said)
    ends = {"low": true, "high": true}
    return Diagram(name=name, pixels=(1000, 0, 20, 10), said=said, true=true, **ends)


def test_points_stand_where_the_figures_are():
    top, bottom = reliability_figure(diagram(), diagram(shift=0.04)).axes
    lines = {line.get_label(): line.get_xydata() for line in top.lines}
    np.testing.assert_allclose(lines["as averaged"], [(0.05, 0.05), (0.5, 0.5), (0.95, 0.95)])
    np.testing.assert_allclose(lines["calibrated"], [(0.05, 0.09), (0.5, 0.54), (0.95, 0.99)])
    assert bottom.get_yscale() == "log"
    values = bottom.patches[0].get_data().values
    np.testing.assert_array_equal(values, [1000, np.nan, 20, 10])
    ticks = bottom.yaxis.get_major_formatter()
    assert [ticks(count) for count in (10, 1000, 2e6)] == ["10", "1 k", "2 M"]
    only = reliability_figure(diagram()).axes[0]
    assert only.get_legend() is None
    assert "<svg" in svg(reliability_figure(diagram()), "kelp")


def test_a_run_shows_every_class_and_every_calibrator(build_outcome):
    outcome = build_outcome()
    found = calibrated(outcome, kind="temperature", where="average")
    section = reliability_section(replace(outcome, calibration=found))
    charts = parts_of(section, "chart")
    assert [chart["title"] for chart in charts] == ["most probable class", *outcome.classes.names]
    assert "95% intervals" in charts[0]["caption"]
    (cards,) = parts_of(section, "cards")
    told = {what: figure for figure, what in cards["cards"]}
    assert told["calibrator that was taken"] == "temperature"
    assert told["fitted to each average"] == f"T = {found.calibrator.mapping.temperature:.3f}"
    threshold = outcome.selection.threshold
    assert told[f"threshold {threshold:.2f}, calibrated"] == f"{found.calibrator.threshold:.3f}"
    figures, classes = parts_of(section, "table")
    assert [row[0] for row in figures["rows"]] == ["none", "temperature"]
    loss = found.judgement("temperature").figures["log_loss"]
    wanted = f"{loss.value:.4f}<br><small>{loss.low:.4f} to {loss.high:.4f}</small>"
    assert figures["rows"][1][1] == wanted
    assert [row[0] for row in classes["rows"]] == list(outcome.classes.names)


def test_without_a_calibrator_what_is_said_is_shown_alone(build_outcome):
    outcome = build_outcome()
    section = reliability_section(replace(outcome, calibration=calibrated(outcome, kind="none")))
    (cards,) = parts_of(section, "cards")
    told = {what: figure for figure, what in cards["cards"]}
    assert told["calibrator that was taken"] == "none"
    assert "ECE once calibrated" not in told
    assert all("calibrated</" not in chart["svg"] for chart in parts_of(section, "chart"))
    figures, _ = parts_of(section, "table")
    assert [row[0] for row in figures["rows"]] == ["none"]


def test_of_many_classes_those_furthest_off_are_shown(build_outcome):
    outcome = build_outcome()
    found = calibrated(outcome, kind="none")
    only = found.judgements[0]
    names = [f"class {i}" for i in range(20)]
    error = only.figures["ece"]
    off = {f"ece_{n}": error.model_copy(update={"value": i / 100}) for i, n in enumerate(names)}
    many = only.model_copy(
        update={
            "figures": only.figures | off,
            "diagrams": (only.diagrams[0], *(diagram(name) for name in names)),
        }
    )
    section = reliability_section(
        replace(
            outcome,
            calibration=found.model_copy(update={"judgements": (many,)}),
        )
    )
    titles = [chart["title"] for chart in parts_of(section, "chart")]
    assert titles == ["most probable class", *names[9:]]


def test_what_has_no_classes_has_no_section(build_outcome):
    outcome = build_outcome()
    assert reliability_section(outcome) is None
    nothing = without_mask("no class mask")
    assert reliability_section(replace(outcome, calibration=nothing)) is None
