"""What is said of a model folder of trees: how many rounds, how fast, and whose score is known."""

from __future__ import annotations

import time

import numpy as np
import pytest

from landseer.select.estimate import Estimate
from landseer.trees.config import LightGBMConfig, TreesConfig
from landseer.trees.delivered import (
    Aside,
    Delivered,
    as_scores,
    delivered_words,
    pixels_a_second,
    refit_config,
    refit_rounds,
)

ASIDE = Aside(
    n_samples=40, n_groups=7, folds=0.71, refit=0.7, difference=Estimate(value=-0.01, low=-0.03, high=0.02)
)  # fmt: skip


@pytest.mark.parametrize(
    ("rounds", "median"), [([7], 7), ([9, 200, 11], 11), ([10, 20], 15), ([1, 1, 2, 2], 2)]
)
def test_the_median_of_the_folds_is_grown(rounds: list[int], median: int) -> None:
    assert refit_rounds(rounds) == median


def test_settings_of_a_fixed_number_of_rounds() -> None:
    config = TreesConfig(lightgbm=LightGBMConfig(rounds=200, leaves=9))
    fixed = refit_config(config, "lightgbm", 33)
    assert fixed.lightgbm == LightGBMConfig(rounds=33, leaves=9)
    assert fixed.early_stop is None and fixed.xgboost == config.xgboost
    assert refit_config(config, "forest", 33).forest == config.forest


def test_as_many_boosters_take_as_many_times_as_long() -> None:
    asked: list[tuple[int, ...]] = []

    def slow(x: np.ndarray, threads: int) -> np.ndarray:
        asked.append((*x.shape, threads))
        started = time.thread_time()
        while time.thread_time() < started + 0.01:
            pass
        return x

    one, three = pixels_a_second([[slow], [slow] * 3], np.ones((10, 2), np.float32))
    assert set(asked) == {(65536, 2, 1)}
    assert 65536 / 0.02 < one <= 65536 / 0.01
    assert one / three == pytest.approx(3, rel=0.3)


def test_what_is_said() -> None:
    folds = Delivered(deliver="folds", members=5, rounds=600, px_s=4e5)
    assert delivered_words(folds, "xgboost", "dice") == (
        "Model: the 5 xgboost models of the folds, averaged; 0.40 M pixels a second of one processor, trees alone."
    )
    refit = Delivered(deliver="refit", members=1, rounds=120, px_s=2e6, times_faster=5.0)
    said = delivered_words(refit, "xgboost", "dice")
    assert "120 rounds, the median of the folds'" in said
    assert "2.00 M pixels a second of one processor, trees alone, 5.0 times as fast" in said
    assert "is that of the folds' models" in said and "is not judged" in said
    judged = delivered_words(refit.model_copy(update={"aside": ASIDE}), "forest", "dice")
    assert "rounds" not in judged and "not judged" not in judged
    assert "40 samples of 7 places" in judged
    assert (
        "dice is 0.700 refitted and 0.710 averaged, a difference of -0.010 (-0.030 to +0.020)"
        in judged
    )


def test_scores_say_whose_they_are() -> None:
    scores = as_scores({"metric": "dice", "value": 0.7}, ASIDE)
    assert scores["value"] == 0.7 and "folds" in scores["of"]
    assert scores["aside"]["refit"] == 0.7
    assert "aside" not in as_scores({}, None)
