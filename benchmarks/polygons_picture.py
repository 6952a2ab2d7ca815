"""The picture of the how-to on polygons: a map as a network would draw it, and three kinds of outlines.

python benchmarks/polygons_picture.py docs/images/polygons.png
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import geopandas
import matplotlib as mpl
import numpy as np
import shapely
from affine import Affine
from scipy import ndimage
from shapely import Polygon
from shapely.affinity import affine_transform, rotate, translate

from landseer.raster.write import write_raster
from landseer.vector.options import VectoriseOptions
from landseer.vector.vectorise import vectorise

mpl.use("Agg")
from matplotlib import pyplot
from rasterio.features import rasterize

GSD_M = 0.5
SIDE_PX = 160
TRANSFORM = (GSD_M, 0.0, 500000.0, 0.0, -GSD_M, 9200000.0)
FLOORS = {
    "I": [(0, 0), (30, 0), (30, 17), (0, 17)],
    "L": [(0, 0), (36, 0), (36, 15), (16, 15), (16, 32), (0, 32)],
    "T": [(0, 0), (40, 0), (40, 14), (27, 14), (27, 32), (13, 32), (13, 14), (0, 14)],
    "U": [(0, 0), (42, 0), (42, 34), (28, 34), (28, 14), (14, 14), (14, 34), (0, 34)],
}
PLACES = (
    ("U", 30, 34, 18), ("L", 88, 30, 27), ("I", 136, 24, 12), ("T", 36, 88, 62), ("I", 84, 84, 40), ("L", 129, 82, 140),
    ("I", 32, 134, 5), ("U", 82, 130, 100), ("T", 130, 131, 200),
)  # fmt: skip
OUTLINES = {
    "as on the map": VectoriseOptions(min_area_m2=10, min_hole_m2=10),
    "--simplify-m 1": VectoriseOptions(min_area_m2=10, min_hole_m2=10, simplify_m=1),
    "--rectangular": VectoriseOptions(min_area_m2=10, min_hole_m2=10, rectangular=True),
}


def buildings() -> list[Polygon]:
    """Return the true buildings, in pixels."""
    placed = []
    for name, x, y, angle in PLACES:
        floor = Polygon(FLOORS[name])
        floor = translate(floor, x - floor.centroid.x, y - floor.centroid.y)
        placed.append(rotate(floor, angle))
    return placed


def predicted(truth: list[Polygon], rng: np.random.Generator) -> np.ndarray:
    """Draw buildings as networks do: corners rounded, walls wavering, specks and holes here and there."""
    sharp = rasterize(truth, (SIDE_PX, SIDE_PX), dtype="uint8").astype(float)
    noise = ndimage.gaussian_filter(rng.normal(size=sharp.shape), 1.5)
    specks = ndimage.gaussian_filter((rng.random(sharp.shape) > 0.9988).astype(float), 0.8) * 4
    blurred = (
        ndimage.gaussian_filter(sharp, 1.6) + 0.6 * noise + np.where(sharp > 0, -1, 1) * specks
    )
    return (blurred > 0.5).astype(np.uint8)


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    truth = buildings()
    classes = predicted(truth, np.random.default_rng(3))
    figure, axes = pyplot.subplots(1, 4, figsize=(14, 4.1), layout="constrained")
    extent = (0, SIDE_PX * GSD_M, 0, SIDE_PX * GSD_M)
    axes[0].imshow(classes, cmap="Greys", vmin=0, vmax=1.6, extent=extent)
    axes[0].set_title("the map (grey)\nand the true walls (red)")
    for building in truth:
        x, y = building.exterior.xy
        axes[0].plot(np.array(x) * GSD_M, (SIDE_PX - np.array(y)) * GSD_M, color="#c2410c", lw=1.2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.tif"
        write_raster(path, classes, crs="EPSG:32736", transform=TRANSFORM)
        for axis, (title, options) in zip(axes[1:], OUTLINES.items(), strict=True):
            frame = geopandas.read_parquet(
                vectorise(path, Path(folder) / "map.parquet", options).files[0]
            )
            corners = int((frame.count_coordinates() - 1).sum())
            local = frame.translate(-TRANSFORM[2], SIDE_PX * GSD_M - TRANSFORM[5])
            axis.imshow(classes, cmap="Greys", vmin=0, vmax=6, extent=extent)
            local.plot(ax=axis, facecolor="#1d4ed833", edgecolor="#1d4ed8", linewidth=1.4)
            axis.set_title(
                f"{title}\n{corners} corners, IoU with the truth {_iou(frame, truth):.2f}"
            )
    for axis in axes:
        axis.set_xlim(0, SIDE_PX * GSD_M)
        axis.set_ylim(0, SIDE_PX * GSD_M)
        axis.set_xticks([0, 20, 40, 60, 80])
        axis.set_yticks([])
        axis.set_xlabel("m", fontsize=10)
        axis.set_ylabel("")
    figure.savefig(out, dpi=110, bbox_inches="tight")


def _iou(frame: geopandas.GeoDataFrame, truth: list[Polygon]) -> float:
    """Return the intersection over union of all polygons with all true ones."""
    a, b, c, d, e, f = Affine(*TRANSFORM)[:6]
    real = affine_transform(shapely.union_all(truth), (a, b, d, e, c, f))
    found = shapely.union_all(frame.geometry)
    return float(found.intersection(real).area / found.union(real).area)


if __name__ == "__main__":
    main()
