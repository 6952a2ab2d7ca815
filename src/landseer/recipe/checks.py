"""What parts of a recipe must agree on: bands, indices, formulas, classes, encoder, scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from landseer.adapters import config_bands, config_classes
from landseer.core.bands import Band
from landseer.errors import LandseerError
from landseer.losses.build import build_loss
from landseer.metrics.scores import score_names
from landseer.models.encoders import check_encoder
from landseer.quantities.d4 import TTA_SETS
from landseer.recipe.problems import Problem, nearest
from landseer.recipe.schema import Recipe
from landseer.spectral.formula import Formula
from landseer.spectral.resolve import resolve


def check_recipe(recipe: Recipe) -> list[Problem]:
    """List everything that does not fit together in a recipe whose parts are valid alone."""
    bands = config_bands(recipe.data)
    return [
        *_data(recipe),
        *_bands(recipe, bands),
        *_indices(recipe, bands),
        *_formulas(recipe, bands),
        *_model(recipe),
        *_loss(recipe),
        *_scores(recipe),
        *_tta(recipe),
    ]


def _data(recipe: Recipe) -> Iterator[Problem]:
    """The data's folder must be there."""
    root = Path(recipe.data.root)
    if not root.is_dir():
        yield Problem(("data", "root"), f"expected a folder, got none at {root}")


def _bands(recipe: Recipe, bands: Sequence[Band]) -> Iterator[Problem]:
    """Input bands must be bands of the data."""
    names = [band.name for band in bands]
    for number, name in enumerate(recipe.inputs.bands):
        if name not in names:
            yield Problem(
                ("inputs", "bands", number),
                f"expected a band of the data ({', '.join(names)}); got {name!r}"
                f"{nearest(name, names)}",
            )


def _indices(recipe: Recipe, bands: Sequence[Band]) -> Iterator[Problem]:
    """Indices must be known, and their bands be there."""
    for number, name in enumerate(recipe.inputs.indices):
        try:
            resolve([name], recipe.inputs.formulas, bands)
        except LandseerError as error:
            yield Problem(("inputs", "indices", number), _one_line(error))


def _formulas(recipe: Recipe, bands: Sequence[Band]) -> Iterator[Problem]:
    """Conditions and layers must be formulas over bands of the data."""
    texts: list[tuple[tuple[str | int, ...], str | None]] = [
        (("inputs", "valid"), recipe.inputs.valid),
        (("inputs", "keep_index_where"), recipe.inputs.keep_index_where),
        (("quality", "corrupted"), recipe.quality.corrupted),
        (("quality", "water"), recipe.quality.water),
        (("same_place", "valid"), recipe.same_place.valid),
    ]
    texts += [
        (("same_place", "layers", number), text)
        for number, text in enumerate(recipe.same_place.layers)
    ]
    known = {name for band in bands for name in (band.name, *band.codes)}
    for path, text in texts:
        if text is None:
            continue
        try:
            formula = Formula.parse(text)
        except LandseerError as error:
            yield Problem(path, _one_line(error))
            continue
        for name in sorted(formula.names - known):
            yield Problem(
                path,
                f"expected bands of the data ({', '.join(band.name for band in bands)}); "
                f"got {name!r}{nearest(name, known)}",
            )


def _model(recipe: Recipe) -> Iterator[Problem]:
    """The encoder must exist, and so must a local file of weights."""
    problem = check_encoder(recipe.model.encoder)
    if problem is not None:
        yield Problem(("model", "encoder"), problem)
    weights = recipe.model.weights
    if ("/" in weights or weights.endswith((".safetensors", ".pth"))) and not Path(
        weights
    ).exists():
        yield Problem(("model", "weights"), f"expected a file of weights, got none at {weights}")


def _loss(recipe: Recipe) -> Iterator[Problem]:
    """Losses must fit the classes."""
    try:
        build_loss(recipe.loss, len(config_classes(recipe.data)), recipe.model.activation)
    except LandseerError as error:
        yield from (Problem(("loss",), line) for line in error.message.splitlines())


def _scores(recipe: Recipe) -> Iterator[Problem]:
    """Scores that decide must be scores of these classes."""
    valid = score_names(config_classes(recipe.data).names)
    keys = (
        (("select", "metric"), recipe.select.metric),
        (("train", "monitor"), recipe.train.monitor),
    )
    for path, name in keys:
        if name is not None and name not in valid:
            yield Problem(
                path, f"expected one of {', '.join(valid)}; got {name!r}{nearest(name, valid)}"
            )


def _tta(recipe: Recipe) -> Iterator[Problem]:
    """Sets of symmetries must exist."""
    wanted = recipe.select.tta
    for name in [wanted] if isinstance(wanted, str) else wanted:
        if name != "auto" and name not in TTA_SETS:
            yield Problem(
                ("select", "tta"),
                f"expected auto or some of {', '.join(TTA_SETS)}; got {name!r}"
                f"{nearest(name, TTA_SETS)}",
            )


def _one_line(error: LandseerError) -> str:
    """Return an error's message as one line."""
    return " ".join([error.message, error.do]).strip().replace("\n", " ")
