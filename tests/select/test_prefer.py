"""The cheapest set within noise of the best."""

import pytest
from pydantic import ValidationError

from landseer.select import SelectConfig
from landseer.select.choose import select

FAST = {"resamples": 100, "workers": 1, "metric": "dice_kelp"}


def test_what_brings_little_is_left_and_what_brings_much_is_taken(build_world, classes):
    thrifty = SelectConfig(prefer="cheapest_within_noise", level=0.999, **FAST)
    close = build_world("close", ttas=("none", "d4"), noise={("d4", 0): 0.114})
    assert select(close.frame, close.oof, classes, SelectConfig(**FAST)).tta == "d4"
    kept = select(close.frame, close.oof, classes, thrifty)
    assert kept.tta == "none" and {fold.tta for fold in kept.folds} == {"none"}
    far = build_world("far", ttas=("none", "d4"), noise={("d4", 0): 0.06})
    taken = select(far.frame, far.oof, classes, thrifty)
    assert taken.tta == "d4" and {fold.tta for fold in taken.folds} == {"d4"}
    rows = [one for one in taken.options if one.choice == "views"]
    assert [(one.option, one.passes, one.taken) for one in rows] == [
        ("none", 1, False),
        ("d4", 8, True),
    ]
    assert rows[0].difference == 0 and rows[1].difference_low > 0
    assert rows[1].difference == pytest.approx(rows[1].value - rows[0].value)


def test_fitted_weights_have_no_cheapest():
    with pytest.raises(ValidationError, match="prefer"):
        SelectConfig(prefer="cheapest_within_noise", weights="fitted")
