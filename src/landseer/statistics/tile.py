"""One image: which pixels count, and the bands and indices of those pixels, in pieces that fit the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from landseer.core.bands import Band
from landseer.errors import FormulaError
from landseer.spectral import Formula, Program, ResolvedIndex
from landseer.spectral.compute import physical
from landseer.spectral.formula import require_names
from landseer.spectral.operations import is_tensor
from landseer.statistics.accumulate import ChannelStatistics, as_numbers
from landseer.statistics.moments import Moments

Array = Any
"""A numpy array or a torch tensor."""

BLOCK_PX = 1 << 15
"""Pixels computed at a time: a dozen float32 arrays of this length fit a second-level cache of 2 MiB."""


class TileCounter:
    """Counts the channels of one image after the other into accumulators that it is given.

    Args:
        bands: in the order of the images.
        indices: index channels.
        where: condition for all channels.
        index_where: further condition for the indices that are masked.
        index_step: indices are computed at every so many-th row and column of an image.

    Raises:
        FormulaError: a formula needs a name that is no band's, or a condition is a number.
    """

    def __init__(
        self,
        bands: Sequence[Band],
        indices: Sequence[ResolvedIndex],
        *,
        where: Formula | None = None,
        index_where: Formula | None = None,
        index_step: int = 1,
    ) -> None:
        self.bands, self.indices = tuple(bands), tuple(indices)
        self.where, self.index_where = where, index_where
        self.index_step = index_step
        self._position: dict[str, int] = {}
        for position, band in enumerate(bands):
            for name in (band.name, *band.codes):
                self._position.setdefault(name, position)
        self._check()
        masked = [number for number, index in enumerate(indices) if index.masked]
        free = [number for number, index in enumerate(indices) if not index.masked]
        self._masked = _Group(self.indices, masked, self._position)
        self._free = _Group(self.indices, free, self._position)
        self._all = _Group(self.indices, list(range(len(indices))), self._position)

    def new_channels(self) -> list[ChannelStatistics]:
        """Make one empty accumulator per channel: bands, then indices."""
        bands = [ChannelStatistics(band.nodata) for band in self.bands]
        return bands + [ChannelStatistics() for _ in self.indices]

    def count(
        self,
        array: Array,
        channels: Sequence[ChannelStatistics],
        start: tuple[int, int] = (0, 0),
        there: Array | None = None,
    ) -> list[Moments]:
        """Count an image.

        Args:
            array: (band, h, w), raw values.
            start: first row and column at which indices are computed, each below `index_step`.
            channels: accumulators that nobody else uses meanwhile; their histograms grow, their moments do not.
            there: (h, w), true where the image has data; None where it has everywhere.

        Returns:
            The moments of this image's float channels, one per channel, to be merged in the order of the images.
        """
        flat = array.reshape(len(self.bands), -1)
        with np.errstate(all="ignore"):
            valid = self._keep(self.where, flat, None if there is None else there.reshape(-1))
            positions = _positions(valid)
            moments = [
                channel.measure(_select(flat[position], positions))
                for position, channel in enumerate(channels[: len(self.bands)])
            ]
            moments += [Moments()] * len(self.indices)
            if self.index_step > 1 and self.indices:
                rows, cols = (slice(first, None, self.index_step) for first in start)
                flat = array[:, rows, cols].reshape(len(self.bands), -1)
                some = None if there is None else there[rows, cols].reshape(-1)
                valid = self._keep(self.where, flat, some)
                positions = _positions(valid)
            for group, where in self._groups(flat, valid, positions):
                group.count(flat, where, self.bands, channels, moments)
        return moments

    def _groups(
        self, flat: Array, valid: Array | None, positions: Array | None
    ) -> list[tuple[_Group, Array | None]]:
        """Say which indices are computed where."""
        if self.index_where is None or not self.indices:
            return [(self._all, positions)]
        usable = _positions(self._keep(self.index_where, flat, valid))
        return [(self._masked, usable), (self._free, positions)]

    def _keep(self, condition: Formula | None, flat: Array, valid: Array | None) -> Array | None:
        """Return which of the valid pixels fulfil a condition, or None for all."""
        if condition is None:
            return valid
        variables = {
            name: physical(flat[self._position[name]], self.bands[self._position[name]])
            for name in condition.names
        }
        keep = condition(variables)
        return keep if valid is None else keep & valid

    def _check(self) -> None:
        """Raise before any file is read."""
        for index in self.indices:
            require_names(index.formula.names, self._position, f"index {index.name}")
        for key, condition in (("where", self.where), ("index_where", self.index_where)):
            if condition is not None:
                require_names(condition.names, self._position, f"{key}: {condition.text}")
                if not condition.is_condition:
                    raise FormulaError(
                        f"expected a condition; got the number {condition.text!r}", where=key
                    )


class _Group:
    """Indices that are computed on the same pixels."""

    def __init__(
        self, indices: Sequence[ResolvedIndex], numbers: list[int], position: dict[str, int]
    ) -> None:
        self.numbers = numbers
        formulas = [indices[number].formula for number in numbers]
        names = sorted(frozenset[str]().union(*(formula.names for formula in formulas)))
        self._names = {name: position[name] for name in names}
        self._program = Program([formula.tree for formula in formulas], keep_infinite=True)

    def count(
        self,
        flat: Array,
        where: Array | None,
        bands: Sequence[Band],
        channels: Sequence[ChannelStatistics],
        moments: list[Moments],
    ) -> None:
        """Compute the indices of the pixels at these positions, piece by piece, and count them."""
        columns = {
            position: _as_float(physical(_select(flat[position], where), bands[position]))
            for position in sorted(set(self._names.values()))
        }
        if not columns:
            return
        length = len(next(iter(columns.values())))
        piece = length if is_tensor(flat) else BLOCK_PX
        for start in range(0, length, max(1, piece)):
            variables = {
                name: columns[position][start : start + piece]
                for name, position in self._names.items()
            }
            for number, values in self._program.each(variables):
                channel = len(bands) + self.numbers[number]
                new = channels[channel].measure(as_numbers(values))
                moments[channel] = moments[channel].merge(new)


def _positions(keep: Array | None) -> Array | None:
    """Return where a condition holds, or None for everywhere."""
    if keep is None or bool(keep.all()):
        return None
    return keep.nonzero().squeeze(1) if is_tensor(keep) else np.flatnonzero(keep)


def _select(values: Array, positions: Array | None) -> Array:
    """Return the pixels at some positions; taking by position is twice as fast as by mask."""
    if positions is None:
        return values
    return values[positions] if is_tensor(values) else values.take(positions)


def _as_float(values: Array) -> Array:
    """Return float64 as it is and everything else as float32."""
    if is_tensor(values):
        return values if values.dtype.is_floating_point else values.float()
    return values if values.dtype.kind == "f" else values.astype(np.float32)
