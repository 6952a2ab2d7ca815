"""Growing: streamed files give what arrays give, weights hold for whole images, and folds stay apart."""

from __future__ import annotations

import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from scipy.special import softmax

from landseer.errors import UsageError, WriteError
from landseer.models.tree_files import load_trees, tree_library
from landseer.trees import xgboost_rows
from landseer.trees.config import (
    ForestConfig,
    LightGBMConfig,
    ModelName,
    TreesConfig,
    XGBoostConfig,
)
from landseer.trees.delivered import refit_config
from landseer.trees.grow import ENDINGS, Grown, Plot, grow, seen_share
from landseer.trees.table import Pixels, PixelTable, plan_parts, write_table

KINDS: tuple[ModelName, ...] = ("xgboost", "lightgbm", "forest")
N, PIXELS, CHANNELS = 12, 500, 4
CONFIG = TreesConfig(
    xgboost=XGBoostConfig(rounds=30, least_weight=1),
    lightgbm=LightGBMConfig(rounds=30, least_pixels=10),
    forest=ForestConfig(trees=20, depth=8),
    threads=1,
)
FOLDS = [n % 3 for n in range(N)]


def sample(position: int, n_classes: int = 2, *, share: float = 1.0, twist: int = -1) -> Pixels:
    """Make a sample: class 1 where two channels are high, class 2 where a third is; `twist` swaps labels of a fold."""
    rng = np.random.default_rng(position)
    x = rng.normal(size=(PIXELS, CHANNELS)).astype(np.float32)
    chance = 1 / (1 + np.exp(-3 * (x[:, 0] + x[:, 1] - 1)))
    truth = (rng.random(PIXELS) < chance).astype(np.uint8)
    if n_classes == 3:
        truth[x[:, 2] > 1] = 2
    if FOLDS[position] == twist:
        truth = 1 - truth
    x[rng.random(x.shape) < 0.03] = np.nan
    keep = (truth > 0) | (rng.random(PIXELS) < share)
    weight = np.where(truth > 0, 1, 1 / share).astype(np.float32)
    place = np.arange(PIXELS)[keep]
    return Pixels(place, place, truth[keep], weight[keep], x[keep])


def make_table(
    folder: Path, n_classes: int = 2, *, share: float = 1.0, twist: int = -1
) -> PixelTable:
    """Write the table of all samples, in several files a fold."""
    samples = [(f"s{n}", fold, f"g{n}") for n, fold in enumerate(FOLDS)]
    parts = plan_parts(FOLDS, [PIXELS] * N, 2 * PIXELS)
    names = [f"c{n}" for n in range(CHANNELS)]
    return write_table(
        folder, "k", names, samples, parts, lambda p: sample(p, n_classes, share=share, twist=twist)
    )


WANTED = np.array(FOLDS) != 0
INNER = WANTED & (np.arange(N) % 4 == 0)


def grown(
    folder: Path,
    table: PixelTable,
    name: ModelName,
    config: TreesConfig = CONFIG,
    n_classes: int = 2,
) -> tuple[Grown, Path]:
    """Grow trees of one kind on all folds but the first."""
    found = grow(Plot(table, n_classes, config, 3), name, WANTED, (INNER,), folder / name)
    return found, folder / f"{name}{ENDINGS[name]}"


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", KINDS)
def test_they_learn_what_there_is_to_learn(tmp_path: Path, name: ModelName, n_classes: int) -> None:
    table = make_table(tmp_path / "t", n_classes)
    found, path = grown(tmp_path, table, name, n_classes=n_classes)
    block = next(table.blocks(~WANTED))
    said = softmax(load_trees(path)(block.channels, 1), axis=1)
    assert said.shape == (len(block.truth), n_classes)
    right = (said.argmax(1) == block.truth).mean()
    assert right > 0.8
    assert found.gain.sum() == pytest.approx(1)
    assert found.gain[[0, 1]].sum() > (0.6 if n_classes == 2 else 0.4)
    assert found.gain[3] < 0.2


@pytest.mark.parametrize("name", KINDS)
def test_probabilities_hold_for_whole_images_however_few_of_the_rest_were_drawn(
    tmp_path: Path, name: ModelName
) -> None:
    table = make_table(tmp_path / "t", share=0.25)
    whole = make_table(tmp_path / "whole")
    _, path = grown(tmp_path, table, name)
    blocks = list(whole.blocks(~WANTED))
    x, truth = (np.concatenate([getattr(b, key) for b in blocks]) for key in ("channels", "truth"))
    said = softmax(load_trees(path)(x, 1), axis=1)[:, 1]
    assert said.mean() == pytest.approx(truth.mean(), rel=0.15)
    assert table.labels(~WANTED)[0].mean() > 1.6 * said.mean()


@pytest.mark.parametrize("name", KINDS)
def test_the_held_out_fold_changes_nothing(tmp_path: Path, name: ModelName) -> None:
    x = np.random.default_rng(0).normal(size=(500, CHANNELS)).astype(np.float32)

    def logits(twist: int) -> np.ndarray:
        folder = tmp_path / str(twist)
        _, path = grown(folder, make_table(folder / "t", twist=twist), name)
        return load_trees(path)(x, 1)

    np.testing.assert_array_equal(logits(-1), logits(0))
    assert np.abs(logits(-1) - logits(1)).max() > 0.5


def arrays(table: PixelTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the training pixels as arrays."""
    blocks = list(table.blocks(WANTED))
    x, y, w = (
        np.concatenate([getattr(b, name) for b in blocks])
        for name in ("channels", "truth", "weight")
    )
    return x, y.astype(np.float32), w / w.mean()


ALL = CONFIG.model_copy(update={"early_stop": None})


def test_xgboost_on_files_is_xgboost_on_an_array(tmp_path: Path) -> None:
    table = make_table(tmp_path / "t", share=0.5)
    config = ALL.model_copy(
        update={
            "xgboost": XGBoostConfig(rounds=8, row_share=1, channel_share=1, least_weight=1, lr=0.1)
        }
    )
    found, path = grown(tmp_path, table, "xgboost", config)
    x, y, w = arrays(table)
    settings = {
        "objective": "binary:logistic", "eta": 0.1, "max_depth": 6, "min_child_weight": 1, "lambda": 1, "nthread": 1,
    }  # fmt: skip
    whole = xgboost.train(settings, xgboost.QuantileDMatrix(x, y, weight=w), 8)
    expected = whole.inplace_predict(x, predict_type="margin")
    np.testing.assert_allclose(load_trees(path)(x, 1)[:, 1], expected, atol=0.25)
    assert np.corrcoef(load_trees(path)(x, 1)[:, 1], expected)[0, 1] > 0.995
    assert found.rounds == 8


@pytest.mark.parametrize("name", ["xgboost", "forest"])
@pytest.mark.parametrize("early_stop", [None, 4])
def test_a_table_that_lies_on_disk_grows_the_same_trees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: ModelName, early_stop: int | None
) -> None:
    table = make_table(tmp_path / "t")
    config = CONFIG.model_copy(update={"early_stop": early_stop})
    found, path = grown(tmp_path, table, name, config)
    held, seen = path.read_bytes(), []
    left = tmp_path / "t-pages" / "of a killed process"
    left.mkdir(parents=True)
    monkeypatch.setattr(xgboost_rows, "MOST_HELD", 1)
    own = xgboost.ExtMemQuantileDMatrix

    def paged(*given: Any, **more: Any) -> Any:
        made = own(*given, **more)
        seen.extend(path for path in (tmp_path / "t-pages").rglob("*") if path.is_file())
        assert not left.exists()
        return made

    monkeypatch.setattr(xgboost, "ExtMemQuantileDMatrix", paged)
    again, path = grown(tmp_path, table, name, config)
    assert again.rounds == found.rounds and path.read_bytes() == held
    assert seen and not (tmp_path / "t-pages").exists()


def test_a_table_that_has_no_room_on_disk_is_refused_before_xgboost_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table(tmp_path / "t")
    monkeypatch.setattr(xgboost_rows, "MOST_HELD", 1)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(xgboost_rows.shutil, "disk_usage", lambda _: usage(10**6, 10**6 - 10, 10))
    with pytest.raises(WriteError, match="expected room for"):
        grown(tmp_path, table, "xgboost", CONFIG)
    assert not (tmp_path / "t-pages").exists()


def test_lightgbm_on_files_is_lightgbm_on_an_array(tmp_path: Path) -> None:
    table = make_table(tmp_path / "t", share=0.5)
    config = ALL.model_copy(
        update={"lightgbm": LightGBMConfig(rounds=8, row_share=1, channel_share=1)}
    )
    _, path = grown(tmp_path, table, "lightgbm", config)
    x, y, w = arrays(table)
    settings = {
        "objective": "binary", "learning_rate": 0.1, "num_leaves": 31, "min_data_in_leaf": 50, "lambda_l2": 1,
        "num_threads": 1, "deterministic": True, "force_col_wise": True, "verbose": -1,
    }  # fmt: skip
    whole = lightgbm.train(settings, lightgbm.Dataset(x, y, weight=w), 8)
    expected = whole.predict(x, raw_score=True)
    np.testing.assert_allclose(load_trees(path)(x, 1)[:, 1], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_boosting_stops_where_the_inner_part_no_longer_gains(
    tmp_path: Path, name: ModelName
) -> None:
    table = make_table(tmp_path / "t")
    many = CONFIG.model_copy(
        update={
            "early_stop": 4,
            "xgboost": XGBoostConfig(rounds=300, lr=0.5, least_weight=1),
            "lightgbm": LightGBMConfig(rounds=300, lr=0.5, least_pixels=5),
        }
    )
    stopped, path = grown(tmp_path, table, name, many)
    assert 1 <= stopped.rounds < 60
    refitted = path.read_bytes()
    kept, path = grown(tmp_path, table, name, many.model_copy(update={"refit": False}))
    assert kept.rounds == stopped.rounds
    assert path.read_bytes() != refitted
    every, _ = grown(tmp_path, table, name, many.model_copy(update={"early_stop": None}))
    assert every.rounds == 300


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_of_several_inner_parts_the_median_counts(tmp_path: Path, name: ModelName) -> None:
    table = make_table(tmp_path / "t")
    config = CONFIG.model_copy(
        update={
            "early_stop": 4,
            "xgboost": XGBoostConfig(rounds=300, lr=0.3, least_weight=1),
            "lightgbm": LightGBMConfig(rounds=300, lr=0.3, least_pixels=5, channel_share=0.75),
        }
    )
    parts = [WANTED & (np.arange(N) % 4 == n) for n in range(3)]
    plot = Plot(table, 2, config, 3)
    alone = [grow(plot, name, WANTED, [p], tmp_path / f"{n}").rounds for n, p in enumerate(parts)]
    assert len(set(alone)) > 1
    together = grow(plot, name, WANTED, parts, tmp_path / "all").rounds
    assert together == sorted(alone)[1]
    fixed = refit_config(config, name, together)
    grow(Plot(table, 2, fixed, 3), name, WANTED, (), tmp_path / "fixed")
    one, two = (tmp_path / f"{n}{ENDINGS[name]}" for n in ("all", "fixed"))
    x = np.random.default_rng(0).normal(size=(200, CHANNELS)).astype(np.float32)
    np.testing.assert_array_equal(load_trees(one)(x, 1), load_trees(two)(x, 1))
    first = plot.config.model_copy(update={"refit": False})
    assert grow(Plot(table, 2, first, 3), name, WANTED, parts, tmp_path / "f").rounds == alone[0]


def test_leaves_of_a_forest_hold_shares(tmp_path: Path) -> None:
    table = make_table(tmp_path / "t", share=0.3)
    config = ALL.model_copy(
        update={
            "forest": ForestConfig(trees=3, depth=1, row_share=1, channel_share=1, least_weight=0)
        }
    )
    _, path = grown(tmp_path, table, "forest", config)
    x, y, w = arrays(table)
    said = softmax(load_trees(path)(x, 1), axis=1)[:, 1]
    values = np.unique(said)
    assert len(values) == 2
    for value in values:
        mine = said == value
        assert value == pytest.approx(np.average(y[mine], weights=w[mine]), abs=1e-5)


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_table(tmp_path / "t")
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(UsageError, match="lightgbm") as caught:
        grown(tmp_path, table, "lightgbm")
    assert "landseer[trees]" in str(caught.value)


def test_a_library_that_the_system_cannot_load_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lightgbm.py").write_text("raise OSError('libgomp.so.1: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lightgbm")
    with pytest.raises(UsageError, match="libgomp") as caught:
        tree_library("lightgbm")
    assert "apt-get install libgomp1" in str(caught.value)


@pytest.mark.parametrize(("n_channels", "count"), [(1, 1), (3, 3), (8, 7), (24, 20)])
def test_a_tree_sees_its_share_of_the_channels_rounded_up(n_channels: int, count: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, n_channels)).astype(np.float32)
    y = x.sum(axis=1) + rng.normal(size=3000)
    share = seen_share(0.8, n_channels)
    settings = {"max_depth": 8, "colsample_bytree": share, "nthread": 1, "min_child_weight": 1}
    booster = xgboost.train(settings, xgboost.DMatrix(x, y), 6)
    frame = booster.trees_to_dataframe()
    used = [set(tree.Feature) - {"Leaf"} for _, tree in frame.groupby("Tree")]
    assert max(map(len, used)) == count
    settings = {"num_leaves": 255, "feature_fraction": share, "num_threads": 1, "verbose": -1}
    other = lightgbm.train({**settings, "min_data_in_leaf": 1}, lightgbm.Dataset(x, y), 6)
    frame = other.trees_to_dataframe().dropna(subset="split_feature")
    assert max(tree.split_feature.nunique() for _, tree in frame.groupby("tree_index")) == count
