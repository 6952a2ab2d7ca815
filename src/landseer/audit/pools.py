"""Pools: which samples are compared with each other; whole regions apart, where a set is too large for every pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.audit.settings import SamePlaceConfig
from landseer.samples.schema import is_missing

Layer = NDArray[np.float32]


def pools_of(rows: gpd.GeoDataFrame, config: SamePlaceConfig) -> list[list[int]]:
    """Return positions of the samples that are compared with each other.

    Args:
        rows: samples.
        config: where sites are regions, no place lies in two of them.

    Returns:
        One pool of all, or one of each site where there are more samples than `exhaustive_up_to`.

    Edges: one pool of all where a sample has no site. Smaller sets stay together, although pairs of two regions are
        dropped afterwards: what is alike by chance is judged better the more unrelated images there are.
    """
    sites = list(rows["site"])
    is_small = len(rows) <= config.exhaustive_up_to
    if config.sites_are_places or is_small or any(is_missing(site) for site in sites):
        return [list(range(len(rows)))]
    pools: dict[str, list[int]] = {site: [] for site in sorted(set(sites))}
    for position, site in enumerate(sites):
        pools[site].append(position)
    return list(pools.values())


@dataclass(frozen=True, slots=True)
class Pool(Sequence[Layer]):
    """Some of many layers, read when asked for.

    Attributes:
        layers: all of them.
        positions: of those in the pool.
    """

    layers: Sequence[Layer]
    positions: Sequence[int]

    def __len__(self) -> int:
        """Return how many layers there are."""
        return len(self.positions)

    @overload
    def __getitem__(self, number: int) -> Layer: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Layer]: ...
    def __getitem__(self, number: int | slice) -> Layer | Sequence[Layer]:
        """Read a layer, or some of them for a slice."""
        if isinstance(number, slice):
            return [self.layers[position] for position in self.positions[number]]
        return self.layers[self.positions[number]]
