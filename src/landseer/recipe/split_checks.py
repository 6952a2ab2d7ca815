"""What a recipe says of folds, against the data that they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from landseer.adapters.pattern import find_files
from landseer.errors import LandseerError
from landseer.raster.read import read_info
from landseer.recipe.problems import Problem
from landseer.recipe.schema import Recipe
from landseer.recipe.yaml_file import KeyPath


def folds(recipe: Recipe) -> Iterator[Problem]:
    """Folds to train must be folds of the split."""
    yield from _unknown_folds(recipe, ("train", "folds"), recipe.train.folds)


def tuned_folds(recipe: Recipe) -> Iterator[Problem]:
    """Folds that score trials, and those left for the end, must be folds of the split."""
    yield from _unknown_folds(recipe, ("tune", "folds"), recipe.tune.folds)
    yield from _unknown_folds(recipe, ("tune", "rescore_folds"), recipe.tune.rescore_folds)


def _unknown_folds(recipe: Recipe, path: KeyPath, named: Sequence[int] | None) -> Iterator[Problem]:
    """List numbers that are no folds of the split, as far as the recipe alone tells."""
    n_lists = len(getattr(recipe.split, "files", ()))
    n_inner = n_lists - 1 if n_lists and recipe.split.outer else n_lists
    count = getattr(recipe.split, "n_folds", None) or n_inner
    for number, fold in enumerate(named or ()):
        if fold < 0 or (count and fold >= count):
            last = f"from 0 to {count - 1}" if count else "of 0 or more"
            yield Problem((*path, number), f"expected a fold {last}; got {fold}")


def split_files(recipe: Recipe) -> Iterator[Problem]:
    """Lists of samples must be there."""
    files = enumerate(getattr(recipe.split, "files", ()))
    paths: list[tuple[KeyPath, Any]] = [
        (("split", "files", number), file) for number, file in files
    ]
    paths.append((("split", "holdout_file"), getattr(recipe.split, "holdout_file", None)))
    for path, file in paths:
        if file is not None and not Path(file).is_file():
            yield Problem(path, f"expected a text file of sample names; got nothing at {file}")


def split_needs(recipe: Recipe) -> Iterator[Problem]:
    """The data must have the sites, dates and places on the Earth that the split goes by."""
    data, split = recipe.data, recipe.split
    by_site = split.kind != "fixed" and getattr(split, "column", "") == "site"
    wanted = {
        "date": split.kind if split.kind == "by_time" else "",
        "site": split.kind if by_site else "holdout_sites" if _puts_sites_aside(split) else "",
    }
    for name, key in wanted.items():
        if key and not hasattr(data, name):
            message = (
                f"expected data with a {name} for each sample; adapter {data.adapter} brings none"
            )
            yield Problem(("split", "kind" if key == split.kind else key), message)
        elif key and getattr(data, name) is None and getattr(data, f"{name}_table") is None:
            message = f"expected {name} or {name}_table, for split {key} goes by it; got neither"
            yield Problem(("data",), message)
    key = "buffer_m" if getattr(split, "buffer_m", 0) else "kind"
    if (split.kind == "spatial_blocks" or key == "buffer_m") and _is_nowhere(data):
        message = (
            "expected images with CRS and transform, for distances on the ground; got one without"
        )
        yield Problem(("split", key), message)


def _puts_sites_aside(split: Any) -> bool:
    """Say whether the split puts values of the column `site` aside."""
    return bool(getattr(split, "holdout_sites", ())) and not hasattr(split, "column")


def _is_nowhere(data: Any) -> bool:
    """Say whether the first image is there and has no CRS."""
    if not hasattr(data, "images"):
        return False
    try:
        return read_info(find_files(Path(data.root), data.images)[0].path).crs is None
    except (LandseerError, IndexError):
        return False  # the stage that lists the samples says more of it
