"""Render a world through an affine camera: a picture, and the exact height of what every pixel shows.

Heights are metres above the local ground, and they alone displace a point in the picture (the model of the contest:
geocentric pose by height above ground). The ground is flat to the camera; gentle relief shows in its brightness only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.synth.camera import View
from landseer.synth.materials import MATERIALS, Points
from landseer.synth.scan import NOTHING, Hits, scan
from landseer.synth.sensor import develop
from landseer.synth.shade import illumination, sun_cell_m
from landseer.synth.solids import World
from landseer.synth.texture import rough

Field = NDArray[np.float32]
Floats = NDArray[np.float64]

SAMPLES = 2
"""Samples of the picture per pixel and axis; heights are taken at pixel centres alone."""

_BLOCK_PX = 528
"""Pictures are rendered in pieces of at most this side, so that memory stays bounded."""

_BLUR_REACH_PX = 4


@dataclass(frozen=True)
class Rendering:
    """What a view of a world shows.

    Attributes:
        view: the camera.
        radiance: (3, h, w) float32 red, green, blue at the sensor, before exposure and noise; 0 where nothing is.
        agl_m: (h, w) float32 height above ground of the surface seen at the pixel's centre; NaN where nothing is.
        surface: (h, w) int32 number of that surface; -1 where nothing is.
    """

    view: View
    radiance: Field
    agl_m: Field
    surface: NDArray[np.int32]

    @property
    def image(self) -> NDArray[np.uint8]:
        """(3, h, w) uint8: the picture as exposed that day, without noise."""
        return develop(self.radiance, self.view.day)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(h, w): whether there is anything to see."""
        return self.surface != NOTHING

    @property
    def magnitude_px(self) -> Field:
        """(h, w) float32: how far each pixel lies from its footprint."""
        return (self.agl_m * self.view.scale_px_per_m).astype(np.float32)


def render(world: World, view: View) -> Rendering:
    """Render a view.

    Args:
        world: the solids.
        view: the camera.

    Returns:
        Picture and heights. Texture is fixed to the world, so a moved view shows the same world moved.
    """
    hits = scan(world, view)
    agl = np.where(hits.number == NOTHING, np.nan, hits.height_m).astype(np.float32)
    return Rendering(view, _radiance(world, view), agl, hits.number)


def heights(world: World, view: View) -> Field:
    """Return `render(world, view).agl_m` alone, in a fraction of the time."""
    hits = scan(world, view)
    return np.where(hits.number == NOTHING, np.nan, hits.height_m).astype(np.float32)


def _radiance(world: World, view: View) -> Field:
    """Render the picture in blocks, and blur it as the sensor does."""
    height, width = view.size
    spare = _BLUR_REACH_PX
    wide = view.cut(-spare, -spare, height + 2 * spare, width + 2 * spare)
    sharp = np.empty((3, *wide.size), np.float32)
    rows, cols = (_edges(length) for length in wide.size)
    for top, low in pairwise(rows):
        for left, right in pairwise(cols):
            part = wide.cut(top, left, low - top, right - left)
            sharp[:, top:low, left:right] = _block(world, part)
    sigma = (0.0, view.day.blur_px, view.day.blur_px)
    soft = ndimage.gaussian_filter(sharp, sigma, truncate=_BLUR_REACH_PX)
    inner: Field = soft[:, spare:-spare, spare:-spare]
    return np.ascontiguousarray(inner)


def _edges(length: int) -> list[int]:
    """Cut a length into equal pieces of at most a block."""
    count = math.ceil(length / _BLOCK_PX)
    return [round(length * number / count) for number in range(count + 1)]


def _block(world: World, view: View) -> Field:
    """Render a piece of the picture: samples in pixels, then their mean."""
    fine = view.finer(SAMPLES)
    colours = _colours(world, fine, scan(world, fine))
    height, width = view.size
    split = colours.reshape(height, SAMPLES, width, SAMPLES, 3)
    steps = range(SAMPLES)
    total = np.zeros((height, width, 3), np.float32)
    for down, right in product(steps, steps):
        total += split[:, down, :, right]
    mean: Field = np.moveaxis(total / np.float32(SAMPLES**2), -1, 0)
    return mean


def _colours(world: World, view: View, hits: Hits) -> Field:
    """Return the radiance of every sample, (h, w, 3) flattened to (h w, 3)."""
    result = np.zeros((hits.number.size, 3), np.float32)
    seen = np.flatnonzero(hits.number.ravel() != NOTHING)
    if not len(seen):
        return result
    number, height = hits.number.ravel()[seen], hits.height_m.ravel()[seen]
    pixels = np.stack(np.unravel_index(seen, view.size), 1).astype(np.float64)
    place = view.ground(pixels, height)
    normal = _normals(world, number, place, height)
    light = illumination(world, view.day, place, height, normal, sun_cell_m(view.gsd_m))
    colour = _reflectance(world, view, number, place, height)
    relief = 1.0 + 0.03 * rough("soft", place[:, 0], place[:, 1], 9.0)
    result[seen] = _through_air(colour * light * relief[:, None], view.day.haze)
    return result


def _normals(world: World, number: NDArray[np.int32], place: Floats, height: Floats) -> Floats:
    """Return the outward unit vector at every point; crowns are given a leafy skin."""
    count = len(world.faces.corners)
    crown = number >= count
    normal = world.faces.normal[np.where(crown, 0, number)]
    at = number[crown] - count
    middle, radius = world.domes.centre[at], world.domes.radius[at]
    out = np.concatenate([place[crown], height[crown, None]], 1) - middle
    out /= np.concatenate([radius[:, :1], radius], 1) ** 2
    out /= np.sqrt((out * out).sum(1))[:, None]
    south, east = place[crown, 0] + 0.5 * height[crown], place[crown, 1] - 0.5 * height[crown]
    out[:, 0] += 0.45 * rough("fine", south, east, 0.55)
    out[:, 1] += 0.45 * rough("fine", south + 61.0, east, 0.55)
    normal[crown] = out / np.sqrt((out * out).sum(1))[:, None]
    return normal


def _reflectance(
    world: World, view: View, number: NDArray[np.int32], place: Floats, height: Floats
) -> Field:
    """Ask every material for the colour of its points."""
    looks = world.looks
    material = looks.material[number]
    result = np.zeros((len(number), 3), np.float32)
    order = np.argsort(material, kind="stable")
    edges = np.searchsorted(material[order], np.arange(len(MATERIALS) + 1))
    for kind, name in enumerate(MATERIALS):
        chosen = order[edges[kind] : edges[kind + 1]]
        if not len(chosen):
            continue
        which = number[chosen]
        away, axis = place[chosen] - looks.origin[which], looks.along[which]
        points = Points(
            colour=looks.colour[which],
            south=place[chosen, 0],
            east=place[chosen, 1],
            height=height[chosen],
            along=away[:, 0] * axis[:, 0] + away[:, 1] * axis[:, 1],
            across=away[:, 1] * axis[:, 0] - away[:, 0] * axis[:, 1],
            pattern=looks.pattern[which],
            number=which,
            season=view.day.season,
        )
        result[chosen] = MATERIALS[name](points)
    return result


_AIRLIGHT = np.array([0.055, 0.068, 0.09], np.float32)


def _through_air(radiance: Field, haze: float) -> Field:
    """Weaken what is seen and add the light of the air."""
    result: Field = radiance * np.float32(1.0 - 0.35 * haze) + _AIRLIGHT * np.float32(haze)
    return result
