"""`landseer indices [TEXT…]`: spectral indices and their formulas."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from landseer.cli.verb import Json, emit, room, verb_app
from landseer.errors import UsageError

app = verb_app()

_KERNEL = re.compile(r"k[A-Z][A-Z]")


@app.command()
def indices(
    text: Annotated[
        list[str] | None,
        typer.Argument(help="Only those with all these words in name, long name or domain."),
    ] = None,
    bands: Annotated[
        str | None,
        typer.Option(help="Only those that need no more than these band codes, e.g. B,G,R,N,S1."),
    ] = None,
    clashes: Annotated[
        bool, typer.Option("--clashes", help="Only names that mean two things, both of them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List spectral indices with formula, bands and reference."""
    entries = _entries(clashing_only=clashes)
    found = _filtered(entries, text or (), _codes(bands))
    if not found:
        raise _nothing(entries, text or (), bands)
    emit(
        {"count": len(found), "indices": found},
        as_json=as_json,
        text="\n".join([*map(_lines, found.values()), f"{len(found)} indices"]),
    )


def _entries(*, clashing_only: bool) -> dict[str, dict[str, Any]]:
    """Return what is known of each index by the name under which a recipe asks for it."""
    spectral = room("spectral")
    catalogue, clashing = spectral.load_catalogue(), spectral.clashes()
    prefix = room("spectral.catalogue").KELP_PREFIX
    plain = [name for name in catalogue if not name.startswith(prefix)]
    names = [*(clashing if clashing_only else plain), *(prefix + name for name in clashing)]
    known = spectral.constants()
    ordered = sorted(names, key=lambda name: (name.removeprefix(prefix).lower(), name))
    return {name: _entry(name, catalogue[name], known) for name in ordered}


def _entry(name: str, index: Any, constants: dict[str, Any]) -> dict[str, Any]:
    """Describe one index."""
    terms = index.terms or sorted(room("spectral").Formula.parse(index.formula).names)
    return {
        "name": name,
        "long_name": index.long_name,
        "formula": index.formula,
        "bands": _bands(terms, constants),
        "constants": dict(index.constants),
        "domain": index.domain,
        "source": index.source,
        "reference": index.reference,
        "doi": index.doi,
    }


def _bands(terms: Sequence[str], constants: dict[str, Any]) -> list[str]:
    """Return the band codes among a formula's terms; a kernel such as `kNR` stands for its two."""
    parts = [part for term in terms for part in (term[1:] if _KERNEL.fullmatch(term) else [term])]
    return list(dict.fromkeys(part for part in parts if part not in constants))


def _codes(bands: str | None) -> set[str] | None:
    """Take band codes apart."""
    return None if bands is None else set(re.split(r"[\s,]+", bands.strip()))


def _filtered(
    entries: dict[str, dict[str, Any]], words: Sequence[str], codes: set[str] | None
) -> dict[str, dict[str, Any]]:
    """Keep the entries with all the words that need no more than the bands."""
    return {
        name: entry
        for name, entry in entries.items()
        if all(word.lower() in _searched(entry) for word in words)
        and (codes is None or codes >= set(entry["bands"]))
    }


def _searched(entry: dict[str, Any]) -> str:
    """Return the text in which words are looked for."""
    return " ".join((entry["name"], entry["long_name"], entry["domain"])).lower()


def _lines(entry: dict[str, Any]) -> str:
    """Write one index in two lines."""
    constants = "".join(
        f", {key} {'must be given' if value is None else f'{value:g}'}"
        for key, value in entry["constants"].items()
    )
    return (
        f"{entry['name']}  {entry['long_name']} ({entry['domain']})\n"
        f"    {entry['formula']}   [{' '.join(entry['bands'])}{constants}]   {entry['reference']}"
    )


def _nothing(
    entries: dict[str, dict[str, Any]], words: Sequence[str], bands: str | None
) -> UsageError:
    """Say that nothing fits, and what is near."""
    lower = {name.lower(): name for name in entries}
    near = [
        lower[match]
        for word in words
        for match in difflib.get_close_matches(word.lower(), lower, 3, 0.5)
    ]
    wanted = " ".join([*words, *([f"of the bands {bands}"] if bands else [])])
    hint = f"did you mean {', '.join(near)}?" if near else "`landseer indices` lists all"
    return UsageError(f"expected indices with {wanted}; there are none", do=hint)
