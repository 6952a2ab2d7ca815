"""How the values of a raster are spread over the pixels of each site: small histograms on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from landseer.core.parallel import parallel_map
from landseer.core.references import Reference
from landseer.errors import DataError
from landseer.raster.reference import read_reference
from landseer.report.pictures import nice_limits
from landseer.report.style import LINES, dress, new_figure
from landseer.samples.schema import is_missing
from landseer.track.figures import FAINT, INK

MOST_SITES, MOST_RASTERS = 12, 24
"""Panels at most, and rasters that are read of each site, at even distances."""

_WIDE, _PANEL, _ROW, _COLUMNS = 9.9, 3.3, 1.6, 4
_BINS = 40
_MOST_PX = 50_000
_ENDS = (0.002, 0.998)
_LEAST, _TICKS = 1e-4, (1e-4, 1e-2, 1.0)


def values_by_site_figure(
    rows: gpd.GeoDataFrame, reference: Reference, *, workers: int | None = None
) -> Figure | None:
    """Draw a histogram of the pixels of each site; None where nothing is known.

    Args:
        rows: samples that have the reference.
        reference: a raster.
        workers: threads; None takes one per processor.

    Edges: rasters that cannot be read are left out. Axes end where all but 0.4 % of the pixels lie; counts are shares
        on a scale of powers of ten, down to a pixel in ten thousand.
    """
    values = _by_site(rows, reference, workers)
    if not values:
        return None
    low, high = np.quantile(np.concatenate(list(values.values())), _ENDS)
    low = 0.0 if 0 <= low < 0.1 * high else float(low)
    edges = np.linspace(*nice_limits(low, float(high)), _BINS + 1)
    n_columns = min(_COLUMNS, len(values))
    n_rows = -(-len(values) // n_columns)
    figure = new_figure(min(_WIDE, _PANEL * n_columns), _ROW * n_rows + 0.35)
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for axis, (site, own) in zip(axes.flat, values.items(), strict=False):
        _panel(axis, site, own, edges)
    for axis in axes.flat[len(values) :]:
        axis.set_visible(False)
    end = f", {reference.unit}" if reference.unit else ""
    figure.supxlabel(f"{reference.name}{end}", fontsize=8.5, color=FAINT)
    figure.supylabel("share of the pixels", fontsize=8.5, color=FAINT)
    return figure


def _panel(axis: Axes, site: str, values: NDArray[np.float32], edges: NDArray[np.float64]) -> None:
    """Draw one site: its histogram, its median and its greatest value in words."""
    dress(axis)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    shares = counts / max(len(values), 1)
    axis.stairs(shares, edges, fill=True, color=LINES[0], baseline=_LEAST / 10)
    axis.set_yscale("log")
    axis.set_ylim(_LEAST, 1)
    axis.set_yticks(_TICKS, [f"{100 * tick:g} %" for tick in _TICKS])
    axis.minorticks_off()
    axis.tick_params(labelsize=7.5)
    axis.set_title(site or "all", fontsize=8.5, color=INK, loc="left", pad=3, parse_math=False)
    said = f"median {np.median(values):.3g}, highest {values.max():.3g}".replace("-", "−")
    axis.set_title(said, fontsize=7.2, color=FAINT, loc="right", pad=3)


def _by_site(
    rows: gpd.GeoDataFrame, reference: Reference, workers: int | None
) -> dict[str, NDArray[np.float32]]:
    """Read known pixels of each site, of the sites with most samples."""
    sites = rows["site"].where(~rows["site"].map(is_missing).astype(bool), "")
    largest = (
        sites.value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
    )
    found = {}
    for site in sorted(largest.index[:MOST_SITES]):
        paths = rows[sites == site].sort_values("sample")[reference.column]
        places = np.unique(
            np.linspace(0, len(paths) - 1, min(len(paths), MOST_RASTERS)).astype(int)
        )
        some = [Path(str(paths.iloc[place])) for place in places]
        values = _read(some, reference, workers)
        if values.size:
            found[str(site)] = values
    return found


def _read(paths: Sequence[Path], reference: Reference, workers: int | None) -> NDArray[np.float32]:
    """Read some known pixels of each raster."""
    read = partial(_known, reference=reference)
    return np.concatenate(
        [np.zeros(0, np.float32), *parallel_map(read, paths, label="values", workers=workers)]
    )


def _known(path: Path, reference: Reference) -> NDArray[np.float32]:
    """Return known pixels of one raster, thinned out evenly; none where it cannot be read."""
    try:
        values = read_reference(path, reference).ravel()
    except DataError:
        return np.zeros(0, np.float32)
    known = values[np.isfinite(values)]
    return known[:: 1 + known.size // _MOST_PX]
