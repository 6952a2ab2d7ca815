"""The geopose layout: its tables against its files, scales and angles, cities, and what does not fit."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import rasterio
from pydantic import TypeAdapter

from landseer.adapters import (
    AdapterConfig,
    config_bands,
    config_classes,
    config_references,
    scan_samples,
)
from landseer.errors import DataError, FileReadError
from landseer.raster.opening import quiet
from landseer.raster.write import write_raster

TRAIN = ("ARG_aaaaaa", "ARG_bbbbbb", "JAX_cccccc")
TEST = ("JAX_dddddd", "OMA_eeeeee")


def config(root, **changes):
    base = {"adapter": "geopose", "root": root}
    return TypeAdapter(AdapterConfig).validate_python(base | changes)


def write_j2k(path, pixels):
    count, height, width = pixels.shape
    profile = {"driver": "JP2OpenJPEG", "count": count, "height": height, "width": width}
    with (
        quiet(),
        rasterio.open(path, "w", dtype="uint8", QUALITY="100", REVERSIBLE="YES", **profile) as file,
    ):
        file.write(pixels)


class Contest:
    """A data set on disk as the contest delivered it, or one of these spoilt."""

    def __init__(self, root):
        self.root, rng = root, np.random.default_rng(0)
        for side, names in (("train", TRAIN), ("test", TEST)):
            (root / side).mkdir()
            for name in names:
                pixels = rng.integers(0, 255, (3, 16, 16)).astype(np.uint8)
                write_j2k(root / side / f"{name}_RGB.j2k", pixels)
        for number, name in enumerate(TRAIN):
            self.agl(name, rng.integers(0, 3000, (16, 16)).astype(np.uint16))
            self.flow(name, {"scale": 0.01 * (number + 1), "angle": 1.5 + number})
        self.table("geopose_train.csv", [self.row(name) for name in TRAIN])
        self.table("geopose_test.csv", [{"id": name, "rgb": f"{name}_RGB.j2k"} for name in TEST])
        self.places([(name, name[:3], 0.3) for name in (*TRAIN, *TEST)])

    def row(self, name):
        files = {"agl": f"{name}_AGL.tif", "json": f"{name}_VFLOW.json", "rgb": f"{name}_RGB.j2k"}
        return {"id": name} | files

    def table(self, name, rows):
        pd.DataFrame(rows).to_csv(self.root / name, index=False)

    def places(self, rows):
        pd.DataFrame(rows, columns=["id", "city", "gsd"]).to_csv(
            self.root / "metadata.csv", index=False
        )

    def agl(self, name, values, side="train"):
        write_raster(self.root / side / f"{name}_AGL.tif", values)

    def flow(self, name, values, side="train"):
        path = self.root / side / f"{name}_VFLOW.json"
        path.write_text(values if isinstance(values, str) else json.dumps(values))

    def scan(self, **changes):
        return scan_samples(config(self.root, **changes))


@pytest.fixture
def contest(tmp_path):
    return Contest(tmp_path)


def brief(findings):
    return [(one.sample, one.what, one.figure, one.action) for one in findings]


def test_everything_as_delivered(contest):
    contest.root.joinpath("train", f"._{TRAIN[0]}_RGB.j2k").write_bytes(b"macOS")
    frame, findings = contest.scan()
    assert findings == []
    assert frame["sample"].tolist() == [*TRAIN, *TEST]
    assert frame["side"].tolist() == ["train"] * 3 + ["test"] * 2
    assert frame["site"].tolist() == ["ARG", "ARG", "JAX", "JAX", "OMA"]
    assert frame["gsd_m"].tolist() == [0.3] * 5
    assert (frame["height"] == 16).all()
    root = contest.root / "train"
    expected = [*(str(root / f"{name}_AGL.tif") for name in TRAIN), None, None]
    assert frame["ref_agl"].tolist() == expected
    np.testing.assert_allclose(frame["ref_scale"], [1, 2, 3, np.nan, np.nan])
    np.testing.assert_allclose(frame["ref_angle"], [1.5, 2.5, 3.5, np.nan, np.nan])
    assert frame["excluded"].isna().all()
    assert frame["label"].isna().all()


def test_bands_classes_and_references(tmp_path):
    made = config(tmp_path)
    assert [(one.name, one.index) for one in config_bands(made)] == [
        ("red", 1), ("green", 2), ("blue", 3),
    ]  # fmt: skip
    assert len(config_classes(made)) == 0
    agl, angle, scale = config_references(made)
    assert (agl.unit, angle.unit, scale.unit) == ("m", "rad", "px/m")
    raw = np.array([0, 123, 65535], np.uint16)
    np.testing.assert_allclose(agl.encoding.decode(raw), [0, 1.23, np.nan], rtol=1e-6)


def test_metres_and_pixels_per_metre(contest):
    for name in TRAIN:
        contest.agl(name, np.full((16, 16), 2.5, np.float32))
    with pytest.raises(DataError, match=r"whole numbers \(cm\); got float32") as caught:
        contest.scan()
    assert "set data.agl_unit to m" in str(caught.value)
    frame, _ = contest.scan(agl_unit="m", scale_unit="px_per_m")
    np.testing.assert_allclose(frame["ref_scale"][:3], [0.01, 0.02, 0.03])
    agl = config_references(config(contest.root, agl_unit="m", agl_nodata=-9999))[0]
    raw = np.array([2.5, -9999, np.nan], np.float32)
    np.testing.assert_allclose(agl.encoding.decode(raw), [2.5, np.nan, np.nan])
    with pytest.raises(DataError, match=r"expected AGL files of decimals \(m\); got uint16"):
        contest.agl(TRAIN[0], np.zeros((16, 16), np.uint16))
        contest.scan(agl_unit="m")


def test_converted_images_are_found_and_go_first(contest):
    pixels = np.zeros((3, 16, 16), np.uint8)
    write_raster(contest.root / "train" / "ARG_aaaaaa_RGB.tif", pixels)
    (contest.root / "train" / "ARG_aaaaaa_RGB.j2k").unlink()
    write_raster(contest.root / "train" / "ARG_bbbbbb_RGB.tif", pixels)
    frame, findings = contest.scan()
    assert findings == []
    assert [path[-7:] for path in frame["image"][:3]] == ["RGB.tif", "RGB.tif", "RGB.j2k"]


def test_without_tables_the_names_decide(contest):
    for name in ("geopose_train.csv", "geopose_test.csv", "metadata.csv"):
        (contest.root / name).unlink()
    contest.agl("OMA_xxxxxx", np.zeros((16, 16), np.uint16))
    frame, findings = contest.scan()
    assert frame["sample"].tolist() == [*TRAIN, *TEST]
    assert frame["site"].tolist() == ["ARG", "ARG", "JAX", "JAX", "OMA"]
    assert frame["gsd_m"].isna().all()
    assert brief(findings) == [("OMA_xxxxxx", "agl file without an image", "", "not used")]


def test_truth_beside_test_images_is_taken(contest):
    contest.agl(TEST[0], np.zeros((16, 16), np.uint16), "test")
    contest.flow(TEST[0], {"scale": 0.02, "angle": 1}, "test")
    frame, findings = contest.scan()
    assert findings == []
    assert frame["ref_agl"][3] == str(contest.root / "test" / f"{TEST[0]}_AGL.tif")
    np.testing.assert_allclose(frame["ref_scale"][3:], [2, np.nan])


def test_rows_without_files_and_files_without_rows(contest):
    train = contest.root / "train"
    (train / "ARG_aaaaaa_RGB.j2k").unlink()
    (train / "ARG_bbbbbb_AGL.tif").unlink()
    (train / "JAX_cccccc_VFLOW.json").unlink()
    contest.flow("OMA_ffffff", {"scale": 1, "angle": 1})
    frame, findings = contest.scan()
    assert frame["sample"].tolist() == ["ARG_bbbbbb", "JAX_cccccc", *TEST]
    assert frame["excluded"].isna().all()
    table = "in geopose_train.csv"
    assert sorted(brief(findings)) == [
        ("ARG_aaaaaa", "rgb file is missing", f"listed as ARG_aaaaaa_RGB.j2k {table}", "not used"),
        ("ARG_bbbbbb", "agl file is missing", f"listed as ARG_bbbbbb_AGL.tif {table}", "kept without agl"),
        ("JAX_cccccc", "json file is missing", f"listed as JAX_cccccc_VFLOW.json {table}", "kept without json"),
        ("OMA_ffffff", "file present but not listed", "no row in geopose_train.csv", "not used"),
    ]  # fmt: skip


def test_an_image_of_which_nothing_is_known_is_left_out(contest):
    (contest.root / "train" / "ARG_bbbbbb_AGL.tif").unlink()
    contest.flow("ARG_bbbbbb", {"scale": None, "angle": math.nan})
    frame, findings = contest.scan()
    assert frame["excluded"].tolist()[1] == "neither heights nor scale nor angle is known"
    assert ("ARG_bbbbbb", "neither heights nor scale nor angle is known", "", "excluded") in brief(
        findings
    )


@pytest.mark.parametrize(
    ("text", "whats", "scale"),
    [
        ("", ["json file cannot be read"], np.nan),
        ("[1, 2]", ["json file holds no keys"], np.nan),
        ('{"scale": 0.05}', ["angle is no number"], 5),
        ('{"scale": "0.05", "angle": true}', ["scale is no number", "angle is no number"], np.nan),
        ('{"scale": NaN, "angle": 1.0}', ["scale is no number"], np.nan),
        ('{"scale": Infinity, "angle": 1}', [], np.inf),
    ],
)
def test_flow_files_that_say_nothing(contest, text, whats, scale):
    contest.flow("ARG_aaaaaa", text)
    frame, findings = contest.scan()
    assert [one.what for one in findings] == whats
    assert {one.sample for one in findings} <= {"ARG_aaaaaa"}
    np.testing.assert_equal(frame["ref_scale"][0], scale)
    assert frame["excluded"].isna().all()


def test_ids_listed_twice_and_on_both_sides(contest):
    rows = [contest.row(name) for name in TRAIN]
    rows += [rows[0], rows[1] | {"agl": "JAX_cccccc_AGL.tif"}, {"id": TEST[0], "rgb": "x_RGB.j2k"}]
    contest.table("geopose_train.csv", rows)
    frame, findings = contest.scan()
    assert frame["sample"].tolist() == [*TRAIN, *TEST]
    assert frame["side"].tolist()[3] == "test"
    assert frame["ref_agl"][1].endswith("ARG_bbbbbb_AGL.tif")
    found = {(one.sample, one.what, one.figure) for one in findings}
    assert found == {
        ("ARG_aaaaaa", "id is listed twice", "the same files"),
        ("ARG_bbbbbb", "id is listed twice", "other files"),
        ("JAX_dddddd", "id is listed for training and for testing", ""),
        ("JAX_dddddd", "rgb file is missing", "listed as x_RGB.j2k in geopose_train.csv"),
    }


def test_cities_and_ground_sample_distances(contest):
    contest.places(
        [
            ("ARG_aaaaaa", "Buenos Aires", 0.5),
            ("ARG_aaaaaa", "Buenos Aires", 0.6),
            ("JAX_cccccc", "Omaha", "x"),
            ("JAX_dddddd", "Jacksonville", -1),
            ("JAX_zzzzzz", "Jacksonville", 0.4),
            ("OMA_eeeeee", "", 0.4),
        ]
    )
    frame, findings = contest.scan()
    assert frame["site"].tolist() == [
        "Buenos Aires",
        "Buenos Aires",
        "Omaha",
        "Jacksonville",
        "OMA",
    ]
    np.testing.assert_array_equal(frame["gsd_m"], [0.5, np.nan, np.nan, np.nan, 0.4])
    assert {(one.sample, one.what) for one in findings} == {
        ("ARG_aaaaaa", "metadata has several rows"),
        ("ARG_bbbbbb", "no row in the metadata"),
        ("JAX_cccccc", "gsd is no positive number"),
        ("JAX_cccccc", "city differs from that of its prefix"),
        ("JAX_dddddd", "gsd is no positive number"),
    }


def test_an_id_without_a_prefix_has_no_city(tmp_path):
    write_raster(tmp_path / "train" / "tile7_RGB.tif", np.zeros((3, 8, 8), np.uint8))
    write_raster(tmp_path / "train" / "tile7_AGL.tif", np.zeros((8, 8), np.uint16))
    frame, findings = scan_samples(config(tmp_path))
    assert frame["site"].tolist() == [None]
    assert [one.what for one in findings] == [
        "json file is missing",
        "no city for this sample",
    ]


def test_what_is_no_geopose_data_set(tmp_path, contest):
    with pytest.raises(DataError, match=r"expected images <id>_RGB\.j2k"):
        scan_samples(config(tmp_path / "nowhere"))
    contest.table("geopose_train.csv", [{"id": "a", "agl": "b"}])
    with pytest.raises(DataError, match="columns id, rgb; got none named rgb"):
        contest.scan()
    contest.table("geopose_train.csv", [{"id": "ARG_aaaaaa", "rgb": "x"}, {"id": None, "rgb": "y"}])
    with pytest.raises(DataError, match="line 3 has none"):
        contest.scan()
    (contest.root / "geopose_train.csv").write_text("")
    with pytest.raises(FileReadError, match=r"expected a table \(CSV\)"):
        contest.scan()


def test_truncated_images_become_excluded_rows(contest):
    path = contest.root / "train" / "ARG_aaaaaa_RGB.j2k"
    path.write_bytes(path.read_bytes()[:40])
    frame, findings = contest.scan()
    assert "image cannot be read" in frame["excluded"][0]
    assert brief(findings)[0][1] == "image cannot be read"
