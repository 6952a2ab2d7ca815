"""The kelp data set in both arrangements, with and without its metadata, whole and spoilt."""

import numpy as np
import pytest
from pydantic import ValidationError

from landseer.adapters import config_bands, config_classes, scan_samples
from landseer.adapters.kelp import KelpConfig
from landseer.errors import DataError, FileReadError


def scan(root):
    return scan_samples(KelpConfig(adapter="kelp", root=root))


def brief(findings):
    return [(item.sample, item.what, item.action) for item in findings]


@pytest.mark.parametrize("layout", ["contest", "arranged"])
@pytest.mark.parametrize("table", [True, False])
def test_both_layouts_with_and_without_the_table(make_kelp, layout, table):
    root, _ = make_kelp(layout, table)
    frame, findings = scan(root)
    assert findings == []
    assert frame["sample"].tolist() == ["AA000001", "AA000002", "BB000003"]
    assert frame["side"].tolist() == ["train", "train", "test"]
    assert frame["label"].notna().tolist() == [True, True, False]
    assert frame["label"][0].endswith("AA000001_kelp.tif")
    assert (frame[["height", "width"]].to_numpy() == [6, 8]).all()
    assert frame["excluded"].isna().all()
    assert frame["geometry"].isna().all()
    assert (frame["gsd_m"] == 30.0).all()


def test_relative_root_gives_absolute_paths(make_kelp, monkeypatch):
    root, _ = make_kelp()
    monkeypatch.chdir(root.parent)
    frame, _ = scan(root.name)
    assert frame["image"].str.startswith("/").all()


def test_bands_and_classes():
    config = KelpConfig(adapter="kelp", root="x")
    bands = config_bands(config)
    assert [(band.name, band.index) for band in bands] == list(
        zip(["swir", "nir", "red", "green", "blue", "qa", "dem"], range(1, 8), strict=True)
    )
    assert bands[0].codes == ("S1", "S2")
    assert [band.nodata for band in bands] == [-32768.0] * 5 + [None, -32768.0]
    assert [band.kind for band in bands[4:]] == ["reflectance", "quality", "elevation"]
    assert config_classes(config).names == ("background", "kelp")
    assert config_classes(config).encode(np.array([[0, 1]])).tolist() == [[0, 1]]


def test_train_tile_without_mask_is_excluded(make_kelp):
    root, _ = make_kelp(table=False)
    (root / "train_kelp" / "AA000001_kelp.tif").unlink()
    frame, findings = scan(root)
    assert frame["excluded"].tolist() == ["label is missing", None, None]
    assert brief(findings) == [("AA000001", "label is missing", "excluded")]


def test_mask_without_tile_is_reported(make_kelp):
    root, _ = make_kelp(table=False)
    (root / "train_satellite" / "AA000001_satellite.tif").unlink()
    frame, findings = scan(root)
    assert frame["sample"].tolist() == ["AA000002", "BB000003"]
    assert brief(findings) == [("AA000001", "label without an image", "not used")]


def test_unreadable_tile_is_an_excluded_row(make_kelp):
    root, _ = make_kelp(table=False)
    (root / "train_satellite" / "AA000002_satellite.tif").write_bytes(b"")
    frame, findings = scan(root)
    assert (
        frame["excluded"][1]
        == "image cannot be read: expected a raster file; got an empty file (0 bytes)"
    )
    assert frame["height"].tolist() == [6, 0, 6]
    assert brief(findings) == [("AA000002", "image cannot be read", "excluded")]


def test_listed_but_missing(make_kelp):
    root, _ = make_kelp()
    (root / "train_satellite" / "AA000001_satellite.tif").unlink()
    (root / "train_kelp" / "AA000001_kelp.tif").unlink()
    frame, findings = scan(root)
    assert len(frame) == 2
    assert sorted((item.sample, item.file, item.what) for item in findings) == [
        ("AA000001", "AA000001_kelp.tif", "file listed in the metadata but missing"),
        ("AA000001", "AA000001_satellite.tif", "file listed in the metadata but missing"),
    ]


def test_present_but_not_listed(make_kelp, put):
    root, _ = make_kelp()
    put(root / "test_satellite" / "ZZ000009_satellite.tif", 7)
    frame, findings = scan(root)
    assert "ZZ000009" in set(frame["sample"])
    assert brief(findings) == [("ZZ000009", "file present but not listed in the metadata", "kept")]


def test_size_mismatch(make_kelp, write_table):
    root, rows = make_kelp()
    size = rows[0][3]
    rows[0][3] = size + 1
    write_table(root / "metadata_fTq0l2T.csv", rows)
    frame, findings = scan(root)
    assert brief(findings) == [("AA000001", "file size differs from the metadata", "kept")]
    assert findings[0].figure == f"{size} bytes, listed {size + 1}"
    assert frame["excluded"].isna().all()


def test_tile_on_the_other_side_than_listed(make_kelp, write_table):
    root, rows = make_kelp()
    rows[-1][-1] = True
    write_table(root / "metadata_fTq0l2T.csv", rows)
    _, findings = scan(root)
    assert {item.what for item in findings} == {
        "file listed in the metadata but missing",
        "file present but not listed in the metadata",
    }
    assert {item.sample for item in findings} == {"BB000003"}


def test_without_the_test_folder_there_is_one_finding(make_kelp):
    root, _ = make_kelp()
    (root / "test_satellite" / "BB000003_satellite.tif").unlink()
    (root / "test_satellite").rmdir()
    frame, findings = scan(root)
    assert set(frame["side"]) == {"train"}
    assert brief(findings) == [("", "test images listed but their folder is missing", "not used")]


def test_same_tile_on_both_sides_is_refused(make_kelp, put):
    root, _ = make_kelp(table=False)
    put(root / "test_satellite" / "AA000001_satellite.tif", 7)
    with pytest.raises(
        DataError, match=r"one image per sample name; got 1 names with several \(AA000001\)"
    ):
        scan(root)


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([["a"]], ["tile_id"], "got none named filename, md5_hash, filesize_bytes, type, in_train"),
        (
            [["a", "a.tif", "0", "x", "satellite", True]],
            None,
            "got 1 rows without, the first in line 2",
        ),
        (
            [["a", "a.tif", "0", 5, "satellite", True], ["a", "a.tif", "0", 5, "dem", True]],
            None,
            "in line 3",
        ),
        ([["a", "a.tif", "0", 5, "satellite", "maybe"]], None, "1 rows without"),
    ],
)
def test_wrong_tables_are_refused(make_kelp, write_table, rows, header, message):
    root, _ = make_kelp()
    write_table(root / "metadata_fTq0l2T.csv", rows, **({"header": header} if header else {}))
    with pytest.raises(DataError, match=message):
        scan(root)


def test_empty_and_several_tables_are_refused(make_kelp, write_table):
    root, rows = make_kelp()
    (root / "metadata_fTq0l2T.csv").write_text("")
    with pytest.raises(FileReadError, match=r"expected a metadata table \(CSV\)"):
        scan(root)
    write_table(root / "metadata.csv", rows)
    with pytest.raises(DataError, match=r"found metadata\.csv, metadata_fTq0l2T\.csv"):
        scan(root)


def test_wrong_roots_are_refused(make_kelp, tmp_path):
    with pytest.raises(DataError, match="expected the folder of the kelp data set; there is none"):
        scan(tmp_path / "none")
    with pytest.raises(DataError, match="found none of them"):
        scan(tmp_path)
    (tmp_path / "test_satellite").mkdir()
    with pytest.raises(DataError, match=r"expected files <tile>_satellite\.tif"):
        scan(tmp_path)
    make_kelp("arranged")
    with pytest.raises(DataError, match="found both arrangements"):
        scan(tmp_path)


def test_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        KelpConfig(adapter="kelp", root="x", bands=[])
