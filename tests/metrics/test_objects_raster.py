"""Objects of masks in strips against labels of the whole mask."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from landseer.metrics.objects import match_objects
from landseer.metrics.objects_raster import Components, ObjectCounter

EIGHT = np.ones((3, 3))


def masks(seed, shape=(30, 24), share=0.45):
    """Two masks that agree for the most part, and what is ignored."""
    rng = np.random.default_rng(seed)
    truth = ndimage.uniform_filter(rng.random(shape), 2) < share
    prediction = truth ^ (rng.random(shape) < 0.05)
    ignored = np.zeros(shape, bool)
    ignored[10:16, 5:15] = True
    return truth, prediction, ignored


def whole(truth, prediction, ignored, structure):
    """All overlaps, object by object, on labels of the whole mask."""
    true, n_true = ndimage.label(truth & ~ignored, structure)
    predicted, n_predicted = ndimage.label(prediction, structure)
    pairs = {}
    for i in range(1, n_true + 1):
        for j in range(1, n_predicted + 1):
            shared = int(((true == i) & (predicted == j) & ~ignored).sum())
            if shared:
                areas = (true == i).sum(), ((predicted == j) & ~ignored).sum()
                hidden = int(((predicted == j) & ignored).sum())
                pairs.setdefault((*map(int, areas), hidden, shared), 0)
                pairs[*map(int, areas), hidden, shared] += 1
    return pairs, n_true, n_predicted


def listed(overlaps):
    """The same of what was counted."""
    pairs = {}
    for (i, j), shared in zip(overlaps.pairs, overlaps.shared, strict=True):
        key = (
            int(overlaps.true[i]),
            int(overlaps.predicted[j]),
            int(overlaps.ignored[j]),
            int(shared),
        )
        pairs[key] = pairs.get(key, 0) + 1
    return pairs, len(overlaps.true), len(overlaps.predicted)


@pytest.mark.parametrize(("connectivity", "structure"), [(4, None), (8, EIGHT)])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), cuts=st.lists(st.integers(0, 30), max_size=8))
def test_strips_equal_labels_of_the_whole(connectivity, structure, seed, cuts):
    truth, prediction, ignored = masks(seed)
    counter = ObjectCounter(connectivity)
    for rows in np.split(np.arange(len(truth)), sorted(cuts)):
        counter.add(truth[rows], prediction[rows], ignored[rows])
    assert listed(counter.finish()) == whole(truth, prediction, ignored, structure)


def test_a_spiral_is_one_object():
    spiral = np.zeros((41, 41), bool)
    for ring in range(0, 20, 4):
        spiral[ring : 41 - ring, ring : 41 - ring] = True
        spiral[ring + 1 : 40 - ring, ring + 1 : 40 - ring] = False
        spiral[20 - ring : 21, 0] = True
    spiral[20, :20] = True
    expected = ndimage.label(spiral, EIGHT)[1]
    components = Components()
    ids = np.concatenate([components.label(row[None]) for row in spiral])
    found = components.roots()[ids]
    assert len(np.unique(found[found > 0])) == expected
    assert np.array_equal(found > 0, spiral)


def test_touching_objects_that_are_numbered_stay_apart():
    prediction = np.zeros((6, 12), bool)
    prediction[1:5, 1:5] = prediction[1:5, 6:10] = True
    numbers = np.zeros((6, 12), np.int32)
    numbers[1:5, 1:5], numbers[1:5, 5:10] = 7, 3
    counter = ObjectCounter()
    for rows in (slice(0, 3), slice(3, 6)):
        counter.add(numbers[rows], prediction[rows])
    assert match_objects(counter.finish()).tolist() == [2, 0, 0]
    joined = ObjectCounter()
    joined.add(numbers > 0, prediction)
    assert match_objects(joined.finish()).tolist() == [0, 2, 1]


def test_nothing():
    counter = ObjectCounter()
    assert match_objects(counter.finish()).tolist() == [0, 0, 0]
    counter.add(np.zeros((4, 4), bool), np.zeros((4, 4), bool))
    assert match_objects(counter.finish()).tolist() == [0, 0, 0]
