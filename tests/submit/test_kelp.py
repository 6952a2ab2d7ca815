"""The contest's archive: what goes in comes out, and nothing wrong gets in."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from landseer.errors import DataError, FileReadError, GridError, LabelError
from landseer.raster.write import write_raster
from landseer.submit import SUBMITTERS, pack_kelp, verify_submission

IDS = ["JW725114", "AA498489", "BC000001"]
ENDINGS = {"kelp": ".tar", "geopose": ".tgz", "opencities": ".tgz"}


@pytest.fixture
def masks(tmp_path: Path) -> dict[str, np.ndarray]:
    """Three predicted masks with colours, nodata and georeference."""
    rng = np.random.default_rng(0)
    arrays = {sample: (rng.random((35, 35)) < 0.3).astype(np.uint8) for sample in IDS}
    arrays["BC000001"][:] = 0
    arrays["AA498489"][0, :5] = 255
    for sample, array in arrays.items():
        write_raster(
            tmp_path / "maps" / f"{sample}_kelp.tif", array, nodata=255, crs="EPSG:32620",
            transform=(30, 0, 0, 0, -30, 0), colour_table={0: "#000000", 1: "#00ff00"},
        )  # fmt: skip
    write_raster(
        tmp_path / "maps" / "AA498489_kelp_probability.tif", np.zeros((35, 35), np.float32)
    )
    return arrays


def pack(tmp_path: Path, ids=IDS, **options):
    return pack_kelp(tmp_path / "maps", ids, tmp_path / "out.tar", size_px=35, **options)


@pytest.mark.parametrize("kind", sorted(SUBMITTERS))
def test_a_folder_that_is_not_there(tmp_path: Path, kind: str):
    with pytest.raises(FileReadError, match="there is no such folder") as caught:
        SUBMITTERS[kind](tmp_path / "maps", IDS, tmp_path / f"out{ENDINGS[kind]}")
    assert caught.value.where == str(tmp_path / "maps") and "landseer predict" in caught.value.do


def test_archive_holds_plain_masks(masks, tmp_path: Path):
    (tmp_path / "maps" / ".x_kelp.tif").write_bytes(b"hidden")
    packed = SUBMITTERS["kelp"](tmp_path / "maps", IDS, tmp_path / "out.tar", size_px=35)
    expected = {sample: np.where(array == 255, 0, array) for sample, array in masks.items()}
    assert (packed.n_files, packed.n_filled_pixels, packed.n_empty) == (3, 5, 1)
    assert packed.n_positive_pixels == sum(int(array.sum()) for array in expected.values())
    assert "3 masks" in packed.text()
    assert packed.as_dict()["path"] == str(tmp_path / "out.tar")
    with tarfile.open(tmp_path / "out.tar", "r:") as archive:
        assert archive.getnames() == [f"{sample}_kelp.tif" for sample in sorted(IDS)]
        archive.extractall(tmp_path / "un", filter="data")
    for sample, array in expected.items():
        with (
            pytest.warns(NotGeoreferencedWarning),
            rasterio.open(tmp_path / "un" / f"{sample}_kelp.tif") as dataset,
        ):
            assert (dataset.count, dataset.dtypes[0], dataset.nodata) == (1, "uint8", None)
            assert (dataset.read(1) == array).all()


def test_same_masks_same_bytes(masks, tmp_path: Path):
    pack(tmp_path)
    first = (tmp_path / "out.tar").read_bytes()
    pack(tmp_path, ids=IDS[::-1], workers=1)
    assert (tmp_path / "out.tar").read_bytes() == first


def test_missing_extra_and_repeated_ids(masks, tmp_path: Path):
    with pytest.raises(DataError, match=r"1 missing \(ZZ999999_kelp.tif\)"):
        pack(tmp_path, [*IDS, "ZZ999999"])
    with pytest.raises(DataError, match=r"1 too many \(BC000001_kelp.tif\)"):
        pack(tmp_path, IDS[:2])
    with pytest.raises(DataError, match="once"):
        pack(tmp_path, [*IDS, IDS[0]])
    with pytest.raises(DataError, match="no ids"):
        pack(tmp_path, [])
    with pytest.raises(DataError, match="ends in"):
        pack_kelp(tmp_path / "maps", IDS, tmp_path / "out.zip")
    assert not list(tmp_path.glob("*.tar"))


@pytest.mark.parametrize(
    "array,error,message",
    [
        (np.full((35, 35), 2, np.uint8), LabelError, "got 2"),
        (np.zeros((35, 35), np.float32), LabelError, "uint8"),
        (np.zeros((34, 35), np.uint8), GridError, "35 x 35"),
        (np.zeros((2, 35, 35), np.uint8), GridError, "one band"),
    ],
)
def test_wrong_masks_are_refused(masks, tmp_path: Path, array, error, message):
    write_raster(tmp_path / "maps" / "AA498489_kelp.tif", array)
    with pytest.raises(error, match=message):
        pack(tmp_path)
    assert not (tmp_path / "out.tar").exists()


def test_verifying_foreign_archives(masks, tmp_path: Path):
    path = tmp_path / "other.tar"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "maps" / "AA498489_kelp.tif", "AA498489_kelp.tif")
    with pytest.raises(FileReadError, match="uncompressed tar"):
        verify_submission(path, ["AA498489"], size_px=35)
    with tarfile.open(path, "w") as archive:
        archive.add(tmp_path / "maps" / "JW725114_kelp.tif", "sub/JW725114_kelp.tif")
    with pytest.raises(DataError, match="sub/JW725114"):
        verify_submission(path, ["JW725114"], size_px=35)
    with tarfile.open(path, "w") as archive:
        archive.add(tmp_path / "maps" / "AA498489_kelp.tif", "AA498489_kelp.tif")
    with pytest.raises(LabelError, match="got 255"):
        verify_submission(path, ["AA498489"], size_px=35)
    with tarfile.open(path, "w") as archive:
        for _ in range(2):
            archive.add(tmp_path / "maps" / "JW725114_kelp.tif", "JW725114_kelp.tif")
    with pytest.raises(DataError, match="1 twice"):
        verify_submission(path, ["JW725114"], size_px=35)
