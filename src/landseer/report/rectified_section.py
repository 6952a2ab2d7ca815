"""Before and after rectification: a view, and its pixels in their places on the ground, by prediction and by truth."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from landseer.raster.rectify import rectify
from landseer.report.heights import height_limits
from landseer.report.measured import Measured
from landseer.report.outcome import Outcome
from landseer.report.parts import Part, Section, Strip, Tile, number, section, strips
from landseer.report.pose_sheet import Pose
from landseer.report.rectified_picture import rectified_picture
from landseer.report.rectified_sheet import HIDDEN_MARK
from landseer.report.tiles import photo_uri, scale_bar
from landseer.report.value_examples import show_sample
from landseer.report.value_ranking import rank_samples
from landseer.report.value_tiles import ramp_mark, value_ramp, value_uri
from landseer.report.value_views import Shown, is_finite

_WORDS = {"prediction": "predicted", "truth": "true"}

SIDE_PX = 320
"""Longer side of a picture, px."""


def rectified_section(outcome: Outcome) -> Section | None:
    """Show up to two views before and after rectification; None where heights, direction and scale are not all there.

    One is the best that was predicted, the other the one in which things lean farthest.
    """
    measured = outcome.values
    if measured is None or measured.pose is None or not outcome.config.examples:
        return None
    looks = [show_sample(outcome, measured, sample) for sample in _chosen(outcome, measured)]
    looks = [look for look in looks if measured.pose.height not in look.placed.grids]
    if not looks:
        return None
    return section(
        "rectified",
        "Rectified",
        "Roofs and crowns are seen beside the place where they stand. Rectification moves each pixel there.",
        _sheet(measured, looks),
    )


def _chosen(outcome: Outcome, measured: Measured) -> list[str]:
    """Choose the sample that was predicted best, and the one in which things lean farthest."""
    if measured.pose is None:
        return []
    target, scale = measured.pose.height, measured.pose.scale
    best = rank_samples(measured, target, outcome.selection.metric, 1).best
    sums = np.stack([measured.evaluation.piece(row, target) for row in measured.counts]).sum(axis=1)
    mean_m = sums[:, 1] / np.where(sums[:, 0] > 0, sums[:, 0], np.nan)
    lean = np.nan_to_num(mean_m * measured.numbers[scale][0][:, 0], nan=-math.inf)
    order = np.argsort(-lean, kind="stable")
    farthest = [measured.held.samples[i] for i in order if math.isfinite(lean[i])]
    return list(dict.fromkeys([*best, *[s for s in farthest if s not in best][:1]]))


def _sheet(measured: Measured, looks: list[Shown]) -> Part:
    """Make a row per view."""
    poses = [pose for look in looks for pose in _poses(measured, look).values()]
    ramp = value_ramp("height", "m", [pose.agl_m for pose in poses])
    limits = height_limits(*(pose.agl_m for pose in poses))
    rows: list[Strip] = []
    for look in looks:
        found = _poses(measured, look)
        bar = None if rows else scale_bar(look.picture.shape[1], look.gsd_m)
        tiles = [
            Tile(photo_uri(look.picture, SIDE_PX), f"{look.sample}, as seen", "as seen", bar=bar)
        ]
        for what, pose in found.items():
            picture, hidden = rectified_picture(look.picture, pose)
            words = f"rectified by {what}, {hidden:.1%} hidden"
            tiles.append(Tile(photo_uri(picture, SIDE_PX), f"{look.sample}, {words}", words))
        predicted = found.get("prediction")
        if predicted is not None:
            where = predicted.agl_m, predicted.scale_px_per_m, predicted.angle_rad
            moved = np.asarray(rectify(predicted.agl_m, *where, missing=np.nan).values, np.float32)
            words = "predicted heights, rectified"
            tiles.append(Tile(value_uri(moved, ramp, SIDE_PX), f"{look.sample}, {words}", words))
        rows.append(Strip(look.sample, _facts(found), tuple(tiles)))
    said = f"Heights are drawn up to {limits[1]:g} m. Ground that something taller hides from this view is hatched."
    marks = [ramp_mark(ramp, "height"), HIDDEN_MARK]
    return strips("", rows, said, marks, 4) | {"captioned": True}


def _facts(poses: Mapping[str, Pose]) -> tuple[tuple[str, str], ...]:
    """Write scale and angle of each pose."""
    facts = [
        (f"{_WORDS[what]} {kind}", words)
        for what, pose in poses.items()
        for kind, words in (
            ("px/m", number(pose.scale_px_per_m, 2)),
            ("angle", f"{math.degrees(pose.angle_rad) % 360:.0f}°"),
        )
    ]
    return tuple(facts)


def _poses(measured: Measured, look: Shown) -> dict[str, Pose]:
    """Return the poses of a view that rectify it: of the prediction and of the truth, as far as they are finite."""
    found = {
        "prediction": measured.pose_of(look.placed.said),
        "truth": measured.pose_of(look.placed.known),
    }
    return {what: pose for what, pose in found.items() if pose is not None and is_finite(pose)}
