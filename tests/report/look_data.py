"""A small made-up data set to look at: bands, labels, folds and what the audit would have found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from landseer.audit.pairs import make_pairs
from landseer.audit.quality import QualityConfig
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.models.config import PreprocessConfig
from landseer.raster.write import write_raster
from landseer.report.config import ReportConfig
from landseer.report.look import Look
from landseer.report.pixel_sample import draw_pixels
from landseer.samples.footprint import footprint
from landseer.samples.table import make_samples

SIDE = 32
BANDS = (
    Band("nir", 1, ("N",), nodata=-1),
    Band("red", 2, ("R",), nodata=-1),
    Band("qa", 3, kind="quality"),
)
CLASSES = ClassTable(("back $x$", "kelp", "<sand>"), (0, 1, 2), ignore=(9,))
INPUTS = PreprocessConfig(
    bands=("nir", "red"),
    indices=("NDVI",),
    formulas={"twice": "2*red", "flag": "where(nir > 500, 1, 0)"},
    valid="qa == 0",
    fixed_range={"flag": (0.0, 1.0)},
)


def write_tile(root: Path, name: str, rng: np.random.Generator) -> dict[str, Any]:
    """Write an image and its label; return the sample's record."""
    truth = np.zeros((SIDE, SIDE), np.uint8)
    truth[4:8, 4:8] = 1
    truth[20:, 20:] = 2
    truth[0, :] = 9
    red = 100 + 10 * truth.astype(int) + rng.integers(0, 5, truth.shape)
    nir = 300 + 200 * (truth == 1) + rng.integers(0, 90, truth.shape)
    qa = np.zeros((SIDE, SIDE), int)
    qa[:, 0] = 1
    red[10, 10] = -1
    write_raster(root / "images" / f"{name}.tif", np.stack([nir, red, qa]).astype(np.int16))
    write_raster(root / "labels" / f"{name}.tif", truth)
    return {
        "sample": name,
        "side": "train",
        "image": str(root / "images" / f"{name}.tif"),
        "label": str(root / "labels" / f"{name}.tif"),
        "height": SIDE,
        "width": SIDE,
        "valid_pct": float(rng.uniform(0.5, 1)),
        "nodata_pct": 0.0,
        "qa_corrupted_pixels": 32.0,
        "qa_corrupted_pixels_pct": float(rng.uniform(0, 0.5)),
        "sharpness": float(rng.uniform(1, 2)),
        "class_back_x__pixels": 800.0,
        "class_kelp_pixels": 16.0,
        "class_kelp_pct": float(rng.uniform(0, 0.2)),
    }


def make_look(root: Path, n: int = 6, *, placed: bool = False, **changes: Any) -> Look:
    """Write `n` tiles below a folder and return what is known of them; three folds, groups of two."""
    rng = np.random.default_rng(1)
    records = [write_tile(root, f"s{i:02d}", rng) for i in range(n)]
    for i, record in enumerate(records):
        record |= {"fold": i // 2 % 3, "holdout": False, "group": f"g{i // 2}", "weight": 1.0}
        if placed:
            record |= _place(i)
    samples = changes.pop("samples", make_samples(records))
    config = changes.pop("config", ReportConfig(pixels=3000))
    inputs = changes.pop("inputs", INPUTS)
    classes = changes.pop("classes", CLASSES)
    values: dict[str, Any] = {
        "name": "kelp <b>$x$",
        "folder": root,
        "config": config,
        "inputs": inputs,
        "quality": QualityConfig(
            suspects=(
                {"name": "too dark", "where": "sharpness < 1.2 and qa_corrupted_pixels_pct > 0.3"},
            )
        ),
        "seed": 5,
        "samples": samples,
        "bands": BANDS,
        "classes": classes,
        "statistics": statistics(),
        "pairs": make_pairs([]),
        "proof": {
            "balance": [
                {"stratum": "samples", "fold 0": 2, "fold 1": 2, "fold 2": 2, "deviation": 0.0},
                {"stratum": "has=True", "fold 0": 2, "fold 1": 1, "fold 2": 0, "deviation": 1.0},
                {"stratum": "a=1 | b=2", "fold 0": 1, "fold 1": 0, "fold 2": 0, "deviation": 2.0},
            ]
        },
        "findings": pd.DataFrame(columns=["sample", "file", "band", "what", "figure", "action"]),
    }
    pixels = changes.pop("pixels", None) or draw_pixels(
        samples, BANDS, classes, inputs, config=config, seed=5, workers=1
    )
    return Look(**(values | {"pixels": pixels} | changes))


def statistics() -> dict[str, Any]:
    """Return made-up figures of the channels."""

    def channel(low: float, high: float) -> dict[str, Any]:
        quantiles = {"0.01": low, "0.5": (low + high) / 2, "0.99": high}
        return {
            "count": 9, "min": low, "max": high, "mean": (low + high) / 2, "std": 1.0, "quantiles": quantiles,
        }  # fmt: skip

    return {
        "channels": {
            "nir": channel(310, 480), "red": channel(101, 120), "NDVI": channel(0.4, 0.6),
            "twice": channel(202, 240), "flag": channel(0, 1),
        }
    }  # fmt: skip


def _place(number: int) -> dict[str, Any]:
    """Put a tile on the ground near Kampala, 10 m a pixel, neighbours of a group overlapping by half."""
    transform = [10.0, 0.0, 450_000.0 + 160 * number, 0.0, -10.0, 40_000.0]
    crs = "EPSG:32636"
    return {
        "crs": crs, "transform": transform, "gsd_m": 10.0, "geometry": footprint(crs, transform, SIDE, SIDE),
    }  # fmt: skip


def move(rows: gpd.GeoDataFrame, lon: float, lat: float) -> gpd.GeoDataFrame:
    """Shift footprints by degrees; their CRS is then not known."""
    moved = rows.copy()
    moved["geometry"] = moved.geometry.translate(lon, lat)
    moved["crs"] = None
    return moved
