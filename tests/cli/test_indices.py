"""`landseer indices` finds formulas by word, by band and by ambiguity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from landseer.core.bands import Band
from landseer.spectral import clashes, load_catalogue, resolve

Landseer = Callable[..., Any]


def names(landseer: Landseer, *arguments: str) -> list[str]:
    """Return the names that are listed."""
    found = landseer("indices", *arguments, "--json").json
    assert found["count"] == len(found["indices"])
    return list(found["indices"])


def test_every_index_is_listed_once(landseer: Landseer) -> None:
    listed = names(landseer)
    plain = {name for name in load_catalogue() if not name.startswith("kelp:")}
    assert sorted(listed) == sorted(plain | {f"kelp:{name}" for name in clashes()})


def test_clashes_show_both_meanings(landseer: Landseer) -> None:
    listed = names(landseer, "--clashes")
    assert listed[:2] == ["AFRI1600", "kelp:AFRI1600"]
    assert len(listed) == 2 * len(clashes())


def test_text_is_two_lines_an_index(landseer: Landseer) -> None:
    answer = landseer("indices", "snow", "difference", "nbsi")
    assert answer.code == 2
    answer = landseer("indices", "kndvi")
    assert answer.out.splitlines() == [
        "kNDVI  Kernel Normalized Difference Vegetation Index (kernel)",
        "    (kNN - kNR)/(kNN + kNR)   [N R]   https://doi.org/10.1126/sciadv.abc7447",
        "1 indices",
    ]


def test_all_words_must_be_there(landseer: Landseer) -> None:
    listed = names(landseer, "normalized", "WATER")
    assert "NDWI" in listed
    assert "NDVI" not in listed


@pytest.mark.parametrize("codes", ["R,N", "N R", " R, N "])
def test_bands_leave_only_what_can_be_computed(landseer: Landseer, codes: str) -> None:
    listed = names(landseer, "--bands", codes)
    assert {"NDVI", "kNDVI", "kelp:AVI"} <= set(listed)
    assert "NDWI" not in listed
    bands = [Band("red", 1, ("R",)), Band("nir", 2, ("N",))]
    known = load_catalogue()
    free = [name for name in listed if None not in known[name].constants.values()]
    assert [one.name for one in resolve(free, {}, bands)] == free


def test_nothing_found_names_what_is_near(landseer: Landseer) -> None:
    answer = landseer("indices", "ndwii")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines() == [
        "landseer: expected indices with ndwii; there are none",
        "  do: did you mean NDWI, NDII, NDSII?",
    ]
    assert "`landseer indices` lists all" in landseer("indices", "zzzzzz", "--bands", "R").err
