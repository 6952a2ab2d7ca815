"""A formula over bands: text that was read and permitted, ready to be evaluated on numpy or torch arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from landseer.errors import FormulaError
from landseer.spectral.grammar import Definition, parse
from landseer.spectral.program import program_for
from landseer.spectral.tree import Node, names_of

Array = Any
"""A numpy array or a torch tensor."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A permitted formula.

    Make one with `Formula.parse`. Two formulas are equal when their trees are.

    Attributes:
        text: as it was written.
        tree: as it was understood, with definitions put in.
        names: the bands it needs.

    Edges:
        NaN propagates. `x/0`, `log` of zero or less, `sqrt` of less than zero and overflow give NaN.
        Comparisons with NaN are false, `!=` too; `not` of such a comparison is true.
        `bit(band, n)` is true where flag n (from 0) is set, false where the band is NaN.
        Arithmetic is float32 (float64 if a band is); integers beyond 2**24 are rounded in it.
        Bands are taken to be finite or NaN.

    Source: own; the allow-list follows rio-tiler's expressions.
    """

    text: str = field(compare=False)
    tree: Node
    names: frozenset[str] = field(compare=False)

    @classmethod
    def parse(cls, text: str, definitions: Mapping[str, Definition] | None = None) -> Formula:
        """Read a formula.

        Args:
            text: `+ - * / **`, comparisons, `and or not`, numbers, names, and the functions
                abs sqrt log exp atan min max clip where bit isnan.
            definitions: names that stand for a number or another formula, e.g. `{"L": 0.5}`.

        Raises:
            FormulaError: the text cannot be read, holds what is not permitted, or names no band.
        """
        tree = parse(text, definitions)
        names = names_of(tree)
        if not names:
            raise FormulaError("expected a formula with at least one band; got none", where=text)
        return cls(text, tree, names)

    @property
    def is_condition(self) -> bool:
        """Whether it gives true and false rather than numbers."""
        return self.tree.is_truth

    def __call__(self, variables: Mapping[str, Array]) -> Array:
        """Evaluate the formula.

        Args:
            variables: an array per name, all numpy or all torch, of one shape, any real type.

        Returns:
            An array of that shape: float32 (float64 if a variable is), or bool for a condition.

        Raises:
            FormulaError: a name has no array.
        """
        require_names(self.names, variables, self.text)
        with np.errstate(all="ignore"):
            return program_for((self.tree,)).run(variables)[0]


def require_names(names: frozenset[str], variables: Mapping[str, Array], where: str) -> None:
    """Raise FormulaError unless every name has an array."""
    missing = sorted(names - variables.keys())
    if missing:
        raise FormulaError(
            f"expected bands {', '.join(sorted(names))}; missing {', '.join(missing)}",
            where=where,
            do=f"use the bands there are: {', '.join(sorted(variables))}",
        )
