"""Read a formula's text into a tree, permitting a named set of operators and functions and nothing else."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping

from landseer.errors import FormulaError
from landseer.spectral.tree import FUNCTIONS, Node, constant, variable

Definition = float | str

_LONGEST_TEXT = 4000
_DEEPEST_TREE = 60
_DEEPEST_DEFINITION = 4
_HELP = f"use + - * / **, comparisons, and, or, not, numbers, band names and {', '.join(sorted(FUNCTIONS))}"

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_FOLD: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": math.pow,
    "neg": lambda a: -a,
    "abs": abs,
    "sqrt": math.sqrt,
    "log": math.log,
    "exp": math.exp,
    "atan": math.atan,
    "min": min,
    "max": max,
    "clip": lambda a, low, high: min(max(a, low), high),
}


def parse(text: str, definitions: Mapping[str, Definition] | None = None) -> Node:
    """Read a formula.

    Args:
        text: e.g. `(N - R)/(N + R)`, at most 4000 characters and 60 levels deep.
        definitions: names that stand for a number or for another formula (`{"L": 0.5}`).

    Raises:
        FormulaError: the text is not a formula, or holds something that is not permitted.
    """
    try:
        return _read(text, dict(definitions or {}), 0)
    except FormulaError as error:
        if error.where:
            raise
        raise FormulaError(error.message, where=f"formula {_short(text)!r}", do=_HELP) from None


def _read(text: str, definitions: dict[str, Definition], level: int) -> Node:
    """Parse one text; `level` counts definitions within definitions."""
    if not isinstance(text, str):
        raise FormulaError(f"expected a formula as text; got {type(text).__name__}")
    if len(text) > _LONGEST_TEXT:
        raise FormulaError(f"expected at most {_LONGEST_TEXT} characters; got {len(text)}")
    if level > _DEEPEST_DEFINITION:
        raise FormulaError("expected definitions at most 4 deep; got more")
    try:
        expression = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = getattr(error, "msg", None) or type(error).__name__
        raise FormulaError(f"expected a formula; got text that cannot be read ({reason})") from None
    return _Reader(definitions, level).node(expression, 0)


class _Reader:
    """Turn Python's syntax tree into ours, refusing what is not listed."""

    def __init__(self, definitions: dict[str, Definition], level: int) -> None:
        self.definitions, self.level = definitions, level

    def node(self, item: ast.expr, depth: int) -> Node:
        if depth > _DEEPEST_TREE:
            raise FormulaError(f"expected at most {_DEEPEST_TREE} nested levels; got more")
        match item:
            case ast.Constant():
                return _number(item.value)
            case ast.Name():
                return self._name(item.id)
            case ast.BinOp() if type(item.op) in _BINARY:
                operands = (self._value(item.left, depth), self._value(item.right, depth))
                return _operation(_BINARY[type(item.op)], *operands)
            case ast.UnaryOp(op=ast.UAdd()):
                return self._value(item.operand, depth)
            case ast.UnaryOp(op=ast.USub()):
                return _operation("neg", self._value(item.operand, depth))
            case ast.UnaryOp(op=ast.Not()):
                return Node("not", (self._truth(item.operand, depth),))
            case ast.BoolOp():
                op = "and" if isinstance(item.op, ast.And) else "or"
                return _chain(op, [self._truth(value, depth) for value in item.values])
            case ast.Compare():
                return self._compare(item, depth)
            case ast.Call():
                return self._call(item, depth)
        raise FormulaError(f"expected arithmetic on bands; got {_describe(item)}")

    def _value(self, item: ast.expr, depth: int) -> Node:
        node = self.node(item, depth + 1)
        if node.is_truth:
            raise FormulaError(
                f"expected a number; got the condition {_short(ast.unparse(item))!r} (use where)"
            )
        return node

    def _truth(self, item: ast.expr, depth: int) -> Node:
        node = self.node(item, depth + 1)
        if not node.is_truth:
            raise FormulaError(
                f"expected a condition; got the number {_short(ast.unparse(item))!r} (compare it)"
            )
        return node

    def _name(self, name: str) -> Node:
        if name in FUNCTIONS:
            raise FormulaError(f"expected a band; got the function name {name!r} without brackets")
        if name.startswith("__"):
            raise FormulaError(f"expected a band; got {_short(name)!r}")
        if name not in self.definitions:
            return variable(name)
        value = self.definitions[name]
        if isinstance(value, str):
            rest = {key: item for key, item in self.definitions.items() if key != name}
            return _read(value, rest, self.level + 1)
        return _number(value)

    def _compare(self, item: ast.Compare, depth: int) -> Node:
        values = [self._value(value, depth) for value in (item.left, *item.comparators)]
        if any(type(op) not in _COMPARE for op in item.ops):
            raise FormulaError(f"expected < <= > >= == or !=; got {_short(ast.unparse(item))!r}")
        pairs = zip(item.ops, values[:-1], values[1:], strict=True)
        return _chain("and", [Node(_COMPARE[type(op)], (left, right)) for op, left, right in pairs])

    def _call(self, item: ast.Call, depth: int) -> Node:
        name = item.func.id if isinstance(item.func, ast.Name) else None
        if name not in FUNCTIONS:
            raise FormulaError(f"expected a known function; got {_describe(item.func)}")
        fewest, most = FUNCTIONS[name]
        if item.keywords or not fewest <= len(item.args) <= most:
            count = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise FormulaError(f"{name} takes {count} plain arguments; got {len(item.args)}")
        if name == "where":
            return Node(
                "where", (self._truth(item.args[0], depth), *self._values(item.args[1:], depth))
            )
        values = self._values(item.args, depth)
        if name == "bit":
            return _bit(*values)
        if name == "isnan":
            return Node("isnan", tuple(values))
        return _operation(name, *values)

    def _values(self, items: list[ast.expr], depth: int) -> list[Node]:
        return [self._value(item, depth) for item in items]


def _number(value: object) -> Node:
    """Accept a finite real number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormulaError(f"expected a number; got {_short(repr(value))}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise FormulaError("expected a finite number; got one that is not")
    return constant(number)


def _operation(op: str, *args: Node) -> Node:
    """Make an operation; one on numbers alone is computed now, in float64."""
    if not all(arg.is_constant for arg in args):
        return Node(op, args)
    try:
        return _number(_FOLD[op](*(arg.value for arg in args)))
    except (ArithmeticError, ValueError):
        raise FormulaError(f"expected a finite number; got a constant {op} that has none") from None


def _bit(flags: Node, number: Node) -> Node:
    """Make a flag test; the bit's number is a constant from 0 to 31."""
    if not number.is_constant or number.value not in range(32):
        raise FormulaError("expected bit(band, n) with n a whole number from 0 to 31")
    return Node("bit", (flags,), number.value)


def _chain(op: str, nodes: list[Node]) -> Node:
    """Join conditions from the left."""
    joined = nodes[0]
    for node in nodes[1:]:
        joined = Node(op, (joined, node))
    return joined


def _describe(item: ast.expr) -> str:
    """Name a construct for a message."""
    kinds: dict[type[ast.expr], str] = {
        ast.Attribute: "attribute access",
        ast.Subscript: "a subscript",
        ast.Lambda: "a lambda",
        ast.Name: f"{getattr(item, 'id', '')!r}",
    }
    return kinds.get(type(item), f"{type(item).__name__}")


def _short(text: str) -> str:
    """Cut a text for a message."""
    text = str(text)
    return text if len(text) <= 80 else text[:77] + "..."
