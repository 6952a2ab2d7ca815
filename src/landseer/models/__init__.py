"""Networks that take raw digital numbers: preprocessing, pretrained stems, encoders, decoders, storage.

This file imports no torch, so that a recipe can be checked in a moment; the parts are in their own files:
`preprocess` (raw numbers to channels), `network` (channels to logits), `model` (both, for any size), `weights`
and `stem` (pretrained encoders for any bands), `store` (safetensors).
"""

from __future__ import annotations

from landseer.models.config import ModelConfig, PreprocessConfig

__all__ = ["ModelConfig", "PreprocessConfig"]
