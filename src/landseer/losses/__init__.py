"""Losses: what training minimises, all blind to ignored pixels.

This file imports no torch, so that a recipe can be checked in a moment; `build` has the family `LOSSES` and
`build_loss`.
"""

from __future__ import annotations

from landseer.losses.config import Dice, LossConfig, LossTerm

__all__ = ["Dice", "LossConfig", "LossTerm"]
