"""The geopose contest's score as a value, with what a person wants to know of each city."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from landseer.samples.schema import shorten


@dataclass(frozen=True, slots=True)
class CityFigures:
    """What is known of one city's predictions.

    Attributes:
        city: its prefix.
        score: mean of both R2, 0 where a prediction is missing.
        r2_agl, r2_flow: of heights and of flow; NaN where a prediction is missing.
        mae_m, rmse_m, bias_m: of heights; of the pixels that were predicted, as all figures below.
        end_point_px: mean end-point error.
        angle_deg, scale_pct: mean absolute error of the images' angles and scales.
        n_images: true images.
        n_pixels: true heights.
    """

    city: str
    score: float
    r2_agl: float
    r2_flow: float
    mae_m: float
    rmse_m: float
    bias_m: float
    end_point_px: float
    angle_deg: float
    scale_pct: float
    n_images: int
    n_pixels: int


@dataclass(frozen=True, slots=True)
class PoseScore:
    """A score and what it was computed from.

    Attributes:
        metric: its name.
        value: the figure; NaN where a city's truth is constant.
        counts: what it counts, in words.
        cities: figures of each.
        by_height: figures of each class of true height, all cities pooled: name -> n, mae, rmse, bias, m.
        missing: images without a whole prediction and what is missing, id -> words.
        n_files: true images.
        n_pixels: true heights.
        n_extra: predicted images that have no truth; they do not count.
    """

    metric: str
    value: float
    counts: str
    cities: tuple[CityFigures, ...]
    by_height: dict[str, dict[str, float]]
    missing: dict[str, str]
    n_files: int
    n_pixels: int
    n_extra: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values; an undefined figure is None."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    def figures(self) -> dict[str, Any]:
        """Return what people read, name -> value."""
        cities = {city.city: _shown(city) for city in self.cities}
        missing = [f"{sample} ({what})" for sample, what in self.missing.items()]
        return {
            self.metric: self.value,
            "counts": self.counts,
            **cities,
            "images": self.n_files,
            "pixels": self.n_pixels,
            "missing": f"{len(missing)}: {shorten(missing)}" if missing else "none",
            "without truth": self.n_extra,
        }

    def text(self) -> str:
        """Say it in one line."""
        return (
            f"{self.metric} {self.value:.5f} ({self.counts}; {self.n_files} images, {self.n_pixels} pixels, "
            f"{len(self.missing)} images without a whole prediction)"
        )


def _shown(city: CityFigures) -> dict[str, Any]:
    """Name a city's figures for people, with their units."""
    return {
        "score": city.score,
        "R2 of heights": city.r2_agl,
        "R2 of flow": city.r2_flow,
        "MAE m": city.mae_m,
        "RMSE m": city.rmse_m,
        "bias m": city.bias_m,
        "end point px": city.end_point_px,
        "angle deg": city.angle_deg,
        "scale %": city.scale_pct,
        "images": city.n_images,
    }


def _plain(value: Any) -> Any:
    """Put None for NaN, however deep."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
