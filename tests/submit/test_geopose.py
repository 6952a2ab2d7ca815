"""The geopose archive: what goes in comes out in the contest's units, and nothing wrong gets in."""

import io
import json
import math
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from landseer.errors import DataError, FileReadError, GridError, LabelError, WriteError
from landseer.raster.write import write_raster
from landseer.submit import SUBMITTERS, geopose_archive, pack_geopose, verify_geopose
from landseer.submit.geopose_files import read_pose

SIZES = {"ARG_aaaaaa": (20, 30), "ARG_bbbbbb": (20, 30), "JAX_aaaaaa": (24, 16)}
ONE = "JAX_aaaaaa"


def pack(tmp_path: Path, ids=SIZES, **options):
    return pack_geopose(tmp_path / "maps", ids, tmp_path / "out.tar.gz", **options)


def set_flow(tmp_path: Path, **values):
    path = tmp_path / "maps" / f"{ONE}_VFLOW.json"
    path.write_text(json.dumps({"scale": 0.5, "angle": 1.0} | values), encoding="utf-8")


def test_archive_holds_the_contests_files(poses, tmp_path: Path):
    (tmp_path / "maps" / ".x_AGL.tif").write_bytes(b"hidden")
    packed = SUBMITTERS["geopose"](tmp_path / "maps", SIZES, tmp_path / "out.tar.gz", sizes=SIZES)
    with tarfile.open(tmp_path / "out.tar.gz", "r:gz") as archive:
        names = [f"{s}{suffix}" for s in sorted(SIZES) for suffix in ("_AGL.tif", "_VFLOW.json")]
        assert archive.getnames() == names
        content = {name: archive.extractfile(name).read() for name in names}
    total = 0
    for sample, (agl, scale, angle) in poses.items():
        with Image.open(io.BytesIO(content[f"{sample}_AGL.tif"])) as image:
            assert (image.mode, image.info["compression"]) == ("I;16", "tiff_adobe_deflate")
            cm = np.asarray(image)
        assert cm.dtype == np.uint16 and np.abs(cm / 100 - agl).max() <= 0.005 + 1e-6
        assert json.loads(content[f"{sample}_VFLOW.json"]) == {
            "scale": pytest.approx(scale / 100),
            "angle": angle,
        }
        total += int(cm.sum())
    n_pixels = 2 * 600 + 384
    assert (packed.n_images, packed.n_pixels, packed.n_below, packed.n_above) == (3, n_pixels, 0, 0)
    assert packed.mean_m == pytest.approx(total / n_pixels / 100)
    assert packed.max_m == pytest.approx(max(agl.max() for agl, *_ in poses.values()), abs=0.006)
    assert packed.scale_px_per_m == pytest.approx((0.3, 0.7))
    assert "3 images" in packed.text() and packed.as_dict()["path"].endswith("out.tar.gz")
    again = verify_geopose(tmp_path / "out.tar.gz", SIZES, sizes=SIZES)
    assert again == packed


def test_centimetres_pass_unchanged(truths, poses, tmp_path: Path):
    for sample in SIZES:
        agl = np.array(Image.open(tmp_path / "truth" / f"{sample}_AGL.tif"))
        agl[agl == 65535] = 65534
        write_raster(tmp_path / "truth" / f"{sample}_AGL.tif", agl)
    pack_geopose(tmp_path / "truth", SIZES, tmp_path / "out.tgz")
    with tarfile.open(tmp_path / "out.tgz") as archive:
        archive.extractall(tmp_path / "un", filter="data")
    for sample, (agl, scale, angle) in truths.items():
        cm = np.array(Image.open(tmp_path / "un" / f"{sample}_AGL.tif"))
        assert (cm == np.minimum(agl, 65534)).all()
        flow = json.loads((tmp_path / "un" / f"{sample}_VFLOW.json").read_text())
        assert flow == pytest.approx({"scale": scale, "angle": angle}, rel=1e-12)


def test_same_predictions_same_bytes(poses, tmp_path: Path):
    pack(tmp_path)
    first = (tmp_path / "out.tar.gz").read_bytes()
    pack(tmp_path, ids=list(SIZES)[::-1], workers=1)
    assert (tmp_path / "out.tar.gz").read_bytes() == first


def test_what_is_cut_is_counted(poses, tmp_path: Path):
    agl = np.full((24, 16), 3.0, np.float32)
    agl[0, :3] = -0.001, -0.2, -7
    agl[1, :2] = 655.34, 655.36
    write_raster(tmp_path / "maps" / f"{ONE}_AGL.tif", agl)
    packed = pack(tmp_path)
    assert (packed.n_below, packed.n_above, packed.max_m) == (2, 1, 655.34)
    assert "2 pixels below 0 m" in packed.text()


def test_missing_extra_and_repeated_files(poses, tmp_path: Path):
    with pytest.raises(DataError, match=r"2 missing \(OMA_x_AGL.tif, OMA_x_VFLOW.json\)"):
        pack(tmp_path, [*SIZES, "OMA_x"])
    with pytest.raises(DataError, match=r"2 too many \(JAX_aaaaaa_AGL.tif"):
        pack(tmp_path, list(SIZES)[:2])
    with pytest.raises(DataError, match="once"):
        pack(tmp_path, [*SIZES, ONE])
    with pytest.raises(DataError, match="ends in"):
        pack_geopose(tmp_path / "maps", SIZES, tmp_path / "out.tar")
    with pytest.raises(DataError, match="size of every"):
        pack(tmp_path, sizes={"ARG_aaaaaa": (20, 30)})
    (tmp_path / "maps" / f"{ONE}_VFLOW.json").unlink()
    with pytest.raises(DataError, match=r"1 missing \(JAX_aaaaaa_VFLOW.json\)"):
        pack(tmp_path)
    assert not list(tmp_path.glob("*.tar*"))


@pytest.mark.parametrize(
    "agl,error,message",
    [
        (np.where(np.eye(24, 16), np.nan, 1).astype(np.float32), LabelError, "16 without"),
        (np.full((24, 16), np.inf, np.float32), LabelError, "384 without"),
        (np.full((24, 16), 65535, np.uint16), LabelError, "384 without"),
        (np.zeros((24, 16), np.uint8), LabelError, "uint8"),
        (np.zeros((16, 24), np.float32), GridError, "24 x 16"),
        (np.zeros((2, 24, 16), np.float32), GridError, "one band"),
    ],
)
def test_wrong_heights_are_refused(poses, tmp_path: Path, agl, error, message):
    write_raster(tmp_path / "maps" / f"{ONE}_AGL.tif", agl)
    with pytest.raises(error, match=message):
        pack(tmp_path, sizes=SIZES)
    assert not list(tmp_path.glob("*.tar*"))


@pytest.mark.parametrize(
    "flow",
    [
        {"scale": 0}, {"scale": -1.0}, {"scale": math.nan}, {"scale": math.inf}, {"scale": None}, {"scale": True},
        {"scale": "1"}, {"angle": math.nan}, {"angle": -0.1}, {"angle": 6.3}, {"angle": 270.0}, {"angle": None},
    ],
)  # fmt: skip
def test_wrong_scales_and_angles_are_refused(poses, tmp_path: Path, flow):
    set_flow(tmp_path, **flow)
    with pytest.raises(LabelError, match=next(iter(flow))):
        pack(tmp_path)


@pytest.mark.parametrize("angle", [2 * math.pi, float(np.float32(2 * math.pi)), -1e-9])
def test_rounding_at_the_full_turn_is_nothing(poses, tmp_path: Path, angle):
    set_flow(tmp_path, angle=angle)
    pack(tmp_path)
    with tarfile.open(tmp_path / "out.tar.gz") as archive:
        assert json.load(archive.extractfile(f"{ONE}_VFLOW.json"))["angle"] == 0


def test_json_that_is_none(poses, tmp_path: Path):
    path = tmp_path / "maps" / f"{ONE}_VFLOW.json"
    for text, message in (("{", "JSON file"), ("[1]", "object")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FileReadError, match=message):
            pack(tmp_path)
    with pytest.raises(FileReadError, match="no such"):
        read_pose(tmp_path / "maps" / f"{ONE}_AGL.tif", tmp_path / "none.json")


def test_verifying_foreign_archives(poses, tmp_path: Path):
    path = tmp_path / "other.tar.gz"
    path.write_bytes(b"no archive")
    with pytest.raises(FileReadError, match="compressed tar"):
        verify_geopose(path, [ONE])
    maps = [tmp_path / "maps" / f"{ONE}{suffix}" for suffix in ("_AGL.tif", "_VFLOW.json")]
    for prefix, files, error, message in (
        ("", maps, LabelError, "float32"),
        ("sub/", maps, DataError, "too many .*sub/JAX"),
        ("", maps[1:], DataError, "1 missing"),
        ("", [maps[1], maps[1]], DataError, "1 twice"),
    ):
        with tarfile.open(path, "w:gz") as archive:
            for file in files:
                archive.add(file, prefix + file.name)
        with pytest.raises(error, match=message):
            verify_geopose(path, [ONE])
    pack(tmp_path)
    whole = (tmp_path / "out.tar.gz").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileReadError, match="compressed tar"):
        verify_geopose(path, SIZES)


def test_other_values_read_back_are_no_archive(poses, tmp_path: Path, monkeypatch):
    wrong = geopose_archive.encode_tiff
    monkeypatch.setattr(geopose_archive, "encode_tiff", lambda heights: wrong(heights[::-1]))
    with pytest.raises(WriteError, match="read back"):
        pack(tmp_path)
    assert not list(tmp_path.glob("*.tar*"))


def test_declared_nodata_is_not_known(tmp_path: Path):
    write_raster(tmp_path / "a_AGL.tif", np.array([[1, -9, 2]], np.float32), nodata=-9)
    (tmp_path / "a_VFLOW.json").write_text('{"scale": 2, "angle": 0}', encoding="utf-8")
    pose = read_pose(tmp_path / "a_AGL.tif", tmp_path / "a_VFLOW.json")
    assert np.isnan(pose.agl_m).tolist() == [[False, True, False]] and pose.scale_px_per_m == 2
