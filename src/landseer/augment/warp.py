"""Moving an image and all its targets together: one map and one resampling for each sample.

Legend of shapes: b samples, c bands, h rows, w columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from landseer.augment.affine import Geometry, carried
from landseer.augment.config import AugmentConfig
from landseer.augment.draw import draw_geometry
from landseer.augment.looks import Border
from landseer.augment.window import Window
from landseer.errors import UsageError
from landseer.quantities.direction import Direction
from landseer.quantities.motion import Motion
from landseer.quantities.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Moved:
    """A batch after its move.

    Attributes:
        image: (b, c, h, w), NaN where invalid.
        targets: every target by name, as its quantity wants it.
        motion: what was done to offsets, from the input to this image.
        grids: for labels on grids of their own, (b, 2, 3) from (row, col) of the label to (row, col) of this image.
    """

    image: Tensor
    targets: dict[str, Tensor]
    motion: Motion
    grids: dict[str, Tensor]


def geometric(  # noqa: PLR0913 - what to move, by which laws, how far, and from which seed
    x_bchw: Tensor,
    targets: Mapping[str, Tensor],
    quantities: Mapping[str, Quantity],
    ids: Sequence[int],
    config: AugmentConfig,
    *,
    seed: int,
    epoch: int,
    nearest_channels: Sequence[int] = (),
    grids: Mapping[str, Tensor] | None = None,
) -> Moved:
    """Crop, turn, mirror, zoom, shear and shift a batch on the device where it is.

    Args:
        x_bchw: float digital numbers before any normalisation, NaN where invalid.
        targets: by name. Dense ones (b, h, w) or (b, n, h, w), of the image's size or with a grid; the others (b,) or
            (b, n).
        quantities: what each target is; asked how it is resampled and what its values become.
        ids: number of each sample's draw within the epoch; what is drawn depends on it, the seed and the epoch
            alone, not on the batch it comes in.
        config: settings.
        seed: root seed of the run.
        epoch: number of the epoch.
        nearest_channels: bands of flags, which are never interpolated.
        grids: for dense targets on grids of their own, (b, 2, 3) affine maps from (row, col) of the label to (row, col)
            of the image. These labels are not resampled: their map is carried along.

    Returns:
        Image and targets, (crop_px, crop_px) or of the input's size. Beyond the input the image is NaN and a dense
        target its quantity's `fill`, or both are mirrored (`border: reflect`).

    Raises:
        ValueError: the shapes do not match, or the image is not float.
        UsageError: `border: reflect` with a direction among the targets, or a shear that changes magnitudes or flow
            scales while no direction is known.

    Edges: samples that are only cropped, shifted by whole pixels, turned by quarters and mirrored are copied bit
        for bit; all others are resampled once. An input smaller than the crop is centred in it.
    """
    if not x_bchw.is_floating_point():
        raise ValueError(f"expected a float image with NaN where invalid; got {x_bchw.dtype}")
    if len(ids) != len(x_bchw):
        raise ValueError(f"expected ids of one batch, {len(x_bchw)}; got {len(ids)}")
    size = (x_bchw.shape[2], x_bchw.shape[3])
    return move(
        x_bchw,
        targets,
        quantities,
        [draw_geometry(config, *size, seed=seed, epoch=epoch, number=i) for i in ids],
        size=(config.crop_px or size[0], config.crop_px or size[1]),
        border=config.border,
        nearest_channels=nearest_channels,
        grids=grids,
    )


def move(
    x_bchw: Tensor,
    targets: Mapping[str, Tensor],
    quantities: Mapping[str, Quantity],
    geometries: Sequence[Geometry],
    *,
    size: tuple[int, int],
    border: Border = "ignore",
    nearest_channels: Sequence[int] = (),
    grids: Mapping[str, Tensor] | None = None,
) -> Moved:
    """Apply one geometry to each sample; see `geometric`.

    Args:
        x_bchw: float, NaN where invalid.
        targets: by name.
        quantities: what each target is.
        geometries: one for each sample.
        size: height and width of the output.
        border: what lies beyond the input.
        nearest_channels: bands of flags, which are never interpolated.
        grids: maps of the labels that are not resampled.
    """
    grids = grids or {}
    _check(x_bchw, targets, quantities, grids, border)
    dense = [n for n in targets if quantities[n].extent == "dense" and n not in grids]
    image = x_bchw.new_empty((*x_bchw.shape[:2], *size))
    resampled = {n: targets[n].new_empty((*targets[n].shape[:-2], *size)) for n in dense}
    for number, geometry in enumerate(geometries):
        window = Window.of(geometry, size, border, x_bchw)
        window.read_image(x_bchw[number], image[number], nearest_channels)
        for name in dense:
            window.read_target(targets[name][number], resampled[name][number], quantities[name])
    motion = Motion.backward([geometry.linear for geometry in geometries], x_bchw.device)
    direction = _direction(targets, quantities)
    return Moved(
        image=image,
        targets={
            name: quantities[name].moved(resampled.get(name, target), motion, direction)
            for name, target in targets.items()
        },
        motion=motion,
        grids={name: carried(grid, geometries, *size) for name, grid in grids.items()},
    )


def _direction(targets: Mapping[str, Tensor], quantities: Mapping[str, Quantity]) -> Tensor | None:
    """Return the direction of displacement in the input, where there is just one."""
    found = [target for name, target in targets.items() if isinstance(quantities[name], Direction)]
    return found[0] if len(found) == 1 else None


def _check(
    x_bchw: Tensor,
    targets: Mapping[str, Tensor],
    quantities: Mapping[str, Quantity],
    grids: Mapping[str, Tensor],
    border: Border,
) -> None:
    """Refuse what does not belong together."""
    for name, target in targets.items():
        is_here = quantities[name].extent == "dense" and name not in grids
        if len(target) != len(x_bchw) or (is_here and target.shape[-2:] != x_bchw.shape[-2:]):
            raise ValueError(
                f"expected image and {name} of one batch and size; got {tuple(x_bchw.shape)} and "
                f"{tuple(target.shape)}"
            )
    for name, grid in grids.items():
        if name not in targets or grid.shape != (len(x_bchw), 2, 3):
            raise ValueError(
                f"expected a grid ({len(x_bchw)}, 2, 3) for the target {name}; got {tuple(grid.shape)}"
            )
    leaning = [name for name in targets if isinstance(quantities[name], Direction)]
    if border == "reflect" and leaning:
        raise UsageError(
            f"expected border `ignore` where {leaning[0]} is a target, for a mirrored image leans the other way; "
            "got `reflect`",
            do="set augment.border: ignore",
        )
