"""The tree of a formula: what may stand in one, and which parts are numbers or truths."""

from __future__ import annotations

from dataclasses import dataclass

ARITHMETIC = frozenset({"add", "sub", "mul", "div", "pow", "neg", "abs"})
COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
LOGIC = frozenset({"and", "or", "not"})
TRUTHS = COMPARISONS | LOGIC | {"isnan", "bit"}

FUNCTIONS: dict[str, tuple[int, int]] = {
    "abs": (1, 1),
    "sqrt": (1, 1),
    "log": (1, 1),
    "exp": (1, 1),
    "atan": (1, 1),
    "min": (2, 8),
    "max": (2, 8),
    "clip": (3, 3),
    "where": (3, 3),
    "bit": (2, 2),
    "isnan": (1, 1),
}
"""The functions a formula may call, with the fewest and the most arguments."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of a formula.

    Attributes:
        op: `const`, `var`, one of the operators above, or a function's name.
        args: the operands.
        value: the number of a `const`, the name of a `var`, the bit of a `bit`.
    """

    op: str
    args: tuple[Node, ...] = ()
    value: float | str | None = None

    @property
    def is_truth(self) -> bool:
        """Whether it is true or false rather than a number."""
        return self.op in TRUTHS

    @property
    def is_constant(self) -> bool:
        """Whether it is a plain number."""
        return self.op == "const"


def constant(value: float) -> Node:
    """Make a number."""
    return Node("const", (), float(value))


def variable(name: str) -> Node:
    """Make a name."""
    return Node("var", (), name)


def names_of(node: Node) -> frozenset[str]:
    """Return every name that stands in a tree."""
    if node.op == "var":
        return frozenset({str(node.value)})
    return frozenset[str]().union(*(names_of(arg) for arg in node.args))
