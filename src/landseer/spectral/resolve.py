"""From names in a recipe to formulas over the bands at hand, or an error that says what is missing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from landseer.core.bands import Band
from landseer.errors import FormulaError
from landseer.spectral.catalogue import Index, band_codes, constants, load_catalogue
from landseer.spectral.formula import Formula
from landseer.spectral.grammar import Definition
from landseer.spectral.kernels import kernel_definitions

FormulaSpec = str | Mapping[str, Definition]
"""A formula's text, or `{index: NAME, constant: number, …}`: an index of the catalogue with other constants.

A constant may be a number or a formula (`sigma: "0.5*(N + R)"`); `kernel` chooses linear, poly or RBF for
kernel indices.
"""

_KERNEL_CONSTANTS = ("L", "c", "p", "sigma")


@dataclass(frozen=True, slots=True)
class ResolvedIndex:
    """An index channel.

    Attributes:
        name: the channel's name, as the recipe writes it.
        formula: over bands that are there.
        masked: whether a mask of usable pixels applies to it.
    """

    name: str
    formula: Formula
    masked: bool = True


def resolve(
    names: Iterable[str], formulas: Mapping[str, FormulaSpec], bands: Sequence[Band]
) -> list[ResolvedIndex]:
    """Find the formulas of index channels.

    Args:
        names: indices of the catalogue (`NDVI`, `kelp:AVI`) or of `formulas`, each once.
        formulas: name → formula of the user's own; those not in `names` follow in their order.
        bands: what is there; formulas know a band by its name and by its codes.

    Returns:
        One per name, in this order; a name in both is the user's own.

    Raises:
        FormulaError: an index is not known (the nearest names are given), needs a band that is not there
            (its code is named), needs a constant without default, or is asked for twice.
    """
    ordered = [*names, *(name for name in formulas if name not in set(names))]
    twice = sorted({name for name in ordered if ordered.count(name) > 1})
    if twice:
        raise FormulaError(f"expected each index once; got {', '.join(twice)} more than once")
    return [_resolve_one(name, formulas.get(name, {"index": name}), bands) for name in ordered]


def _resolve_one(name: str, spec: FormulaSpec, bands: Sequence[Band]) -> ResolvedIndex:
    """Resolve one channel."""
    if isinstance(spec, str):
        resolved = ResolvedIndex(name, Formula.parse(spec))
    else:
        resolved = _from_catalogue(name, spec)
    _require_bands(resolved, bands)
    return resolved


def _from_catalogue(name: str, spec: Mapping[str, Definition]) -> ResolvedIndex:
    """Put constants and kernels into a formula of the catalogue."""
    index = _find(name, str(spec.get("index", name)))
    given = {key: value for key, value in spec.items() if key not in {"index", "kernel"}}
    kernel = kernel_definitions(index.terms, str(spec.get("kernel", "RBF")))
    if "kernel" in spec and not kernel:
        raise FormulaError(
            f"expected a kernel index; {index.name} has no kernel", where=f"index {name}"
        )
    known = dict(index.constants)
    if kernel:
        known |= {key: value for key, value in constants().items() if key in _KERNEL_CONSTANTS}
    _require_constants(name, index, given, known)
    defaults = {key: value for key, value in known.items() if value is not None}
    formula = Formula.parse(index.formula, {**kernel, **defaults, **given})
    return ResolvedIndex(name, formula, index.masked)


def _find(name: str, wanted: str) -> Index:
    """Look an index up, or say which names are near."""
    catalogue = load_catalogue()
    if wanted in catalogue:
        return catalogue[wanted]
    lower = {key.lower(): key for key in catalogue}
    near = [lower[key] for key in difflib.get_close_matches(wanted.lower(), lower, 3, 0.5)]
    raise FormulaError(
        f"expected an index of the catalogue; got {wanted!r}",
        where=f"index {name}",
        do=f"did you mean {', '.join(near)}?" if near else "give its formula under `formulas`",
    )


def _require_constants(
    name: str, index: Index, given: Mapping[str, Definition], known: Mapping[str, float | None]
) -> None:
    """Raise unless every given constant is one of the index and every constant has a value."""
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise FormulaError(
            f"expected constants of {index.name} ({', '.join(sorted(known)) or 'it has none'}); "
            f"got {', '.join(unknown)}",
            where=f"index {name}",
        )
    missing = sorted(key for key, value in known.items() if value is None and key not in given)
    if missing:
        example = ", ".join(f"{key}: NUMBER" for key in missing)
        raise FormulaError(
            f"expected a value for {', '.join(missing)}, which {index.name} needs and which has no default",
            where=f"index {name}",
            do=f"under `formulas` write {name}: {{index: {index.name}, {example}}}",
        )


def _require_bands(index: ResolvedIndex, bands: Sequence[Band]) -> None:
    """Raise unless every name of the formula is a band's name or code."""
    there = {name for band in bands for name in (band.name, *band.codes)}
    missing = sorted(index.formula.names - there)
    if not missing:
        return
    words = band_codes()
    described = [f"{code} ({words[code]})" if code in words else code for code in missing]
    near = {item for code in missing for item in difflib.get_close_matches(code, there, 2)}
    hint = f"did you mean {', '.join(sorted(near))}? " if near else ""
    raise FormulaError(
        f"expected bands {', '.join(sorted(index.formula.names))}; missing {', '.join(described)}",
        where=f"index {index.name}: {index.formula.text}",
        do=f"{hint}bands and codes there are: {', '.join(sorted(there))}",
    )
