"""What real-valued targets reached: scores, predicted against true values, errors by class of height, flow."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from landseer.metrics.pose import angle_error_deg
from landseer.metrics.regression import HEIGHT_EDGES_M
from landseer.report.measured import Measured
from landseer.report.outcome import Outcome
from landseer.report.parts import Part, Section, beside, chart, number, section, table
from landseer.report.pose_plots import MOST_DRAWN, direction_figure, flow_figure, numbers_figure
from landseer.report.value_plots import count_text, density_figure, error_classes_figure
from landseer.report.value_scores import layers_table, sites_table, targets_table
from landseer.report.value_views import PoseNames

_WORST = 12


def values_section(outcome: Outcome) -> Section | None:
    """Show what each real-valued target reached; None where a class mask is the only target."""
    measured = outcome.values
    if measured is None:
        return None
    parts = [targets_table(outcome), *layers_table(outcome)]
    for target in measured.drawn:
        parts.append(beside(*_accuracy(measured, target)))
    parts += sites_table(outcome)
    parts += _whole_images(measured)
    lead = "Each real-valued target against its reference, out of fold; below a score its interval over places."
    if measured.pose is not None:
        lead += " The error of a direction is an angle, that of a flow the distance between true and predicted end."
    return section("values", "Values", lead, *parts)


def _accuracy(measured: Measured, target: str) -> list[Part]:
    """Draw predicted against true values, and errors by class of height."""
    density, unit = measured.densities[target], measured.unit(target)
    n_pixels = count_text(float(density.counts.sum()))
    charts = [
        chart(
            density_figure(density.counts, density.edges, unit),
            f"{target}: predicted against true",
            f"{n_pixels} pixels of all held-out samples. Values beyond the axes count at their ends.",
        )
    ]
    if measured.trial.specs[target].quantity == "height":
        charts.append(
            chart(
                error_classes_figure(measured.piece(target), HEIGHT_EDGES_M, unit),
                f"{target}: errors by class of height",
                "Bias is prediction less truth: below zero, high things are predicted too low.",
            )
        )
    return charts


def _whole_images(measured: Measured) -> list[Part]:
    """Draw what is predicted of whole images: flow, directions, scales, other numbers; two charts side by side."""
    shown: list[Part] = [_flow(measured, measured.pose)] if measured.pose is not None else []
    worst: list[Part] = []
    for name, (known, said) in measured.numbers.items():
        if measured.trial.specs[name].quantity == "direction":
            shown.append(_direction(measured, name))
            worst.append(_worst_directions(measured, name))
            continue
        figure = numbers_figure(known[:, 0], said[:, 0], measured.held.sites, measured.unit(name))
        shown.append(chart(figure, f"{name}: predicted against true, an image each", ""))
    shown += worst
    return [beside(*shown[i : i + 2]) for i in range(0, len(shown), 2)]


def _flow(measured: Measured, pose: PoseNames) -> Part:
    """Draw true and predicted flow of one metre of height."""
    vectors = [
        direction / np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-12) * scale
        for direction, scale in zip(
            measured.numbers[pose.direction], measured.numbers[pose.scale], strict=True
        )
    ]
    known, said = vectors
    n = int(np.isfinite(known).all(axis=1).sum())
    some = f" {MOST_DRAWN} of {n:,} images are drawn." if n > MOST_DRAWN else ""
    return chart(
        flow_figure(known, said),
        "Flow of one metre of height, an image each",
        f"As it lies in the image, down is down; the line between ring and dot is the error.{some}",
    )


def _direction(measured: Measured, name: str) -> Part:
    """Draw the errors of directions by site."""
    return chart(
        direction_figure(errors_deg(measured, name), measured.held.sites),
        f"{name}: error of each image",
        "Above zero: turned too far counter-clockwise. Band: 15 degrees. Figures: median size of the error. "
        "Outside the band the scale is logarithmic.",
    )


def errors_deg(measured: Measured, name: str) -> NDArray[np.float64]:
    """Return by how much each image's predicted direction is turned too far, (n,) degrees, NaN where not known."""
    known, said = (np.arctan2(*one.T) for one in measured.numbers[name])
    return angle_error_deg(known, said)


def _worst_directions(measured: Measured, name: str) -> Part:
    """Make the table of the images whose direction is farthest off."""
    errors, pose, rows = errors_deg(measured, name), measured.pose, []
    order = [int(i) for i in np.argsort(-np.abs(errors), kind="stable") if np.isfinite(errors[i])]
    for i in order[:_WORST]:
        known, said = (
            f"{np.degrees(np.arctan2(*one[i])) % 360:.1f}" for one in measured.numbers[name]
        )
        scale = float(measured.numbers[pose.scale][0][i, 0]) if pose is not None else math.nan
        error = f"{errors[i]:+.1f}".replace("-", "−")
        site = measured.held.sites[i] or "–"
        rows.append([measured.held.samples[i], site, error, known, said, number(scale, 3)])
    heads = ["sample", "site", "error", "true", "predicted", "px/m"]
    return table(f"{name}: the {len(rows)} largest errors, degrees", heads, rows, n_text=2)
