"""lightgbm's trees say the same as xgboost's, at the very numbers at which they ask, and what cannot be is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost

from landseer.models import tree_files
from landseer.models.tree_convert import NotConvertibleError, telling_rows, xgboost_model
from landseer.models.tree_files import load_trees

RNG = np.random.default_rng(0)
X = RNG.normal(size=(1500, 4)).astype(np.float32)
X[:, 3] = np.round(X[:, 3])
HOLES = np.where(RNG.random(X.shape) < 0.2, np.float32(np.nan), X)
LABELS = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)


def grown(path: Path, x: np.ndarray, n_classes: int = 2, **more: Any) -> lightgbm.Booster:
    """Grow trees of lightgbm and write them."""
    many = {"objective": "multiclass", "num_class": n_classes}
    settings = many if n_classes > 2 else {"objective": "binary"}
    settings = {**settings, "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5, **more}
    data = lightgbm.Dataset(x, np.minimum(LABELS, n_classes - 1))
    booster = lightgbm.train(settings, data, 12)
    booster.save_model(path)
    return booster


def margins(path: Path, x: np.ndarray) -> np.ndarray:
    """Ask xgboost."""
    booster = xgboost.Booster()
    booster.load_model(xgboost_model(path, xgboost))
    booster.set_param({"nthread": 1})
    return booster.inplace_predict(x, predict_type="margin")


@pytest.mark.parametrize("x", [X, HOLES], ids=["whole", "holes"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_both_libraries_say_the_same(tmp_path: Path, n_classes: int, x: np.ndarray) -> None:
    booster = grown(tmp_path / "a.txt", x, n_classes)
    asked = telling_rows(tmp_path / "a.txt", 2000, RNG)
    near = np.nextafter(asked, np.float32(np.inf)), np.nextafter(asked, np.float32(-np.inf))
    for rows in (x, HOLES, asked, *near):
        said = booster.predict(rows, raw_score=True, num_threads=1)
        np.testing.assert_allclose(margins(tmp_path / "a.txt", rows), said, atol=2e-5)
    assert np.isnan(asked).any() and len(np.unique(said, axis=0)) > 100


def test_trees_of_a_leaf(tmp_path: Path) -> None:
    booster = grown(tmp_path / "a.txt", X, min_data_in_leaf=1000)
    np.testing.assert_allclose(
        margins(tmp_path / "a.txt", X), booster.predict(X, raw_score=True), atol=1e-6
    )


@pytest.mark.parametrize(
    "more",
    [
        {"zero_as_missing": True},
        {"linear_tree": True},
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    ],
)
def test_what_xgboost_has_not_is_left_to_lightgbm(tmp_path: Path, more: dict[str, Any]) -> None:
    booster = grown(tmp_path / "a.txt", X, **more)
    with pytest.raises(NotConvertibleError):
        xgboost_model(tmp_path / "a.txt", xgboost)
    said = load_trees(tmp_path / "a.txt")(X, 1)
    np.testing.assert_allclose(said[:, 1], booster.predict(X, raw_score=True), atol=1e-5)


def test_categories_are_left_to_lightgbm(tmp_path: Path) -> None:
    data = lightgbm.Dataset(np.abs(X), LABELS > 0, categorical_feature=[3])
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_per_group": 5}
    lightgbm.train({**settings, "cat_smooth": 1}, data, 12).save_model(tmp_path / "a.txt")
    assert "num_cat=1" in (tmp_path / "a.txt").read_text()
    with pytest.raises(NotConvertibleError):
        xgboost_model(tmp_path / "a.txt", xgboost)


def test_another_answer_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    booster = grown(tmp_path / "a.txt", X)
    expected = booster.predict(X, raw_score=True)
    asked: list[int] = []
    predict = lightgbm.Booster.predict

    def counted(self: lightgbm.Booster, data: np.ndarray, **more: Any) -> np.ndarray:
        asked.append(len(data))
        return predict(self, data, **more)

    monkeypatch.setattr(lightgbm.Booster, "predict", counted)
    said = load_trees(tmp_path / "a.txt")(X, 1)[:, 1]
    np.testing.assert_allclose(said, expected, atol=1e-5)
    assert len(X) not in asked
    other = grown(tmp_path / "b.txt", HOLES)
    wrong = xgboost_model(tmp_path / "b.txt", xgboost)
    monkeypatch.setattr(tree_files, "xgboost_model", lambda *_: wrong)
    said = load_trees(tmp_path / "a.txt")(X, 1)[:, 1]
    np.testing.assert_allclose(said, expected, atol=1e-5)
    assert len(X) in asked
    assert np.abs(other.predict(X, raw_score=True) - expected).max() > 0.1
