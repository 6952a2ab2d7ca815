"""Embedding: grouping by how alike a network finds two elevation pictures, as published kelp mapping did it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.audit.components import connected_components
from landseer.audit.pairs import Pair, make_pair
from landseer.audit.settings import EmbeddingConfig
from landseer.core.bands import Band
from landseer.errors import BandError
from landseer.raster.read import read_bands
from landseer.samples.findings import KEPT, Finding

Embed = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float32]]
"""Turns (h, w) uint8 pictures into one vector each, (n, d)."""

_AT_ONCE = 64
_TINY = 1e-10


def group_by_embedding(
    rows: gpd.GeoDataFrame, bands: Sequence[Band], config: EmbeddingConfig, embed: Embed
) -> tuple[list[Pair], dict[str, str], list[Finding]]:
    """Group samples by the likeness of their pictures.

    Args:
        rows: samples, sorted by name: the greedy merge follows this order.
        bands: bands of the images; the picture is of the first elevation band, else of the first band.
        config: likeness asked for, and how it makes groups.
        embed: the network.

    Returns:
        pairs at least as alike as asked, whose score is the cosine; sample -> group, named after its smallest sample;
        and findings: groups that were taken apart, and pairs that the groups part, which can leak.
    """
    names = list(rows["sample"])
    band = next((one for one in bands if one.kind == "elevation"), None) or _first(bands)
    vectors = np.concatenate(
        [
            embed([picture(read_bands(Path(path), [band.index])[0]) for path in some])
            for some in _parts(list(rows["image"]))
        ]
    )
    alike = find_alike(vectors, config.threshold)
    groups = (
        merge_greedily(names, alike)
        if config.grouping == "greedy"
        else connected_components(names, ((names[a], names[b]) for a, b, _ in alike))
    )
    groups, exploded = explode(groups, config.explode_above)
    pairs = [make_pair(names[a], names[b], "embedding", cosine) for a, b, cosine in alike]
    parted = sum(groups[names[a]] != groups[names[b]] for a, b, _ in alike)
    return pairs, groups, _findings(exploded, parted, len(pairs))


def picture(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Stretch a band to 8 bits between its least and largest value, negative ones cut off after these were taken.

    A nodata value of -32768 is such a least value: it leaves the heights a few grey levels, which is what was done.

    Args:
        values: (h, w) as in the file.

    Source: K:kelp/data_prep/plot_samples.py and K:kelp/nn/data/transforms.py (min_max_normalize), in float64.
    """
    raw = values.astype(np.float64)
    low, high = float(np.nanmin(raw)), float(np.nanmax(raw))
    stretched = (np.clip(raw, 0, high) - low) / (high - low + _TINY)
    return (np.clip(np.nan_to_num(stretched), 0, 1) * 255).astype(np.uint8)


def find_alike(vectors: NDArray[np.float32], threshold: float) -> list[tuple[int, int, float]]:
    """Find all pairs of vectors whose cosine is at least `threshold`.

    Args:
        vectors: (n, d).
        threshold: least cosine.

    Returns:
        (a, b, cosine) with a < b, sorted.
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.maximum(length, np.float32(_TINY))).astype(np.float32)
    found: list[tuple[int, int, float]] = []
    for start in range(0, len(unit), 1024):
        cosine = unit[start : start + 1024] @ unit.T
        for row, col in np.argwhere(cosine >= threshold):
            if start + row < col:
                found.append((int(start + row), int(col), float(cosine[row, col])))
    return found


def merge_greedily(names: Sequence[str], alike: Sequence[tuple[int, int, float]]) -> dict[str, str]:
    """Merge in order: a sample joins the first group met among its lists, and groups are never united.

    Each sample has the list of its look-alikes and itself, sorted; equal lists count once. Samples are taken in the
    order in which the lists name them. One without a group goes through the lists that name it, from the first, and
    joins the group of the first member that has one; where there is none it founds a group. A chain a-b-c may so end
    in two groups.

    Args:
        names: all samples, in order.
        alike: pairs of positions.

    Returns:
        name -> smallest name of its group.

    Source: K:kelp/data_prep/aoi_grouping.py (calculate_similarity_groups, group_duplicate_images).
    """
    near: dict[int, set[int]] = {n: {n} for n in range(len(names))}
    for a, b, _ in alike:
        near[a].add(b)
        near[b].add(a)
    lists = list(dict.fromkeys(tuple(sorted(names[m] for m in near[n])) for n in near))
    named_in: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(lists):
        for name in one:
            named_in[name].append(number)
    founder: dict[str, str] = {}
    for name in (name for one in lists for name in one):
        if name not in founder:
            met = (
                other for number in named_in[name] for other in lists[number] if other in founder
            )
            first = next(met, None)
            founder[name] = name if first is None else founder[first]
    return _named_after_smallest(founder)


def explode(groups: Mapping[str, str], above: int | None) -> tuple[dict[str, str], dict[str, int]]:
    """Take groups of more than `above` samples apart into single ones.

    Returns:
        name -> group, and the groups taken apart with their sizes.

    Source: K:kelp/data_prep/aoi_grouping.py (explode_groups_if_needed), with `above` 100.
    """
    members: dict[str, list[str]] = defaultdict(list)
    for name, group in groups.items():
        members[group].append(name)
    large = {
        group: len(some)
        for group, some in members.items()
        if above is not None and len(some) > above
    }
    return {name: name if group in large else group for name, group in groups.items()}, large


def _named_after_smallest(founder: Mapping[str, str]) -> dict[str, str]:
    """Name groups after their smallest sample."""
    smallest: dict[str, str] = {}
    for name, group in founder.items():
        smallest[group] = min(name, smallest.get(group, name))
    return {name: smallest[group] for name, group in founder.items()}


def _first(bands: Sequence[Band]) -> Band:
    """Return the first band."""
    if not bands:
        raise BandError("expected a band to make pictures of; got none")
    return bands[0]


def _parts(paths: list[str]) -> Iterator[list[str]]:
    """Yield a few paths at a time."""
    for start in range(0, len(paths), _AT_ONCE):
        yield paths[start : start + _AT_ONCE]


def _findings(exploded: Mapping[str, int], parted: int, n_pairs: int) -> list[Finding]:
    """Say what the method did to its own pairs."""
    found = [
        Finding(group, "", "", "a giant group of look-alikes", f"{size} samples", "taken apart into single samples")
        for group, size in exploded.items()
    ]  # fmt: skip
    if parted:
        figure = f"{parted} of {n_pairs} pairs"
        found.append(
            Finding("", "", "", "pairs of look-alikes end in different groups", figure, KEPT)
        )
    return found
