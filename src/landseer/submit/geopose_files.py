"""The geopose contest's files of one image: heights as a raster, and scale and angle beside it as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.encoding import Encoding
from landseer.errors import FileReadError, GridError, LabelError
from landseer.raster.read import read_bands, read_info

AGL_SUFFIX, FLOW_SUFFIX = "_AGL.tif", "_VFLOW.json"
"""Endings of an image's two files."""

NODATA_CM = 65535
"""Value of heights in centimetres that are not known."""

CM_PER_M = 100

_CENTIMETRES = Encoding(1 / CM_PER_M, 0.0, NODATA_CM)


@dataclass(frozen=True, slots=True)
class Pose:
    """Heights of one image, and how they displace what is seen.

    Attributes:
        agl_m: (h, w) float32 height above ground, m; NaN where not known or infinite.
        scale_px_per_m: displacement per height; NaN where the file has no number.
        angle_rad: its direction, 0 down in the image, counter-clockwise; NaN where the file has no number.
    """

    agl_m: NDArray[np.float32]
    scale_px_per_m: float
    angle_rad: float


def read_pose(agl_path: Path, flow_path: Path) -> Pose:
    """Read the two files of an image.

    Args:
        agl_path: one band: uint16 is centimetres with 65535 for not known, as the contest has it; floats are metres
            with NaN or the declared nodata.
        flow_path: JSON object with `scale` (pixels per centimetre beside uint16, per metre beside floats) and
            `angle` in radians.

    Raises:
        FileReadError: a file is missing, damaged, or no such JSON.
        GridError: the raster has more than one band.
        LabelError: it is of another type.

    Edges: scale and angle may be NaN, infinite, null or missing; what they are is for the caller to judge.

    Source: DrivenData, Overhead Geopose Challenge, 2021; floats in metres as in US3D, doi:10.1109/CVPR42600.2020.01453.
    """
    agl_m, per_m = read_heights(agl_path)
    scale, angle_rad = _read_flow(flow_path)
    return Pose(agl_m, scale * per_m, angle_rad)


def read_heights(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read heights in metres, and how many of the file's units a metre has; see `read_pose`."""
    info = read_info(path)
    if info.count != 1:
        raise GridError(f"expected one band of heights; got {info.count}", where=path)
    if info.dtype == "uint16":
        return _CENTIMETRES.decode(read_bands(path)[0]), CM_PER_M
    if np.dtype(info.dtype).kind == "f":
        return Encoding(nodata=info.nodata).decode(read_bands(path)[0]), 1
    raise LabelError(
        f"expected heights in centimetres as uint16 or in metres as floats; got {info.dtype}",
        where=path,
    )


def city_of(sample: str) -> str:
    """Return the city of an image: what stands before the first `_` of its name."""
    return sample.partition("_")[0]


def _read_flow(path: Path) -> tuple[float, float]:
    """Read scale and angle as they stand in the file."""
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileReadError("expected a JSON file; there is no such file", where=path) from error
    except (OSError, ValueError) as error:
        raise FileReadError(f"expected a JSON file; got: {error}", where=path) from error
    if not isinstance(values, dict):
        raise FileReadError(
            f"expected a JSON object with scale and angle; got {type(values).__name__}", where=path
        )
    return _number(values.get("scale")), _number(values.get("angle"))


def _number(value: Any) -> float:
    """Return a JSON value as a number, NaN where it is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else math.nan
