"""A dry run tells what a run then does, and writes nothing."""

import json
from pathlib import Path

import pytest

from landseer.cli.main import call
from landseer.models.model import build_model
from landseer.models.store import save_member
from landseer.predict import MemberSource, PredictOptions, predict_files, save_model_folder
from landseer.predict.forecast import forecast
from landseer.predict.plan import make_plan

PLACE = {"crs": "EPSG:32617", "transform": (0.5, 0.0, 500000.0, 0.0, -0.5, 4100000.0)}


@pytest.fixture
def model(spec, tmp_path: Path) -> Path:
    network = build_model(
        spec.inputs, spec.model, spec.bands, spec.statistics, 2, seed=0, pretrained=False
    )
    save_member(tmp_path / "0.safetensors", network)
    save_model_folder(
        tmp_path / "model", spec, [MemberSource(tmp_path / "0.safetensors", fold=0, seed=0)]
    )
    return tmp_path / "model"


def test_it_says_what_there_is_to_do_and_does_nothing(model: Path, write_image, tmp_path: Path):
    path, _ = write_image("a.tif", 131, 170, **PLACE)
    small, _ = write_image("b.tif", 20, 30, **PLACE)
    broken, _ = write_image("c.tif", 20, 30)
    broken.write_bytes(b"no")
    options = PredictOptions(device="cpu", precision="float32", window_px=64, overlap_px=16)
    predict_files(model, [small], tmp_path / "out", options)
    found = forecast(model, [path.parent], tmp_path / "out", options)
    items = {item.path: item for item in found.items}
    assert items[path].windows == len(make_plan((131, 170), options, None, 8).windows)
    assert items[path].state == "to do" and items[small].state == "done already"
    assert items[broken].state.startswith("cannot be read")
    assert found.seconds_per_window > 0
    assert items[path].seconds == pytest.approx(found.seconds_per_window * items[path].windows)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["b.tif"]
    said = json.loads(json.dumps(found.as_dict()))
    assert said["images"][str(path)]["width"] == 170
    assert "1 images to do" in found.text() and "nothing was written" in found.text()


def test_memory_follows_the_width_and_not_the_height(model: Path, write_image, tmp_path: Path):
    options = PredictOptions(device="cpu", precision="float32", window_px=64, overlap_px=16)
    memory = {}
    for height, width in ((800, 200), (1600, 200), (800, 1600)):
        path, _ = write_image(f"{height}_{width}.tif", height, width)
        (item,) = forecast(model, [path], tmp_path / "out", options).items
        memory[height, width] = item.memory_bytes
    assert memory[800, 200] == memory[1600, 200] < memory[800, 1600]


def test_the_command(model: Path, write_image, tmp_path: Path, capsys):
    path, _ = write_image("a.tif", 131, 170, **PLACE)
    out = tmp_path / "out"

    def run(*more: str) -> dict:
        common = ["-o", str(out), "--window-px", "64", "--overlap-px", "16", "--device", "cpu"]
        assert call(["predict", str(model), str(path), *common, *more, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    dry = run("--dry-run")
    assert not out.exists()
    done = run("--seams", "--stac", "--blend", "logit")
    assert done["written"] == 1 and dry["images"][str(path)]["state"] == "to do"
    seams = done["seams"][str(path)]
    assert 0 <= seams["share_changed"] <= 1 and seams["rms"] <= seams["worst"]
    item = json.loads((out / "a.stac.json").read_text())
    assert item["assets"]["classes"]["href"] == "./a.tif"
