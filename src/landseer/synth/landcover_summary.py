"""What a made-up land-cover data set came out as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from landseer.synth.landcover_label import CLASSES


@dataclass(frozen=True)
class OrthoTruth:
    """What the files of an orthophoto do not say.

    Attributes:
        name, side, gsd_m, rows, cols: as in the plan.
        season: of the plants.
        sun_azimuth_deg, sun_elevation_deg, off_nadir_deg, view_azimuth_deg: light and lean.
        background, building, woodland, water, road: shares of its pixels.
    """

    name: str
    side: str
    gsd_m: float
    rows: int
    cols: int
    season: str
    sun_azimuth_deg: float
    sun_elevation_deg: float
    off_nadir_deg: float
    view_azimuth_deg: float
    background: float
    building: float
    woodland: float
    water: float
    road: float


@dataclass(frozen=True)
class LandcoverSummary:
    """Counts and shares of a made-up land-cover data set.

    Attributes:
        out: folder.
        made: False where it was there already.
        n_train, n_val, n_test: orthophotos whose tiles are meant for each list.
        n_tiles: tiles per list.
        shares: share of all pixels per class.
    """

    out: str
    made: bool
    n_train: int
    n_val: int
    n_test: int
    n_tiles: dict[str, int]
    shares: dict[str, float]

    @property
    def text(self) -> str:
        """One paragraph for people."""
        shares = ", ".join(f"{name} {100 * share:.1f} %" for name, share in self.shares.items())
        return (
            f"{'made' if self.made else 'kept'} {self.out}: {self.n_train} training, {self.n_val} validation and "
            f"{self.n_test} test orthophotos; tiles {', '.join(f'{k} {v}' for k, v in self.n_tiles.items())}; {shares}"
        )


def summarise(
    out: Path, rows: Sequence[OrthoTruth], n_tiles: Mapping[str, int], *, made: bool
) -> LandcoverSummary:
    """Add up a data set.

    Args:
        out: folder.
        rows: its orthophotos.
        n_tiles: tiles per list.
        made: whether it was made just now.
    """
    pixels = np.array([row.rows * row.cols for row in rows], float)
    shares = {
        name: round(float((pixels * [getattr(row, name) for row in rows]).sum() / pixels.sum()), 6)
        for name in CLASSES
    }
    count = {side: sum(row.side == side for row in rows) for side in ("train", "val", "test")}
    return LandcoverSummary(
        str(out), made, count["train"], count["val"], count["test"], dict(n_tiles), shares
    )
