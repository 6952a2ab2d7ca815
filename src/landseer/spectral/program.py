"""A program: formulas flattened into steps, each distinct part computed once and dropped after its last use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from landseer.spectral.operations import operations_for
from landseer.spectral.tree import COMPARISONS, Node, constant

Array = Any
"""A numpy array or a torch tensor; the code is the same for both."""

_SWALLOWS_INFINITY = COMPARISONS | {"exp", "atan", "min", "max", "clip", "pow", "isnan", "bit"}
_LARGE = 1e10
_IN_PLACE = frozenset(
    {"add", "sub", "mul", "div", "neg", "abs", "sqrt", "log", "exp", "atan", "min", "max"}
)


@dataclass(frozen=True, slots=True)
class Step:
    """Compute one slot from others.

    Attributes:
        op: name of the operation.
        slot: where the result goes; a slot that is a root has its formula's number in `root`.
        args: slots of the operands.
        value: the number or name of constants, variables and bits.
        root: numbers of the formulas whose result this is.
        last: slots that no later step needs.
        reuse: the operand whose memory may take the result, -1 for none.
    """

    op: str
    slot: int
    args: tuple[int, ...]
    value: float | str | None
    root: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    reuse: int = -1


class Program:
    """Formulas ready to be evaluated together.

    Infinities are kept while they cannot hide: they are turned into NaN before an operation that could
    swallow them (a divisor, exp, a comparison, …) and at the end of each formula. That is equal to making
    every overflow and every division by zero NaN where it happens, at a fraction of the cost.

    Args:
        nodes: one tree per formula.
        keep_infinite: leave infinities in the results, for callers that drop them anyway.

    Edges: `+` and `-` of two bands and a band times a constant are taken not to overflow.
    """

    def __init__(self, nodes: Sequence[Node], *, keep_infinite: bool = False) -> None:
        self._slots: dict[Node, int] = {}
        self._steps: list[Step] = []
        roots = [self._add(lower(node) if keep_infinite else _clean(lower(node))) for node in nodes]
        steps = _with_lifetimes(self._steps, roots)
        self._start = [step.value if step.op == "const" else None for step in steps]
        self._steps = [step for step in steps if step.op != "const"]
        self._names = [str(step.value) for step in self._steps if step.op == "var"]

    def _add(self, node: Node) -> int:
        if node not in self._slots:
            args = tuple(self._add(arg) for arg in node.args)
            self._slots[node] = slot = len(self._slots)
            self._steps.append(Step(node.op, slot, args, node.value))
        return self._slots[node]

    def each(self, variables: Mapping[str, Array]) -> Iterator[tuple[int, Array]]:
        """Yield (number of the formula, its array), each as soon as it is computed.

        The order is that of the formulas, but a formula equal to a part of an earlier one comes with that part.
        """
        arrays = [variables[name] for name in self._names]
        table = operations_for(arrays)
        may_reuse = table["in place"] and len({array.shape for array in arrays if array.ndim}) == 1
        slots = list(self._start)
        for step in self._steps:
            if step.op == "var":
                slots[step.slot] = variables[str(step.value)]
            elif step.op == "bit":
                slots[step.slot] = table["bit"](slots[step.args[0]], step.value)
            elif step.reuse >= 0 and may_reuse:
                operands = [slots[arg] for arg in step.args]
                slots[step.slot] = table[step.op](*operands, out=slots[step.reuse])
            else:
                slots[step.slot] = table[step.op](*[slots[arg] for arg in step.args])
            for number in step.root:
                yield number, slots[step.slot]
            for slot in step.last:
                slots[slot] = None

    def run(self, variables: Mapping[str, Array]) -> list[Array]:
        """Return the arrays of all formulas, in their order."""
        arrays = dict(self.each(variables))
        return [arrays[number] for number in range(len(arrays))]


@lru_cache(maxsize=64)
def program_for(nodes: tuple[Node, ...]) -> Program:
    """Return the program of these trees, made once."""
    return Program(nodes)


def _with_lifetimes(steps: list[Step], roots: list[int]) -> list[Step]:
    """Fill in which results each step gives and which slots die with it."""
    last_use = {step.slot: number for number, step in enumerate(steps)}
    for number, step in enumerate(steps):
        last_use.update(dict.fromkeys(step.args, number))
    dying: dict[int, list[int]] = {}
    for slot, number in last_use.items():
        dying.setdefault(number, []).append(slot)
    # Cleaning returns its operand itself when there is nothing to clean: that memory has two names.
    shared = {arg for step in steps if step.op == "clean" for arg in step.args} | set(roots)
    return [
        replace(
            step,
            root=tuple(place for place, root in enumerate(roots) if root == step.slot),
            last=tuple(dying.get(number, ())),
            reuse=_reusable(step, steps, set(dying.get(number, ())) - shared),
        )
        for number, step in enumerate(steps)
    ]


def _reusable(step: Step, steps: list[Step], dying: set[int]) -> int:
    """Return a dying operand that is the result of arithmetic, so that its memory is nobody else's; else -1."""
    if step.op in _IN_PLACE:
        for arg in step.args:
            if arg in dying and steps[arg].op in _IN_PLACE:
                return arg
    return -1


def lower(node: Node) -> Node:
    """Rewrite a tree into basic operations: bands as floats, cheap powers, infinities cleaned where they could hide."""
    args = tuple(lower(arg) for arg in node.args)
    if node.op == "const":
        return node
    if node.op == "var":
        return Node("number", (node,))
    if node.op in _SWALLOWS_INFINITY:
        args = tuple(_clean(arg) for arg in args)
    if node.op in COMPARISONS or node.op in {"isnan", "bit"}:
        return Node(node.op, tuple(_raw(arg) for arg in args), node.value)
    if node.op == "clip":
        return _pairwise("min", (_pairwise("max", args[:2]), args[2]))
    if node.op == "div" and not args[1].is_constant:
        return Node("div", (args[0], _clean(args[1])))
    if node.op == "pow":
        return _power(*args)
    if node.op in {"min", "max"}:
        return _pairwise(node.op, args)
    return Node(node.op, args, node.value)


def _raw(node: Node) -> Node:
    """Use a bare band as it is stored and whole numbers as integers: tests need no float copy."""
    if node.op == "number":
        return node.args[0]
    if isinstance(node.value, float) and node.is_constant and node.value.is_integer():
        return Node("const", (), int(node.value))
    return node


def _power(base: Node, exponent: Node) -> Node:
    """Replace the common powers by products and roots; NaN to the power 0 stays NaN."""
    value = exponent.value if exponent.is_constant else None
    if value == 1.0:
        return base
    if value == 2.0:
        return Node("mul", (base, base))
    if value == 3.0:
        return Node("mul", (Node("mul", (base, base)), base))
    if value == 4.0:
        square = Node("mul", (base, base))
        return Node("mul", (square, square))
    if value == 0.5:
        return Node("sqrt", (base,))
    if value == -1.0:
        return Node("div", (constant(1.0), base))
    return Node("pow", (base, exponent))


def _pairwise(op: str, args: tuple[Node, ...]) -> Node:
    """Turn the minimum or maximum of many into one of pairs, a constant always second."""
    joined = args[0]
    for arg in args[1:]:
        joined = Node(op, (arg, joined) if joined.is_constant else (joined, arg))
    return joined


def _clean(node: Node) -> Node:
    """Wrap a tree that may be infinite so that infinities become NaN."""
    return Node("clean", (node,)) if _may_be_infinite(node) else node


def _may_be_infinite(node: Node) -> bool:
    """Whether a lowered tree can overflow or divide by zero without having been cleaned."""
    match node.op:
        case "const" | "number" | "var" | "clean" | "atan" | "min" | "max" | "clip":
            return False
        case "neg" | "abs" | "add" | "sub" | "sqrt":
            return any(_may_be_infinite(arg) for arg in node.args)
        case "where":
            return any(_may_be_infinite(arg) for arg in node.args[1:])
        case "mul":
            factors = [arg for arg in node.args if not arg.is_constant]
            return len(factors) > 1 or _is_wild(node) or _may_be_infinite(factors[0])
        case "div":
            return not node.args[1].is_constant or _is_wild(node) or _may_be_infinite(node.args[0])
    return not node.is_truth


def _is_wild(node: Node) -> bool:
    """Whether an operation has a constant so large or small that it may overflow by itself."""
    sizes = [abs(float(arg.value or 0.0)) for arg in node.args if arg.is_constant]
    return any(size > _LARGE or size < 1 / _LARGE for size in sizes)
