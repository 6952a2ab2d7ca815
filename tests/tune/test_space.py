"""From ranges to values and back: what is drawn lies in the ranges, and means what it should."""

from __future__ import annotations

import itertools
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
