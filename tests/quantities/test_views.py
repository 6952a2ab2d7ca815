"""Names of sets of views: what they mean, products against composition by hand, and what is refused."""

from __future__ import annotations

import pytest
import torch

from landseer.errors import UsageError
from landseer.quantities import d4
from landseer.quantities.views import View, parse_views, problem_of_views


def elements(name: str) -> list[str]:
    return [view.element for view in parse_views(name)]


@pytest.mark.parametrize("name", d4.TTA_SETS)
def test_sets_are_those_of_the_table(name):
    views = parse_views(name)
    assert tuple(view.element for view in views) == d4.TTA_SETS[name]
    assert {view.zoom for view in views} == {1.0}


@pytest.mark.parametrize("element", d4.ELEMENTS[1:])
def test_an_element_stands_for_the_image_and_that_view(element):
    assert elements(element) == ["identity", element]
    assert elements("identity") == ["identity"]


PRODUCTS = {
    "flips*transpose": 6,
    "transpose*flips": 6,
    "rotations*flip_lr": 8,
    "flip_lr*flip_ud": 4,
    "flip_lr*flip_lr": 2,
    "d2*transpose": 8,
    "rot90*rot90*rot90": 4,
    "d4*d4": 8,
    "none*none": 1,
    " flips * rot90 ": 6,
}


@pytest.mark.parametrize(("name", "count"), PRODUCTS.items())
def test_products_do_one_after_the_other(name, count):
    """Each element is applied to a numbered raster in turn; the set of the results is what the product shows."""
    raster = torch.arange(9).reshape(3, 3)
    seen = [raster]
    for part in name.split("*"):
        one = part.strip()
        own = d4.TTA_SETS.get(one, ("identity", one))
        seen = [d4.apply(element, image) for image in seen for element in own]
    expected = {tuple(image.flatten().tolist()) for image in seen}
    shown = [tuple(d4.apply(element, raster).flatten().tolist()) for element in elements(name)]
    assert len(shown) == len(set(shown)) == count, "each view once"
    assert set(shown) == expected
    assert elements(name)[0] == "identity"


def test_the_order_of_a_product_matters():
    assert elements("flip_lr*transpose") == ["identity", "transpose", "flip_lr", "rot90"]
    assert elements("transpose*flip_lr") == ["identity", "flip_lr", "transpose", "rot270"]


def test_zooms_multiply_all_elements_and_the_image_itself_is_first():
    views = parse_views("flips@0.8,1,1.25")
    assert len(views) == 9 and views[0] == View()
    expected = {View(e, z) for e in d4.TTA_SETS["flips"] for z in (0.8, 1.0, 1.25)}
    assert set(views) == expected
    assert parse_views("none@2") == (View(zoom=2.0),)
    assert parse_views("none@2,1") == (View(), View(zoom=2.0))
    assert parse_views("none@1") == (View(),)


def test_a_zoom_given_twice_counts_once():
    assert parse_views("none@1,1,1.25,1.250") == (View(), View(zoom=1.25))


WRONG = {
    "d5": "expected one of none, flips, rotations, d2, d4, rot90",
    "flips*d5": "or several joined by *; got 'flips*d5'",
    "flips*": "joined by *; got 'flips*'",
    "": "got ''",
    "d4@": "expected zooms such as 0.8,1,1.25 after @; got 'd4@'",
    "d4@big": "expected zooms such as",
    "d4@1,": "expected zooms such as",
    "d4@0": "expected zooms from 0.25 to 4",
    "d4@-1": "expected zooms from 0.25 to 4",
    "d4@0.2,1": "expected zooms from 0.25 to 4",
    "d4@nan": "expected zooms from 0.25 to 4",
    "d4@inf": "expected zooms from 0.25 to 4",
    "d4@1@2": "expected zooms such as",
    "D4": "expected one of",
}


@pytest.mark.parametrize(("name", "text"), WRONG.items())
def test_wrong_names(name, text):
    with pytest.raises(UsageError) as caught:
        parse_views(name)
    assert text in caught.value.message
    assert problem_of_views(name) == caught.value.message


def test_right_names_have_no_problem():
    assert problem_of_views("d4") is None and problem_of_views("flips*rot90@0.5,2") is None
