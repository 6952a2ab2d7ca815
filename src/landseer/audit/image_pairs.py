"""Image pairs: the samples without footprint whose images are the same or agree at some shift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.audit.ground import beside_of
from landseer.audit.joint import match_jointly
from landseer.audit.layers import choose_layers, is_height, iterate_layers
from landseer.audit.match import match_places
from landseer.audit.pairs import Pair, make_pair, star
from landseer.audit.pools import Pool, pools_of
from landseer.audit.settings import SamePlaceConfig
from landseer.audit.shared_pixels import Prints, find_shared, thinning
from landseer.audit.shelf import LayerShelf
from landseer.core.bands import Band
from landseer.core.references import Reference
from landseer.samples.findings import KEPT, Finding
from landseer.samples.schema import is_missing
from landseer.spectral.formula import Formula

FLAT_HEIGHT, FLAT_SIGHT = 0.1, 0.5
"""Contrast, as a share of the set's median, below which a place counts as flat: heights are clean, images are not."""

WORKING_PX, WORKING_PX_LARGE = 192, 128

SAME_PIXELS = "same pixels"
"""Method of pairs that hold the same values; their score counts equal patches."""


def find_image_pairs(
    rows: gpd.GeoDataFrame,
    bands: Sequence[Band],
    config: SamePlaceConfig,
    workers: int | None = None,
    references: Sequence[Reference] = (),
) -> tuple[list[Pair], list[Finding]]:
    """Pair the samples whose images are the same or agree at some shift.

    Args:
        rows: samples, sorted by name.
        bands: bands of the images.
        config: what is compared, and how much agreement is asked for.
        workers: threads; None takes one per processor.
        references: of the data set; formulas may name rasters among them.

    Returns:
        the pairs, and findings: copies, and samples without evidence.

    Edges: samples that hold the same pixels at a shift are found even where the strip they share is narrow, and need
        no other proof; all others must share `min_overlap`.
    """
    height = None if config.rectify is None else config.rectify.height
    formulas = config.layers or choose_layers(bands, height)
    asked = frozenset(name for text in formulas for name in Formula.parse(text).names)
    beside = beside_of(rows, references, asked, config.rectify)
    factor = working_factor(rows, config)
    names, paths = list(rows["sample"]), [Path(path) for path in rows["image"]]
    pools = pools_of(rows, config)
    contents: list[str] = []
    prints: list[tuple[Prints, ...]] = []
    keep_one_in = thinning(
        len(rows) * len(formulas), int(rows["height"].max()), int(rows["width"].max())
    )
    with ExitStack() as stack:
        shelves = [LayerShelf() for _ in formulas]
        for shelf in shelves:
            stack.callback(shelf.close)
        for reading in iterate_layers(
            paths, bands, formulas,
            valid=config.valid, factor=factor, keep_one_in=keep_one_in, beside=beside, workers=workers,
        ):  # fmt: skip
            contents.append(reading.content)
            prints.append(reading.prints)
            for shelf, layer in zip(shelves, reading.layers, strict=True):
                shelf.append(layer)
        material = _Material(names, formulas, shelves, factor, bands)
        found, findings = _compare(material, pools, config, workers)
    copies, notes = _duplicates(names, paths, contents)
    exact = _shared(names, formulas, prints)
    known = {(pair["a"], pair["b"]) for pair in exact}
    likely = [pair for pair in found if (pair["a"], pair["b"]) not in known]
    if not config.sites_are_places:
        likely, impossible = _within_sites(rows, likely)
        notes = notes + impossible
    return copies + exact + likely, notes + findings


def _within_sites(
    rows: gpd.GeoDataFrame, pairs: Sequence[Pair]
) -> tuple[list[Pair], list[Finding]]:
    """Drop pairs of two sites, which cannot show one place; how many there were tells how many others are wrong."""
    sites = {
        sample: None if is_missing(site) else site
        for sample, site in zip(rows["sample"], rows["site"], strict=True)
    }
    within: list[Pair] = []
    apart: list[Pair] = []
    for pair in pairs:
        ends = {sites[pair["a"]], sites[pair["b"]]}
        (apart if len(ends) > 1 and None not in ends else within).append(pair)
    if not apart:
        return within, []
    figure = f"{len(apart)} pairs, the first {apart[0]['a']} and {apart[0]['b']}"
    what, action = "images of two sites look alike", "not taken for one place"
    return within, [Finding("", "", "", what, figure, action)]


def working_factor(rows: gpd.GeoDataFrame, config: SamePlaceConfig) -> int:
    """Return how many image pixels make one working pixel, alike for all images."""
    longest = int(max(rows["height"].max(), rows["width"].max())) if len(rows) else 1
    is_large = max(map(len, pools_of(rows, config))) > config.exhaustive_up_to
    working_px = config.working_px or (WORKING_PX_LARGE if is_large else WORKING_PX)
    return max(1, -(-longest // working_px))


@dataclass(frozen=True, slots=True)
class _Material:
    """What is compared."""

    names: list[str]
    formulas: tuple[str, ...]
    layers: Sequence[Sequence[NDArray[np.float32]]]
    factor: int
    bands: Sequence[Band]

    def pool(self, positions: Sequence[int]) -> _Material:
        """Return what is compared of some samples."""
        names = [self.names[position] for position in positions]
        layers = [Pool(layer, positions) for layer in self.layers]
        return _Material(names, self.formulas, layers, self.factor, self.bands)


def _compare(
    material: _Material,
    pools: Sequence[Sequence[int]],
    config: SamePlaceConfig,
    workers: int | None,
) -> tuple[list[Pair], list[Finding]]:
    """Compare the samples of each pool, every pair where that can be done; false pairs are shared out among pools."""
    config = config.model_copy(update={"false_pairs": config.false_pairs / len(pools)})
    pairs: list[Pair] = []
    findings: list[Finding] = []
    for positions in pools:
        is_large = len(positions) > config.exhaustive_up_to
        compare = _by_landmarks if is_large else _all_with_all
        found, notes = compare(material.pool(positions), config, workers)
        pairs, findings = pairs + found, findings + notes
    return pairs, findings


def _all_with_all(
    material: _Material, config: SamePlaceConfig, workers: int | None
) -> tuple[list[Pair], list[Finding]]:
    """Compare every pair at every shift, all layers together."""
    heights = [is_height(formula, material.bands) for formula in material.formulas]
    shares = [FLAT_HEIGHT if is_one else FLAT_SIGHT for is_one in heights]
    found, blank = match_jointly(material.layers, shares, config, steady=heights, workers=workers)
    method = f"image: {' + '.join(material.formulas)}"
    pairs = [
        make_pair(
            material.names[a], material.names[b], method, one.significance,
            shift_row=one.row * material.factor, shift_col=one.col * material.factor,
            overlap=one.overlap, agreement=one.agreement,
        )
        for (a, b), one in found.items()
    ]  # fmt: skip
    return pairs, _blank(material, blank)


def _by_landmarks(
    material: _Material, config: SamePlaceConfig, workers: int | None
) -> tuple[list[Pair], list[Finding]]:
    """Compare the pairs that landmarks propose, layer by layer."""
    pairs: list[Pair] = []
    blank: list[list[int]] = []
    findings: list[Finding] = []
    for formula, layers in zip(material.formulas, material.layers, strict=True):
        matching = match_places(layers, config, workers=workers)
        blank.append(matching.blank)
        pairs += [
            make_pair(
                material.names[one.a], material.names[one.b], f"image: {formula}",
                one.agreement.significance,
                shift_row=one.agreement.row * material.factor,
                shift_col=one.agreement.col * material.factor,
                overlap=one.agreement.overlap, agreement=one.agreement.agreement,
            )
            for one in matching.matches
        ]  # fmt: skip
        figure = (
            f"{matching.n_proposed} pairs proposed; left out: {matching.n_cut} above the cap, "
            f"{matching.n_joined} whose samples others join, {matching.n_uncompared} comparisons of landmarks"
        )
        findings.append(Finding("", "", formula, "not every pair was compared", figure, KEPT))
    return pairs, findings + _blank(material, blank)


def _shared(
    names: Sequence[str], formulas: Sequence[str], prints: Sequence[Sequence[Prints]]
) -> list[Pair]:
    """Pair the samples that hold the same pixels at a shift, layer by layer."""
    return [
        make_pair(
            names[one.a], names[one.b], f"{SAME_PIXELS}: {formula}", float(one.patches),
            shift_row=one.row, shift_col=one.col, overlap=one.overlap, agreement=one.agreement,
        )
        for number, formula in enumerate(formulas)
        for one in find_shared([sample[number] for sample in prints])
    ]  # fmt: skip


def _blank(material: _Material, blank: Sequence[Sequence[int]]) -> list[Finding]:
    """Count, per layer, the samples that it cannot tell from others."""
    what = "no detail to find the same place by"
    return [
        Finding(
            "", "", formula, what,
            f"{len(none)} of {len(material.names)} samples, first {material.names[none[0]]}", KEPT,
        )
        for formula, none in zip(material.formulas, blank, strict=True)
        if none
    ]  # fmt: skip


def _duplicates(
    names: Sequence[str], paths: Sequence[Path], contents: Sequence[str]
) -> tuple[list[Pair], list[Finding]]:
    """Pair the images whose pixels are all the same, and say so."""
    same: dict[str, list[int]] = defaultdict(list)
    for number, content in enumerate(contents):
        if content:
            same[content].append(number)
    pairs: list[Pair] = []
    findings = []
    for copies in same.values():
        pairs += star([names[number] for number in copies], "duplicate")
        findings += [
            Finding(
                names[number], str(paths[number]), "", "the same pixels as another image",
                names[copies[0]], "kept, in one group",
            )
            for number in copies[1:]
        ]  # fmt: skip
    return pairs, findings
