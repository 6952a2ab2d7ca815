"""Groups of changes of value: at most one operation of each is drawn for a sample.

Legend of shapes: k channels, h rows, w columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from landseer.augment.colour import along_principal_axes, hue_saturation_value, shift
from landseer.augment.config import AugmentConfig
from landseer.augment.grain import even_noise, shot_noise, speckle
from landseer.augment.haze import haze
from landseer.augment.local_contrast import local_contrast
from landseer.augment.tone import brightness_contrast, gamma, tone_curve
from landseer.core.seeds import generator

Change = Callable[[Tensor], Tensor]
"""What is made of channels (k, h, w) of one sample."""

Draw = Callable[[AugmentConfig, np.random.Generator, int], Change]
"""Draws the strength of an operation on so many channels."""

NEEDS_RGB = frozenset({"local_contrast", "hue_saturation_value", "haze"})
"""Operations on red, green and blue alone; all others are made on every channel that is not fixed."""

_HAZE_GRID = 5


@dataclass(frozen=True, slots=True)
class Drawn:
    """An operation with its strength.

    Attributes:
        name: its name in `OPERATIONS`.
        change: what is made of the channels.
    """

    name: str
    change: Change


def draw_groups(
    config: AugmentConfig, n_free: int, *, seed: int, epoch: int, number: int, has_rgb: bool
) -> list[Drawn]:
    """Draw the changes of one sample in the order in which they are made: tone, colour, haze, grain.

    Each group is drawn from seed, epoch, number and its own name: settings of one leave the others as they were.

    Args:
        config: settings.
        n_free: number of channels that may be changed.
        seed: root seed of the run.
        epoch: number of the epoch.
        number: which draw of the epoch this is.
        has_rgb: whether red, green and blue are among these channels; else operations that need them are left out, and
            the others of their group made the more often.
    """
    groups = {
        "tone": (config.tone.probability, config.tone.asked),
        "colour": (config.colour.probability, config.colour.asked),
        "haze": (config.haze.probability, config.haze.asked),
        "grain": (config.grain.probability, config.grain.asked),
    }
    drawn = []
    for group, (probability, asked) in groups.items():
        names = [name for name in asked if has_rgb or name not in NEEDS_RGB]
        rng = generator(seed, "augment", epoch, int(number), group)
        chance, choice = rng.random(2)
        if names and chance < probability:
            name = names[int(choice * len(names))]
            drawn.append(Drawn(name, OPERATIONS[name](config, rng, n_free)))
    return drawn


def _brightness_contrast(config: AugmentConfig, rng: np.random.Generator, _: int) -> Change:
    """Draw an offset and a factor about the mean."""
    offset, contrast = (_around_0(rng, config.tone.brightness_contrast) for _ in range(2))
    return partial(brightness_contrast, offset=offset, contrast=1 + contrast)


def _local_contrast(config: AugmentConfig, rng: np.random.Generator, _: int) -> Change:
    """Draw a clip limit."""
    most = config.tone.local_contrast
    return partial(local_contrast, clip_limit=float(rng.uniform(min(1.0, most), most)))


def _tone_curve(config: AugmentConfig, rng: np.random.Generator, _: int) -> Change:
    """Draw the inner points of a curve."""
    dark, bright = (_around_0(rng, config.tone.tone_curve) for _ in range(2))
    return partial(tone_curve, dark=dark, bright=bright)


def _gamma(config: AugmentConfig, rng: np.random.Generator, _: int) -> Change:
    """Draw an exponent."""
    return partial(gamma, exponent=float(np.exp(rng.uniform(*np.log(config.tone.gamma)))))


def _shift(config: AugmentConfig, rng: np.random.Generator, n_free: int) -> Change:
    """Draw an offset for each channel."""
    reach = config.colour.shift
    return partial(shift, offsets_k=torch.from_numpy(rng.uniform(-reach, reach, n_free)))


def _hue_saturation_value(config: AugmentConfig, rng: np.random.Generator, _: int) -> Change:
    """Draw a turn of the hue and what is added to saturation and value."""
    colour = config.colour
    hue_deg, saturation, value = (
        _around_0(rng, reach) for reach in (colour.hue_deg, colour.saturation, colour.value)
    )
    return partial(hue_saturation_value, hue_deg=hue_deg, saturation=saturation, value=value)


def _principal(config: AugmentConfig, rng: np.random.Generator, n_free: int) -> Change:
    """Draw a step."""
    steps = rng.normal(0.0, config.colour.principal, n_free)
    return partial(along_principal_axes, steps_k=torch.from_numpy(steps))


def _haze(config: AugmentConfig, rng: np.random.Generator, _: int) -> Change:
    """Draw how thick the haze is, and soft patches of half to all of it."""
    patches = rng.uniform(0.5, 1.0, (_HAZE_GRID, _HAZE_GRID))
    return partial(
        haze, thickness_gg=torch.from_numpy(rng.uniform(*config.haze.thickness) * patches)
    )


def _shot(config: AugmentConfig, rng: np.random.Generator, _: int) -> Change:
    """Draw how strong the noise of photons is."""
    return partial(shot_noise, std=float(rng.uniform(0, config.grain.shot)), seed=_seed(rng))


def _even(config: AugmentConfig, rng: np.random.Generator, _: int) -> Change:
    """Draw how strong the even noise is."""
    return partial(even_noise, std=float(rng.uniform(0, config.grain.even)), seed=_seed(rng))


def _speckle(config: AugmentConfig, rng: np.random.Generator, _: int) -> Change:
    """Draw how strong the speckle is."""
    return partial(speckle, reach=float(rng.uniform(0, config.grain.speckle)), seed=_seed(rng))


OPERATIONS: dict[str, Draw] = {
    "brightness_contrast": _brightness_contrast,
    "local_contrast": _local_contrast,
    "tone_curve": _tone_curve,
    "gamma": _gamma,
    "shift": _shift,
    "hue_saturation_value": _hue_saturation_value,
    "principal": _principal,
    "haze": _haze,
    "shot": _shot,
    "even": _even,
    "speckle": _speckle,
}
"""Every operation by name."""


def _around_0(rng: np.random.Generator, reach: float) -> float:
    """Draw evenly from -reach to reach."""
    return float(rng.uniform(-reach, reach))


def _seed(rng: np.random.Generator) -> int:
    """Draw a seed for what is drawn on the device."""
    return int(rng.integers(2**63))
