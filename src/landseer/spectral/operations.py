"""The operations of a program on numpy arrays and on torch tensors, found without importing torch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

Operations = dict[str, Any]
"""Name → function; `in place` → whether the functions of arithmetic take `out`."""


def operations_for(arrays: Sequence[Any]) -> Operations:
    """Return the operations that fit the arrays: torch's when one of them is a tensor, else numpy's.

    Numbers are computed in float64 where one of the arrays is float64, in float32 otherwise.
    """
    kinds = {array.dtype for array in arrays}
    if any(is_tensor(array) for array in arrays):
        torch = sys.modules["torch"]
        return _torch_operations(torch, torch.float64 if torch.float64 in kinds else torch.float32)
    return _numpy_operations(np.float64 if np.dtype(np.float64) in kinds else np.float32)


def is_tensor(value: Any) -> bool:
    """Whether a value is a torch tensor; never imports torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


@cache
def _numpy_operations(dtype: type[np.floating[Any]]) -> Operations:
    """Make numpy's table for one float type."""
    missing = dtype(np.nan)

    def clean(x: Any) -> Any:
        finite = np.isfinite(x)
        return x if finite.all() else np.where(finite, x, missing)

    def power(x: Any, exponent: Any) -> Any:
        known = ~(np.isnan(x) | np.isnan(exponent))
        return np.where(known, np.power(x, exponent), missing)

    def differ(x: Any, other: Any) -> Any:
        return (x < other) | (x > other)

    def bit(flags: Any, number: float) -> Any:
        if flags.dtype.kind in "iu":
            return (flags.astype(np.int64) >> int(number)) & 1 == 1
        return np.floor(flags / 2.0**number) % 2 == 1

    def where(truth: Any, x: Any, other: Any) -> Any:
        return np.where(truth, _as(x), _as(other))

    def _as(x: Any) -> Any:
        return dtype(x) if isinstance(x, int | float) else x

    return {
        "in place": True,
        "number": lambda x: x if x.dtype.type is dtype else x.astype(dtype),
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "neg": np.negative,
        "abs": np.abs,
        "sqrt": np.sqrt,
        "log": np.log,
        "exp": np.exp,
        "atan": np.arctan,
        "min": np.minimum,
        "max": np.maximum,
        "pow": power,
        "where": where,
        "clean": clean,
        "bit": bit,
        "isnan": np.isnan,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
        "eq": np.equal,
        "ne": differ,
        "and": np.logical_and,
        "or": np.logical_or,
        "not": np.logical_not,
    }


@cache
def _torch_operations(torch: Any, dtype: Any) -> Operations:
    """Make torch's table for one float type; no branch looks at data, so it traces, compiles and exports."""
    nan = float("nan")

    def power(x: Any, exponent: Any) -> Any:
        known = x == x if is_tensor(x) else torch.isnan(exponent).logical_not()
        if is_tensor(exponent):
            known = known & (exponent == exponent)
        return torch.where(
            known, torch.pow(x, exponent), torch.full((), nan, dtype=dtype, device=known.device)
        )

    def where(truth: Any, x: Any, other: Any) -> Any:
        return torch.where(truth, _as(x, truth), _as(other, truth))

    def _as(x: Any, like: Any) -> Any:
        return (
            torch.full((), x, dtype=dtype, device=like.device) if isinstance(x, int | float) else x
        )

    def bit(flags: Any, number: float) -> Any:
        if not flags.dtype.is_floating_point:
            return (flags.to(torch.int64) >> int(number)) & 1 == 1
        return torch.floor(flags / 2.0**number) % 2 == 1

    def wide(x: Any) -> Any:
        # torch narrows a number to the tensor's type: uint8 > -1 would compare with 255.
        return x.to(torch.int64) if is_tensor(x) and not x.dtype.is_floating_point else x

    def minimum(x: Any, other: Any) -> Any:
        return torch.minimum(x, other) if is_tensor(other) else torch.clamp(x, max=other)

    def maximum(x: Any, other: Any) -> Any:
        return torch.maximum(x, other) if is_tensor(other) else torch.clamp(x, min=other)

    return {
        "in place": False,
        "number": lambda x: x.to(dtype),
        "add": lambda x, other: x + other,
        "sub": lambda x, other: x - other,
        "mul": lambda x, other: x * other,
        "div": lambda x, other: x / other,
        "neg": lambda x: -x,
        "abs": torch.abs,
        "sqrt": torch.sqrt,
        "log": torch.log,
        "exp": torch.exp,
        "atan": torch.atan,
        "min": minimum,
        "max": maximum,
        "pow": power,
        "where": where,
        "clean": lambda x: torch.nan_to_num(x, nan=nan, posinf=nan, neginf=nan),
        "bit": bit,
        "isnan": torch.isnan,
        "lt": lambda x, other: wide(x) < wide(other),
        "le": lambda x, other: wide(x) <= wide(other),
        "gt": lambda x, other: wide(x) > wide(other),
        "ge": lambda x, other: wide(x) >= wide(other),
        "eq": lambda x, other: wide(x) == wide(other),
        "ne": lambda x, other: (wide(x) < wide(other)) | (wide(x) > wide(other)),
        "and": torch.logical_and,
        "or": torch.logical_or,
        "not": torch.logical_not,
    }
