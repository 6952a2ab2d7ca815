import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from landseer.errors import DataError, RecipeError
from landseer.samples.table import make_samples
from landseer.samples.weights import (
    BalancedWeights,
    CodedWeights,
    PlaceWeights,
    ProductWeights,
    StatedWeights,
    WeightsConfig,
    weigh,
)

FACTORS = {
    "has_kelp": 3.0, "kelp_pixels_pct": 0.2, "qa_ok": 0.0, "qa_corrupted_pixels_pct": -1.0,
    "water_pixels_pct": 0.5, "dem_nan_pixels_pct": 0.25, "dem_zero_pixels_pct": -1.0,
}  # fmt: skip
VALUES = {
    "a": (True, 0.1, True, 0.0, 0.8, 0.3, 0.5),
    "b": (False, 0.0, False, 0.6, 1.0, 1.0, 0.0),
    "c": (True, 0.3, False, 0.2, 0.5, 0.1, 0.4),
}


def table(values=VALUES, *, test_rows=0):
    records = [
        {"sample": name, "side": "train", "image": "/x.tif", "height": 1, "width": 1}
        | dict(zip(FACTORS, row, strict=True))
        for name, row in values.items()
    ]
    records += [
        {"sample": f"t{k}", "side": "test", "image": "/x.tif", "height": 1, "width": 1}
        for k in range(test_rows)
    ]
    return make_samples(records)


def by_name(frame):
    return dict(zip(frame["sample"], frame["weight"], strict=True))


def test_the_seed_form_by_hand():
    # a: 3 + .2*.9 - 1*1 + .5*.2 + .25*.7 - 1*.5 = 1.955 ; b: .2 - .4 + 0 + 0 - 1 = -1.2
    # c: 3 + .2*.7 - .8 + .5*.5 + .25*.9 - .6 = 2.215 ; test rows: 0
    weights = by_name(weigh(table(test_rows=1), CodedWeights(factors=FACTORS)))
    assert weights["a"] == pytest.approx((1.955 + 1.2) / 3.415, abs=1e-9)
    assert weights["c"] == pytest.approx(1)
    assert weights["b"] == 1e-3
    assert weights["t0"] == 0


def test_test_rows_take_part_in_the_seed_scaling_alone():
    two = {name: VALUES[name] for name in "ac"}
    with_test = by_name(weigh(table(two, test_rows=2), CodedWeights(factors=FACTORS)))
    assert with_test["a"] == pytest.approx(1.955 / 2.215, abs=1e-9)
    without = by_name(weigh(table(two), CodedWeights(factors=FACTORS)))
    assert without["a"] == 1e-3
    stated = StatedWeights(factors=FACTORS)
    assert (
        by_name(weigh(table(two, test_rows=2), stated))["a"]
        == by_name(weigh(table(two), stated))["a"]
    )


def test_the_stated_form_by_hand():
    # a: 3 + .02 - 0 + .4 + .075 - .5 = 2.995 ; b: 0 - .6 + .5 + .25 = .15 ; c: 3 + .06 - .2 + .25 + .025 - .4 = 2.735
    weights = by_name(weigh(table(), StatedWeights(factors=FACTORS, floor=0.05)))
    assert weights["a"] == pytest.approx(1)
    assert weights["b"] == 0.05
    assert weights["c"] == pytest.approx((2.735 - 0.15) / 2.845, abs=1e-9)


def test_flags_enter_as_they_are_and_other_shares_too():
    weights = by_name(weigh(table(), CodedWeights(factors={"qa_ok": 2.0})))
    assert weights == pytest.approx({"a": 1, "b": 1e-3, "c": 1e-3})


def test_excluded_samples_have_no_weight_and_no_say():
    frame = table()
    frame.loc[frame["sample"] == "b", "excluded"] = "suspect"
    weights = by_name(weigh(frame, StatedWeights(factors=FACTORS)))
    assert weights["b"] == 0
    assert weights["c"] == 1e-3


def shown(**classes) -> np.ndarray:
    """Return samples that show so many pixels of each class."""
    n = len(next(iter(classes.values())))
    frame = table({name: VALUES["a"] for name in "abcdefgh"[:n]})
    frame["class_background_pixels"] = 5.0
    for name, pixels in classes.items():
        frame[f"class_{name}_pixels"] = np.asarray(pixels, float)
    return frame


def test_balanced_draws_the_rare_class_as_often_as_the_others():
    frame = shown(kelp=[1, 9, 0, 0, 0, 0])
    weights = weigh(frame, BalancedWeights())["weight"].to_numpy()
    assert weights[:2].sum() == pytest.approx(weights[2:].sum())
    frame = shown(kelp=[1, 1, 9, 9, 0, 0], rock=[0, 0, 0, 0, 3, 0])
    weights = weigh(frame, BalancedWeights(power=1))["weight"].to_numpy()
    np.testing.assert_allclose(weights, [0.25, 0.25, 0.25, 0.25, 1, 0.25])
    weights = weigh(frame, BalancedWeights())["weight"].to_numpy()
    np.testing.assert_allclose(weights, [0.5, 0.5, 0.5, 0.5, 1, 0.5])


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_one_empty_sample_is_not_the_rarest_class_of_all(power):
    """An epoch that draws a single window without anything again and again learns nothing."""
    frame = shown(kelp=[1, 9, 4, 4, 4, 0], rock=[1, 1, 0, 0, 0, 0])
    weights = weigh(frame, BalancedWeights(power=power))["weight"].to_numpy()
    assert weights[5] == weights[2:5].min() < weights[0]
    frame = shown(kelp=[1, 0, 0, 0, 0, 0])
    weights = weigh(frame, BalancedWeights(power=power))["weight"].to_numpy()
    np.testing.assert_allclose(weights, [1, 0.2, 0.2, 0.2, 0.2, 0.2])


def test_without_any_class_all_are_drawn_alike():
    assert (weigh(shown(kelp=[0, 0, 0]), BalancedWeights())["weight"] == 1).all()


def test_balanced_by_named_columns():
    """Two samples hold kelp, one of them is clear; what shows neither is drawn as often as the commoner one."""
    weights = by_name(weigh(table(), BalancedWeights(presence=("has_kelp", "qa_ok"))))
    assert weights == pytest.approx({"a": 1, "b": 0.5**0.5, "c": 0.5**0.5})
    with pytest.raises(RecipeError, match="two or more classes"):
        weigh(table(), BalancedWeights())


def test_equal_samples_have_equal_positive_weights():
    weights = weigh(table({name: VALUES["a"] for name in "ab"}), StatedWeights(factors=FACTORS))[
        "weight"
    ]
    assert (weights == 1e-3).all()


def test_a_missing_column_is_named_with_its_neighbours():
    with pytest.raises(RecipeError, match="'has_kelb'") as caught:
        weigh(table(), CodedWeights(factors={"has_kelb": 1.0}))
    assert "has_kelp" in caught.value.do


def test_text_columns_and_missing_values_are_refused():
    with pytest.raises(RecipeError, match="numeric column"):
        weigh(table(), CodedWeights(factors={"image": 1.0}))
    frame = table().astype({"has_kelp": "boolean"})
    frame.loc[1, "has_kelp"] = None
    with pytest.raises(DataError, match="1 have none") as caught:
        weigh(frame, CodedWeights(factors={"has_kelp": 1.0}))
    assert caught.value.where == "sample b"


def test_no_training_samples_no_weights():
    assert weigh(table({}, test_rows=2), CodedWeights(factors={} | {"height": 1.0}))[
        "weight"
    ].tolist() == [0, 0]


def test_the_kind_chooses_the_form_and_unknown_keys_are_refused():
    reader = TypeAdapter(WeightsConfig)
    assert isinstance(reader.validate_python({"kind": "coded", "factors": {"x": 1}}), CodedWeights)
    assert isinstance(reader.validate_python({"kind": "balanced"}), BalancedWeights)
    for wrong in (
        {"kind": "even"},
        {"kind": "balanced", "factors": {}},
        {"kind": "coded", "factors": {}},
    ):
        with pytest.raises(ValidationError):
            reader.validate_python(wrong)


def test_places_are_drawn_alike_however_often_they_were_seen():
    frame = table({name: VALUES["a"] for name in "abcdef"}, test_rows=1)
    frame["group"] = ["x", "y", "x", "x", "z", "z", "x"]
    weighed = weigh(frame, PlaceWeights())
    shares = weighed.groupby("group")["weight"].sum()
    np.testing.assert_allclose(shares, 1)
    assert weighed["weight"].max() == 1
    assert weighed["weight"].iloc[-1] == 0
    roots = weigh(frame, PlaceWeights(power=0.5)).groupby("group")["weight"].sum()
    np.testing.assert_allclose(roots[["y", "z", "x"]], np.sqrt([1, 2, 3]))


def test_places_count_usable_samples_and_any_column_may_name_them():
    frame = table({name: VALUES["a"] for name in "abc"})
    frame["town"] = ["x", "x", "y"]
    frame.loc[0, "excluded"] = "suspect"
    assert weigh(frame, PlaceWeights(column="town"))["weight"].tolist() == [0, 1, 1]


def test_places_without_a_column_or_a_name_are_refused():
    frame = table()
    with pytest.raises(RecipeError, match="'grop'") as caught:
        weigh(frame.assign(group="x"), PlaceWeights(column="grop"))
    assert "group" in caught.value.do
    with pytest.raises(DataError, match="1 have none in group") as caught:
        weigh(frame.assign(group=["x", None, "y"]), PlaceWeights())
    assert caught.value.where == "sample b"
    assert weigh(table({}, test_rows=1).assign(group="x"), PlaceWeights())["weight"].tolist() == [0]


def test_forms_are_multiplied():
    """Rare classes and even scenes at once: the product of both weights, scaled to 1."""
    records = [
        {"sample": name, "side": "train", "image": "/x.tif", "height": 1, "width": 1, "scene": scene,
         "class_background_pixels": 1.0, "class_house_pixels": house}
        for name, scene, house in [("a", "s", 0.0), ("b", "s", 5.0), ("c", "s", 0.0), ("d", "t", 0.0)]
    ]  # fmt: skip
    frame = make_samples(records)
    both = ProductWeights(of=(BalancedWeights(), PlaceWeights(column="scene")))
    # balanced: b 1, others 1/3; places: s 1/3, t 1
    weights = by_name(weigh(frame, both))
    raw = {"a": 1 / 9, "b": 1 / 3, "c": 1 / 9, "d": 1 / 3}
    assert weights == pytest.approx({name: value * 3 for name, value in raw.items()})


def test_a_product_needs_two_forms_that_are_none():
    adapter = TypeAdapter(WeightsConfig)
    with pytest.raises(ValidationError, match="at least 2"):
        adapter.validate_python({"kind": "product", "of": [{"kind": "balanced"}]})
    nested = {"kind": "product", "of": [{"kind": "balanced"}, {"kind": "balanced"}]}
    with pytest.raises(ValidationError, match="product"):
        adapter.validate_python({"kind": "product", "of": [nested, nested]})
