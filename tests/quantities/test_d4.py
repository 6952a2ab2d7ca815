"""The group laws, numpy as the oracle, and the published mistake of undoing in the wrong order."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landseer.quantities import d4

elements = st.sampled_from(d4.ELEMENTS)
NUMPY = {
    "identity": lambda a: a,
    "rot90": lambda a: np.rot90(a, 1, (-2, -1)),
    "rot180": lambda a: np.rot90(a, 2, (-2, -1)),
    "rot270": lambda a: np.rot90(a, 3, (-2, -1)),
    "flip_lr": lambda a: a[..., ::-1],
    "flip_ud": lambda a: a[..., ::-1, :],
    "transpose": lambda a: np.swapaxes(a, -2, -1),
    "antitranspose": lambda a: np.swapaxes(a[..., ::-1, ::-1], -2, -1),
}


def image(height=3, width=5):
    return torch.arange(2 * height * width).reshape(2, height, width)


@pytest.mark.parametrize("element", d4.ELEMENTS)
def test_each_element_is_what_numpy_says(element):
    np.testing.assert_array_equal(
        d4.apply(element, image()).numpy(), NUMPY[element](image().numpy())
    )


@pytest.mark.parametrize("element", d4.ELEMENTS)
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 5), (4, 4)])
def test_the_inverse_gives_the_start_back(element, size):
    x = image(*size)
    there = d4.apply(element, x)
    assert torch.equal(d4.apply(d4.inverse(element), there), x)
    assert there.shape[-2:] == (size[::-1] if d4.swaps_axes(element) else size)


@given(elements, elements)
def test_composing_is_doing_one_after_the_other(first, then):
    x = image()
    assert torch.equal(d4.apply(d4.compose(first, then), x), d4.apply(then, d4.apply(first, x)))


@given(elements, elements, elements)
def test_group_laws(a, b, c):
    assert d4.compose(d4.compose(a, b), c) == d4.compose(a, d4.compose(b, c))
    assert d4.compose(a, "identity") == d4.compose("identity", a) == a
    assert d4.compose(d4.inverse(a), a) == d4.compose(a, d4.inverse(a)) == "identity"
    assert d4.inverse(d4.compose(a, b)) == d4.compose(d4.inverse(b), d4.inverse(a))


def test_the_eight_are_different_and_closed():
    views = {tuple(d4.apply(e, image(3, 3)).flatten().tolist()) for e in d4.ELEMENTS}
    assert len(views) == len(d4.ELEMENTS) == 8
    assert {d4.compose(a, b) for a in d4.ELEMENTS for b in d4.ELEMENTS} == set(d4.ELEMENTS)


@pytest.mark.parametrize("flip", ["flip_lr", "flip_ud"])
def test_undoing_a_flip_and_a_transpose_in_the_same_order_turns_the_map_by_180_degrees(flip):
    x = image()
    view = d4.apply("transpose", d4.apply(flip, x))
    wrong = d4.apply("transpose", d4.apply(flip, view))
    assert torch.equal(wrong, d4.apply("rot180", x))
    assert torch.equal(d4.apply(d4.inverse(d4.compose(flip, "transpose")), view), x)


def test_sets_hold_no_view_twice_and_begin_with_the_image_itself():
    for views in d4.TTA_SETS.values():
        assert views[0] == "identity" and len(set(views)) == len(views)
    assert len(d4.TTA_SETS["d4"]) == 8 and len(d4.TTA_SETS["d2"]) == 4


def test_unknown_element():
    with pytest.raises(KeyError):
        d4.apply("rot45", image())
