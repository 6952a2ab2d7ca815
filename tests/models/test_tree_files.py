"""Files of trees say what their libraries say, and are refused where they are damaged."""

from __future__ import annotations

import sys
from pathlib import Path

import lightgbm
import numpy as np
import pytest
import torch
import xgboost
from scipy.special import softmax

from landseer.core.bands import Band
from landseer.errors import FileReadError, UsageError
from landseer.models.config import PreprocessConfig
from landseer.models.tree_files import SAYS, SHARES, load_trees
from landseer.models.tree_member import load_tree_member

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 3)).astype(np.float32)
X[RNG.random(X.shape) < 0.1] = np.nan


def labels(n_classes: int) -> np.ndarray:
    """Make classes that the channels decide."""
    return np.nan_to_num(X[:, 0] > 0).astype(int) + (n_classes > 2) * (np.nan_to_num(X[:, 1]) > 0.5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_xgboost(tmp_path: Path, n_classes: int) -> None:
    many = {"objective": "multi:softprob", "num_class": n_classes, "nthread": 1}
    settings = many if n_classes > 2 else {"objective": "binary:logistic", "nthread": 1}
    booster = xgboost.train(settings, xgboost.DMatrix(X, labels(n_classes)), 5)
    booster.save_model(tmp_path / "a.ubj")
    said = softmax(load_trees(tmp_path / "a.ubj")(X, 1), axis=1)
    expected = booster.predict(xgboost.DMatrix(X))
    np.testing.assert_allclose(said if n_classes > 2 else said[:, 1], expected, atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_lightgbm(tmp_path: Path, n_classes: int) -> None:
    many = {"objective": "multiclass", "num_class": n_classes, "verbose": -1}
    settings = many if n_classes > 2 else {"objective": "binary", "verbose": -1}
    booster = lightgbm.train(
        {**settings, "num_threads": 1}, lightgbm.Dataset(X, labels(n_classes)), 5
    )
    booster.save_model(tmp_path / "a.txt")
    said = softmax(load_trees(tmp_path / "a.txt")(X, 1), axis=1)
    np.testing.assert_allclose(said if n_classes > 2 else said[:, 1], booster.predict(X), atol=1e-6)


def test_shares_of_votes(tmp_path: Path) -> None:
    settings = {"objective": "reg:squarederror", "nthread": 1, "base_score": 0.0}
    booster = xgboost.train(settings, xgboost.DMatrix(X, labels(2)), 5)
    booster.set_attr(**{SAYS: SHARES})
    booster.save_model(tmp_path / "a.ubj")
    said = softmax(load_trees(tmp_path / "a.ubj")(X, 1), axis=1)[:, 1]
    np.testing.assert_allclose(said, booster.predict(xgboost.DMatrix(X)).clip(0, 1), atol=1e-5)


def test_what_is_no_tree_is_refused(tmp_path: Path) -> None:
    for name in ("a.ubj", "a.txt"):
        with pytest.raises(FileReadError, match="expected trees"):
            load_trees(tmp_path / name)
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(FileReadError, match="expected trees"):
            load_trees(tmp_path / name)
    (tmp_path / "a.pkl").write_bytes(b"")
    with pytest.raises(FileReadError, match="expected trees"):
        load_trees(tmp_path / "a.pkl")


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.ubj").write_bytes(b"{}")
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(UsageError, match=r"landseer\[trees\]"):
        load_trees(tmp_path / "a.ubj")


def test_threads_say_what_one_says(tmp_path: Path) -> None:
    booster = xgboost.train(
        {"objective": "multi:softprob", "num_class": 3, "nthread": 1}, xgboost.DMatrix(X, labels(3)), 5
    )  # fmt: skip
    booster.save_model(tmp_path / "a.ubj")
    bands = [Band(name, place + 1) for place, name in enumerate("abc")]
    member = load_tree_member(tmp_path / "a.ubj", PreprocessConfig(bands=("a", "b", "c")), bands)
    x = torch.randn(2, 3, 300, 257)
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(member(x)["mask"])
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)
    pixels = x.permute(0, 2, 3, 1).reshape(-1, 3).numpy()
    expected = booster.predict(xgboost.DMatrix(pixels), output_margin=True).reshape(2, 300, 257, 3)
    np.testing.assert_allclose(found[0].permute(0, 2, 3, 1).numpy(), expected, atol=1e-5)


def test_a_member_asks_about_every_pixel(tmp_path: Path) -> None:
    booster = xgboost.train(
        {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(X, labels(2)), 5
    )
    booster.save_model(tmp_path / "a.ubj")
    bands = [Band(name, place + 1) for place, name in enumerate("abc")]
    member = load_tree_member(tmp_path / "a.ubj", PreprocessConfig(bands=("a", "b", "c")), bands)
    x = torch.randn(2, 3, 7, 11)
    x[0, :, 2, 2] = torch.nan
    said = member(x)["mask"].softmax(1)
    for image in range(2):
        pixels = x[image].permute(1, 2, 0).reshape(-1, 3).numpy()
        expected = booster.predict(xgboost.DMatrix(pixels)).reshape(7, 11)
        np.testing.assert_allclose(said[image, 1], expected, atol=1e-6)
