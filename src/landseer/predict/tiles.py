"""From image files to maps, whatever their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from landseer.core.files import clear_leftovers
from landseer.models.outputs import make_quantity
from landseer.predict.engine import Run
from landseer.predict.ensemble import Ensemble, Voting
from landseer.predict.inputs import Job, find_images, plan_jobs
from landseer.predict.journal import folder_of, forget
from landseer.predict.key import keyed
from landseer.predict.legends import write_legends
from landseer.predict.map_items import write_items
from landseer.predict.model_folder import Loader, MemberSource, load_model_folder
from landseer.predict.options import PredictOptions, PredictSummary
from landseer.predict.output import files_of, is_complete, refuse_foreign
from landseer.predict.spec import MemberSpec, ModelSpec, Naming
from landseer.predict.stac_model import ITEM_FILE


def predict_files(
    model_folder: Path,
    inputs: Sequence[Path | str],
    out: Path,
    options: PredictOptions | None = None,
) -> PredictSummary:
    """Predict image files with a saved model.

    Args:
        model_folder: the deliverable that `save_model_folder` wrote.
        inputs: files, windows of files, STAC items, folders or globs; see `find_images`.
        out: folder of the maps; created when missing.
        options: see `PredictOptions`.

    Returns:
        What was written, kept and failed. Headers of all images are looked at before the first is predicted.

    Raises:
        FileReadError: no model, no input, no area of interest, or (strict) an unreadable image.
        BandError: all images, or (strict) one, have another number of bands than the model expects.
        DataError: the area of interest has no polygon.
        UsageError: two images would write the same map.
        WriteError: a map cannot be written.
    """
    options = options or PredictOptions()
    spec, loaders = load_model_folder(Path(model_folder))
    ensemble = build_ensemble(spec, loaders, options)
    item = Path(model_folder) / ITEM_FILE
    return predict_images(
        ensemble, spec, inputs, out, options, model=item if item.is_file() else None
    )


def build_ensemble(
    spec: ModelSpec, members: Sequence[nn.Module | Loader], options: PredictOptions | None = None
) -> Ensemble:
    """Build the ensemble a spec describes from its members or their loaders."""
    options = options or PredictOptions()
    voting = Voting(
        weights=tuple(member.weight for member in spec.members),
        tta=spec.tta,
        hard=spec.vote == "hard",
        threshold=spec.threshold,
        member_threshold=spec.member_threshold,
        class_factors=spec.class_factors,
        class_thresholds=spec.class_thresholds,
        member_tta=_views_of(spec),
        voices=voices_of(spec.members),
    )
    return Ensemble(
        members,
        {n: make_quantity(t, len(spec.classes), spec.model) for n, t in spec.targets.items()},
        voting,
        precision=options.precision or spec.precision,
        keep_loaded=options.keep_loaded,
        calibrator=spec.calibrator,
    )


def voices_of(members: Sequence[MemberSpec | MemberSource]) -> tuple[int, ...]:
    """Number the voices of members, see `Voting`; nothing where each is one."""
    keys = [
        (one.fold, one.seed, one.voice) if one.voice else number
        for number, one in enumerate(members)
    ]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return tuple(numbers[key] for key in keys) if len(numbers) < len(members) else ()


def _views_of(spec: ModelSpec) -> tuple[str, ...]:
    """Return the views of each member, nothing where all have the model's."""
    if all(member.tta is None for member in spec.members):
        return ()
    return tuple(member.tta or spec.tta for member in spec.members)


def predict_images(
    ensemble: Ensemble,
    spec: ModelSpec,
    inputs: Sequence[Path | str],
    out: Path,
    options: PredictOptions | None = None,
    *,
    model: Path | None = None,
) -> PredictSummary:
    """Predict image files with an ensemble in memory; see `predict_files`.

    Args:
        ensemble, spec: the networks and what they take and give.
        inputs, out, options: as of `predict_files`.
        model: the model's STAC item, to which those of the maps point.
    """
    options = options or PredictOptions()
    jobs = jobs_of(ensemble, spec, inputs, out, options)
    return predict_jobs(ensemble, spec, jobs, out, options, model=model)


def predict_jobs(
    ensemble: Ensemble,
    spec: ModelSpec,
    jobs: Sequence[Job],
    out: Path,
    options: PredictOptions | None = None,
    *,
    model: Path | None = None,
) -> PredictSummary:
    """Predict images whose files are named already; see `predict_images`.

    Edges: maps that are complete are kept where they are of the same image, model and settings; maps of others are
        replaced, other people's rasters are not.

    Raises:
        UsageError: a raster that no prediction has made has the name of a map.
    """
    options = options or PredictOptions()
    jobs, todo = keyed(jobs, ensemble, spec, options), list[Job]()
    clear_leftovers(path for job in jobs for path in files_of(job, options))
    for job in jobs:
        if options.overwrite:
            todo.append(job)
        elif is_complete(job, spec, options):
            forget(folder_of(job.output))  # left by a run that was killed just after its last map
        else:
            refuse_foreign(job, spec, options)
            todo.append(job)
    summary = Run(ensemble, spec, options).predict(todo, Path(out), n_kept=len(jobs) - len(todo))
    if options.legend:
        write_legends(jobs, spec, options)
    if options.stac:
        write_items(jobs, spec, options, model)
    return summary


def jobs_of(
    ensemble: Ensemble,
    spec: ModelSpec,
    inputs: Sequence[Path | str],
    out: Path,
    options: PredictOptions,
) -> tuple[Job, ...]:
    """List the images of some inputs with the files that they become."""
    naming = options.naming or spec.naming or Naming()
    quantities = ensemble.quantities
    dense = [n for n, q in quantities.items() if q.extent == "dense" and q.kind != "mask"]
    numbers = any(quantity.extent == "image" for quantity in quantities.values())
    mask = any(quantity.kind == "mask" for quantity in quantities.values())
    images = find_images(inputs, naming)
    return plan_jobs(images, Path(out), naming, dense, mask=mask, numbers=numbers)
