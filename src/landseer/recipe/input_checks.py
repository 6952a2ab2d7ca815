"""What a recipe says of data and inputs, against the data: folders, lists, bands, indices, formulas, conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from landseer.adapters import config_bands, config_classes, config_references
from landseer.audit.ground import layer_rasters, rectify_faults
from landseer.core.bands import Band
from landseer.errors import LandseerError
from landseer.models.inputs import plan_inputs
from landseer.recipe.problems import Problem
from landseer.recipe.schema import Recipe
from landseer.recipe.wording import nearest, not_among, one_line
from landseer.recipe.yaml_file import KeyPath
from landseer.spectral.formula import Formula
from landseer.spectral.resolve import resolve

_SINGLE_EQUALS = re.compile(r"(?<![=<>!])=(?!=)")


def data(recipe: Recipe) -> Iterator[Problem]:
    """The data's folder must be there; a catalogue may be named by its file."""
    root = Path(recipe.data.root)
    if not root.is_dir() and not (recipe.data.adapter == "stac" and root.is_file()):
        came = "a file" if root.exists() else "nothing"
        yield Problem(("data", "root"), f"expected a folder; got {came} at {root}{_nearby(root)}")


def _nearby(path: Path) -> str:
    """Say how far a path leads, or which folder of a similar name is there."""
    parent = next((folder for folder in path.parents if folder.is_dir()), None)
    if parent is None or path.exists():
        return ""
    missing = path.relative_to(parent).parts[0]
    names = [folder.name for folder in parent.iterdir() if folder.is_dir()]
    return nearest(missing, names) or f"; {parent} is there"


def bands(recipe: Recipe) -> Iterator[Problem]:
    """Input bands must be bands of the data."""
    names = [band.name for band in config_bands(recipe.data)]
    for number, name in enumerate(recipe.inputs.bands):
        if name not in names:
            yield Problem(("inputs", "bands", number), _not_a_band(name, names, names))


def _not_a_band(name: str, names: Sequence[str], known: Sequence[str]) -> str:
    """Say which bands there are."""
    return f"expected a band of the data ({', '.join(names)}); got {name!r}{nearest(name, known)}"


def indices(recipe: Recipe) -> Iterator[Problem]:
    """Indices must be known, own formulas be readable, and the bands of both be there."""
    bands, formulas = config_bands(recipe.data), recipe.inputs.formulas
    wanted: list[tuple[KeyPath, str]] = [
        (("inputs", "indices", number), name)
        for number, name in enumerate(recipe.inputs.indices)
        if name not in formulas
    ]
    wanted += [(("inputs", "formulas", name), name) for name in formulas]
    for path, name in wanted:
        own = {name: formulas[name]} if name in formulas else {}
        try:
            resolve([name], own, bands)
        except LandseerError as error:
            yield Problem(path, one_line(error))


def conditions(recipe: Recipe) -> Iterator[Problem]:
    """What says which pixels count must be conditions over bands of the data."""
    yield from _formula(recipe, ("inputs", "valid"), recipe.inputs.valid, condition=True)
    yield from _formula(
        recipe, ("inputs", "keep_index_where"), recipe.inputs.keep_index_where, condition=True
    )


def quality(recipe: Recipe) -> Iterator[Problem]:
    """What is counted must be formulas over bands of the data; suspects must be conditions."""
    yield from _formula(recipe, ("quality", "corrupted"), recipe.quality.corrupted)
    yield from _formula(recipe, ("quality", "water"), recipe.quality.water)
    yield from _formula(recipe, ("quality", "saturated"), recipe.quality.saturated)
    for number, rule in enumerate(recipe.quality.suspects):
        path: KeyPath = ("quality", "suspects", number, "where")
        yield from _formula(None, path, rule.where, condition=True)
    names = config_classes(recipe.data).names
    for name, figure in recipe.quality.figures.items():
        yield from _formula(recipe, ("quality", "figures", name, "where"), figure.where)
        if figure.of not in names:
            yield Problem(("quality", "figures", name, "of"), not_among(names, figure.of))


def exclusions(recipe: Recipe) -> Iterator[Problem]:
    """The list of what people left out must be there."""
    path = recipe.quality.exclusions
    if path is not None and not path.is_file():
        message = f"expected a CSV with the columns sample, exclude, reason; got nothing at {path}"
        yield Problem(("quality", "exclusions"), message)


def mined(recipe: Recipe) -> Iterator[Problem]:
    """The list of mined samples must be there, and the sampler look at its weights."""
    path = recipe.mine.mined
    if path is None:
        return
    if not Path(path).is_file():
        message = f"expected weights.csv of `landseer mine`; got nothing at {path}"
        yield Problem(("mine", "mined"), message)
    if recipe.train.sampler == "uniform":
        message = (
            "expected null with train.sampler uniform, which draws without weights; got a list of weights; "
            "write `train.sampler: weighted`"
        )
        yield Problem(("mine", "mined"), message)


def same_place(recipe: Recipe) -> Iterator[Problem]:
    """What is compared must be formulas over bands and rasters of the data, laid on the ground by its references."""
    references = config_references(recipe.data)
    yield from _formula(recipe, ("same_place", "valid"), recipe.same_place.valid)
    beside = [one.name for one in layer_rasters(references)]
    for number, text in enumerate(recipe.same_place.layers):
        yield from _formula(recipe, ("same_place", "layers", number), text, beside=beside)
    for key, message in rectify_faults(recipe.same_place.rectify, references):
        yield Problem(("same_place", "rectify", key), message)


def _formula(
    recipe: Recipe | None,
    path: KeyPath,
    text: str | None,
    *,
    condition: bool = False,
    beside: Sequence[str] = (),
) -> Iterator[Problem]:
    """A text must be a formula, over the data's bands, and what is `beside` them, where a recipe is given."""
    if text is None:
        return
    try:
        formula = Formula.parse(text)
    except LandseerError as error:
        yield Problem(path, _unreadable(error, text))
        return
    if condition and not formula.is_condition:
        yield Problem(path, f"expected a condition, such as `qa == 0`; got numbers from {text!r}")
    bands: Sequence[Band] = config_bands(recipe.data) if recipe is not None else ()
    known = [*(name for band in bands for name in (band.name, *band.codes)), *beside]
    for name in sorted(formula.names - set(known)) if bands else ():
        yield Problem(path, _not_a_band(name, [band.name for band in bands], known))


def _unreadable(error: LandseerError, text: str) -> str:
    """Say why a text is no formula, and what was probably meant."""
    if _SINGLE_EQUALS.search(text):
        return f"{error.message} in {text!r}; did you mean `==`?"
    return f"{error.message} in {text!r}; {error.do}"


def inputs_as_a_whole(recipe: Recipe) -> Iterator[Problem]:
    """Band names must not be other bands' codes, and whatever else only the whole shows."""
    if any(True for check in (bands, indices, conditions) for _ in check(recipe)):
        return
    try:
        plan_inputs(recipe.inputs, config_bands(recipe.data))
    except LandseerError as error:
        yield Problem(("inputs",), one_line(error))
