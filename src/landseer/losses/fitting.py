"""Which losses fit which quantity: the one table that building and checking of recipes read. No torch here."""

from __future__ import annotations

import typing

from landseer.errors import UsageError
from landseer.losses.config import LossConfig
from landseer.losses.value_config import ValueLoss


def _kinds(union: object) -> tuple[str, ...]:
    """Read the family names off a union of settings, in its order."""
    members = typing.get_args(union)
    return tuple(typing.get_args(m.model_fields["kind"].annotation)[0] for m in members)


_VALUE = _kinds(ValueLoss)
_MASK = tuple(kind for kind in _kinds(typing.get_args(LossConfig)[0]) if kind not in _VALUE)
_POINT = ("huber", "mse", "l1", "log_cosh", "trimmed", "relative_l1", "log_ratio")

ELEMENTWISE = ("ce", "soft_ce", "bce", "soft_bce", "focal")
"""Mask losses that judge each yes or no alone, wherever it stands."""

FITTING: dict[str, tuple[str, ...]] = {
    "mask": _MASK,
    "multi_label": _MASK,
    "soft_mask": ("kl", "mse", "l1"),
    "presence": ELEMENTWISE,
    "height": (*_POINT, "r2"),
    "magnitude": (*_POINT, "r2"),
    "direction": ("cosine", "unit_norm", "vector_mse"),
    "flow_scale": _POINT,
    "gsd": _POINT,
    "dense_value": (*_POINT, "r2"),
    "image_value": _POINT,
}
"""Kinds of losses by kind of quantity."""


def losses_for(kind: str) -> tuple[str, ...]:
    """Return the kinds of losses that fit a kind of quantity.

    Args:
        kind: recipe name of the quantity, such as `height`.

    Raises:
        UsageError: no such quantity.
    """
    if kind not in FITTING:
        raise UsageError(f"expected a quantity, one of {', '.join(FITTING)}; got {kind!r}")
    return FITTING[kind]
