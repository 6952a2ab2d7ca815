"""The files of a geopose data set, laid out and encoded as the contest's are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from landseer.core.files import atomic_path, write_json, write_text
from landseer.errors import WriteError
from landseer.raster.opening import quiet, reason
from landseer.raster.write import write_raster
from landseer.synth.camera import View
from landseer.synth.geopose_plan import TileSpec
from landseer.synth.lidar import NODATA, to_file
from landseer.synth.made_folder import TRUTH_FOLDER
from landseer.synth.styles import STYLES

FOLDERS = ("train", "test", f"{TRUTH_FOLDER}/test")
"""Folders of a data set besides the side folder itself."""

_DRIVERS: dict[str, dict[str, Any]] = {
    "j2k": {"driver": "JP2OpenJPEG", "codec": "J2K", "quality": 100, "reversible": "YES"},
    "png": {"driver": "PNG", "zlevel": 6},
}
"""Suffix of images -> how they are written; both lose nothing."""


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture whole or not at all, by its suffix.

    Args:
        path: ending `.j2k` or `.png`.
        image: (3, h, w).

    Raises:
        WriteError: it cannot be written.
    """
    bands, height, width = image.shape
    profile = _DRIVERS[path.suffix[1:]] | {
        "count": bands,
        "height": height,
        "width": width,
        "dtype": "uint8",
    }
    try:
        with quiet(), MemoryFile(ext=path.suffix) as memory:
            with memory.open(**profile) as dataset:
                dataset.write(image)
            content = memory.read()
    except RasterioError as error:
        raise WriteError(f"could not encode the picture: {reason(error)}", where=path) from error
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_heights(folder: Path, tile: str, heights_m: NDArray[np.float32], view: View) -> None:
    """Write a tile's heights and its scale and angle.

    Args:
        folder: where to.
        tile: id.
        heights_m: (h, w), NaN where unknown.
        view: the tile's camera.
    """
    write_raster(folder / f"{tile}_AGL.tif", to_file(heights_m), nodata=NODATA)
    flow = {"scale": view.scale_px_per_m / 100.0, "angle": view.angle_rad}
    write_json(folder / f"{tile}_VFLOW.json", flow)


def write_tables(root: Path, specs: Iterable[TileSpec], suffix: str) -> None:
    """Write the three tables of a data set.

    Args:
        root: folder of the data set.
        specs: all tiles.
        suffix: of the images.
    """
    ordered = sorted(specs, key=lambda spec: spec.tile)
    train = [
        [s.tile, f"{s.tile}_AGL.tif", f"{s.tile}_VFLOW.json", f"{s.tile}_RGB.{suffix}"]
        for s in ordered
        if s.side == "train"
    ]
    test = [[s.tile, f"{s.tile}_RGB.{suffix}"] for s in ordered if s.side == "test"]
    cities = [[s.tile, s.city, STYLES[s.city].gsd_m] for s in ordered]
    write_table(root / "geopose_train.csv", ["id", "agl", "json", "rgb"], train)
    write_table(root / "geopose_test.csv", ["id", "rgb"], test)
    write_table(root / "metadata.csv", ["id", "city", "gsd"], cities)


def write_table(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    write_text(path, text.getvalue())
