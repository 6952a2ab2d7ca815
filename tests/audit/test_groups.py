from itertools import combinations

import numpy as np
import pytest

from landseer.audit.components import connected_components
from landseer.audit.cuts import find_cut
from landseer.audit.groups import GROUP_COLUMNS, explain_groups, read_groups, write_groups
from landseer.audit.mosaic import Link
from landseer.audit.pairs import make_pair, make_pairs
from landseer.errors import FileReadError


def clique(prefix, n, score=20.0):
    names = [f"{prefix}{k:02d}" for k in range(n)]
    return [Link(a, b, score, (0, 0)) for a, b in combinations(names, 2)]


def test_a_bridge_between_two_dense_parts_is_the_cut():
    bridge = Link("a03", "b05", 7.5, (9, 0))
    cut = find_cut([*clique("a", 8), *clique("b", 12), bridge])
    assert cut.pairs == (bridge,)
    assert cut.sizes == (8, 12)


def test_the_fewest_pairs_are_found_among_many_and_sorted_by_strength():
    held = [Link("a00", "b00", 9, None), Link("a01", "b01", 7, None), Link("a02", "b02", 8, None)]
    cut = find_cut([*clique("a", 10), *clique("b", 10), *held])
    assert [link.score for link in cut.pairs] == [7, 8, 9]


def test_loose_samples_at_the_edge_are_not_taken_for_a_part():
    """A sample with one link is easier to cut off than the two parts, and says nothing."""
    loose = [Link("a00", "loose", 5, None), Link("b00", "other", 5, None)]
    held = [Link("a00", "b00", 9, None), Link("a01", "b01", 7, None)]
    cut = find_cut([*clique("a", 10), *clique("b", 10), *held, *loose])
    assert set(cut.pairs) == set(held)
    assert cut.sizes == (11, 11)


def test_removing_the_cut_parts_the_group():
    rng = np.random.default_rng(0)
    names = [f"s{k:02d}" for k in range(14)]
    seen = 0
    for _ in range(40):
        links = [
            Link(a, b, float(rng.integers(1, 50)), None)
            for a, b in combinations(names, 2)
            if rng.random() < 0.25
        ]
        whole = connected_components(names, ((x.a, x.b) for x in links))
        cut = find_cut(links) if len(set(whole.values())) == 1 else None
        if cut is None:
            continue
        seen += 1
        left = ((x.a, x.b) for x in links if x not in cut.pairs)
        parts = connected_components(names, left)
        assert len(set(parts.values())) >= 2
        assert sum(cut.sizes) == 14 and cut.sizes[0] >= 1
    assert seen > 5


def test_a_star_has_no_two_large_parts():
    assert find_cut([Link("m", f"s{k}", 9, None) for k in range(30)]) is None


def table_of(links):
    return make_pairs(
        [
            make_pair(
                x.a, x.b, "image: dem", x.score, shift_row=x.shift[0], shift_col=x.shift[1],
                overlap=0.5, agreement=0.8,
            )
            for x in links
        ]
    )  # fmt: skip


def test_a_giant_group_is_explained_and_left_whole(tmp_path):
    links = [*clique("a", 60), *clique("b", 70), Link("a03", "b05", 7.5, (9, 4))]
    pairs = table_of([*links, Link("x", "y", 30, (5, 6))])
    groups = {f"{p}{k:02d}": "a00" for p, n in (("a", 60), ("b", 70)) for k in range(n)}
    groups |= {"x": "x", "y": "x", "alone": "alone"}
    table, findings = explain_groups(groups, pairs, 133, 10)
    assert table["group"].tolist() == ["a00", "x"]
    assert table["n_samples"].tolist() == [130, 2]
    assert table["weakest_link"].tolist() == ["a03 - b05", "x - y"]
    assert table[["extent_rows_px", "extent_cols_px"]].to_numpy().tolist() == [[9, 4], [5, 6]]
    assert "parts of 60 and 70 samples held by one pair a03 - b05" in table["note"][0]
    assert "7.5 deviations above chance, agreement 0.80, overlap 50%" in table["note"][0]
    holding = [finding for finding in findings if "holds 60 and 70" in finding.what]
    assert [finding.sample for finding in holding] == ["a03"]
    path = tmp_path / "groups.csv"
    write_groups(path, table)
    assert read_groups(path)["n_samples"].tolist() == [130, 2]
    assert tuple(read_groups(path).columns) == GROUP_COLUMNS


def test_contradictions_are_counted():
    links = [Link("a", "b", 9, (0, 0)), Link("b", "c", 8, (0, 0)), Link("a", "c", 7, (50, 0))]
    table, findings = explain_groups({"a": "a", "b": "a", "c": "a"}, table_of(links), 3, 10)
    assert table["contradictions"].tolist() == [1]
    assert ["contradicts" in finding.what for finding in findings] == [True]


def test_no_pairs_no_groups_and_no_file_is_an_error(tmp_path):
    table, findings = explain_groups({"a": "a"}, make_pairs([]), 1, 10)
    assert len(table) == 0 and findings == []
    with pytest.raises(FileReadError, match="table of groups"):
        read_groups(tmp_path / "none.csv")
