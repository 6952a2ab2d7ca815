import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseer.audit.components import connected_components

NAMES = [f"s{n:02d}" for n in range(12)]
PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=20)


def test_a_chain_is_one_group_in_every_order_of_its_links():
    chain = [("a", "b"), ("b", "c"), ("c", "d")]
    for links in (chain, chain[::-1], [chain[0], chain[2], chain[1]]):
        assert set(connected_components("abcd", links).values()) == {"a"}


def test_samples_without_a_pair_stay_alone():
    assert connected_components("abc", [("c", "b")]) == {"a": "a", "b": "b", "c": "b"}


def test_unknown_names_are_refused():
    with pytest.raises(KeyError):
        connected_components("ab", [("a", "z")])


@given(PAIRS, st.randoms())
def test_groups_are_the_components_of_the_graph_in_any_order(pairs, shuffler):
    groups = connected_components(NAMES, pairs)
    parent = {name: {name} for name in NAMES}
    for a, b in pairs:
        union = parent[a] | parent[b]
        for name in union:
            parent[name] = union
    assert groups == {name: min(parent[name]) for name in NAMES}
    shuffled = [pair if shuffler.random() < 0.5 else pair[::-1] for pair in pairs]
    shuffler.shuffle(shuffled)
    assert connected_components(reversed(NAMES), shuffled) == groups
