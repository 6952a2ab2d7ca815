"""Landmarks: the points of a layer that stand out, each with a small normalised picture of its surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.audit.detail import Detail

PATCH_PX = 16
"""Side of a landmark's surroundings, in working pixels."""

_PEAK_PX = 5
_LEAST_ENERGY = 0.05
_LEAST_VALID = 0.75


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The landmarks of one sample.

    Attributes:
        positions: (n, 2) int32 row and column, in working pixels.
        descriptors: (n, 64) float32 of zero mean and unit length.
    """

    positions: NDArray[np.int32]
    descriptors: NDArray[np.float32]


def find_landmarks(detail: Detail, most: int) -> Landmarks:
    """Find up to `most` landmarks of a layer, the strongest first.

    A landmark is a local extreme of the detail whose surroundings lie inside the image and are mostly valid.

    Args:
        detail: the layer made comparable.
        most: how many landmarks to keep.

    Edges: images smaller than the surroundings, and flat or missing ones, have none; ties go by row, then column.
    """
    strength = np.abs(detail.values)
    peak = strength == ndimage.maximum_filter(strength, _PEAK_PX)
    half = PATCH_PX // 2
    rows, cols = np.nonzero(peak & (detail.energy > _LEAST_ENERGY) & _inside(detail, half))
    order = np.argsort(-strength[rows, cols], kind="stable")[:most]
    positions = np.stack([rows[order], cols[order]], axis=1).astype(np.int32)
    return Landmarks(positions, _describe(detail.values, positions))


def _inside(detail: Detail, half: int) -> NDArray[np.bool_]:
    """Tell which pixels have room for their surroundings, enough of them valid."""
    height, width = detail.values.shape
    room = np.zeros((height, width), bool)
    room[half : height - half, half : width - half] = True
    if detail.valid.all():
        return room
    share = ndimage.uniform_filter(detail.valid.astype(np.float32), PATCH_PX)
    return room & (share >= _LEAST_VALID)


def _describe(values: NDArray[np.float32], positions: NDArray[np.int32]) -> NDArray[np.float32]:
    """Cut the surroundings, halve their resolution, and free them of mean and length."""
    half = PATCH_PX // 2
    window = np.arange(-half, half)
    rows = positions[:, 0].reshape(-1, 1, 1) + window.reshape(1, -1, 1)
    cols = positions[:, 1].reshape(-1, 1, 1) + window.reshape(1, 1, -1)
    patches = values[rows, cols].reshape(-1, half, 2, half, 2).mean(axis=(2, 4))
    flat = patches.reshape(len(positions), half * half)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return (flat / np.maximum(length, 1e-6)).astype(np.float32)
