"""What parts of a recipe must agree on: bands, indices, formulas, classes, encoder, scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from landseer.adapters import config_bands, config_classes
from landseer.errors import LandseerError
from landseer.feed.targets import make_evaluation
from landseer.losses.build import build_loss
from landseer.models.decoders import decoder_settings
from landseer.models.encoders import check_encoder, check_weights
from landseer.models.targets import MASK
from landseer.quantities.d4 import TTA_SETS
from landseer.quantities.views import problem_of_views
from landseer.recipe.input_checks import (
    bands,
    conditions,
    data,
    exclusions,
    indices,
    inputs_as_a_whole,
    mined,
    quality,
    same_place,
)
from landseer.recipe.problems import Problem
from landseer.recipe.schema import Recipe
from landseer.recipe.split_checks import folds, split_files, split_needs, tuned_folds
from landseer.recipe.target_checks import (
    LOSS_LINE,
    heads,
    target_losses,
    targets,
    too_few_classes,
)
from landseer.recipe.targets import specs_of
from landseer.recipe.tune_checks import tune_problems
from landseer.recipe.wording import not_among, one_line
from landseer.recipe.yaml_file import KeyPath
from landseer.select.sets import candidate_sets, parse_set


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
        return list(data(recipe)) or [Problem(("data",), f"{one_line(error)}{where}")]
    return []


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
        yield Problem(tuple(error.where.split(".")), one_line(error))


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
        yield Problem(at, one_line(error))
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


def _self_training(recipe: Recipe) -> Iterator[Problem]:
    """Teachers must have views that exist, networks that can disagree, and something to label."""
    config = recipe.selftrain
    path: KeyPath = ("selftrain", "tta")
    problem = None if config.tta is None else _problem_of_set(config.tta)
    if problem is not None:
        yield Problem(path, problem)
    elif config.pick.disagreement_at_most is not None and _teaches_alone(recipe):
        yield Problem(
            ("selftrain", "pick", "disagreement_at_most"),
            "expected null, for each fold's teacher is one network, which agrees with itself; "
            f"got {config.pick.disagreement_at_most:g}; give train.seeds two or more",
        )
    unlabelled = config.unlabelled
    if not (unlabelled.test or unlabelled.train or unlabelled.weak):
        message = (
            "expected samples that get pseudo-labels: true for test or train, or weak; got none"
        )
        yield Problem(("selftrain", "unlabelled"), message)


def _problem_of_set(name: str) -> str | None:
    """Say what is wrong with the name of a set of views and epochs; None where nothing is."""
    try:
        parse_set(name)
    except LandseerError as error:
        is_plain = not set(name) & set("*@+")
        return not_among(list(TTA_SETS), name) if is_plain else error.message
    return None


def _teaches_alone(recipe: Recipe) -> bool:
    """Say whether the teacher of a fold is surely one network, whatever is chosen."""
    config, train = recipe.selftrain, recipe.train
    if config.teachers == "all" or len(train.member_seeds) > 1:
        return False
    if config.rounds == 1 and _is_student(recipe):
        return False
    n_epochs = train.n_networks
    sets = candidate_sets(["none"], recipe.select, n_epochs) if config.tta is None else [config.tta]
    return max(len(parse_set(name).of(range(n_epochs))) for name in sets) == 1


def _is_student(recipe: Recipe) -> bool:
    """Say whether `selftrain.student` made the networks of a member as many as they are; the last ones teach nobody."""
    changes, train = recipe.selftrain.student, recipe.train
    is_soup = "train.soup" in changes and train.soup is not None
    return is_soup or changes.get("train.keep_best") == train.keep_best


def _aliases(recipe: Recipe) -> Iterator[Problem]:
    """The kelp system's names are of a class mask of two classes."""
    names = config_classes(recipe.data).names
    spec = specs_of(recipe.targets).get(MASK)
    is_mask = spec is not None and spec.quantity == "mask"
    if recipe.track.aliases == "kelp" and not (is_mask and len(names) == 2):
        came = f"{len(names)} classes" if is_mask else f"no class mask called {MASK}"
        yield Problem(
            ("track", "aliases"), f"expected null, for these are names of two classes; got {came}"
        )


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
    (("data",), data),
    (("data", "targets"), too_few_classes),
    (("data", "targets"), targets),
    (("data", "model", "targets"), target_losses),
    (("data", "model", "targets"), heads),
    (("data", "quality"), quality),
    (("quality",), exclusions),
    (("data", "same_place"), same_place),
    (("split",), split_files),
    (("data", "split"), split_needs),
    (("data", "inputs"), bands),
    (("data", "inputs"), indices),
    (("data", "inputs"), conditions),
    (("data", "inputs"), inputs_as_a_whole),
    (("model",), _model),
    (("data", "model", "targets", "loss"), _loss),
    (("targets", "augment"), _augment),
    (("split", "train"), folds),
    (("data", "targets", "train"), _monitor),
    (("data", "model", "maps"), _maps),
    (("data", "targets", "select"), _metric),
    (("select",), _tta),
    (("select", "calibrate"), _calibrate),
    (("train", "select", "selftrain"), _self_training),
    (("train", "mine"), mined),
    (("data", "targets", "track"), _aliases),
    (("split", "tune"), tuned_folds),
    (("data", "select", "train"), _decision),
)
"""Each check with the parts of the recipe that it looks at; it is left out where one of them is not valid."""
