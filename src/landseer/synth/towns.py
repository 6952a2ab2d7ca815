"""How the towns of the buildings data set look, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass, replace

from landseer.synth.styles import STYLES, Colour, Style


@dataclass(frozen=True)
class Area:
    """A town.

    Attributes:
        epsg: its UTM zone.
        longitude, latitude: about where, degrees.
        style: its look.
    """

    epsg: int
    longitude: float
    latitude: float
    style: Style


_RED: Colour = (0.27, 0.165, 0.105)
_SAND: Colour = (0.33, 0.27, 0.19)
_GREY: Colour = (0.25, 0.215, 0.17)
_PAINT: tuple[Colour, ...] = (
    (0.5, 0.47, 0.42), (0.42, 0.36, 0.28), (0.36, 0.33, 0.3), (0.46, 0.4, 0.26), (0.3, 0.36, 0.38),
    (0.45, 0.3, 0.24), (0.28, 0.24, 0.2),
)  # fmt: skip
_CLAY: tuple[Colour, ...] = (
    (0.3, 0.14, 0.09),
    (0.26, 0.115, 0.08),
    (0.22, 0.1, 0.075),
    (0.17, 0.165, 0.16),
    (0.1, 0.15, 0.12),
)

_TOWN = replace(
    STYLES["ARG"],
    gsd_m=0.1, block_u_m=(52.0, 82.0), block_v_m=(40.0, 58.0), street_m=(4.5, 9.0), walk_m=1.0, bend_m=3.5,
    bend_wave_m=160.0, stagger=0.4, merged=0.1, storeys=(1, 2), trees=0.8, tree_m=(3.5, 9.0), evergreen=0.1,
    roofs=((0.3, 0.29, 0.27), (0.25, 0.24, 0.225), (0.36, 0.34, 0.31)), pitched=_CLAY, walls=_PAINT, tiled="tiles",
    lawn=(0.1, 0.115, 0.05), dirt=_GREY, unpaved=0.75, cars=0.35, spare="informal", seasons=("spring", "summer"),
)  # fmt: skip
_INFORMAL = replace(
    _TOWN,
    uses={"informal": 9.0, "planned": 1.5, "school": 0.6},
    bend_m=7.0, bend_wave_m=110.0, stagger=0.7, street_m=(3.0, 7.5),
)  # fmt: skip
_PLANNED = replace(
    _TOWN,
    uses={"planned": 9.0, "informal": 1.0, "school": 0.7, "perimeter": 0.4, "sheds": 0.3},
    bend_m=0.8, bend_wave_m=500.0, stagger=0.15, street_m=(6.0, 11.0), unpaved=0.55,
)  # fmt: skip
_VILLAS = replace(
    _TOWN,
    uses={"villas": 8.0, "informal": 1.5, "planned": 1.0, "wood": 0.6, "school": 0.4},
    bend_m=9.0, bend_wave_m=150.0, trees=1.9, tree_m=(4.0, 13.0), unpaved=0.45, spare="villas", cars=0.7,
    lawn=(0.085, 0.115, 0.045), evergreen=0.15,
)  # fmt: skip
_RURAL = replace(
    _TOWN,
    uses={"compounds": 9.0, "school": 0.7, "informal": 0.8},
    block_u_m=(60.0, 95.0), block_v_m=(55.0, 80.0), street_m=(3.0, 5.0), unpaved=1.0, bend_m=8.0, bend_wave_m=120.0,
    stagger=0.8, spare="compounds", cars=0.08, trees=1.0, tree_m=(4.0, 12.0), lawn=(0.13, 0.125, 0.065),
)  # fmt: skip

AREAS: dict[str, Area] = {
    "acc": Area(32630, -0.19, 5.58, replace(_PLANNED, uses=_PLANNED.uses | {"informal": 4.0})),
    "dar": Area(32737, 39.24, -6.8, _INFORMAL),
    "gao": Area(
        32630, -0.05, 16.27, replace(_PLANNED, dirt=_SAND, unpaved=1.0, trees=0.4, cars=0.2)
    ),
    "kam": Area(32636, 32.58, 0.32, replace(_VILLAS, dirt=_RED)),
    "kin": Area(32733, 15.3, -4.33, replace(_INFORMAL, dirt=_SAND, trees=1.2)),
    "mah": Area(32740, 55.47, -4.65, replace(_VILLAS, trees=2.4)),
    "mon": Area(32629, -10.79, 6.31, replace(_INFORMAL, dirt=_RED, trees=1.1)),
    "nia": Area(32631, 2.11, 13.51, replace(_RURAL, dirt=_SAND)),
    "ptn": Area(32732, 11.87, -4.79, replace(_PLANNED, dirt=_SAND, trees=1.1)),
    "znz": Area(
        32737,
        39.28,
        -6.1,
        replace(_RURAL, dirt=_RED, uses=_RURAL.uses | {"informal": 5.0}, trees=1.8),
    ),
}
"""Short name of a town -> the town."""
