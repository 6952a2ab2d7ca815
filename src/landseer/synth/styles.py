"""How the four cities look: blocks, streets, what is built, colours, trees."""

from __future__ import annotations

from dataclasses import dataclass, field

from landseer.synth.daylight import Season

Range = tuple[float, float]
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Style:
    """Look of a city and of its acquisitions.

    Attributes:
        gsd_m: metres per pixel, of the whole city.
        off_nadir_deg: least and greatest angle of the acquisitions.
        southern: whether the sun stands in the north.
        block_u_m, block_v_m: distance of streets along and across.
        street_m: width of streets and of avenues.
        walk_m: pavement.
        bend_m, bend_wave_m: how far and how often streets bend.
        stagger: chance that a row of blocks has its own cross streets.
        merged: chance that a cross street is left out.
        square: whether streets run to the compass.
        uses: how often a block is put to each use of `blocks.USES`.
        storeys: least and most of ordinary buildings.
        tower_m: heights of towers.
        trees: density, 1 being middling; tree_m: their heights; evergreen: share that stays green.
        lawn, roofs, pitched, walls: colours.
        tiled: material of pitched roofs.
        seasons: of the acquisitions.
        dirt: colour of streets without asphalt and of trodden ground.
        unpaved: share of the streets without asphalt.
        cars: how many cars stand and drive, 1 being a city.
        spare: use of blocks too small for any other; "" for woods or car parks.
    """

    gsd_m: float
    off_nadir_deg: Range
    southern: bool
    block_u_m: Range
    block_v_m: Range
    street_m: Range
    walk_m: float
    bend_m: float
    bend_wave_m: float
    stagger: float
    merged: float
    square: bool
    uses: dict[str, float]
    storeys: tuple[int, int]
    tower_m: Range
    trees: float
    tree_m: Range
    evergreen: float
    lawn: Colour
    roofs: tuple[Colour, ...]
    pitched: tuple[Colour, ...]
    walls: tuple[Colour, ...]
    tiled: str = "tiles"
    seasons: tuple[Season, ...] = field(default=("spring", "summer", "autumn", "winter"))
    dirt: Colour = (0.24, 0.19, 0.135)
    unpaved: float = 0.0
    cars: float = 1.0
    spare: str = ""


_GREY: tuple[Colour, ...] = ((0.27, 0.27, 0.27), (0.20, 0.20, 0.21), (0.36, 0.35, 0.34))
_WHITE: tuple[Colour, ...] = ((0.56, 0.56, 0.55), (0.48, 0.48, 0.46))
_DARK: tuple[Colour, ...] = ((0.085, 0.085, 0.09), (0.12, 0.115, 0.115))
_SHINGLE: tuple[Colour, ...] = (
    (0.17, 0.165, 0.16), (0.13, 0.12, 0.115), (0.21, 0.18, 0.15), (0.15, 0.125, 0.105), (0.10, 0.10, 0.105),
    (0.26, 0.24, 0.22),
)  # fmt: skip
_CLAY: tuple[Colour, ...] = ((0.27, 0.13, 0.085), (0.31, 0.17, 0.115), (0.23, 0.12, 0.09))
_PLASTER: tuple[Colour, ...] = (
    (0.46, 0.43, 0.38), (0.52, 0.50, 0.47), (0.38, 0.33, 0.27), (0.33, 0.30, 0.28), (0.42, 0.36, 0.31),
)  # fmt: skip
_BRICK: tuple[Colour, ...] = ((0.25, 0.15, 0.115), (0.29, 0.19, 0.15), (0.40, 0.36, 0.32))

STYLES: dict[str, Style] = {
    "ARG": Style(
        gsd_m=0.38, off_nadir_deg=(6.0, 30.0), southern=True,
        block_u_m=(90.0, 125.0), block_v_m=(78.0, 105.0), street_m=(7.5, 14.0), walk_m=3.0,
        bend_m=1.5, bend_wave_m=700.0, stagger=0.1, merged=0.05, square=False,
        uses={"dense": 9.0, "sheds": 1.0, "perimeter": 0.5, "park": 0.6, "lake": 0.15, "slabs": 0.4, "bare": 0.4,
              "houses": 0.5},
        storeys=(1, 3), tower_m=(24.0, 48.0), trees=0.8, tree_m=(4.0, 12.0), evergreen=0.25,
        lawn=(0.085, 0.105, 0.045),
        roofs=(*_GREY, *_WHITE, (0.29, 0.2, 0.16), (0.33, 0.17, 0.12), (0.4, 0.38, 0.34)),
        pitched=(*_CLAY, *_CLAY, (0.33, 0.33, 0.34), (0.24, 0.25, 0.26)), walls=_PLASTER, tiled="ribbed",
    ),
    "ATL": Style(
        gsd_m=0.5, off_nadir_deg=(8.0, 40.0), southern=False,
        block_u_m=(95.0, 150.0), block_v_m=(78.0, 118.0), street_m=(9.0, 16.0), walk_m=2.3,
        bend_m=11.0, bend_wave_m=420.0, stagger=0.5, merged=0.15, square=False,
        uses={"towers": 2.2, "perimeter": 1.2, "slabs": 1.3, "houses": 3.0, "wood": 1.0, "sheds": 1.2, "parking": 1.0,
              "lake": 0.25, "park": 0.6, "bare": 0.3},
        storeys=(2, 6), tower_m=(35.0, 130.0), trees=2.2, tree_m=(9.0, 24.0), evergreen=0.3,
        lawn=(0.068, 0.098, 0.04), roofs=(*_GREY, *_WHITE, *_DARK), pitched=_SHINGLE, walls=(*_PLASTER, *_BRICK),
    ),
    "JAX": Style(
        gsd_m=0.34, off_nadir_deg=(5.0, 28.0), southern=False,
        block_u_m=(90.0, 130.0), block_v_m=(80.0, 110.0), street_m=(9.0, 16.5), walk_m=2.2,
        bend_m=5.0, bend_wave_m=500.0, stagger=0.3, merged=0.12, square=True,
        uses={"towers": 1.3, "perimeter": 0.7, "sheds": 1.9, "parking": 1.5, "houses": 3.2, "slabs": 1.4, "park": 0.8,
              "lake": 0.5, "wood": 0.5, "bare": 0.5},
        storeys=(2, 5), tower_m=(28.0, 110.0), trees=1.1, tree_m=(6.0, 17.0), evergreen=0.35,
        lawn=(0.095, 0.112, 0.05), roofs=(*_WHITE, *_WHITE, *_GREY), pitched=(*_SHINGLE, *_CLAY, (0.4, 0.39, 0.37)),
        walls=_PLASTER, seasons=("spring", "summer", "summer", "autumn"),
    ),
    "OMA": Style(
        gsd_m=0.31, off_nadir_deg=(5.0, 30.0), southern=False,
        block_u_m=(120.0, 200.0), block_v_m=(72.0, 95.0), street_m=(8.5, 16.0), walk_m=1.9,
        bend_m=9.0, bend_wave_m=460.0, stagger=0.35, merged=0.1, square=True,
        uses={"houses": 8.0, "slabs": 1.0, "sheds": 1.1, "park": 0.9, "lake": 0.3, "parking": 0.6, "perimeter": 0.3,
              "bare": 0.3, "towers": 0.15},
        storeys=(2, 4), tower_m=(25.0, 70.0), trees=1.2, tree_m=(6.0, 18.0), evergreen=0.18,
        lawn=(0.088, 0.118, 0.045), roofs=(*_GREY, *_DARK, *_WHITE), pitched=_SHINGLE, walls=(*_PLASTER, *_BRICK),
    ),
}  # fmt: skip
"""Prefix of a city -> its look."""
