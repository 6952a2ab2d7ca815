"""Files of the geopose contest."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from landseer.raster.write import write_raster

SIZES = {"ARG_aaaaaa": (20, 30), "ARG_bbbbbb": (20, 30), "JAX_aaaaaa": (24, 16)}


def write_pose(folder: Path, sample: str, agl: np.ndarray, scale: float, angle: float) -> None:
    write_raster(
        folder / f"{sample}_AGL.tif", agl, nodata=65535 if agl.dtype == np.uint16 else None
    )
    path = folder / f"{sample}_VFLOW.json"
    path.write_text(json.dumps({"scale": scale, "angle": angle}), encoding="utf-8")


@pytest.fixture
def poses(tmp_path: Path) -> dict[str, tuple[np.ndarray, float, float]]:
    """Predictions of three images: heights as float metres, scales in px/m; written to `maps`."""
    rng = np.random.default_rng(5)
    made = {}
    for i, (sample, shape) in enumerate(SIZES.items()):
        agl = rng.gamma(1, 9, shape).astype(np.float32)
        made[sample] = agl, 0.3 + 0.2 * i, 6.0 - 2.5 * i
        write_pose(tmp_path / "maps", sample, *made[sample])
    return made


@pytest.fixture
def truths(tmp_path: Path, poses) -> dict[str, tuple[np.ndarray, float, float]]:
    """Truth of the same images as the contest has it: centimetres, px/cm, some heights not known; in `truth`."""
    rng = np.random.default_rng(6)
    made = {}
    for sample, (guess, scale, angle) in poses.items():
        agl = np.rint(np.maximum(guess * 110 + rng.normal(0, 150, guess.shape), 0)).astype(
            np.uint16
        )
        agl[rng.random(agl.shape) < 0.1] = 65535
        made[sample] = agl, scale * 0.9 / 100, (angle + 0.1) % (2 * math.pi)
        write_pose(tmp_path / "truth", sample, *made[sample])
    return made
