"""The STAC item of a model folder, by the Machine Learning Model (MLM) extension."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from landseer import __version__
from landseer.core.files import write_json
from landseer.errors import FileReadError
from landseer.models.outputs import make_quantity
from landseer.models.targets import TargetSpec
from landseer.models.tree_files import library_of, tree_library
from landseer.predict.model_folder import SPEC_FILE, Loader, load_model_folder
from landseer.predict.spec import MemberSpec, ModelSpec
from landseer.predict.stac_fields import (
    FILE,
    PROCESSING,
    STAC_VERSION,
    UNKNOWN_TIME,
    class_list,
    href,
    plain_name,
)
from landseer.quantities import Quantity

ITEM_FILE = "model.stac.json"
MLM = "https://stac-extensions.github.io/mlm/v1.4.0/schema.json"

_SHA256 = "1220"
"""What stands before a SHA-256 of 32 bytes in a multihash."""

_ARTIFACTS = {
    ".safetensors": "safetensors.torch.save_file",
    ".ubj": "xgboost.Booster.save_model",
    ".txt": "lightgbm.Booster.save_model",
}

_RAW = (
    "Raw numbers as they stand in the file, NaN or the band's nodata value where nothing was measured. Filling, "
    "spectral indices and normalisation are layers of the model."
)


def item_of_model(
    folder: Path,
    *,
    recipe: Path | None = None,
    weights: str | None = None,
    item: Path | None = None,
) -> dict[str, Any]:
    """Describe a model folder as a STAC item.

    Args:
        folder: the model folder.
        recipe: the run's recipe, to be named as an asset.
        weights: what the encoders started from, as the recipe has it (`imagenet`, `none`, …), which the folder itself
            does not say; None leaves it out.
        item: where the item will lie; hrefs are relative to its folder. None: inside the model folder.

    Returns:
        Plain JSON values. Nothing in them depends on when or on which machine they are made, but for the versions of
        landseer and torch.

    Raises:
        FileReadError: it is no model folder, or a file is missing.
        DataError: as of `load_model_folder`.

    Edges: a model has no place and no time: no geometry, and `UNKNOWN_TIME`. Each member is an asset with its SHA-256.
        Parameters are those of all members.

    Source: MLM extension 1.4.0, STAC 1.1.0.
    """
    folder = Path(folder)
    spec, loaders = load_model_folder(folder, verify=False)
    at = (item or folder / ITEM_FILE).parent
    quantities = {
        n: make_quantity(t, len(spec.classes), spec.model) for n, t in spec.targets.items()
    }
    properties = {
        "title": spec.name,
        "description": _description(spec),
        **UNKNOWN_TIME,
        "bands": _bands(spec),
        "processing:software": {"landseer": spec.landseer},
        "mlm:name": mlm_name(spec.name),
        "mlm:architecture": _architecture(spec),
        "mlm:tasks": _tasks(spec.targets),
        **_framework(spec, loaders),
        **_pretrained(weights),
        "mlm:accelerator": None,
        "mlm:accelerator_constrained": False,
        "mlm:input": [_input(spec)],
        "mlm:output": _outputs(spec, quantities),
        "mlm:hyperparameters": _hyperparameters(spec),
    }
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": sorted([MLM, FILE, PROCESSING]),
        "id": plain_name(spec.name),
        "geometry": None,
        "properties": properties,
        "links": [],
        "assets": _assets(folder, spec, recipe, at),
    }


def write_model_item(
    folder: Path, *, recipe: Path | None = None, weights: str | None = None
) -> Path:
    """Write the STAC item of a model folder into it, whole or not at all; return where.

    Args:
        folder, recipe, weights: as of `item_of_model`.
    """
    target = Path(folder) / ITEM_FILE
    write_json(target, item_of_model(folder, recipe=recipe, weights=weights))
    return target


def mlm_name(text: str) -> str:
    """Return a name as the extension wants it: letters, digits, `_.-` and blanks, a letter first."""
    name = re.sub(r"[^a-zA-Z0-9_. -]+", "-", text).strip("-_. ")
    name = name if re.match("[a-zA-Z]", name) else f"model {name}".strip()
    return name if len(name) >= 3 else f"model {name}"


def _description(spec: ModelSpec) -> str:
    """Say in a sentence or two what the model is, and how good."""
    views = "" if spec.tta == "none" else f", {spec.tta} views of each image"
    n, what = len(spec.members), "networks" if spec.trees is None else f"{spec.trees.kind} models"
    members = (
        f"{n} {what} averaged" if spec.trees is None or n > 1 else f"One {spec.trees.kind} model"
    )
    text = f"{members}{views}, written by landseer {spec.landseer}."
    metric, value, of = (spec.scores.get(key) for key in ("metric", "value", "of"))
    if isinstance(metric, str) and isinstance(value, float):
        whose = f", of {of}" if isinstance(of, str) else ""
        text += f" On held-out places: {metric} {value:.4f}{whose}."
    return text


def _framework(spec: ModelSpec, loaders: Sequence[Loader]) -> dict[str, Any]:
    """Name the library that answers, and how many numbers its networks learnt."""
    if spec.trees is None:
        n = sum(parameter.numel() for parameter in loaders[0]().parameters())
        return {
            "mlm:framework": "PyTorch",
            "mlm:framework_version": str(torch.__version__),
            "mlm:total_parameters": n * len(spec.members),
        }
    library = library_of(Path(spec.members[0].file))
    return {
        "mlm:framework": {"xgboost": "XGBoost", "lightgbm": "LightGBM"}[library],
        "mlm:framework_version": str(tree_library(library).__version__),
    }


def _architecture(spec: ModelSpec) -> str:
    """Name decoder and encoder, or the kind of trees."""
    if spec.trees is not None:
        return "random forest" if spec.trees.kind == "forest" else "gradient boosted trees"
    return f"{spec.model.decoder} {spec.model.encoder}"


def _pretrained(weights: str | None) -> dict[str, Any]:
    """Say what the encoders were trained on before; of a file its name alone."""
    if weights is None:
        return {}
    source = None if weights == "none" else Path(weights).name
    return {"mlm:pretrained": source is not None, "mlm:pretrained_source": source}


def _tasks(targets: Mapping[str, TargetSpec]) -> list[str]:
    """List the tasks of all targets once, in their order."""
    return list(dict.fromkeys(_task(spec) for spec in targets.values()))


def _task(spec: TargetSpec) -> str:
    """Name the task of a target."""
    if spec.quantity in ("mask", "multi_label", "soft_mask"):
        return "semantic-segmentation"
    return "scene-classification" if spec.quantity == "presence" else "regression"


def _bands(spec: ModelSpec) -> list[dict[str, Any]]:
    """Name the bands that the model takes. STAC wants them at an asset, the extension at the item too."""
    return [{"name": band.name} for band in spec.read_bands]


def _input(spec: ModelSpec) -> dict[str, Any]:
    """Describe what the model takes."""
    bands = [band.name for band in spec.read_bands]
    return {
        "name": "image",
        "description": _RAW,
        "bands": bands,
        "input": {
            "shape": [-1, len(bands), -1, -1],
            "dim_order": ["batch", "bands", "height", "width"],
            "data_type": "float32",
        },
        "value_scaling": None,
        "resize_type": None,
    }


def _outputs(spec: ModelSpec, quantities: Mapping[str, Quantity]) -> list[dict[str, Any]]:
    """Describe what the model gives, target by target."""
    return [_output(name, spec, target, quantities[name]) for name, target in spec.targets.items()]


def _output(name: str, spec: ModelSpec, target: TargetSpec, quantity: Quantity) -> dict[str, Any]:
    """Describe one target: probabilities or values, at each pixel or once."""
    task = _task(target)
    is_dense = quantity.extent == "dense"
    kind = "channel" if task == "regression" else "class"
    unit = f", {quantity.unit}" if quantity.unit else ""
    output: dict[str, Any] = {
        "name": name,
        "description": f"{target.quantity.replace('_', ' ')}{unit}",
        "tasks": [task],
        "result": {
            "shape": [-1, quantity.n_outputs, *([-1, -1] if is_dense else [])],
            "dim_order": ["batch", kind, *(["height", "width"] if is_dense else [])],
            "data_type": "float32",
        },
    }
    if target.quantity == "mask":
        output["classification:classes"] = class_list(spec.classes, nodata=False)
    elif target.layers:
        output["classification:classes"] = [
            {"value": number, "name": plain_name(title), "description": title}
            for number, title in enumerate(target.layers)
        ]
    return output


def _hyperparameters(spec: ModelSpec) -> dict[str, Any]:
    """Return what else decides the model's answers."""
    return {
        "inputs": spec.inputs.model_dump(mode="json"),
        "model": spec.model.model_dump(mode="json"),
        "tta": spec.tta,
        "vote": spec.vote,
        "threshold": spec.threshold,
        **({"class_factors": list(spec.class_factors)} if spec.class_factors else {}),
        **({"class_thresholds": list(spec.class_thresholds)} if spec.class_thresholds else {}),
        **({} if spec.trees is None else {"trees": spec.trees.model_dump(mode="json")}),
        "reach_px": spec.reach_px,
        "gsd_m": spec.gsd_m,
    }


def _assets(folder: Path, spec: ModelSpec, recipe: Path | None, at: Path) -> dict[str, Any]:
    """Name the files of the model and their hashes."""
    assets: dict[str, Any] = {
        "model": {
            "href": href(folder / SPEC_FILE, at),
            "type": "application/yaml",
            "title": "All that a prediction needs to know besides the weights",
            "roles": ["metadata"],
            "file:size": (folder / SPEC_FILE).stat().st_size,
        }
    }
    for member in spec.members:
        path = folder / member.file
        asset = {
            "href": href(path, at),
            "type": "application/octet-stream",
            "title": _title(member),
            "roles": ["mlm:model", "mlm:weights"],
            "mlm:artifact_type": _ARTIFACTS[path.suffix],
            "file:size": path.stat().st_size,
            "file:checksum": _checksum(path),
            "bands": _bands(spec),
        }
        assets[plain_name(path.stem)] = asset
    if recipe is not None:
        if not Path(recipe).is_file():
            raise FileReadError("expected a recipe; there is no such file", where=recipe)
        assets["recipe"] = {
            "href": href(recipe, at),
            "type": "application/yaml",
            "title": f"Recipe, for landseer {__version__}",
            "roles": ["metadata"],
        }
    return assets


def _title(member: MemberSpec) -> str:
    """Say what a member learnt from."""
    of = "all folds" if member.fold < 0 else f"fold {member.fold}"
    return f"Weights of {of}, seed {member.seed}, with a share of {member.weight:g}"


def _checksum(path: Path) -> str:
    """Return a file's SHA-256 as a multihash."""
    with path.open("rb") as file:
        return _SHA256 + hashlib.file_digest(file, "sha256").hexdigest()
