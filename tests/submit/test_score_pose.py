"""The geopose score on files, against two passes over all pixels and scikit-learn."""

import json
import math
import tarfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from landseer.errors import FileReadError, GridError, LabelError
from landseer.raster.write import write_raster
from landseer.submit import pack_geopose, score_paths

CITIES = {"ARG": ["ARG_aaaaaa", "ARG_bbbbbb"], "JAX": ["JAX_aaaaaa"]}


def score(tmp_path: Path, prediction="maps", **options):
    return score_paths(
        tmp_path / prediction, tmp_path / "truth", "geopose-r2", workers=1, **options
    )


def vectors(agl_m, scale, angle):
    return np.stack([agl_m * scale * np.sin(angle), agl_m * scale * np.cos(angle)])


def expected_city(truths, poses, samples):
    """Gather all pixels of a city: true and predicted heights, and both components of flow."""
    heights, flows = [], []
    for sample in samples:
        cm, scale, angle = truths[sample]
        true = np.where(cm == 65535, np.nan, cm / 100.0)
        known = np.isfinite(true)
        guess, *rest = poses[sample]
        heights.append((true[known], guess[known].astype(float)))
        pair = vectors(true, scale * 100, angle), vectors(guess.astype(float), *rest)
        flows.append([part[:, known].ravel() for part in pair])
    return [
        np.concatenate(part) for part in (*zip(*heights, strict=True), *zip(*flows, strict=True))
    ]


def test_score_by_city(truths, poses, tmp_path: Path):
    result = score(tmp_path)
    values = []
    for city, samples in CITIES.items():
        y, p, flow_y, flow_p = expected_city(truths, poses, samples)
        figures = next(c for c in result.cities if c.city == city)
        assert figures.r2_agl == pytest.approx(r2_score(y, p), abs=1e-5)
        assert figures.r2_flow == pytest.approx(r2_score(flow_y, flow_p), abs=1e-5)
        assert figures.mae_m == pytest.approx(mean_absolute_error(y, p), rel=1e-5)
        assert figures.rmse_m == pytest.approx(mean_squared_error(y, p) ** 0.5, rel=1e-5)
        assert figures.bias_m == pytest.approx((p - y).mean(), rel=1e-4)
        ends = np.hypot(*(flow_p - flow_y).reshape(2, -1)) if len(samples) == 1 else None
        assert ends is None or figures.end_point_px == pytest.approx(ends.mean(), rel=1e-4)
        assert figures.angle_deg == pytest.approx(math.degrees(0.1), abs=1e-6)
        assert figures.scale_pct == pytest.approx(100 / 9)
        assert (figures.n_images, figures.n_pixels) == (len(samples), len(y))
        values.append(figures.score)
        assert figures.score == pytest.approx((figures.r2_agl + figures.r2_flow) / 2)
    assert 0 < result.value == pytest.approx(np.mean(values))
    assert (result.n_files, result.missing, result.n_extra) == (3, {}, 0)
    y, p, *_ = expected_city(truths, poses, [s for samples in CITIES.values() for s in samples])
    high = (y >= 10) & (y < 20)
    assert result.by_height["10 to 20 m"]["n"] == high.sum()
    assert result.by_height["10 to 20 m"]["mae"] == pytest.approx(abs(p - y)[high].mean(), rel=1e-5)
    assert "geopose-r2" in result.text() and result.figures()["missing"] == "none"


def test_archives_score_as_folders(truths, poses, tmp_path: Path):
    pack_geopose(tmp_path / "maps", truths, tmp_path / "packed.tar.gz")
    with tarfile.open(tmp_path / "truth.tar", "w") as archive:
        for path in sorted((tmp_path / "truth").iterdir(), reverse=True):
            archive.add(path, path.name)
    rounded = score_paths(tmp_path / "packed.tar.gz", tmp_path / "truth.tar", "geopose-r2")
    assert rounded.value == pytest.approx(score(tmp_path).value, abs=1e-4)
    assert rounded.n_files == 3


def test_truth_scores_one(truths, tmp_path: Path):
    (tmp_path / "truth" / ".x_AGL.tif").write_bytes(b"hidden")
    result = score(tmp_path, "truth")
    assert result.value == pytest.approx(1) and not result.missing


def test_one_pixel_without_a_height_makes_its_city_nothing(truths, poses, tmp_path: Path):
    agl, known = poses["ARG_aaaaaa"][0].copy(), truths["ARG_aaaaaa"][0] != 65535
    whole = score(tmp_path)
    agl[~known] = np.nan
    write_raster(tmp_path / "maps" / "ARG_aaaaaa_AGL.tif", agl)
    assert score(tmp_path) == whole, "where there is no truth nothing is missing"
    agl[tuple(np.argwhere(known)[7])] = np.nan
    write_raster(tmp_path / "maps" / "ARG_aaaaaa_AGL.tif", agl)
    result = score(tmp_path)
    assert result.missing == {"ARG_aaaaaa": "1 pixels without a height"}
    assert result.value == pytest.approx(whole.cities[1].score / 2)
    assert result.cities[0].mae_m == pytest.approx(whole.cities[0].mae_m, rel=0.02)


@pytest.mark.parametrize(
    "flow,words",
    [
        (None, "_VFLOW.json"),
        ({"scale": math.nan, "angle": 1}, "no number"),
        ({"scale": 1}, "no number"),
    ],
)
def test_a_missing_prediction_makes_its_city_nothing(truths, poses, tmp_path: Path, flow, words):
    whole = {city.city: city.score for city in score(tmp_path).cities}
    path = tmp_path / "maps" / "ARG_bbbbbb_VFLOW.json"
    path.unlink()
    if flow is not None:
        path.write_text(json.dumps(flow), encoding="utf-8")
    result = score(tmp_path)
    assert {city.city: city.score for city in result.cities} == {"ARG": 0, "JAX": whole["JAX"]}
    assert result.value == pytest.approx(whole["JAX"] / 2)
    assert list(result.missing) == ["ARG_bbbbbb"] and words in result.missing["ARG_bbbbbb"]
    assert "ARG_bbbbbb" in result.figures()["missing"] and "1 images without" in result.text()
    assert result.as_dict()["cities"][0]["r2_flow"] is None


def test_missing_heights_and_other_images(truths, poses, tmp_path: Path):
    before = score(tmp_path).cities[1].score
    (tmp_path / "maps" / "ARG_aaaaaa_AGL.tif").rename(tmp_path / "maps" / "OMA_zzzzzz_AGL.tif")
    result = score(tmp_path)
    assert result.missing == {"ARG_aaaaaa": "no _AGL.tif"} and result.n_extra == 1
    assert result.value == pytest.approx(before / 2)
    assert result.cities[0].mae_m > 0, "what was predicted is still judged"


def test_wrong_files(truths, poses, tmp_path: Path):
    with pytest.raises(FileReadError, match="nothing"):
        score(tmp_path, "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileReadError, match="at the top"):
        score(tmp_path, "empty")
    (tmp_path / "text").write_text("x")
    with pytest.raises(FileReadError, match="tar"):
        score(tmp_path, "text")
    write_raster(tmp_path / "maps" / "JAX_aaaaaa_AGL.tif", np.zeros((16, 24), np.float32))
    with pytest.raises(GridError, match=r"\(24, 16\)"):
        score(tmp_path)
    path = tmp_path / "truth" / "ARG_aaaaaa_VFLOW.json"
    path.write_text('{"scale": null, "angle": 1}', encoding="utf-8")
    with pytest.raises(LabelError, match="true scale"):
        score(tmp_path)
    path.unlink()
    with pytest.raises(FileReadError, match="no such"):
        score(tmp_path)
    for file in (tmp_path / "truth").glob("*_AGL.tif"):
        file.unlink()
    with pytest.raises(FileReadError, match="true heights"):
        score(tmp_path)
