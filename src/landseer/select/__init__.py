"""What is chosen on out-of-fold predictions: symmetries, threshold, weights, and the honest score.

This file imports no torch, so that a recipe can be checked in a moment; the work is `choose.select`.
"""

from landseer.select.config import SelectConfig
from landseer.select.selection import (
    Comparison,
    Curve,
    FoldScore,
    MemberWeight,
    ScoreInterval,
    Selection,
    read_selection,
)

__all__ = [
    "Comparison",
    "Curve",
    "FoldScore",
    "MemberWeight",
    "ScoreInterval",
    "SelectConfig",
    "Selection",
    "read_selection",
]
