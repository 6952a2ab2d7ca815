"""What parts of a recipe must agree on: bands, indices, formulas, classes, encoder, scores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from landseer.adapters import config_bands, config_classes, config_references
from landseer.adapters.pattern import find_files
from landseer.audit.ground import layer_rasters, rectify_faults
from landseer.core.bands import Band
from landseer.errors import LandseerError
from landseer.feed.targets import make_evaluation
from landseer.losses.build import build_loss
from landseer.models.decoders import decoder_settings
from landseer.models.encoders import check_encoder, check_weights
from landseer.models.inputs import plan_inputs
from landseer.quantities.d4 import TTA_SETS
from landseer.quantities.views import problem_of_views
from landseer.raster.read import read_info
from landseer.recipe.problems import Problem
from landseer.recipe.schema import Recipe
from landseer.recipe.target_checks import (
    LOSS_LINE,
    heads,
    target_losses,
    targets,
    too_few_classes,
)
from landseer.recipe.targets import specs_of
from landseer.recipe.tune_checks import tune_problems
from landseer.recipe.wording import nearest, not_among
from landseer.recipe.yaml_file import KeyPath
from landseer.spectral.formula import Formula
from landseer.spectral.resolve import resolve

_SINGLE_EQUALS = re.compile(r"(?<![=<>!])=(?!=)")


def check_recipe(recipe: Recipe) -> list[Problem]:
    """List everything that does not fit together in a recipe whose parts are valid alone.

    Args:
        recipe: a recipe; of one whose parts are not all there, what is there is checked.
    """
    there = set(vars(recipe))
    unread = _unread(recipe) if "data" in there else []
    known = there - {"data"} if unread else there
    checks = [check for needs, check in CHECKS if known >= set(needs)]
    found = [*unread, *(problem for check in checks for problem in check(recipe))]
    is_sound = not found and isinstance(recipe, Recipe)
    return [*tune_problems(recipe, check_recipe)] if is_sound else found


def _unread(recipe: Recipe) -> list[Problem]:
    """Say why bands that only the data can tell are not to be had; nothing can be compared with them then."""
    try:
        config_bands(recipe.data)
    except LandseerError as error:
        where = f", in {error.where}" if error.where else ""
        return list(_data(recipe)) or [Problem(("data",), f"{_one_line(error)}{where}")]
    return []


def _data(recipe: Recipe) -> Iterator[Problem]:
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


def _bands(recipe: Recipe) -> Iterator[Problem]:
    """Input bands must be bands of the data."""
    names = [band.name for band in config_bands(recipe.data)]
    for number, name in enumerate(recipe.inputs.bands):
        if name not in names:
            yield Problem(("inputs", "bands", number), _not_a_band(name, names, names))


def _not_a_band(name: str, names: Sequence[str], known: Sequence[str]) -> str:
    """Say which bands there are."""
    return f"expected a band of the data ({', '.join(names)}); got {name!r}{nearest(name, known)}"


def _indices(recipe: Recipe) -> Iterator[Problem]:
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
            yield Problem(path, _one_line(error))


def _conditions(recipe: Recipe) -> Iterator[Problem]:
    """What says which pixels count must be conditions over bands of the data."""
    yield from _formula(recipe, ("inputs", "valid"), recipe.inputs.valid, condition=True)
    yield from _formula(
        recipe, ("inputs", "keep_index_where"), recipe.inputs.keep_index_where, condition=True
    )


def _quality(recipe: Recipe) -> Iterator[Problem]:
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


def _exclusions(recipe: Recipe) -> Iterator[Problem]:
    """The list of what people left out must be there."""
    path = recipe.quality.exclusions
    if path is not None and not path.is_file():
        message = f"expected a CSV with the columns sample, exclude, reason; got nothing at {path}"
        yield Problem(("quality", "exclusions"), message)


def _same_place(recipe: Recipe) -> Iterator[Problem]:
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


def _inputs_as_a_whole(recipe: Recipe) -> Iterator[Problem]:
    """Band names must not be other bands' codes, and whatever else only the whole shows."""
    if any(True for check in (_bands, _indices, _conditions) for _ in check(recipe)):
        return
    try:
        plan_inputs(recipe.inputs, config_bands(recipe.data))
    except LandseerError as error:
        yield Problem(("inputs",), _one_line(error))


def _model(recipe: Recipe) -> Iterator[Problem]:
    """Encoder and weights must exist, and the decoder have the settings asked for."""
    encoder = check_encoder(recipe.model.encoder)
    if encoder is not None:
        yield Problem(("model", "encoder"), encoder)
        return
    weights = check_weights(recipe.model.encoder, recipe.model.weights)
    if weights is not None:
        yield Problem(("model", "weights"), weights)
    try:
        decoder_settings(recipe.model)
    except LandseerError as error:
        yield Problem(tuple(error.where.split(".")), _one_line(error))


def _loss(recipe: Recipe) -> Iterator[Problem]:
    """Losses must fit the classes, where a mask has none of its own."""
    named = recipe.targets.values()
    if named and not any(one.quantity == "mask" and not one.loss for one in named):
        return
    try:
        build_loss(recipe.loss, len(config_classes(recipe.data)), recipe.model.activation)
    except LandseerError as error:
        for line in error.message.splitlines():
            match = LOSS_LINE.fullmatch(line)
            yield Problem(("loss", int(match[1])), match[2]) if match else Problem(("loss",), line)


def _metric(recipe: Recipe) -> Iterator[Problem]:
    """The score that decides must be one of these classes' scores."""
    yield from _score(recipe, ("select", "metric"), recipe.select.metric)


def _monitor(recipe: Recipe) -> Iterator[Problem]:
    """The score that is watched must be one of these classes' scores."""
    yield from _score(recipe, ("train", "monitor"), recipe.train.monitor)


def _score(recipe: Recipe, path: KeyPath, name: str | None) -> Iterator[Problem]:
    """A score's name must be one of these targets' scores."""
    try:
        valid = make_evaluation(specs_of(recipe.targets), config_classes(recipe.data).names).names
    except LandseerError as error:
        at: KeyPath = ("targets",) if error.where == "targets" else ("data", "classes")
        yield Problem(at, _one_line(error))
        return
    if name is not None and name not in valid:
        yield Problem(path, not_among(valid, name))


def _tta(recipe: Recipe) -> Iterator[Problem]:
    """Sets of symmetries must exist."""
    wanted = recipe.select.tta
    paths: Mapping[KeyPath, str] = (
        {("select", "tta"): wanted}
        if isinstance(wanted, str)
        else {("select", "tta", number): name for number, name in enumerate(wanted)}
    )
    valid = ["auto", *TTA_SETS] if isinstance(wanted, str) else list(TTA_SETS)
    for path, name in paths.items():
        if name == "auto" and isinstance(wanted, str):
            continue
        problem = problem_of_views(name)
        if problem is not None:
            is_plain = not set(name) & set("*@")
            yield Problem(path, not_among(valid, name) if is_plain else problem)
    if not paths:
        yield Problem(("select", "tta"), f"expected at least one of {', '.join(TTA_SETS)}; got []")


def _calibrate(recipe: Recipe) -> Iterator[Problem]:
    """Only averages of probabilities can be calibrated."""
    kind = recipe.calibrate.kind
    if recipe.select.vote == "hard" and kind not in ("auto", "none"):
        said = f"expected auto or none where select.vote is hard; got {kind}"
        yield Problem(("calibrate", "kind"), said)


def _decision(recipe: Recipe) -> Iterator[Problem]:
    """What decides a pixel must be possible with so many classes and seeds."""
    config, n_classes = recipe.select, len(config_classes(recipe.data))
    if config.vote == "hard" and config.is_searched(n_classes, len(recipe.train.member_seeds)):
        said = "expected soft where members or factors are searched; got hard"
        yield Problem(("select", "vote"), said)
    if isinstance(config.threshold, float) and n_classes > 2:
        said = (
            f"expected tune, argmax or per_class with {n_classes} classes; got {config.threshold:g}"
        )
        yield Problem(("select", "threshold"), said)


def _folds(recipe: Recipe) -> Iterator[Problem]:
    """Folds to train must be folds of the split."""
    n_lists = len(getattr(recipe.split, "files", ()))
    n_inner = n_lists - 1 if n_lists and recipe.split.outer else n_lists
    count = getattr(recipe.split, "n_folds", None) or n_inner
    for number, fold in enumerate(recipe.train.folds or ()):
        if fold < 0 or (count and fold >= count):
            last = f"from 0 to {count - 1}" if count else "of 0 or more"
            yield Problem(("train", "folds", number), f"expected a fold {last}; got {fold}")


def _split_files(recipe: Recipe) -> Iterator[Problem]:
    """Lists of samples must be there."""
    files = enumerate(getattr(recipe.split, "files", ()))
    paths: list[tuple[KeyPath, Any]] = [
        (("split", "files", number), file) for number, file in files
    ]
    paths.append((("split", "holdout_file"), getattr(recipe.split, "holdout_file", None)))
    for path, file in paths:
        if file is not None and not Path(file).is_file():
            yield Problem(path, f"expected a text file of sample names; got nothing at {file}")


def _split_needs(recipe: Recipe) -> Iterator[Problem]:
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


def _augment(recipe: Recipe) -> Iterator[Problem]:
    """Augmentation must be such that every target can follow."""
    kinds = {target.quantity for target in recipe.targets.values()}
    if recipe.augment.border == "reflect" and "direction" in kinds:
        yield Problem(
            ("augment", "border"),
            "expected `ignore`, for mirrored ground leans the other way; got 'reflect' beside a direction",
        )
    if (
        recipe.augment.shear_deg
        and kinds & {"magnitude", "flow_scale"}
        and "direction" not in kinds
    ):
        yield Problem(
            ("augment", "shear_deg"),
            "expected 0, for displacements can follow a shear only beside a direction; "
            f"got {recipe.augment.shear_deg:g}",
        )


def _maps(recipe: Recipe) -> Iterator[Problem]:
    """Things that are counted must be classes of the data; windows must hold their overlap."""
    names = config_classes(recipe.data).names
    for number, name in enumerate(recipe.maps.objects):
        if name not in names:
            yield Problem(("maps", "objects", number), not_among(names, name))
    window_px, overlap_px = recipe.maps.windows(recipe.model.slices)
    if 2 * overlap_px > window_px:
        yield Problem(
            ("maps", "overlap_px"),
            f"expected at most half of window_px ({window_px}); got {overlap_px}",
        )


Check = Callable[[Recipe], Iterator[Problem]]

CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("data",), _data),
    (("data", "targets"), too_few_classes),
    (("data", "targets"), targets),
    (("data", "model", "targets"), target_losses),
    (("data", "model", "targets"), heads),
    (("data", "quality"), _quality),
    (("quality",), _exclusions),
    (("data", "same_place"), _same_place),
    (("split",), _split_files),
    (("data", "split"), _split_needs),
    (("data", "inputs"), _bands),
    (("data", "inputs"), _indices),
    (("data", "inputs"), _conditions),
    (("data", "inputs"), _inputs_as_a_whole),
    (("model",), _model),
    (("data", "model", "targets", "loss"), _loss),
    (("targets", "augment"), _augment),
    (("split", "train"), _folds),
    (("data", "targets", "train"), _monitor),
    (("data", "model", "maps"), _maps),
    (("data", "targets", "select"), _metric),
    (("select",), _tta),
    (("select", "calibrate"), _calibrate),
    (("data", "select", "train"), _decision),
)
"""Each check with the parts of the recipe that it looks at; it is left out where one of them is not valid."""


def _one_line(error: LandseerError) -> str:
    """Return an error's message and advice as one line."""
    return "; ".join(part for part in (error.message, error.do) if part).replace("\n", " ")
