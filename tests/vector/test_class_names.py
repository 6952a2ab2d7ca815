"""Classes that are asked for and are not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from landseer.errors import UsageError
from landseer.raster.opening import quiet
from landseer.raster.write import write_raster
from landseer.vector.options import VectoriseOptions
from landseer.vector.vectorise import vectorise


def write(path: Path, names: tuple[str, ...] = ()) -> Path:
    """Write a map of classes 0 and 2, with a missing pixel, and maybe with names."""
    classes = np.zeros((9, 9), np.uint8)
    classes[2:5, 2:5], classes[0, 0] = 2, 255
    write_raster(path, classes, nodata=255)
    if names:
        with quiet(), rasterio.open(path, "r+") as dataset:
            dataset.update_tags(1, **{f"CLASS_{n}": name for n, name in enumerate(names)})
    return path


def test_a_class_that_does_not_occur_is_told(tmp_path: Path) -> None:
    path, out = write(tmp_path / "a.tif"), tmp_path / "a.parquet"
    said = vectorise(path, out, VectoriseOptions(classes=("2", "9")))
    assert said.n_polygons == 1
    assert "no pixel of class 9 in the map; the classes there are 0, 2" in said.notes
    named = VectoriseOptions(classes=("tank",), names=("ground", "tank"))
    both = [path, write(tmp_path / "b.tif")]
    (note,) = [one for one in vectorise(both, out, named).notes if "no pixel" in one]
    assert note == "no pixel of class 1 tank in any of 2 maps; the classes there are 0, 2"


def test_a_class_that_occurs_is_not_told(tmp_path: Path) -> None:
    """Also where its polygons are too small, and where but one of several maps has it."""
    path, out = write(tmp_path / "a.tif"), tmp_path / "a.parquet"
    small = VectoriseOptions(classes=("2",), min_area_m2=1e6)
    empty = tmp_path / "b.tif"
    write_raster(empty, np.zeros((9, 9), np.uint8))
    for maps, options in ((path, small), ([empty, path], VectoriseOptions(classes=("2",)))):
        assert not any("no pixel" in note for note in vectorise(maps, out, options).notes)


def test_a_number_that_is_no_class_of_the_map_is_refused(tmp_path: Path) -> None:
    path, out = write(tmp_path / "a.tif", ("ground", "roof", "tank")), tmp_path / "out"
    with pytest.raises(UsageError, match=r"\(0 ground, 1 roof, 2 tank\); got 9, lake") as caught:
        vectorise(path, out, VectoriseOptions(classes=("1", "9", "lake")))
    assert caught.value.where == str(path) and not out.exists()
    notes = vectorise(path, out, VectoriseOptions(classes=("roof",))).notes
    assert "no pixel of class 1 roof in the map; the classes there are 0, 2" in notes
