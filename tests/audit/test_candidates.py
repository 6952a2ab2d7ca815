import numpy as np
import pytest

from landseer.audit import candidates as room
from landseer.audit.candidates import (
    find_candidates,
    make_table,
    propose_exactly,
    propose_in_cells,
)
from landseer.audit.descriptor import Landmarks

ASKED = {"likeness": 0.8, "neighbours": 20, "votes": 3, "most_per_sample": 40}


def unit(rows):
    rows = rows - rows.mean(axis=1, keepdims=True)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def make_views(n_places, n_views, *, spots=15, noise=0.3, seed=0):
    """Landmarks of places seen at random shifts: (landmarks, place, shift) by sample, in mixed order."""
    rng = np.random.default_rng(seed)
    samples = []
    for place in range(n_places):
        at, look = rng.integers(40, 90, (spots, 2)), rng.standard_normal((spots, 64))
        for _ in range(n_views):
            shift = rng.integers(0, 40, 2)
            seen = unit(look + noise * rng.standard_normal(look.shape))
            samples.append((Landmarks((at - shift).astype(np.int32), seen), place, shift))
    order = rng.permutation(len(samples))
    landmarks, place, shift = zip(*(samples[k] for k in order), strict=True)
    return list(landmarks), np.array(place), np.array(shift)


def slow(landmarks, votes):
    """Count, pair by pair, the matches within the four staggered grids."""
    found = {}
    for a in range(len(landmarks)):
        for b in range(a + 1, len(landmarks)):
            alike = landmarks[a].descriptors @ landmarks[b].descriptors.T >= ASKED["likeness"]
            one, two = np.nonzero(alike)
            shift = landmarks[a].positions[one] - landmarks[b].positions[two]
            most = 0
            for down in (0, 2):
                for right in (0, 2):
                    cells = (shift + np.array([down, right])) // 4
                    _, count = np.unique(cells, axis=0, return_counts=True)
                    most = max([most, *count.tolist()])
            if most >= votes:
                found[a, b] = most
    return found


@pytest.mark.parametrize("seed", range(3))
def test_votes_are_those_of_a_slow_count(seed):
    landmarks, place, shift = make_views(6, 4, seed=seed)
    found = find_candidates(landmarks, **ASKED)
    assert {(one.a, one.b): one.votes for one in found} == slow(landmarks, ASKED["votes"])
    assert len(found) == 6 * 6
    for one in found:
        assert place[one.a] == place[one.b]
        assert (shift[one.b] - shift[one.a] == (one.row, one.col)).all()


@pytest.mark.parametrize("workers", [1, 3])
def test_cells_propose_the_same_pairs_in_any_number_of_threads(workers, monkeypatch):
    monkeypatch.setattr(room, "_BLOCK_LANDMARKS", 1000)
    landmarks, place, shift = make_views(150, 3)
    rows = propose_in_cells(make_table(landmarks), **ASKED, workers=workers).rows
    assert (rows[:, 0] < rows[:, 1]).all()
    assert (place[rows[:, 0]] == place[rows[:, 1]]).all()
    assert (shift[rows[:, 1]] - shift[rows[:, 0]] == rows[:, 2:4]).all()
    exact = propose_exactly(landmarks, **ASKED).rows
    assert len(exact) == 450
    pairs = {tuple(row) for row in rows[:, :2].tolist()}
    assert len(pairs & {tuple(row) for row in exact[:, :2].tolist()}) >= 0.98 * 450


def test_large_sets_go_by_cells(monkeypatch):
    landmarks, _, _ = make_views(40, 3)
    monkeypatch.setattr(room, "EXACT_UP_TO", 0)
    by_cells = propose_in_cells(make_table(landmarks), **ASKED).candidates()
    assert find_candidates(landmarks, **ASKED) == by_cells
    assert len(by_cells) == 120


def test_one_place_seen_many_times_gives_few_pairs_that_hold_it_together():
    landmarks, _, _ = make_views(1, 600)
    found = propose_in_cells(make_table(landmarks), **ASKED | {"most_per_sample": 5})
    assert 599 <= len(found.rows) <= 600 * 5
    assert found.n_cut > 0
    reached = {0}
    for _ in range(20):
        for a, b in found.rows[:, :2].tolist():
            if a in reached or b in reached:
                reached |= {a, b}
    assert reached == set(range(600))


def test_samples_without_landmarks_are_in_no_pair():
    none = Landmarks(np.zeros((0, 2), np.int32), np.zeros((0, 64), np.float32))
    landmarks, _, _ = make_views(3, 2)
    mixed = [none, *landmarks, none]
    for propose in (
        propose_exactly,
        lambda some, **asked: propose_in_cells(make_table(some), **asked),
    ):
        rows = propose(mixed, **ASKED).rows
        assert len(rows) == 3
        assert rows[:, :2].min() >= 1 and rows[:, :2].max() <= 6
        assert len(propose([none, none], **ASKED).rows) == 0


def test_what_the_cap_leaves_out_is_counted():
    landmarks, _, _ = make_views(1, 12)
    every = propose_exactly(landmarks, **ASKED)
    capped = propose_exactly(landmarks, **ASKED | {"most_per_sample": 2})
    assert every.n_cut == 0
    assert len(every.rows) == 66 == len(capped.rows) + capped.n_cut


def test_the_numbers_of_samples_may_be_large():
    far = 3_000_000
    matches = np.array([[far, far + 1, 5, -7]] * 3 + [[far, far + 2, 5, -7]] * 2)
    assert room._tally(matches, 3).tolist() == [[far, far + 1, 5, -7, 3]]
    owner = np.array([far] * 3 + [far + 1], np.int32)
    assert room._of_frequent_pairs(owner, owner[::-1].copy(), 2).tolist() == [1, 2]
