"""What channels are worth: those that tell much are worth much, noise nothing, and copies do not hide each other."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from landseer.trees.table import Block
from landseer.trees.worth import by_source, importance_table, permutation_worth, weighted_loss


def make_block(n: int = 4000) -> Block:
    """Make pixels whose class the first channel decides, of which the second is a copy."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3)).astype(np.float32)
    x[:, 1] = x[:, 0]
    truth = (x[:, 0] + 0.3 * rng.normal(size=n) > 0).astype(np.uint8)
    return Block(np.zeros(n, np.int64), truth, rng.random(n).astype(np.float32), x)


def scorer(x: np.ndarray, threads: int) -> np.ndarray:
    """Believe the first two channels alike."""
    return np.stack([np.zeros(len(x)), 3 * (x[:, 0] + x[:, 1])], axis=1).astype(np.float32)


def test_the_loss_is_that_of_scikit_learn() -> None:
    block = make_block()
    chance = 1 / (1 + np.exp(-scorer(block.channels, 1)[:, 1].astype(float)))
    expected = log_loss(block.truth, chance, sample_weight=block.weight)
    assert weighted_loss(scorer(block.channels, 1), block) == pytest.approx(expected, rel=1e-5)


def test_copies_are_shuffled_together() -> None:
    block, rng = make_block(), np.random.default_rng(1)
    alone = permutation_worth(scorer, block, ("a", "b", "noise"), rng, 1)
    together = permutation_worth(scorer, block, ("a", "a", "noise"), rng, 1)
    assert alone["noise"] == together["noise"] == 0
    assert together["a"] > 2 * alone["a"] > 0


def test_gain_of_one_source_is_added_up() -> None:
    assert by_source(np.array([0.5, 0.2, 0.3]), ("a", "b", "a")) == {"a": 0.8, "b": 0.2}


def test_the_table_averages_folds_and_begins_with_the_most_important() -> None:
    folds = [
        {"gain": {"a": 0.4, "b": 0.6}, "worth": {"a": 0.3, "b": 0.1}},
        {"gain": {"a": 0.2, "b": 0.8}, "worth": {"a": 0.1, "b": 0.05}},
    ]
    table = importance_table(folds)
    assert table.to_dict("records")[0] == pytest.approx(
        {"channel": "a", "gain": 0.3, "worth": 0.2, "worth_low": 0.1, "worth_high": 0.3}
    )
    bare = importance_table([{**fold, "worth": {}} for fold in folds])
    assert list(bare["channel"]) == ["b", "a"] and bare["worth"].isna().all()
