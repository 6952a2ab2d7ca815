"""A folder of images becomes maps of heights and numbers: names, JSON, nodata, windows, resuming, ground distances."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from landseer.errors import DataError, UsageError
from landseer.models.model import build_model
from landseer.models.store import save_member
from landseer.models.targets import TargetSpec
from landseer.predict import (
    Ensemble,
    MemberSource,
    ModelSpec,
    Naming,
    OofBatch,
    PredictOptions,
    Voting,
    oof_path,
    output,
    predict_files,
    predict_images,
    save_model_folder,
    scene,
    write_oof,
)
from landseer.predict.oof import read_values
from landseer.predict.tiles import build_ensemble
from landseer.raster.read import read_bands, read_info
from landseer.raster.write import write_raster

NODATA = -32768
CPU = {"device": "cpu", "precision": "float32"}
PLACE = {"crs": "EPSG:32620", "transform": (0.5, 0.0, 500000.0, 0.0, -0.5, 4100000.0)}
TARGETS = {
    "tall": TargetSpec(quantity="height"),
    "roofs": TargetSpec(quantity="multi_label", layers=("flat", "steep")),
    "angle": TargetSpec(quantity="direction"),
    "scale": TargetSpec(quantity="flow_scale"),
    "gsd": TargetSpec(quantity="gsd", activation="none"),
    "mask": TargetSpec(quantity="mask"),
}
POSE = {name: TARGETS[name] for name in ("tall", "angle", "scale")}


class Local(nn.Module):
    """Heights, layers and classes of each pixel's neighbourhood; numbers of the known pixels of the image."""

    def forward(self, x: Tensor, gsd_m: Tensor | None = None) -> dict[str, Tensor]:
        known = (x[:, :1] != NODATA).float()
        red = x[:, :1].clamp_min(0) / 100
        tall = nn.functional.avg_pool2d(red, 3, 1, 1, count_include_pad=False)
        mean = (red * known).sum((1, 2, 3)) / known.sum((1, 2, 3)).clamp_min(1)
        share = known.mean((1, 2, 3))
        return {
            "tall": tall,
            "roofs": torch.cat([tall - 5, 5 - tall], 1),
            "angle": torch.stack([mean, -2 * mean], 1) * (share > 0)[:, None]
            - 1e3 * (share == 0)[:, None],
            "scale": torch.where(share > 0, mean / 10, 1e3)[:, None],
            "gsd": gsd_m[:, None] * 1.0,
            "mask": torch.cat([5 - tall, tall - 5], 1),
        }


@pytest.fixture
def pose_spec(spec) -> ModelSpec:
    return spec.model_copy(update={"targets": TARGETS})


def ensemble_of(spec: ModelSpec, **voting) -> Ensemble:
    quantities = build_ensemble(spec, [Local()]).quantities
    return Ensemble([Local()], quantities, Voting(**voting))


def whole(ensemble: Ensemble, image: np.ndarray, gsd: float = math.nan) -> dict[str, np.ndarray]:
    """Predict one image in one pass."""
    values = ensemble(torch.from_numpy(image.astype(np.float32))[None], torch.tensor([gsd]))
    return {name: value[0].numpy() for name, value in values.items()}


def test_each_image_becomes_a_map_a_target_and_one_file_of_numbers(
    pose_spec, write_image, tmp_path: Path
):
    images = dict(
        write_image(f"{n}.tif", *size, **PLACE) for n, size in enumerate([(20, 30), (7, 9)])
    )
    ensemble, out = ensemble_of(pose_spec), tmp_path / "out"
    predict_images(ensemble, pose_spec, [tmp_path / "images"], out, PredictOptions(**CPU))
    names = ["0.json", "0.tif", "0_roofs.tif", "0_tall.tif"]
    assert sorted(p.name for p in out.iterdir()) == names + [n.replace("0", "1") for n in names]
    for path, image in images.items():
        expected = whole(ensemble, image, 0.5)
        tall = out / f"{path.stem}_tall.tif"
        np.testing.assert_allclose(read_bands(tall), expected["tall"], rtol=1e-5)
        info = read_info(tall)
        assert (info.crs, info.transform, info.dtype) == (*PLACE.values(), "float32")
        assert math.isnan(info.nodata) and info.descriptions == ("tall",)
        roofs = out / f"{path.stem}_roofs.tif"
        np.testing.assert_allclose(read_bands(roofs), expected["roofs"], rtol=1e-5)
        assert read_info(roofs).descriptions == ("flat", "steep")
        classes = read_bands(out / f"{path.stem}.tif")[0]
        assert (classes == expected["mask"].argmax(0)).all()
        said = json.loads((out / f"{path.stem}.json").read_text())
        assert said.keys() == {"angle", "scale", "gsd"}
        assert said["angle"] == pytest.approx(math.atan2(1, -2))
        assert said["scale"] == pytest.approx(expected["scale"][0], rel=1e-5)


def test_angles_stand_beside_the_vectors_of_directions(spec, write_image, tmp_path: Path):
    spec = spec.model_copy(update={"targets": {"lean": TARGETS["angle"], "px": TARGETS["scale"]}})

    class Lean(nn.Module):
        def forward(self, x: Tensor, gsd_m: Tensor) -> dict[str, Tensor]:
            return {"lean": torch.tensor([[-3.0, -4.0]]), "px": torch.tensor([[0.7]])}

    write_image("a.tif", 6, 6)
    ensemble = Ensemble([Lean()], build_ensemble(spec, [Lean()]).quantities)
    predict_images(ensemble, spec, [tmp_path / "images"], tmp_path / "out", PredictOptions(**CPU))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a.json"]
    said = json.loads((tmp_path / "out/a.json").read_text())
    assert said.keys() == {"lean", "px", "angle", "scale"}
    assert said["lean"] == pytest.approx([-0.6, -0.8]) and said["px"] == said[
        "scale"
    ] == pytest.approx(0.7)
    assert said["angle"] == pytest.approx(math.atan2(-0.6, -0.8) + 2 * math.pi)


def test_what_is_not_known_is_null(spec, write_image, tmp_path: Path):
    spec = spec.model_copy(update={"targets": {n: TARGETS[n] for n in ("angle", "scale", "gsd")}})

    class Lost(nn.Module):
        def forward(self, x: Tensor, gsd_m: Tensor) -> dict[str, Tensor]:
            return {
                "angle": torch.zeros(1, 2), "scale": torch.full((1, 1), torch.inf), "gsd": gsd_m[:, None]
            }  # fmt: skip

    path, image = write_image("a.tif", 6, 6)
    ensemble = Ensemble([Lost()], build_ensemble(spec, [Lost()]).quantities)
    predict_images(ensemble, spec, [path], tmp_path / "out", PredictOptions(**CPU))
    said = json.loads((tmp_path / "out/a.json").read_text())
    assert said == {"angle": None, "scale": None, "gsd": None}
    batch = OofBatch(
        ["a"], torch.from_numpy(image).float()[None], [(6, 6)], torch.tensor([torch.nan])
    )
    write_oof(ensemble, [batch], tmp_path / "oof")
    read = read_values(tmp_path / "oof", "a", ensemble.quantities)
    assert np.isnan(read["scale"]).all() and np.isnan(read["gsd"]).all()
    assert read["angle"].tolist() == [0, 0]


@pytest.mark.parametrize("window_px", [64, 16])
def test_outside_the_data_maps_are_unknown(pose_spec, write_image, tmp_path: Path, window_px):
    path, image = write_image("a.tif", 30, 40)
    image[:2, :5, :20] = NODATA
    image[0, 10, 10] = NODATA
    write_raster(path, image, **PLACE)
    options = PredictOptions(window_px=window_px, overlap_px=6, **CPU)
    predict_images(ensemble_of(pose_spec), pose_spec, [path], tmp_path / "out", options)
    outside = (image[:2] == NODATA).all(0)
    assert 0 < outside.sum() < outside.size
    for name in ("tall", "roofs"):
        for plane in read_bands(tmp_path / f"out/a_{name}.tif"):
            assert (np.isnan(plane) == outside).all(), name
    assert ((read_bands(tmp_path / "out/a.tif")[0] == 255) == outside).all()


def test_windows_equal_one_pass_and_numbers_are_their_mean(pose_spec, write_image, tmp_path: Path):
    path, image = write_image("big.tif", 90, 133, **PLACE)
    ensemble = ensemble_of(pose_spec)
    options = PredictOptions(window_px=48, overlap_px=12, batch=3, probabilities=True, **CPU)
    predict_images(ensemble, pose_spec, [path], tmp_path / "out", options)
    expected = whole(ensemble, image, 0.5)
    for name in ("tall", "roofs"):
        got = read_bands(tmp_path / f"out/big_{name}.tif")
        np.testing.assert_allclose(got, expected[name], atol=1e-5)
    probability = read_bands(tmp_path / "out/big_probability.tif")
    np.testing.assert_allclose(probability, expected["mask"][1:], atol=1e-5)
    said = json.loads((tmp_path / "out/big.json").read_text())
    assert said["scale"] == pytest.approx(expected["scale"][0], rel=0.02)
    assert said["angle"] == pytest.approx(math.atan2(1, -2))
    assert said["gsd"] == pytest.approx(0.5, rel=1e-3)


def test_windows_without_data_say_nothing_of_the_image(pose_spec, write_image, tmp_path: Path):
    """The network says 1000 px/m and another direction of a window in which there is nothing."""
    path, image = write_image("half.tif", 40, 120)
    image[:2, :, 40:] = NODATA
    image[0, :, :40] = 500
    write_raster(path, image, **PLACE)
    options = PredictOptions(window_px=40, overlap_px=0, **CPU)
    predict_images(ensemble_of(pose_spec), pose_spec, [path], tmp_path / "out", options)
    said = json.loads((tmp_path / "out/half.json").read_text())
    assert said["scale"] == pytest.approx(0.5) and said["angle"] == pytest.approx(math.atan2(1, -2))
    image[0] = NODATA
    image[1] = NODATA
    write_raster(path, image, **PLACE)
    for window_px in (40, 120):
        out, chosen = tmp_path / str(window_px), PredictOptions(window_px=window_px, **CPU)
        predict_images(ensemble_of(pose_spec), pose_spec, [path], out, chosen)
        assert set(json.loads((out / "half.json").read_text()).values()) == {None}


def test_a_second_run_makes_what_is_missing(pose_spec, write_image, tmp_path: Path):
    for name in "abcde":
        write_image(f"{name}.tif", 6, 6, **PLACE)
    out, ensemble = tmp_path / "out", ensemble_of(pose_spec)

    def run(**more) -> tuple[int, int]:
        options = PredictOptions(**CPU, **more)
        summary = predict_images(ensemble, pose_spec, [tmp_path / "images"], out, options)
        return summary.n_written, summary.n_kept

    assert run() == (5, 0)
    kept = (out / "a_tall.tif").stat().st_mtime_ns
    (out / "b.json").unlink()
    (out / "c_tall.tif").unlink()
    (out / "d_roofs.tif").write_bytes(b"half")
    (out / "e.tif").unlink()
    assert run() == (4, 1)
    assert (out / "a_tall.tif").stat().st_mtime_ns == kept
    assert len(list(out.iterdir())) == 20 and read_bands(out / "d_roofs.tif").shape == (2, 6, 6)
    assert run() == (0, 5)
    assert run(probabilities=True) == (5, 0)
    assert run(overwrite=True) == (5, 0)


@pytest.mark.parametrize("window_px", [1024, 8])
def test_numbers_are_there_before_the_maps_whose_key_stands_for_them(
    pose_spec, write_image, tmp_path: Path, monkeypatch, window_px: int
):
    """Else a run that is killed in between would leave new maps beside the numbers of another model."""
    path, _ = write_image("a.tif", 12, 12, **PLACE)
    out, found = tmp_path / "out", []
    for module in (output, scene):
        own = module.write_json

        def write(path, value, own=own):
            found.append(list(out.glob("*.tif")))
            own(path, value)

        monkeypatch.setattr(module, "write_json", write)
    options = PredictOptions(window_px=window_px, overlap_px=2, probabilities=True, **CPU)
    predict_images(ensemble_of(pose_spec), pose_spec, [path], out, options)
    assert found == [[]]
    assert len(list(out.glob("*.tif"))) == 4


def test_without_a_class_mask_there_is_no_class_map(spec, write_image, tmp_path: Path):
    spec = spec.model_copy(update={"targets": POSE})
    path, _ = write_image("a.tif", 6, 6, **PLACE)
    ensemble, options = ensemble_of(spec), PredictOptions(**CPU)
    first = predict_images(ensemble, spec, [path], tmp_path / "out", options)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.json", "a_tall.tif"]
    assert (first.n_written, first.n_kept) == (1, 0)
    again = predict_images(ensemble, spec, [path], tmp_path / "out", options)
    assert (again.n_written, again.n_kept) == (0, 1)
    # beside the images, for nothing there is overwritten
    beside = predict_images(ensemble, spec, [path], path.parent, options)
    assert beside.n_written == 1 and (path.parent / "a_tall.tif").exists()


def test_the_contest_s_names(spec, write_image, tmp_path: Path):
    naming = Naming(strip="_RGB", values={"tall": "{id}_AGL.tif"}, numbers="{id}_VFLOW.json")
    spec = spec.model_copy(update={"targets": POSE, "naming": naming})
    write_image("ARG_x_RGB.tif", 6, 6)
    write_image("ARG_x_AGL.tif", 6, 6)
    out = tmp_path / "out"
    predict_images(ensemble_of(spec), spec, [tmp_path / "images"], out, PredictOptions(**CPU))
    assert sorted(p.name for p in out.iterdir()) == ["ARG_x_AGL.tif", "ARG_x_VFLOW.json"]


def test_files_that_would_overwrite_each_other_are_refused(pose_spec, write_image, tmp_path: Path):
    path, _ = write_image("a.tif", 6, 6)
    other, _ = write_image("sub/a.tif", 6, 6)
    bare = pose_spec.model_copy(update={"targets": POSE})
    out = tmp_path / "out"

    def run(spec: ModelSpec, naming: Naming, inputs=(path,), out=out) -> None:
        options = PredictOptions(naming=naming, **CPU)
        predict_images(ensemble_of(spec), spec, list(inputs), out, options)

    with pytest.raises(UsageError, match=r"1 names clash: x_a.tif"):
        run(pose_spec, Naming(values={"tall": "x_{id}.tif", "roofs": "x_{id}.tif"}))
    with pytest.raises(UsageError, match=r"names clash: a.tif"):
        run(pose_spec, Naming(values={"tall": "{id}.tif"}))
    with pytest.raises(UsageError, match=r"names clash: a_probability.tif"):
        run(pose_spec, Naming(values={"tall": "{id}_probability.tif"}))
    with pytest.raises(UsageError, match="one output per image"):
        run(bare, Naming(), (path, other))
    with pytest.raises(UsageError, match="not its own input"):
        run(bare, Naming(values={"tall": "{id}.tif"}), out=path.parent)
    run(bare, Naming(values={"tall": "{id}.tif"}))
    assert (out / "a.tif").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"values": {"tall": "tall.tif"}}, {"values": {"tall": "{id}.png"}}, {"values": {"tall": "x/{id}.tif"}},
        {"numbers": "n.json"}, {"numbers": "{id}.txt"}, {"numbers": "../{id}.json"},
    ],
)  # fmt: skip
def test_names_are_checked(changes):
    with pytest.raises(ValueError, match=r"expected a file name with \{id\} in it"):
        Naming(**changes)


def test_the_ground_sample_distance_is_the_georeference_s_or_what_was_given(
    pose_spec, write_image, tmp_path: Path
):
    near, _ = write_image("near.tif", 6, 6, **PLACE)
    far, _ = write_image("far.tif", 6, 6, crs="EPSG:32620", transform=(2.0, 0, 5e5, 0, -2.0, 4.1e6))
    bare, _ = write_image("bare.tif", 6, 6)
    table = tmp_path / "gsd.csv"
    table.write_text("id,gsd\nfar,0.7\n")

    def run(**options) -> dict[str, float | None]:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        predict_images(
            ensemble_of(pose_spec),
            pose_spec,
            [near, far, bare],
            out,
            PredictOptions(**CPU, **options),
        )
        return {p.stem: json.loads(p.read_text())["gsd"] for p in out.glob("*.json")}

    assert run() == {
        "near": pytest.approx(0.5, rel=1e-3), "far": pytest.approx(2.0, rel=1e-3), "bare": None
    }  # fmt: skip
    given = {"near": pytest.approx(0.3), "far": pytest.approx(0.3), "bare": pytest.approx(0.3)}
    assert run(gsd_m=0.3) == given
    assert run(gsd_m=0.3, gsd_table=table) == given | {"far": pytest.approx(0.7)}
    assert run(gsd_table=table, window_px=4, overlap_px=0)["far"] == pytest.approx(0.7)
    table.write_text("id,gsd\nfar,-1\n")
    with pytest.raises(DataError, match="expected a distance above 0 m; got '-1'"):
        run(gsd_table=table)


def test_a_model_that_asks_for_the_distance_is_not_given_nothing(
    pose_spec, write_image, tmp_path: Path
):
    asking = pose_spec.targets | {
        "tall": TargetSpec(quantity="height", head={"kind": "simple", "gsd_cue": True})
    }
    spec = pose_spec.model_copy(update={"targets": asking})
    path, _ = write_image("bare.tif", 6, 6)
    for window_px in (64, 4):
        options = PredictOptions(window_px=window_px, overlap_px=0, **CPU)
        with pytest.raises(UsageError, match="expected the ground sample distance") as caught:
            predict_images(ensemble_of(spec), spec, [path], tmp_path / "out", options)
        assert "--gsd-m" in caught.value.do and "bare.tif" in caught.value.where


def test_a_saved_model_of_several_targets_predicts_like_the_one_in_memory(
    spec, write_image, tmp_path: Path
):
    cue = {"kind": "simple", "gsd_cue": True, "embedding": 8}
    targets = {
        "tall": TargetSpec(quantity="height", head=cue, activation="softplus", typical=6.0),
        "shift": TargetSpec(quantity="magnitude", of=("tall", "scale"), activation="softplus"),
        "scale": TargetSpec(
            quantity="flow_scale",
            head={"kind": "fitted_scale", "height": "tall", "magnitude": "shift"},
        ),
        "lean": TargetSpec(
            quantity="direction", head={"kind": "gradient_attention", "height": "tall"}
        ),
        "mask": TargetSpec(quantity="mask"),
    }
    spec = spec.model_copy(update={"targets": targets, "tta": "flips*transpose@1,0.8"})
    model = build_model(
        spec.inputs, spec.model, spec.bands, spec.statistics, 2, seed=3, targets=targets
    ).eval()
    save_member(tmp_path / "a.safetensors", model)
    save_model_folder(tmp_path / "model", spec, [MemberSource(tmp_path / "a.safetensors", 0, 0)])
    path, image = write_image("a.tif", 24, 40, **PLACE)
    predict_files(tmp_path / "model", [path], tmp_path / "out", PredictOptions(**CPU))
    ensemble = Ensemble([model], model.quantities, Voting(tta=spec.tta))
    expected = whole(ensemble, image, 0.5)
    for name in ("tall", "shift"):
        got = read_bands(tmp_path / f"out/a_{name}.tif")
        np.testing.assert_allclose(got, expected[name], atol=1e-3, rtol=1e-3)
        assert got.std() > 0.01
    said = json.loads((tmp_path / "out/a.json").read_text())
    assert said["scale"] == pytest.approx(expected["scale"][0], rel=1e-3)
    assert said["lean"] == pytest.approx(expected["lean"], abs=1e-4)
    assert math.hypot(*said["lean"]) == pytest.approx(1)


@pytest.mark.parametrize("tta", ["none", "flips"])
def test_out_of_fold_values_come_back(pose_spec, tmp_path: Path, tta):
    ensemble, sizes = ensemble_of(pose_spec, tta=tta), [(5, 8), (7, 3)]
    x = torch.randint(0, 900, (2, 3, 7, 8), generator=torch.Generator().manual_seed(0)).float()
    gsd = torch.tensor([0.4, torch.nan])
    assert write_oof(ensemble, [OofBatch(["a", "b"], x, sizes, gsd)], tmp_path, workers=2) == 2
    for number, (sample, (height, width)) in enumerate(zip("ab", sizes, strict=True)):
        got = read_values(tmp_path, sample, ensemble.quantities)
        assert got.keys() == TARGETS.keys() - {"mask"}
        expected = whole(ensemble, x[number, :, :height, :width].numpy(), gsd[number].item())
        for name, value in got.items():
            own = expected[name]
            assert value.dtype == np.float32 and value.shape == own.shape, name
            np.testing.assert_allclose(value, own, rtol=1e-6)
        assert (
            oof_path(tmp_path, sample).is_file()
            and not oof_path(tmp_path, sample, "angle").exists()
        )
