"""A class map as runs: stretches of equal pixels along a row, from which everything else about its shapes follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Runs:
    """Stretches of equal pixels, from top to bottom and left to right.

    Attributes:
        row, start, stop: (n,) row and columns of each, int64; `stop` is the first column behind it.
        value: (n,) its pixels' value, int64.
    """

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    value: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, which: NDArray[np.generic]) -> Runs:
        """Return some of them: a mask or positions."""
        return Runs(self.row[which], self.start[which], self.stop[which], self.value[which])

    def then(self, below: Runs) -> Runs:
        """Return these and those below them."""
        return Runs(
            np.concatenate([self.row, below.row]),
            np.concatenate([self.start, below.start]),
            np.concatenate([self.stop, below.stop]),
            np.concatenate([self.value, below.value]),
        )


def no_runs() -> Runs:
    """Return no runs."""
    return Runs(*(np.zeros(0, np.int64) for _ in range(4)))


def find_runs(values: NDArray[np.integer], first_row: int = 0) -> Runs:
    """Find the runs of a strip.

    Args:
        values: (h, w) numbers.
        first_row: row of the map in which the strip begins.
    """
    width = values.shape[1]
    begins = np.ones(values.shape, bool)
    np.not_equal(values[:, 1:], values[:, :-1], out=begins[:, 1:])
    flat = np.flatnonzero(begins)
    row, start = np.divmod(flat, width)
    stop = np.append(flat[1:], values.size) - row * width
    return Runs(row + first_row, start, stop, values.ravel()[flat].astype(np.int64))


def touching(runs: Runs, *, corners: bool = False) -> NDArray[np.int64]:
    """Find the pairs of runs that lie on each other in neighbouring rows, whatever their values.

    Args:
        runs: in their order; some may be left out.
        corners: also pairs that share no more than a corner.

    Returns:
        (k, 2) positions of the upper and of the lower run.
    """
    if not len(runs):
        return np.zeros((0, 2), np.int64)
    stride = int(runs.stop.max()) + 2
    below = (runs.row + 1) * stride
    first = np.searchsorted(
        runs.row * stride + runs.stop, below + runs.start, "left" if corners else "right"
    )
    end = np.searchsorted(
        runs.row * stride + runs.start, below + runs.stop, "right" if corners else "left"
    )
    counts = np.maximum(end - first, 0)
    upper = np.repeat(np.arange(len(runs)), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([upper, np.arange(len(upper)) - before + np.repeat(first, counts)], axis=1)


def turns(
    runs: Runs, is_above: NDArray[np.bool_], is_below: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the corners of all shapes: ends of runs that no equal run goes on with in the next row.

    Args:
        runs: in their order.
        is_above: (n,) whether the lower side of a run counts.
        is_below: (n,) whether its upper side counts.

    Returns:
        (k,) the run of each corner; (k, 4) its line, column, whether the run lies below the line, and whether its right
        end is meant.
    """
    upper, lower = np.flatnonzero(is_above), np.flatnonzero(is_below)
    found = []
    for is_stop, ends in ((0, runs.start), (1, runs.stop)):
        goes_on, comes_on = _continued(runs, ends, upper, lower)
        found += [(upper[~goes_on], ends, 0, is_stop), (lower[~comes_on], ends, 1, is_stop)]
    which = np.concatenate([run for run, *_ in found])
    rows = [
        np.stack(
            [
                runs.row[run] + (1 - below),
                ends[run],
                np.full(len(run), below),
                np.full(len(run), is_stop),
            ],
            axis=1,
        )
        for run, ends, below, is_stop in found
    ]
    return which, np.concatenate(rows)


def _continued(
    runs: Runs,
    ends: NDArray[np.int64],
    upper: NDArray[np.int64],
    lower: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which of the upper runs end just above an equal lower run's end, and which lower ones just below one."""
    goes_on, comes_on = np.zeros(len(upper), bool), np.zeros(len(lower), bool)
    if not (len(upper) and len(lower)):
        return goes_on, comes_on
    stride = int(runs.stop.max()) + 2
    line_above = (runs.row[upper] + 1) * stride + ends[upper]
    line_below = runs.row[lower] * stride + ends[lower]
    at = np.minimum(np.searchsorted(line_below, line_above), len(lower) - 1)
    goes_on = (line_below[at] == line_above) & (runs.value[lower[at]] == runs.value[upper])
    comes_on[at[goes_on]] = True
    return goes_on, comes_on
