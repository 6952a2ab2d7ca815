"""Losses: what training minimises, all blind to ignored pixels.

This file imports no torch, so that a recipe can be checked in a moment; `family` has the losses by name,
`build` builds what a recipe asks for.
"""

from __future__ import annotations

from landseer.losses.config import Dice, LossConfig, LossTerm
from landseer.losses.fitting import losses_for

__all__ = ["Dice", "LossConfig", "LossTerm", "losses_for"]
