"""Small copies of data sets, made on the spot."""

import csv
from pathlib import Path

import numpy as np
import pytest

from landseer.raster.write import write_raster

FOLDERS = {
    "contest": ("train_satellite", "train_kelp", "test_satellite"),
    "arranged": ("train/images", "train/masks", "test/images"),
}
HEADER = ["tile_id", "filename", "md5_hash", "filesize_bytes", "type", "in_train"]


@pytest.fixture
def put():
    """Write a raster of zeros; the path is made."""

    def write(path: Path, count=1, size=(6, 8), **options):
        write_raster(path.with_suffix(".tif"), np.zeros((count, *size), np.int16), **options)
        if path.suffix != ".tif":
            path.with_suffix(".tif").rename(path)
        return path

    return write


@pytest.fixture
def make_kelp(tmp_path, put):
    """Write the kelp data set: tiles AA000001, AA000002 for training and BB000003 for testing."""

    def make(layout="contest", table=True):
        images, masks, tests = (tmp_path / folder for folder in FOLDERS[layout])
        rows = []
        for tile, side in (("AA000001", True), ("AA000002", True), ("BB000003", False)):
            files = [("satellite", put((images if side else tests) / f"{tile}_satellite.tif", 7))]
            if side:
                files.append(("kelp", put(masks / f"{tile}_kelp.tif")))
            rows += [
                [tile, path.name, "0" * 32, path.stat().st_size, kind, side] for kind, path in files
            ]
        if table:
            write_rows(tmp_path / "metadata_fTq0l2T.csv", rows)
        return tmp_path, rows

    return make


def write_rows(path, rows, header=HEADER):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def write_table():
    """Write rows under the header of the kelp metadata."""
    return write_rows
