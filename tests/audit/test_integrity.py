"""The integrity check leaves out what cannot be used, says why, and goes on."""

import itertools
import re
import threading
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landseer.audit import image_pass, label_pass
from landseer.audit.examine import examine
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.raster.opening import quiet
from landseer.raster.read import read_open
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples, read_samples, write_samples

BANDS = (
    Band("red", 1, nodata=-32768.0),
    Band("nir", 2, nodata=-32768.0),
    Band("qa", 3, kind="quality"),
    Band("dem", 4, kind="elevation", nodata=-32768.0),
)
CLASSES = ClassTable(("land", "water"), (0, 1), ignore=(255,))
UTM = {"crs": "EPSG:32617", "transform": (10.0, 0.0, 5e5, 0.0, -10.0, 4e6)}
SHAPE = (6, 8)


_NUMBERS = itertools.count()


def image(dtype="int16", count=4):
    """Make pixels that no other image has."""
    rng = np.random.default_rng(next(_NUMBERS))
    return rng.integers(1, 99, (count, *SHAPE)).astype(dtype)


class Set:
    """Samples on disk; each test spoils one of them."""

    def __init__(self, root):
        self.root, self.records = root, []

    def add(self, name, pixels=None, label=None, place=None, label_place=None, **values):
        write_raster(
            self.root / f"{name}.tif", image() if pixels is None else pixels, **(place or {})
        )
        label = np.zeros(SHAPE, np.uint8) if label is None else label
        write_raster(self.root / f"{name}_label.tif", label, **(label_place or {}))
        self.note(name, **values)

    def note(self, name, **values):
        base = {
            "sample": name, "side": "train", "image": str(self.root / f"{name}.tif"),
            "label": str(self.root / f"{name}_label.tif"), "height": SHAPE[0], "width": SHAPE[1],
        }  # fmt: skip
        self.records.append(base | values)

    def check(self, bands=BANDS, classes=CLASSES, workers=2):
        """Examine; what only says that images of a few samples differ in kind is left aside."""
        frame, findings = examine(make_samples(self.records), bands, classes, workers=workers)
        self.frame = frame
        reasons = dict(zip(frame["sample"], frame["excluded"], strict=True))
        return reasons, [one for one in findings if one.sample]


@pytest.fixture
def data(tmp_path):
    samples = Set(tmp_path)
    samples.add("good", place=UTM, label_place=UTM)
    return samples


def only(findings):
    (finding,) = findings
    return finding


def test_good_samples_stay(data):
    data.add("no_label", label=None)
    data.records[-1]["label"] = None
    data.add("test", side="test")
    reasons, findings = data.check()
    assert findings == []
    assert set(reasons.values()) == {None}


def test_the_input_is_left_alone_and_the_result_can_be_written(data, tmp_path):
    data.add("bad", label=np.full(SHAPE, 9, np.uint8))
    frame = make_samples(data.records)
    checked, _ = examine(frame, BANDS, CLASSES, workers=1)
    assert frame["excluded"].isna().all()
    write_samples(tmp_path / "samples.parquet", checked)
    assert read_samples(tmp_path / "samples.parquet")["excluded"].notna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda content: content[:-2], "pixels end early or are damaged"),
        (lambda content: b"", r"got an empty file \(0 bytes\)"),
        (lambda content: b"not a raster at all", "format that GDAL does not know"),
        (lambda content: content[:20], "header is damaged or cut short"),
    ],
)
@pytest.mark.parametrize(
    ("suffix", "what"), [("", "image cannot be read"), ("_label", "label cannot be read")]
)
def test_files_that_cannot_be_read(data, spoil, message, suffix, what):
    data.add("bad", np.random.default_rng(0).integers(0, 9999, (4, *SHAPE)).astype("int16"))
    path = data.root / f"bad{suffix}.tif"
    path.write_bytes(spoil(path.read_bytes()))
    reasons, findings = data.check()
    finding = only(findings)
    assert reasons["good"] is None
    assert reasons["bad"] == f"{what}: {finding.figure}"
    assert (finding.sample, finding.file, finding.what, finding.action) == (
        "bad",
        str(path),
        what,
        "excluded",
    )
    assert re.search(message, finding.figure)


def test_truncated_png_label(data):
    data.add("bad")
    path = data.root / "bad_label.png"
    label = np.random.default_rng(0).integers(0, 2, SHAPE).astype(np.uint8)
    profile = {"driver": "PNG", "count": 1, "height": SHAPE[0], "width": SHAPE[1], "dtype": "uint8"}
    with quiet(), rasterio.open(path, "w", **profile) as file:
        file.write(label[None])
    path.write_bytes(path.read_bytes()[:-20])
    data.records[-1]["label"] = str(path)
    reasons, _ = data.check()
    assert "label cannot be read" in reasons["bad"]
    assert "bytes end before its last chunk" in reasons["bad"]


def test_files_that_are_gone(data):
    data.note("gone")
    reasons, findings = data.check()
    assert reasons["gone"] == "image cannot be read: expected a raster file; there is no such file"
    assert [item.what for item in findings] == ["image cannot be read", "label cannot be read"]


def test_too_few_bands(data):
    data.add("bad", image(count=2))
    reasons, findings = data.check()
    assert reasons["bad"] == "image lacks bands: 2 bands in the file, without qa (3), dem (4)"
    assert only(findings).action == "excluded"


def test_too_few_bands_for_any(data):
    data.add("bad", image(count=1))
    reasons, _ = data.check(bands=BANDS[1:])
    assert (
        reasons["bad"] == "image lacks bands: 1 bands in the file, without nir (2), qa (3), dem (4)"
    )
    assert reasons["good"] is None


def test_more_bands_than_used_are_fine(data):
    data.add("more", image(count=9))
    reasons, findings = data.check()
    assert reasons["more"] is None
    assert findings == []


def test_nan_and_infinite_pixels_are_counted_per_band(data):
    pixels = image("float32")
    pixels[0, 0, :3] = np.nan
    pixels[1, 1, :2] = [np.inf, -np.inf]
    data.add("odd", pixels)
    reasons, findings = data.check()
    assert reasons["odd"] is None
    assert [(item.band, item.what, item.figure, item.action) for item in findings] == [
        ("red", "pixels are NaN and count as missing", "3 pixels (6.25 %)", "kept"),
        ("nir", "pixels are infinite", "2 pixels (4.17 %)", "kept"),
    ]


def test_nan_that_is_the_nodata_value_is_expected(data):
    pixels = image("float32")
    pixels[0, 0, :3] = np.nan
    data.add("odd", pixels)
    _, findings = data.check(bands=[Band("red", 1, nodata=np.nan)])
    assert findings == []


@pytest.mark.parametrize("missing", [-32768, np.nan, np.inf])
def test_nothing_valid_is_excluded(data, missing):
    pixels = image("float32")
    pixels[:2] = missing
    data.add("void", pixels)
    reasons, findings = data.check()
    assert reasons["void"] == "image has no valid pixel: all 48 pixels are nodata, NaN or infinite"
    assert findings[-1].action == "excluded"
    assert "band has no valid pixel" in {item.what for item in findings}


def test_one_empty_band_is_reported_and_empty_elevation_is_normal(data):
    pixels = image()
    pixels[[1, 3]] = -32768
    data.add("half", pixels)
    reasons, findings = data.check()
    assert reasons["half"] is None
    assert (only(findings).band, only(findings).figure) == ("nir", "48 pixels (100 %)")


def test_a_constant_band_is_reported_unless_it_is_a_flag_or_a_height(data):
    pixels = image()
    pixels[1:] = 7
    pixels[1, 0, 0] = -32768
    data.add("flat", pixels)
    reasons, findings = data.check()
    assert reasons["flat"] is None
    finding = only(findings)
    assert (finding.band, finding.what, finding.figure, finding.action) == (
        "nir", "band is constant", "7 in 47 pixels (97.9 %)", "kept",
    )  # fmt: skip


def test_a_blank_image_is_reported_as_a_whole(data):
    pixels = image()
    pixels[0], pixels[1] = 0, 12
    data.add("blank", pixels)
    reasons, findings = data.check()
    assert reasons["blank"] is None
    assert [item.what for item in findings] == [
        "band is constant",
        "band is constant",
        "image is blank",
    ]
    assert findings[-1].figure == "one value per band (0, 12) in all 48 pixels"


def test_a_band_that_repeats_another(data):
    pixels = image()
    pixels[1] = pixels[0]
    pixels[3] = pixels[0]  # heights may equal what they like
    data.add("twin", pixels)
    reasons, findings = data.check()
    assert reasons["twin"] is None
    finding = only(findings)
    assert (finding.band, finding.what, finding.figure, finding.action) == (
        "nir", "band has the same pixels as another", "all 48 pixels as in red", "kept",
    )  # fmt: skip


def test_a_label_of_decimals_with_nan(data):
    label = np.zeros(SHAPE, np.float32)
    label[0, :2] = np.nan
    label[1, 0] = 0.5
    data.add("bad", label=label)
    reasons, _ = data.check()
    what = "label has values that the class table does not list"
    assert reasons["bad"] == f"{what}: nan (2 pixels), 0.5 (1 pixels)"


def test_a_file_that_may_not_be_read(data):
    data.add("folder")
    path = data.root / "folder.tif"
    path.unlink()
    path.mkdir()
    reasons, findings = data.check()
    assert reasons["folder"] == "image cannot be read: expected a raster file; got a folder"
    assert only(findings).action == "excluded"


def test_label_of_another_size(data):
    data.add("bad", label=np.zeros((5, 8), np.uint8))
    reasons, _ = data.check()
    assert reasons["bad"] == (
        "label has another size than its image: label 5 x 8, image 6 x 8 (rows x columns)"
    )


def test_label_of_another_crs(data):
    data.add("bad", place=UTM, label_place=UTM | {"crs": "EPSG:32618"})
    reasons, _ = data.check()
    assert (
        reasons["bad"] == "label has another CRS than its image: label EPSG:32618, image EPSG:32617"
    )


@pytest.mark.parametrize(
    ("transform", "text"),
    [
        ((10, 0, 5e5 + 20, 0, -10, 4e6), "+0.00 rows, +2.00 columns"),
        ((10, 0, 5e5, 0, -10, 4e6 + 15), "-1.50 rows, +0.00 columns"),
        (
            (11, 0, 5e5, 0, -10, 4e6),
            "+0.00 rows, +0.00 columns at its first corner, +0.00 rows, +0.80 columns at its last",
        ),
        ((10, 0, 5e5 + 5, 0, -10, 4e6 - 5), "+0.50 rows, +0.50 columns"),
        ((10, 0, 5e5 + 0.5, 0, -10, 4e6), None),
    ],
)
def test_shifted_label(data, transform, text):
    data.add("bad", place=UTM, label_place=UTM | {"transform": transform})
    reasons, _ = data.check()
    assert reasons["bad"] == (text and f"label is shifted against its image: {text}")


def test_label_without_georeference_is_taken_as_it_lies(data):
    data.add("png", place=UTM)
    data.add("bare", label_place=UTM)
    reasons, findings = data.check()
    assert set(reasons.values()) == {None}
    assert findings == []


def test_unknown_label_values_are_listed_with_their_pixels(data):
    label = np.zeros(SHAPE, np.uint8)
    label[0] = 7
    label[1, :3] = 12
    label[2] = 255
    data.add("bad", label=label)
    reasons, findings = data.check()
    assert reasons["bad"] == (
        "label has values that the class table does not list: 7 (8 pixels), 12 (3 pixels)"
    )
    assert only(findings).file.endswith("bad_label.tif")


def test_many_unknown_values_are_shortened(data):
    data.add("bad", label=np.arange(48, dtype=np.uint8).reshape(SHAPE))
    reasons, _ = data.check()
    assert reasons["bad"].endswith(" and 38 more values")


def test_colours_under_an_integer_table(data):
    data.add("bad", label=np.random.default_rng(0).integers(0, 255, (3, *SHAPE)).astype(np.uint8))
    reasons, _ = data.check()
    assert "three bands that differ" in reasons["bad"]


def test_the_first_reason_is_kept_and_all_findings(data):
    data.add("bad", image(count=1), label=np.full((5, 8), 9, np.uint8))
    reasons, findings = data.check()
    assert reasons["bad"].startswith("image lacks bands")
    assert [item.what for item in findings] == [
        "image lacks bands",
        "label has another size than its image",
        "label has values that the class table does not list",
    ]


def test_excluded_rows_are_not_opened_again(data):
    data.note("gone", excluded="label is missing")
    reasons, findings = data.check()
    assert reasons["gone"] == "label is missing"
    assert findings == []


def test_strips_give_the_same_counts(data, monkeypatch):
    label = np.zeros((1500, 8), np.uint8)
    label[::2] = 7
    pixels = np.random.default_rng(0).random((4, 1500, 8)).astype(np.float32)
    pixels[0, ::3] = np.nan
    data.add("tall", pixels, label)
    whole = data.check()
    monkeypatch.setattr(label_pass, "_STRIP_PX", 800)
    monkeypatch.setattr(image_pass, "STRIP_BYTES", 1)
    assert data.check() == whole
    assert "7 (6000 pixels)" in whole[0]["tall"]


def test_each_file_is_decoded_once_and_by_several_threads(data, monkeypatch):
    for number in range(12):
        data.add(f"s{number}")
    seen = []

    def spy(dataset, indexes, window):
        seen.append((Path(dataset.name).name, threading.get_ident()))
        return read_open(dataset, indexes, window)

    monkeypatch.setattr(image_pass, "read_open", spy)
    _, findings = data.check(workers=4)
    assert findings == []
    assert sorted(name for name, _ in seen) == sorted(
        f"{row['sample']}.tif" for row in data.records
    )
    assert len({thread for _, thread in seen}) > 1


def test_the_order_of_findings_does_not_depend_on_threads(data):
    for number in range(20):
        data.add(f"s{number}", label=np.full(SHAPE, 9 + number % 3, np.uint8))
    assert data.check(workers=8) == data.check(workers=1)


def test_empty_table():
    frame, findings = examine(make_samples([]), BANDS, CLASSES, workers=1)
    assert len(frame) == 0
    assert findings == []
