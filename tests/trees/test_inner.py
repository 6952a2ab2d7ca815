"""The inner part keeps groups whole and leaves something to train on."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landseer.trees.inner import inner_part


@given(
    groups=st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=30),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_groups_are_on_one_side(
    groups: list[str], share: float, seed: int, data: st.DataObject
) -> None:
    wanted = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(groups), max_size=len(groups)))
    )
    inner = inner_part(groups, wanted, share, seed)
    assert not (inner & ~wanted).any()
    names = np.array(groups)
    outer = set(names[wanted & ~inner])
    assert not set(names[inner]) & outer
    if len(set(names[wanted])) > 1:
        assert inner.any() and outer
    else:
        assert not inner.any()


def test_order_does_not_matter() -> None:
    groups = [f"g{n}" for n in range(20)]
    every = np.ones(20, bool)
    first = inner_part(groups, every, 0.3, 5)
    again = inner_part(groups[::-1], every, 0.3, 5)[::-1]
    np.testing.assert_array_equal(first, again)
    assert first.sum() == 6
    assert (inner_part(groups, every, 0.3, 6) != first).any()
