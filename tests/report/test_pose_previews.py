"""Previews and charts of flow show what they say: arrows of two flows, rectified pictures, errors in degrees."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from landseer.report import pose_previews
from landseer.report.flow_arrows import COLOUR, draw_flow
from landseer.report.pose_plots import direction_figure, flow_figure, numbers_figure
from landseer.report.pose_previews import write_pose_previews
from landseer.report.pose_sheet import Pose, PoseRow
from landseer.report.rectified_picture import rectified_picture

UNKNOWN = float("nan")


def view(angle: float = math.pi / 2) -> tuple[np.ndarray, Pose]:
    """A red block of 20 m, seen beside where it stands by 10 px."""
    picture, agl = np.full((60, 90, 3), 0.5, np.float32), np.zeros((60, 90), np.float32)
    picture[20:40, 30:50], agl[20:40, 30:50] = (0.9, 0, 0), 20
    return picture, Pose(agl, 0.5, angle)


def test_pixels_move_to_their_places() -> None:
    picture, pose = view()
    moved, hidden = rectified_picture(picture, pose)
    assert (moved[20:40, 40:60] == np.float32([0.9, 0, 0])).all()
    assert hidden == pytest.approx(20 * 10 / (60 * 90), rel=0.2)
    flat, none = rectified_picture(picture, Pose(pose.agl_m * 0, 0.5, 1.0))
    assert none == 0
    np.testing.assert_array_equal(flat, picture)


def test_a_sheet_of_the_first_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def rows():
        for i in range(5):
            seen.append(f"v{i}")
            picture, pose = view()
            yield PoseRow(f"v{i}", picture, None if i == 1 else pose, gsd_m=0.5)

    drawn = {}
    draw = pose_previews.draw_sheet
    monkeypatch.setattr(
        pose_previews, "draw_sheet", lambda r, **o: drawn.update(rows=r, **o) or draw(r, **o)
    )
    path = write_pose_previews(rows(), tmp_path / "deep" / "preview.png", n=3, side_px=180)
    assert seen == ["v0", "v1", "v2"]
    assert [row.head for row in drawn["rows"]] == ["v0", "v2"]
    captions = [panel.caption[0] for panel in drawn["rows"][0].panels]
    assert captions[1:] == ["heights as seen", "rectified", "heights rectified"]
    assert drawn["rows"][0].panels[0].caption == ("flow, true length", "0.500 px/m, 90.0°")
    with Image.open(path) as sheet:
        assert sheet.width == 4 * 180 + 3 * 8 + 32
    red = np.asarray(drawn["rows"][0].panels[2].image)[60, 82:118]
    assert (red[:, 0] > 200).all() and (red[:, 1] < 30).all()


def test_without_scale_or_angle_nothing_is_rectified(tmp_path: Path) -> None:
    picture, pose = view()
    row = PoseRow("v", picture, Pose(pose.agl_m, UNKNOWN, 1.0))
    with Image.open(write_pose_previews([row], tmp_path / "p.png", side_px=270)) as sheet:
        assert sheet.width < 3 * 270
    with pytest.raises(ValueError, match="at least one row with a prediction"):
        write_pose_previews([PoseRow("v", picture)], tmp_path / "q.png")


def test_two_flows_have_the_same_points_and_factor() -> None:
    picture, pose = view()
    first = draw_flow(picture, pose.agl_m, 0.5, 0.0, side_px=180, colour="#0000ff")
    second = draw_flow(picture, pose.agl_m * 0.8, 0.5, math.pi / 2, side_px=180, onto=first)
    assert second.factor == first.factor
    assert set(second.points) <= set(first.points)
    pixels = {tuple(p) for p in np.asarray(second.image).reshape(-1, 3)}
    yellow = tuple(int(COLOUR[i : i + 2], 16) for i in (1, 3, 5))
    assert {(0, 0, 255), yellow} <= pixels
    none = draw_flow(picture, pose.agl_m, UNKNOWN, 0.0, side_px=180, onto=first)
    assert none.points == () and none.image is first.image


def test_flow_lies_as_in_the_image() -> None:
    known = np.array([[0.0, 1.0], [1.0, 0.0], [np.nan, 1.0]])
    figure = flow_figure(known, known * 1.1)
    figure.draw_without_rendering()
    axis = figure.axes[0]
    middle = axis.transData.transform((0, 0))
    rings = next(line for line in axis.lines if line.get_label() == "true").get_xydata()
    sides = [axis.transData.transform(place) - middle for place in rings]
    assert len(sides) == 2
    assert sides[0][1] < -10 and abs(sides[0][0]) < 1e-6
    assert sides[1][0] > 10 and abs(sides[1][1]) < 1e-6


def test_directions_by_site_with_the_median_of_their_size() -> None:
    errors = np.array([1.0, -3.0, 170.0, np.nan, 5.0])
    figure = direction_figure(errors, ["b", "b", "b", "b", "a"])
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    drawn = [sorted(line.get_xdata()) for line in axis.lines if line.get_marker() == "o"]
    assert drawn == [[5.0], [-3.0, 1.0, 170.0]]
    assert [text.get_text() for text in axis.texts] == ["5.0°", "3.0°"]


def test_numbers_of_sites_have_marks_of_their_own() -> None:
    figure = numbers_figure(np.arange(4.0), np.arange(4.0) + 1, ["a", "b", "a", "b"], "px/m")
    axis = figure.axes[0]
    assert {line.get_marker() for line in axis.lines} >= {"o", "s"}
    assert axis.get_xlabel() == "true, px/m"
    empty = numbers_figure(np.full(2, np.nan), np.ones(2), ["", ""], "")
    assert empty.axes[0].get_xlabel() == "true"
