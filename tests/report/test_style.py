"""Charts as the page shows them: nothing that is written sticks out of the picture."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from matplotlib import rc_context

from landseer.report.footprint_map import details_figure
from landseer.report.style import SETTINGS, svg

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
