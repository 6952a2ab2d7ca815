"""Things predicted per pixel or per image, and what maps of the image and averaging do to them."""

from __future__ import annotations

from landseer.quantities.averages import average
from landseer.quantities.dense_value import DenseValue
from landseer.quantities.direction import Direction
from landseer.quantities.flow_scale import FlowScale
from landseer.quantities.gsd import Gsd
from landseer.quantities.height import Height
from landseer.quantities.image_value import ImageValue
from landseer.quantities.magnitude import Magnitude
from landseer.quantities.mask import ClassMask
from landseer.quantities.motion import Motion
from landseer.quantities.multi_label import MultiLabelMask
from landseer.quantities.presence import Presence
from landseer.quantities.quantity import Quantity
from landseer.quantities.soft_mask import SoftMask

QUANTITIES = {
    "mask": ClassMask,
    "multi_label": MultiLabelMask,
    "soft_mask": SoftMask,
    "presence": Presence,
    "height": Height,
    "magnitude": Magnitude,
    "direction": Direction,
    "flow_scale": FlowScale,
    "gsd": Gsd,
    "dense_value": DenseValue,
    "image_value": ImageValue,
}
"""Every quantity by its recipe name."""

__all__ = [
    "QUANTITIES",
    "ClassMask",
    "DenseValue",
    "Direction",
    "FlowScale",
    "Gsd",
    "Height",
    "ImageValue",
    "Magnitude",
    "Motion",
    "MultiLabelMask",
    "Presence",
    "Quantity",
    "SoftMask",
    "average",
]
