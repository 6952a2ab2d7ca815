"""From files to maps: sizes, nodata, georeference, names, failures, resuming."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from pydantic import ValidationError
from torch import nn

from landseer.errors import BandError, FileReadError, UsageError
from landseer.models.model import build_model
from landseer.models.store import save_member
from landseer.predict import (
    Ensemble,
    MemberSource,
    Naming,
    PredictOptions,
    Voting,
    predict_files,
    predict_images,
    save_model_folder,
)
from landseer.predict import engine as engine_module
from landseer.quantities.mask import ClassMask
from landseer.raster.read import read_bands, read_info
from landseer.raster.write import write_raster

NODATA = -32768
CPU = {"device": "cpu", "precision": "float32"}


@pytest.fixture
def ensemble(local) -> Ensemble:
    return Ensemble([local], {"mask": ClassMask(2)}, Voting(threshold=0.5))


def slow(ensemble: Ensemble, image: np.ndarray) -> np.ndarray:
    """Probabilities of one whole image."""
    return ensemble(torch.from_numpy(image.astype(np.float32))[None])["mask"][0].numpy()


def test_small_images_of_all_sizes(ensemble, spec, write_image, tmp_path: Path):
    sizes = [(1, 1), (350, 2), (20, 30), (20, 30), (20, 30), (7, 9)]
    images = dict(write_image(f"{i}.tif", *size) for i, size in enumerate(sizes))
    out = tmp_path / "out"
    options = PredictOptions(batch=2, probabilities=True, workers=2, **CPU)
    summary = predict_images(ensemble, spec, [tmp_path / "images"], out, options)
    assert (summary.n_written, summary.n_kept, summary.failures) == (6, 0, ())
    assert summary.n_pixels == sum(h * w for h, w in sizes)
    assert "6 maps written" in summary.text()
    assert json.loads(json.dumps(summary.as_dict()))["written"] == 6
    for path, image in images.items():
        expected = slow(ensemble, image)
        got = read_bands(out / path.name)
        assert got.dtype == np.uint8
        assert (got[0] == (expected[1] >= 0.5)).all()
        probability = read_bands(out / f"{path.stem}_probability.tif")
        assert probability.shape[0] == 1
        assert np.allclose(probability[0], expected[1], atol=1e-6)


def test_windows_equal_one_pass(ensemble, spec, write_image, tmp_path: Path):
    _, image = write_image("big.tif", 150, 203)
    options = PredictOptions(
        window_px=48, overlap_px=12, batch=3, probabilities=True, workers=2, **CPU
    )
    predict_images(ensemble, spec, [tmp_path / "images"], tmp_path / "out", options)
    expected = slow(ensemble, image)
    got = read_bands(tmp_path / "out" / "big_probability.tif")[0]
    assert np.allclose(got, expected[1], atol=1e-5)
    classes = read_bands(tmp_path / "out" / "big.tif")[0]
    sure = np.abs(expected[1] - 0.5) > 1e-4
    assert (classes == (expected[1] >= 0.5))[sure].all()


def test_windows_narrower_than_the_image_in_one_direction(ensemble, spec, write_image, tmp_path):
    _, image = write_image("long.tif", 3, 100)
    options = PredictOptions(window_px=40, overlap_px=16, probabilities=True, workers=0, **CPU)
    predict_images(ensemble, spec, [tmp_path / "images"], tmp_path / "out", options)
    got = read_bands(tmp_path / "out" / "long_probability.tif")[0]
    assert np.allclose(got, slow(ensemble, image)[1], atol=1e-5)


@pytest.mark.parametrize("window_px", [64, 16])
def test_nodata_and_georeference_are_kept(ensemble, spec, write_image, tmp_path: Path, window_px):
    path, image = write_image("a.tif", 30, 40)
    transform = (30.0, 0.0, 500000.0, 0.0, -30.0, 4100000.0)
    image[:2, :5, :20] = NODATA
    image[0, 10, 10] = NODATA
    write_raster(path, image, crs="EPSG:32620", transform=transform)
    options = PredictOptions(
        probabilities=True, probability_dtype="uint8", window_px=window_px, overlap_px=6, **CPU
    )
    predict_images(ensemble, spec, [path], tmp_path / "out", options)
    info = read_info(tmp_path / "out" / "a.tif")
    assert (info.crs, info.transform, info.nodata) == ("EPSG:32620", transform, 255)
    classes = read_bands(tmp_path / "out" / "a.tif")[0]
    assert ((classes == 255) == (image[:2] == NODATA).all(0)).all()
    probability = read_bands(tmp_path / "out" / "a_probability.tif")[0]
    assert probability.dtype == np.uint8
    assert ((probability == 255) == (classes == 255)).all()
    assert probability[classes != 255].max() <= 100
    with rasterio.open(tmp_path / "out" / "a.tif") as dataset:
        assert dataset.colormap(1)[1][:3] == (0, 255, 128)
    zero = PredictOptions(nodata="zero", overwrite=True, **CPU)
    predict_images(ensemble, spec, [path], tmp_path / "out", zero)
    assert read_info(tmp_path / "out" / "a.tif").nodata is None
    assert (read_bands(tmp_path / "out" / "a.tif")[0, :5, :20] == 0).all()


def test_images_that_all_have_the_wrong_number_of_bands_stop(
    ensemble, spec, write_image, tmp_path: Path
):
    for name in "ab":
        write_image(f"{name}.tif", 5, 5, n_bands=4)
    with pytest.raises(BandError, match=r"expected 3 bands \(red, nir, qa\); got 4"):
        predict_images(
            ensemble, spec, [tmp_path / "images"], tmp_path / "out", PredictOptions(**CPU)
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("window_px", [64, 4])
def test_an_image_with_the_wrong_number_of_bands_is_listed_and_the_rest_goes_on(
    ensemble, spec, write_image, tmp_path: Path, monkeypatch, window_px
):
    for name in "abcd":
        write_image(f"{name}.tif", 9, 9, n_bands=4 if name == "b" else 3)
    inputs, out = [tmp_path / "images"], tmp_path / "out"
    chosen = {"window_px": window_px, "overlap_px": 1, "stac": True, "legend": True, **CPU}
    with monkeypatch.context() as patch, pytest.raises(BandError, match="got 4"):
        patch.setattr(Ensemble, "forward", None)  # strict stops before any work
        predict_images(ensemble, spec, inputs, out, PredictOptions(strict=True, **chosen))
    assert not out.exists()
    for kept in (0, 3):  # one that fails again beside maps that are there stops nothing either
        summary = predict_images(ensemble, spec, inputs, out, PredictOptions(**chosen))
        assert (summary.n_written, summary.n_kept) == (3 - kept, kept)
        (failure,) = summary.failures
        assert failure.path.name == "b.tif" and "got 4" in failure.reason
    assert sorted(path.name for path in out.iterdir()) == sorted(
        f"{name}{ending}" for name in "acd" for ending in (".tif", ".qml", ".stac.json")
    )


@pytest.mark.parametrize("window_px", [64, 4])
def test_unreadable_images_are_listed_and_the_rest_goes_on(
    ensemble, spec, write_image, tmp_path: Path, window_px
):
    write_image("a.tif", 9, 9)
    broken, _ = write_image("b.tif", 9, 9)
    broken.write_bytes(broken.read_bytes()[:-60])
    (tmp_path / "images" / "c.tif").write_bytes(b"")
    options = {"window_px": window_px, "overlap_px": 1, **CPU}
    inputs = [tmp_path / "images"]
    summary = predict_images(ensemble, spec, inputs, tmp_path / "out", PredictOptions(**options))
    assert summary.n_written == 1
    assert sorted(failure.path.name for failure in summary.failures) == ["b.tif", "c.tif"]
    assert all(str(failure.path) in summary.text() for failure in summary.failures)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.tif"]
    with pytest.raises(FileReadError):
        strict = PredictOptions(strict=True, overwrite=True, **options)
        predict_images(ensemble, spec, inputs, tmp_path / "out", strict)


def test_a_second_run_keeps_complete_maps(ensemble, spec, write_image, tmp_path: Path):
    for name in "abc":
        write_image(f"{name}.tif", 6, 6)
    out, inputs = tmp_path / "out", [tmp_path / "images"]
    predict_images(ensemble, spec, inputs, out, PredictOptions(**CPU))
    before = (out / "a.tif").stat().st_mtime_ns
    (out / "b.tif").unlink()
    (out / "c.tif").write_bytes(b"half")
    again = predict_images(ensemble, spec, inputs, out, PredictOptions(**CPU))
    assert (again.n_written, again.n_kept) == (2, 1)
    assert (out / "a.tif").stat().st_mtime_ns == before
    wider = predict_images(ensemble, spec, inputs, out, PredictOptions(probabilities=True, **CPU))
    assert wider.n_written == 3
    forced = predict_images(ensemble, spec, inputs, out, PredictOptions(overwrite=True, **CPU))
    assert forced.n_written == 3


def test_what_killed_runs_left_of_these_files_is_cleared(
    ensemble, spec, write_image, tmp_path: Path
):
    """Also where the map itself is complete; what is left of other files may be written just now."""
    write_image("a.tif", 6, 6)
    out = tmp_path / "out"
    options = PredictOptions(uncertainty=("entropy",), legend=True, stac=True, **CPU)
    for _ in range(2):
        predict_images(ensemble, spec, [tmp_path / "images"], out, options)
        made = sorted(path.name for path in out.iterdir())
        assert made == ["a.qml", "a.stac.json", "a.tif", "a_entropy.tif"]
        for name in made:
            (out / f".{name}.abcdefgh{Path(name).suffix}").touch()
        (out / ".a.tif.12345678").mkdir()
    other = out / ".b.tif.abcdefgh.tif"
    other.touch()
    predict_images(ensemble, spec, [tmp_path / "images"], out, options)
    assert sorted(path.name for path in out.iterdir()) == [other.name, *made]


def test_maps_of_something_else_are_made_again(ensemble, spec, local, write_image, tmp_path: Path):
    """Another network, image, threshold or setting is another map; how fast it is made is not."""
    path, image = write_image("a.tif", 6, 6)
    write_image("b.tif", 6, 6)
    out, options = tmp_path / "out", PredictOptions(**CPU)

    def n_written(ensemble=ensemble, spec=spec, options=options) -> int:
        return predict_images(ensemble, spec, [tmp_path / "images"], out, options).n_written

    assert (n_written(), n_written()) == (2, 0)
    assert n_written(options=PredictOptions(batch=1, workers=0, legend=True, **CPU)) == 0
    sure = Ensemble([local], {"mask": ClassMask(2)}, Voting(threshold=0.9))
    assert (n_written(sure), n_written(sure)) == (2, 0)
    assert n_written(sure, spec.model_copy(update={"notes": {"seams": "none"}})) == 0
    assert n_written(sure, spec.model_copy(update={"reach_px": 7})) == 2
    assert n_written() == 2
    write_raster(path, image + 1)
    assert n_written() == 1
    local.second.bias.data += 1000
    assert n_written() == 2
    assert n_written(options=PredictOptions(nodata="zero", **CPU)) == 2


def test_rasters_of_other_people_are_not_replaced(ensemble, spec, write_image, tmp_path: Path):
    """Labels lie where maps of the same names would go."""
    write_image("a.tif", 6, 6)
    label = np.ones((6, 6), np.uint8)
    write_raster(tmp_path / "labels/a.tif", label)
    where = ([tmp_path / "images"], tmp_path / "labels")
    with pytest.raises(UsageError, match="got another raster") as caught:
        predict_images(ensemble, spec, *where, PredictOptions(**CPU))
    assert (caught.value.where, "--overwrite" in caught.value.do) == (
        str(tmp_path / "labels/a.tif"), True,
    )  # fmt: skip
    np.testing.assert_array_equal(read_bands(tmp_path / "labels/a.tif")[0], label)
    assert predict_images(ensemble, spec, *where, PredictOptions(overwrite=True, **CPU)).n_written


def test_kelp_names(ensemble, spec, write_image, tmp_path: Path):
    for name in ("AA498489_satellite.tif", "JW725114_satellite.tif", "AA498489_kelp.tif"):
        write_image(name, 4, 4)
    naming = Naming(strip="_satellite", pattern="{id}_kelp.tif")
    spec = spec.model_copy(update={"naming": naming})
    predict_images(ensemble, spec, [tmp_path / "images"], tmp_path / "out", PredictOptions(**CPU))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "AA498489_kelp.tif",
        "JW725114_kelp.tif",
    ]
    plain = PredictOptions(naming=Naming(), **CPU)
    predict_images(ensemble, spec, [str(tmp_path / "images" / "JW*.tif")], tmp_path / "b", plain)
    assert [p.name for p in (tmp_path / "b").iterdir()] == ["JW725114_satellite.tif"]


def test_inputs_that_cannot_work(ensemble, spec, write_image, tmp_path: Path):
    path, _ = write_image("a.tif", 4, 4)
    other, _ = write_image("sub/a.tif", 4, 4)
    out, options = tmp_path / "out", PredictOptions(**CPU)
    with pytest.raises(UsageError, match="one output per image"):
        predict_images(ensemble, spec, [path, other], out, options)
    with pytest.raises(UsageError, match="not its own input"):
        predict_images(ensemble, spec, [path], path.parent, options)
    with pytest.raises(FileReadError, match="no such path"):
        predict_images(ensemble, spec, [tmp_path / "nowhere"], out, options)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileReadError, match="got none"):
        predict_images(ensemble, spec, [tmp_path / "empty"], out, options)
    with pytest.raises(FileReadError, match="got none"):
        predict_images(ensemble, spec, [str(tmp_path / "*.xyz")], out, options)


def test_reading_runs_ahead_and_never_holds_everything(spec, write_image, tmp_path, monkeypatch):
    for i in range(40):
        write_image(f"{i:02d}.tif", 4, 4)
    started = []
    original = engine_module.read_tile

    def read_tile(job, *arguments, **options):
        started.append(job)
        return original(job, *arguments, **options)

    monkeypatch.setattr(engine_module, "read_tile", read_tile)
    ahead = []

    class Watch(nn.Module):
        def forward(self, x: torch.Tensor, gsd_m: torch.Tensor) -> dict[str, torch.Tensor]:
            ahead.append(len(started) - 4 * len(ahead))
            return {"mask": x[:, :2]}

    ensemble = Ensemble([Watch()], {"mask": ClassMask(2)})
    options = PredictOptions(batch=4, workers=2, **CPU)
    predict_images(ensemble, spec, [tmp_path / "images"], tmp_path / "out", options)
    assert 4 <= max(ahead) <= 4 + 3 * 2 + 1


def test_a_saved_model_predicts_like_the_one_in_memory(spec, write_image, tmp_path: Path):
    models, sources = [], []
    for seed in (0, 1):
        model = build_model(
            spec.inputs, spec.model, spec.bands, spec.statistics, 2, seed=seed, pretrained=False
        ).eval()
        save_member(tmp_path / f"{seed}.safetensors", model)
        sources.append(
            MemberSource(tmp_path / f"{seed}.safetensors", fold=0, seed=seed, weight=1 + seed)
        )
        models.append(model)
    spec = spec.model_copy(update={"tta": "d2", "threshold": 0.45})
    save_model_folder(tmp_path / "model", spec, sources)
    path, image = write_image("a.tif", 21, 33)
    options = PredictOptions(probabilities=True, keep_loaded=False, **CPU)
    predict_files(tmp_path / "model", [path], tmp_path / "out", options)
    voting = Voting(weights=(1, 2), tta="d2", threshold=0.45)
    expected = slow(Ensemble(models, {"mask": ClassMask(2)}, voting), image)
    got = read_bands(tmp_path / "out" / "a_probability.tif")[0]
    assert np.allclose(got, expected[1], atol=1e-6)


def test_options_are_checked():
    with pytest.raises(ValidationError, match="overlap_px"):
        PredictOptions(window_px=100, overlap_px=60)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_cpu(ensemble, spec, write_image, tmp_path: Path):
    write_image("a.tif", 120, 90)
    for device in ("cpu", "cuda"):
        options = PredictOptions(device=device, window_px=48, overlap_px=12, probabilities=True)
        predict_images(ensemble, spec, [tmp_path / "images"], tmp_path / device, options)
    cpu, cuda = (read_bands(tmp_path / d / "a_probability.tif") for d in ("cpu", "cuda"))
    assert np.abs(cpu - cuda).max() < 2e-3
