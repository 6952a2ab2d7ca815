"""The files of a land-cover data set, laid out as LandCover.ai's archive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from landseer.core.files import write_text
from landseer.core.seeds import generator
from landseer.synth.landcover_plan import OrthoSpec
from landseer.synth.landcover_settings import LandcoverSynthConfig

FOLDERS = ("images", "masks")
TILE_PX = 512
LISTS = ("train", "val", "test")
"""Names of the lists of tiles, `NAME.txt`."""


def tile_numbers(size: tuple[int, int]) -> list[int]:
    """Return the numbers of the full tiles of an orthophoto.

    Args:
        size: rows and columns.

    Returns:
        Numbers that count all windows of 512 x 512 row by row, those cut off by the edge too; only full ones are
        listed, so numbers have gaps.

    Source: split.py of LandCover.ai v1 (Boguszewski et al. 2021, 10.1109/CVPRW53098.2021.00121).
    """
    rows, cols = size
    across = -(-cols // TILE_PX)
    return [row * across + col for row in range(rows // TILE_PX) for col in range(cols // TILE_PX)]


def tile_lists(config: LandcoverSynthConfig, specs: Sequence[OrthoSpec]) -> dict[str, list[str]]:
    """Return the tiles of every list, `NAME_k`, sorted.

    Args:
        config: says whether orthophotos or tiles are dealt out.
        specs: all orthophotos.

    Edges: dealt by tiles, each list gets the share of the tiles that its orthophotos have, at random.
    """
    tiles: dict[str, list[str]] = {side: [] for side in LISTS}
    for spec in specs:
        tiles[spec.side] += [f"{spec.name}_{k}" for k in tile_numbers(spec.size)]
    if config.split == "tiles":
        every = sorted(tile for side in LISTS for tile in tiles[side])
        order = generator(config.seed, "tiles").permutation(len(every))
        ends = np.cumsum([len(tiles[side]) for side in LISTS])
        for side, part in zip(LISTS, np.split(order, ends[:-1]), strict=True):
            tiles[side] = [every[k] for k in part]
    return {side: sorted(tiles[side]) for side in LISTS}


def write_lists(root: Path, lists: dict[str, list[str]]) -> None:
    """Write `train.txt`, `val.txt` and `test.txt`: one tile a line."""
    for side, tiles in lists.items():
        write_text(root / f"{side}.txt", "".join(f"{tile}\n" for tile in tiles))
