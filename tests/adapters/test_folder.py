"""Data sets in folders: images, labels, sides, sites, and what is missing."""

import numpy as np
import pytest

from landseer.adapters import scan_samples
from landseer.adapters.folder_config import FolderConfig
from landseer.errors import DataError, FileReadError

CLASSES = ({"name": "land", "value": 0}, {"name": "water", "value": 1})


def config(root, **changes):
    base = {
        "adapter": "folder", "root": root, "images": "images/*.tif", "labels": "labels/*.png",
        "bands": [{"name": "red"}], "classes": CLASSES,
    }  # fmt: skip
    return FolderConfig.model_validate(base | changes)


def scan(root, **changes):
    return scan_samples(config(root, **changes))


@pytest.fixture
def root(tmp_path, put):
    for name in ("1", "2", "3"):
        put(
            tmp_path / "images" / f"{name}.tif",
            crs="EPSG:32617",
            transform=(10, 0, 5e5, 0, -10, 4e6),
        )
        put(tmp_path / "labels" / f"{name}.png")
    return tmp_path


def test_pairs_with_their_place(root):
    frame, findings = scan(root)
    assert findings == []
    assert frame["sample"].tolist() == ["1", "2", "3"]
    assert frame["label"].tolist() == [str(root / "labels" / f"{name}.png") for name in "123"]
    assert set(frame["crs"]) == {"EPSG:32617"}
    assert frame["gsd_m"].tolist() == [10.0] * 3
    assert frame.at[0, "transform"] == [10.0, 0.0, 500000.0, 0.0, -10.0, 4000000.0]
    assert frame.geometry[0].centroid.x == pytest.approx(-81.0, abs=1e-3)


def test_missing_labels_exclude_and_lone_labels_are_reported(root, put):
    (root / "labels" / "2.png").unlink()
    put(root / "labels" / "9.png")
    frame, findings = scan(root)
    assert frame["excluded"].tolist() == [None, "label is missing", None]
    assert [(item.sample, item.what, item.figure, item.action) for item in findings] == [
        ("2", "label is missing", "expected labels/2.png", "excluded"),
        ("", "label without an image", "", "not used"),
    ]
    assert findings[1].file == str(root / "labels" / "9.png")


def test_no_images_matched(root):
    with pytest.raises(
        DataError, match=r"train images matching 'images/\*\.tiff'; found none .*holds: 3 \*\.tif"
    ):
        scan(root, images="images/*.tiff")


def test_no_labels_matched(root):
    with pytest.raises(DataError, match=r"train labels matching 'labels/\*\.tif'; found none"):
        scan(root, labels="labels/*.tif")


def test_labels_that_fit_no_image(root):
    for name in "123":
        (root / "labels" / f"{name}.png").rename(root / "labels" / f"mask_{name}.png")
    with pytest.raises(
        DataError,
        match=r"expected the label 'labels/1\.png' for the image 'images/1\.tif'; none of 3 images has",
    ):
        scan(root)
    frame, _ = scan(root, labels="labels/mask_*.png")
    assert frame["excluded"].isna().all()


def test_without_labels_nothing_is_excluded(root):
    frame, findings = scan(root, labels=None, classes=())
    assert findings == []
    assert frame["label"].isna().all()
    assert frame["excluded"].isna().all()


def test_images_and_labels_in_one_folder(tmp_path, put):
    for name in ("a", "b"):
        put(tmp_path / f"{name}.tif")
        put(tmp_path / f"{name}_mask.tif")
    frame, findings = scan(tmp_path, images="*.tif", labels="*_mask.tif")
    assert frame["sample"].tolist() == ["a", "b"]
    assert findings == []
    with pytest.raises(DataError, match="every image that the pattern matches is a label"):
        scan(tmp_path, images="*_mask.tif", labels="*_mask.tif")


def test_several_wildcards_name_the_sample_and_lead_to_the_label(tmp_path, put):
    for site, part in (("t1", "001"), ("t1", "002"), ("t2", "001")):
        put(tmp_path / site / "images" / f"p_{part}.tif")
        put(tmp_path / site / "masks" / f"p_{part}.png")
    frame, findings = scan(
        tmp_path,
        images="t*/images/p_*.tif",
        labels="t*/masks/p_*.png",
        site=r"^(t\d)/",
        date=r"p_(\d+)",
        gsd_m=0.5,
    )
    assert findings == []
    assert frame["sample"].tolist() == ["1_001", "1_002", "2_001"]
    assert frame["site"].tolist() == ["t1", "t1", "t2"]
    assert frame["date"].tolist() == ["001", "002", "001"]
    assert frame["label"][2].endswith("t2/masks/p_001.png")
    assert (frame["gsd_m"] == 0.5).all()


def test_test_side_needs_no_labels_and_gets_a_prefix(root, put):
    put(root / "test" / "1.tif")
    put(root / "test" / "2.tif")
    put(root / "test_labels" / "2.png")
    with pytest.raises(DataError, match=r"got 2 names with several \(1, 2\)") as caught:
        scan(root, test_images="test/*.tif")
    assert "give test samples a prefix" in str(caught.value)
    frame, findings = scan(
        root, test_images="test/*.tif", test_labels="test_labels/*.png", test_prefix="test_"
    )
    tests = frame[frame["side"] == "test"]
    assert tests["sample"].tolist() == ["test_1", "test_2"]
    assert tests["label"].notna().tolist() == [False, True]
    assert frame["excluded"].isna().all()
    assert [(item.sample, item.action) for item in findings] == [("test_1", "kept")]


def test_duplicate_names_name_both_files(tmp_path, put):
    put(tmp_path / "a" / "b_c.tif")
    put(tmp_path / "a_b" / "c.tif")
    with pytest.raises(DataError, match=r"got 1 names with several \(a_b_c\)") as caught:
        scan(tmp_path, images="*/*.tif", labels=None)
    assert "a/b_c.tif and" in str(caught.value)


def test_unreadable_images_become_excluded_rows(root):
    (root / "images" / "1.tif").write_text("no raster")
    (root / "images" / "2.tif").write_bytes(b"")
    frame, findings = scan(root)
    assert [item.what for item in findings] == ["image cannot be read"] * 2
    assert "format that GDAL does not know" in frame["excluded"][0]
    assert "empty file" in frame["excluded"][1]
    assert frame["excluded"][2] is None


def test_unreadable_folder_stops_the_scan(root, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(FileReadError, match="Permission denied"):
        scan(root)


def test_site_that_does_not_match_is_reported(root):
    frame, findings = scan(root, site=r"images/([12])\.")
    assert frame["site"].tolist() == ["1", "2", None]
    assert [(item.sample, item.what) for item in findings] == [("3", "no site for this sample")]


def test_site_table(root):
    (root / "sites.csv").write_text("sample,site,more\n1,north,x\n2,south,y\n2,south,z\n")
    frame, findings = scan(root, site_table="sites.csv")
    assert frame["site"].tolist() == ["north", "south", None]
    assert [item.sample for item in findings] == ["3"]
    (root / "sites.csv").write_text("sample,site\n1,north\n1,south\n")
    with pytest.raises(DataError, match="one site per sample; got several for 1"):
        scan(root, site_table="sites.csv")
    (root / "sites.csv").write_text("id,site\n1,north\n")
    with pytest.raises(DataError, match="the columns sample and site; got id, site"):
        scan(root, site_table="sites.csv")
    with pytest.raises(FileReadError, match=r"columns sample and date; got: .*No such file"):
        scan(root, date_table="dates.csv")


def test_declared_nodata_that_the_recipe_lacks_is_reported_once(tmp_path, put):
    put(tmp_path / "images" / "1.tif", nodata=-9999)
    put(tmp_path / "images" / "2.tif", nodata=-9999)
    put(tmp_path / "images" / "3.tif", nodata=-1)
    _, findings = scan(tmp_path, labels=None, bands=[{"name": "red", "nodata": -1}])
    (finding,) = findings
    assert finding.figure == "-9999.0 in 2 files"
    assert finding.file.endswith("1.tif")
    assert "give it as `nodata`" in finding.action


def test_image_that_lies_nowhere_is_kept_with_a_finding(tmp_path, put):
    put(tmp_path / "images" / "1.tif", crs="EPSG:32617", transform=(10, 0, 1e30, 0, -10, 1e30))
    frame, findings = scan(tmp_path, labels=None)
    assert frame["geometry"].isna().all()
    assert np.isnan(frame["gsd_m"][0])
    assert frame["excluded"].isna().all()
    assert [item.what for item in findings] == ["image has no place on the Earth"]
