"""The Open Cities archive: a compressed tar of 0 and 1, and how the contest's score counts."""

import gzip
import tarfile
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landseer.errors import DataError, FileReadError, GridError
from landseer.raster.opening import quiet
from landseer.raster.write import write_raster
from landseer.submit.opencities import pack_opencities, verify_opencities

IDS = ["0a0a36", "fffd9c", "123456"]


@pytest.fixture
def masks(tmp_path: Path) -> dict[str, np.ndarray]:
    """Three predicted masks, one with nodata, one empty, with probabilities beside them."""
    rng = np.random.default_rng(0)
    arrays = {sample: (rng.random((32, 32)) < 0.4).astype(np.uint8) for sample in IDS}
    arrays["123456"][:] = 0
    arrays["fffd9c"][0, :7] = 255
    for sample, array in arrays.items():
        write_raster(tmp_path / f"maps/{sample}.tif", array, nodata=255)
        write_raster(tmp_path / f"maps/{sample}_probability.tif", np.zeros((32, 32), np.float32))
    return arrays


def pack(tmp_path: Path, ids=IDS, name="submission.tgz", size_px=32):
    return pack_opencities(tmp_path / "maps", ids, tmp_path / name, size_px=size_px)


def test_archive_is_compressed_and_holds_0_and_1(masks, tmp_path: Path):
    packed = pack(tmp_path)
    expected = {sample: np.where(array == 255, 0, array) for sample, array in masks.items()}
    assert (packed.n_files, packed.n_filled_pixels, packed.n_empty) == (3, 7, 1)
    assert packed.n_positive_pixels == sum(int(array.sum()) for array in expected.values())
    assert "building pixels" in packed.text()
    assert (tmp_path / "submission.tgz").read_bytes()[:2] == b"\x1f\x8b"
    with tarfile.open(tmp_path / "submission.tgz", "r:gz") as archive:
        assert archive.getnames() == [f"{sample}.tif" for sample in sorted(IDS)]
        archive.extractall(tmp_path / "un", filter="data")
    for sample, array in expected.items():
        with quiet(), rasterio.open(tmp_path / f"un/{sample}.tif") as dataset:
            assert (dataset.count, dataset.dtypes[0], dataset.nodata) == (1, "uint8", None)
            assert (dataset.read(1) == array).all()


def test_same_masks_same_bytes(masks, tmp_path: Path):
    pack(tmp_path)
    first = (tmp_path / "submission.tgz").read_bytes()
    pack(tmp_path, IDS[::-1])
    assert (tmp_path / "submission.tgz").read_bytes() == first


def test_the_contest_wants_1024_px_and_its_own_names(masks, tmp_path: Path):
    with pytest.raises(GridError, match="1024 x 1024"):
        pack_opencities(tmp_path / "maps", IDS, tmp_path / "submission.tgz")
    with pytest.raises(DataError, match=r"1 missing \(999999\.tif\)"):
        pack(tmp_path, [*IDS, "999999"])
    with pytest.raises(DataError, match=r"too many \(123456\.tif"):
        pack(tmp_path, IDS[:2])
    with pytest.raises(DataError, match=r"ends in \.tgz or \.tar\.gz"):
        pack(tmp_path, name="submission.tar")
    assert not list(tmp_path.glob("submission*"))


def test_foreign_archives_are_refused(masks, tmp_path: Path):
    path = tmp_path / "other.tgz"
    with tarfile.open(path, "w") as archive:
        archive.add(tmp_path / "maps/0a0a36.tif", "0a0a36.tif")
    with pytest.raises(FileReadError, match="a gzipped tar"):
        verify_opencities(path, ["0a0a36"], size_px=32)
    whole = gzip.compress(path.read_bytes())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileReadError, match="a gzipped tar"):
        verify_opencities(path, ["0a0a36"], size_px=32)
    path.write_bytes(whole)
    assert verify_opencities(path, ["0a0a36"], size_px=32).n_files == 1
