"""What a model folder says of its calibrator: which, where it acts, and what the threshold becomes."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from landseer.predict.calibrator import Calibrator

CALIBRATED = "_calibrated"
"""By this name stand calibrated probabilities of the class mask among averaged values."""

Where = Literal["average", "member"]
"""What is calibrated: the average of all members, or each member before they are averaged."""


class CalibratorSpec(BaseModel):
    """A fitted calibrator (`calibrator` of `model.yaml`): it changes written probabilities, never the class map."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    where: Where = "average"
    """`average` calibrates the average of all members; `member` each member, and averages what comes out."""
    mapping: Calibrator
    """The calibrator with its numbers."""
    threshold: float | None = Field(default=None, ge=0, le=1)
    """What the threshold of the class map is in calibrated probabilities; null: nothing that can be said exactly."""

    def __call__(self, probability_bchw: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return calibrated probabilities that add up to 1, NaN where they are NaN.

        Edges: as of `exclusive`, which comes first.
        """
        return self.mapping(exclusive(probability_bchw))


def exclusive(probability_bchw: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Make probabilities add up to 1, as out-of-fold files keep them: class 0 is what the others leave.

    Edges: where the others make more than 1 (a sigmoid mask judges each alone), class 0 is 0 and they are divided by
        their sum. Softmax probabilities stay as they are but for rounding.
    """
    foreground = probability_bchw[:, 1:].float()
    total = foreground.sum(dim=1, keepdim=True)
    return torch.cat([1 - total.clamp_max(1), foreground / total.clamp_min(1)], dim=1)
