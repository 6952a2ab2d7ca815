"""From ranges to values: the parameters of a search, how a sampler draws them, and what they mean in the recipe."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from landseer.tune.ranges import Choices, Numbers, RangeConfig, Subset, label_of

Search = Mapping[str, RangeConfig]
Parameters = dict[str, Any]
"""What a sampler drew, by parameter: numbers, labels of choices, and for each value of a list whether it is taken."""

Values = dict[str, Any]
"""What stands in the recipe, by dotted key."""


class Asks(Protocol):
    """Who draws a parameter; Optuna's trials do."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Draw a number."""

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Draw a whole number."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Draw one of several values."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a sampler draws.

    Attributes:
        name: the recipe's key; for one value of a list `KEY: VALUE`.
        key: the recipe's key.
        options: what can be drawn where this is no number: labels, or False and True.
        numbers: what can be drawn where this is one.
    """

    name: str
    key: str
    options: tuple[str | bool, ...] = ()
    numbers: Numbers | None = None


def parameters_of(search: Search) -> list[Parameter]:
    """List all that is drawn, in the order of the recipe."""
    return [one for key, range_ in search.items() for one in _parameters(key, range_)]


def _parameters(key: str, range_: RangeConfig) -> list[Parameter]:
    """List what is drawn for one key."""
    match range_:
        case Numbers():
            return [Parameter(key, key, numbers=range_)]
        case Choices():
            return [Parameter(key, key, range_.labels)]
        case Subset():
            return [Parameter(_member(key, v), key, (False, True)) for v in range_.subset_of]


def _member(key: str, value: Any) -> str:
    """Name the parameter that says whether a value is in a list."""
    return f"{key}: {label_of(value)}"


def draw(search: Search, asked: Asks, rng: np.random.Generator) -> Parameters:
    """Draw all parameters.

    Args:
        search: ranges by key.
        asked: draws one parameter.
        rng: order in which the values of a list are asked for, so that a limit does not favour the first ones.

    Returns:
        Every parameter; also those which a list's least and most length leave no choice about, and which are not
        asked for.
    """
    drawn: Parameters = {}
    for key, range_ in search.items():
        match range_:
            case Numbers(is_whole=True):
                drawn[key] = asked.suggest_int(
                    key,
                    int(range_.low),
                    int(range_.high),
                    step=int(range_.step or 1),
                    log=range_.log,
                )
            case Numbers():
                drawn[key] = asked.suggest_float(
                    key,
                    float(range_.low),
                    float(range_.high),
                    step=None if range_.step is None else float(range_.step),
                    log=range_.log,
                )
            case Choices():
                drawn[key] = asked.suggest_categorical(key, range_.labels)
            case Subset():
                drawn |= _draw_members(key, range_, asked, rng)
    return drawn


def _draw_members(key: str, subset: Subset, asked: Asks, rng: np.random.Generator) -> Parameters:
    """Ask for each value of a list whether it is taken, as long as there is a choice."""
    found: dict[str, bool] = {}
    taken, left = 0, len(subset.subset_of)
    for position in rng.permutation(left):
        name = _member(key, subset.subset_of[position])
        if taken == subset.limit:
            found[name] = False
        elif taken + left <= subset.least:
            found[name] = True
        else:
            found[name] = bool(asked.suggest_categorical(name, (False, True)))
        taken, left = taken + found[name], left - 1
    return {name: found[name] for name in (_member(key, v) for v in subset.subset_of)}


def values_of(search: Search, parameters: Mapping[str, Any]) -> Values:
    """Turn parameters into what stands in the recipe."""
    return {key: _value(key, range_, parameters) for key, range_ in search.items()}


def _value(key: str, range_: RangeConfig, parameters: Mapping[str, Any]) -> Any:
    """Turn the parameters of one key into its value."""
    match range_:
        case Numbers():
            return parameters[key]
        case Choices():
            return range_.choices[range_.labels.index(parameters[key])]
        case Subset():
            taken = [value for value in range_.subset_of if parameters[_member(key, value)]]
            return [*range_.always, *taken]


def grid(search: Search) -> Iterator[Parameters]:
    """Yield every combination; ranges of numbers must have steps."""
    parts = [list(_combinations(key, range_)) for key, range_ in search.items()]
    for chosen in itertools.product(*parts):
        yield {name: value for part in chosen for name, value in part.items()}


def _combinations(key: str, range_: RangeConfig) -> Iterator[Parameters]:
    """Yield everything that one key may be."""
    match range_:
        case Numbers():
            yield from ({key: value} for value in range_.values() or ())
        case Choices():
            yield from ({key: label} for label in range_.labels)
        case Subset():
            names = [_member(key, value) for value in range_.subset_of]
            for taken in sorted(_takings(len(names), range_.least, range_.limit)):
                yield dict(zip(names, taken, strict=True))


def _takings(count: int, least: int, most: int) -> Iterator[tuple[bool, ...]]:
    """Yield every way to take from `least` to `most` of so many things."""
    for size in range(least, most + 1):
        for chosen in itertools.combinations(range(count), size):
            yield tuple(number in chosen for number in range(count))


def parameters_at(
    search: Search, current: Callable[[str], Any], is_same: Callable[[str, Any], bool]
) -> Parameters | None:
    """Return the parameters that leave a recipe as it is; None where the ranges do not hold it.

    Args:
        search: ranges by key.
        current: returns what a recipe has at a key; None where it has nothing.
        is_same: says whether laying a value over a key leaves the recipe as it is.
    """
    found: Parameters = {}
    for key, range_ in search.items():
        here = _here(key, range_, current(key), is_same)
        if here is None:
            return None
        found |= here
    return found


def _here(
    key: str, range_: RangeConfig, value: Any, is_same: Callable[[str, Any], bool]
) -> Parameters | None:
    """Return the parameters of one key that leave it as it is."""
    match range_:
        case Numbers():
            return {key: value} if _holds(range_, value) else None
        case Choices():
            same = [
                label
                for label, c in zip(range_.labels, range_.choices, strict=True)
                if is_same(key, c)
            ]
            return {key: same[0]} if same else None
        case Subset():
            if not isinstance(value, list | tuple) or not set(range_.always) <= set(value):
                return None
            taken = set(value) - set(range_.always)
            if not (taken <= set(range_.subset_of) and range_.least <= len(taken) <= range_.limit):
                return None
            return {_member(key, one): one in taken for one in range_.subset_of}


def _holds(numbers: Numbers, value: Any) -> bool:
    """Say whether a range of numbers holds a value."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return numbers.holds(value)
