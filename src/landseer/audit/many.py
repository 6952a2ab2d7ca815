"""Many: the same place in a set too large for memory; details packed on disk, pairs proved only where they can join."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.audit.candidates import LandmarkTable, Proposals, propose_in_cells
from landseer.audit.compact import pack, unpack
from landseer.audit.descriptor import find_landmarks
from landseer.audit.detail import band_pass, equalise
from landseer.audit.forest import prove_by_forest
from landseer.audit.neighbours import encode
from landseer.audit.proof import Match, Matching, is_proof
from landseer.audit.register import Agreement, least_significance, register
from landseer.audit.settings import SamePlaceConfig
from landseer.audit.shelf import Shelf, read_span
from landseer.core.parallel import parallel_map

TYPICAL_OF = 1024
"""Layers, evenly spaced, of which the median contrast is measured."""

_PROOFS_PER_TASK = 256
_PROCESSES_FROM = 20_000


@dataclass(frozen=True, slots=True)
class Description:
    """What is kept of many samples; their packed details are on a shelf.

    Attributes:
        table: their landmarks.
        blank: positions of the samples without any detail.
        side_px: longest side of a layer, in working pixels.
    """

    table: LandmarkTable
    blank: list[int]
    side_px: int


@dataclass(frozen=True, slots=True)
class _One:
    """What is kept of one sample."""

    packed: bytes
    positions: NDArray[np.int16]
    codes: NDArray[np.int8]
    is_blank: bool
    side_px: int


@dataclass(frozen=True, slots=True)
class _Task:
    """Some pairs to register: the file, the shifts, and where the details lie."""

    path: Path
    pairs: list[tuple[int, int, int, int]]
    spans: dict[int, tuple[int, int]]


def match_many(
    layers: Sequence[NDArray[np.float32]],
    config: SamePlaceConfig,
    *,
    flat_share: float,
    workers: int | None = None,
) -> Matching:
    """Match a set that need not fit into memory.

    Args:
        layers: (h, w) float32 each, at the working resolution; NaN where missing; asked for one by one, from threads.
        config: how much agreement is asked for.
        flat_share: contrast, as a share of the set's median, under which a place counts as flat; above 0.
        workers: threads and processes; None takes one per processor.
    """
    with Shelf() as shelf:
        known = describe_many(layers, shelf, config, flat_share=flat_share, workers=workers)
        proposals = propose_in_cells(
            known.table, likeness=config.likeness, neighbours=config.neighbours,
            votes=config.votes, most_per_sample=config.candidates_per_sample, workers=workers,
        )  # fmt: skip
        return prove_many(proposals, known, shelf, config, workers=workers)


def describe_many(
    layers: Sequence[NDArray[np.float32]],
    shelf: Shelf,
    config: SamePlaceConfig,
    *,
    flat_share: float,
    workers: int | None = None,
) -> Description:
    """Pack the details of all layers and find their landmarks, in one pass but for the measure of flatness.

    Args:
        layers, config, flat_share, workers: as for `match_many`.
        shelf: takes one packed detail per layer.
    """
    floor = flat_share * _typical_contrast(layers, workers)

    def describe(number: int) -> _One:
        """Describe one layer."""
        layer = layers[number]
        detail = equalise(*band_pass(layer), floor)
        found = find_landmarks(detail, config.landmarks)
        positions, codes = found.positions.astype(np.int16), encode(found.descriptors)
        return _One(pack(detail), positions, codes, not detail.values.any(), max(layer.shape))

    kept: list[tuple[NDArray[np.int16], NDArray[np.int8]]] = []
    blank, side = [], 0
    numbers = range(len(layers))
    described = parallel_map(describe, numbers, label="finding landmarks", workers=workers)
    for number, one in enumerate(described):
        shelf.put(one.packed)
        kept.append((one.positions, one.codes))
        blank += [number] if one.is_blank else []
        side = max(side, one.side_px)
    counts = [len(positions) for positions, _ in kept]
    owner = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    positions = np.concatenate([one for one, _ in kept])
    return Description(
        LandmarkTable(owner, positions, np.concatenate([one for _, one in kept])), blank, side
    )


def prove_many(
    proposals: Proposals,
    known: Description,
    shelf: Shelf,
    config: SamePlaceConfig,
    *,
    workers: int | None = None,
) -> Matching:
    """Prove proposals, leaving out those whose samples other pairs join already.

    Args:
        proposals: the pairs and their shifts.
        known, shelf: from `describe_many`.
        config: how much agreement is asked for.
        workers: processes for a large set, else threads; None takes one per processor.
    """
    rows = proposals.rows
    asked = least_significance(max(len(shelf), 2), known.side_px, config.false_pairs)
    proven: dict[int, Agreement] = {}

    def prove(picked: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Register some rows, by number, ascending."""
        steps = range(0, len(picked), _PROOFS_PER_TASK)
        tasks = [_task(shelf, rows[picked[at : at + _PROOFS_PER_TASK]]) for at in steps]
        found = parallel_map(
            _register_some, tasks, label="registering pairs", workers=workers,
            processes=len(picked) >= _PROCESSES_FROM,
        )  # fmt: skip
        flat = [one for some in found for one in some]
        holds = np.array([is_proof(one, config, asked) for one in flat], bool)
        proven.update((int(picked[n]), flat[n]) for n in np.flatnonzero(holds))
        return holds

    held, joined, given_up = prove_by_forest(rows[:, [0, 1, 4]], len(shelf), prove)
    matches = [Match(int(rows[n, 0]), int(rows[n, 1]), proven[int(n)]) for n in held]
    left_out = (proposals.n_cut + len(given_up), len(joined), proposals.n_uncompared)
    return Matching(matches, known.blank, len(rows), *left_out)


def _task(shelf: Shelf, rows: NDArray[np.int64]) -> _Task:
    """Say all that another process has to know."""
    samples = np.unique(rows[:, :2]).tolist()
    pairs = [(a, b, row, col) for a, b, row, col, _ in rows.tolist()]
    return _Task(shelf.path, pairs, {sample: shelf.span(sample) for sample in samples})


def _register_some(task: _Task) -> list[Agreement]:
    """Register some pairs."""
    details = {n: unpack(read_span(task.path, span)) for n, span in task.spans.items()}
    return [register(details[a], details[b], row, col) for a, b, row, col in task.pairs]


def _typical_contrast(layers: Sequence[NDArray[np.float32]], workers: int | None) -> float:
    """Return the median contrast of evenly spaced layers."""
    most = min(len(layers), TYPICAL_OF)
    some = [n * len(layers) // most for n in range(most)]

    def measure(number: int) -> float:
        """Measure one layer."""
        return float(band_pass(layers[number])[0].std())

    contrast = np.array(list(parallel_map(measure, some, workers=workers)))
    return float(np.median(contrast[contrast > 0])) if (contrast > 0).any() else 1.0
