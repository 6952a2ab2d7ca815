"""Kernels k(a, b) of the kernel indices, written as formulas."""

from __future__ import annotations

import re
from collections.abc import Iterable

from landseer.errors import FormulaError

KERNELS: dict[str, str] = {
    "linear": "({a})*({b})",
    "poly": "(({a})*({b}) + c)**p",
    "RBF": "exp(-1.0*({a} - {b})**2/(2.0*sigma**2))",
}
"""Kernel name → formula of two bands; constants c, p and sigma (Camps-Valls et al. 2021, 10.1126/sciadv.abc7447)."""

_TERM = re.compile(r"k([A-Z])([A-Z])")


def kernel_definitions(names: Iterable[str], kernel: str) -> dict[str, str]:
    """Define the kernel terms among some names.

    Args:
        names: e.g. `kNN`, `kNR`; `kNR` is k(N, R), and `kNL` takes the constant L as second operand.
        kernel: one of `KERNELS`.

    Returns:
        Term → formula, for those names that are kernel terms.

    Raises:
        FormulaError: the kernel is not known.
    """
    if kernel not in KERNELS:
        raise FormulaError(f"expected a kernel of {', '.join(KERNELS)}; got {kernel!r}")
    found = {name: _TERM.fullmatch(name) for name in names}
    return {
        name: KERNELS[kernel].format(a=match[1], b=match[2])
        for name, match in found.items()
        if match
    }
