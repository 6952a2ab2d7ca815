"""Inner parts keep groups whole, are fair to every class, and are as many as are needed to trust them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseer.trees.inner import LEAST_GROUPS, inner_parts


def px_of(n: int, seed: int = 0) -> np.ndarray:
    """Make pixels of two classes for so many samples."""
    return np.random.default_rng(seed).integers(1, 100, (n, 2)).astype(float)


@given(
    groups=st.lists(st.sampled_from("abcdefghijk"), min_size=1, max_size=30),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_parts_are_apart_and_each_can_be_judged(
    groups: list[str], share: float, seed: int, data: st.DataObject
) -> None:
    n = len(groups)
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    px = np.array(data.draw(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=n, max_size=n)))
    names = np.array(groups)
    parts = inner_parts(groups, wanted, px, share, seed)
    seen: set[str] = set()
    for inner in parts:
        assert not (inner & ~wanted).any()
        mine, others = set(names[inner]), set(names[wanted & ~inner])
        assert mine and others and not mine & others and not mine & seen
        seen |= mine
        held, left = px[inner].sum(0), px[wanted & ~inner].sum(0)
        assert (held > 0).sum() >= 2
        assert (left[held > 0] > 0).all()
        assert held.sum() <= left.sum()


def test_the_order_of_samples_does_not_matter() -> None:
    groups = [f"g{n}" for n in range(40)]
    every, px = np.ones(40, bool), px_of(40)
    (first,) = inner_parts(groups, every, px, 0.2, 5)
    (again,) = inner_parts(groups[::-1], every, px[::-1], 0.2, 5)
    np.testing.assert_array_equal(first, again[::-1])
    same = np.ones((40, 2))
    drawn = [inner_parts(groups, every, same, 0.2, seed)[0] for seed in (5, 6)]
    assert drawn[0].sum() == drawn[1].sum() == 8
    assert (drawn[0] != drawn[1]).any()


@pytest.mark.parametrize("seed", range(5))
def test_a_part_has_its_share_of_a_class_that_few_groups_have(seed: int) -> None:
    rng = np.random.default_rng(seed)
    px = np.stack([rng.integers(900, 1100, 60), np.zeros(60)], axis=1).astype(float)
    px[rng.choice(60, 12, replace=False), 1] = rng.integers(5, 50, 12)
    groups = [f"g{n}" for n in range(60)]
    (inner,) = inner_parts(groups, np.ones(60, bool), px, 0.2, seed)
    share = px[inner].sum(0) / px.sum(0)
    assert 0.15 < share[0] < 0.25
    assert 0.1 < share[1] < 0.3


def test_a_group_of_most_pixels_never_judges_the_few_others() -> None:
    px = np.array([[9000.0, 500.0], *[[100.0, 10.0]] * 5])
    groups = [f"g{n}" for n in range(6)]
    parts = inner_parts(groups, np.ones(6, bool), px, 0.2, 0)
    assert parts and not any(inner[0] for inner in parts)


def test_few_groups_are_asked_in_turn() -> None:
    groups = [f"g{n}" for n in range(12)]
    px = px_of(12)
    for n in (2, 3, 4, 6, 12):
        wanted = np.arange(12) < n
        px[wanted] = px[0]
        parts = inner_parts(groups, wanted, px, 0.2, 0)
        judged = sum(int(inner.sum()) for inner in parts)
        assert judged >= min(n, LEAST_GROUPS)
        assert judged - int(parts[-1].sum()) < LEAST_GROUPS
    many = inner_parts([f"g{n}" for n in range(100)], np.ones(100, bool), px_of(100), 0.2, 0)
    assert len(many) == 1


def test_what_cannot_be_divided_is_not() -> None:
    every = np.ones(2, bool)
    assert inner_parts(["a", "a"], every, px_of(2), 0.2, 0) == ()
    assert inner_parts(["a", "b"], every, np.array([[5.0, 0.0], [0.0, 5.0]]), 0.2, 0) == ()
    assert inner_parts(["a", "b"], every, np.array([[5.0, 5.0], [0.0, 0.0]]), 0.2, 0) == ()
    assert len(inner_parts(["a", "b"], every, np.array([[5.0, 5.0], [5.0, 5.0]]), 0.2, 0)) == 2
