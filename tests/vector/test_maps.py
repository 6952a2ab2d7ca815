"""Which rasters of a folder are class maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from landseer.errors import DataError, FileReadError
from landseer.raster.write import write_raster
from landseer.vector.maps import find_maps
from landseer.vector.vectorise import vectorise

CLASSES = np.eye(8, dtype=np.uint8)
SHARES = np.full((8, 8), 0.25, np.float32)


def test_a_folder_gives_its_class_maps_only(tmp_path: Path) -> None:
    """All that `predict` writes beside its maps is skipped without a word; others' rasters are named."""
    made = {"LANDSEER_KEY": "abc"}
    write_raster(tmp_path / "a.tif", CLASSES, descriptions=("class",), tags=made)
    write_raster(tmp_path / "a_rectified_class.tif", CLASSES, descriptions=("class",), tags=made)
    write_raster(tmp_path / "a_probability.tif", CLASSES, descriptions=("house",), tags=made)
    write_raster(tmp_path / "a_rectified_image.tif", CLASSES, tags=made)
    write_raster(tmp_path / "a_flow.tif", np.stack([SHARES, SHARES]), tags=made)
    write_raster(tmp_path / "a_AGL.tif", SHARES, descriptions=("height",), tags=made)
    write_raster(tmp_path / "b_entropy.tif", SHARES)
    write_raster(tmp_path / "b_disagreement.tif", SHARES)
    Image.fromarray(CLASSES).save(tmp_path / "c.png")
    expected = ["a.tif", "a_rectified_class.tif", "c.png"]
    found, notes = find_maps([tmp_path])
    assert [one.name for one in found] == expected and notes == []
    write_raster(tmp_path / "dem.tif", SHARES)
    write_raster(tmp_path / "image.tif", np.stack([CLASSES] * 3))
    (tmp_path / "read.me").write_text("no raster")
    found, (note,) = find_maps([tmp_path])
    assert [one.name for one in found] == expected
    assert "dem.tif (float32), image.tif (3 bands)" in note
    assert vectorise(tmp_path, tmp_path / "all.parquet").notes[0] == note


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    write_raster(tmp_path / "a_entropy.tif", SHARES)
    assert find_maps([tmp_path / "a_entropy.tif"]) == ([tmp_path / "a_entropy.tif"], [])
    with pytest.raises(DataError, match=r"whole numbers, one per class; got 0\.25"):
        vectorise(tmp_path / "a_entropy.tif", tmp_path / "a.parquet")
    write_raster(tmp_path / "float.tif", CLASSES.astype(np.float32))
    assert vectorise(tmp_path / "float.tif", tmp_path / "a.parquet").n_polygons == 8


def test_a_folder_without_maps_says_what_it_holds(tmp_path: Path) -> None:
    write_raster(tmp_path / "dem.tif", SHARES)
    with pytest.raises(FileReadError, match=r"got dem\.tif \(float32\)"):
        find_maps([tmp_path])
    (tmp_path / "bad.tif").write_bytes(b"no")
    with pytest.raises(FileReadError, match="does not know") as caught:
        find_maps([tmp_path])
    assert caught.value.where == str(tmp_path / "bad.tif")
