"""The plan of a scene: its windows, how they overlap, in which batches they come, and what they need of memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from landseer.core.sides import shares, starts
from landseer.core.window import Window
from landseer.errors import UsageError
from landseer.models.decoders import stride_px
from landseer.models.slices_config import Slices
from landseer.predict.options import OVERLAP_PX, WINDOW_PX, PredictOptions
from landseer.predict.spec import ModelSpec

_RAMP = 4
"""An overlap is twice the border, and a ramp of a quarter of it."""


@dataclass(frozen=True, slots=True)
class Band:
    """Windows of one row of the plan.

    Attributes:
        row, height: the rows that they cover.
        windows: from left to right.
    """

    row: int
    height: int
    windows: tuple[Window, ...]

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self.row + self.height


@dataclass(frozen=True)
class Plan:
    """What is read and computed of one scene, in this order.

    Attributes:
        shape: (height, width) of the scene, px.
        rows, cols: where windows start; they are spread evenly.
        size: (height, width) of each window.
        overlap_px: the least overlap of neighbours.
        border_px: what is discarded at each side that has a neighbour; None is two fifths of what they share.
        batch: windows a step; which windows share a step never depends on anything but the plan.
        windows: those that are computed, row by row.
    """

    shape: tuple[int, int]
    rows: tuple[int, ...]
    cols: tuple[int, ...]
    size: tuple[int, int]
    overlap_px: int
    border_px: int | None
    batch: int
    windows: tuple[Window, ...]

    def weights(self, window: Window) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return how much the pixels of a window count, down and across it.

        They are those of `core.sides.shares`: at each pixel of the scene the weights of all windows add up to 1.
        """
        return self._down[window.row], self._across[window.col]

    @cached_property
    def _down(self) -> dict[int, NDArray[np.float32]]:
        """The weights down the windows of each row."""
        return shares(self.rows, self.size[0], self.border_px)

    @cached_property
    def _across(self) -> dict[int, NDArray[np.float32]]:
        """The weights across the windows of each column."""
        return shares(self.cols, self.size[1], self.border_px)

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """The rows of windows, from top to bottom."""
        rows: dict[tuple[int, int], list[Window]] = {}
        for window in self.windows:
            rows.setdefault((window.row, window.height), []).append(window)
        return tuple(Band(row, height, tuple(found)) for (row, height), found in rows.items())

    def bands_from(self, first: int) -> Iterator[tuple[int, Band]]:
        """Yield the bands from that of window `first` on, each with the number of its first window."""
        start = 0
        for band in self.bands:
            if start + len(band.windows) > first:
                yield start, band
            start += len(band.windows)

    def batches(self, first: int = 0) -> Iterator[tuple[int, int]]:
        """Yield (start, stop) of each batch of windows, from the one that starts with window `first`."""
        for start in range(first, len(self.windows), self.batch):
            yield start, min(start + self.batch, len(self.windows))

    def only(self, keep: Sequence[bool]) -> Plan:
        """Return the plan without some of its windows; those that stay count as before."""
        kept = tuple(w for w, is_kept in zip(self.windows, keep, strict=True) if is_kept)
        return replace(self, windows=kept)

    def restart(self, row: int) -> int:
        """Return the number of the window from which must be computed again when rows from here on are not done.

        It is the first of its batch, so that every batch is as it would have been.
        """
        first = next(
            (i for i, w in enumerate(self.windows) if w.row + w.height > row), len(self.windows)
        )
        return first // self.batch * self.batch

    def memory_bytes(self, n_planes: int, n_bands: int, itemsize: int, ahead_px: int) -> int:
        """Return about what the accumulators, the rows read and the windows of two steps take.

        Args:
            n_planes: values per pixel that are averaged.
            n_bands: bands read.
            itemsize: bytes of a pixel of a band in the file.
            ahead_px: rows that are read besides those of a window.
        """
        sums = self.size[0] * self.shape[1] * n_planes * 4
        rows = (self.size[0] + ahead_px) * self.shape[1] * (n_bands * itemsize + 1)
        steps = 2 * self.batch * self.size[0] * self.size[1] * (n_bands + n_planes) * 4
        return sums + rows + steps


def plan_scene(shape: tuple[int, int], options: PredictOptions, spec: ModelSpec) -> Plan:
    """Plan a scene for a model; see `make_plan`.

    Edges: where the windows are the model's slices, borders and overlaps are those by which the model was judged out of
        fold (`models.slices`), however far its networks see. Of trees it is known what they see: windows share no more
        than that asks for.
    """
    if spec.trees is not None:
        overlap_px = (
            _needed(spec.trees.reach_px) if options.overlap_px is None else options.overlap_px
        )
        chosen = options.model_copy(update={"overlap_px": overlap_px})
        return make_plan(shape, chosen, spec.trees.reach_px)
    is_sliced = spec.model.slices is not None and options.window_px is None
    window_px, overlap_px = windows_of(options, spec.model.slices)
    chosen = options.model_copy(update={"window_px": window_px, "overlap_px": overlap_px})
    return make_plan(shape, chosen, None if is_sliced else spec.reach_px, stride_px(spec.model))


def windows_of(options: PredictOptions, slices: Slices | None = None) -> tuple[int, int]:
    """Return side and least overlap of windows: as the user says, else the model's slices, else 1024 and 128."""
    window, overlap = (slices.size_px, slices.overlap_px) if slices else (WINDOW_PX, OVERLAP_PX)
    if options.window_px is not None:
        window, overlap = options.window_px, min(OVERLAP_PX, options.window_px // 2)
    return window, overlap if options.overlap_px is None else options.overlap_px


def make_plan(
    shape: tuple[int, int],
    options: PredictOptions,
    reach_px: int | None = None,
    stride_px: int = 1,
) -> Plan:
    """Plan a scene.

    The border is `options.border_px`; else the model's reach, where it is known and windows can bear it; else two
    fifths of what neighbours share. The overlap is `options.overlap_px`, or as much more as the border asks for.

    Args:
        shape: (height, width) of the scene, px.
        options: window, overlap, border and batch.
        reach_px: how far the networks see; None is not known.
        stride_px: of the networks: windows but the last of a row or column start at multiples of it, because a network
            says other things of a pixel that lies elsewhere in its cells.

    Raises:
        UsageError: the border asked for leaves nothing of a window.
    """
    window, overlap = windows_of(options)
    border = _border(options, window, reach_px)
    if border is not None:
        overlap = max(overlap, _needed(border))
    if 2 * overlap > window and max(shape) > window:
        raise _too_wide(window, overlap, border)
    size = min(window, shape[0]), min(window, shape[1])
    rows, cols = (starts(n, window, overlap, stride_px) for n in shape)
    windows = tuple(Window(row, col, *size) for row in rows for col in cols)
    return Plan(shape, rows, cols, size, overlap, border, options.batch, windows)


def _needed(border_px: int) -> int:
    """Return the overlap that a border asks for."""
    return 2 * border_px + max(1, border_px // _RAMP)


def _too_wide(window: int, overlap: int, border: int | None) -> UsageError:
    """Say that windows cannot hold what they share."""
    asked = "" if border is None else f", for a border of {border} px"
    return UsageError(
        f"expected an overlap of at most half a window of {window} px; got {overlap} px{asked}",
        where="border_px",
        do="take larger windows (--window-px), or a smaller border (--border-px) or overlap",
    )


def _border(options: PredictOptions, window: int, reach_px: int | None) -> int | None:
    """Return the border that is asked for, or the reach where windows can bear it."""
    if options.border_px is not None:
        return options.border_px
    is_bearable = reach_px is not None and 2 * _needed(reach_px) <= window
    return reach_px if is_bearable else None
