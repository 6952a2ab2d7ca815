"""Augmentation on the device, one map and one resampling for each sample, drawn from seed, epoch and number.

This file imports no torch, so that a recipe can be checked in a moment; `warp` has `geometric`, `light` has
`photometric`.
"""

from __future__ import annotations

from landseer.augment.config import AugmentConfig

__all__ = ["AugmentConfig"]
