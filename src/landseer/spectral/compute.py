"""Compute many indices at once: shared parts once, one array per index, numpy and torch alike."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from landseer.core.bands import Band
from landseer.spectral.formula import require_names
from landseer.spectral.operations import is_tensor
from landseer.spectral.program import program_for
from landseer.spectral.resolve import ResolvedIndex

Array = Any
"""A numpy array or a torch tensor."""


def compute(
    indices: Sequence[ResolvedIndex], variables: Mapping[str, Array], *, axis: int = 0
) -> Array:
    """Compute indices and stack them.

    Args:
        indices: at least one, of `resolve`.
        variables: an array per band name and code (`variables_from`), of one shape (…, h, w).
        axis: where the axis of the indices goes in the result; 1 gives (b, k, h, w) from (b, h, w).

    Returns:
        The indices in their order, (k, …) for axis 0; float32, or float64 if a variable is.
        Conditions give 1 and 0.

    Raises:
        FormulaError: a formula needs a name that has no array.

    Edges: as `Formula`.
    """
    for index in indices:
        require_names(index.formula.names, variables, f"index {index.name}")
    program = program_for(tuple(index.formula.tree for index in indices))
    if any(is_tensor(value) for value in variables.values()):
        return _stack_tensors(program.run(variables), axis)
    with np.errstate(all="ignore"):
        arrays = program.run(variables)
        return np.stack(arrays, axis=axis, dtype=_float_type(arrays), casting="unsafe")


def variables_from(array: Array, bands: Sequence[Band]) -> dict[str, Array]:
    """Split an image into one array per band, in physical values, under its name and its codes.

    Args:
        array: (…, band, h, w), numpy or torch, in the order of `bands`; any real type.
        bands: as many as the array has.

    Returns:
        Name and codes of each band → (…, h, w): raw * scale + offset; NaN where a band with a nodata value has
        it. Bands without nodata, scale and offset are views of the array, of its own type.

    Edges: where two bands share a name or code, the first keeps it.
    """
    variables: dict[str, Array] = {}
    for position, band in enumerate(bands):
        values = physical(array[..., position, :, :], band)
        for name in (band.name, *band.codes):
            variables.setdefault(name, values)
    return variables


def physical(raw: Array, band: Band) -> Array:
    """Turn one band's raw values into physical ones: nodata becomes NaN, then scale and offset apply."""
    values = _without_nodata(raw, band.nodata)
    if band.scale == 1.0 and band.offset == 0.0:
        return values
    return _as_float(values) * band.scale + band.offset


def _without_nodata(raw: Array, nodata: float | None) -> Array:
    """Put NaN where the raw value is nodata."""
    if nodata is None or nodata != nodata:
        return raw
    missing = raw == nodata
    values = _as_float(raw)
    if is_tensor(values):
        return values.masked_fill(missing, float("nan"))
    if not missing.any():
        return raw
    return np.where(missing, values.dtype.type(np.nan), values)


def _as_float(values: Array) -> Array:
    """Return floats as they are and integers as float32."""
    if is_tensor(values):
        return values if values.dtype.is_floating_point else values.float()
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def _stack_tensors(arrays: list[Array], axis: int) -> Array:
    """Stack tensors, conditions as 1 and 0."""
    torch = sys.modules["torch"]
    wide = any(array.dtype == torch.float64 for array in arrays)
    dtype = torch.float64 if wide else torch.float32
    return torch.stack([array.to(dtype) for array in arrays], dim=axis)


def _float_type(arrays: list[Array]) -> type[np.floating[Any]]:
    """Return the widest float type among arrays, float32 at least."""
    return np.float64 if any(array.dtype == np.float64 for array in arrays) else np.float32
