"""The same augmentation by landseer, kornia and torchvision, beside one bare `grid_sample` of the same tensors.

16 samples of 24 float bands, a height and a mask, 352 px: every sample is turned, zoomed and perhaps mirrored by
numbers of its own; bands and height bilinearly, the mask to the nearest pixel. The bare `grid_sample` reads all 26
planes in one call on a grid that is ready, and does nothing about missing pixels. kornia takes the height as a 25th
band; torchvision takes sample by sample, as its transforms draw once a call. Neither knows missing pixels: one NaN
reaches four outputs.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor

from landseer.augment import AugmentConfig
from landseer.augment.affine import places
from landseer.augment.draw import draw_geometry
from landseer.augment.warp import geometric
from landseer.quantities import ClassMask, Height

SAMPLES, BANDS, SIDE_PX = 16, 24, 352
TURN_DEG, ZOOM = 180.0, (0.8, 1.25)
CONFIG = AugmentConfig(rotate_deg=TURN_DEG, rotate_probability=1, zoom=ZOOM, zoom_probability=1)
QUANTITIES = {"mask": ClassMask(4), "height": Height()}

Part = Callable[[int], object]
"""One way to do it; takes the number of the round, so that draws differ."""


def make_batch() -> tuple[Tensor, Tensor, Tensor]:
    """Make bands, heights and masks without a missing pixel."""
    generator = torch.Generator().manual_seed(0)
    shape = (SAMPLES, SIDE_PX, SIDE_PX)
    image = torch.rand((SAMPLES, BANDS, SIDE_PX, SIDE_PX), generator=generator)
    height = torch.rand(shape, generator=generator) * 30
    return image, height, torch.randint(0, 4, shape, generator=generator).to(torch.uint8)


def build_peers() -> tuple[dict[str, Part], dict[str, str]]:
    """Return every way that can be timed here, and why the others cannot."""
    image, height, mask = make_batch()
    parts: dict[str, Part] = {
        "grid_sample": _bare(image, height, mask),
        "landseer": _ours(image, height, mask),
        "landseer, missing pixels": _ours(*_with_holes(image, height), mask),
        "landseer, other pixels missing in each band": _ours(*_with_own_holes(image, height), mask),
    }
    absent = {}
    for name, build in (("kornia", _kornia), ("torchvision", _torchvision)):
        try:
            parts[name] = build(image, height, mask)
        except ImportError as error:
            absent[name] = f"not installed: {error}"
    return parts, absent


def versions() -> dict[str, str]:
    """Return the versions of what is compared, where it is there."""
    found = {}
    for name in ("torch", "kornia", "torchvision"):
        try:
            found[name] = str(importlib.import_module(name).__version__)
        except ImportError:
            found[name] = "absent"
    return found


def _with_holes(image: Tensor, height: Tensor) -> tuple[Tensor, Tensor]:
    """Lose a corner of all bands, and 5 % of the heights at random."""
    image, height = image.clone(), height.clone()
    image[:, :, :80, :120] = torch.nan
    lost = torch.rand(height.shape, generator=torch.Generator().manual_seed(1)) < 0.05
    return image, height.masked_fill_(lost, torch.nan)


def _with_own_holes(image: Tensor, height: Tensor) -> tuple[Tensor, Tensor]:
    """Lose 2 % of each band at random besides."""
    image, height = _with_holes(image, height)
    lost = torch.rand(image.shape, generator=torch.Generator().manual_seed(2)) < 0.02
    return image.masked_fill_(lost, torch.nan), height


def _bare(image: Tensor, height: Tensor, mask: Tensor) -> Part:
    """One call of grid_sample on a grid that is ready, one for every third round."""
    planes = torch.cat([image, height[:, None], mask[:, None].float()], dim=1)
    grids = [torch.stack([_grid(epoch, number) for number in range(SAMPLES)]) for epoch in range(3)]
    return lambda epoch: F.grid_sample(planes, grids[epoch % 3], align_corners=False)


def _grid(epoch: int, number: int) -> Tensor:
    """Return the places that landseer draws, in units of grid_sample."""
    geometry = draw_geometry(CONFIG, SIDE_PX, SIDE_PX, seed=0, epoch=epoch, number=number)
    rows, cols = places(geometry, SIDE_PX, SIDE_PX, torch.device("cpu"))
    return torch.stack([(2 * cols + 1) / SIDE_PX - 1, (2 * rows + 1) / SIDE_PX - 1], dim=-1)


def _ours(image: Tensor, height: Tensor, mask: Tensor) -> Part:
    """Landseer: drawing, one map, one resampling, laws of the quantities."""
    targets = {"mask": mask, "height": height}
    return lambda epoch: geometric(
        image, targets, QUANTITIES, range(SAMPLES), CONFIG, seed=0, epoch=epoch
    )


def _kornia(image: Tensor, height: Tensor, mask: Tensor) -> Part:
    """Compose kornia's affine map and mirror for a batch."""
    kornia: Any = importlib.import_module("kornia.augmentation")
    moves = kornia.AugmentationSequential(
        kornia.RandomAffine(degrees=TURN_DEG, scale=ZOOM, p=1.0),
        kornia.RandomHorizontalFlip(p=0.5),
        data_keys=["input", "mask"],
    )
    bands, labels = torch.cat([image, height[:, None]], dim=1), mask[:, None].float()
    return lambda epoch: moves(bands, labels)


def _torchvision(image: Tensor, height: Tensor, mask: Tensor) -> Part:
    """Take torchvision's affine map and mirror sample by sample."""
    v2: Any = importlib.import_module("torchvision.transforms.v2")
    tv: Any = importlib.import_module("torchvision.tv_tensors")
    moves = v2.Compose(
        [
            v2.RandomAffine(
                degrees=TURN_DEG, scale=ZOOM, interpolation=v2.InterpolationMode.BILINEAR
            ),
            v2.RandomHorizontalFlip(0.5),
        ]
    )
    bands = torch.cat([image, height[:, None]], dim=1)

    def run(epoch: int) -> list[Tensor]:
        pairs = [moves(tv.Image(x), tv.Mask(label)) for x, label in zip(bands, mask, strict=True)]
        return [torch.stack(list(column)) for column in zip(*pairs, strict=True)]

    return run


def is_same_map(epoch: int = 1) -> float:
    """Return how far landseer's bands are from those of the bare grid_sample, inside the image: the timing is fair."""
    image, height, mask = make_batch()
    bare = _bare(image, height, mask)(epoch)
    ours = _ours(image, height, mask)(epoch)
    assert isinstance(bare, Tensor)
    inner = F.grid_sample(
        torch.ones(SAMPLES, 1, SIDE_PX, SIDE_PX),
        torch.stack([_grid(epoch, n) for n in range(SAMPLES)]),
        align_corners=False,
    )  # fmt: skip
    whole = (inner > 1 - 1e-4).expand_as(image)
    difference = (bare[:, :BANDS] - ours.image).abs()[whole]  # type: ignore[attr-defined]
    return float(difference.max()) if len(difference) else math.nan
