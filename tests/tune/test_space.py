"""From ranges to values and back: what is drawn lies in the ranges, and means what it should."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from landseer.tune.config import TuneConfig
from landseer.tune.ranges import Choices, Numbers, RangeConfig, Subset
from landseer.tune.space import draw, grid, parameters_at, parameters_of, values_of

SEARCH = {
    "lr": Numbers(low=1e-4, high=1e-2, log=True),
    "size": Numbers(low=2, high=8, step=2),
    "loss": Choices(choices=([{"kind": "dice"}], "ce", None, 1)),
    "indices": Subset(subset_of=("A", "B", "C", "D", "E", "F"), least=1, most=2),
}


BILLION = {"a": {"low": 1, "high": 10**9}}
ALL_OF_400 = {"a": {"subset_of": [f"b{n}" for n in range(400)]}}


class Chance:
    """Draws at random, and notes what it was asked."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.asked: list[str] = []

    def suggest_float(self, name: str, low: float, high: float, **_: Any) -> float:
        self.asked.append(name)
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, **_: Any) -> int:
        self.asked.append(name)
        return int(low + step * self.rng.integers((high - low) // step + 1))

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        self.asked.append(name)
        return choices[self.rng.integers(len(choices))]


def drawn(seed: int) -> tuple[dict[str, Any], list[str]]:
    chance = Chance(seed)
    return draw(SEARCH, chance, np.random.default_rng(seed)), chance.asked


def test_draws_lie_in_their_ranges() -> None:
    for seed in range(60):
        values = values_of(SEARCH, drawn(seed)[0])
        assert 1e-4 <= values["lr"] <= 1e-2
        assert values["size"] in (2, 4, 6, 8)
        assert values["loss"] in ([{"kind": "dice"}], "ce", None, 1)
        assert 1 <= len(values["indices"]) <= 2
        assert values["indices"] == sorted(values["indices"])


def test_every_parameter_is_known_also_those_not_asked_for() -> None:
    names = [one.name for one in parameters_of(SEARCH)]
    forced = 0
    for seed in range(60):
        found, asked = drawn(seed)
        assert list(found) == names
        assert set(asked) <= set(names) and len(asked) == len(set(asked))
        forced += len(names) - len(asked)
    assert forced > 0


def test_a_limit_does_not_favour_the_first_values() -> None:
    """With at most two of six, each is taken about equally often."""
    counts = Counter(v for seed in range(600) for v in values_of(SEARCH, drawn(seed)[0])["indices"])
    shares = np.array([counts[name] for name in "ABCDEF"]) / counts.total()
    assert np.abs(shares - 1 / 6).max() < 0.04


def test_a_grid_holds_every_combination_once() -> None:
    search = {name: SEARCH[name] for name in ("size", "loss", "indices")}
    found = [values_of(search, one) for one in grid(search)]
    subsets = [list(c) for n in (1, 2) for c in itertools.combinations("ABCDEF", n)]
    expected = itertools.product((2, 4, 6, 8), ([{"kind": "dice"}], "ce", None, 1), subsets)
    keyed = sorted(repr(tuple(one.values())) for one in found)
    assert keyed == sorted(repr(one) for one in expected)


def test_steps_end_at_the_upper_end() -> None:
    assert Numbers(low=0.1, high=0.5, step=0.1).values() == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert Numbers(low=3, high=6).values() == [3, 4, 5, 6]
    assert Numbers(low=0.0, high=1.0).values() is None


def test_the_recipe_as_it_is_is_found_again() -> None:
    recipe = {"lr": 1e-3, "size": 4, "loss": "ce", "indices": ["C"]}
    same = lambda key, value: recipe[key] == value  # noqa: E731
    found = parameters_at(SEARCH, recipe.get, same)
    assert found is not None and values_of(SEARCH, found) == recipe


def test_counts_are_those_of_the_values() -> None:
    for range_ in (
        Numbers(low=1, high=9),
        Numbers(low=2, high=9, step=3),
        Numbers(low=0.1, high=1.0, step=0.1),
        Numbers(low=-1.0, high=1.0, step=0.3),
    ):
        values = range_.values()
        assert values is not None and range_.count() == len(values)
        assert all(range_.holds(value) for value in values)
        between = [(a + b) / 2 for a, b in itertools.pairwise(values)]
        assert not any(range_.holds(value) for value in between)
        assert not range_.holds(values[-1] + 1)
    for key in ("loss", "indices", "size"):
        assert SEARCH[key].count() == len(list(grid({key: SEARCH[key]})))
    assert SEARCH["lr"].count() is None


def test_a_range_of_very_many_values_is_counted_and_never_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(self: Numbers) -> None:
        raise AssertionError("all values are listed")

    monkeypatch.setattr(Numbers, "values", never)
    config = TuneConfig.model_validate({"search": {"n": {"low": 1, "high": 10**9}}})
    found = [
        parameters_at(config.search, {"n": value}.get, lambda k, v: False) for value in (7, 7.5, 0)
    ]
    assert found == [{"n": 7}, None, None]
    fine = Numbers(low=0.0, high=1e300, step=1e-300)
    assert fine.holds(0.5) and fine.holds(1e290) and (fine.count() or 0) > 2**62


def test_a_grid_of_a_few_out_of_many_is_quick() -> None:
    names = tuple(f"b{n:02d}" for n in range(60))
    found = [
        values_of(search, one)["bands"]
        for search in [{"bands": Subset(subset_of=names, most=1)}]
        for one in grid(search)
    ]
    assert found == [[], *([name] for name in reversed(names))]


def test_what_always_stands_in_a_list_is_no_question() -> None:
    search = {"indices": Subset(subset_of=("A", "B"), always=("Z",))}
    assert [values_of(search, one)["indices"] for one in grid(search)] == [
        ["Z"], ["Z", "B"], ["Z", "A"], ["Z", "A", "B"],
    ]  # fmt: skip
    for here, expected in ((["Z", "B"], {"indices: A": False, "indices: B": True}), (["B"], None)):
        found = parameters_at(search, {"indices": here}.get, lambda k, v: False)
        assert found == expected


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 1.0},
        {"lr": None},
        {"size": 5},
        {"size": True},
        {"loss": "bce"},
        {"indices": []},
        {"indices": ["A", "B", "C"]},
        {"indices": ["Z"]},
        {"indices": None},
    ],
    ids=str,
)
def test_a_recipe_outside_the_ranges_is_not(change: dict[str, Any]) -> None:
    recipe = {"lr": 1e-3, "size": 4, "loss": "ce", "indices": ["C"]} | change
    assert parameters_at(SEARCH, recipe.get, lambda k, v: bool(recipe[k] == v)) is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"low": 2, "high": 1}, "more than low"),
        ({"low": 0, "high": 1, "log": True}, "more than 0 for a logarithm"),
        ({"low": 1, "high": 9, "log": True, "step": 2}, "none beside log"),
        ({"low": 1, "high": 2, "step": 3}, "fits between the ends"),
        ({"low": 1, "high": 5, "step": 0.5}, "whole one between whole ends"),
        ({"low": 1e-4, "high": math.inf}, "high: expected a finite number; got inf"),
        ({"low": -math.inf, "high": 1.0}, "low: expected a finite number; got -inf"),
        ({"low": math.nan, "high": 1.0}, "low: expected a finite number; got nan"),
        ({"low": 0.1, "high": 1.0, "step": math.inf}, "step: expected a finite number"),
        ({"low": -1e308, "high": 1e308}, "finite distance from low"),
        ({"low": 1, "high": 2**60}, "whole number up to"),
        ({"choices": [1]}, "at least 2"),
        ({"choices": ["1", 1]}, "each once"),
        ({"subset_of": ["a", "a"]}, "each value once"),
        ({"subset_of": ["a"], "least": 2}, "at most the 1 values"),
        ({"subset_of": ["a", "b"], "least": 2, "most": 1}, "at least 2"),
        ({"subset_of": ["a"], "always": ["a"]}, "beside those of subset_of"),
        ({"subset_of": ["a"], "loww": 2}, "Extra inputs"),
    ],
    ids=str,
)
def test_ranges_that_make_no_sense_are_refused(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(RangeConfig).validate_python(written)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"folds": [0, 1], "rescore_folds": [1]}, r"got \[1\] in both"),
        ({"storage": "mysql://x"}, "expected null or postgresql"),
        ({"sampler": "grid", "search": {"a": {"low": 0.0, "high": 1.0}}}, "steps or choices"),
        (
            {"sampler": "grid", "search": BILLION},
            "at most 100,000 .* got 1,000,000,000, of which a",
        ),
        ({"sampler": "grid", "search": ALL_OF_400}, "got more than 10.15"),
        ({"prune_by": "epoch", "search": {"train.epochs": {"low": 1, "high": 2}}}, "not alike"),
        ({"lr_range": {"low": 1.0, "high": 0.1}}, "more than low"),
    ],
    ids=str,
)
def test_settings_that_contradict_each_other_are_refused(
    written: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        TuneConfig.model_validate(written)


@pytest.mark.parametrize(
    ("written", "there", "folds", "rescored"),
    [
        ({}, 5, (0, 1, 2, 3), (4,)),
        ({}, 2, (0, 1), ()),
        ({"folds": [0, 2]}, 5, (0, 2), (1, 3, 4)),
        ({"rescore_folds": []}, 3, (0, 1, 2), ()),
        ({"rescore_folds": [0, 1]}, 4, (2, 3), (0, 1)),
        ({"folds": [0], "rescore_folds": [4]}, 5, (0,), (4,)),
    ],
    ids=str,
)
def test_folds_are_dealt(
    written: dict[str, Any], there: int, folds: tuple[int, ...], rescored: tuple[int, ...]
) -> None:
    config = TuneConfig.model_validate(written)
    assert config.folds_of(list(range(there))) == (folds, rescored)
