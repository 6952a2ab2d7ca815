import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.audit import neighbours as rooms
from landseer.audit.neighbours import (
    CODE_LENGTH,
    encode,
    least_product,
    look_alikes,
    look_alikes_in_cells,
    make_cells,
)


def unit(rows):
    rows = rows - rows.mean(axis=1, keepdims=True)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def views(n_spots, n_views, noise, seed=0, low=12):
    """Descriptors of spots in a space of few dimensions, each seen `n_views` times, by sample."""
    rng = np.random.default_rng(seed)
    spots = rng.standard_normal((n_spots, low)) @ rng.standard_normal((low, 64))
    seen = [unit(spots + noise * rng.standard_normal(spots.shape)) for _ in range(n_views)]
    owner = np.repeat(np.arange(n_views, dtype=np.int32), n_spots)
    return np.concatenate(seen), owner


def search(codes, owner, least, neighbours, step=10**9):
    cells = make_cells(codes, owner, workers=1)
    found, out = set(), 0
    for first in range(0, len(codes), step):
        stop = min(first + step, len(codes))
        left, right, left_out = look_alikes_in_cells(cells, first, stop, least, neighbours)
        assert (np.diff(left) >= 0).all()
        found |= set(zip(left.tolist(), right.tolist(), strict=True))
        out += left_out
    return found, out


def slow(codes, owner, least, neighbours):
    product = codes.astype(np.int64) @ codes.T.astype(np.int64)
    found = set()
    for one in range(len(codes)):
        others = [
            k for k in range(len(codes)) if owner[k] != owner[one] and product[one, k] >= least
        ]
        found |= {
            (one, k) for k in sorted(others, key=lambda k: (-product[one, k], k))[:neighbours]
        }
    return found


@given(st.integers(0, 10**6), st.integers(1, 5))
@settings(max_examples=15, deadline=None)
def test_all_cells_searched_is_a_comparison_of_all(seed, neighbours):
    descriptors, owner = views(12, 5, 1.0, seed)
    codes = encode(descriptors)
    least = int(0.7 * CODE_LENGTH**2)
    assert len(make_cells(codes, owner, workers=1).starts) - 1 <= 2 * rooms.PROBES
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rooms, "PROBES", 64)
        assert search(codes, owner, least, neighbours)[0] == slow(codes, owner, least, neighbours)


def test_most_close_look_alikes_are_in_the_nearest_cells():
    descriptors, owner = views(600, 4, 0.8)
    exact = {
        pair
        for left, right in look_alikes(descriptors, owner, 0.85, 3)
        for pair in zip(left.tolist(), right.tolist(), strict=True)
    }
    found, left_out = search(encode(descriptors), owner, int(0.85 * CODE_LENGTH**2), 3)
    assert len(exact) > 3000
    assert len(exact & found) / len(exact) > 0.9
    assert left_out == 0


def test_blocks_and_threads_change_nothing():
    descriptors, owner = views(300, 4, 0.8)
    codes = encode(descriptors)
    whole = search(codes, owner, 30_000, 5)
    assert search(codes, owner, 30_000, 5, step=101) == whole
    one, two = (make_cells(codes, owner, workers=n) for n in (1, 3))
    assert (one.probes == two.probes).all() and (one.members == two.members).all()


def test_products_of_codes_are_whole_whatever_the_order():
    codes = encode(views(500, 2, 1.0)[0])
    order = np.random.default_rng(0).permutation(64)
    exact = codes.astype(np.int64) @ codes.T.astype(np.int64)
    floats = codes.astype(np.float32)
    assert (floats @ floats.T == exact).all()
    assert (floats[:, order] @ floats[:, order].T == exact).all()
    assert np.abs(np.sqrt(np.diag(exact)) / CODE_LENGTH - 1).max() < 0.02


def test_more_is_asked_where_more_looks_alike():
    few, crowd = views(2000, 2, 0.5, low=40), views(2000, 2, 0.5, low=4)
    asked = [
        least_product(make_cells(encode(d), owner, workers=1), 0.8, 5) for d, owner in (few, crowd)
    ]
    assert asked[0] == 0.8 * CODE_LENGTH**2 < asked[1] <= 0.9 * CODE_LENGTH**2


def test_a_crowd_of_equals_is_searched_in_part_and_tied_together():
    n_samples = 12_000
    codes = np.repeat(encode(views(1, 1, 0)[0]), n_samples, axis=0)
    owner = np.arange(n_samples, dtype=np.int32)
    found, left_out = search(codes, owner, 30_000, 4, step=3000)
    assert len(found) <= 4 * n_samples
    assert left_out > n_samples**2 / 2
    assert {right for _, right in found} <= set(range(10))
    assert {left for left, _ in found} == set(range(n_samples))
