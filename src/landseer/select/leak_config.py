"""How the leak of a random split is measured (recipe key `leak`)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class LeakConfig(BaseModel):
    """The small model that is trained under random and under grouped folds, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    repeats: int = Field(2, ge=1, le=20)
    """Pairs of trainings, each with folds and weights of its own; more of them show how much is chance."""
    n_folds: int = Field(3, ge=2)
    """Folds of both splits."""
    samples: int = Field(600, ge=2)
    """Most samples used; where there are more, whole groups are drawn until it is reached."""
    epochs: int = Field(20, ge=1)
    """Epochs of each training; the last one is kept, no epoch is chosen."""
    batch_size: int = Field(16, ge=2)
    """Samples a step."""
    lr: float = Field(2e-3, gt=0)
    """Peak of the learning rate."""
    encoder: str = "resnet10t"
    """Encoder, from scratch: small ones are fast, large ones remember more."""
    decoder_channels: tuple[int, ...] = Field((32, 24, 16, 8), min_length=1)
    """Widths of the U-Net's decoder; as many levels of the encoder are used."""
    side_px: int = Field(128, ge=16)
    """Longest side that the network sees; larger samples are shrunk to it, as far as `model.scale` does not already."""
    augment: Literal["recipe", "none"] = "recipe"
    """Vary training samples as the recipe does, or not at all: without it networks remember sooner."""
