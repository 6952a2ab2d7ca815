"""The truth table of a geopose data set: one row per tile with all that the files do not say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from landseer.synth.truth_table import read_rows, write_rows


@dataclass(frozen=True)
class GeoposeTruth:
    """One row of the truth table.

    Attributes:
        id, side, city, place, acquisition: which tile, of which district, in which picture of the city.
        south_0_m, east_0_m, south_1_m, east_1_m: ground under the tile's corners, in the frame of the city.
        gsd_m, off_nadir_deg, view_azimuth_deg, scale_px_per_m, angle_rad: the camera.
        sun_azimuth_deg, sun_elevation_deg, season, haze: the light.
        mean_agl_m, max_agl_m: of the exact heights.
        hidden_share: share of the ground that the tile does not show, standing behind something.
        speckle, holes, older, shifted: 1 where the heights have that flaw.
        unknown_share, wrong_share: share of the height file without a value, and more than 1 m off.
        overlaps: `id:share` of each other tile that shows part of the same ground, separated by blanks.
    """

    id: str
    side: str
    city: str
    place: int
    acquisition: int
    south_0_m: float
    east_0_m: float
    south_1_m: float
    east_1_m: float
    gsd_m: float
    off_nadir_deg: float
    view_azimuth_deg: float
    scale_px_per_m: float
    angle_rad: float
    sun_azimuth_deg: float
    sun_elevation_deg: float
    season: str
    haze: float
    mean_agl_m: float
    max_agl_m: float
    hidden_share: float
    speckle: int
    holes: int
    older: int
    shifted: int
    unknown_share: float
    wrong_share: float
    overlaps: str = ""


def with_overlaps(rows: Sequence[GeoposeTruth]) -> list[GeoposeTruth]:
    """Fill in which tiles share ground.

    Args:
        rows: all tiles.

    Returns:
        The same rows, with `overlaps`.
    """
    places: dict[tuple[str, int], list[GeoposeTruth]] = {}
    for row in rows:
        places.setdefault((row.city, row.place), []).append(row)
    return [replace(row, overlaps=_overlaps(row, places[row.city, row.place])) for row in rows]


def _overlaps(row: GeoposeTruth, near: Iterable[GeoposeTruth]) -> str:
    """List the tiles of a place that share ground with one of them."""
    shared = [(other.id, shared_share(row, other)) for other in near if other.id != row.id]
    return " ".join(f"{name}:{share:.4f}" for name, share in sorted(shared) if share > 0)


def shared_share(first: GeoposeTruth, second: GeoposeTruth) -> float:
    """Return the share of a tile's ground that another tile shows too; 0 in other places."""
    if (first.city, first.place) != (second.city, second.place):
        return 0.0
    down = min(first.south_1_m, second.south_1_m) - max(first.south_0_m, second.south_0_m)
    right = min(first.east_1_m, second.east_1_m) - max(first.east_0_m, second.east_0_m)
    area = (first.south_1_m - first.south_0_m) * (first.east_1_m - first.east_0_m)
    return max(down, 0.0) * max(right, 0.0) / area


def write_truth(path: Path, rows: Iterable[GeoposeTruth]) -> None:
    """Write the truth table as CSV."""
    write_rows(path, GeoposeTruth, rows)


def read_truth(path: Path) -> list[GeoposeTruth]:
    """Read a truth table back."""
    return read_rows(path, GeoposeTruth)
