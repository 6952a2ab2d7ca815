"""References are read to their end, laid on their images, measured, and compared with each other."""

import math

import numpy as np
import pytest

from landseer.audit import reference_pass
from landseer.audit.examine import examine
from landseer.audit.number_check import wrap
from landseer.audit.reference_pass import ValueTally
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.encoding import Encoding
from landseer.core.references import Reference
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples, read_samples, write_samples

BANDS = (Band("red", 1), Band("green", 2))
SIDE = 24
AGL = Reference("agl", "raster", "m", Encoding(0.01, nodata=65535.0), minimum=0.0)
CANOPY = Reference("canopy", "raster", "m", Encoding(nodata=-9999.0), "own", minimum=0.0)
NUMBERS = (Reference("scale", "number", "px/m", minimum=0.0), Reference("angle", "angle", "rad"))
PLACE = (1.0, 0.0, 5e5, 0.0, -1.0, 4e6)
COARSE = (4.0, 0.0, 5e5, 0.0, -4.0, 4e6)


class Set:
    """Samples on disk; each test spoils one of them."""

    def __init__(self, root, reference, place=None):
        self.root, self.reference, self.place, self.records = root, reference, place or {}, []
        self.rng = np.random.default_rng(1)

    def add(self, name, values=None, place=None, image=None, **more):
        pixels = self.rng.integers(1, 200, (2, SIDE, SIDE)).astype(np.uint8)
        write_raster(self.root / f"{name}.tif", pixels if image is None else image, **self.place)
        path = self.root / f"{name}_value.tif"
        if values is not None:
            write_raster(path, values, **({} if place is None else place))
        base = {
            "sample": name, "side": "train", "image": str(self.root / f"{name}.tif"), "height": SIDE,
            "width": SIDE, self.reference.column: None if values is None else str(path),
        }  # fmt: skip
        self.records.append(base | more)
        return path

    def check(self, *others):
        frame, findings = examine(
            make_samples(self.records), BANDS, ClassTable((), ()),
            references=[self.reference, *others], workers=2,
        )  # fmt: skip
        self.frame = frame.set_index("sample", drop=False)
        reasons = dict(zip(frame["sample"], frame["excluded"], strict=True))
        return reasons, [(one.sample, one.what, one.figure, one.action) for one in findings]


def heights(seed=0, shape=(SIDE, SIDE)):
    return np.random.default_rng(seed).integers(0, 5000, shape).astype(np.uint16)


@pytest.fixture
def data(tmp_path):
    samples = Set(tmp_path, AGL)
    samples.add("good", heights())
    return samples


@pytest.fixture
def coarse(tmp_path):
    samples = Set(tmp_path, CANOPY, {"crs": "EPSG:32617", "transform": PLACE})
    samples.canopy = np.random.default_rng(0).uniform(0, 30, (6, 6)).astype(np.float32)
    samples.add("good", samples.canopy, {"crs": "EPSG:32617", "transform": COARSE})
    return samples


def test_figures_are_physical_and_of_valid_pixels(data, tmp_path):
    raw = heights(3)
    raw[:6] = 65535
    data.add("holes", raw)
    reasons, findings = data.check()
    assert findings == []
    assert set(reasons.values()) == {None}
    there = raw[6:] / 100
    row = data.frame.loc["holes"]
    figures = [row[f"ref_agl_{name}"] for name in ("valid_pct", "min", "max", "mean")]
    np.testing.assert_allclose(figures, [0.75, there.min(), there.max(), there.mean()], rtol=1e-6)
    assert "ref_agl_covered_pct" not in data.frame
    assert not [name for name in data.frame if name.startswith("class_")]
    write_samples(tmp_path / "t.parquet", data.frame.reset_index(drop=True))
    assert read_samples(tmp_path / "t.parquet")["ref_agl_min"].dtype == np.float64


def test_strips_count_as_the_whole(data, monkeypatch):
    data.check()
    whole = data.frame.loc["good"].filter(like="ref_agl_").astype(float)
    monkeypatch.setattr(reference_pass, "STRIP_BYTES", 5 * SIDE * 2)
    data.check()
    strips = data.frame.loc["good"].filter(like="ref_agl_").astype(float)
    np.testing.assert_allclose(strips, whole, rtol=1e-12)
    assert len(whole) == 4


def test_test_rows_have_figures_where_truth_lies_beside_them(data):
    data.add("truth", heights(5), side="test")
    data.add("none", side="test")
    reasons, findings = data.check()
    assert findings == []
    assert set(reasons.values()) == {None}
    assert data.frame["ref_agl_mean"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda content: content[:-200], "pixels end early or are damaged"),
        (lambda content: b"", "empty file"),
        (lambda content: b"no raster", "format that GDAL does not know"),
    ],
)
def test_rasters_that_cannot_be_read(data, spoil, message):
    path = data.add("bad", heights(1))
    path.write_bytes(spoil(path.read_bytes()))
    reasons, findings = data.check()
    assert reasons["good"] is None
    assert reasons["bad"].startswith("agl cannot be read")
    assert message in reasons["bad"]
    assert [(sample, what, action) for sample, what, _, action in findings] == [
        ("bad", "agl cannot be read", "excluded")
    ]
    assert np.isnan(data.frame.loc["bad", "ref_agl_mean"])


def test_layers_are_counted_together(tmp_path):
    data = Set(tmp_path, Reference("parts", layers=3))
    values = heights(4, (3, SIDE, SIDE)).astype(np.float32)
    values[1, :12] = np.nan
    data.add("a", values)
    reasons, findings = data.check()
    assert (reasons["a"], findings) == (None, [])
    row = data.frame.loc["a"]
    assert row["ref_parts_valid_pct"] == pytest.approx(5 / 6)
    assert row["ref_parts_mean"] == pytest.approx(np.nanmean(values.astype(float)), rel=1e-6)


def test_a_raster_of_three_bands(data):
    data.add("bad", heights(1, (3, SIDE, SIDE)))
    reasons, _ = data.check()
    assert reasons["bad"] == "agl cannot be read: expected 1 bands; got 3"


def test_another_size_and_another_place(data):
    data.add("size", heights(1, (SIDE, SIDE - 1)))
    data.place = {"crs": "EPSG:32617", "transform": PLACE}
    data.add(
        "place", heights(2), {"crs": "EPSG:32617", "transform": (*PLACE[:2], 5e5 + 3, *PLACE[3:])}
    )
    data.add("crs", heights(3), {"crs": "EPSG:32618", "transform": PLACE})
    reasons, _ = data.check()
    size = "agl has another size than its image: agl 24 x 23, image 24 x 24 (rows x columns)"
    assert reasons["size"] == size
    assert reasons["place"] == "agl is shifted against its image: +0.00 rows, +3.00 columns"
    assert reasons["crs"].startswith("agl has another CRS than its image")


def test_nothing_valid_and_one_value(data):
    data.add("empty", np.full((SIDE, SIDE), 65535, np.uint16))
    data.add("flat", np.full((SIDE, SIDE), 150, np.uint16))
    reasons, findings = data.check()
    assert reasons["empty"] == "agl has no valid pixel: 0 pixels (0 %)"
    assert reasons["flat"] is None
    assert ("flat", "agl is constant", "1.5 m in 576 pixels (100 %)", "kept") in findings


def test_infinite_and_impossible_values(coarse):
    odd = coarse.canopy + 1
    odd[0, :3] = [np.inf, -np.inf, np.nan]
    odd[1, :2] = [-2.5, -1]
    odd[2, 0] = -9999
    coarse.add("odd", odd, {"crs": "EPSG:32617", "transform": COARSE})
    reasons, findings = coarse.check()
    assert reasons["odd"] is None
    low = "2 pixels (5.56 %) below 0 m, the least -2.5"
    assert findings == [
        ("odd", "canopy is infinite and counts as missing", "2 pixels (5.56 %)", "kept"),
        ("odd", "canopy is lower than can be", low, "kept"),
    ]
    assert coarse.frame.loc["odd", "ref_canopy_valid_pct"] == pytest.approx(32 / 36)
    assert coarse.frame.loc["odd", "ref_canopy_min"] == -2.5


def test_own_grids_need_to_meet_their_images(coarse):
    for name, shift in (("half", 12), ("away", 1000), ("edge", 24)):
        place = (*COARSE[:2], 5e5 + shift, *COARSE[3:])
        coarse.add(name, coarse.canopy + shift, {"crs": "EPSG:32617", "transform": place})
    coarse.add("lost", coarse.canopy + 1, {"crs": "EPSG:4326", "transform": COARSE})
    reasons, findings = coarse.check()
    assert reasons["good"] is reasons["half"] is None
    assert coarse.frame.loc["good", "ref_canopy_covered_pct"] == pytest.approx(1)
    assert coarse.frame.loc["half", "ref_canopy_covered_pct"] == pytest.approx(0.5)
    assert ("half", "canopy covers a part of its image", "50 %", "kept") in findings
    assert reasons["away"] == reasons["edge"] == "canopy does not meet its image"
    assert reasons["lost"].startswith("canopy cannot be laid on its image")


def test_decimals_among_whole_numbers(data):
    data.add("more", heights(1))
    data.add("metres", heights(2).astype(np.float32) / 100)
    reasons, _ = data.check()
    what = "agl has another pixel type than the rest"
    assert reasons["metres"] == f"{what}: float32; 2 of 3 rasters hold whole numbers"
    assert reasons["good"] is reasons["more"] is None


def test_nodata_that_the_recipe_lacks_is_reported_once(tmp_path):
    data = Set(tmp_path, Reference("dsm"))
    for seed in range(3):
        data.add(f"s{seed}", heights(seed), {"nodata": 65535 if seed else 0})
    _, findings = data.check()
    what = "dsm files declare a nodata value that the recipe lacks"
    action = "kept: give it as `nodata` of dsm"
    assert sorted(findings) == [
        ("", what, "0.0 in 1 files", action),
        ("", what, "65535.0 in 2 files", action),
    ]


def test_float_nodata_is_declared_as_people_write_it(tmp_path):
    data = Set(tmp_path, Reference("chm", encoding=Encoding(nodata=-3.4e38)))
    values = heights(1).astype(np.float32)
    values[0] = np.float32(-3.4e38)
    data.add("a", values, {"nodata": float(np.float32(-3.4e38))})
    reasons, findings = data.check()
    assert (findings, reasons["a"]) == ([], None)
    assert data.frame.loc["a", "ref_chm_min"] >= 0


def test_copies_and_contradictions(data):
    image = np.random.default_rng(7).integers(1, 200, (2, SIDE, SIDE)).astype(np.uint8)
    data.add("other", heights())
    data.add("twin_a", heights(8), image=image)
    data.add("twin_b", heights(9), image=image)
    _, findings = data.check()
    assert ("other", "the same agl as under another image", "good", "kept") in findings
    assert ("twin_b", "the same image has another agl", "twin_a", "kept") in findings
    assert len(findings) == 3  # and that the images are copies


def test_images_of_another_type_are_left_out_where_a_reference_teaches(data):
    for number in range(8):
        data.add(f"more{number}", heights(20 + number))
    data.add("odd", heights(2), image=np.random.default_rng(0).normal(size=(2, SIDE, SIDE)))
    data.add("odd_test", image=np.random.default_rng(1).normal(size=(2, SIDE, SIDE)), side="test")
    reasons, _ = data.check()
    assert reasons["odd"].startswith("image has another pixel type than the rest")
    assert reasons["odd_test"] is None


def test_numbers_that_cannot_be_true(data):
    cases = {
        "a": (1.5, 7.0), "b": (-1.0, -1.0), "c": (math.inf, math.inf), "d": (math.nan, math.nan),
        "e": (0.0, 0.0), "f": (2.0, 2 * math.pi),
    }  # fmt: skip
    for number, (name, (scale, angle)) in enumerate(cases.items()):
        data.add(name, heights(30 + number), ref_scale=scale, ref_angle=angle)
    reasons, findings = data.check(*NUMBERS)
    assert set(reasons.values()) == {None}
    scales = data.frame["ref_scale"].loc[list(cases)]
    np.testing.assert_array_equal(scales, [1.5, np.nan, np.nan, np.nan, 0, 2])
    expected = [7 - 2 * math.pi, 2 * math.pi - 1, np.nan, np.nan, 0, 0]
    np.testing.assert_allclose(data.frame["ref_angle"].loc[list(cases)], expected)
    assert sorted(findings) == [
        ("a", "angle is not in 0 to 2 pi", "7 rad", "kept as 0.716815 rad"),
        ("b", "angle is not in 0 to 2 pi", "-1 rad", "kept as 5.28319 rad"),
        ("b", "scale is lower than can be", "-1 px/m", "kept without it"),
        ("c", "angle is infinite", "inf rad", "kept without it"),
        ("c", "scale is infinite", "inf px/m", "kept without it"),
        ("f", "angle is not in 0 to 2 pi", "6.28319 rad", "kept as 0 rad"),
    ]


def test_a_sample_of_which_nothing_is_left_is_left_out(data):
    data.add("only", ref_scale=-1.0)
    data.add("tested", ref_scale=-1.0, side="test")
    data.add("never")
    reasons, _ = data.check(NUMBERS[0])
    assert reasons["only"] == "nothing is known that could be learnt"
    assert reasons["tested"] is reasons["never"] is reasons["good"] is None


def test_angles_wrap_even_where_rounding_would_give_a_whole_turn():
    assert wrap(-1e-20) == 0
    assert wrap(-math.pi / 2) == pytest.approx(3 * math.pi / 2)
    assert wrap(5 * math.pi) == pytest.approx(math.pi)


def test_tally_of_nothing():
    tally = ValueTally()
    tally.add(np.full((3, 3), 65535, np.uint16), AGL)
    figures = tally.figures()
    assert figures["valid_pct"] == 0
    assert all(math.isnan(figures[name]) for name in ("min", "max", "mean"))
    assert not tally.is_flat
