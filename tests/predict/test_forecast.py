"""A dry run tells what a run then does, and writes nothing."""

import json
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from landseer.cli.main import call
from landseer.models.model import build_model
from landseer.models.store import save_member
from landseer.predict import MemberSource, PredictOptions, predict_files, save_model_folder
from landseer.predict.forecast import forecast
from landseer.predict.plan import make_plan
from landseer.raster.read import read_bands

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


def test_images_are_planned_as_they_are_read_and_nothing_stays(
    model: Path, write_image, tmp_path: Path, monkeypatch
):
    """At the model's ground sample distance; the virtual rasters lie elsewhere, and not for long."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    text = (model / "model.yaml").read_text()
    (model / "model.yaml").write_text(text.replace("gsd_m: null", "gsd_m: 1.0"))
    placed, _ = write_image("a.tif", 130, 170, **PLACE)
    plain, _ = write_image("b.tif", 130, 170)
    options = PredictOptions(device="cpu", precision="float32", window_px=64, overlap_px=16)
    known, unknown = forecast(model, [placed, plain], tmp_path / "out", options).items
    assert (known.path, known.height, known.width, known.note) == (placed, 65, 85, "")
    assert (unknown.height, unknown.width) == (130, 170) and "taken for 1 m" in unknown.note
    found = forecast(model, [plain], tmp_path / "out", options.model_copy(update={"gsd_m": 0.25}))
    assert (found.items[0].height, found.items[0].width) == (32, 42)
    assert not (tmp_path / "out").exists() and not list(temporary.iterdir())


def test_images_that_will_fail_are_told(model: Path, write_image, tmp_path: Path):
    good, _ = write_image("a.tif", 20, 30, **PLACE)
    write_image("b.tif", 20, 30, n_bands=5, **PLACE)
    write_image("c.tif", 20, 30, n_bands=1, **PLACE)
    foreign, _ = write_image("d.tif", 20, 30, **PLACE)
    out = tmp_path / "out"
    out.mkdir()
    (out / "d.tif").write_bytes(foreign.read_bytes())
    options = PredictOptions(device="cpu", precision="float32")
    found = forecast(model, [good.parent], out, options)
    states = {item.path.stem: item.state for item in found.items}
    assert states.pop("a") == "to do"
    assert states["b"].startswith("will fail: expected 3 bands") and "got 5" in states["b"]
    assert states["c"].startswith("will fail") and "got 1" in states["c"]
    assert states["d"].startswith("stops the run: expected no file of this name")
    assert found.text().startswith("1 images to do, 3 that will fail, 1 windows")
    assert f"{foreign.parent / 'b.tif'}: will fail: expected 3 bands" in found.text()


@pytest.mark.parametrize("window_px", [64, 512])
def test_an_area_beside_the_image_leaves_nothing_to_do(
    model: Path, write_image, tmp_path: Path, window_px: int
):
    path, _ = write_image("a.tif", 130, 170, **PLACE)
    aoi = tmp_path / "aoi.gpkg"
    beside = shapely.box(600000, 4000000, 600100, 4000100)
    gpd.GeoDataFrame(geometry=[beside], crs=PLACE["crs"]).to_file(aoi)
    options = PredictOptions(
        device="cpu", precision="float32", window_px=window_px, overlap_px=16, aoi=aoi
    )
    found = forecast(model, [path], tmp_path / "out", options)
    (item,) = found.items
    assert (item.windows, item.seconds, found.seconds_per_window) == (0, 0.0, 0.0)
    plain, _ = write_image("b.tif", 30, 30)
    (item,) = forecast(model, [plain], tmp_path / "out", options).items
    assert item.state.startswith("will fail: expected a georeferenced image")


def test_the_command_writes_probabilities_in_the_type_that_is_asked_for(
    model: Path, write_image, tmp_path: Path, capsys
):
    path, _ = write_image("a.tif", 30, 40, **PLACE)
    common = ["predict", str(model), str(path), "--device", "cpu", "--probabilities", "-o"]
    for dtype in ("uint8", "float32"):
        assert call([*common, str(tmp_path / dtype), "--probability-dtype", dtype]) == 0
    whole = read_bands(tmp_path / "uint8/a_probability.tif")
    parts = read_bands(tmp_path / "float32/a_probability.tif")
    assert (whole.dtype, parts.dtype) == (np.uint8, np.float32)
    np.testing.assert_array_equal(whole, np.rint(100 * parts))
    capsys.readouterr()
    assert call([*common, str(tmp_path / "no"), "--probability-dtype", "int8"]) == 2
    assert "float32" in capsys.readouterr().err


def test_the_command_refuses_devices_that_are_not_there(
    model: Path, write_image, tmp_path: Path, capsys
):
    path, _ = write_image("a.tif", 30, 40, **PLACE)
    common = ["predict", str(model), str(path), "-o", str(tmp_path / "out"), "--device", "foo"]
    for more in ([], ["--dry-run"]):
        assert call([*common, *more]) == 2
        assert "expected a device that is there" in capsys.readouterr().err
