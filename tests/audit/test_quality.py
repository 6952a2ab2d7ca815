import numpy as np
import pandas as pd
import pytest
import rasterio

from landseer.audit import image_pass, label_pass
from landseer.audit.examine import examine
from landseer.audit.quality import QualityConfig, column_name
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.errors import FormulaError
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples, read_samples, write_samples

BANDS = (
    Band("red", 1, ("R",), nodata=-32768),
    Band("qa", 2, ("QA",), kind="quality"),
    Band("dem", 3, ("DEM",), kind="elevation", nodata=-32768),
)
KELP = ClassTable(("background", "kelp"), (0, 1), ignore=(9,))
RULES = QualityConfig(corrupted="qa != 0", water="isnan(dem) or dem <= 0")


def quality(frame, bands, classes, **more):
    """Return the table with its figures alone."""
    return examine(frame, bands, classes, **more)[0]


def make(folder, name, image, label=None, **more):
    write_raster(folder / f"{name}.tif", np.asarray(image, np.int16))
    record = {
        "sample": name,
        "side": "train",
        "image": str(folder / f"{name}.tif"),
        "height": 10,
        "width": 10,
    }
    if label is not None:
        write_raster(folder / f"{name}_label.tif", np.asarray(label, np.uint8))
        record["label"] = str(folder / f"{name}_label.tif")
    return record | more


@pytest.fixture
def measured(tmp_path):
    red, qa, dem = np.full((10, 10), 7000), np.zeros((10, 10)), np.full((10, 10), 5)
    red[0, :4] = -32768
    qa[:5, 0] = 1  # the first of them is missing as well
    dem[:3] = -32768
    dem[3] = 0
    dem[4] = -2
    label = np.zeros((10, 10))
    label[:, :5] = 1
    label[9] = 9
    records = [
        make(tmp_path, "a", [red, qa, dem], label),
        make(tmp_path, "open", [red * 0 + 1, qa * 0, dem * 0 - 32768], np.zeros((10, 10))),
        make(tmp_path, "t", [red, np.ones((10, 10)), dem], side="test"),
        {"sample": "x", "side": "train", "image": "/no.tif", "height": 0, "width": 0, "excluded": "unreadable"},
    ]  # fmt: skip
    return quality(make_samples(records), BANDS, KELP, rules=RULES, workers=1)


def test_counts_and_shares_of_one_sample(measured):
    row = measured.set_index("sample").loc["a"]
    expected = {
        "nodata_pct": 0.04, "valid_pct": 0.92, "qa_corrupted_pixels": 5, "qa_corrupted_pixels_pct": 0.05,
        "dem_nan_pixels": 30, "dem_nan_pixels_pct": 0.3, "dem_zero_pixels": 10, "dem_zero_pixels_pct": 0.1,
        "water_pixels": 50, "water_pixels_pct": 0.5, "unlabelled_pct": 0.1,
        "class_background_pixels": 45, "class_kelp_pixels": 45, "class_kelp_pct": 0.5,
        "kelp_pixels": 45, "non_kelp_pixels": 45, "kelp_pixels_pct": 0.5,
    }  # fmt: skip
    for name, value in expected.items():
        assert row[name] == pytest.approx(value), name
    flags = {
        "qa_ok": False,
        "has_kelp": True,
        "high_kelp_pixels_pct": True,
        "almost_all_water": False,
    }
    for name, value in flags.items():
        assert bool(row[name]) is value, name


def test_thresholds_are_the_seeds_and_strict(measured):
    rows = measured.set_index("sample")
    assert bool(rows.loc["open", "almost_all_water"]) and not bool(rows.loc["open", "has_kelp"])
    assert bool(rows.loc["t", "high_corrupted_pixels_pct"])
    strict = RULES.model_copy(update={"high_class": 0.5})
    again = quality(measured, BANDS, KELP, rules=strict, workers=1).set_index("sample")
    assert not bool(again.loc["a", "high_kelp_pixels_pct"])
    assert list(again.columns) == list(rows.columns)


def test_what_cannot_be_counted_is_missing_not_zero(measured):
    rows = measured.set_index("sample")
    assert rows.loc["t", ["has_kelp", "kelp_pixels", "unlabelled_pct"]].isna().all()
    assert rows.loc["x", ["valid_pct", "qa_ok", "has_kelp"]].isna().all()


def test_columns_exist_only_for_what_is_there(tmp_path):
    record = make(tmp_path, "a", [np.ones((10, 10))])
    frame = quality(make_samples([record]), BANDS[:1], KELP, workers=1)
    assert set(frame.columns) - set(make_samples([record]).columns) == {
        "valid_pct", "nodata_pct", "saturated_pixels", "saturated_pixels_pct", "striping", "striped",
        "sharpness",
    }  # fmt: skip
    record["image"] = str(tmp_path / "q.tif")
    write_raster(tmp_path / "q.tif", np.ones((1, 10, 10), np.int16))
    frame = quality(make_samples([record]), [Band("qa", 1, kind="quality")], KELP, workers=1)
    assert set(frame.columns) - set(make_samples([record]).columns) == {"valid_pct", "nodata_pct"}


def test_many_classes_have_counts_and_no_short_names(tmp_path):
    classes = ClassTable(("Bare Soil", "water", "built-up"), (0, 1, 2))
    label = np.repeat([0, 1, 1, 1, 2], 20).reshape(10, 10)
    frame = quality(
        make_samples([make(tmp_path, "a", [np.ones((10, 10))], label)]),
        BANDS[:1],
        classes,
        workers=1,
    )
    assert frame["class_bare_soil_pixels"].item() == 20
    assert frame["class_water_pct"].item() == pytest.approx(0.6)
    assert frame["class_built_up_pixels"].item() == 20
    assert "has_water" not in frame
    assert column_name(" Built-up area ") == "built_up_area"


def test_the_table_survives_its_file(measured, tmp_path):
    write_samples(tmp_path / "samples.parquet", measured)
    back = read_samples(tmp_path / "samples.parquet")
    assert back["has_kelp"].isna().sum() == 2
    assert back["kelp_pixels"].equals(measured["kelp_pixels"])


def test_threads_give_what_one_gives(measured):
    assert quality(measured, BANDS, KELP, rules=RULES, workers=3).equals(measured)


def test_a_wrong_formula_is_an_error_and_no_finding(tmp_path):
    frame = make_samples([make(tmp_path, "a", [np.ones((10, 10))])])
    for key in ("corrupted", "water", "saturated"):
        with pytest.raises(FormulaError, match="cloud"):
            quality(frame, BANDS[:1], KELP, rules=QualityConfig(**{key: "cloud > 1"}), workers=1)


CONTEST_COLUMNS = (
    "has_kelp", "non_kelp_pixels", "kelp_pixels", "kelp_pixels_pct", "high_kelp_pixels_pct",
    "dem_nan_pixels", "dem_has_nans", "dem_nan_pixels_pct", "dem_zero_pixels", "dem_zero_pixels_pct",
    "water_pixels", "water_pixels_pct", "almost_all_water", "qa_corrupted_pixels", "qa_ok",
    "qa_corrupted_pixels_pct", "high_corrupted_pixels_pct",
)  # fmt: skip


def test_all_columns_of_the_kelp_system_are_there(measured):
    assert not [name for name in CONTEST_COLUMNS if name not in measured]
    rows = measured.set_index("sample")
    assert bool(rows.loc["a", "dem_has_nans"])
    assert rows.loc["x", "dem_has_nans"] is pd.NA


def test_a_class_named_as_a_figure_keeps_its_long_name_alone(tmp_path):
    classes = ClassTable(("land", "water"), (0, 1))
    label = np.zeros((10, 10))
    label[:2] = 1
    record = make(tmp_path, "a", [np.arange(100).reshape(10, 10)], label)
    rules = QualityConfig(water="red < 50")
    row = quality(make_samples([record]), BANDS[:1], classes, rules=rules, workers=1).iloc[0]
    assert (row["water_pixels"], row["class_water_pixels"]) == (50, 20)
    assert "has_water" not in row
    alone = quality(make_samples([record]), BANDS[:1], classes, workers=1).iloc[0]
    assert (alone["water_pixels"], bool(alone["has_water"])) == (20, True)


def test_saturation_by_formula_replaces_the_guess(tmp_path):
    red = np.full((10, 10), 100)
    red[0] = 32767
    red[1, 0] = -32768
    record = make(tmp_path, "a", [red])
    guessed = quality(make_samples([record]), BANDS[:1], KELP, workers=1).iloc[0]
    assert (guessed["saturated_pixels"], guessed["saturated_pixels_pct"]) == (10, 0.1)
    rules = QualityConfig(saturated="red >= 100")
    stated = quality(make_samples([record]), BANDS[:1], KELP, rules=rules, workers=1).iloc[0]
    assert stated["saturated_pixels"] == 99


def test_figures_of_a_large_image_are_those_of_the_whole(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 9000, (3, 600, 90))
    pixels[0, 100:120] = -32768
    pixels[1] = rng.random((600, 90)) < 0.1
    label = rng.random((600, 90)) < 0.3
    frame = make_samples([make(tmp_path, "a", pixels, label)])
    whole = quality(frame, BANDS, KELP, rules=RULES, workers=1).iloc[0]
    monkeypatch.setattr(image_pass, "STRIP_BYTES", 3 * 90 * 2 * 128)
    monkeypatch.setattr(label_pass, "_STRIP_PX", 1000)
    strips = quality(frame, BANDS, KELP, rules=RULES, workers=1).iloc[0]
    counted = [name for name in whole.index if name.endswith("_pct") or name.endswith("_pixels")]
    assert len(counted) > 15
    for name in counted:
        assert strips[name] == whole[name], name
    assert strips["sharpness"] == pytest.approx(whole["sharpness"], rel=0.02)
    assert strips["striping"] < 0.2


def test_what_a_files_mask_hides_is_nodata_and_nothing_else(tmp_path):
    """Transparent pixels of an RGBA file count as nodata, not as water, NaN or saturated."""
    red, alpha = np.full((10, 10), 255, np.uint8), np.full((10, 10), 255, np.uint8)
    red[5:] = np.arange(50).reshape(5, 10)
    alpha[:3] = 0
    path = tmp_path / "a.tif"
    options = {
        "driver": "GTiff",
        "count": 2,
        "height": 10,
        "width": 10,
        "dtype": "uint8",
        "ALPHA": "YES",
    }
    transform = rasterio.Affine(1.0, 0.0, 0.0, 0.0, -1.0, 10.0)
    with rasterio.open(path, "w", **options, crs="EPSG:32617", transform=transform) as file:
        file.write(np.stack([red, alpha]))
    band = Band("red", 1, ("R",), kind="reflectance")
    rows = [{"sample": "a", "side": "train", "image": str(path), "height": 10, "width": 10}]
    rules = QualityConfig(water="red > 200")
    frame, findings = examine(make_samples(rows), (band,), ClassTable((), ()), rules=rules)
    figures = frame.iloc[0]
    assert figures["nodata_pct"] == pytest.approx(0.3)
    assert figures["valid_pct"] == pytest.approx(0.7)
    assert figures["water_pixels"] == 20
    assert figures["saturated_pixels"] <= 20
    assert not [one for one in findings if "NaN" in one.what]
