"""Things predicted per pixel: their values, and what turning, averaging and deciding does to them."""

from __future__ import annotations

from landseer.quantities.mask import ClassMask

QUANTITIES = {"mask": ClassMask}
"""Every quantity by its recipe name."""

__all__ = ["QUANTITIES", "ClassMask"]
