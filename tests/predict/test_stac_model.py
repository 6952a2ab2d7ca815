"""STAC items of models: valid by STAC's schema, and as the MLM extension has it."""

import hashlib
import re
from pathlib import Path

import pystac
import pytest
import torch
import yaml
from pydantic import ValidationError
from pystac.extensions.mlm import MLMExtension, TaskType
from pystac.validation import JsonSchemaSTACValidator
from stac_model.schema import MLModelProperties

from landseer.core.files import read_json
from landseer.errors import FileReadError
from landseer.models.model import build_model
from landseer.models.store import save_member
from landseer.models.targets import TargetSpec
from landseer.predict import MemberSource, load_model_folder, save_model_folder
from landseer.predict.stac_model import item_of_model, mlm_name, write_model_item


@pytest.fixture
def folder(spec, tmp_path: Path) -> Path:
    """A model of two members with a mask, heights, presences and a direction."""
    spec = spec.model_copy(
        update={
            "name": "toy: kelp",
            "tta": "d4",
            "targets": {
                "mask": TargetSpec(quantity="mask"),
                "agl": TargetSpec(quantity="height"),
                "there": TargetSpec(quantity="presence", layers=("kelp", "cloud cover")),
                "angle": TargetSpec(quantity="direction"),
            },
        }
    )
    model = build_model(
        spec.inputs, spec.model, spec.bands, spec.statistics, 2, seed=0, pretrained=False,
        targets=spec.targets,
    )  # fmt: skip
    sources = []
    for seed in (0, 1):
        path = tmp_path / f"m{seed}.safetensors"
        save_member(path, model)
        sources.append(MemberSource(path, fold=0, seed=seed))
    save_model_folder(tmp_path / "model", spec, sources)
    return tmp_path / "model"


def test_an_item(folder: Path, spec):
    recipe = folder.parent / "recipe.yaml"
    recipe.write_text("name: toy\n")
    written = write_model_item(folder, recipe=recipe)
    assert written == folder / "model.stac.json"
    item = pystac.Item.from_file(str(written))
    JsonSchemaSTACValidator().validate_core(read_json(written), pystac.STACObjectType.ITEM, "1.1.0")
    assert item.assets["recipe"].href == "../recipe.yaml"
    assert item.assets["model"].href == "./model.yaml"
    weights = item.get_assets(role="mlm:model")
    assert list(weights) == ["fold0_seed0", "fold0_seed1"]
    for asset in weights.values():
        content = (folder / asset.href).read_bytes()
        assert asset.extra_fields["file:checksum"] == "1220" + hashlib.sha256(content).hexdigest()
        assert asset.extra_fields["file:size"] == len(content)


def test_what_pystac_reads_of_the_extension(folder: Path, spec):
    item = pystac.Item.from_dict(item_of_model(folder))
    mlm = MLMExtension.ext(item)
    assert mlm.mlm_name == "toy- kelp" and mlm.architecture == "unet test_resnet"
    assert mlm.framework == "PyTorch" and mlm.framework_version == torch.__version__
    assert mlm.tasks == [
        TaskType.SEMANTIC_SEGMENTATION, TaskType.REGRESSION, TaskType.SCENE_CLASSIFICATION,
    ]  # fmt: skip
    assert mlm.pretrained is None
    (given,) = mlm.input
    assert given.to_dict()["bands"] == ["red", "nir", "qa"]
    assert given.input.shape == [-1, 3, -1, -1] and given.value_scaling is None
    by_name = {output.name: output for output in mlm.output}
    assert list(by_name) == ["mask", "agl", "there", "angle"]
    assert {name: output.result.shape for name, output in by_name.items()} == {
        "mask": [-1, 2, -1, -1], "agl": [-1, 1, -1, -1], "there": [-1, 2], "angle": [-1, 2],
    }  # fmt: skip
    assert [c.name for c in by_name["mask"].classes] == ["background", "kelp"]
    assert [c.name for c in by_name["there"].classes] == ["kelp", "cloud-cover"]
    assert mlm.hyperparameters.to_dict()["tta"] == "d4"


def test_the_extension_s_own_model_takes_it(folder: Path):
    """The authors of the extension describe it in pydantic too; their JSON schema would need a network."""
    properties = item_of_model(folder)["properties"]
    given = {name: value for name, value in properties.items() if name.startswith("mlm:")}
    MLModelProperties.model_validate(given)
    with pytest.raises(ValidationError):
        MLModelProperties.model_validate(given | {"mlm:tasks": ["to-guess"]})


def test_what_the_encoders_started_from(folder: Path):
    for weights, expected in (("none", (False, None)), ("/home/x/a.pth", (True, "a.pth"))):
        properties = item_of_model(folder, weights=weights)["properties"]
        assert (properties["mlm:pretrained"], properties["mlm:pretrained_source"]) == expected


def test_the_score_is_told(folder: Path):
    spec = load_model_folder(folder)[0]
    scores = {"metric": "iou_kelp", "value": 0.61234}
    yaml_text = (folder / "model.yaml").read_text()
    changed = spec.model_copy(update={"scores": scores}).model_dump(mode="json")
    (folder / "model.yaml").write_text(yaml.safe_dump(changed))
    text = item_of_model(folder)["properties"]["description"]
    assert text.endswith("On held-out places: iou_kelp 0.6123.") and "On held-out" not in yaml_text


def test_parameters_of_all_members(folder: Path, spec):
    from safetensors.torch import load_file

    counted = 0
    for path in (folder / "members").iterdir():
        names = load_file(path)
        counted += sum(v.numel() for k, v in names.items() if re.search(r"\.(weight|bias)$", k))
    assert item_of_model(folder)["properties"]["mlm:total_parameters"] == counted > 0


def test_rules_of_the_extension(folder: Path):
    """What its JSON schema asks for beyond what pystac checks."""
    item = item_of_model(folder)
    properties = item["properties"]
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_.\-\s]+[a-zA-Z0-9]", properties["mlm:name"])
    assert {band["name"] for band in properties["bands"]} == set(
        properties["mlm:input"][0]["bands"]
    )
    for structure in (properties["mlm:input"][0]["input"], properties["mlm:output"][0]["result"]):
        assert len(structure["shape"]) == len(structure["dim_order"])
        assert all(re.fullmatch("[a-z-_]+", name) for name in structure["dim_order"])
    assert "bands" in properties["mlm:input"][0]["input"]["dim_order"]
    assert all(re.fullmatch("[0-9a-zA-Z_.-]+", key) for key in properties["mlm:hyperparameters"])
    for asset in item["assets"].values():
        assert ("mlm:model" in asset["roles"]) == ("mlm:artifact_type" in asset)
    for output in properties["mlm:output"]:
        for one in output.get("classification:classes", ()):
            assert re.fullmatch("[0-9A-Za-z-_]+", one["name"]) and isinstance(one["value"], int)


def test_the_same_every_time(folder: Path):
    assert write_model_item(folder).read_bytes() == write_model_item(folder).read_bytes()
    with pytest.raises(FileReadError, match="recipe"):
        item_of_model(folder, recipe=folder / "none.yaml")
    with pytest.raises(FileReadError, match="model folder"):
        item_of_model(folder.parent)


@pytest.mark.parametrize(
    ("text", "name"),
    [("kelp", "kelp"), ("2024/kelp é", "model 2024-kelp"), ("k", "model k"), ("__x__", "model x")],
)
def test_names(text, name):
    assert mlm_name(text) == name
