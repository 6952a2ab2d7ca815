"""From radiance to digital numbers: exposure, tone curve, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseer.synth.daylight import Day

Field = NDArray[np.float32]

_GAMMA = 1.75
_BALANCE = np.array([1.0, 0.98, 0.94], np.float32)[:, None, None]


def develop(
    radiance: Field, day: Day, noise: float = 0.0, rng: np.random.Generator | None = None
) -> NDArray[np.uint8]:
    """Turn radiance into a picture of 8 bits.

    Args:
        radiance: (3, h, w).
        day: its gain.
        noise: standard deviation in the shadows, as a share of white; grows with the root of the light.
        rng: source of the noise; needed when there is any.

    Returns:
        (3, h, w) uint8.
    """
    light = radiance * np.float32(day.gain) * _BALANCE
    if noise > 0.0 and rng is not None:
        spread = np.float32(noise) * np.sqrt(0.15 + np.maximum(light, 0.0))
        light = light + spread * rng.standard_normal(light.shape, dtype=np.float32)
    tone = np.clip(light, 0.0, 1.0) ** np.float32(1.0 / _GAMMA)
    return np.rint(tone * 255.0).astype(np.uint8)
