import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.audit import forest
from landseer.audit.components import connected_components
from landseer.audit.forest import ROUNDS, prove_by_forest


def groups(pairs, n):
    return connected_components([str(k) for k in range(n)], ((str(a), str(b)) for a, b in pairs))


@given(st.integers(0, 10**6), st.integers(2, 25), st.floats(0.05, 1))
@settings(max_examples=60, deadline=None)
def test_groups_are_those_of_proving_all(seed, n, share):
    rng = np.random.default_rng(seed)
    low, high = np.triu_indices(n, 1)
    some = rng.random(len(low)) < share
    pairs = np.column_stack([low[some], high[some], rng.integers(2, 6, some.sum())])
    truth = rng.random(len(pairs)) < 0.5
    asked = []

    def prove(rows):
        asked.extend(rows.tolist())
        return truth[rows]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forest, "MOST_FAILED", 10**6)
        held, untried, given_up = prove_by_forest(pairs, n, prove)
    assert len(given_up) == 0
    assert len(asked) == len(set(asked))
    assert sorted([*asked, *untried.tolist()]) == list(range(len(pairs)))
    assert truth[held].all()
    assert groups(pairs[held, :2], n) == groups(pairs[truth, :2], n)


def test_a_clique_takes_a_few_proofs_a_sample():
    n = 300
    low, high = np.triu_indices(n, 1)
    pairs = np.column_stack([low, high, np.full(len(low), 5)])
    held, untried, _ = prove_by_forest(pairs, n, lambda rows: np.ones(len(rows), bool))
    assert n - 1 <= len(held) <= 2 * n
    assert len(held) + len(untried) == len(pairs)


def test_many_false_pairs_between_two_groups_are_tried_in_few_rounds():
    half = 40
    chain = [(k, k + 1, 9) for side in (0, half) for k in range(side, side + half - 1)]
    across = [(a, half + b, 5) for a in range(half) for b in range(half)]
    pairs = np.array(chain + across)
    rounds = []

    def prove(rows):
        rounds.append(len(rows))
        return pairs[rows, 2] == 9

    held, untried, given_up = prove_by_forest(pairs, 2 * half, prove)
    assert len(rounds) <= ROUNDS + 1
    assert len(held) == len(chain) and len(untried) == len(given_up) == 0


def test_no_pairs():
    found = prove_by_forest(np.zeros((0, 3), np.int64), 5, lambda rows: rows > 0)
    assert [len(one) for one in found] == [0, 0, 0]


def test_bare_texture_is_given_up_and_does_not_drag_others_along():
    n = 60
    low, high = np.triu_indices(n, 1)
    texture = np.column_stack([low, high, np.full(len(low), 5)])
    # One more sample is proposed to twenty of the texture, and then, weaker, to its true partner.
    lone = [(k, n, 9) for k in range(20)] + [(n, n + 1, 2)]
    pairs = np.concatenate([texture, np.array(lone)])
    asked = []

    def prove(rows):
        asked.extend(rows.tolist())
        return pairs[rows, 1] == n + 1

    held, untried, given_up = prove_by_forest(pairs, n + 2, prove)
    assert held.tolist() == [len(pairs) - 1]
    assert len(untried) == 0
    assert len(asked) + len(given_up) == len(pairs)
    assert len(asked) < 2 * forest.MOST_FAILED * n < len(pairs)
