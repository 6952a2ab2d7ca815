"""The mask of an orthophoto, as LandCover.ai's people draw it.

Buildings are what is seen of them, roofs and leaning walls. Woodland is where trees stand close together, with the
overhang of its crowns; single trees, hedges, avenues and clearings are background. Water is open water, without reeds.
Road is what is paved for driving, also under a car or a single tree; tracks of bare ground, drives and yards are not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.synth.builder import BUILDING, Builder
from landseer.synth.camera import View
from landseer.synth.country_plants import WOOD
from landseer.synth.country_roads import ROAD
from landseer.synth.fresh_water import WATER
from landseer.synth.ground_map import kinds_of
from landseer.synth.scan import NOTHING, scan
from landseer.synth.solids import World, keep

CLASSES = ("background", "building", "woodland", "water", "road")
"""Classes by their value."""

_VALUE = {BUILDING: 1, WOOD: 2, WATER: 3, ROAD: 4}
_HAND_M = 0.7


def draw_mask(builder: Builder, world: World, view: View) -> NDArray[np.uint8]:
    """Draw the mask of a view.

    Args:
        builder: what the world was built by.
        world: its solids.
        view: the orthophoto's camera.

    Returns:
        (h, w) values of `CLASSES`.
    """
    kinds, crowns = kinds_of(builder, len(world.faces.corners), len(world.domes.centre))
    flat = world.faces.corners[..., 2].max(1) <= 0.0
    faces, domes = flat | (kinds == BUILDING), crowns == WOOD
    drawn = World(keep(world.faces, faces), keep(world.domes, domes), world.extent_m)
    value = np.array(
        [_VALUE.get(str(kind), 0) for kind in (*kinds[faces], *crowns[domes])], np.uint8
    )
    number = scan(drawn, view).number
    mask = np.where(number == NOTHING, 0, value[number]).astype(np.uint8)
    return _by_hand(mask, _HAND_M / view.gsd_m)


def _by_hand(mask: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    """Smooth the edges between woodland and background, as hands do."""
    wood = ndimage.gaussian_filter((mask == 2).astype(np.float32), sigma_px, truncate=3.0) > 0.5
    soft = (mask == 0) | (mask == 2)
    return np.where(soft, np.where(wood, 2, 0), mask).astype(np.uint8)
