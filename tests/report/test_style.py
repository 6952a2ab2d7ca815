"""Charts as the page shows them: nothing that is written sticks out of the picture."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from matplotlib import rc_context

from landseer.report.footprint_map import details_figure
from landseer.report.style import SETTINGS, dress, legend_above, new_figure, svg

from .look_data import make_look, move


def test_titles_of_maps_lie_inside_the_picture(tmp_path: Path) -> None:
    look = make_look(tmp_path, placed=True)
    far = look.samples.copy()
    far.loc[3:, "geometry"] = move(look.samples, 9, 9).geometry[3:]
    with rc_context(SETTINGS):
        figure = details_figure(replace(look, samples=far))
        assert figure is not None
        size = max(title._left_title.get_fontsize() for title in figure.axes)
        text = svg(figure, "maps")
    tops = [float(y) for y in re.findall(r'transform="[^"]*?([\d.]+)\)">[AB] · ', text)]
    assert len(tops) == 2
    assert min(tops) > 0.75 * size


def test_a_legend_above_covers_no_curve_and_is_not_cut() -> None:
    figure = new_figure()
    axis = dress(figure.subplots(), x="steps", y="score")
    for name in ("chosen and judged on the same pixels", "on $other$ folds"):
        axis.plot([0, 1], [0, 1], label=name)
    legend_above(figure, axis)
    figure.draw_without_rendering()
    (drawn,) = figure.legends
    box, whole = drawn.get_window_extent(), figure.bbox
    assert not box.overlaps(axis.get_window_extent())
    assert whole.x0 <= box.x0 and box.x1 <= whole.x1 and box.y1 <= whole.y1
    assert drawn.get_texts()[1].get_text() == "on $other$ folds"
