"""Weights of SatlasPretrain: which there are, and the scaling of the bands that they expect. No torch here.

Source: Bastani et al. 2023, SatlasPretrain, arXiv:2211.15660; names of files and bands after
github.com/allenai/satlaspretrain_models and Normalization.md of github.com/allenai/satlas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from landseer.models.config import KnownRange, PreprocessConfig

REPOSITORY = "allenai/satlas-pretrain"
"""Where the files lie on the Hugging Face hub, each called NAME.pth."""

PREFIX = "satlas:"
"""What names of these weights begin with in a recipe."""

Range = tuple[float, float]
"""Raw values that become 0 and 1."""

_BYTE: Range = (0.0, 255.0)
_RGB: dict[str, Range] = dict.fromkeys(("R", "G", "B"), _BYTE)
_MULTISPECTRAL: dict[str, Range] = _RGB | dict.fromkeys(
    ("RE1", "RE2", "RE3", "N", "S1", "S2"), (0.0, 8160.0)
)
_LANDSAT: dict[str, Range] = dict.fromkeys(
    ("A", "B", "G", "R", "N", "S1", "S2", "PAN", "CIRRUS", "T1", "T2"), (4000.0, 20320.0)
)
_RADAR: dict[str, Range] = dict.fromkeys(("VH", "VV"), _BYTE)

_ENCODERS = {
    "swinb": "swin_v2_b",
    "swint": "swin_v2_t",
    "resnet50": "resnet50",
    "resnet152": "resnet152",
}
_IMAGES = ("si", "mi")


@dataclass(frozen=True, slots=True)
class SatlasWeights:
    """One published file.

    Attributes:
        encoder: the network whose weights they are.
        ranges: code of the band, in the order of the stem's kernels, and its range of raw values that became [0, 1].
    """

    encoder: str
    ranges: Mapping[str, Range]

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the bands in the order of the stem's kernels."""
        return tuple(self.ranges)


SATLAS: dict[str, SatlasWeights] = {
    **{
        f"sentinel2_{short}_{images}_{bands}": SatlasWeights(encoder, ranges)
        for short, encoder in _ENCODERS.items()
        for images in _IMAGES
        for bands, ranges in (("rgb", _RGB), ("ms", _MULTISPECTRAL))
    },
    **{
        f"{sensor}_swinb_{images}": SatlasWeights("swin_v2_b", ranges)
        for sensor, ranges in (("aerial", _RGB), ("landsat", _LANDSAT), ("sentinel1", _RADAR))
        for images in _IMAGES
    },
}
"""Every file by its name without `.pth`; `si` was trained on single images, `mi` on several of the same place."""


def satlas_of(weights: str) -> SatlasWeights | None:
    """Return what is known of weights by their recipe name (`satlas:NAME`) or their file's name (`…/NAME.pth`)."""
    name = weights.removeprefix(PREFIX) if weights.startswith(PREFIX) else PurePath(weights).stem
    return SATLAS.get(name)


def expected_scaling(
    weights: str, codes: Mapping[str, Sequence[str]]
) -> dict[str, KnownRange] | None:
    """Return how weights expect the channels to be scaled.

    Args:
        weights: recipe key `model.weights`.
        codes: band codes by channel name.

    Returns:
        By name, the setting of `inputs.normalise_channels` that such a channel needs; channels whose bands the weights
        never saw are left out. None where nothing is known of the weights.
    """
    known = satlas_of(weights)
    if known is None:
        return None
    ranges = {
        name: next((known.ranges[code] for code in own if code in known.ranges), None)
        for name, own in codes.items()
    }
    return {
        name: KnownRange(low=found[0], high=found[1])
        for name, found in ranges.items()
        if found is not None
    }


def scaling_problem(
    weights: str, inputs: PreprocessConfig, codes: Mapping[str, Sequence[str]]
) -> str | None:
    """Say where a recipe scales channels otherwise than its pretrained weights expect.

    Args:
        weights: recipe key `model.weights`.
        inputs: recipe key `inputs`.
        codes: band codes by channel name.

    Returns:
        None where all agree or nothing is known; otherwise what is expected. Networks learn in spite of it, but start
        worse.
    """
    wrong = [
        name
        for name, wanted in (expected_scaling(weights, codes) or {}).items()
        if _range_of(name, inputs) != (wanted.low, wanted.high)
    ]
    if not wrong:
        return None
    wanted = expected_scaling(weights, codes) or {}
    listed = ", ".join(
        f"{name}: {{kind: range, low: {wanted[name].low:g}, high: {wanted[name].high:g}}}"
        for name in wrong
    )
    return f"expected the scaling that {weights} was trained with, normalise_channels: {{{listed}}}"


def _range_of(name: str, inputs: PreprocessConfig) -> Range | None:
    """Return the range that a recipe scales to [0, 1]; None where it is not a known one."""
    if name in inputs.fixed_range:
        return inputs.fixed_range[name]
    rule = inputs.normalise_channels.get(name, inputs.normalise)
    return (rule.low, rule.high) if isinstance(rule, KnownRange) else None
