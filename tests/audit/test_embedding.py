import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseer.audit.embedding import (
    explode,
    find_alike,
    group_by_embedding,
    merge_greedily,
    picture,
)
from landseer.audit.settings import EmbeddingConfig
from landseer.core.bands import Band
from landseer.errors import BandError
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples


def slow_merge(names, alike):
    """The published way, written as it is told: nested loops over lists."""
    near = {name: {name} for name in names}
    for a, b, _ in alike:
        near[names[a]].add(names[b])
        near[names[b]].add(names[a])
    lists = []
    for name in names:
        one = sorted(near[name])
        if one not in lists:
            lists.append(one)
    number, members = {}, {}
    for name in [name for one in lists for name in one]:
        if name in number:
            continue
        joined = None
        for one in lists:
            if name in one:
                for other in one:
                    if other in number:
                        joined = number[other]
                        break
            if joined is not None:
                break
        joined = len(members) + 1 if joined is None else joined
        number[name] = joined
        members.setdefault(joined, set()).add(name)
    return {name: min(members[number[name]]) for name in names}


pairs_of_eight = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] < p[1]), unique=True
)


@given(pairs_of_eight)
def test_the_merge_is_the_published_one(pairs):
    names = [f"s{k}" for k in range(8)]
    alike = [(a, b, 1.0) for a, b in sorted(pairs)]
    assert merge_greedily(names, alike) == slow_merge(names, alike)


def test_the_merge_parts_what_belongs_together():
    """Two groups are founded before a later list links them, and stay two: the leak of this method."""
    names = list("abcdef")
    alike = [(0, 1, 1.0), (2, 3, 1.0), (3, 4, 1.0), (1, 4, 1.0)]
    groups = merge_greedily(names, alike)
    assert groups == slow_merge(names, alike)
    links = [(names[a], names[b]) for a, b, _ in alike]
    assert any(groups[a] != groups[b] for a, b in links) or len(set(groups.values())) == 2


def test_a_picture_loses_its_heights_to_the_nodata_value():
    height = np.array([[0, 100], [500, -32768]], np.int16)
    assert picture(height).tolist() == [[251, 251], [254, 251]]
    assert picture(np.array([[0, 50], [100, 100]], np.int16)).tolist() == [[0, 127], [254, 254]]
    assert not picture(np.full((3, 3), -32768, np.int16)).any()


def test_pairs_are_those_of_the_cosine():
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((50, 4)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    slow = {(a, b) for a in range(50) for b in range(a + 1, 50) if float(unit[a] @ unit[b]) >= 0.8}
    assert {(a, b) for a, b, _ in find_alike(vectors, 0.8)} == slow


def test_large_groups_are_taken_apart_only_when_asked():
    groups = {f"s{k}": "s0" for k in range(5)} | {"t": "t"}
    assert explode(groups, 4) == ({name: name for name in groups}, {"s0": 5})
    assert explode(groups, 5) == (groups, {})
    assert explode(groups, None) == (groups, {})


@pytest.mark.parametrize("grouping", ["greedy", "components"])
def test_samples_are_grouped_by_their_elevation(tmp_path, grouping):
    bands = (Band("nir", 1, ("N",)), Band("dem", 2, kind="elevation"))
    records = []
    for name, height in {"a": 10, "b": 10, "c": 200}.items():
        values = np.stack([np.zeros((6, 6)), np.full((6, 6), height)]).astype(np.int16)
        values[1, 0, 0], values[1, 5, 5] = 0, 255
        write_raster(tmp_path / f"{name}.tif", values)
        image = str(tmp_path / f"{name}.tif")
        records.append({"sample": name, "side": "train", "image": image, "height": 6, "width": 6})

    def embed(pictures):
        return np.stack([[1.0, float(one[3, 3] > 100)] for one in pictures]).astype(np.float32)

    rows = make_samples(records)
    config = EmbeddingConfig(grouping=grouping)
    pairs, groups, findings = group_by_embedding(rows, bands, config, embed)
    assert groups == {"a": "a", "b": "a", "c": "c"}
    assert [(pair["a"], pair["b"]) for pair in pairs] == [("a", "b")]
    assert findings == []
    with pytest.raises(BandError, match="expected a band"):
        group_by_embedding(rows, (), config, embed)
