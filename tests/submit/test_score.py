"""Official scores against slow loops and scikit-learn; files find each other."""

import csv
import tarfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, jaccard_score, matthews_corrcoef

from landseer.core.classes import ClassTable
from landseer.core.files import read_json
from landseer.errors import DataError, FileReadError, GridError, LabelError, UsageError
from landseer.metrics.bootstrap import interval
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.map_counts import MapRules
from landseer.metrics.scores import scores
from landseer.raster.write import write_raster
from landseer.submit import METRICS, score_paths
from landseer.submit.score import MAP_METRICS


@pytest.fixture
def maps(tmp_path: Path):
    """Predictions and truths of five tiles; the last has no kelp in either."""
    rng = np.random.default_rng(1)
    truth = (rng.random((5, 12, 13)) < 0.3).astype(np.uint8)
    prediction = np.where(rng.random(truth.shape) < 0.8, truth, 1 - truth).astype(np.uint8)
    truth[4] = prediction[4] = 0
    for i in range(5):
        write_raster(tmp_path / "truth" / f"T{i}_kelp.tif", truth[i])
        write_raster(tmp_path / "prediction" / f"T{i}_kelp.tif", prediction[i])
    return truth, prediction


def score(tmp_path: Path, metric="kelp-dice", **options):
    return score_paths(tmp_path / "prediction", tmp_path / "truth", metric, **options)


def test_parity(maps, tmp_path: Path):
    truth, prediction = maps
    flat = truth.ravel(), prediction.ravel()
    expected = {
        "kelp-dice": f1_score(*flat),
        "kelp-dice-macro": f1_score(*flat, average="macro"),
        "kelp-dice-per-tile": np.mean(
            [f1_score(t.ravel(), p.ravel()) for t, p in zip(truth[:4], prediction[:4], strict=True)]
        ),
        "dice": f1_score(*flat),
        "iou": jaccard_score(*flat),
        "iou-macro": jaccard_score(*flat, average="macro"),
        "miou": jaccard_score(*flat, average="macro"),
        "jaccard": jaccard_score(*flat),
        "jaccard-per-chip": np.mean(
            [
                jaccard_score(t.ravel(), p.ravel())
                for t, p in zip(truth[:4], prediction[:4], strict=True)
            ]
        ),
        "accuracy": accuracy_score(*flat),
        "mcc": matthews_corrcoef(*flat),
    }
    assert expected.keys() == MAP_METRICS.keys() < METRICS.keys()
    for metric, value in expected.items():
        result = score(tmp_path, metric, workers=1)
        assert result.value == pytest.approx(value), metric
        assert (result.n_files, result.n_pixels) == (5, truth.size)
        assert metric in result.text()


def test_macro_flatters(maps, tmp_path: Path):
    assert score(tmp_path, "kelp-dice-macro").value > score(tmp_path, "kelp-dice").value + 0.05


def test_archive_and_single_files(maps, tmp_path: Path):
    with tarfile.open(tmp_path / "p.tar", "w") as archive:
        for path in (tmp_path / "prediction").iterdir():
            archive.add(path, path.name)
    whole = score_paths(tmp_path / "p.tar", tmp_path / "truth", "kelp-dice")
    assert whole == score(tmp_path)
    one = score_paths(
        tmp_path / "prediction" / "T1_kelp.tif", tmp_path / "truth" / "T1_kelp.tif", "accuracy"
    )
    assert one.value == pytest.approx((maps[0][1] == maps[1][1]).mean()) and one.n_files == 1


def test_files_match_by_id_and_by_kind(maps, tmp_path: Path):
    expected = score(tmp_path)
    for i in range(5):
        write_raster(tmp_path / "truth" / f"T{i}_satellite.tif", np.zeros((3, 4, 4), np.uint8))
    assert score(tmp_path) == expected
    for path in list((tmp_path / "truth").glob("*_satellite.tif")):
        path.unlink()
    for path in list((tmp_path / "prediction").iterdir()):
        path.rename(path.with_name(path.name.replace("_kelp", "_map")))
    assert score(tmp_path) == expected


def test_missing_and_extra_files(maps, tmp_path: Path):
    (tmp_path / "prediction" / "T2_kelp.tif").unlink()
    with pytest.raises(DataError, match=r"1 missing \(T2_kelp.tif\)"):
        score(tmp_path)
    write_raster(tmp_path / "prediction" / "T2_kelp.tif", maps[1][2])
    write_raster(tmp_path / "prediction" / "T9_kelp.tif", maps[1][2])
    with pytest.raises(DataError, match=r"1 without truth \(T9_kelp.tif\)"):
        score(tmp_path)


def test_ignored_and_outside_pixels(tmp_path: Path):
    write_raster(tmp_path / "truth" / "a.tif", np.array([[1, 1, 0, 255]], np.uint8))
    write_raster(
        tmp_path / "prediction" / "a.tif", np.array([[1, 255, 255, 1]], np.uint8), nodata=255
    )
    result = score(tmp_path)
    assert result.value == pytest.approx(2 / 3)
    assert (result.n_pixels, result.n_outside) == (3, 2)


def test_classes_of_several_files_and_label_values(tmp_path: Path):
    write_raster(tmp_path / "truth" / "a.tif", np.array([[10, 10, 30]], np.uint8))
    write_raster(tmp_path / "truth" / "b.tif", np.array([[20, 20, 20]], np.uint8))
    write_raster(tmp_path / "prediction" / "a.tif", np.array([[0, 0, 2]], np.uint8))
    write_raster(tmp_path / "prediction" / "b.tif", np.array([[1, 1, 0]], np.uint8))
    table = ClassTable(("x", "y", "z"), (10, 20, 30))
    assert score(tmp_path, "accuracy", classes=table).value == pytest.approx(5 / 6)
    write_raster(tmp_path / "truth" / "b.tif", np.array([[20, 20, 21]], np.uint8))
    with pytest.raises(LabelError, match="class numbers"):
        score(tmp_path, "accuracy", classes=table)


def test_wrong_use(maps, tmp_path: Path):
    with pytest.raises(UsageError, match="kelp-dice"):
        score(tmp_path, "dise")
    with pytest.raises(FileReadError, match="nothing"):
        score_paths(tmp_path / "none", tmp_path / "truth", "iou")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileReadError, match="got none"):
        score_paths(tmp_path / "empty", tmp_path / "truth", "iou")
    write_raster(tmp_path / "prediction" / "T0_kelp.tif", np.zeros((12, 12), np.uint8))
    with pytest.raises(GridError, match=r"\(12, 13\)"):
        score(tmp_path)


def test_nothing_to_count_is_undefined(tmp_path: Path):
    for folder in ("truth", "prediction"):
        write_raster(tmp_path / folder / "a.tif", np.zeros((3, 3), np.uint8))
    assert score(tmp_path).as_dict()["value"] is None
    for metric in ("kelp-dice", "kelp-dice-per-tile", "jaccard-per-chip"):
        assert np.isnan(score(tmp_path, metric).value)


def test_probabilities_beside_the_maps_are_no_maps(tmp_path):
    for folder in ("maps", "truth"):
        for name in ("a", "b"):
            write_raster(tmp_path / folder / f"{name}.tif", np.ones((4, 4), np.uint8))
    for product in ("probability", "entropy", "disagreement"):
        write_raster(tmp_path / "maps" / f"a_{product}.tif", np.ones((4, 4), np.float32))
    assert score_paths(tmp_path / "maps", tmp_path / "truth", "iou").value == 1.0


def test_each_file_and_how_sure_the_score_is(maps, tmp_path: Path):
    truth, prediction = maps
    result = score(tmp_path, "jaccard", with_files=True, with_interval=True)
    assert result.files["T2_kelp.tif"] == pytest.approx(
        jaccard_score(truth[2].ravel(), prediction[2].ravel())
    )
    assert np.isnan(result.files["T4_kelp.tif"])
    matrices = np.stack([confusion_matrix(t, p, 2) for t, p in zip(truth, prediction, strict=True)])
    expected = interval(matrices, range(5), lambda m: scores(m, ("a", "b"))["iou_b"], seed=0)
    assert result.interval == pytest.approx(expected)
    assert result.as_dict()["files"]["T4_kelp.tif"] is None
    assert result.figures()["95 % interval"] == f"{expected[0]:.4f} to {expected[1]:.4f}"


def test_shapes(tmp_path: Path):
    truth = np.zeros((40, 40), np.uint8)
    truth[5:15, 5:15] = truth[22:34, 20:36] = 1
    write_raster(tmp_path / "truth" / "a.tif", truth)
    write_raster(tmp_path / "prediction" / "a.tif", np.roll(truth, 3, 1))
    assert score(tmp_path, "spacenet-f1").objects == (2, 0, 0)
    strict = score(tmp_path, "spacenet-f1", rules=MapRules(min_iou=0.6, min_area_px=101))
    assert strict.objects == (1, 0, 0) and strict.value == 1
    assert strict.counts.endswith("IoU at least 0.6, area at least 101")
    assert score(tmp_path, "boundary-f1", rules=MapRules(tolerance_px=3)).value == 1
    assert score(tmp_path, "boundary-f1").value < 0.7
    assert score(tmp_path, "boundary-f1").objects is None


def test_table(maps, tmp_path: Path):
    result = score(tmp_path, "jaccard", table=tmp_path / "t.csv", with_files=True)
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [(row["scene"], row["class"]) for row in rows[-4:]] == [
        ("T4_kelp.tif", "0"), ("T4_kelp.tif", "1"), ("all", "0"), ("all", "1"),
    ]  # fmt: skip
    assert float(rows[-1]["iou"]) == pytest.approx(result.value)
    assert float(rows[1]["iou"]) == pytest.approx(result.files["T0_kelp.tif"])
    assert rows[-3]["iou"] == "" and int(rows[-1]["tp"]) >= 0 and float(rows[-1]["boundary_f1"]) > 0
    score(tmp_path, "jaccard", table=tmp_path / "t.json")
    assert read_json(tmp_path / "t.json")[-1]["iou"] == float(rows[-1]["iou"])
    with pytest.raises(UsageError, match="csv"):
        score(tmp_path, "jaccard", table=tmp_path / "t.txt")
    with pytest.raises(UsageError, match="class maps"):
        score(tmp_path, "geopose-r2", table=tmp_path / "t.csv")
