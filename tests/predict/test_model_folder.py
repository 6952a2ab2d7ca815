"""The deliverable goes to disk and comes back the same; what is wrong with one is said."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from pydantic import ValidationError

from landseer.errors import DataError, FileReadError, StageError
from landseer.models.model import build_model
from landseer.models.store import save_member
from landseer.predict import MemberSource, Naming, load_model_folder, save_model_folder


@pytest.fixture
def trained(spec, tmp_path: Path):
    """Two members with different weights, on disk and in memory."""
    models, sources = [], []
    for seed in (0, 1):
        model = build_model(
            spec.inputs, spec.model, spec.bands, spec.statistics, 2, seed=seed, pretrained=False
        ).eval()
        path = tmp_path / "folds" / str(seed) / "best.safetensors"
        save_member(path, model)
        models.append(model)
        sources.append(MemberSource(path, fold=3, seed=seed, weight=0.5 + seed))
    return models, sources


def test_round_trip(spec, trained, tmp_path: Path):
    models, sources = trained
    full = spec.model_copy(
        update={
            "tta": "d4", "vote": "hard", "threshold": 0.5, "member_threshold": 0.46,
            "naming": Naming(strip="_satellite", pattern="{id}_kelp.tif"),
            "scores": {"dice_kelp": 0.7}, "notes": {"groups": 12},
        }
    )  # fmt: skip
    written = save_model_folder(tmp_path / "model", full, sources)
    again, loaders = load_model_folder(tmp_path / "model")
    assert again == written
    assert [m.weight for m in again.members] == [0.5, 1.5]
    assert again.members[1].file == "members/fold3_seed1.safetensors"
    assert load_model_folder(tmp_path / "model" / "model.yaml")[0] == again
    x = torch.rand(1, 3, 37, 50) * 1000
    with torch.no_grad():
        for model, load in zip(models, loaders, strict=True):
            assert torch.equal(load()(x)["mask"], model(x)["mask"])


def test_saving_again_removes_what_is_no_member_any_more(spec, trained, tmp_path: Path):
    _, sources = trained
    save_model_folder(tmp_path / "model", spec, sources)
    written = save_model_folder(
        tmp_path / "model", spec, [replace(sources[0], weight=0), sources[1]]
    )
    assert [m.seed for m in written.members] == [1]
    assert [p.name for p in (tmp_path / "model" / "members").iterdir()] == [
        "fold3_seed1.safetensors"
    ]


def test_faults_are_named(spec, trained, tmp_path: Path):
    _, sources = trained
    folder = tmp_path / "model"
    save_model_folder(folder, spec, sources)
    with pytest.raises(FileReadError, match="model folder"):
        load_model_folder(tmp_path)
    member = folder / "members" / "fold3_seed0.safetensors"
    content = member.read_bytes()
    member.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DataError, match="SHA-256"):
        load_model_folder(folder)
    assert len(load_model_folder(folder, verify=False)[1]) == 2
    member.unlink()
    with pytest.raises(FileReadError, match="missing") as caught:
        load_model_folder(folder)
    assert "fold3_seed0" in caught.value.where


@pytest.mark.parametrize(
    "change,message",
    [
        ({"format": 2, "later": 1}, "format 1 or older; got 2"),
        ({"colour": "red"}, "colour"),
        ({"tta": "d5"}, "d5"),
        ({"members": []}, "at least one member"),
        ({"threshold": 1.5}, "threshold"),
    ],
)
def test_wrong_yaml(spec, trained, tmp_path: Path, change, message):
    folder = tmp_path / "model"
    save_model_folder(folder, spec, trained[1])
    raw = yaml.safe_load((folder / "model.yaml").read_text())
    (folder / "model.yaml").write_text(yaml.safe_dump(raw | change))
    with pytest.raises(DataError, match=message):
        load_model_folder(folder)


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "\x00"])
def test_not_yaml(tmp_path: Path, text):
    (tmp_path / "model.yaml").write_text(text)
    with pytest.raises(FileReadError):
        load_model_folder(tmp_path)


def test_members_must_be_there_and_unique(spec, trained, tmp_path: Path):
    _, sources = trained
    with pytest.raises(StageError, match="positive weight"):
        save_model_folder(tmp_path / "m", spec, [])
    with pytest.raises(StageError, match="same pair"):
        save_model_folder(tmp_path / "m", spec, [sources[0], sources[0]])
    with pytest.raises(StageError, match="missing"):
        save_model_folder(tmp_path / "m", spec, [MemberSource(tmp_path / "none", 0, 0)])
    assert not (tmp_path / "m" / "model.yaml").exists()


@pytest.mark.parametrize("pattern", ["map.tif", "{id}.png", "../{id}.tif"])
def test_names_of_outputs_are_checked(pattern):
    with pytest.raises(ValidationError):
        Naming(pattern=pattern)


def test_thresholds_need_two_classes(spec):
    values = spec.model_dump() | {"threshold": 0.4}
    values["classes"] = {"names": ("a", "b", "c"), "values": (0, 1, 2)}
    with pytest.raises(ValidationError, match="two classes"):
        type(spec).model_validate(values)
