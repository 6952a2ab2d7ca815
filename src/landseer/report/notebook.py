"""The data page for notebooks: plots as attributes, and the whole page where the object itself is shown."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from matplotlib.figure import Figure

from landseer.report.balance import balance_figure, class_shares_figure
from landseer.report.correlation import correlation_figure
from landseer.report.data_page import LOOK_SECTIONS, render
from landseer.report.footprint_map import details_figure, map_figure, placed
from landseer.report.histograms import histograms_figure
from landseer.report.layout_figure import layout_figure
from landseer.report.look import Look
from landseer.report.page import drawing
from landseer.report.quality_plots import quality_figure
from landseer.report.references import directions, numbers_by_site, values_by_fold
from landseer.report.signatures import signatures_figure, spreads_figure

Drawn = TypeVar("Drawn", Figure, Figure | None)


@dataclass(frozen=True, slots=True)
class DataLook:
    """The data of a run, to be looked at in a notebook.

    Attributes:
        data: what the plots are made of: the sample table, bands, classes, statistics, pairs, pixels.
    """

    data: Look

    @property
    def signatures(self) -> Figure:
        """Means of the classes over the bands."""
        return _drawn(signatures_figure, self.data)

    @property
    def spreads(self) -> Figure:
        """Each class with the spread of its pixels."""
        return _drawn(spreads_figure, self.data)

    @property
    def histograms(self) -> Figure:
        """Histogram of each channel with its clip lines."""
        return _drawn(histograms_figure, self.data)

    @property
    def correlation(self) -> Figure:
        """Correlation of the channels."""
        return _drawn(correlation_figure, self.data)

    @property
    def balance(self) -> Figure:
        """What each fold holds against its fair share."""
        return _drawn(balance_figure, self.data)

    @property
    def class_shares(self) -> Figure | None:
        """Share of each class in each fold; None where the data have no classes."""
        return _drawn(class_shares_figure, self.data) if len(self.data.classes) else None

    @property
    def values_by_fold(self) -> Figure | None:
        """Means of the samples' values by fold; None where no raster of values was measured."""
        return _drawn(values_by_fold, self.data)

    @property
    def numbers(self) -> Figure | None:
        """Numbers of whole images by site; None where there are none."""
        return _drawn(numbers_by_site, self.data)

    @property
    def directions(self) -> Figure | None:
        """Directions as they lie in the images; None where there are none."""
        return _drawn(directions, self.data)

    @property
    def map(self) -> Figure | None:
        """Footprints by fold; None where no sample has a georeference."""
        return _drawn(map_figure, self.data) if len(placed(self.data)) else None

    @property
    def map_details(self) -> Figure | None:
        """The clusters of footprints; None where the map shows all there is."""
        return _drawn(details_figure, self.data) if len(placed(self.data)) else None

    @property
    def layout(self) -> Figure | None:
        """The largest places in pixels; None where no shifts are known."""
        return _drawn(layout_figure, self.data)

    @property
    def quality(self) -> Figure:
        """Spread of each quality figure with the recipe's limits."""
        return _drawn(quality_figure, self.data)

    def _repr_html_(self) -> str:
        """Show the whole page in a frame of its own, so that its style does not leak into the notebook."""
        with drawing():
            page = render(self.data, [section(self.data) for section in LOOK_SECTIONS])
        return (
            f'<iframe srcdoc="{html.escape(page, quote=True)}" style="width:100%;height:80vh;border:0" '
            'title="the data"></iframe>'
        )


def _drawn(draw: Callable[[Look], Drawn], data: Look) -> Drawn:
    """Draw as on the page."""
    with drawing():
        return draw(data)
