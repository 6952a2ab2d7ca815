"""Targets: what a network predicts, by name; each a quantity with the head that gives it. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.errors import UsageError
from landseer.models.heads_config import DEFAULT_HEADS, Extent, FittedScale, HeadConfig

QuantityName = Literal[
    "mask",
    "multi_label",
    "soft_mask",
    "presence",
    "height",
    "magnitude",
    "direction",
    "flow_scale",
    "gsd",
    "dense_value",
    "image_value",
]

MASK = "mask"
"""Name of the target that a recipe without `targets` has: the classes of the labels."""

GSD = "gsd"
"""Reference that all data have: the ground sample distance of the sample table."""

EXTENTS: dict[str, Extent] = {
    "mask": "dense",
    "multi_label": "dense",
    "soft_mask": "dense",
    "presence": "image",
    "height": "dense",
    "magnitude": "dense",
    "direction": "image",
    "flow_scale": "image",
    "gsd": "image",
    "dense_value": "dense",
    "image_value": "image",
}
"""Whether a quantity has a value at each pixel or one for the image; the quantities' tests compare it with them."""


class TargetSpec(BaseModel):
    """One target of a network: its quantity, what it is learnt from, and the head that gives it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    quantity: QuantityName
    """What is predicted: it decides the laws under turns and zooms, the averaging, the losses and the scores."""
    reference: str | None = None
    """Reference of the data from which it is learnt; null takes the one called as the target, for masks the label."""
    of: tuple[str, ...] = ()
    """Targets from which it follows instead: a magnitude from (height, flow scale), presence from (mask)."""
    unit: str = ""
    """Unit of a dense_value or image_value."""
    activation: Literal["none", "relu", "softplus"] | None = None
    """How an output becomes a value; null takes the quantity's own."""
    typical: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Value for which a network's output of 1 stands; null takes the mean of the reference over training samples."""
    layers: tuple[str, ...] = ()
    """Names of the layers of a multi_label mask, or of the classes whose presence is asked for."""
    head: HeadConfig | None = None
    """How the network gives it; null takes `plain` per pixel and `pooled` per image."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        needed = {"magnitude": 2, "presence": 1}.get(self.quantity, 0)
        if self.of and len(self.of) != needed:
            raise ValueError(
                f"expected of: {_OF.get(self.quantity, 'nothing')} for a {self.quantity}; got {list(self.of)}"
            )
        if self.quantity in ("multi_label", "presence") and not self.layers:
            raise ValueError(f"expected layers, the names of what a {self.quantity} tells apart")
        for key in ("activation", "typical"):
            if getattr(self, key) is not None and self.quantity not in _REAL_VALUED:
                raise ValueError(
                    f"{key}: expected none, for a {self.quantity} is no real value; got {getattr(self, key)}"
                )
        head = self.head
        if isinstance(head, FittedScale) and (
            self.typical not in (None, 1.0) or self.activation == "softplus"
        ):
            raise ValueError(
                "expected neither typical nor softplus with a fitted scale, which is in px/m already"
            )
        if head is not None and head.extent != EXTENTS[self.quantity]:
            raise ValueError(
                f"expected a head of a {self.quantity}, which is {EXTENTS[self.quantity]}; got {head.kind}"
            )
        return self

    @property
    def the_head(self) -> HeadConfig:
        """The head, the usual one where none is named."""
        return self.head or DEFAULT_HEADS[EXTENTS[self.quantity]]

    def reference_name(self, target: str) -> str | None:
        """Return the reference that it is learnt from, None where it follows from other targets."""
        if self.of:
            return None
        if self.quantity == "mask":
            return MASK
        return self.reference or target


_REAL_VALUED = frozenset({"height", "magnitude", "flow_scale", "gsd", "dense_value", "image_value"})
_OF = {"magnitude": "[height, flow scale]", "presence": "[mask]"}

ONLY_MASK: dict[str, TargetSpec] = {MASK: TargetSpec(quantity="mask")}
"""The targets of a recipe that names none."""


def check_targets(
    targets: Mapping[str, TargetSpec], references: Sequence[str]
) -> list[tuple[str, str]]:
    """List what does not fit between targets and the data's references.

    Args:
        targets: by name.
        references: names of the data's references, `mask` among them where there are class labels; `gsd`, the ground
            sample distance, is one of all data for targets that are one.

    Returns:
        (target, what is wrong) pairs.
    """
    problems: list[tuple[str, str]] = []
    for name, spec in targets.items():
        wanted = spec.reference_name(name)
        is_there = wanted in references or (wanted == GSD and spec.quantity == "gsd")
        if wanted is not None and not is_there:
            there = ", ".join(references) or "none"
            problems.append((name, f"expected a reference of the data ({there}); got {wanted!r}"))
        for kind, other in zip(_KINDS_OF.get(spec.quantity, ()), spec.of, strict=False):
            came = targets[other].quantity if other in targets else "no such target"
            if came != kind:
                problems.append(
                    (name, f"expected of: a target that is a {kind}; got {other!r} ({came})")
                )
    if sum(spec.quantity == "mask" for spec in targets.values()) > 1:
        problems.append(
            (list(targets)[-1], "expected one class mask, for the data have one table of classes")
        )
    return problems


_KINDS_OF: dict[str, tuple[QuantityName, ...]] = {
    "magnitude": ("height", "flow_scale"),
    "presence": ("mask",),
}


def single_mask(targets: Mapping[str, TargetSpec]) -> str:
    """Return the name of the class mask.

    Raises:
        UsageError: there is none.
    """
    for name, spec in targets.items():
        if spec.quantity == "mask":
            return name
    raise UsageError("expected a class mask among the targets; got none", where="targets")
