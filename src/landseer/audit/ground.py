"""What references say of images in the search for the same place: heights to compare, and the way to the ground."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.audit.settings import RectifyConfig
from landseer.core.references import PREFIX, Reference
from landseer.errors import RecipeError
from landseer.raster.rectify import rectify
from landseer.raster.reference import read_reference
from landseer.samples.schema import is_missing


@dataclass(frozen=True, slots=True)
class Pose:
    """How an oblique image leans.

    Attributes:
        height: name of the raster that holds heights above ground, m.
        scale: px of the image per metre of height.
        angle: radians, 0 = down, counter-clockwise.
    """

    height: str
    scale: float
    angle: float


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of one image besides its bands.

    Attributes:
        rasters: by name, on the pixels of the image; None where the image has none.
        pose: None where the image cannot be laid on the ground.
    """

    rasters: Mapping[str, tuple[Path, Reference] | None] = field(default_factory=dict)
    pose: Pose | None = None

    def read(self, shape: tuple[int, ...]) -> dict[str, NDArray[np.float32]]:
        """Read the rasters, (h, w) each, NaN where nothing is known.

        Raises:
            FileReadError, BandError: a raster is not what it should be.
        """
        return {
            name: np.full(shape, np.nan, np.float32) if one is None else read_reference(*one)
            for name, one in self.rasters.items()
        }


def beside_of(
    rows: gpd.GeoDataFrame,
    references: Sequence[Reference],
    names: frozenset[str],
    config: RectifyConfig | None,
) -> list[Beside]:
    """Gather what is known of each sample besides its bands.

    Args:
        rows: samples.
        references: of the data set.
        names: of what the formulas ask for; names of bands are passed over.
        config: by which references images are laid on the ground, if they are.

    Raises:
        RecipeError: `config` names what is no such reference.
    """
    for key, message in rectify_faults(config, references):
        raise RecipeError(message, where=f"same_place.rectify.{key}")
    wanted = names | ({config.height} if config is not None else set())
    rasters = [one for one in layer_rasters(references) if one.name in wanted]
    return [beside_row(row, rasters, config) for row in rows.to_dict("records")]


def layer_rasters(references: Sequence[Reference]) -> list[Reference]:
    """Return the references that can be layers: rasters of one band on the pixels of the images."""
    rasters = [one for one in references if one.kind == "raster" and one.grid == "image"]
    return [one for one in rasters if one.layers == 1]


def beside_row(
    row: Mapping[Any, object], rasters: Sequence[Reference], config: RectifyConfig | None
) -> Beside:
    """Gather what is known of one sample, a row of the sample table; the rasters are those asked for."""
    paths = {one.name: row.get(one.column) for one in rasters}
    known = {
        one.name: None if is_missing(paths[one.name]) else (Path(str(paths[one.name])), one)
        for one in rasters
    }
    if config is None or known.get(config.height) is None:
        return Beside(known)
    columns = (PREFIX + config.scale, PREFIX + config.angle)
    scale, angle = (float(str(row.get(name, math.nan))) for name in columns)
    is_known = math.isfinite(scale) and math.isfinite(angle)
    return Beside(known, Pose(config.height, scale, angle) if is_known else None)


def rectify_faults(
    config: RectifyConfig | None, references: Sequence[Reference]
) -> Iterator[tuple[str, str]]:
    """Yield each key of `same_place.rectify` that names no fitting reference, and what is wrong with it."""
    if config is None:
        return
    kinds = {"height": "raster", "scale": "number", "angle": "angle"}
    for key, kind in kinds.items():
        name = getattr(config, key)
        of_kind = [one for one in references if one.kind == kind]
        fitting = [one.name for one in (layer_rasters(of_kind) if kind == "raster" else of_kind)]
        if name not in fitting:
            of = "a raster on the pixels of the images" if kind == "raster" else f"of kind {kind}"
            there = ", ".join(fitting) or "none"
            yield key, f"expected a reference that is {of} ({there}); got {name!r}"


def to_ground(
    layers: Sequence[NDArray[np.float32]], heights: NDArray[np.float32], pose: Pose, factor: int
) -> list[NDArray[np.float32]]:
    """Move every pixel of some layers to its place on the ground.

    Args:
        layers: (h, w) each.
        heights: (h, w), m, NaN where not known: such pixels are left out.
        pose: how the image leans, in its own pixels.
        factor: pixels of the image per pixel of the layers.

    Returns:
        Layers of the same size, NaN on ground that is not seen.
    """
    stack = np.stack(layers)
    moved = rectify(stack, heights, pose.scale / factor, pose.angle, missing=math.nan)
    return list(moved.values)
