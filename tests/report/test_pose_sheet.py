"""Sheets of pose show what they say, and rectification puts roofs into their outlines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from landseer.errors import GridError
from landseer.report import pose_sheet as pose_sheets
from landseer.report.pose_sheet import Pose, PoseRow, pose_sheet, pose_words
from landseer.report.rectified_sheet import FOOTPRINT, rectified_sheet


@pytest.fixture()
def scene():
    """A red block of 20 m, seen 10 px to the left of where it stands; picture, heights, footprint."""
    agl = np.zeros((64, 96), np.float32)
    picture = np.full((64, 96, 3), 0.5, np.float32)
    for level in np.linspace(0, 20, 41):
        left = 50 - round(level / 2)
        agl[20:40, left : left + 24], picture[20:40, left : left + 24] = level, (0.9, 0, 0)
    footprint = np.zeros(agl.shape, bool)
    footprint[20:40, 50:74] = True
    return picture, Pose(agl, 0.5, math.pi / 2), footprint


def words_of(monkeypatch, rows, **options):
    """Return all captions of a sheet and its legend."""
    seen = {}

    def spy(drawn, **settings):
        seen.update(
            settings, captions=[line for row in drawn for p in row.panels for line in p.caption]
        )
        return draw(drawn, **settings)

    draw = pose_sheets.draw_sheet
    monkeypatch.setattr(pose_sheets, "draw_sheet", spy)
    return pose_sheet(rows, **options), seen


def test_a_row_of_everything(scene, monkeypatch):
    picture, truth, _ = scene
    guess = Pose(truth.agl_m + 1, 0.55, math.radians(100))
    guess.agl_m[0, :9] = np.nan
    rows = [PoseRow("ARG_a", picture, guess, truth, 0.5), PoseRow("ARG_b", picture, guess)]
    image, seen = words_of(monkeypatch, rows, title="T", side_px=192)
    assert image.width == 4 * 192 + 3 * 8 + 32
    captions = seen["captions"]
    assert captions[:3] == [
        "image, flow true length",
        "0.550 px/m, 100.0°",
        "true: 0.500 px/m, 90.0°",
    ]
    known = truth.agl_m[np.isfinite(guess.agl_m)]
    assert f"mean {known.mean() + 1:.1f} m, highest 21.0 m" in captions
    assert "RMSE 1.00 m, mean +1.00 m" in captions
    assert captions.count("predicted height") == 2 and captions.count("true height") == 1
    assert [ramp.unit for ramp in seen["ramps"]] == ["m", "m"], "one for heights, one for errors"
    assert [mark.style for mark in seen["marks"]] == ["line", "hatch"]


def test_what_is_not_there_is_not_drawn(scene, monkeypatch):
    picture, truth, _ = scene
    unknown = Pose(np.full((64, 96), np.nan), math.nan, math.nan)
    rows = [PoseRow("a", picture), PoseRow("b", picture, unknown, truth)]
    _, seen = words_of(monkeypatch, rows, side_px=96)
    assert seen["captions"][0] == "image" and "not known" in seen["captions"]
    assert pose_words(unknown) == "– px/m, angle not known"
    assert pose_words(Pose(truth.agl_m, 1.0, -math.pi / 2)) == "1.000 px/m, 270.0°"


def test_roofs_return_to_their_outlines(scene):
    picture, pose, footprint = scene
    image = np.asarray(rectified_sheet(picture, pose, footprints=footprint, gsd_m=1.0, side_px=192))
    wanted = [int(FOOTPRINT[i : i + 2], 16) for i in (1, 3, 5)]
    pink = np.abs(image.astype(int) - wanted).sum(-1) < 12
    red = (image[..., 0] > 150) & (image[..., 1] < 60) & (image[..., 2] < 60)
    left, right = np.zeros_like(red), np.zeros_like(red)
    left[:, : 16 + 192], right[:, 16 + 192 + 8 :] = True, True
    shares = []
    for half in (left, right):
        rows, cols = np.nonzero(pink & half & red.any(axis=1)[:, None])
        box = np.zeros_like(red)
        box[rows.min() : rows.max(), cols.min() : cols.max()] = True
        shares.append((red & half & box).sum() / (red & half).sum())
    assert shares[0] < 0.85 and shares[1] > 0.97
    with pytest.raises(GridError):
        rectified_sheet(picture[1:], pose)
    assert rectified_sheet(picture, pose, side_px=96).width < image.shape[1]
